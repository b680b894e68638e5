import json
from types import SimpleNamespace

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create, update

LONG_AGO = "2001-01-01T00:00:00"


def vote(review, status="approved", **data):
    data.setdefault("review_session_invitee_id", review.invitee)
    return create("ReviewSessionObjectStatus", review_session_object_id=review.object, status=status, **data)


def close(desk, review):
    desk.update("ReviewSession", review.session, start_date=LONG_AGO, end_date="2001-01-02")


@pytest.fixture
def review(desk):
    return desk.review()


# Sessions


def test_a_new_session_starts_now_and_ends_in_a_week(desk, review):
    row = desk.one(
        "select start_date, end_date, created_at, created_by.username, description, is_open from ReviewSession"
    )
    start, end = row["start_date"]["value"], row["end_date"]["value"]
    assert start == row["created_at"]["value"]
    assert start < end
    assert int(end[8:10]) != int(start[8:10])
    assert (row["created_by"]["username"], row["description"], row["is_open"]) == ("admin", "", True)


def test_an_end_that_is_taken_away_is_a_week_from_now(desk, review):
    close(desk, review)
    desk.update("ReviewSession", review.session, end_date=None)
    assert desk.one("select is_open from ReviewSession")["is_open"] is True


def test_a_review_does_not_end_before_it_begins(desk, review):
    dates = {"start_date": "2030-01-02", "end_date": "2030-01-01"}
    with pytest.raises(ServerFault, match="before the start_date") as caught:
        desk.update("ReviewSession", review.session, **dates)
    assert (caught.value.status, caught.value.attribute) == (422, "end_date")
    with pytest.raises(ServerFault, match="before the start_date"):
        desk.create("ReviewSession", name="x", project_id=review.project, **dates)
    with pytest.raises(ServerFault, match="before the start_date"):
        desk.update("ReviewSession", review.session, start_date="2200-01-01")
    desk.update("ReviewSession", review.session, start_date="2030-01-01", end_date="2030-01-01")


def test_an_end_that_is_past_closes_a_review_whenever_it_was_to_begin(desk, review):
    desk.update("ReviewSession", review.session, end_date="2001-01-01")
    made = desk.create("ReviewSession", name="x", project_id=review.project, end_date="2001-01-01")
    for key in (review.session, made):
        row = desk.one(f'select start_date, end_date, is_open from ReviewSession where id is "{key}"')
        assert row["start_date"] == row["end_date"]
        assert row["is_open"] is False


@pytest.mark.parametrize("name", ["a\nb", "a\r\nBcc: b", "a\u2028b", "\x1b[31m", "a\x7f"])
def test_a_name_is_one_line(desk, review, name):
    with pytest.raises(ServerFault, match="one line"):
        desk.update("ReviewSession", review.session, name=name)
    with pytest.raises(ServerFault, match="one line"):
        desk.update("ReviewSessionInvitee", review.invitee, name=name)


def test_an_address_stands_for_a_name_that_is_not_given(desk, review):
    invited = {"email": "z@example.com", "review_session_id": review.session}
    key = desk.create("ReviewSessionInvitee", **invited)
    row = desk.one(f'select name from ReviewSessionInvitee where id is "{key}"')
    assert row["name"] == "z@example.com"
    for name in ("", " "):
        with pytest.raises(ServerFault, match="Leave it out"):
            desk.create("ReviewSessionInvitee", name=name, **{**invited, "email": "y@example.com"})
        with pytest.raises(ServerFault, match="must not be empty"):
            desk.update("ReviewSessionInvitee", review.invitee, name=name)


@pytest.mark.parametrize(
    ("availability", "is_open"), [("closed", False), ("always_open", True), ("expire_at", False)]
)
def test_availability_overrides_the_dates(desk, review, availability, is_open):
    close(desk, review)
    desk.update("ReviewSession", review.session, availability=availability)
    assert desk.one("select is_open from ReviewSession")["is_open"] is is_open
    if is_open:
        desk.send(vote(review))
    else:
        with pytest.raises(ServerFault, match="is closed"):
            desk.send(vote(review))


