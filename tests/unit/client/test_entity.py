import copy
import warnings

import pytest

import ftrack_review
from ftrack_review import exception, inspection
from ftrack_review._loading import load
from ftrack_review.entity.base import DynamicEntityTypeMetaclass, Entity, make_uid
from ftrack_review.symbol import NOT_SET
from tests.session_transport import AnsweredSession, record


def operations(session):
    return [
        (type(operation).__name__[:6], operation.entity_type, getattr(operation, "attribute_name", None))
        for operation in session.recorded_operations
    ]


def test_creating_applies_defaults_and_makes_the_key(session):
    task = session.create("Task", {"name": "a", "bid": 2.0})
    other = session.create("Task", {"name": "a"})
    assert len(task["id"]) == 36
    assert task["id"] != other["id"]
    assert (task["object_type_id"], task["bid"], other["bid"]) == ("type-task", 2.0, 0.0)
    (first, _) = session.recorded_operations
    assert first.entity_key == {"id": task["id"]}
    assert first.entity_data == {"id": task["id"], "name": "a", "bid": 2.0, "object_type_id": "type-task"}
    assert session.get("Task", task["id"]) is task


def test_ids_are_random_uuids():
    import uuid

    made = {make_uid() for _ in range(100)}
    assert len(made) == 100
    assert all(uuid.UUID(text).version == 4 and uuid.UUID(text).variant == uuid.RFC_4122 for text in made)
    assert all(str(uuid.UUID(text)) == text for text in made)


def test_relations_in_a_creation_follow_it_as_updates(session):
    status = session.create("Status", {"name": "x"})
    note = session.create("Note", {"content": "c"})
    session.recorded_operations.clear()
    task = session.create("Task", {"status": status, "name": "a", "notes": [note], "metadata": {"k": "v"}})
    assert operations(session) == [
        ("Create", "Task", None),
        ("Update", "Task", "status"),
        ("Update", "Task", "notes"),
        ("Create", "Metadata", None),
        ("Update", "Task", "metadata"),
    ]
    assert task["status"] is status
    assert list(task["notes"]) == [note]
    assert dict(task["metadata"]) == {"k": "v"}


def test_metadata_knows_its_parent_by_schema_name(session):
    task = session.create("Task", {"metadata": {"k": "v"}})
    metadata = session.get("Metadata", [task["id"], "k"])
    assert (metadata["parent_id"], metadata["parent_type"], metadata["value"]) == (task["id"], "Task", "v")


def test_unknown_attributes_of_a_creation_are_dropped_with_a_warning_that_names_the_nearest(session):
    with pytest.warns(UserWarning, match="'nam'.*Did you mean 'name'") as caught:
        task = session.create("Task", {"nam": "a"})
    assert caught[0].filename == __file__
    assert task["name"] is NOT_SET


def test_unknown_attributes_can_be_made_an_error(answers):
    with AnsweredSession(answers, strict_attributes=True) as session:
        with pytest.raises(exception.UnrecognisedAttributeError, match="Did you mean 'name'"):
            session.create("Task", {"nam": "a"})
        assert len(session.recorded_operations) == 0


def test_unknown_attributes_elsewhere_are_key_errors(session):
    (task,) = load(session, [record("Task", "t1")])
    for use in (
        lambda: task["nam"],
        lambda: task.__setitem__("nam", 1),
        lambda: task.__delitem__("nam"),
    ):
        with pytest.raises(KeyError, match="Did you mean 'name'"):
            use()
    assert task.get("nam", 5) == 5
    assert "nam" not in task
    assert "name" in task


def test_unknown_types_name_the_nearest(session):
    for use in (
        lambda: session.create("Taks"),
        lambda: session.get("Taks", "x"),
        lambda: session.types["Taks"],
    ):
        with pytest.raises(
            exception.UnrecognisedEntityTypeError, match='^The server.*Did you mean "Task"'
        ) as caught:
            use()
        # What scripts catch: the official client raises it for a type that is not there.
        assert isinstance(caught.value, KeyError)
    assert "Taks" not in session.types
    assert session.types.get("Taks") is None


def test_immutable_attributes_change_only_while_they_have_no_value(session):
    (task,) = load(session, [record("Task", "t1", link=[])])
    for name in ("id", "link"):
        with pytest.raises(exception.ImmutableAttributeError, match=name):
            task[name] = "x"
    project = session.create("Project", {})
    project["link"] = ["x"]
    with pytest.raises(exception.ImmutableAttributeError):
        project["link"] = ["y"]


