import copy

import pytest

from ftrack_review import exception
from ftrack_review._loading import load
from ftrack_review.collection import (
    Collection,
    CustomAttributeCollectionProxy,
    KeyValueMappedCollectionProxy,
    PerSessionDefaultKeyMaker,
    memoise_session,
)
from tests.session_transport import AnsweredSession, record


@pytest.fixture
def notes(session):
    return load(session, [record("Note", f"n{index}", content=str(index)) for index in range(4)])


@pytest.fixture
def task(session, notes):
    (task,) = load(
        session,
        [
            record(
                "Task",
                "t1",
                object_type_id="type-task",
                project_id="p1",
                notes=[record("Note", "n0"), record("Note", "n1")],
                metadata=[{"__entity_type__": "Metadata", "parent_id": "t1", "key": "a", "value": "1"}],
                custom_attributes=[
                    {
                        "__entity_type__": "ContextCustomAttributeValue",
                        "configuration_id": "c1",
                        "entity_id": "t1",
                        "key": "fstart",
                        "value": 1001,
                    }
                ],
            )
        ],
    )
    return task


def last(session):
    return list(session.recorded_operations)[-1]


def test_changes_are_recorded_with_what_was_and_is(session, task, notes):
    collection = task["notes"]
    collection.append(notes[2])
    operation = last(session)
    assert (operation.entity_type, operation.attribute_name) == ("Task", "notes")
    assert [note["id"] for note in operation.old_value] == ["n0", "n1"]
    assert [note["id"] for note in operation.new_value] == ["n0", "n1", "n2"]
    collection.append(notes[3])
    collection.remove(notes[0])
    first = next(iter(session.recorded_operations))
    assert [note["id"] for note in first.new_value] == ["n0", "n1", "n2"]
    assert [note["id"] for note in last(session).old_value] == ["n0", "n1", "n2", "n3"]
    assert task["notes"] is collection


@pytest.mark.parametrize(
    "change",
    [
        lambda held, notes: held.append(notes[2]),
        lambda held, notes: held.insert(0, notes[2]),
        lambda held, notes: held.extend(notes[2:]),
        lambda held, notes: held.pop(),
        lambda held, notes: held.remove(notes[0]),
        lambda held, notes: held.reverse(),
        lambda held, notes: held.clear(),
        lambda held, notes: held.__setitem__(0, notes[3]),
        lambda held, notes: held.__setitem__(slice(0, 2), [notes[3]]),
        lambda held, notes: held.__delitem__(-1),
        lambda held, notes: held.__delitem__(slice(None)),
        lambda held, notes: held.__iadd__([notes[2]]),
    ],
)
def test_it_is_a_list_and_can_be_rolled_back(session, task, notes, change):
    expected = notes[:2]
    change(expected, notes)
    held = task["notes"]
    change(held, notes)
    assert list(held) == expected
    assert session.modified == [task]
    session.rollback()
    assert list(held) == notes[:2]
    assert list(task["notes"]) == notes[:2]


def test_nothing_is_held_twice(session, task, notes):
    held = task["notes"]
    for change in (
        lambda: held.append(notes[0]),
        lambda: held.insert(0, notes[1]),
        lambda: held.extend([notes[2], notes[2]]),
        lambda: held.__setitem__(0, notes[1]),
        lambda: Collection(task, held.attribute, data=[notes[0], notes[0]]),
    ):
        with pytest.raises(exception.DuplicateItemInCollectionError):
            change()
    held[0] = notes[0]
    assert list(held) == notes[:2]


def test_only_entities_are_held(session, task):
    with pytest.raises(exception.CollectionError, match="entities only"):
        task["notes"].append("x")
    with pytest.raises(NotImplementedError, match="Cannot convert"):
        task["notes"] = "text"


def test_immutable_collections(session, task, notes):
    held = task["notes"]
    held.mutable = False
    for change in (lambda: held.append(notes[2]), held.pop, lambda: held.__setitem__(0, notes[2])):
        with pytest.raises(exception.ImmutableCollectionError):
            change()
    assert list(held) == notes[:2]


def test_reading(session, task, notes):
    held = task["notes"]
    assert (held[0], held[-1], held[:1], len(held)) == (notes[0], notes[1], [notes[0]], 2)
    assert notes[0] in held
    assert notes[2] not in held
    assert held == copy.copy(held) == copy.deepcopy(held)
    assert held != [notes[0], notes[1]]
    assert held.index(notes[1]) == 1


def test_assigning_fills_the_collection_that_is_held(session, task, notes):
    held = task["notes"]
    task["notes"] = [notes[3]]
    assert task["notes"] is held
    assert list(held) == [notes[3]]
    task["notes"] = None
    assert list(held) == []
    session.rollback()
    assert list(held) == notes[:2]


def test_appending_many_stays_cheap(session, task):
    notes = load(session, [record("Note", f"m{index}") for index in range(3000)])
    for note in notes:
        task["notes"].append(note)
    assert len(last(session).new_value) == 3002
    held = {id(operation.new_value._source) for operation in session.recorded_operations}
    assert len(held) == 1


def test_metadata_is_a_mapping(session, task):
    metadata = task["metadata"]
    assert isinstance(metadata, KeyValueMappedCollectionProxy)
    assert (metadata["a"], "a" in metadata, "z" in metadata, metadata.get("z"), len(metadata)) == (
        "1",
        True,
        False,
        None,
        1,
    )
    metadata["a"] = "2"
    metadata["b"] = "3"
    assert dict(metadata) == {"a": "2", "b": "3"}
    assert metadata == {"a": "2", "b": "3"}
    del metadata["a"]
    assert list(metadata) == ["b"]
    for use in (lambda: metadata["a"], lambda: metadata.__delitem__("a")):
        with pytest.raises(KeyError, match="a"):
            use()
    session.rollback()
    assert dict(task["metadata"]) == {"a": "1"}


