"""From the operations of a session to the fewest actions with the same effect.

A session records every change as it happens. What it sends is shorter: a value that was overwritten is left
out, what belongs to one entity travels together, and what came and went is not mentioned. Nothing may change
by that, so a change only moves to an earlier action of its entity where nothing in between has to do with it:

- no creation of something that it refers to,
- no deletion, which may free a name or take others along,
- no change of a relation from its other side: setting ``review_session`` of an object and setting
  ``review_session_objects`` of a session write the same column, and the later one counts.

This module knows no schema. It takes for a reference what looks like one (an entity, a reference as it
travels, a text that is the key of an entity in the batch), and rather sends one action more than a wrong one.

:func:`collapse` reads each value once and takes time in proportion to the number of operations. Used by the
unit of work of a session.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Dict, Hashable, Iterable, Iterator, List, Optional, Tuple

from ftrack_review.exception import OperationError
from ftrack_review.operation import (
    CreateEntityOperation,
    DeleteEntityOperation,
    Operation,
    UpdateEntityOperation,
    expand,
)
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.protocol.action import Action

__all__ = ["collapse", "collapse_any", "collapse_plain"]

#: What identifies an entity within a batch, without its type, as references may name a base type.
_Token = Hashable

_BEFORE = -1  # The index of an action before all others.


def collapse(operations: Iterable[Any]) -> List[Action]:
    """Return the fewest actions that have the effect of *operations*.

    The order of creation is kept, because a later action may refer to an
    entity that an earlier one creates. An entity that is created and
    deleted again leaves nothing behind, unless something else refers to it.
    Of several updates to one attribute the last one counts, and an update
    becomes part of the creation or an earlier update of its entity where
    nothing in between has to do with it. Values of an entity that is deleted
    later are not sent; its collections are, as they change others.

    The actions hold the values of the operations, live as they are; the
    caller encodes them. ``entity_data`` holds attributes only, not the type.

    *operations* is read once and left as it is, so that a session whose
    commit fails still holds all of its work. An update may be a tuple, as it
    lies in :class:`~ftrack_review.operation.Operations`.

    Raise :exc:`~ftrack_review.exception.OperationError` for an operation
    that the protocol cannot express.

    Example::

        >>> note = CreateEntityOperation("Note", {"id": "n1"}, {"id": "n1"})
        >>> text = UpdateEntityOperation("Note", {"id": "n1"}, "content", NOT_SET, "Nice")
        >>> [action["action"] for action in collapse([note, text])]
        ['create']

    """
    recorded = list(operations)
    actions = collapse_plain(recorded)
    return collapse_any(recorded) if actions is None else actions


_PLAIN, _ENTITY, _OTHER = 1, 2, 3

#: Whether values of a type neither hold nor refer to entities, or are entities. Filled as types come.
_kinds: Dict[type, int] = {bool: _PLAIN, int: _PLAIN, float: _PLAIN}


def collapse_plain(operations: List[Any]) -> Optional[List[Action]]:
    """Return the actions for a batch that only creates and sets single values; None for any other.

    There is one action for each entity, with everything that was set on it.

    References count as such where they follow the creation or another change of their entity.

    Most batches are such, and there is little to weigh: an update joins the latest action of its entity. As soon
    as something comes that takes more thought, that is left to :func:`collapse_any`. For speed: 2,000 creations
    and as many updates take half the time so.
    """
    actions: List[Action] = []
    created: Dict[_Token, int] = {}
    # By key, which is hardly ever that of two types: the index of the action, its data and its type.
    latest: Dict[Any, Tuple[int, Dict[str, Any], str]] = {}
    for operation in operations:
        kind = type(operation)
        if kind is tuple:
            entity_type, key_name, key, name, _, value = operation
            if not key_name:
                key = _key_of(key)
        elif kind is UpdateEntityOperation:
            entity_type, key = operation.entity_type, _key_of(operation.entity_key)
            name, value = operation.attribute_name, operation.new_value
        elif kind is CreateEntityOperation:
            entity_type, key = operation.entity_type, _key_of(operation.entity_key)
            name = None
        else:
            return None
        found = latest.get(key)
        if found is not None and found[2] != entity_type:
            return None
        if name is None:
            if found is not None:
                return None
            data = {name: value for name, value in operation.entity_data.items() if value is not NOT_SET}
            created[_token_of(list(operation.entity_key.values()))] = len(actions)
        else:
            if type(value) is str:
                if found is not None and (
                    # It may refer to what was created meanwhile, or stand for a reference under another name.
                    (created and created.get(value, _BEFORE) > found[0])
                    or (name[-3:] == "_id" and name[:-3] in found[1])
                ):
                    return None
            elif (_kinds.get(type(value)) or _kind_of(value)) != _PLAIN and (
                # A reference that is set right after the action it joins is part of it, as in every creation.
                found is None
                or found[0] != len(actions) - 1
                or (_kinds.get(type(value)) != _ENTITY and not _is_reference(value))
                or name + "_id" in found[1]
            ):
                return None
            if found is not None:
                found[1][name] = value
                continue
            data = {name: value}
        latest[key] = (len(actions), data, entity_type)
        actions.append(
            {
                "action": "create" if name is None else "update",
                "entity_type": entity_type,
                "entity_key": list(key) if type(key) is tuple else [key],
                "entity_data": data,
            }
        )
    return actions


def _key_of(entity_key: Mapping[str, Any]) -> Any:
    """Return what tells an entity from most others: the value of a single key, else the tuple of them."""
    values = tuple(entity_key.values())
    return values[0] if len(values) == 1 else values


def _kind_of(value: Any) -> int:
    """Return whether *value* is a number or time, an entity, or something else, and remember it of its type."""
    kind = type(value)
    found = _ENTITY if hasattr(kind, "primary_key_attributes") else _OTHER
    if hasattr(value, "isoformat"):
        found = _PLAIN
    if len(_kinds) < 1_000:
        _kinds[kind] = found
    return found


def collapse_any(operations: List[Any]) -> List[Action]:
    """Return the actions for any batch."""
    changes = _read(expand(each) for each in operations)
    _drop_vanished(changes)
    plan = _Plan()
    for change in changes:
        if change.is_sent:
            plan.add(change)
    return [action for action in plan.actions if action["action"] != "update" or action["entity_data"]]


class _Life:
    """What happens to one entity, from its creation, or the first that is known of it, to its deletion."""

    __slots__ = ("changes", "created", "deleted", "key", "latest", "token", "updates", "vanishes")

    def __init__(self, key: List[Any], *, created: bool) -> None:
        self.key = key
        self.token = _token_of(key)
        self.created = created
        self.deleted = False
        self.vanishes = False
        self.updates: Dict[str, _Change] = {}  # The update that counts, by attribute.
        self.changes: List[_Change] = []  # Kept for the few that are created and deleted.
        self.latest = _BEFORE  # The index of the action that a further change may join.


class _Change:
    """One operation, whether it is sent, and how many deletions came before it."""

    __slots__ = ("deletions", "is_sent", "life", "operation")

    def __init__(self, operation: Any, life: _Life, deletions: int) -> None:
        self.operation = operation
        self.life = life
        self.deletions = deletions
        self.is_sent = True

    def drop(self, deletions: int) -> None:
        """Do not send an update that is overwritten after so many *deletions*.

        A relation stays where something was deleted meanwhile: it may have moved an entity out of the way. Not
        so a collection that only became smaller.
        """
        operation = self.operation
        if (
            self.deletions == deletions
            or not _is_relation(operation.attribute_name, operation.new_value)
            or _only_removes(operation.old_value, operation.new_value)
        ):
            self.is_sent = False

    def values(self) -> Iterator[Any]:
        if isinstance(self.operation, CreateEntityOperation):
            yield from self.operation.entity_data.values()
        elif isinstance(self.operation, UpdateEntityOperation):
            yield self.operation.new_value


def _read(operations: Iterable[Operation]) -> List[_Change]:
    """Return the operations by entity, with those marked that something later makes pointless."""
    changes: List[_Change] = []
    lives: Dict[Tuple[str, _Token], _Life] = {}
    deletions = 0
    for operation in operations:
        if not isinstance(operation, (CreateEntityOperation, UpdateEntityOperation, DeleteEntityOperation)):
            raise OperationError(
                f"An operation of type {type(operation).__name__} cannot be sent to a server."
            )
        key = list(operation.entity_key.values())
        identity = (operation.entity_type, tuple(key))
        life = lives.get(identity)
        creates = isinstance(operation, CreateEntityOperation)
        if life is not None and life.deleted and isinstance(operation, DeleteEntityOperation):
            continue
        if life is None or life.deleted or creates:
            life = lives[identity] = _Life(key, created=creates)
        change = _Change(operation, life, deletions)
        changes.append(change)
        if isinstance(operation, UpdateEntityOperation):
            _supersede(change, life.updates)
        elif not creates:
            life.deleted = True
            if not life.created:
                for update in life.updates.values():
                    if not _is_collection(update.operation.new_value):
                        update.drop(deletions)
            deletions += 1
    return changes


def _supersede(change: _Change, updates: Dict[str, _Change]) -> None:
    """Enter *change* among the *updates* of its entity in place of the one that it overwrites."""
    name, value = change.operation.attribute_name, change.operation.new_value
    former = updates.get(name)
    if former is not None:
        former.drop(change.deletions)
    updates[name] = change
    if value is NOT_SET:
        change.is_sent = False
        return
    # "asset" and "asset_id" are one attribute where the former is a reference. ReviewSessionObject has a
    # "version" beside "version_id" that is a text and has nothing to do with it.
    other = updates.get(name[:-3]) if name.endswith("_id") else updates.get(name + "_id")
    if other is not None:
        reference = other.operation.new_value if name.endswith("_id") else value
        if _is_reference(reference):
            other.drop(change.deletions)


def _drop_vanished(changes: List[_Change]) -> None:
    """Mark what is created and deleted again, where nothing that is sent refers to it."""
    candidates: Dict[_Token, List[_Life]] = {}
    for change in changes:
        life = change.life
        if life.created and life.deleted:
            if not life.changes:
                life.vanishes = True
                candidates.setdefault(life.token, []).append(life)
            life.changes.append(change)
    if not candidates:
        return
    waiting = [change for change in changes if change.is_sent and not change.life.vanishes]
    while waiting:
        change = waiting.pop()
        for value in change.values():
            for token in _tokens(value):
                # An entity holds its own key, which is no reference.
                for life in candidates.pop(token, ()) if token != change.life.token else ():
                    life.vanishes = False
                    waiting.extend(further for further in life.changes if further.is_sent)
    for lives in candidates.values():
        for life in lives:
            for change in life.changes:
                change.is_sent = False


class _Plan:
    """The actions so far, and at which of them each entity was last touched."""

    def __init__(self) -> None:
        self.actions: List[Action] = []
        self.deleted = _BEFORE
        # All from the token of an entity to the index of the last action that ...
        self.created: Dict[_Token, int] = {}  # created it,
        self.changed: Dict[_Token, int] = {}  # created or updated it,
        self.listed: Dict[_Token, int] = {}  # put it in a collection of another,
        self.gathered: Dict[_Token, int] = {}  # set one of its collections,
        self.referred: Dict[_Token, int] = {}  # made another refer to it.

    def add(self, change: _Change) -> None:
        operation, life = change.operation, change.life
        if isinstance(operation, UpdateEntityOperation):
            self._add_update(operation, life)
        elif isinstance(operation, CreateEntityOperation):
            data = {name: value for name, value in operation.entity_data.items() if value is not NOT_SET}
            index = self._append("create", operation.entity_type, life, data)
            self.created[life.token] = index
            for value in data.values():
                self._note(value, life, index)
        else:
            self.actions.append(
                {"action": "delete", "entity_type": operation.entity_type, "entity_key": life.key}
            )
            self.deleted = len(self.actions) - 1

    def _append(self, action: str, entity_type: str, life: _Life, data: Dict[str, Any]) -> int:
        self.actions.append(
            {"action": action, "entity_type": entity_type, "entity_key": life.key, "entity_data": data}
        )
        index = len(self.actions) - 1
        life.latest = self.changed[life.token] = index
        return index

    def _add_update(self, operation: UpdateEntityOperation, life: _Life) -> None:
        name, value, index = operation.attribute_name, operation.new_value, life.latest
        joins = index != _BEFORE and (index == len(self.actions) - 1 or self._can_move(value, life, index))
        if not (joins and self._put(self.actions[index]["entity_data"], name, value)):
            index = self._append("update", operation.entity_type, life, {name: value})
        self._note(value, life, index)

    @staticmethod
    def _put(data: Dict[str, Any], name: str, value: Any) -> bool:
        """Set *name* in *data* and drop its other spelling. Return False where the two would be at odds."""
        if name.endswith("_id"):
            other = name[:-3]
            if other in data and (data[other] is None or _is_reference(data[other])):
                del data[other]
        elif name + "_id" in data:
            if value is None:
                return False
            if _is_reference(value):
                del data[name + "_id"]
        data[name] = value
        return True

    def _can_move(self, value: Any, life: _Life, index: int) -> bool:
        """Return whether a new *value* may be set at *index* already: nothing after it has to do with it."""
        if self.deleted > index:
            return False
        if isinstance(value, (int, float)):
            return True
        if self.listed and self.listed.get(life.token, _BEFORE) > index:
            return False
        if not isinstance(value, str) and _is_collection(value):
            if self.referred.get(life.token, _BEFORE) > index:
                return False
            others = (self.changed, self.listed)
        else:
            others = (self.created, self.gathered)
        for token in _tokens(value):
            for touched in others:
                if touched.get(token, _BEFORE) > index:
                    return False
        return True

    def _note(self, value: Any, life: _Life, index: int) -> None:
        """Remember what setting *value* at *index* touches."""
        if value is None or isinstance(value, (int, float)):
            return
        touched = self.referred
        if isinstance(value, str):  # Most are; the rest of the function would say the same.
            touched[value] = index if value not in touched else max(index, touched[value])
            return
        if _is_collection(value):
            self.gathered[life.token] = max(index, self.gathered.get(life.token, _BEFORE))
            touched = self.listed
        for token in _tokens(value):
            if touched.get(token, _BEFORE) < index:
                touched[token] = index


def _token_of(key: List[Any]) -> _Token:
    # The parts of a composite key come in any order in a reference.
    return key[0] if len(key) == 1 else tuple(sorted(map(str, key)))


def _is_reference(value: Any) -> bool:
    """Return whether *value* is an entity or the reference to one."""
    if value is None or isinstance(value, (str, int, float)):
        return False
    return hasattr(value, "primary_key_attributes") or (
        isinstance(value, Mapping) and "__entity_type__" in value
    )


def _is_relation(name: str, value: Any) -> bool:
    """Return whether setting *name* to *value* may change where an entity belongs."""
    if value is None:
        return True
    if isinstance(value, str):
        return name.endswith("_id")
    return _is_reference(value) or _is_collection(value)


def _only_removes(old_value: Any, new_value: Any) -> bool:
    """Return whether the collection *new_value* holds nothing that *old_value* did not."""
    if not (_is_collection(old_value) and _is_collection(new_value)) or len(new_value) > len(old_value):
        return False
    old, new = (getattr(value, "collection", value) for value in (old_value, new_value))
    # The same objects: anything else is a change that we need not understand.
    return set(map(id, new)) <= set(map(id, old))


def _is_collection(value: Any) -> bool:
    """Return whether *value* holds several entities, as a collection, a mapping of one, or a plain list."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return False
    if hasattr(value, "primary_key_attributes"):
        return False
    if isinstance(value, Mapping):
        return hasattr(value, "collection")
    return isinstance(value, Collection)


def _tokens(value: Any) -> Iterable[_Token]:
    """Return the token of every entity that *value* may refer to."""
    if isinstance(value, str):
        return (value,)
    if value is None or isinstance(value, (int, float)):
        return ()
    if _is_reference(value):
        return (_reference_token(value),)
    if _is_collection(value):
        members: Optional[Iterable[Any]] = getattr(value, "collection", None)
        return [
            item if isinstance(item, str) else _reference_token(item)
            for item in (value if members is None else members)
            if isinstance(item, str) or _is_reference(item)
        ]
    return ()


def _reference_token(reference: Any) -> _Token:
    names = getattr(reference, "primary_key_attributes", None)
    if names is None:
        names = [name for name in reference if name != "__entity_type__"]
        if "id" in names:
            return reference["id"]  # type: ignore[no-any-return]
    return _token_of([reference[name] for name in names])