def test_setting_moves_the_remote_value_aside_and_not_set_brings_it_back(session):
    (task,) = load(session, [record("Task", "t1", name="a")])
    name = task.attributes.get("name")
    assert (name.get_local_value(task), name.get_remote_value(task)) == (NOT_SET, "a")
    task["name"] = "b"
    assert (name.get_local_value(task), name.get_remote_value(task)) == ("b", "a")
    assert name.is_modified(task)
    assert name.is_set(task)
    task["name"] = "a"
    assert not name.is_modified(task)
    task["name"] = NOT_SET
    assert (task["name"], name.get_local_value(task)) == ("a", NOT_SET)
    task["name"] = "c"
    del task["name"]
    assert task["name"] == "a"
    task["bid"] = 1.0
    task.clear()
    assert task._remote is None
    assert session._identities.changed == {}
    assert name.get_entity_storage(task)["name"] == {"local": NOT_SET, "remote": "a"}


def test_creation_that_fails_halfway_leaves_nothing(session):
    with pytest.raises(exception.CollectionError):
        session.create("Task", {"name": "a", "metadata": {"k": "v"}, "notes": ["no entity"]})
    assert list(session.recorded_operations) == []
    assert session._identities.changed == {}
    assert list(session._identities.of_type("Metadata")) == []


def test_a_composite_key_is_taken_from_references(session):
    note = session.create("Note", {"id": "n1"})
    label = session.create("Status", {"id": "l1"})
    link = session.create("NoteLabelLink", {"note": note, "label": label})
    assert inspection.primary_key(link) == {"note_id": "n1", "label_id": "l1"}
    with pytest.raises(exception.OperationError, match="'label_id'"):
        session.create("NoteLabelLink", {"note": note})


def test_creating_what_is_known_gives_the_one_entity(session):
    first = session.create("Status", {"id": "s1", "name": "a"})
    second = session.create("Status", {"id": "s1", "name": "b"})
    assert first is second
    assert first["name"] == "b"


def test_reconstructing_records_nothing(session, answers):
    user = session.create("User", {"id": "u1", "username": "a"}, reconstructing=True)
    assert len(session.recorded_operations) == 0
    assert session.get("User", "u1") is user
    assert user.attributes.get("username").get_remote_value(user) == "a"
    assert answers.requests == []


def test_identity_equality_and_text(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    with AnsweredSession(answers) as other:
        (same,) = load(other, [record("Task", "t1", name="b")])
        assert task == same
        assert hash(task) == hash(same)
        assert len({task, same}) == 1
    (status,) = load(session, [record("Status", "t1")])
    assert task != status
    assert task != "t1"
    assert inspection.identity(task) == ("Task", ["t1"])
    assert str(task) == "<Task(t1)>"
    assert repr(task) == f"<dynamic ftrack Task object {id(task)}>"
    assert repr(type(task)) == "<dynamic ftrack class 'Task'>"
    assert isinstance(type(task), DynamicEntityTypeMetaclass)
    assert isinstance(task, Entity)


def test_a_mapping_of_all_attributes(session):
    (task,) = load(session, [record("Task", "t1", name="a")])
    assert len(task) == len(list(task)) == len(task.keys())
    with session.auto_populating(False):
        assert dict(task)["name"] == "a"
        assert task.items()[:2] == list(task.items())[:2]
        assert task.values() == [value for _, value in task.items()]
    assert "custom_attribute_links" not in task


def test_mixin_gives_one_instance_more_methods(session):
    (task, other) = load(session, [record("Task", "t1"), record("Task", "t2")])

    class Greeting:
        def greet(self):
            return f"hello {self['id']}"

    ftrack_review.mixin(task, Greeting)
    ftrack_review.mixin(task, Greeting, name="Again")
    assert task.greet() == "hello t1"
    assert type(task).__name__ == "TaskGreeting"
    assert not hasattr(other, "greet")
    assert session.get("Task", "t1") is task
    task.note = "scripts attach things"
    assert task.note


def test_entities_take_little_memory(session):
    import tracemalloc

    records = [record("Task", f"t{index}") for index in range(2000)]
    load(session, records[:1])
    tracemalloc.start()
    try:
        loaded = load(session, records)
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size_bytes / len(loaded) < 250


def test_warnings_do_not_come_for_known_attributes(session):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.create("Task", {"name": "a", "status": None, "end_date": NOT_SET})


def test_copying_an_entity_value_of_an_operation_is_left_to_operations(session):
    (task,) = load(session, [record("Task", "t1", link=["a"])])
    assert copy.copy(list(task["link"])) == ["a"]


def test_merging_an_entity_of_another_session(session, answers):
    with AnsweredSession(answers) as other:
        (theirs,) = load(
            other,
            [
                record(
                    "Task",
                    "t1",
                    name="a",
                    status=record("Status", "s1", name="x"),
                    notes=[record("Note", "n")],
                )
            ],
        )
        theirs["bid"] = 9.0
        ours = session.merge(theirs)
        assert ours is not theirs
        assert ours.session is session
        assert (ours["name"], ours["bid"], ours["status"]["name"]) == ("a", 9.0, "x")
        assert ours["status"].session is session
        assert ours["notes"][0].session is session
        assert session.merge({"x": [theirs]})["x"][0] is ours
        changes = ours.merge(theirs)
        assert changes == []
        other.rollback()
    assert len(session.recorded_operations) == 0
