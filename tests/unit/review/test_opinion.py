"""What people said about an object, and what of it is left to do."""

import pytest

from ftrack_review.review.opinion import Comment, ObjectFeedback, Vote


def comment(text, invitee_id=None, **values):
    values = {"completed": False, "replies": (), **values}
    return Comment(text, text, None, "Somebody", None, invitee_id=invitee_id, **values)


def vote(invitee_id, status, role="reviewer"):
    return Vote(invitee_id, invitee_id, "", role, status, None)


def about(status, votes, *comments):
    return ObjectFeedback("id", "shot", "Version 1", status, tuple(votes), comments, ())


@pytest.mark.parametrize(
    ("status", "points"),
    [
        ("require_changes", ["of ada", "of nobody", "to do"]),
        ("seen", ["of ada", "of nobody", "to do"]),
        (None, ["of ada", "of nobody", "to do"]),
        ("approved", ["to do"]),
    ],
)
def test_open_points_are_what_still_asks_for_something(status, points):
    item = about(
        status,
        [vote("ada", "require_changes"), vote("bob", "approved")],
        comment("of ada", "ada"),
        comment("of bob, who is content", "bob"),
        comment("of nobody"),
        comment("done", "ada", completed=True),
        comment("to do", "bob", is_todo=True),
        comment("to do, and done", "ada", is_todo=True, completed=True),
    )
    assert [point.text for point in item.open_comments] == points
    assert item.is_open


def test_what_was_said_about_a_former_version_says_so():
    item = about(None, [], comment("Darker.", version="Version 0"), comment("Fine.", version="Version 1"))
    said = [line for line in item.lines() if "Somebody" in line]
    assert said[0].startswith("  on Version 0: Somebody")
    assert said[1].startswith("  Somebody")


def test_what_is_approved_and_asks_for_nothing_is_settled():
    item = about("approved", [vote("ada", "approved", "approver")], comment("Lovely.", "ada"))
    assert (item.is_open, item.open_comments) == (False, ())
