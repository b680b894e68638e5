"""The fewest actions, and none that mean something else. See also tests/property/test_batch.py."""

import sys
from collections import Counter

import pytest

from ftrack_review.exception import OperationError
from ftrack_review.operation import (
    CreateEntityOperation,
    DeleteEntityOperation,
    Operation,
    UpdateEntityOperation,
)
from ftrack_review.protocol import batch
from ftrack_review.symbol import NOT_SET


class Entity:
    primary_key_attributes = ("id",)

    def __init__(self, key):
        self.key = key

    def __getitem__(self, name):
        return {"id": self.key}[name]


class Mapped(dict):
    """A collection shown as a mapping."""

    def __init__(self, collection):
        super().__init__()
        self.collection = collection


def create(key, **data):
    return CreateEntityOperation("Task", {"id": key}, {"id": key, **data})


def update(key, name, value):
    return UpdateEntityOperation("Task", {"id": key}, name, NOT_SET, value)


def delete(key):
    return DeleteEntityOperation("Task", {"id": key})


def collapsed(*operations):
    """Return the actions in short: what, whose, and the data without the key."""
    short = []
    for action in batch.collapse(operations):
        assert action["entity_type"] == "Task"
        data = {name: value for name, value in action.get("entity_data", {}).items() if name != "id"}
        short.append((action["action"], action["entity_key"][0], data))
    return short


PARENT = Entity("p")
A, B = Entity("a"), Entity("b")
THREE = [A, B, Entity("c")]