def test_metadata_sends_what_the_protocol_says(session, answers, task):
    task["metadata"]["a"] = "2"
    session.commit()
    task["metadata"]["b"] = "3"
    session.commit()
    del task["metadata"]["a"]
    session.commit()
    sent = [
        [(action["action"], action["entity_type"], action["entity_key"]) for action in request]
        for request in answers.take_requests()
    ]
    assert sent == [
        [("update", "Metadata", ["t1", "a"])],
        [("create", "Metadata", ["t1", "b"]), ("update", "Task", ["t1"])],
        [("update", "Task", ["t1"]), ("delete", "Metadata", ["t1", "a"])],
    ]


def test_assigning_a_mapping_replaces_all_metadata(session, answers, task):
    metadata = task["metadata"]
    task["metadata"] = {"b": "2"}
    assert dict(metadata) == {"b": "2"}
    session.commit()
    assert [action["action"] for action in answers.take_requests()[0]].count("delete") == 1
    task["metadata"] = {}
    assert dict(metadata) == {}
    with pytest.raises(NotImplementedError):
        task["metadata"] = ["x"]


CONFIGURATIONS = [
    record(
        "CustomAttributeConfiguration",
        key,
        key=name,
        entity_type=code,
        object_type_id=kind,
        project_id=project,
        is_hierarchical=inherited,
        default=default,
    )
    for key, name, code, kind, project, inherited, default in (
        ("c1", "fstart", "task", "type-task", None, False, 1001),
        ("c2", "fstart", "task", "type-task", "p1", False, 1),
        ("c3", "hier", "show", None, None, True, None),
        ("c4", "other", "task", "type-shot", None, False, 1),
        ("c5", "elsewhere", "task", "type-task", "p2", False, 1),
    )
]


def test_custom_attributes_send_an_update_of_the_value(session, answers, task):
    attributes = task["custom_attributes"]
    assert dict(attributes) == {"fstart": 1001}
    attributes["fstart"] = 5
    session.commit()
    assert answers.take_requests() == [
        [
            {
                "action": "update",
                "entity_type": "ContextCustomAttributeValue",
                "entity_key": ["c1", "t1"],
                "entity_data": {"__entity_type__": "ContextCustomAttributeValue", "value": 5},
            }
        ]
    ]
    assert attributes["fstart"] == 5
    for use in (lambda: attributes["nothing"], lambda: attributes.__setitem__("nothing", 1)):
        with pytest.raises(KeyError, match="nothing"):
            use()
    task["custom_attributes"] = {"fstart": 6}
    assert attributes["fstart"] == 6


def test_custom_attributes_of_a_new_entity(session, answers):
    answers.rows["CustomAttributeConfiguration"] = CONFIGURATIONS
    task = session.create("Task", {"id": "t9", "project_id": "p1", "custom_attributes": {"hier": "x"}})
    assert dict(task["custom_attributes"]) == {"fstart": 1, "hier": "x"}
    task["custom_attributes"]["fstart"] = 7
    assert len(answers.take_requests()) == 1
    session.commit()
    (sent,) = answers.take_requests()
    assert [(action["action"], action["entity_key"]) for action in sent] == [
        ("create", ["t9"]),
        ("update", ["c3", "t9"]),
        ("update", ["c2", "t9"]),
    ]
    assert task["custom_attributes"]["fstart"] == 7


def test_the_project_of_a_new_entity_is_found_through_its_parents(session, answers):
    answers.rows["CustomAttributeConfiguration"] = CONFIGURATIONS
    project = load(session, [record("Project", "p1")])[0]
    parent = session.create("Task", {"parent": project})
    child = session.create("Task", {"parent": parent})
    assert dict(child["custom_attributes"])["fstart"] == 1
    assert dict(session.create("Project", {})["custom_attributes"]) == {"hier": None}


def test_configurations_are_fetched_again_after_one_was_committed(session, answers):
    assert dict(session.create("Task", {})["custom_attributes"]) == {}
    session.create("CustomAttributeConfiguration", {"key": "x"})
    session.commit()
    answers.rows["CustomAttributeConfiguration"] = CONFIGURATIONS
    assert dict(session.create("Task", {})["custom_attributes"]) == {"fstart": 1001, "hier": None}


def test_the_proxy_over_configurations(session, answers, task):
    answers.rows["CustomAttributeConfiguration"] = CONFIGURATIONS
    attribute = task.attributes.get("custom_attributes")
    proxy = CustomAttributeCollectionProxy(
        Collection(task, attribute, data=list(task["custom_attributes"].collection))
    )
    assert sorted(proxy) == ["fstart", "hier"]
    assert (proxy["fstart"], proxy["hier"]) == (1, None)
    proxy["hier"] = "x"
    assert proxy["hier"] == "x"
    del proxy["hier"]
    assert proxy["hier"] is None
    assert proxy.get_configuration_id_from_key("hier") == "c3"
    with pytest.raises(KeyError):
        proxy["other"]


def test_results_are_remembered_per_session(session, answers):
    calls = []

    @memoise_session
    def count(session, name):
        calls.append(name)
        return len(calls)

    with AnsweredSession(answers) as other:
        assert [count(session, "a"), count(session, "a"), count(other, "a")] == [1, 1, 2]
        assert PerSessionDefaultKeyMaker().key(session) != PerSessionDefaultKeyMaker().key(other)
