"""What a report says otherwise than the server: told, and told apart from what people changed since."""

import copy

import pytest

from ftrack_review.review.reports import Report, recording
from tests.integration.review.conftest import forged


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda content: content["session"].update(name="Other"),
            "the name of the review session is 'Other'",
        ),
        (
            lambda content: content["session"].update(description="Mine"),
            "the description of the review session",
        ),
        (lambda content: content["session"].update(project="Mine"), "the project of the review session"),
        (lambda content: content["session"].update(owner="The boss"), "the owner of the review session"),
        (
            lambda content: content["session"].update(end_date="2001-01-01T00:00:00Z"),
            "the end of the review session",
        ),
        (lambda content: content["session"].update(is_open=False), "being open of the review session is no"),
        (lambda content: content["objects"][1].update(name="Other shot"), "the name of Other shot"),
        (lambda content: content["objects"][1].update(version="Version 9"), "the version of comp20"),
        (lambda content: content["objects"][1].update(version_id="x"), "the version_id of comp20"),
        (lambda content: content["objects"][1].update(description="x"), "the description of comp20"),
        (lambda content: content["objects"][2]["media"].update(fps="25/1"), "the frame rate of the media"),
        (lambda content: content["objects"].reverse(), "in another order"),
        (lambda content: content["invitees"][1].update(name="Rob"), "the name of Rob, who was invited"),
        (lambda content: content["invitees"][1].update(role="approver"), "the role of Bob, who was invited"),
        (lambda content: content["invitees"][0].update(last_sent_at=None), "the time of the last mail"),
        (lambda content: content["invitees"][1].update(last_sent_at="2001-01-01T00:00:00Z"), "the last mail"),
        (
            lambda content: content["objects"][0]["comments"][0].update(author="Ada"),
            "the author of the comment",
        ),
        (lambda content: content["objects"][0]["comments"][0].update(frame=3), "and is '日本語' now"),
        (
            lambda content: content["objects"][0]["comments"][0].update(completed=True),
            "being done of the comment",
        ),
        (
            lambda content: content["objects"][0]["comments"][0].update(labels=["final"]),
            "the labels of the comment",
        ),
        (
            lambda content: content["objects"][2]["comments"][0].update(frame_number=99),
            "the number of the frame",
        ),
        (
            lambda content: content["objects"][2]["comments"][0].update(timecode="x"),
            "the timecode of the comment",
        ),
        (lambda content: content["objects"][2]["history"].clear(), "and not in the report"),
        (
            lambda content: content["objects"][2]["history"][0].update(status="seen"),
            "the earlier vote of Ada",
        ),
        (
            lambda content: content["objects"][2]["votes"][0].update(email="x@example.com"),
            "the e-mail address of Ada",
        ),
        (lambda content: content["objects"][2]["comments"].pop(), "is on the server and not in the report"),
        (
            lambda content: content["objects"][2]["comments"][0]["replies"].clear(),
            "not in the report: 'Will do.'",
        ),
        (lambda content: content["objects"].pop(), "and not in the report"),
        (lambda content: content["invitees"].pop(), "Eve is invited and not in the report"),
    ],
)
def test_whatever_the_report_says_otherwise_than_the_server_is_told(reviewed, report, check, change, told):
    """Made a second later, so that nothing is of its very second."""
    content = copy.deepcopy(dict(report.content))
    content["made_at"] = "2100-01-01T00:00:00Z"
    late = Report(content, report.pictures)
    assert check(late.render("json")).server is True
    found = check(forged(late, change))
    assert (found.outcome, found.server, found.is_wrong) == ("unproven", False, True), str(found)
    assert told in str(found)
    assert "only a record or a signature tells" in str(found) or "now." in str(found)


def test_forged_votes_and_comments_differ_from_the_server(report, check):
    def change(content):
        # What was said in the very second of a report may be in it or not.
        content["made_at"] = "2100-01-01T00:00:00Z"
        content["objects"][2]["votes"][0]["status"] = "approved"
        content["objects"][2]["comments"][0]["text"] = "Lovely."

    found = check(forged(report, change))
    assert (found.outcome, found.server, found.is_proven) == ("unproven", False, False)
    assert [finding.partition(" ")[0] for finding in found.findings].count("Differs") == 3
    for told in ("approved at", "was 'Lovely.' and is 'Darker", "is on the server and not in the report"):
        assert told in str(found)