def writes(desk, review):
    """Every kind of write that a closed session refuses."""
    component = desk.create("FileComponent", name="c")
    note = desk.one("Note")["id"]
    keyless = [
        create("NoteComponent", note_id=note, component_id=component),
        create(
            "ReviewSessionObjectAnnotationComponent",
            component_id=component,
            review_session_object_id=review.object,
            frame_number="1",
        ),
    ]
    for action in keyless:
        del action["entity_data"]["id"]
    delete = {"action": "delete", "entity_key": [review.object]}
    return [
        vote(review),
        create("Note", content="c", parent_id=review.object, parent_type="ReviewSessionObject"),
        create("Note", content="c", parent_id=review.object),
        create("Note", content="c", in_reply_to_id=note),
        update("Note", note, content="changed"),
        update("ReviewSessionObject", review.object, name="changed"),
        update("ReviewSession", review.session, review_session_objects=[]),
        create(
            "ReviewSessionObject", review_session_id=review.session, version_id=desk.version(review.project)
        ),
        create("ReviewSessionObjectAnnotation", review_session_object_id=review.object, frame_number=1),
        {**delete, "entity_type": "ReviewSessionObject"},
        {**delete, "entity_type": "Note", "entity_key": [note]},
        *keyless,
    ]


@pytest.mark.parametrize("number", range(13))
def test_a_closed_session_refuses_every_write_until_it_is_reopened(desk, review, number):
    desk.create("Note", content="n", parent_id=review.object, parent_type="ReviewSessionObject")
    action = writes(desk, review)[number]
    close(desk, review)
    with pytest.raises(ServerFault, match="is closed") as caught:
        desk.send(action)
    assert (caught.value.exception_class, caught.value.status) == ("PermissionError", 403)
    assert caught.value.error_code == "review_session_closed"
    desk.update("ReviewSession", review.session, end_date="2100-01-01")
    desk.send(action)


def test_a_session_closed_in_a_batch_refuses_what_follows_in_it(desk, review):
    closing = update("ReviewSession", review.session, end_date=LONG_AGO)
    with pytest.raises(ServerFault, match="is closed"):
        desk.send(closing, vote(review))
    desk.send(vote(review), closing)
    desk.send(update("ReviewSession", review.session, end_date="2100-01-01"), vote(review, "seen"))


def test_an_object_cannot_be_moved_into_or_out_of_a_closed_session(desk, review):
    other = SimpleNamespace(session=desk.create("ReviewSession", name="other", project_id=review.project))
    close(desk, other)
    with pytest.raises(ServerFault, match="'other' is closed"):
        desk.update("ReviewSessionObject", review.object, review_session_id=other.session)
    close(desk, review)
    with pytest.raises(ServerFault, match="'review' is closed"):
        desk.update("ReviewSessionObject", review.object, review_session_id=other.session)


def test_a_closed_session_takes_what_changes_nothing(desk, review):
    close(desk, review)
    listed = [{"__entity_type__": "ReviewSessionObject", "id": review.object}]
    desk.update("ReviewSession", review.session, review_session_objects=listed)
    desk.update("ReviewSessionObject", review.object, name="")


def test_a_closed_session_can_be_deleted_and_copied(desk, review):
    close(desk, review)
    desk.delete("ReviewSession", review.session)
    version = desk.one("AssetVersion")["id"]
    session = create("ReviewSession", name="copy", project_id=review.project, end_date=LONG_AGO)
    key = session["entity_data"]["id"]
    desk.send(session, create("ReviewSessionObject", review_session_id=key, version_id=version))


def test_who_has_voted_stays_in_a_closed_session(desk, review):
    other = desk.create(
        "ReviewSessionInvitee", name="B", email="b@example.com", review_session_id=review.session
    )
    desk.send(vote(review))
    close(desk, review)
    desk.delete("ReviewSessionInvitee", other)
    with pytest.raises(ServerFault, match="is closed"):
        desk.delete("ReviewSessionInvitee", review.invitee)


# Votes


def test_a_second_vote_takes_the_place_of_the_first_which_is_kept(desk, review):
    first, second = vote(review, "require_changes"), vote(review, "approved")
    desk.send(first)
    desk.send(second)
    statuses = desk.one("select statuses.status from ReviewSessionObject")["statuses"]
    assert [(row["id"], row["status"]) for row in statuses] == [(second["entity_data"]["id"], "approved")]
    event = desk.one("select action, parent_id, parent_type, project_id, data, user.username from Event")
    assert (event["parent_id"], event["parent_type"]) == (review.object, "ReviewSessionObject")
    assert event["project_id"] == review.project
    assert event["user"]["username"] == "admin"
    former = json.loads(event["data"])
    assert (former["id"], former["status"]) == (first["entity_data"]["id"], "require_changes")
    assert former["review_session_invitee_id"] == review.invitee
    assert former["replaced_by"] == second["entity_data"]["id"]


