"""Feedback as values, and what scripts do with it."""

import dataclasses
import json

import arrow
import pytest

from ftrack_review import exception
from ftrack_review.protocol import remark
from ftrack_review.review import transfer
from ftrack_review.review.gathering import frame_of

DRAWING = {
    "version": 1,
    "shapes": [{"tool": "pen", "colour": "#ff3b30", "width": 0.004, "points": [[0.1, 0.1], [0.5, 0.5]]}],
}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x03\x00\x08\xfc\x02\xfe\xa7\x9a\xa0\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)


def label(session, name="Client feedback"):
    return session.query(f'NoteLabel where name is "{name}"').first()


def test_a_comment_carries_its_drawing_and_its_picture(review):
    review.items[0].comment("Here.", frame=12, invitee=review.ada, drawing=DRAWING, picture=PNG)
    review.session.commit()
    found = review.entity.feedback().objects[0].comments[0]
    assert (found.author, found.frame, found.invitee_id) == ("Ada", 12, review.ada["id"])
    assert found.author_email == review.ada["email"]
    assert json.loads(found.drawing) == DRAWING
    assert (found.picture.file_type, found.picture.is_drawing) == (".png", True)


def test_frames_are_counted_as_reviewers_see_them(review):
    review.versions[0]["metadata"]["ftrack_review.first_frame"] = "1001"
    for item in review.items:
        item.comment("Here.", frame=12)
    review.session.commit()
    assert [comment.frame_number for comment in review.entity.feedback().comments] == [1013, 13]
    assert "at frame 1013" in str(review.entity.feedback())


def test_a_drawing_must_be_one(review):
    for drawing in (
        "circle",
        {"shapes": []},
        {"version": 1, "shapes": [{"type": "pen", "points": []}]},
        "null",
        7,
    ):
        with pytest.raises(exception.ReviewError, match="no drawing: .* It is JSON such as .*shapes"):
            review.items[0].comment("x", frame=0, drawing=drawing)
    assert not review.session.recorded_operations


def test_votes_that_were_changed_are_history(review):
    for status in ("require_changes", "approved"):
        review.items[0].vote(status, review.bob)
        review.session.commit()
    found = review.entity.feedback().objects[0]
    assert [vote.status for vote in found.votes] == ["approved"]
    assert [(vote.name, vote.status) for vote in found.history] == [("Bob", "require_changes")]


def test_feedback_is_plain_json_too_and_sorts_by_time(review):
    review.items[0].vote("approved", review.ada)
    review.session.commit()
    review.items[1].vote("seen", review.bob)
    review.items[1].comment("Second.")
    review.session.commit()
    feedback = review.entity.feedback()
    plain = json.loads(json.dumps(feedback.to_dict()))
    assert [item["status"] for item in plain["objects"]] == ["approved", "seen"]
    assert arrow.get(plain["objects"][0]["votes"][0]["created_at"])
    later = dataclasses.replace(feedback.votes[1], created_at=feedback.votes[0].created_at.shift(minutes=1))
    unknown = dataclasses.replace(later, created_at=None)
    assert sorted([later, feedback.votes[0], unknown]) == [unknown, feedback.votes[0], later]
    assert str(feedback).splitlines()[0] == f"{review.entity['name']}: open"


def test_feedback_since_a_time_leaves_what_is_new(review):
    review.items[0].comment("Old.")
    note = review.items[1].comment("Old as well.")
    review.session.commit()
    note["date"] = arrow.utcnow().shift(days=-2)
    review.session.query(f"select date from Note where parent_id is {review.items[0]['id']}").one()[
        "date"
    ] = arrow.utcnow().shift(days=-2)
    review.items[1].reply(note, "New.")
    review.session.commit()
    found = review.entity.feedback(since=arrow.utcnow().shift(days=-1)).objects
    assert [item.name for item in found] == ["comp20"]
    assert [reply.text for reply in found[0].comments[0].replies] == ["New."]


