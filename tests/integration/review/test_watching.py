"""Hearing of a review while it happens."""

import queue

import arrow
import pytest

import ftrack_review
from ftrack_review import review as reviews

DRAWING = {"version": 1, "shapes": []}
DRAWN = {
    "version": 1,
    "shapes": [{"tool": "pen", "colour": "#ff3b30", "width": 0.01, "points": [[0.1, 0.1], [0.5, 0.5]]}],
}


@pytest.fixture
def other(site):
    """Another session with the same server."""
    with ftrack_review.Session(site.server_url, api_key=site.api_key, api_user=site.api_user) as opened:
        yield opened


class Heard:
    def __init__(self):
        self.events = queue.Queue()

    def __call__(self, event):
        self.events.put(event)

    def next(self, kind):
        """The next event, which is of a kind."""
        event = self.events.get(timeout=20)
        assert isinstance(event, kind), event
        return event


def test_what_another_session_writes_is_heard_in_the_background(review, other):
    heard = Heard()
    item = other.get("ReviewSessionObject", review.items[0]["id"])
    ada = other.get("ReviewSessionInvitee", review.ada["id"])
    with review.entity.watch(heard) as handle:
        item.vote("approved", ada)
        other.commit()
        event = heard.next(reviews.VoteGiven)
        assert (event.object_name, event.vote.name, event.vote.role, event.vote.status) == (
            "comp10",
            "Ada",
            "approver",
            "approved",
        )
        assert str(event).startswith("comp10: Ada (approver): approved")
        note = item.comment("Here.", frame=3, invitee=ada, drawing=DRAWING)
        other.commit()
        event = heard.next(reviews.CommentWritten)
        assert (event.comment.text, event.comment.author, event.comment.frame) == ("Here.", "Ada", 3)
        assert event.is_new
        assert heard.next(reviews.DrawingMade).annotation.frame == 3
        item.reply(note, "Will do.")
        other.commit()
        assert heard.next(reviews.CommentWritten).object_id == item["id"]
        note["completed_at"] = arrow.utcnow()
        other.commit()
        event = heard.next(reviews.CommentWritten)
        assert (event.is_new, event.comment.completed) == (False, True)
        added = other.get("ReviewSession", review.entity["id"]).add(
            other.get("AssetVersion", review.versions[1]["id"]), name="again"
        )
        other.commit()
        assert heard.next(reviews.ObjectAdded).object_id == added["id"]
        added["version"] = "Version 9"
        other.commit()
        assert heard.next(reviews.ObjectReplaced).version == "Version 9"
        other.get("ReviewSession", review.entity["id"]).close()
        heard.next(reviews.SessionClosed)
        other.get("ReviewSession", review.entity["id"]).reopen()
        heard.next(reviews.SessionReopened)
    assert handle.is_stopped
    item.vote("seen", ada)
    other.commit()
    assert heard.events.empty()


def test_what_is_taken_back_is_heard_as_it_was(review, other):
    heard = Heard()
    item = other.get("ReviewSessionObject", review.items[0]["id"])
    ada = other.get("ReviewSessionInvitee", review.ada["id"])
    before = review.items[0].vote("approved", review.bob)
    review.session.commit()
    with review.entity.watch(heard):
        # What was there before, and what came later.
        other.delete(other.get("ReviewSessionObjectStatus", before["id"]))
        other.commit()
        event = heard.next(reviews.VoteWithdrawn)
        assert (event.object_name, event.vote.name, event.vote.status) == ("comp10", "Bob", "approved")
        item.vote("seen", ada)
        other.commit()
        heard.next(reviews.VoteGiven)
        again = item.vote("require_changes", ada)
        other.commit()
        # Another vote of the same person is no withdrawal of the former.
        assert heard.next(reviews.VoteGiven).vote.status == "require_changes"
        other.delete(again)
        other.commit()
        event = heard.next(reviews.VoteWithdrawn)
        assert str(event) == "comp10: Ada (approver) withdrew the vote: changes required"
        note = item.comment("Never mind.", frame=3, invitee=ada)
        other.commit()
        heard.next(reviews.CommentWritten)
        other.delete(note)
        other.commit()
        event = heard.next(reviews.CommentDeleted)
        assert (event.comment.text, event.comment.author, event.comment.frame_number) == (
            "Never mind.",
            "Ada",
            4,
        )
    assert heard.events.empty()


