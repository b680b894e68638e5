"""A review exported as a folder, and answers merged back."""

import base64
import json
import os
import uuid

import arrow
import pytest

from ftrack_review import exception, symbol
from ftrack_review.review import merge, noting, verify
from tests.integration.api import wait_for

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x03\x00\x08\xfc\x02\xfe\xa7\x9a\xa0\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)
DRAWING = {
    "version": 1,
    "shapes": [{"tool": "pen", "colour": "#ff3b30", "width": 0.01, "points": [[0.1, 0.1], [0.5, 0.5]]}],
}


def state_of(folder):
    text = (folder / "state.js").read_text(encoding="utf-8")
    assert text.startswith("window.REVIEW_STATE = ")
    return json.loads(text[len("window.REVIEW_STATE = ") :].rstrip().rstrip(";"))


class Answers:
    """A file of answers, as the page saves it."""

    def __init__(self, review, person=None):
        now = arrow.utcnow().isoformat()
        self.content = {
            "format": "ftrack-review-answers",
            "version": 1,
            "session_id": review.entity["id"],
            "export_id": str(uuid.uuid4()),
            "person": person or {"id": None, "name": "Ada", "email": review.ada["email"].upper()},
            "saved_at": now,
            "votes": [
                {"object_id": review.items[0]["id"], "status": "approved", "created_at": now},
                {"object_id": review.items[1]["id"], "status": "require_changes", "created_at": now},
            ],
            "notes": [
                self.note(review.items[1], "Darker.", frame=7, drawing=DRAWING, picture=PNG),
            ],
        }
        first = self.content["notes"][0]["id"]
        self.content["notes"].append(self.note(review.items[1], "Much.", reply_to=first))

    @staticmethod
    def note(item, text, *, frame=None, reply_to=None, drawing=None, picture=None):
        data = "data:image/png;base64," + base64.b64encode(picture).decode() if picture else None
        return {
            "id": str(uuid.uuid4()),
            "object_id": item["id"],
            "content": text,
            "frame": frame,
            "reply_to": reply_to,
            "created_at": arrow.utcnow().shift(minutes=-5).isoformat(),
            "drawing": drawing,
            "picture": data,
        }

    def save(self, folder):
        path = folder / "answers-Ada.json"
        path.write_text(json.dumps(self.content))
        return path


@pytest.fixture
def answers(review):
    return Answers(review)