def test_open_only_leaves_what_still_needs_something(review):
    review.items[0].vote("approved", review.ada)
    review.items[1].vote("require_changes", review.ada)
    note = review.items[1].comment("Done already.")
    review.items[1].comment("Not done.")
    review.session.commit()
    note["completed_at"] = arrow.utcnow()
    review.session.commit()
    found = review.entity.feedback(open_only=True).objects
    assert [item.name for item in found] == ["comp20"]
    assert [comment.text for comment in found[0].comments] == ["Not done."]


def test_a_moderated_review_holds_comments_of_guests_until_they_are_released(review):
    review.entity["is_moderated"] = True
    review.items[0].comment("From a guest.", invitee=review.bob)
    review.items[0].comment("From the studio.")
    review.session.commit()
    assert {c.text: c.released for c in review.entity.feedback().comments} == {
        "From a guest.": False,
        "From the studio.": True,
    }
    assert len(review.entity.release()) == 1
    review.session.commit()
    assert all(comment.released for comment in review.entity.feedback().comments)
    assert review.entity.release() == []
    held = review.entity.hold([c for c in review.entity.feedback().comments if c.invitee_id])
    review.session.commit()
    assert [note["content"] for note in held] == ["From a guest."]
    assert [c.released for c in review.entity.feedback().comments].count(False) == 1
    with pytest.raises(exception.ReviewError, match="not in the review session"):
        review.entity.release(["no such note"])


def test_apply_sets_statuses_from_what_the_votes_came_to(review):
    review.items[0].vote("approved", review.ada)
    review.items[1].vote("require_changes", review.ada)
    review.session.commit()
    mapping = {"approved": "approved", "require_changes": "Revise"}
    planned = review.entity.apply(mapping, to=("version", "task"), dry_run=True)
    assert not review.session.recorded_operations
    changes = review.entity.apply(mapping, to=("version", "task"))
    assert changes == planned
    assert {(change.target, change.after) for change in changes} == {
        ("version", "Approved"),
        ("version", "Revise"),
        ("task", "Approved"),
        ("task", "Revise"),
    }
    # The tasks of shots are called alike.
    shots = [task["parent"]["name"] for task in review.tasks]
    assert [change.name for change in changes if change.target == "task"] == [
        f"{shot}/comp" for shot in shots
    ]
    review.session.commit()
    assert [task["status"]["name"] for task in review.tasks] == ["Approved", "Revise"]
    assert review.entity.apply(mapping, to=("version", "task")) == ()


def test_frames_before_the_first_are_refused_and_read_as_none(review):
    with pytest.raises(exception.ReviewError, match="0 for the first, not -1"):
        review.items[0].comment("Here.", frame=-1)
    # As other servers may hold them.
    for stored in ({"frame_number": -5, "metadata": {}}, {"metadata": {remark.FRAME_KEY: '{"number": -5}'}}):
        assert frame_of(stored) is None


def test_apply_refuses_wrong_names_before_anybody_voted_so(review):
    for target in ("version", "task"):
        with pytest.raises(exception.ReviewError, match="Did you mean 'Approved'"):
            review.entity.apply({"approved": "Aproved"}, to=target)
    assert review.entity.apply({"approved": "Approved"}, to=("version", "task")) == ()


def test_an_object_without_a_label_is_called_by_its_version(review):
    data = {"name": "bare", "review_session": review.entity, "asset_version": review.next_version(0)}
    review.session.create("ReviewSessionObject", data)
    review.session.commit()
    assert review.entity.feedback().objects[2].version == "Version 2"
    assert str(review.entity.clone().changes[2]) == "bare: Version 2, unchanged (had no vote)"
    review.session.rollback()


def test_apply_refuses_a_status_that_the_project_does_not_offer(review):
    review.items[0].vote("approved", review.ada)
    review.session.commit()
    with pytest.raises(exception.ReviewError, match="Did you mean 'Approved'"):
        review.entity.apply({"approved": "Aproved"})
    with pytest.raises(exception.ReviewError, match="Did you mean approved"):
        review.entity.apply({"aproved": "Approved"})
    with pytest.raises(exception.ReviewError, match="version or task"):
        review.entity.apply({"approved": "Approved"}, to="shot")
    assert not review.session.recorded_operations


