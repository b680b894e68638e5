"""Notes that go between objects of a review, versions and tasks, in whatever direction and however often."""

import arrow
import pytest

from ftrack_review.protocol import remark
from ftrack_review.review import transfer
from tests.integration.review.test_feedback import DRAWING, PNG, commented

PICTURES = "ReviewSessionObjectAnnotationComponent"


@pytest.fixture
def places(review):
    """The object, the version and the task that it is about."""
    return review.items[0], review.versions[0], review.tasks[0]


def texts(place):
    session = place.session
    found = session.query(
        f"select content from Note where parent_id is {place['id']} or in_reply_to.parent_id is {place['id']}"
    )
    return sorted(note["content"] for note in found)


def send(source, target, **options):
    """Transfer and commit, and see that a dry run tells the same. Return the actions."""
    options.setdefault("move", False)
    told = [note.action for note in transfer(source, target, dry_run=True, **options).notes]
    done = transfer(source, target, **options)
    source.session.commit()
    assert [note.action for note in done.notes] == told
    return told


def write(place, text, **data):
    user = place.session.query("User").first()
    return place.session.create(
        "Note",
        {
            "content": text,
            "parent_id": place["id"],
            "parent_type": place.entity_type,
            "author": user,
            **data,
        },
    )


def pictures(item):
    return item.session.query(f"{PICTURES} where review_session_object_id is {item['id']}").all()


def test_notes_go_back_and_forth_without_ever_being_doubled(review, places):
    item, version, task = places
    commented(review)
    send(item, task)
    write(task, "Fixed.")
    review.session.commit()
    assert sorted(send(task, item)) == ["copied", "present", "present"]
    for source, target in ((item, task), (task, item), (item, version), (task, version), (version, item)):
        send(source, target)
    everything = ["Fixed.", "Here.", "Will do."]
    assert [texts(place) for place in places] == [everything] * 3
    for source in places:
        for target in places:
            if source is not target:
                assert set(send(source, target)) == {"present"}
    assert (len(pictures(item)), len(review.items[0].comments())) == (1, 2)


def test_what_is_answered_to_a_copy_goes_to_the_note_itself(review, places):
    item, _, task = places
    note = commented(review)
    send(item, task)
    copy = review.session.query(f"Note where parent_id is {task['id']} and content is Here.").one()
    write(task, "On the copy.", in_reply_to_id=copy["id"])
    review.session.commit()
    assert sorted(send(task, item)) == ["copied", "present", "present"]
    replies = review.session.query(f"select content from Note where in_reply_to_id is {note['id']}").all()
    assert {reply["content"] for reply in replies} == {"Will do.", "On the copy."}


def chain(review, *places):
    """Let each place have a copy of the note on the one before, marked as earlier versions of us did."""
    former = write(places[0], "Sky.")
    found = [former]
    for place in places[1:]:
        former = write(place, "Sky.", metadata={remark.COPIED_KEY: former["id"]})
        found.append(former)
    review.session.commit()
    return found


def test_copies_that_name_only_the_next_hop_are_known_too(review, places):
    item, version, task = places
    chain(review, item, task, version, review.items[1], review.versions[1])
    for source, target in ((version, item), (item, version), (review.versions[1], item), (item, task)):
        assert send(source, target) == ["present"]
    assert send(review.versions[1], review.tasks[1]) == ["copied"]
    assert send(item, review.tasks[1]) == ["present"]


def test_copies_that_name_one_that_ended_name_the_first_instead(review, places):
    item, version, task = places
    chain(review, item, task, version)
    assert send(item, task, move=True) == ["moved"]
    assert send(task, version) == ["present"]
    assert send(version, item) == ["copied"]
    assert send(task, item) == ["present"]


def test_metadata_that_somebody_made_a_circle_of_ends_nothing(review, places):
    item, _, task = places
    first, second = chain(review, item, task)
    first["metadata"][remark.COPIED_KEY] = second["id"]
    review.session.commit()
    assert send(item, task) == ["present"]
    assert send(task, item) == ["present"]


def test_what_is_doubled_already_is_not_doubled_further(review, places):
    item, _, task = places
    chain(review, item, task)
    copy = chain(review, item, item)[1]
    assert sorted(send(item, task)) == ["copied", "present", "present"]
    assert copy["id"] in {comment.id for comment in item.comments()}
    assert send(item, task, move=True) == ["moved"] * 3
    assert (texts(item), texts(task)) == ([], ["Sky.", "Sky."])


def test_what_is_moved_back_goes_into_the_note_itself(review, places):
    item, _, task = places
    note = commented(review)
    send(item, task)
    copy = review.session.query(f"Note where parent_id is {task['id']} and content is Here.").one()
    copy["completed_at"] = arrow.utcnow()
    write(task, "On the copy.", in_reply_to_id=copy["id"])
    write(task, "Fixed.")
    component = review.session.create("FileComponent", {"name": "ref", "file_type": ".txt"})
    review.session.create("NoteComponent", {"note_id": copy["id"], "component_id": component["id"]})
    review.session.commit()
    assert send(task, item, move=True) == ["moved"] * 4
    assert texts(task) == []
    assert texts(item) == ["Fixed.", "Here.", "On the copy.", "Will do."]
    here = next(comment for comment in item.comments() if comment.text == "Here.")
    assert (here.id, here.completed, here.drawing is not None) == (note["id"], True, True)
    assert sorted(reply.text for reply in here.replies) == ["On the copy.", "Will do."]
    assert sorted(attachment.name for attachment in here.attachments) == ["annotation", "ref"]
    assert (len(pictures(item)), len(review.entity.feedback().objects[0].annotations)) == (1, 1)


