"""What our session has beyond the official one, against the embedded server."""

import gc

import pytest

from ftrack_review import exception


@pytest.fixture
def shots(session, project):
    """Twelve shots in two sequences, with tasks."""
    made = []
    for sequence_number in range(2):
        sequence = session.create("Sequence", {"name": f"sq{sequence_number}", "parent": project})
        for number in range(6):
            shot = session.create("Shot", {"name": f"sh{sequence_number}{number}", "parent": sequence})
            session.create("Task", {"name": f"anim{number}", "parent": shot})
            made.append(shot)
    session.commit()
    return made


# Searching.


def test_a_search_finds_by_names_above(session, shots, project):
    found = session.search("Task", "anim3 sq1", expression="select name, parent.name from Task")
    assert [(task["name"], task["parent"]["name"]) for task in found] == [("anim3", "sh13")]


def test_a_search_stays_below_its_context_and_within_its_types(session, shots):
    below = session.search("TypedContext", "sh", context=shots[0]["parent"], object_types=["Shot"])
    assert sorted(shot["name"] for shot in below) == [f"sh0{number}" for number in range(6)]
    assert len(session.search("TypedContext", [], context=shots[0], object_types=["Task"])) == 1


# Streaming.


def test_a_stream_of_many_pages_holds_one(session, shots):
    session.reset()
    gc.collect()
    # The locations, where something asked for them already.
    before = len(session._identities)
    most = 0
    names = []
    for task in session.query("select name, parent.name from Task order by parent.name").stream(page_size=2):
        names.append(task["parent"]["name"])
        most = max(most, len(session._identities))
    assert names == sorted(f"sh{i}{j}" for i in range(2) for j in range(6))
    assert before < most <= before + 4  # A page of tasks with their shots.
    assert len(session._identities) == before


# Refreshing and populating.


@pytest.fixture
def other(session):
    """A second session on the same server."""
    import ftrack_review

    with ftrack_review.Session(
        session.server_url, api_key=session.api_key, api_user=session.api_user
    ) as opened:
        yield opened


def test_a_refresh_reads_what_others_changed_and_keeps_what_is_mine(session, shots, other):
    first, second = shots[:2]
    names = [first["name"], first["parent"]["name"], second["name"]]
    theirs = other.get("Shot", first["id"])
    theirs["name"], theirs["description"] = "theirs", "text"
    theirs["metadata"]["k"] = "v"
    other.commit()
    second["name"] = "mine"
    assert first["name"] == names[0]
    session.refresh(shots)
    assert (first["name"], second["name"]) == ("theirs", "mine")
    assert session.modified == [second]
    assert first["metadata"]["k"] == "v"


def test_a_refresh_tells_what_was_deleted(session, shots, other):
    other.delete(other.get("Shot", shots[3]["id"]))
    other.commit()
    assert session.refresh([*shots, shots[0]["parent"]]) == [shots[3]]


def test_everything_that_is_loaded_of_every_type_can_be_refreshed(session, shots, version, review_session):
    entities = []
    for entity_type in (
        "Project",
        "Task",
        "AssetVersion",
        "User",
        "ReviewSession",
        "Status",
        "NoteLabelLink",
    ):
        for entity in session.query(entity_type).all():
            dict(entity)
            entities.append(entity)
    assert session.refresh(entities) == []


def test_entities_of_mixed_types_are_populated(session, shots, project, requests_sent):
    entities = session.query("select id from Context").all()
    requests_sent.clear()
    session.populate(entities, "name, full_name, status.name")
    assert len(requests_sent) == len({entity.entity_type for entity in entities})
    with session.auto_populating(False):
        assert project["full_name"] == "Film"
        assert shots[0]["status"]["name"]


def test_an_idiom_is_populated_as_what_it_means(session, review_session):
    session.populate(review_session, "status")
    with session.auto_populating(False):
        assert review_session["status"] == "Open"


# Deleting.


def test_many_are_deleted_in_one_request(session, shots, requests_sent):
    session.delete(shots)
    assert len(session.deleted) == 12
    session.commit()
    assert len(requests_sent) == 1
    assert session.query("Shot").all() == []


def test_what_is_no_entity_is_not_half_deleted(session, shots):
    with pytest.raises(TypeError, match="is no entity"):
        session.delete([shots[0], "sh01"])
    assert session.deleted == []


# What is pending.


def test_pending_changes_read_as_a_difference(session, shots, project, requests_sent):
    shot = shots[0]
    done = session.query('select name from Status where name is "Completed"').first()
    before = shot["status"]["name"]
    note = shot.create_note("Please look", session.query("User").first())
    shot["status"] = done
    shot["metadata"]["k"] = "v"
    session.delete(shots[1])
    requests_sent.clear()
    text = str(session.commit(dry_run=True))
    assert requests_sent == []
    assert f"+ Note ({note['id']})" in text
    assert f"~ Shot sh00 ({shot['id']})" in text
    assert f"status: Status {before} (" in text
    assert f"-> Status Completed ({done['id']})" in text
    assert f"- Shot sh01 ({shots[1]['id']})" in text
    session.commit()
    assert not session.pending()


# Errors.


def error_of(session, *actions):
    with pytest.raises(exception.ServerError) as caught:
        session.call(list(actions))
    return caught.value


def create(entity_type, **data):
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def test_errors_tell_their_kind_attribute_and_hint(session, review_session):
    unknown = error_of(session, create("Task", nam="x"))
    assert isinstance(unknown, exception.ServerValidationError)
    assert (unknown.error_class, unknown.attribute, unknown.hint) == (
        "ValidationError",
        "nam",
        'The nearest is "name"',
    )
    wrong_type = error_of(session, create("Taks"))
    assert (wrong_type.attribute, wrong_type.hint) == ("entity_type", 'The nearest is "Task"')
    twice = error_of(session, create("User", username="admin"))
    assert isinstance(twice, exception.ServerDuplicateError)
    assert twice.attribute == "username"
    query = error_of(session, {"action": "query", "expression": "select nam from Task"})
    assert (query.action, query.attribute, query.hint) == ("query", "nam", "Did you mean name?")
    missing = error_of(
        session, {"action": "update", "entity_type": "Task", "entity_key": ["x"], "entity_data": {}}
    )
    assert isinstance(missing, exception.ServerNotFoundError)
    assert missing.attribute is None


def test_a_closed_review_says_how_to_go_on(session, review_session, version):
    item = session.create("ReviewSessionObject", {"review_session": review_session, "asset_version": version})
    session.commit()
    review_session["end_date"] = "2020-01-01T00:00:00"
    session.commit()
    with pytest.raises(exception.ServerPermissionDeniedError) as caught:
        item["name"] = "other"
        session.commit()
    assert caught.value.error_code == "review_session_closed"
    assert caught.value.hint.startswith("Reopen it first")
    session.rollback()