@pytest.mark.parametrize("worst_first", [True, False])
def test_the_worst_verdict_counts_for_a_version_that_is_shown_twice(review, worst_first):
    other = review.entity.add(review.versions[0])
    review.session.commit()
    verdicts = ["require_changes", "approved"]
    for item, verdict in zip((review.items[0], other), verdicts if worst_first else verdicts[::-1]):
        item.vote(verdict, review.ada)
    review.session.commit()
    mapping = {"approved": "Approved", "require_changes": "Revise"}
    assert [change.after for change in review.entity.apply(mapping, to=("version", "task"))] == ["Revise"] * 2


def test_the_worst_verdict_counts_for_a_task_with_two_objects(review):
    other = review.entity.add(review.next_version(0))
    review.session.commit()
    review.items[0].vote("approved", review.ada)
    other.vote("require_changes", review.ada)
    review.session.commit()
    (change,) = review.entity.apply({"approved": "Approved", "require_changes": "Revise"}, to="task")
    assert change.after == "Revise"


def commented(review):
    note = review.items[0].comment("Here.", frame=12, invitee=review.ada, drawing=DRAWING, picture=PNG)
    review.session.create("NoteLabelLink", {"note_id": note["id"], "label_id": label(review.session)["id"]})
    review.items[0].reply(note, "Will do.")
    review.session.commit()
    return note


def test_feedback_is_transferred_with_all_that_belongs_to_it_and_only_once(review):
    note = commented(review)
    planned = review.entity.transfer_feedback(to="task", dry_run=True)
    assert (len(planned.notes), bool(review.session.recorded_operations)) == (2, False)
    first = review.entity.transfer_feedback(to="task")
    review.session.commit()
    assert [done.action for done in first.notes] == ["copied", "copied"]
    copy = review.session.query(
        "select content, author, frame_number, date, metadata, replies.content, note_components.component_id, "
        f"note_label_links.label.name from Note where id is {first.notes[0].note_id}"
    ).one()
    source = review.session.get("Note", note["id"])
    assert (copy["content"], copy["frame_number"], copy["parent_type"]) == ("Here.", 12, "Task")
    assert copy["user_id"] == source["user_id"]
    assert copy["date"] == source["date"]
    assert json.loads(copy["metadata"]["ftrack_review.drawing"]) == DRAWING
    assert [reply["content"] for reply in copy["replies"]] == ["Will do."]
    assert [link["component_id"] for link in copy["note_components"]] == [
        link["component_id"] for link in source["note_components"]
    ]
    assert [link["label"]["name"] for link in copy["note_label_links"]] == ["Client feedback"]
    review.items[0].reply(note, "Done.")
    review.session.commit()
    second = review.entity.transfer_feedback(to="task")
    review.session.commit()
    assert sorted(done.action for done in second.notes) == ["copied", "present", "present"]
    assert len(review.session.query(f"Note where parent_id is {review.tasks[0]['id']}").all()) == 3


def test_feedback_can_be_moved(review):
    commented(review)
    moved = review.items[0].transfer_feedback(to="version", move=True)
    review.session.commit()
    assert [done.action for done in moved.notes] == ["moved", "moved"]
    assert review.entity.feedback().comments == ()
    found = review.session.query(
        f"select content from Note where parent_id is {review.versions[0]['id']}"
    ).all()
    assert {note["content"] for note in found} == {"Here.", "Will do."}