def test_what_goes_with_something_else_is_not_told_by_itself(review, other):
    heard = Heard()
    item, second = (other.get("ReviewSessionObject", shown["id"]) for shown in review.items)
    ada = other.get("ReviewSessionInvitee", review.ada["id"])
    for shown in (item, second):
        shown.vote("approved", ada)
        shown.comment("Good.", invitee=ada)
    other.commit()
    with review.entity.watch(heard):
        item.replace(other.get("AssetVersion", review.next_version()["id"]))
        other.commit()
        assert heard.next(reviews.ObjectReplaced).version == "Version 2"
        other.delete(second)
        other.commit()
        event = heard.next(reviews.ObjectRemoved)
        assert (event.object_id, str(event)) == (second["id"], "comp20 was taken out of the review")
        item.vote("approved", ada)
        other.commit()
        heard.next(reviews.VoteGiven)
    assert heard.events.empty()


def test_frames_are_told_as_reviewers_see_them(review, other):
    heard = Heard()
    other.get("AssetVersion", review.versions[0]["id"])["metadata"]["ftrack_review.first_frame"] = "1001"
    other.commit()
    with review.entity.watch(heard):
        item = other.get("ReviewSessionObject", review.items[0]["id"])
        item.comment("Here.", frame=3, drawing=DRAWN)
        other.commit()
        assert heard.next(reviews.CommentWritten).comment.frame_number == 1004
        assert str(heard.next(reviews.DrawingMade)) == "comp10: drawn on frame 1004"


def test_what_happens_elsewhere_is_not_heard(review, other, site, film):
    heard = Heard()
    stranger = site.create("ReviewSession", {"name": "elsewhere", "project": film})
    foreign = stranger.add(review.versions[0])
    site.commit()
    with review.entity.watch(heard, background=False) as handle:
        foreign.comment("Not ours.")
        user = site.query("User").first()
        review.versions[0].create_note("Not ours either.", user)
        site.commit()
        review.items[0].comment("Ours.")
        site.commit()
        while heard.events.empty():
            handle.wait(0.1)
    assert heard.next(reviews.CommentWritten).comment.text == "Ours."
    assert heard.events.empty()


def test_the_end_of_a_session_by_its_date_is_heard(review):
    heard = Heard()
    review.entity["end_date"] = arrow.utcnow().shift(seconds=2)
    review.session.commit()
    with review.entity.watch(heard):
        heard.next(reviews.SessionClosed)


def test_without_a_callback_events_are_printed(review, capsys):
    with review.entity.watch(background=False) as handle:
        review.items[0].vote("seen", review.bob)
        review.session.commit()
        printed = ""
        while not printed:
            handle.wait(0.1)
            printed = capsys.readouterr().out
    assert "comp10: Bob (reviewer): seen" in printed


def test_deleting_the_session_is_heard(review, other):
    heard = Heard()
    with review.entity.watch(heard):
        other.delete(other.get("ReviewSession", review.entity["id"]))
        other.commit()
        event = heard.next(reviews.SessionClosed)
        assert event.is_deleted


def test_what_is_done_on_the_page_is_heard(review, site):
    import requests

    heard = Heard()
    address = f"{site.server_url}/review/session/{review.entity['id']}"
    with requests.Session() as browser, review.entity.watch(heard):
        browser.get(review.ada.link(), timeout=20).raise_for_status()
        headers = {"Sec-Fetch-Site": "same-origin"}
        values = {"object_id": review.items[0]["id"], "status": "approved"}
        browser.post(f"{address}/vote", json=values, headers=headers, timeout=20).raise_for_status()
        assert heard.next(reviews.VoteGiven).vote.name == "Ada"
        values["status"] = None
        browser.post(f"{address}/vote", json=values, headers=headers, timeout=20).raise_for_status()
        assert heard.next(reviews.VoteWithdrawn).vote.status == "approved"
        values = {"object_id": review.items[0]["id"], "content": "Here.", "frame": 2, "drawing": DRAWN}
        browser.post(f"{address}/comment", json=values, headers=headers, timeout=20).raise_for_status()
        event = heard.next(reviews.CommentWritten)
        assert (event.comment.author, event.comment.frame, event.is_new) == ("Ada", 2, True)
        assert event.comment.drawing is not None
        assert heard.next(reviews.DrawingMade).annotation.frame == 2


def test_a_digest_is_mailed_to_the_owner(review, site):
    review.items[0].comment("For the digest.", invitee=review.ada)
    assert review.entity.send_digest() == ("admin@example.com",)
