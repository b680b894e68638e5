"""The review helpers: inviting, voting, commenting, reading, closing."""

import arrow
import pytest

import ftrack_review
from ftrack_review import exception


@pytest.fixture
def item(session, review_session, version):
    made = review_session.add(version, description="First pass")
    session.commit()
    return made


@pytest.fixture
def ada(session, review_session):
    made = review_session.invite("Ada", "ada@example.com", role="approver")
    session.commit()
    return made


@pytest.fixture
def bob(session, review_session):
    made = review_session.invite("Bob", "bob@example.com")
    session.commit()
    return made


def test_add_names_the_object_after_the_asset(item, version):
    assert (item["name"], item["version"], item["description"]) == ("comp", "Version 1", "First pass")
    assert item["asset_version"] is version


def test_add_refuses_what_is_no_version(review_session, project):
    with pytest.raises(exception.ReviewError, match="AssetVersion"):
        review_session.add(project)


def test_objects_keep_the_order_in_which_they_were_added(session, review_session, version):
    other = session.create("AssetVersion", {"asset": version["asset"]})
    first, second = review_session.add(version), review_session.add(other)
    session.commit()
    assert first["sort_order"] < second["sort_order"]


def test_invite_takes_people_in_every_form(session, review_session):
    user = session.create(
        "User",
        {"username": "grace", "email": "grace@example.com", "first_name": "Grace", "last_name": "Hopper"},
    )
    session.commit()
    invitees = review_session.invite(
        [
            ("Ada", "ada@example.com"),
            {"name": "Bob", "email": "bob@example.com", "role": "observer"},
            user,
        ]
    )
    session.commit()
    assert [invitee["name"] for invitee in invitees] == ["Ada", "Bob", "Grace Hopper"]
    assert [invitee["role"] for invitee in invitees] == ["reviewer", "observer", "reviewer"]


def test_invite_refuses_a_second_invitation_of_one_address(review_session, ada):
    with pytest.raises(exception.ReviewError, match="already invited"):
        review_session.invite("Ada again", "ADA@example.com")


def test_invite_refuses_a_person_without_an_address(review_session):
    with pytest.raises(exception.ReviewError, match="e-mail"):
        review_session.invite("Ada")


@pytest.mark.parametrize("name", ["", "  ", "\n", "\u200b"])
def test_invite_refuses_an_empty_name(session, review_session, name):
    for who in ((name, "ada@example.com"), {"name": name, "email": "ada@example.com"}):
        with pytest.raises(exception.ReviewError, match="by an empty name. Give the name"):
            review_session.invite([who])
    assert not session.recorded_operations


def test_who_comes_without_a_name_is_called_by_the_address(session, review_session):
    (made,) = review_session.invite([{"email": " ada@example.com "}])
    session.commit()
    assert (made["name"], made["email"]) == ("ada@example.com", "ada@example.com")


def test_a_review_that_ends_before_it_starts_is_refused(session, project):
    dates = {"start_date": arrow.get(2030, 1, 2), "end_date": arrow.get(2030, 1, 1)}
    with pytest.raises(exception.OperationError, match="before it starts .* Give an end_date"):
        session.create("ReviewSession", {"name": "x", "project": project, **dates})
    assert not session.recorded_operations
    same = session.create(
        "ReviewSession", {"name": "x", "project": project, **dict.fromkeys(dates, arrow.get(2030, 1, 1))}
    )
    session.commit()
    assert same["is_open"] is False


def test_a_review_that_has_not_begun_ends_no_earlier_than_it_starts(session, project):
    start = arrow.utcnow().shift(days=3)
    later = session.create("ReviewSession", {"name": "later", "project": project, "start_date": start})
    session.commit()
    later.close()
    closed = session.create(
        "ReviewSession", {"name": "closed", "project": project, "start_date": start, "status": "Closed"}
    )
    session.commit()
    for made in (later, closed):
        found = session.query(
            f"select start_date, end_date from ReviewSession where id is {made['id']}"
        ).one()
        assert found["start_date"] == found["end_date"]
        made.reopen()
        assert made["is_open"] is True


def test_a_name_is_one_line(session, review_session):
    made = review_session.invite(" Inj\r\nBcc: x ", "x@example.com")
    session.commit()
    assert made["name"] == "Inj Bcc: x"


def test_invitations_go_to_those_who_have_none_yet(session, review_session, ada, bob):
    assert review_session.send_invitations([ada]) == [ada]
    assert review_session.send_invitations() == [bob]
    assert review_session.send_invitations() == []
    assert ada["last_sent_at"] is not None


def test_invitations_commit_what_is_pending(review_session):
    invitee = review_session.invite("Ada", "ada@example.com")
    assert review_session.send_invitations() == [invitee]