def test_what_is_moved_takes_the_place_of_its_copies(review):
    commented(review)
    session = review.session
    review.items[0].transfer_feedback(to="version")
    session.commit()
    copy = session.query(f"select id from Note where parent_id is {review.versions[0]['id']}").first()
    copy = copy["in_reply_to"] or copy
    copy["completed_at"] = arrow.utcnow()
    user = session.query("User").first()
    session.create("Note", {"content": "On the copy.", "author": user, "in_reply_to_id": copy["id"]})
    session.commit()
    review.items[0].transfer_feedback(to="version", move=True)
    session.commit()
    (moved,) = session.query(
        f"select content, completed_at from Note where parent_id is {review.versions[0]['id']} and content is Here."
    ).all()
    assert moved["completed_at"] is not None
    replies = session.query(f"select content from Note where in_reply_to_id is {moved['id']}").all()
    assert {reply["content"] for reply in replies} == {"Will do.", "On the copy."}
    # Nothing is left behind: neither comments nor what was drawn.
    (left, _) = review.entity.feedback().objects
    assert (left.comments, left.annotations) == ((), ())
    drawn = session.query(
        f"ReviewSessionObjectAnnotationComponent where review_session_object_id is {review.items[0]['id']}"
    )
    assert not drawn.all()
    # Drawings come back with what they go with.
    transfer(review.versions[0], review.items[1], move=True)
    session.commit()
    (comment,) = review.items[1].comments()
    assert (comment.text, comment.drawing is not None) == ("Here.", True)


def test_drawings_go_along_from_object_to_object(review):
    commented(review)
    transfer(review.items[0], review.items[1], move=True)
    review.session.commit()
    first, second = review.entity.feedback().objects
    assert (first.comments, first.annotations, len(second.annotations)) == ((), (), 1)
    assert second.comments[0].drawing == second.annotations[0].data


def test_a_copy_that_says_something_else_by_now_is_told(review):
    commented(review)
    review.items[0].transfer_feedback(to="task")
    review.session.commit()
    note = review.session.get("Note", review.items[0].comments()[0].id)
    note["content"] = "There."
    review.session.commit()
    again = review.items[0].transfer_feedback(to="task")
    assert [done.action for done in again.notes] == ["differs", "present"]


def test_notes_of_a_version_can_be_brought_into_a_review(review):
    user = review.session.query("User").first()
    review.versions[0].create_note("From the supervisor.", user)
    review.session.commit()
    transfer(review.versions[0], review.items[0])
    review.session.commit()
    assert [comment.text for comment in review.entity.feedback().comments] == ["From the supervisor."]
    with pytest.raises(exception.ReviewError, match="where they are"):
        transfer(review.items[0], review.items[0])


def test_comments_that_are_held_back_are_not_transferred(review):
    review.entity["is_moderated"] = True
    review.items[0].comment("Held.", invitee=review.bob)
    review.session.commit()
    assert review.entity.transfer_feedback().notes == ()


def test_the_next_version_takes_the_place_of_the_former(review):
    review.items[0].vote("require_changes", review.ada)
    review.items[0].comment("Darker.", invitee=review.ada)
    review.session.commit()
    place = review.items[0]["sort_order"]
    newer = review.next_version(0)
    review.items[0].replace(newer)
    review.session.commit()
    found = review.entity.feedback().objects[0]
    assert (found.id, found.version, found.version_id) == (review.items[0]["id"], "Version 2", newer["id"])
    assert (found.status, found.votes, review.items[0]["sort_order"]) == (None, (), place)
    (former,) = found.former
    assert (former.label, former.version_id) == ("Version 1", review.versions[0]["id"])
    assert [(vote.name, vote.status, vote.role) for vote in former.votes] == [
        ("Ada", "require_changes", "approver")
    ]
    assert "  on Version 1: Ada (approver): changes required, " in str(found)
    review.items[0].vote("approved", review.ada)
    review.session.commit()
    assert review.items[0].overall_status() == "approved"
    with pytest.raises(exception.ReviewError, match="already"):
        review.items[0].replace(newer)
    review.entity.close()
    with pytest.raises(exception.ReviewClosedError):
        review.items[0].replace(review.versions[0])