def test_a_vote_that_is_changed_in_place_is_kept_too(desk, review):
    action = vote(review, "seen")
    desk.send(action)
    desk.update("ReviewSessionObjectStatus", action["entity_data"]["id"], status="approved")
    assert json.loads(desk.one("select data from Event")["data"])["status"] == "seen"


def test_of_two_votes_in_one_batch_the_last_counts(desk, review):
    desk.send(vote(review, "seen"), vote(review, "approved"))
    assert desk.one("select status from ReviewSessionObjectStatus")["status"] == "approved"


def test_a_vote_may_learn_later_in_the_batch_what_it_is_on(desk, review):
    desk.send(vote(review, "seen"))
    action = create("ReviewSessionObjectStatus", status="approved")
    key = action["entity_data"]["id"]
    desk.send(
        action,
        update(
            "ReviewSessionObjectStatus",
            key,
            review_session_object={"__entity_type__": "ReviewSessionObject", "id": review.object},
            invitee={"__entity_type__": "ReviewSessionInvitee", "id": review.invitee},
        ),
    )
    row = desk.one("select status, resource.email from ReviewSessionObjectStatus")
    assert (row["id"], row["status"], row["resource"]["email"]) == (key, "approved", "ann@example.com")


def test_each_invitee_and_each_resource_has_a_vote(desk, review):
    other = desk.create(
        "ReviewSessionInvitee", name="B", email="b@example.com", review_session_id=review.session
    )
    for _ in range(2):
        desk.send(
            vote(review),
            vote(review, review_session_invitee_id=other),
            vote(review, review_session_invitee_id=None, resource_id=desk.caller.user_id),
        )
    assert len(desk.query("ReviewSessionObjectStatus")) == 3


@pytest.mark.parametrize("status", ["invalid-status", "", None, "Approved", "rejected"])
def test_other_votes_are_refused_with_the_list(desk, review, status):
    with pytest.raises(ServerFault, match="approved, require_changes, seen") as caught:
        desk.send(vote(review, status))
    assert repr(status) in caught.value.content


def test_a_vote_needs_an_invited_person_and_an_object(desk, review):
    other = desk.create("ReviewSession", name="other", project_id=review.project)
    stranger = desk.create("ReviewSessionInvitee", name="B", email="b@example.com", review_session_id=other)
    with pytest.raises(ServerFault, match="not invited"):
        desk.send(vote(review, review_session_invitee_id=stranger))
    with pytest.raises(ServerFault, match="review_session_invitee_id"):
        desk.send(vote(review, review_session_invitee_id=None))
    with pytest.raises(ServerFault, match="no such ReviewSessionInvitee"):
        desk.send(vote(review, review_session_invitee_id="nobody"))
    with pytest.raises(ServerFault, match="review_session_object_id"):
        desk.create("ReviewSessionObjectStatus", status="seen", review_session_invitee_id=review.invitee)


# Invited people


@pytest.mark.parametrize(
    "email",
    ["invalid-email", "", "a@", "@example.com", "a b@example.com", "a@example", "a@.com", "a@example..com",
     "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com", "<a@example.com>", "a@-example.com"],
)  # fmt: skip
def test_a_malformed_address_is_refused(desk, review, email):
    with pytest.raises(ServerFault, match="email") as caught:
        desk.create("ReviewSessionInvitee", name="B", email=email, review_session_id=review.session)
    assert repr(email) in caught.value.content
    with pytest.raises(ServerFault, match="email"):
        desk.update("ReviewSessionInvitee", review.invitee, email=email)


@pytest.mark.parametrize("email", ["a@example.com", "a.b+c@mail.example.co.uk", "A_1@bücher.example"])
def test_an_address_is_accepted(desk, review, email):
    desk.create("ReviewSessionInvitee", name="B", email=email, review_session_id=review.session)


@pytest.mark.parametrize("email", ["ann@example.com", "Ann@Example.com"])
def test_an_address_is_invited_once_to_a_session(desk, review, email):
    with pytest.raises(ServerFault) as caught:
        desk.create("ReviewSessionInvitee", name="B", email=email, review_session_id=review.session)
    assert caught.value.exception_class == "DuplicateEntryError"
    assert email in caught.value.content
    other = desk.create("ReviewSession", name="other", project_id=review.project)
    desk.create("ReviewSessionInvitee", name="B", email=email, review_session_id=other)