def test_the_folder_has_page_state_and_media(review, site, tmp_path):
    from ftrack_review.media.synthesis import make_movie

    make_movie(tmp_path / "shot.mp4", frames=12, fps="24000/1001", size=(128, 72))
    item = review.entity.publish(tmp_path / "shot.mp4", name="../evil <script>")
    note = item.comment("Here.", frame=3, invitee=review.ada, drawing=DRAWING, picture=PNG)
    item.reply(note, "Will do.")
    item.vote("approved", review.ada)
    site.commit()
    seen = []
    package = review.entity.export(tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    out = tmp_path / "out"
    assert {"index.html", "review.js", "review.css", "state.js", "README.txt", "media"} <= set(
        os.listdir(out)
    )
    assert (package.missing, seen[-1][0]) == ((), seen[-1][1])
    state = state_of(out)
    assert (state["export_id"], state["me"], state["session"]["id"]) == (
        package.export_id,
        None,
        review.entity["id"],
    )
    assert state["session"]["project"] == "Film"
    found = state["objects"][2]
    assert (found["media"]["kind"], found["media"]["fps"], found["media"]["frames"]) == (
        "movie",
        "24000/1001",
        12,
    )
    for address in (found["media"]["url"], found["media"]["thumbnail_url"], found["notes"][0]["picture_url"]):
        assert (out / address).stat().st_size > 0
    assert (found["overall"], found["notes"][0]["drawing"]) == ("approved", DRAWING)
    assert [reply["content"] for reply in found["notes"][0]["replies"]] == ["Will do."]
    for name in ("state.js", "review.otio", "index.html", "README.txt"):
        assert review.ada["email"] not in (out / name).read_text()
    assert site.server_url not in (out / "review.otio").read_text()
    timeline = verify(out / "review.otio", session=site)
    assert (timeline.outcome, timeline.server) == ("unproven", True)
    assert {person["name"]: person["role"] for person in state["people"]}["Ada"] == "approver"
    assert found["notes"][0]["role"] == "approver"
    with pytest.raises(exception.ReviewError, match="exists already"):
        review.entity.export(out)
    (tmp_path / "file").write_text("")
    with pytest.raises(exception.ReviewError, match="file/out cannot be written: "):
        review.entity.export(tmp_path / "file" / "out")


def test_media_that_could_not_be_encoded_says_so_and_travels_as_it_was(review, site, tmp_path):
    cut, held = tmp_path / "cut.mov", tmp_path / "scene.ma"
    cut.write_bytes(b"no movie")
    held.write_bytes(b"a scene")
    job = review.versions[0].encode_media(str(cut))
    expression = f'select status from Job where id is "{job["id"]}"'
    wait_for(lambda: site.query(expression).one()["status"] == "failed", 60)
    review.versions[1].create_component(
        str(held), {"name": "scene"}, location=site.get("Location", symbol.SERVER_LOCATION_ID)
    )
    site.commit()
    package = review.entity.export(tmp_path / "out")
    first, second = (item["media"] for item in state_of(tmp_path / "out")["objects"])
    assert (first["state"], first["url"], first["original_name"]) == ("failed", None, "main.mov")
    assert first["message"].startswith("The media could not be prepared for the web: ")
    assert (tmp_path / "out" / first["original_url"]).read_bytes() == b"no movie"
    assert (second["state"], second["original_name"]) == ("failed", "scene.ma")
    assert (tmp_path / "out" / second["original_url"]).read_bytes() == b"a scene"
    assert package.missing == ()


def test_a_folder_for_one_person_knows_who_it_is(review, tmp_path):
    review.entity.export(tmp_path / "eve", invitee=review.eve)
    me = state_of(tmp_path / "eve")["me"]
    assert (me["name"], me["role"], me["can"]["vote"]) == ("Eve", "observer", False)


def test_comments_that_are_held_back_do_not_travel(review, tmp_path):
    review.entity["is_moderated"] = True
    review.items[0].comment("Held.", invitee=review.bob)
    review.session.commit()
    review.entity.export(tmp_path / "out")
    assert "Held." not in (tmp_path / "out" / "state.js").read_text()


def test_drawings_travel_only_with_what_was_released(review, tmp_path):
    item, foreign = review.items[0], '{"objects": [], "background": "x"}'
    note = item.comment("Shown.", invitee=review.ada)
    review.session.commit()
    review.entity["is_moderated"] = True
    review.entity.release()
    held = noting.write(
        item,
        "Held.",
        user_id=noting.author_id(review.session, review.bob),
        invitee_id=review.bob["id"],
        in_reply_to_id=note["id"],
        drawing=json.dumps(DRAWING),
        frame=3,
    )
    data = {"review_session_object_id": item["id"], "frame_number": 1, "data": foreign}
    review.session.create("ReviewSessionObjectAnnotation", data)
    review.session.commit()
    review.entity.export(tmp_path / "held")
    assert state_of(tmp_path / "held")["objects"][0]["drawings"] == []
    review.entity.release([held])
    review.session.commit()
    review.entity.export(tmp_path / "released")
    shown = state_of(tmp_path / "released")["objects"][0]
    assert (shown["drawings"], shown["notes"][0]["replies"][0]["drawing"]) == ([], DRAWING)


def test_answers_are_merged_by_person_and_object(review, site, answers, tmp_path):
    path = answers.save(tmp_path)
    assert merge(site, path, dry_run=True).count("added") == 4
    assert review.entity.feedback().votes == ()
    result = merge(site, path)
    assert (result.count("added"), result.person) == (4, "Ada")
    first, second = review.entity.feedback().objects
    assert [(vote.name, vote.status) for vote in (*first.votes, *second.votes)] == [
        ("Ada", "approved"),
        ("Ada", "require_changes"),
    ]
    (comment,) = second.comments
    assert (comment.author, comment.text, comment.frame) == ("Ada", "Darker.", 7)
    assert comment.created_at < arrow.utcnow().shift(minutes=-4)
    assert json.loads(comment.drawing) == DRAWING
    assert comment.picture is not None
    assert [(reply.author, reply.text) for reply in comment.replies] == [("Ada", "Much.")]


def test_merging_again_adds_nothing_and_a_later_file_what_is_new(review, site, answers, tmp_path):
    path = answers.save(tmp_path)
    merge(site, path)
    again = merge(site, path)
    assert (again.count("present"), len(again.answers)) == (4, 4)
    answers.content["notes"][0]["content"] = "Darker, please."
    answers.content["notes"].append(answers.note(review.items[0], "Good."))
    answers.content["votes"][1].update(
        status="approved", created_at=arrow.utcnow().shift(hours=1).isoformat()
    )
    later = merge(site, answers.save(tmp_path))
    assert (later.count("changed"), later.count("added"), later.count("present")) == (2, 1, 2)
    feedback = review.entity.feedback()
    assert [comment.text for comment in feedback.comments] == ["Good.", "Darker, please."]
    assert [vote.status for vote in feedback.votes] == ["approved", "approved"]


def test_a_vote_given_on_the_server_since_is_kept(review, site, answers, tmp_path):
    answers.content["votes"][0]["created_at"] = arrow.utcnow().shift(hours=-1).isoformat()
    review.items[0].vote("require_changes", review.ada)
    site.commit()
    result = merge(site, answers.save(tmp_path))
    assert result.count("kept") == 1
    assert review.items[0].overall_status() == "require_changes"


def test_a_vote_on_a_version_that_was_replaced_since_is_skipped(review, site, answers, tmp_path):
    answers.content["votes"][0]["created_at"] = arrow.utcnow().shift(hours=-1).isoformat()
    review.items[0].replace(review.next_version(0))
    site.commit()
    result = merge(site, answers.save(tmp_path))
    assert "taken its place" in str(result)
    assert review.items[0].votes() == ()


def test_nobody_speaks_of_the_notes_of_others(review, site, answers, tmp_path):
    merge(site, answers.save(tmp_path))
    note_id = review.entity.feedback().comments[0].id
    stolen = Answers(review, {"id": None, "name": "Bob", "email": review.bob["email"]})
    stolen.content["votes"] = []
    stolen.content["notes"] = [{**stolen.note(review.items[1], "Approved, says Ada."), "id": note_id}]
    merge(site, stolen.save(tmp_path))
    texts = {comment.text: comment.author for comment in review.entity.feedback().comments}
    assert texts == {"Darker.": "Ada", "Approved, says Ada.": "Bob"}


def refused(site, path, match, error=exception.ReviewError, **options):
    with pytest.raises(error, match=match):
        merge(site, path, **options)


def test_what_does_not_belong_is_refused_and_nothing_written(review, site, film, answers, tmp_path):
    other = site.create("ReviewSession", {"name": "other", "project": film})
    site.commit()
    refused(site, answers.save(tmp_path), "another review session", review_session=other)
    stranger = Answers(review, {"id": None, "name": "Mallory", "email": "mallory@example.com"})
    refused(site, stranger.save(tmp_path), "not invited")
    observer = Answers(review, {"id": review.eve["id"], "name": "Eve", "email": ""})
    refused(site, observer.save(tmp_path), "observer")
    answers.content["votes"][0]["object_id"] = "gone"
    refused(site, answers.save(tmp_path), "not in")
    unknown = Answers(review)
    unknown.content["session_id"] = "of another server"
    refused(site, unknown.save(tmp_path), "does not have")
    assert review.entity.feedback().votes == ()
    assert review.entity.feedback().comments == ()


@pytest.mark.parametrize(
    ("name", "email", "taken_for"),
    [
        ("The Countess", "ADA{}", "Ada"),
        ("  aDA ", "private@example.com", "Ada"),
        ("Bob", "ADA{}", "Ada"),
        ("Mallory", "m@example.com", None),
        ("Eve", "m@example.com", "Eve"),
    ],
)
def test_a_person_is_found_by_address_before_name(review, site, tmp_path, name, email, taken_for):
    address = email.format(review.ada["email"][len("ada") :])
    path = Answers(review, {"id": None, "name": name, "email": address}).save(tmp_path)
    if taken_for == "Ada":
        assert merge(site, path).person == "Ada"
        assert {vote.role for vote in review.entity.feedback().votes} == {"approver"}
    else:
        refused(site, path, "observer" if taken_for else "not invited")


def test_who_shares_a_name_is_told_apart_by_address(review, site, tmp_path):
    review.entity.invite("ada", "other@example.com")
    site.commit()
    refused(site, Answers(review, {"id": None, "name": "Ada", "email": ""}).save(tmp_path), "not invited")


def test_a_vote_can_be_withdrawn(review, site, answers, tmp_path):
    merge(site, answers.save(tmp_path))
    later = arrow.utcnow().shift(hours=1).isoformat()
    answers.content.update(version=2, notes=[])
    answers.content["votes"] = [{"object_id": review.items[0]["id"], "status": None, "created_at": later}]
    path = answers.save(tmp_path)
    result = merge(site, path)
    assert (result.count("changed"), str(result).endswith("vote on comp10: withdrawn")) == (1, True)
    assert (review.items[0].votes(), merge(site, path).count("present")) == ((), 1)
    review.items[0].vote("approved", review.ada)
    site.commit()
    answers.content["votes"][0]["created_at"] = arrow.utcnow().shift(hours=-1).isoformat()
    assert merge(site, answers.save(tmp_path)).count("kept") == 1
    assert review.items[0].overall_status() == "approved"


class TestTimes:
    """Votes count from when they were given, in whatever order the files with them are merged."""

    def merged(self, site, review, person, tmp_path, status, minutes, index=0):
        """Merge a file of somebody who voted so many minutes ago, and return what became of the vote."""
        answers = Answers(review, {"id": person["id"], "name": person["name"], "email": ""})
        created_at = arrow.utcnow().shift(minutes=-minutes).isoformat()
        vote = {"object_id": review.items[index]["id"], "status": status, "created_at": created_at}
        answers.content.update(version=2, votes=[vote], notes=[])
        (answer,) = merge(site, answers.save(tmp_path)).answers
        return answer.action

    @pytest.fixture
    def eve(self, review, site):
        review.eve["role"] = "approver"
        site.commit()
        return review.eve

    @pytest.mark.parametrize("is_first", [True, False])
    def test_the_newest_decision_of_approvers_counts(self, review, site, eve, tmp_path, is_first):
        files = [(review.ada, "approved", 60), (eve, "require_changes", 30)]
        for person, status, minutes in files if is_first else files[::-1]:
            assert self.merged(site, review, person, tmp_path, status, minutes) == "added"
        assert review.items[0].overall_status() == "require_changes"
        ages = {
            vote.name: (arrow.utcnow() - vote.created_at).total_seconds() // 60
            for vote in review.items[0].votes()
        }
        assert {name: round(age / 30) for name, age in ages.items()} == {"Ada": 2, "Eve": 1}

    def test_who_says_the_same_again_later_outvotes_who_said_other_between(self, review, site, eve, tmp_path):
        self.merged(site, review, review.ada, tmp_path, "approved", 60)
        self.merged(site, review, eve, tmp_path, "require_changes", 30)
        assert self.merged(site, review, review.ada, tmp_path, "approved", 10) == "changed"
        assert review.items[0].overall_status() == "approved"
        assert self.merged(site, review, review.ada, tmp_path, "approved", 60) == "present"
        assert review.items[0].overall_status() == "approved"

    def test_a_later_file_of_one_person_counts_in_either_order(self, review, site, tmp_path):
        for index, files in enumerate(
            ([("require_changes", 60), ("approved", 30)], [("approved", 30), ("require_changes", 60)])
        ):
            actions = [
                self.merged(site, review, review.ada, tmp_path, status, minutes, index)
                for status, minutes in files
            ]
            assert actions == ["added", "kept" if index else "changed"]
            assert review.items[index].overall_status() == "approved"

    def test_files_saved_within_one_second_keep_their_order(self, review, site, answers, tmp_path):
        start = arrow.utcnow().shift(minutes=-5).floor("second")
        found = []
        for milliseconds, status in ((100, "require_changes"), (800, "approved"), (100, "require_changes")):
            created_at = start.shift(microseconds=milliseconds * 1000).isoformat()
            answers.content["votes"][0].update(status=status, created_at=created_at)
            found.append(merge(site, answers.save(tmp_path)).answers[0].action)
        assert (found, review.items[0].overall_status()) == (["added", "changed", "kept"], "approved")

    def test_what_was_withdrawn_stays_so(self, review, site, tmp_path):
        assert self.merged(site, review, review.ada, tmp_path, None, 30) == "present"
        assert self.merged(site, review, review.ada, tmp_path, "approved", 60) == "kept"
        assert review.items[0].votes() == ()
        assert self.merged(site, review, review.ada, tmp_path, "approved", 10) == "added"
        assert self.merged(site, review, review.ada, tmp_path, None, 30) == "kept"
        assert review.items[0].overall_status() == "approved"

    def test_a_file_that_was_merged_brings_back_nothing(self, review, site, answers, tmp_path):
        path = answers.save(tmp_path)
        merge(site, path)
        for row in site.query(
            f"ReviewSessionObjectStatus where review_session_object_id is {review.items[0]['id']}"
        ):
            site.delete(row)
        site.commit()
        result = merge(site, path)
        assert (result.count("kept"), "withdrawn since" in str(result)) == (1, True)
        assert review.items[0].votes() == ()

    def test_of_several_votes_on_one_object_the_last_counts(self, review, site, answers, tmp_path):
        votes = [
            {
                "object_id": review.items[0]["id"],
                "status": status,
                "created_at": arrow.utcnow().shift(minutes=-minutes).isoformat(),
            }
            for status, minutes in ((None, 10), ("approved", 30))
        ]
        answers.content.update(version=2, votes=votes, notes=[])
        assert merge(site, answers.save(tmp_path)).count("present") == 1
        assert review.items[0].votes() == ()

    def test_a_clock_that_is_ahead_adds_nothing_again(self, review, site, tmp_path):
        assert self.merged(site, review, review.ada, tmp_path, "approved", -500_000) == "added"
        (given,) = review.items[0].votes()
        assert given.created_at <= arrow.utcnow()
        assert self.merged(site, review, review.ada, tmp_path, "approved", -500_000) == "present"

    def test_of_answers_are_those_of_the_report(self, review, site, tmp_path):
        self.merged(site, review, review.ada, tmp_path, "approved", 60)
        (item, _) = review.entity.report(pictures=False).content["objects"]
        given = arrow.get(item["votes"][0]["created_at"])
        assert 59 <= (arrow.utcnow() - given).total_seconds() / 60 <= 70


class TestEdits:
    """Changes to what a person had said before the review travelled."""

    @pytest.fixture
    def said(self, review, site):
        notes = [
            review.items[0].comment("Mine.", invitee=review.ada),
            review.items[0].comment("Not mine.", invitee=review.bob),
            review.items[0].comment("Answered.", invitee=review.ada),
        ]
        review.items[0].reply(notes[2], "By Bob.", invitee=review.bob)
        site.commit()
        return notes

    def merged(self, review, site, tmp_path, *edits):
        answers = Answers(review)
        answers.content.update(version=2, votes=[], notes=[])
        answers.content["edits"] = [
            {
                "id": note["id"],
                "object_id": review.items[0]["id"],
                "content": content,
                "was": was if isinstance(was, list) else [was],
                "created_at": arrow.utcnow().isoformat(),
            }
            for note, was, content in edits
        ]
        return merge(site, answers.save(tmp_path))

    def texts(self, review):
        return [comment.text for comment in review.items[0].comments()]

    def test_are_made_once(self, review, site, said, tmp_path):
        edit = (said[0], "Mine.", "Mine, better.")
        assert self.merged(review, site, tmp_path, edit).count("changed") == 1
        assert self.merged(review, site, tmp_path, edit).count("present") == 1
        assert self.texts(review) == ["Mine, better.", "Not mine.", "Answered."]

    def test_are_made_again_by_a_later_file(self, review, site, said, tmp_path):
        self.merged(review, site, tmp_path, (said[0], "Mine.", "Mine, better."))
        edit = (said[0], ["Mine.", "Mine, better."], "Mine.")
        assert self.merged(review, site, tmp_path, edit).count("changed") == 1
        assert self.texts(review)[0] == "Mine."

    def test_delete(self, review, site, said, tmp_path):
        edit = (said[0], "Mine.", None)
        assert self.merged(review, site, tmp_path, edit).count("changed") == 1
        assert self.merged(review, site, tmp_path, edit).count("present") == 1
        assert self.texts(review) == ["Not mine.", "Answered."]

    def test_of_others_are_skipped(self, review, site, said, tmp_path):
        result = self.merged(
            review, site, tmp_path, (said[1], "Not mine.", "Ha."), (said[1], "Not mine.", None)
        )
        assert (result.count("skipped"), "Bob wrote it" in str(result)) == (2, True)
        assert "Not mine." in self.texts(review)

    def test_leave_what_was_changed_or_answered_since(self, review, site, said, tmp_path):
        result = self.merged(
            review, site, tmp_path, (said[0], "Once.", "Twice."), (said[2], "Answered.", None)
        )
        assert result.count("kept") == 2
        assert self.texts(review) == ["Mine.", "Not mine.", "Answered."]

    def test_wait_for_release_in_a_moderated_review(self, review, site, said, tmp_path):
        review.entity["is_moderated"] = True
        site.commit()
        review.entity.release()
        site.commit()
        self.merged(review, site, tmp_path, (said[0], "Mine.", "Mine, better."))
        assert [comment.released for comment in review.items[0].comments()] == [False, True, True]


def test_answers_in_a_circle_or_across_objects_become_comments(review, site, answers, tmp_path):
    first = answers.note(review.items[0], "One.")
    second = answers.note(review.items[0], "Two.", reply_to=first["id"])
    first["reply_to"] = second["id"]
    itself = answers.note(review.items[0], "Three.")
    itself["reply_to"] = itself["id"]
    across = answers.note(review.items[1], "Four.", reply_to=itself["id"])
    lost = answers.note(review.items[1], "Five.", reply_to="gone")
    answers.content["notes"] = [first, second, itself, across, lost]
    assert merge(site, answers.save(tmp_path)).count("added") == 7
    assert sorted(comment.text for comment in review.entity.feedback().comments) == [
        "Five.",
        "Four.",
        "One.",
        "Three.",
        "Two.",
    ]
    answers.content["notes"] = [first, first]
    refused(site, answers.save(tmp_path), "two comments have one id")


def test_answers_to_a_closed_review_are_refused(review, site, answers, tmp_path):
    path = answers.save(tmp_path)
    review.entity.close()
    refused(site, path, "closed", exception.ReviewClosedError)


def test_who_is_not_invited_can_be(review, site, tmp_path):
    stranger = Answers(review, {"id": None, "name": "Mallory", "email": "m@example.com"})
    merge(site, stranger.save(tmp_path), invite=True)
    assert "Mallory" in {vote.name for vote in review.entity.feedback().votes}


def test_answers_about_objects_that_are_gone_can_be_skipped(review, site, answers, tmp_path):
    site.delete(review.items[0])
    site.commit()
    result = merge(site, answers.save(tmp_path), skip_unknown=True)
    assert (result.count("skipped"), result.count("added")) == (1, 3)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "something else"),
        (("version",), 3),
        (("version",), True),
        (("version",), 0),
        (("version",), "1"),
        (("person",), None),
        (("person", "name"), ""),
        (("session_id",), 7),
        (("votes",), {}),
        (("votes", 0), "approved"),
        (("votes", 0, "status"), "great"),
        (("votes", 0, "status"), None),
        (("votes", 0), {"object_id": "x", "created_at": "2026-01-01"}),
        (("votes", 0, "created_at"), "0001-01-01T00:00:00+12:00"),
        (("votes", 0, "created_at"), "yesterday"),
        (("notes", 0, "content"), ["x"]),
        (("notes", 0, "content"), "x" * 20_001),
        (("notes", 1, "content"), "  "),
        (("notes", 0, "frame"), -1),
        (("notes", 0, "frame"), True),
        (("notes", 0, "drawing"), "circle"),
        (("notes", 0, "picture"), "https://example.com/x.png"),
        (("notes", 0, "picture"), "data:image/png;base64,????"),
        (("notes", 0, "id"), None),
        (("notes", 0, "content"), "zero \x00"),
        (("notes", 0, "content"), "half \ud83d"),
        (("notes", 0, "frame"), 10**20),
        (("notes", 0, "drawing"), {"version": 1, "shapes": [{"tool": "spray"}]}),
        (
            ("notes", 0, "drawing"),
            {"version": 1, "shapes": [{**DRAWING["shapes"][0], "points": [[1e308, 0.5]]}]},
        ),
        (("edits",), {}),
        (("edits",), [{"id": "x", "object_id": "y", "created_at": "2026-01-01", "content": " "}]),
        (("edits",), [{"id": "x", "object_id": "y", "created_at": "2026-01-01", "content": "z", "was": "y"}]),
    ],
)
def test_a_damaged_file_is_refused(review, site, answers, tmp_path, path, value):
    target = answers.content
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    refused(site, answers.save(tmp_path), "no file of answers|later version")
    assert review.entity.feedback().votes == ()


def test_a_withdrawn_vote_says_so(site, answers, tmp_path):
    answers.content["version"] = 2
    del answers.content["votes"][0]["status"]
    refused(site, answers.save(tmp_path), "a vote has no status")


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "\x00"])
def test_what_is_no_file_of_answers_is_refused(site, tmp_path, text):
    path = tmp_path / "answers.json"
    path.write_text(text)
    refused(site, path, "no file of answers")


def test_a_missing_file_is_said(site, tmp_path):
    refused(site, tmp_path / "missing.json", "cannot be read")


def test_merging_needs_a_fixed_number_of_requests(review, site, answers, sent, tmp_path):
    answers.content["notes"] = []
    merge(site, answers.save(tmp_path))
    counts = []
    for number in (1, 20):
        answers.content["notes"] = [
            answers.note(review.items[0], f"{number} {index}") for index in range(number)
        ]
        path = answers.save(tmp_path)
        sent.clear()
        merge(site, path)
        counts.append(len(sent))
    assert counts[1] <= counts[0]  # The first one asks for the account of the person.
