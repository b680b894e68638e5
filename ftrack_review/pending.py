"""What a commit would send, as a value: entity by entity, attribute by attribute, the old and the new.

:meth:`ftrack_review.session.Session.pending` and ``commit(dry_run=True)`` return it. It is made of the operations
as they are at that moment and asks the server nothing, so that an old value is what the session knows of it. What may
be secret is left out of texts, and stays in the values.
"""

from __future__ import annotations

import collections.abc
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ftrack_review import _encoding
from ftrack_review._identity import make_key
from ftrack_review.collection import Collection, MappedCollectionProxy
from ftrack_review.operation import UpdateEntityOperation
from ftrack_review.protocol import batch
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.operation import Operation
    from ftrack_review.session import Session

__all__ = ["AttributeChange", "EntityChange", "PendingChanges", "find_pending"]

#: What stands for a value that may be secret.
HIDDEN = "***"

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase)|secret|token|api_?key|credential|private_?key", re.IGNORECASE
)
# The password of an address, and parameters of it that let their bearer in.
_SECRET_TEXT = re.compile(
    r"(?P<before>://[^/\s:@]*:)[^/\s@]+(?=@)|(?P<name>\b[\w-]*(?:apikey|api_key|token|signature|secret|password)=)[^&\s\"]+",
    re.IGNORECASE,
)
_LONGEST_VALUE = 100
_MOST_MEMBERS = 5
_SIGNS = {"create": "+", "update": "~", "delete": "-"}
#: Where an entity that is known by its key has a name for people, the best first.
_NAMES = ("name", "full_name", "username", "key", "label")


@dataclass(frozen=True, repr=False)
class AttributeChange:
    """A new value of one attribute.

    *old* is what the server holds as far as the session knows, and :data:`~ftrack_review.symbol.NOT_SET` where it does
    not, or where the entity is new. Entities are themselves, collections are tuples of entities.
    """

    name: str
    old: Any
    new: Any
    is_secret: bool = False

    def __str__(self) -> str:
        """Return the name and both values, on one line and without what may be secret."""
        new = HIDDEN if self.is_secret else _describe(self.new)
        if isinstance(self.old, tuple) and isinstance(self.new, tuple):
            return f"{self.name}: {_describe_difference(self.old, self.new)}"
        return f"{self.name}: {self._describe_old()} -> {new}"

    def _describe_old(self) -> str:
        if self.old is NOT_SET:
            return "(not loaded)"
        return HIDDEN if self.is_secret else _describe(self.old)

    def __repr__(self) -> str:
        """Return the type and what :meth:`__str__` says."""
        return f"<{type(self).__name__} {self}>"