def test_the_personal_link_opens_without_an_account(session, review_session, ada, item):
    import requests

    url = ada.link()
    assert session.api_key not in url
    response = requests.get(url, timeout=10)
    assert response.status_code == 200
    assert "Weekly review" in response.text
    assert requests.get(url[:-4] + "abcd", timeout=10).status_code in (403, 404)


def test_feedback_holds_votes_comments_and_replies(session, review_session, item, ada, bob):
    note = item.comment("The sky is too bright.", frame=12, invitee=ada)
    item.reply(note, "Will darken it.")
    item.comment("Nice otherwise.", invitee=bob)
    item.vote("require_changes", ada)
    item.vote("approved", bob)
    session.commit()
    feedback = review_session.feedback()
    found = feedback.objects[0]
    assert (feedback.name, feedback.is_open, found.name) == ("Weekly review", True, "comp")
    assert {(vote.name, vote.role, vote.status) for vote in found.votes} == {
        ("Ada", "approver", "require_changes"),
        ("Bob", "reviewer", "approved"),
    }
    assert {(comment.author, comment.frame, comment.text) for comment in found.comments} == {
        ("Ada", 12, "The sky is too bright."),
        ("Bob", None, "Nice otherwise."),
    }
    replies = [reply.text for comment in found.comments for reply in comment.replies]
    assert replies == ["Will darken it."]
    assert found.status == "require_changes"
    assert [(invitee.name, invitee.votes) for invitee in feedback.invitees] == [("Ada", 1), ("Bob", 1)]
    assert item.votes() == found.votes
    assert item.comments() == found.comments
    assert item.overall_status() == "require_changes"


def test_a_later_vote_replaces_the_earlier_one(session, review_session, item, bob):
    item.vote("require_changes", bob)
    session.commit()
    item.vote("approved", bob)
    session.commit()
    assert [vote.status for vote in item.votes()] == ["approved"]
    assert item.overall_status() == "approved"


def test_feedback_asks_the_server_a_fixed_number_of_times(
    session, review_session, version, ada, requests_sent
):
    for _ in range(3):
        review_session.add(version)
    session.commit()
    requests_sent.clear()
    review_session.feedback()
    few = len(requests_sent)
    for _ in range(30):
        item = review_session.add(version)
        item.comment("x", invitee=ada)
    session.commit()
    requests_sent.clear()
    review_session.feedback()
    assert len(requests_sent) == few <= 8


def test_a_vote_is_one_of_three(item, ada):
    with pytest.raises(exception.ReviewError, match="approved"):
        item.vote("maybe", ada)


def test_only_invitees_of_the_session_vote(session, project, item):
    other = session.create("ReviewSession", {"name": "other", "project": project})
    stranger = other.invite("Eve", "eve@example.com")
    session.commit()
    with pytest.raises(exception.ReviewError, match="other"):
        item.vote("approved", stranger)


def test_a_comment_needs_a_text_and_a_frame_is_a_number(item):
    with pytest.raises(exception.ReviewError, match="text"):
        item.comment("  ")
    with pytest.raises(exception.ReviewError, match="frame"):
        item.comment("x", frame="12")


def test_a_closed_session_takes_no_more_until_it_is_opened(session, review_session, item, ada):
    review_session.close()
    assert review_session["is_open"] is False
    item.vote("approved", ada)
    with pytest.raises(exception.ServerError, match="closed"):
        session.commit()
    pending = list(session.recorded_operations)
    assert pending
    session.recorded_operations.clear()
    review_session.reopen()
    for operation in pending:
        session.recorded_operations.push(operation)
    session.commit()
    assert item.overall_status() == "approved"


@pytest.fixture
def closed(session, review_session, item, ada, bob):
    """A review that an approver has decided and somebody has commented, closed; with its session."""
    item.vote("approved", ada)
    item.vote("require_changes", bob)
    item.comment("a", frame=3, invitee=bob)
    session.commit()
    review_session.close()
    return session


@pytest.mark.parametrize("name", ["inviteeId", "reviewFrame"])
@pytest.mark.parametrize("removing", [False, True])
def test_who_said_what_about_which_frame_stays_when_a_session_is_closed(closed, item, ada, name, removing):
    note = closed.query(f'Note where parent_id is "{item["id"]}"').one()
    if removing:
        del note["metadata"][name]
    else:
        note["metadata"][name] = "5"
    with pytest.raises(exception.ServerPermissionDeniedError, match="is closed"):
        closed.commit()
    closed.rollback()
    note["metadata"]["pipeline.synchronised"] = "yes"
    closed.commit()


