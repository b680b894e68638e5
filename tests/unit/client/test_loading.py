import json

import arrow
import pytest

from ftrack_review import exception
from ftrack_review._loading import load
from ftrack_review.collection import Collection
from tests.session_transport import record


def test_there_is_one_entity_per_identity(session):
    first, second = load(session, [record("Task", "t1", name="a"), record("Task", "t1", bid=2.0)])
    assert first is second
    assert (first["name"], first["bid"]) == ("a", 2.0)
    assert load(session, [record("Task", "t1", name="b")]) == [first]
    assert first["name"] == "b"


def test_nested_records_meet_in_one_entity(session, answers):
    status = record("Status", "s1", name="Done")
    tasks = load(
        session,
        [record("Task", "t1", status=status), record("Task", "t2", status=record("Status", "s1"))],
    )
    assert tasks[0]["status"] is tasks[1]["status"]
    assert tasks[1]["status"]["name"] == "Done"
    assert answers.requests == []


def test_an_entity_within_itself_keeps_the_values_of_both_places(session, answers):
    """The server writes each value once in an answer, wherever the entity comes first."""
    project = record("Project", "p1", name="film")
    project["children"] = [
        record("Task", "t1", name="comp", parent=record("Project", "p1", context_type="show")),
        record("Task", "t2", parent=record("Project", "p1")),
    ]
    (loaded,) = load(session, [project])
    assert (loaded["name"], loaded["context_type"]) == ("film", "show")
    assert [child["parent"] is loaded for child in loaded["children"]] == [True, True]
    again = json.loads(
        json.dumps(
            record("Project", "p1", children=[record("Task", "t1", parent=record("Project", "p1", name="b"))])
        )
    )
    load(session, [again])
    assert (loaded["name"], loaded["context_type"], len(loaded["children"])) == ("b", "show", 1)
    assert answers.requests == []


def test_composite_keys(session):
    records = [
        {"__entity_type__": "Metadata", "parent_id": "a", "key": key, "value": "v"} for key in ("x", "y", "x")
    ]
    loaded = load(session, records)
    assert loaded[0] is loaded[2]
    assert loaded[0] is not loaded[1]
    assert session.get("Metadata", ["a", "y"]) is loaded[1]


def test_times_come_out_as_arrow_when_they_are_read(session):
    time = {"__type__": "datetime", "value": "2024-02-29T12:30:00"}
    (task,) = load(
        session, [record("Task", "t1", end_date=time, link=[{"id": "x"}], thumbnail_url={"url": "u"})]
    )
    assert task["end_date"] == arrow.get(2024, 2, 29, 12, 30)
    assert task["end_date"] is task["end_date"]
    assert task["link"] == [{"id": "x"}]
    assert task["thumbnail_url"] == {"url": "u"}


def test_what_was_set_locally_stays(session):
    (task,) = load(session, [record("Task", "t1", name="a", bid=1.0)])
    task["name"] = "local"
    load(session, [record("Task", "t1", name="b", bid=2.0)])
    assert (task["name"], task["bid"]) == ("local", 2.0)
    assert task.attributes.get("name").get_remote_value(task) == "b"
    session.rollback()
    assert task["name"] == "b"


def test_a_collection_that_somebody_holds_is_filled_anew(session):
    (task,) = load(session, [record("Task", "t1", notes=[record("Note", "n1")])])
    notes = task["notes"]
    load(session, [record("Task", "t1", notes=[record("Note", "n2"), record("Note", "n3")])])
    assert task["notes"] is notes
    assert [note["id"] for note in notes] == ["n2", "n3"]
    notes.append(session.get("Note", "n1"))
    load(session, [record("Task", "t1", notes=[])])
    assert len(notes) == 3
    session.rollback()
    assert isinstance(notes, Collection)
    assert len(notes) == 0


def test_unknown_members_are_not_attributes(session):
    (task,) = load(session, [record("Task", "t1", name="a", invented=3)])
    assert "invented" not in list(task)
    assert "invented" not in task
    assert "__entity_type__" not in task


def test_a_type_that_the_schema_lacks_is_an_error_and_leaves_nothing_half(session):
    with pytest.raises(exception.UnrecognisedEntityTypeError, match="Nothing"):
        load(session, [record("Task", "t1", status=record("Nothing", "x"))])
    assert session._identities.find("Task", "t1") is None
    (task,) = load(session, [record("Task", "t1", name="a")])
    assert task["name"] == "a"


def test_a_record_without_its_key_is_the_servers_fault(session):
    with pytest.raises(exception.ServerResponseError, match="'id'"):
        load(session, [record("Task", "t1", status={"__entity_type__": "Status"})])
    assert session._identities.find("Task", "t1") is None


def test_rows_without_a_type_pass_through_call(session, answers):
    answers.on_action = lambda action: {"action": "query", "data": [{"count_id": 3, "status_id": "s"}]}
    result = session.call([{"action": "query", "expression": "select count(id) from Task"}])
    assert result[0]["data"] == [{"count_id": 3, "status_id": "s"}]


def test_classes_with_an_init_of_their_own_are_called(session):
    cls = session.types["Task"]
    made = []

    class Special(cls):
        def __init__(self, *args, **kw):
            made.append(kw["data"])
            super().__init__(*args, **kw)

    session.types["Task"] = Special
    task, again = load(
        session, [record("Task", "t1", name="a", notes=[record("Note", "n")]), record("Task", "t1")]
    )
    assert type(task) is Special
    assert task is again
    assert made == [{"id": "t1"}]
    assert task["name"] == "a"
    assert task["notes"][0]["id"] == "n"