@dataclass(frozen=True, repr=False)
class EntityChange:
    """What happens to one entity, as one action of the batch.

    *kind* is ``create``, ``update`` or ``delete``, *key* the primary key by attribute name. *entity* is the entity
    where the session knows it. An entity may appear more than once, where the order of things asks for it.
    """

    kind: str
    entity_type: str
    key: Mapping[str, Any]
    entity: Optional[Entity]
    attributes: Tuple[AttributeChange, ...] = ()

    def __iter__(self) -> Iterator[AttributeChange]:
        """Iterate over the changes of the attributes."""
        return iter(self.attributes)

    def __str__(self) -> str:
        """Return a line for the entity and, below it, one for each attribute."""
        name = _name_of(self.entity)
        key = ", ".join(map(str, self.key.values()))
        lines = [f"{_SIGNS[self.kind]} {self.entity_type}{'' if name is None else ' ' + name} ({key})"]
        for attribute in self.attributes:
            if self.kind != "create":
                lines.append(f"    {attribute}")
            elif attribute.name not in self.key:
                value = HIDDEN if attribute.is_secret else _describe(attribute.new)
                lines.append(f"    {attribute.name}: {value}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the type and what happens to what."""
        key = ", ".join(map(str, self.key.values()))
        return f"<{type(self).__name__} {self.kind} {self.entity_type} ({key})>"


class PendingChanges(collections.abc.Sequence):  # type: ignore[type-arg]
    """What a commit would send: a sequence of :class:`EntityChange` in the order of the batch.

    It is empty, and false, where there is nothing to commit. Its text is a difference to be read::

        + Note (4c0c...)
            content: "Looks good"
        ~ Task anim (9f3e...)
            status: Status Not started (44dd...) -> Status Approved (44de...)

    .. versionadded:: 3.1.0
    """

    def __init__(self, changes: Iterable[EntityChange]) -> None:
        """Initialise with the *changes*."""
        self._changes = tuple(changes)

    def __getitem__(self, index: Any) -> Any:
        """Return the change at *index*, or those of a slice as a value like this."""
        if isinstance(index, slice):
            return PendingChanges(self._changes[index])
        return self._changes[index]

    def __len__(self) -> int:
        """Return the number of actions that the batch would have."""
        return len(self._changes)

    def of(self, entity: Entity) -> PendingChanges:
        """Return the changes of *entity*."""
        return PendingChanges(change for change in self._changes if change.entity == entity)

    def __str__(self) -> str:
        """Return the difference, without what may be secret."""
        return "\n".join(map(str, self._changes)) or "Nothing to commit."

    def __repr__(self) -> str:
        """Return the type and how many changes there are of each kind."""
        counts = {kind: sum(change.kind == kind for change in self._changes) for kind in _SIGNS}
        return f"<{type(self).__name__} {', '.join(f'{kind}: {count}' for kind, count in counts.items())}>"


def find_pending(session: Session, *, encode: bool = False) -> PendingChanges:
    """Return what a commit of *session* would send now.

    With *encode* also make the text that would be sent, and raise what a commit raises where that cannot be made.
    """
    with session._lock:
        operations = list(session.recorded_operations)
        actions = batch.collapse(operations)
        old_values = _OldValues(session, operations)
        pending = PendingChanges([_read_action(session, action, old_values) for action in actions])
        if encode and actions:
            _encoding.encode_actions(actions)
    return pending


def _read_action(session: Session, action: Dict[str, Any], old_values: _OldValues) -> EntityChange:
    entity_type, key = action["entity_type"], action["entity_key"]
    entity = session._identities.find(entity_type, make_key(key))
    data: Mapping[str, Any] = action.get("entity_data") or {}
    kept_under = data.get("key", None if entity is None else entity._values.get("key"))
    is_value_secret = isinstance(kept_under, str) and _SECRET_NAME.search(kept_under) is not None
    return EntityChange(
        kind=action["action"],
        entity_type=entity_type,
        key=dict(zip(session.types[entity_type].primary_key_attributes, key)),
        entity=entity,
        attributes=tuple(
            AttributeChange(
                name,
                NOT_SET if action["action"] == "create" else old_values.find(entity, entity_type, key, name),
                _freeze(value),
                _SECRET_NAME.search(name) is not None or (name == "value" and is_value_secret),
            )
            for name, value in data.items()
        ),
    )


class _OldValues:
    """What the server holds, as far as a session knows without asking."""

    def __init__(self, session: Session, operations: List[Operation]) -> None:
        self._session = session
        self._operations = operations
        self._replaced: Optional[Dict[Tuple[str, Any, str], Any]] = None

    def find(self, entity: Optional[Entity], entity_type: str, key: List[Any], name: str) -> Any:
        attribute = None if entity is None else entity.attributes.get(name)
        if entity is not None and attribute is not None and name in (entity._remote or ()):
            return _freeze(attribute.get_remote_value(entity))
        if self._replaced is None:
            # The first operation of each attribute knows what was there before all of them.
            self._replaced = {}
            for operation in self._operations:
                if isinstance(operation, UpdateEntityOperation):
                    place = make_key(list(operation.entity_key.values()))
                    self._replaced.setdefault(
                        (operation.entity_type, place, operation.attribute_name), operation.old_value
                    )
        return _freeze(self._replaced.get((entity_type, make_key(key), name), NOT_SET))


def _freeze(value: Any) -> Any:
    """Return *value* as it is now: a collection as the tuple of its entities."""
    if isinstance(value, MappedCollectionProxy):
        value = value.collection
    return tuple(value) if isinstance(value, Collection) else value


def _name_of(entity: Any) -> Optional[str]:
    """Return what people call *entity*, if that is known, on one line."""
    values: Mapping[str, Any] = getattr(entity, "_values", {})
    for name in _NAMES:
        value = values.get(name)
        if isinstance(value, str) and value:
            return _shorten(" ".join(value.split()))
    return None


def _describe(value: Any) -> str:
    """Return *value* on one line of limited length, without what may be secret and without fetching anything."""
    if hasattr(value, "primary_key_attributes"):
        name = _name_of(value)
        key = ", ".join(str(value._values.get(part, "?")) for part in value.primary_key_attributes)
        return f"{value.entity_type}{'' if name is None else ' ' + name} ({key})"
    if isinstance(value, tuple):
        shown = [_describe(item) for item in value[:_MOST_MEMBERS]]
        more = len(value) - len(shown)
        return f"[{', '.join(shown)}{f', {more} more' if more else ''}]"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    try:
        text = json.dumps(_without_secrets(value), ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        text = repr(value)
    return _shorten(_SECRET_TEXT.sub(_hide, text))


def _describe_difference(old: Tuple[Any, ...], new: Tuple[Any, ...]) -> str:
    added = [item for item in new if item not in old]
    removed = [item for item in old if item not in new]
    parts = [f"{sign} {_describe(tuple(items))}" for sign, items in (("+", added), ("-", removed)) if items]
    return ", ".join(parts) or "the same members"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if isinstance(name, str) and _SECRET_NAME.search(name) else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _hide(match: re.Match[str]) -> str:
    return f"{match.group('before') or match.group('name')}{HIDDEN}"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