def test_what_was_not_compared_is_named(report, check):
    """Who made it, and what was drawn, stands on no server: only a record or a key proves that."""
    found = check(forged(report, lambda content: content.update(made_by="The boss")))
    assert (found.outcome, found.server, found.is_proven) == ("unproven", True, False)
    assert "Not compared with the server: when, where and by whom the report was made, its pictures" in str(
        found
    )


def test_a_rename_since_is_told_as_such(review, site, check):
    item = review.items[0]
    item.vote("approved", review.ada)
    item.comment("Nice.", invitee=review.bob)
    site.commit()
    made = review.entity.report(pictures=False)
    data = made.render("html")
    recording.record(review.entity, made, {"html": data})
    review.entity["name"], item["name"], review.bob["name"] = "Renamed", "Shot", "Robert"
    site.commit()
    found = check(data)
    assert (found.outcome, found.server, found.is_proven) == ("recorded", True, True)
    assert "Changed on the server since: the name of the review session" in str(found)
    assert "Changed on the server since: Bob (reviewer)" not in str(found)
    assert "Bob, who was invited, is 'Bob' in the report and 'Robert' on the server" in str(found)
    # What was said does not change by itself, and a file without a record may be the one that was changed.
    site.delete(site.query(f'Note where content is "Nice." and parent_id is {item["id"]}').one())
    site.commit()
    assert (check(data).outcome, check(data).is_proven) == ("recorded", False)


def test_what_came_later_is_no_difference(review, site, check):
    item = review.items[0]
    item.vote("approved", review.ada)
    note = item.comment("Nice.", invitee=review.bob)
    site.commit()
    made = review.entity.report(pictures=False)
    content = {**made.content, "made_at": "2100-01-01T00:00:00Z"}
    assert check(Report(content, {}).render("json")).server is True
    item.vote("require_changes", review.ada)
    item.comment("Not any more.", invitee=review.bob)
    note["completed_at"] = "2099-01-01T00:00:00"
    review.entity.invite("Zoe", "zoe@example.com")
    review.entity.send_invitations([review.bob])
    site.commit()
    item.replace(review.next_version())
    site.commit()
    review.entity.add(review.next_version(1))
    site.commit()
    # As of the time of the report everything else came later.
    content["made_at"] = made.content["made_at"]
    assert check(Report(content, {}).render("json")).server is True, str(
        check(Report(content, {}).render("json"))
    )


def test_a_vote_that_was_merged_since_is_told_as_a_change(review, site, check):
    """It was given before the report was made, and nobody knew."""
    item = review.items[0]
    item.vote("approved", review.ada)
    site.commit()
    content = {**review.entity.report(pictures=False).content, "made_at": "2100-01-01T00:00:00Z"}
    made = Report(content, {})
    data = made.render("html")
    assert check(data).server is True
    item.vote("require_changes", review.ada)
    site.commit()
    found = check(data)
    assert (found.outcome, found.server) == ("unproven", False)
    assert "approved at" in str(found)
    assert "has been replaced" in str(found)
    recording.record(review.entity, made, {"html": data})
    found = check(data)
    assert (found.outcome, found.server, found.is_proven) == ("recorded", True, True)
    assert "Changed on the server since: the vote of Ada on comp10" in str(found)


def test_a_forged_role_with_a_new_seal_differs_from_the_server(reviewed, site, check):
    item = reviewed.items[1]
    item.vote("approved", reviewed.bob)
    site.commit()

    def change(content):
        content["objects"][1]["votes"][0].update(role="approver", name="Ada")
        content["objects"][1]["decided_by"] = "Ada"

    data = forged(reviewed.entity.report(pictures=False), change)
    found = check(data)
    site.delete(site.query(f"ReviewSessionObjectStatus where review_session_object_id is {item['id']}").one())
    site.commit()
    assert (found.outcome, found.server) == ("unproven", False)
    assert "Ada (approver) in the report is Bob (reviewer) on the server" in str(found)