def test_a_drawing_that_is_moved_back_from_object_to_object_leaves_none_behind(review):
    first, second = review.items
    note = commented(review)
    send(first, second)
    assert (len(pictures(first)), len(pictures(second))) == (1, 1)
    send(second, first, move=True)
    assert (len(pictures(first)), len(pictures(second))) == (1, 0)
    one, other = review.entity.feedback().objects
    assert (len(one.annotations), len(other.annotations), other.comments) == (1, 0, ())
    assert [comment.id for comment in one.comments] == [note["id"]]


def test_moving_loses_nothing_that_was_changed(review, places):
    item, _, task = places
    commented(review)
    send(item, task)
    copy = review.session.query(f"Note where parent_id is {task['id']} and content is Here.").one()
    copy["content"] = "Here, says the artist."
    review.session.commit()
    for source, target in ((item, task), (task, item)):
        assert send(source, target, move=True) == ["differs", "present"]
    assert texts(task) == ["Here, says the artist.", "Will do."]
    assert texts(item) == ["Here.", "Will do."]


def test_a_note_that_was_changed_takes_the_place_of_its_copy(review, places):
    item, _, task = places
    note = commented(review)
    send(item, task)
    note["content"] = "There."
    review.session.commit()
    assert send(item, task, move=True) == ["moved", "moved"]
    assert (texts(item), texts(task)) == ([], ["There.", "Will do."])


def test_a_picture_that_is_on_the_object_already_is_no_duplicate(review, places):
    item, version, _ = places
    note = commented(review)
    send(item, version)
    # As the page deletes it, whose picture stays with the object.
    review.session.delete(note)
    review.session.commit()
    assert len(pictures(item)) == 1
    assert send(version, item) == ["copied", "copied"]
    assert len(pictures(item)) == 1


def test_several_objects_with_one_task_bring_a_note_once(review, places):
    item, _, task = places
    other = review.entity.add(review.versions[0])
    commented(review)
    send(item, other)
    review.session.commit()
    done = review.entity.transfer_feedback(to="task")
    review.session.commit()
    assert sorted(note.action for note in done.notes) == ["copied", "copied", "present", "present"]
    assert texts(task) == ["Here.", "Will do."]


def test_moving_needs_a_fixed_number_of_requests(review, sent):
    item, task = review.items[0], review.tasks[0]
    counts = []
    for number in (2, 8):
        for index in range(number):
            note = item.comment(f"{number} {index}", frame=1, drawing=DRAWING, picture=PNG)
            item.reply(note, "Yes.")
        review.session.commit()
        send(item, task)
        sent.clear()
        transfer(item, task, move=True)
        review.session.commit()
        counts.append(len(sent))
    assert counts[1] <= counts[0]


@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize("to", ["version", "task"])
def test_notes_go_to_the_version_that_they_are_about(review, to, move):
    session, item = review.session, review.items[0]
    task = session.create("Task", {"name": "grade", "parent": review.tasks[0]["parent"]})
    versions = [review.versions[0], review.next_version(0), review.next_version(0)]
    versions[2]["task"] = task
    session.commit()
    # Within one second, mostly, so that the dates do not tell.
    for version, text in zip(versions, ("First.", "Second.", "Third.")):
        if version is not versions[0]:
            item.replace(version)
        note = item.comment(text, invitee=review.ada)
        item.reply(note, f"{text} Yes.")
        session.commit()
    labels = {comment.text: comment.version for comment in item.comments()}
    assert labels == {"First.": "Version 1", "Second.": "Version 2", "Third.": "Version 3"}
    done = review.entity.transfer_feedback(to=to, move=move)
    session.commit()
    assert {note.action for note in done.notes} == {"moved" if move else "copied"}
    if to == "version":
        assert [texts(version) for version in versions] == [
            ["First.", "First. Yes."],
            ["Second.", "Second. Yes."],
            ["Third.", "Third. Yes."],
        ]
    else:
        assert texts(review.tasks[0]) == ["First.", "First. Yes.", "Second.", "Second. Yes."]
        assert texts(task) == ["Third.", "Third. Yes."]
    assert len(item.comments()) == (0 if move else 3)


def test_a_comment_that_was_not_sent_yet_is_about_the_version_it_was_written_for(review):
    item, newer = review.items[0], review.next_version(0)
    item.comment("Queued.", invitee=review.ada)
    item.replace(newer)
    review.session.commit()
    assert [comment.version for comment in item.comments()] == ["Version 1"]


def test_notes_about_a_version_that_is_gone_stay(review):
    item, newer = review.items[0], review.next_version(0)
    item.comment("First.", invitee=review.ada)
    item.replace(newer)
    review.session.commit()
    review.session.delete(review.versions[0])
    review.session.commit()
    assert item.transfer_feedback(move=True).notes == ()
    assert [comment.text for comment in item.comments()] == ["First."]