def test_two_of_one_address_in_one_batch_are_refused(desk, review):
    data = {"name": "B", "email": "b@example.com", "review_session_id": review.session}
    with pytest.raises(ServerFault, match="DuplicateEntryError"):
        desk.send(create("ReviewSessionInvitee", **data), create("ReviewSessionInvitee", **data))


def test_who_has_an_account_is_linked_to_it(desk, review):
    user = desk.create("User", username="kim", email="Kim@example.com")
    invitee = desk.create(
        "ReviewSessionInvitee", name="Kim", email="kim@example.com", review_session_id=review.session
    )
    row = desk.one(
        f"select resource_id, created_by.username, created_at from ReviewSessionInvitee where id is {invitee}"
    )
    assert row["resource_id"] == user
    assert row["created_by"]["username"] == "admin"
    assert row["created_at"] is not None


def test_who_has_none_becomes_a_collaborator_once(desk, review):
    other = desk.create("ReviewSession", name="other", project_id=review.project)
    desk.create("ReviewSessionInvitee", name="Ann", email="ANN@example.com", review_session_id=other)
    row = desk.one("select first_name, last_name, email from Collaborator")
    assert (row["first_name"], row["last_name"], row["email"]) == ("Ann", "Lee", "ann@example.com")
    found = desk.query("select resource_id from ReviewSessionInvitee")
    assert {invitee["resource_id"] for invitee in found} == {row["id"]}


def test_another_address_is_another_account(desk, review):
    desk.update("ReviewSessionInvitee", review.invitee, email="other@example.com")
    row = desk.one("select resource.email from ReviewSessionInvitee")
    assert row["resource"]["email"] == "other@example.com"


def test_an_account_that_is_named_is_kept(desk, review):
    invitee = desk.create(
        "ReviewSessionInvitee",
        name="B",
        email="b@example.com",
        review_session_id=review.session,
        resource_id=desk.caller.user_id,
    )
    row = desk.one(f"select resource_id from ReviewSessionInvitee where id is {invitee}")
    assert row["resource_id"] == desk.caller.user_id


# Objects and annotations


def test_objects_are_numbered_in_their_session(desk, review):
    version = desk.one("AssetVersion")["id"]
    for order in (None, 7.5, None):
        data = {} if order is None else {"sort_order": order}
        desk.create("ReviewSessionObject", review_session_id=review.session, version_id=version, **data)
    rows = desk.query("select sort_order from ReviewSessionObject")
    assert [row["sort_order"] for row in rows] == [1, 2, 7.5, 8.5]


def test_an_annotation_says_when_it_was_changed(desk, review):
    key = desk.create(
        "ReviewSessionObjectAnnotation",
        review_session_object_id=review.object,
        frame_number=12,
        data="[]",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    desk.update("ReviewSessionObjectAnnotation", key, data="[1]")
    row = desk.one("select created_at, updated_at, frame_number from ReviewSessionObjectAnnotation")
    assert row["created_at"]["value"] == LONG_AGO
    assert row["updated_at"]["value"] > LONG_AGO


def test_a_guest_writes_as_the_account_behind_the_invitation(desk, review):
    guest = desk.one("select resource_id from ReviewSessionInvitee")["resource_id"]
    desk.caller = SimpleNamespace(user_id=guest, username="", key_id=None, invitee_id=review.invitee)
    desk.create(
        "Note", content="c", parent_id=review.object, parent_type="ReviewSessionObject", frame_number=5
    )
    row = desk.one("select author.first_name, frame_number, project_id, recipients.resource_id from Note")
    assert row["author"]["first_name"] == "Ann"
    assert row["project_id"] == review.project
    assert [item["resource_id"] for item in row["recipients"]] == [guest]


def test_a_vote_that_is_handed_over_takes_the_place_of_the_other(desk, review):
    other = desk.create(
        "ReviewSessionInvitee", name="B", email="b@example.com", review_session_id=review.session
    )
    first, second = vote(review, "seen"), vote(review, "approved", review_session_invitee_id=other)
    desk.send(first, second)
    desk.update(
        "ReviewSessionObjectStatus", second["entity_data"]["id"], review_session_invitee_id=review.invitee
    )
    assert desk.one("select status from ReviewSessionObjectStatus")["status"] == "approved"
