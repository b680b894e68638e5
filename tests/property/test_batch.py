"""A collapsed batch does to a server what the plain one does.

The server is a model with everything that makes order matter: references that must exist, a relation that can be
set from either side, a relation of many to many, and deletions that take children along.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Optional

from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_review.operation import CreateEntityOperation, DeleteEntityOperation, UpdateEntityOperation
from ftrack_review.protocol import batch


class Entity:
    """Looks like a live entity to the batch."""

    primary_key_attributes = ("id",)

    def __init__(self, key):
        self.key = key

    def __getitem__(self, name):
        assert name == "id"
        return self.key


@dataclass
class Row:
    name: Optional[str] = None
    size: int = 0
    parent: Optional[str] = None
    members: List[str] = field(default_factory=list)


class Server:
    """A server in one dictionary, as strict as a real one."""

    def __init__(self, keys):
        self.rows: Dict[str, Row] = {key: Row() for key in keys}

    def key(self, value):
        key = value.key if isinstance(value, Entity) else value
        assert key is None or key in self.rows, f"dangling reference to {key}"
        return key

    def set(self, key, name, value):
        row = self.rows[key]
        if name in ("parent", "parent_id"):
            row.parent = self.key(value)
        elif name == "members":
            row.members = [self.key(item) for item in value]
        elif name == "children":
            wanted = [self.key(item) for item in value]
            for other in self.rows.values():
                if other.parent == key:
                    other.parent = None
            for child in wanted:
                self.rows[child].parent = key
        else:
            setattr(row, name, value)

    def delete(self, key):
        if self.rows.pop(key, None) is None:
            return
        for other, row in list(self.rows.items()):
            if key in row.members:
                row.members.remove(key)
            if row.parent == key:
                self.delete(other)

    def run(self, actions):
        for action in actions:
            (key,) = action["entity_key"]
            if action["action"] == "create":
                assert key not in self.rows
                self.rows[key] = Row()
            if action["action"] == "delete":
                self.delete(key)
            else:
                for name, value in action["entity_data"].items():
                    if name != "id":
                        self.set(key, name, value)
        return self.rows


def plain(operations):
    """Return the operations as actions, one each."""
    actions = []
    for operation in operations:
        key = list(operation.entity_key.values())
        if isinstance(operation, DeleteEntityOperation):
            actions.append({"action": "delete", "entity_key": key})
        elif isinstance(operation, CreateEntityOperation):
            actions.append({"action": "create", "entity_key": key, "entity_data": operation.entity_data})
        else:
            data = {operation.attribute_name: operation.new_value}
            actions.append({"action": "update", "entity_key": key, "entity_data": data})
    return actions


EXISTING = ["e0", "e1", "e2", "e3"]


KINDS = ("create", "name", "size", "parent", "parent_id", "members", "children", "delete")


@st.composite
def recorded(draw, kinds=KINDS):
    """Return operations that a session could record: each does what it says when it is its turn."""
    server = Server(EXISTING)
    operations = []
    created = set()
    gathered = {}
    for number in range(draw(st.integers(1, 14))):
        alive = sorted(server.rows)
        kind = draw(
            st.sampled_from(
                ["create", "name", "size", "parent", "parent_id", "members", "children", "delete"]
            )
        )
        if kind == "create" or not alive:
            key = f"n{number}"
            data = {"id": key, "name": draw(st.sampled_from(["a", "b"]))}
            if alive and draw(st.booleans()):
                data["parent"] = Entity(draw(st.sampled_from(alive)))
            operation = CreateEntityOperation("Task", {"id": key}, data)
            created.add(key)
        else:
            key = draw(st.sampled_from(alive))
            if kind == "delete":
                # What is created and deleted again leaves nothing behind, also nothing in its collections.
                if key in created and any(child for child in gathered.get(key, ())):
                    continue
                operation = DeleteEntityOperation("Task", {"id": key})
            else:
                value = draw_value(draw, kind, key, alive, gathered)
                operation = UpdateEntityOperation("Task", {"id": key}, kind, None, value)
        server.run(plain([operation]))
        operations.append(operation)
    return operations


def draw_value(draw, kind, key, alive, gathered):
    others = [other for other in alive if other != key]
    if kind == "name":
        return draw(st.sampled_from(["a", "b", *alive]))
    if kind == "size":
        return draw(st.integers(0, 3))
    if kind in ("parent", "parent_id"):
        target = draw(st.none() | st.sampled_from(others)) if others else None
        return Entity(target) if kind == "parent" and target else target
    chosen = draw(st.lists(st.sampled_from(others), unique=True, max_size=3)) if others else []
    if kind == "children":
        # Of several values of one collection the last one counts: what an earlier one held stays in it.
        chosen = list(dict.fromkeys([*(c for c in gathered.get(key, ()) if c in others), *chosen]))
        gathered[key] = chosen
    return [Entity(item) for item in chosen]


@settings(max_examples=500)
@given(recorded())
def test_the_effect_is_the_same(operations):
    expected = Server(EXISTING).run(plain(operations))
    actions = batch.collapse(operations)
    assert Server(EXISTING).run(actions) == expected
    assert len(actions) <= len(operations)
    careful = batch.collapse_any(operations)
    assert Server(EXISTING).run(careful) == expected
    assert len(careful) == len(actions)


@settings(max_examples=300)
@given(recorded(kinds=("create", "name", "size", "parent_id")))
def test_the_short_way_for_plain_batches_has_the_same_effect(operations):
    expected = Server(EXISTING).run(plain(operations))
    actions = batch.collapse(operations)
    assert Server(EXISTING).run(actions) == expected
    assert len(actions) == len(batch.collapse_any(operations))


@given(recorded())
def test_collapsing_twice_changes_nothing(operations):
    once = batch.collapse(operations)
    again = batch.collapse(operations)
    assert [(a["action"], a["entity_key"]) for a in once] == [(a["action"], a["entity_key"]) for a in again]


@given(recorded())
def test_creations_keep_their_order(operations):
    order = [op.entity_key["id"] for op in operations if isinstance(op, CreateEntityOperation)]
    kept = [action["entity_key"][0] for action in batch.collapse(operations) if action["action"] == "create"]
    assert kept == [key for key in order if key in kept]