CASES = {
    "nothing": ((), []),
    "a creation with what follows": (
        (create("a", name="x"), update("a", "parent", PARENT), update("a", "name", "y")),
        [("create", "a", {"name": "y", "parent": PARENT})],
    ),
    "the last update counts": (
        (update("a", "name", "x"), update("b", "name", "y"), update("a", "name", "z")),
        [("update", "a", {"name": "z"}), ("update", "b", {"name": "y"})],
    ),
    "updates of one entity travel together": (
        (update("a", "name", "x"), update("b", "name", "y"), update("a", "size", 1)),
        [("update", "a", {"name": "x", "size": 1}), ("update", "b", {"name": "y"})],
    ),
    "an update goes past what has nothing to do with it": (
        (create("a"), create("b"), update("a", "name", "x"), update("b", "name", "x")),
        [("create", "a", {"name": "x"}), ("create", "b", {"name": "x"})],
    ),
    "a reference waits for its entity": (
        (create("a"), create("b"), update("a", "parent", B), update("a", "size", 1)),
        [("create", "a", {}), ("create", "b", {}), ("update", "a", {"parent": B, "size": 1})],
    ),
    "so does an id": (
        (create("a"), create("b"), update("a", "parent_id", "b")),
        [("create", "a", {}), ("create", "b", {}), ("update", "a", {"parent_id": "b"})],
    ),
    "so does a collection": (
        (create("a"), create("b"), update("a", "children", [B])),
        [("create", "a", {}), ("create", "b", {}), ("update", "a", {"children": [B]})],
    ),
    "so does a mapped collection": (
        (create("a"), create("b"), update("a", "metadata", mapped := Mapped([B]))),
        [("create", "a", {}), ("create", "b", {}), ("update", "a", {"metadata": mapped})],
    ),
    "so does a reference as it travels": (
        (create("a"), create("b"), update("a", "parent", {"__entity_type__": "Context", "id": "b"})),
        [("create", "a", {}), ("create", "b", {}), ("update", "a", {"parent": {"__entity_type__": "Context", "id": "b"}})],
    ),
    "a reference to what was there before does not wait": (
        (create("a"), create("b"), update("a", "parent", PARENT)),
        [("create", "a", {"parent": PARENT}), ("create", "b", {})],
    ),
    "nothing goes past a deletion": (
        (create("a"), delete("b"), update("a", "name", "name of b")),
        [("create", "a", {}), ("delete", "b", {}), ("update", "a", {"name": "name of b"})],
    ),
    "the two sides of a relation keep their order": (
        (create("a"), update("p", "children", [A]), update("a", "parent", B)),
        [("create", "a", {}), ("update", "p", {"children": [A]}), ("update", "a", {"parent": B})],
    ),
    "also where a side is emptied": (
        (create("a"), update("p", "children", []), update("a", "parent", PARENT)),
        [("create", "a", {}), ("update", "p", {"children": []}), ("update", "a", {"parent": PARENT})],
    ),
    "what came and went is not mentioned": (
        (create("a", name="x"), update("a", "parent", PARENT), delete("a")),
        [],
    ),
    "nor what only such things refer to": (
        (create("a"), create("b", parent=A), update("a", "children", [B]), delete("b"), delete("a")),
        [],
    ),
    "it stays where something refers to it": (
        (create("a"), create("b", parent_id="a"), delete("a")),
        [("create", "a", {}), ("create", "b", {"parent_id": "a"}), ("delete", "a", {})],
    ),
    "it goes where the reference went": (
        (create("a"), update("b", "parent", A), update("b", "parent", None), delete("a")),
        [("update", "b", {"parent": None})],
    ),
    "what existed is deleted": ((update("a", "name", "x"), delete("a")), [("delete", "a", {})]),
    "once": ((delete("a"), delete("a")), [("delete", "a", {})]),
    "its collections count, as others are in them": (
        (update("a", "children", []), delete("a")),
        [("update", "a", {"children": []}), ("delete", "a", {})],
    ),
    "its relations count where others went meanwhile": (
        (update("a", "parent", PARENT), update("a", "name", "x"), delete("b"), delete("a")),
        [("update", "a", {"parent": PARENT}), ("delete", "b", {}), ("delete", "a", {})],
    ),
    "a collection that only shrinks does not count meanwhile": (
        (
            UpdateEntityOperation("Task", {"id": "p"}, "children", THREE, THREE[:2]),
            delete("c"),
            UpdateEntityOperation("Task", {"id": "p"}, "children", THREE[:2], THREE[:1]),
            delete("b"),
        ),
        [("delete", "c", {}), ("update", "p", {"children": THREE[:1]}), ("delete", "b", {})],
    ),
    "one that grows does": (
        (
            UpdateEntityOperation("Task", {"id": "p"}, "children", THREE[:1], THREE[:2]),
            delete("q"),
            UpdateEntityOperation("Task", {"id": "p"}, "children", THREE[:2], THREE),
        ),
        [("update", "p", {"children": THREE[:2]}), ("delete", "q", {}), ("update", "p", {"children": THREE})],
    ),
    "deleted and made again": (
        (delete("a"), create("a", name="x"), update("a", "name", "y")),
        [("delete", "a", {}), ("create", "a", {"name": "y"})],
    ),
    "made, deleted and made again": (
        (create("a", name="x"), delete("a"), create("a", name="y")),
        [("create", "a", {"name": "y"})],
    ),
    "what is not set is not sent": (
        (create("a", name=NOT_SET), update("b", "name", "x"), update("b", "name", NOT_SET), update("b", "size", NOT_SET)),
        [("create", "a", {})],
    ),
    "a reference and its id are one": (
        (update("a", "parent", PARENT), update("a", "parent_id", "q")),
        [("update", "a", {"parent_id": "q"})],
    ),
    "the other way too": (
        (create("a", parent_id="q"), update("a", "parent", PARENT)),
        [("create", "a", {"parent": PARENT})],
    ),
    "unless the name is a text of its own": (
        (create("a", version="Version 1"), update("a", "version_id", "v"), update("a", "version", "Version 2")),
        [("create", "a", {"version_id": "v", "version": "Version 2"})],
    ),
    "nothing and an id do not travel together": (
        (update("a", "parent_id", "q"), update("a", "parent", None)),
        [("update", "a", {"parent_id": "q"}), ("update", "a", {"parent": None})],
    ),
    "both may be created together": (
        (create("a", parent=PARENT, parent_id="p"),),
        [("create", "a", {"parent": PARENT, "parent_id": "p"})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cases(name):
    operations, wanted = CASES[name]
    assert collapsed(*operations) == wanted
    # Without the short way for plain batches, the answer is the same but for the order of unrelated updates.
    slow = batch.collapse_any(list(operations))
    assert sorted(map(repr, slow)) == sorted(map(repr, batch.collapse(operations)))


def test_actions_have_the_form_of_the_protocol():
    key = {"parent_id": "a", "key": "k"}
    operations = [
        CreateEntityOperation("Metadata", key, {**key, "value": "v"}),
        UpdateEntityOperation("Metadata", {"parent_id": "b", "key": "k"}, "value", "v", "w"),
        DeleteEntityOperation("Metadata", {"parent_id": "c", "key": "k"}),
    ]
    assert batch.collapse(operations) == [
        {"action": "create", "entity_type": "Metadata", "entity_key": ["a", "k"], "entity_data": {**key, "value": "v"}},
        {"action": "update", "entity_type": "Metadata", "entity_key": ["b", "k"], "entity_data": {"value": "w"}},
        {"action": "delete", "entity_type": "Metadata", "entity_key": ["c", "k"]},
    ]  # fmt: skip


def test_operations_are_left_as_they_are():
    operations = [create("a", name="x"), update("a", "name", "y"), update("a", "size", 1), delete("b")]
    before = [repr(vars_of(operation)) for operation in operations]
    batch.collapse(operations)
    assert [repr(vars_of(operation)) for operation in operations] == before


def vars_of(operation):
    return {name: getattr(operation, name) for name in type(operation).__slots__}


def test_what_is_no_operation_of_the_protocol_is_refused():
    with pytest.raises(OperationError, match="Operation"):
        batch.collapse([Operation()])


@pytest.mark.parametrize("interleaved", [True, False])
def test_the_work_grows_with_the_number_of_operations_only(interleaved):
    def calls(count):
        keys = [str(number) for number in range(count)]
        if interleaved:
            operations = [create(key) for key in keys]
            operations += [update(key, f"a{n}", f"v{n}") for n in range(5) for key in keys]
        else:
            operations = [
                item
                for key in keys
                for item in (create(key), *(update(key, f"a{n}", PARENT) for n in range(5)))
            ]
        events = Counter()
        sys.setprofile(lambda frame, event, argument: events.update((event,)))
        try:
            actions = batch.collapse(operations)
        finally:
            sys.setprofile(None)
        assert len(actions) == count
        return events.total() if hasattr(events, "total") else sum(events.values())

    assert calls(2_000) < 10.5 * calls(200)