def test_roles_and_people_stay_when_a_session_is_closed(closed, review_session, item):
    people = {person["name"]: person for person in review_session["review_session_invitees"]}
    people["Ada"]["role"] = "reviewer"
    with pytest.raises(exception.ServerPermissionDeniedError, match="is closed"):
        closed.commit()
    closed.rollback()
    del review_session["metadata"]["ftrack_review.roles"]
    with pytest.raises(exception.ServerPermissionDeniedError, match="is closed"):
        closed.commit()
    closed.rollback()
    review_session.invite("Zoe", "zoe@example.com", role="observer")
    with pytest.raises(exception.ServerPermissionDeniedError, match="is closed"):
        closed.commit()
    closed.rollback()
    assert item.overall_status() == "approved"


@pytest.mark.parametrize("how", ["below it", "as its reply, elsewhere", "below a reply"])
def test_a_closed_session_takes_no_answers_by_other_ways(closed, project, item, how):
    note = closed.query(f'Note where parent_id is "{item["id"]}"').one()
    where = {
        "below it": {"parent_id": note["id"], "parent_type": "Note"},
        "as its reply, elsewhere": {
            "in_reply_to_id": note["id"],
            "parent_id": project["id"],
            "parent_type": "Project",
        },
    }
    if how == "below a reply":
        closed.get("ReviewSession", item["review_session_id"]).reopen()
        reply = closed.create("Note", {"content": "b", **where["below it"]})
        closed.commit()
        closed.get("ReviewSession", item["review_session_id"]).close()
        where[how] = {"parent_id": reply["id"], "parent_type": "Note"}
    closed.create("Note", {"content": "late", **where[how]})
    with pytest.raises(exception.ServerPermissionDeniedError, match="is closed"):
        closed.commit()
    closed.rollback()


def test_an_observer_neither_votes_nor_comments(session, review_session, item, ada):
    watcher = review_session.invite("Wes", "wes@example.com", role="observer")
    item.vote("approved", watcher)
    with pytest.raises(exception.ServerPermissionDeniedError, match="observer") as caught:
        session.commit()
    assert caught.value.error_code == "role_forbidden"
    session.rollback()
    watcher = review_session.invite("Wes", "wes@example.com", role="observer")
    session.commit()
    item.comment("mine", frame=1, invitee=watcher)
    with pytest.raises(exception.ServerPermissionDeniedError, match="observer"):
        session.commit()
    session.rollback()
    watcher["role"] = "reviewer"
    item.vote("approved", watcher)
    item.comment("mine", frame=1, invitee=watcher)
    session.commit()
    assert item.overall_status() == "approved"
    # What was said while it was allowed stays, and decides no more.
    watcher["role"] = "observer"
    session.commit()
    assert item.overall_status() == "seen"


def test_a_session_that_has_not_begun_says_so(session, review_session, item, ada):
    import arrow

    review_session["start_date"] = arrow.utcnow().shift(days=2)
    session.commit()
    item.vote("approved", ada)
    with pytest.raises(exception.ServerPermissionDeniedError, match="has not begun.* start_date"):
        session.commit()
    session.rollback()


def test_reopening_until_a_time(review_session):
    import arrow

    review_session.close()
    until = arrow.utcnow().shift(days=3).floor("second")
    review_session.reopen(until=until)
    assert review_session["end_date"] == until
    with pytest.raises(exception.ReviewError, match="past"):
        review_session.reopen(until="2020-01-01")


def test_publishing_into_a_closed_session_is_refused_before_anything_is_made(
    session, review_session, tmp_path
):
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    review_session.close()
    with pytest.raises(exception.ReviewClosedError, match="reopen"):
        review_session.publish(path)
    assert session.query("AssetVersion").first() is None


@pytest.mark.parametrize("content", [None, b"", b"not a movie at all"], ids=["missing", "empty", "text"])
def test_media_that_cannot_be_read_leaves_nothing_behind(session, review_session, tmp_path, content):
    path = tmp_path / "broken.mov"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(exception.MediaError, match="broken.mov"):
        review_session.publish(path)
    for entity_type in ("Asset", "AssetVersion", "Component", "ReviewSessionObject"):
        assert session.query(entity_type).first() is None


def test_the_summary_reads_well(session, review_session, item, ada):
    item.vote("approved", ada)
    item.comment("Lovely.", frame=3, invitee=ada)
    session.commit()
    review_session.close()
    summary = review_session.summarise()
    assert summary.splitlines()[:2] == ["Weekly review: closed", "1 object: 1 approved"]
    assert "Ada (approver): approved" in summary
    assert "Ada at frame 4" in summary  # The fourth, as the page counts.
    assert "ada@example.com" in summary


def test_the_functions_are_the_methods(session, review_session, version):
    item = ftrack_review.review.add(review_session, version)
    session.commit()
    assert ftrack_review.review.feedback(review_session).objects[0].id == item["id"]