def test_a_clone_has_everything_but_what_was_said(review):
    review.entity["is_moderated"] = True
    review.entity["description"] = "Second floor"
    review.items[0].vote("require_changes", review.ada)
    review.items[0].comment("Darker.", invitee=review.ada)
    review.session.commit()
    review.next_version(0)
    cloned = review.entity.clone(versions="latest")
    review.session.commit()
    feedback = cloned.review_session.feedback()
    assert (feedback.description, feedback.is_moderated, feedback.is_open) == ("Second floor", True, True)
    assert [(item.name, item.version, item.status) for item in feedback.objects] == [
        ("comp10", "Version 2", None),
        ("comp20", "Version 1", None),
    ]
    assert feedback.comments == ()
    assert feedback.project == "Film"
    assert [(invitee.name, invitee.role) for invitee in feedback.invitees] == [
        ("Ada", "approver"),
        ("Bob", "reviewer"),
        ("Eve", "observer"),
    ]
    first, second = cloned.changes
    assert (first.before, first.after, first.status, first.open_comments, first.comment) == (
        "Version 1",
        "Version 2",
        "require_changes",
        ("Darker.",),
        "Sky darker",
    )
    assert not second.is_new_version
    assert "Version 1 -> Version 2 (was changes required, 1 open): Sky darker" in str(cloned)


def test_a_clone_has_the_next_free_number_in_its_project(review):
    review.entity["name"] = "Round"
    review.session.commit()
    names = []
    for _ in range(2):
        names.append(review.entity.clone().review_session["name"])
        review.session.commit()
    assert names == ["Round 2", "Round 3"]


def test_a_clone_of_the_approved_versions(review):
    done = review.session.query('Status where name is "Approved"').one()
    newer = review.next_version(0)
    newer["status"] = done
    review.session.commit()
    review.next_version(0)
    cloned = review.entity.clone("Delivery", versions="approved", invitees=False)
    review.session.commit()
    assert [item.version for item in cloned.review_session.feedback().objects] == ["Version 2", "Version 1"]
    assert cloned.review_session.feedback().invitees == ()
    with pytest.raises(exception.ReviewError, match="latest"):
        review.entity.clone(versions="newest")


def test_the_number_of_requests_does_not_grow(review, sent):
    def requests(action):
        sent.clear()
        action()
        review.session.rollback()
        return len(sent)

    actions = [
        review.entity.feedback,
        lambda: review.entity.apply({"approved": "Approved", "seen": "Revise"}, to=("version", "task")),
        lambda: review.entity.transfer_feedback(to="task"),
        lambda: review.entity.clone(versions="latest"),
        review.entity.release,
    ]
    for item in review.items:
        item.vote("approved", review.ada)
        item.comment("x", invitee=review.ada)
    review.session.commit()
    for action in actions:
        requests(action)  # What is asked for once, such as the statuses of the project, stays in the session.
    few = [requests(action) for action in actions]
    for _ in range(10):
        item = review.entity.add(review.versions[0])
        item.comment("y", invitee=review.bob, frame=3, drawing=DRAWING)
        item.vote("approved", review.bob)
    review.session.commit()
    assert [requests(action) for action in actions] == few
    assert few[0] <= 8


def test_a_clone_keeps_passphrase_sharing_and_settings(review):
    review.entity["shareable_url_enabled"] = True
    review.entity["passphrase_enabled"] = True
    review.entity["passphrase"] = "open sesame"
    review.session.create(
        "EntitySetting",
        {
            "parent_id": review.entity["id"],
            "parent_type": "ReviewSession",
            "group": "review",
            "name": "layout",
            "value": "wide",
        },
    )
    review.session.commit()
    cloned = review.entity.clone("again").review_session
    review.session.commit()
    found = review.session.query(
        "select shareable_url_enabled, passphrase_enabled, passphrase, settings.value from ReviewSession "
        f"where id is {cloned['id']}"
    ).one()
    assert (found["shareable_url_enabled"], found["passphrase_enabled"], found["passphrase"]) == (
        True,
        True,
        "open sesame",
    )
    assert [setting["value"] for setting in found["settings"]] == ["wide"]
