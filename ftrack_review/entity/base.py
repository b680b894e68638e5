"""The base of all entities: a mapping of attributes that reads, fetches and records changes.

An entity is a thin view on one dictionary of values. The loader fills it, attributes work on it. There is one
entity per identity and session.
"""

from __future__ import annotations

import abc
import collections.abc
import copy
import functools
import os
import warnings
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

import ftrack_review.exception as exception
from ftrack_review._identity import make_key
from ftrack_review.operation import CreateEntityOperation
from ftrack_review.symbol import NOT_SET, Symbol

if TYPE_CHECKING:
    import logging

    from ftrack_review._identity import Key
    from ftrack_review._loading import Origin
    from ftrack_review.attribute import Attribute, Attributes
    from ftrack_review.session import Session

__all__ = ["DynamicEntityTypeMetaclass", "Entity"]


class DynamicEntityTypeMetaclass(abc.ABCMeta):
    """The type of entity classes, which shows that they are made from a schema."""

    def __repr__(cls) -> str:
        """Return the name and that the class is dynamic."""
        return f"<dynamic ftrack class {cls.__name__!r}>"


class _EntityBase:
    """The base of entities and of the classes mixed into them."""

    __slots__ = ()


class _Facts:
    """What constructing entities of one class needs, worked out once from its attributes."""

    __slots__ = (
        "companions",
        "computed",
        "constants",
        "factories",
        "key_name",
        "key_names",
        "passing",
        "plain",
        "staying",
    )

    def __init__(self, cls: Any) -> None:
        attributes = cls.attributes
        self.key_names: Tuple[str, ...] = tuple(cls.primary_key_attributes)
        self.key_name = self.key_names[0] if len(self.key_names) == 1 else None
        for attribute in attributes:
            attribute._key_name = self.key_name or ""
        #: Attributes whose value is not an entity.
        self.plain = frozenset(a.name for a in attributes if not a.holds_entities)
        #: What a commit leaves in its place: keys, and collections, which somebody may hold.
        self.staying = frozenset(
            (*self.key_names, *(a.name for a in attributes if hasattr(a, "collection_class")))
        )
        #: What the server works out, and may change with any update.
        self.computed = frozenset(a.name for a in attributes if a.computed and a.name not in self.key_names)
        #: First values that are the same for all, and those to be made for each.
        self.constants: Dict[str, Any] = {}
        self.factories: List[Tuple[str, Callable[[Entity], Any]]] = []
        for attribute in attributes:
            default = attribute.default_value
            if default is NOT_SET:
                continue
            if callable(default):
                self.factories.append((attribute.name, default))
            elif isinstance(default, (list, dict)):
                self.factories.append((attribute.name, functools.partial(_copy, default)))
            else:
                self.constants[attribute.name] = default
        self.companions = _pair(attributes)
        #: What a commit forgets and that has nothing to do with another attribute.
        self.passing = self.plain.difference(self.staying, self.companions)


def _copy(value: Any, _: Entity) -> Any:
    return copy.deepcopy(value)


# A reference and its id are one column (protocol.md 4.4); most pairs are x and x_id.
_ID_OF_REFERENCE = {
    "asset_version": "version_id",
    "author": "user_id",
    "invitee": "review_session_invitee_id",
    "owner": "user_id",
    "recipient": "resource_id",
    "task_status": "status_id",
    "task_type": "type_id",
    "user": "resource_id",
}


def _pair(attributes: Attributes) -> Dict[str, str]:
    """Return, for references and their ids, the name of the other one."""
    pairs: Dict[str, str] = {}
    for attribute in attributes:
        if not attribute.holds_entities or hasattr(attribute, "collection_class"):
            continue
        for candidate in (f"{attribute.name}_id", _ID_OF_REFERENCE.get(attribute.name)):
            if candidate is not None and attributes.get(candidate) is not None and candidate not in pairs:
                pairs[attribute.name] = candidate
                pairs[candidate] = attribute.name
                break
    return pairs


def _is_set_last(relation: Tuple[Attribute, Any]) -> bool:
    return relation[0].is_set_last


def make_uid(_: object = None) -> str:
    """Return a new identifier, a random UUID as text."""
    # Of uuid.uuid4 the parsing costs most; the bits are set as RFC 4122 says.
    number = int.from_bytes(os.urandom(16), "big")
    number = number & ~(0xF000 << 64) | (4 << 76)
    number = number & ~(0xC000 << 48) | (0x8000 << 48)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Entity(_EntityBase, collections.abc.MutableMapping, metaclass=DynamicEntityTypeMetaclass):  # type: ignore[type-arg]
    """An entity of ftrack as a mapping from attribute names to values."""

    # Thousands exist. The dictionary is for mixed in classes and for what scripts attach; it stays unmade.
    __slots__ = ("__dict__", "__weakref__", "_origin", "_remote", "_values", "session")

    #: The name of the type in the schema.
    entity_type = "Entity"
    attributes: Attributes = None  # type: ignore[assignment]
    #: Names of the attributes that make the key, in the order of the schema.
    primary_key_attributes: List[str] = None  # type: ignore[assignment]
    #: What a query fetches that does not say what to select.
    default_projections: List[str] = None  # type: ignore[assignment]

    session: Session
    #: The current values. The loader leaves times and collections raw; reading converts them.
    _values: Dict[str, Any]
    #: What the server holds for attributes that were set locally, None if none was.
    _remote: Optional[Dict[str, Any]]
    #: The result that this came with.
    _origin: Optional[Origin]
    #: Whether the deletion of this was committed.
    _is_gone = False

    def __init__(
        self, session: Session, data: Optional[Mapping[str, Any]] = None, reconstructing: bool = False
    ) -> None:
        """Initialise for *session* with the values in *data*.

        With *reconstructing* the entity stands for one that the server holds and *data* for what is known of
        it. Otherwise it is new: it gets default values and its creation is recorded. Use
        :meth:`ftrack_review.session.Session.create`, which also attaches it.
        """
        self.session = session
        self._values = {}
        self._remote = None
        self._origin = None
        if reconstructing:
            self._reconstruct({} if data is None else data)
        else:
            self._construct({} if data is None else data)

    def __repr__(self) -> str:
        """Return the type and the address in memory, and nothing that would have to be fetched."""
        return f"<dynamic ftrack {type(self).__name__} object {id(self)}>"

    def __str__(self) -> str:
        """Return the type and key."""
        key = ", ".join(str(self._values.get(name, NOT_SET)) for name in self.primary_key_attributes)
        return f"<{type(self).__name__}({key})>"

    def __hash__(self) -> int:
        """Return a hash of the identity."""
        return hash((type(self).entity_type, self._key()))

    def __eq__(self, other: object) -> bool:
        """Return whether *other* stands for the same entity, also in another session."""
        if self is other:
            return True
        if not isinstance(type(other), DynamicEntityTypeMetaclass):
            return False
        assert isinstance(other, Entity)
        return type(self).entity_type == type(other).entity_type and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        """Return whether *other* stands for another entity."""
        return not self == other

    # --- Keys. ---

    def _key(self) -> Key:
        """Return the key as the identity map has it. Raise KeyError where a part is missing."""
        facts = self.attributes._facts or self._facts()
        if facts.key_name is not None:
            value = self._values.get(facts.key_name, NOT_SET)
            if value is not NOT_SET:
                return value  # type: ignore[no-any-return]
        return make_key(list(self._primary_key().values()))

    def _primary_key(self) -> Dict[str, Any]:
        """Return the values of the primary key attributes by name. Raise KeyError where one is missing."""
        values = self._values
        facts = self.attributes._facts or self._facts()
        try:
            if facts.key_name is not None:
                return {facts.key_name: values[facts.key_name]}
            return {name: values[name] for name in facts.key_names}
        except KeyError as error:
            raise KeyError(
                f"Missing required value for primary key attribute {error.args[0]!r} on entity {self!r}."
            ) from None

    def _has_key(self) -> bool:
        return all(name in self._values for name in self._facts().key_names)

    @classmethod
    def _facts(cls) -> _Facts:
        facts: Optional[_Facts] = cls.attributes._facts
        if facts is None:
            facts = cls.attributes._facts = _Facts(cls)
        return facts

    # --- Construction. ---

    def _construct(self, data: Mapping[str, Any]) -> None:
        """Take *data* and the defaults as the values of a new entity and record its creation."""
        facts = self._facts()
        plain = facts.plain
        values = facts.constants.copy()
        relations: List[Tuple[Attribute, Any]] = []
        for name, value in data.items():
            if name in plain:
                if value is not NOT_SET:
                    values[name] = value
                else:
                    values.pop(name, None)
            else:
                values.pop(name, None)
                attribute = self.attributes._data.get(name)
                if attribute is None:
                    self._drop_unknown(name)
                elif value is not NOT_SET:
                    relations.append((attribute, value))
        for name, make in facts.factories:
            if name not in data:
                values[name] = make(self)
        for name in facts.key_names:
            if name not in values:
                values[name] = self._find_key_part(name, data)

        session = self.session
        with session._lock:
            self._values = values
            self._remote = dict.fromkeys(values, NOT_SET)
            session._identities.changed[id(self)] = self
            if session._switches.record_operations:
                session._recorded_operations.push(
                    CreateEntityOperation(type(self).entity_type, self._primary_key(), values)
                )
        if len(relations) > 1:
            relations.sort(key=_is_set_last)
        try:
            for attribute, value in relations:
                attribute.set_local_value(self, value)
        except BaseException:
            session._unit_of_work.forget_creation(self)
            raise

    def _find_key_part(self, name: str, data: Mapping[str, Any]) -> Any:
        """Return the id *name* of a composite key from the reference in *data* that it belongs to."""
        reference = data.get(self._facts().companions.get(name, ""))
        if isinstance(reference, Entity):
            return reference._key()
        raise exception.OperationError(
            f"A {type(self).entity_type} cannot be created without {name!r}, which is part of its key."
        )

    def _drop_unknown(self, name: str) -> None:
        """Tell that the schema has no attribute *name*, by a warning or, where asked for, an error."""
        error = self._unrecognised(name)
        if self.session.strict_attributes:
            raise error
        warnings.warn(f"{error} The value was not set.", UserWarning, stacklevel=_stack_level())

    def _reconstruct(self, data: Mapping[str, Any]) -> None:
        """Take *data* as what the server holds of the entity."""
        for name, value in data.items():
            attribute = self.attributes.get(name)
            if attribute is not None:
                attribute.set_remote_value(self, value)

    # --- Mapping. ---

    def __getitem__(self, key: str) -> Any:
        """Return the value of the attribute *key*, fetched where it is not known yet.

        Raise :exc:`~ftrack_review.exception.UnrecognisedAttributeError`, a :exc:`KeyError`, if there is no
        such attribute.
        """
        try:
            value = self._values[key]
        except KeyError:
            return self._read(key)
        kind = type(value)
        if kind is dict or kind is list:
            return self._read(key)
        return value

    def _read(self, key: str) -> Any:
        """Return the value of *key* by way of its attribute: it is missing, or raw."""
        attribute = self.attributes.get(key)
        if attribute is not None:
            return attribute.get_value(self)
        idiom = self.session.idioms.attribute(type(self).entity_type, key)
        if idiom is not None:
            return idiom.get(self)
        raise self._unrecognised(key)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set the attribute *key* to *value*, to be sent with the next commit.

        Raise :exc:`~ftrack_review.exception.UnrecognisedAttributeError`, a :exc:`KeyError`, if there is no
        such attribute, and :exc:`~ftrack_review.exception.ImmutableAttributeError` if it cannot be changed.
        """
        attribute = self.attributes._data.get(key)
        if attribute is None:
            idiom = self.session.idioms.attribute(type(self).entity_type, key)
            if idiom is None:
                raise self._unrecognised(key)
            idiom.set(self, value)
            return
        attribute.set_local_value(self, value)

    def __delitem__(self, key: str) -> None:
        """Forget the local value of the attribute *key*, so that the remote one shows again."""
        attribute = self.attributes.get(key)
        if attribute is None:
            raise self._unrecognised(key)
        attribute.set_local_value(self, NOT_SET)

    def __contains__(self, key: object) -> bool:
        """Return whether there is an attribute *key*. Nothing is fetched."""
        return isinstance(key, str) and self.attributes.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the attributes."""
        return iter(self.attributes.keys())

    def __len__(self) -> int:
        """Return the number of attributes."""
        return len(self.attributes)

    def values(self) -> Any:
        """Return a list of the values. What is not known yet is fetched, in one request."""
        return list(self._read_all().values())

    def items(self) -> Any:
        """Return a list of the pairs of name and value. What is not known yet is fetched, in one request."""
        return list(self._read_all().items())

    def _read_all(self) -> Dict[str, Any]:
        self._populate_unset_scalar_attributes()
        # What the server did not send now, it would not send if asked one by one.
        with self.session.auto_populating(False):
            return {name: self[name] for name in self}

    def clear(self) -> None:
        """Forget all local values, so that the remote ones show again."""
        for name in list(self._remote or ()):
            self.attributes.get(name).set_local_value(self, NOT_SET)  # type: ignore[union-attr]

    def _begin_anew(self) -> None:
        """Be as new: what is known of the entity is what a rollback brings back, and nothing else."""
        remote = self._remote = {} if self._remote is None else self._remote
        self.session._identities.changed[id(self)] = self
        for name in [name for name in self._values if name not in self.primary_key_attributes]:
            value = self._values[name]
            if hasattr(value, "_refill"):
                # Somebody may hold the collection.
                remote.setdefault(name, _plain_items(value))
                value._refill(())
            else:
                remote.setdefault(name, value)
                del self._values[name]

    # --- Merging and fetching. ---

    def merge(self, entity: Entity, merged: Optional[Dict[Any, Any]] = None) -> List[Dict[str, Any]]:
        """Take over the values that *entity*, the same one in another session, has. Return what changed.

        A remote value of *entity* becomes the remote value here, a local one the local value, neither of which is
        recorded. Each change is a dictionary with *type* (``local_attribute`` or ``remote_attribute``),
        *name*, *old_value* and *new_value*.
        """
        if merged is None:
            merged = {}
        changes: List[Dict[str, Any]] = []
        for other in entity.attributes:
            attribute = self.attributes.get(other.name)
            if attribute is None:
                continue
            for kind, read, write in (
                ("local_attribute", "get_local_value", "set_local_value"),
                ("remote_attribute", "get_remote_value", "set_remote_value"),
            ):
                value = getattr(other, read)(entity)
                old_value = getattr(attribute, read)(self)
                if value is NOT_SET or value == old_value:
                    continue
                value = _plain_items(value)
                new_value = self.session.merge(value, merged=merged)
                with self.session.operation_recording(False):
                    if kind == "local_attribute" and not attribute.mutable and attribute.is_set(self):
                        continue
                    getattr(attribute, write)(self, new_value)
                changes.append(
                    {"type": kind, "name": other.name, "old_value": old_value, "new_value": new_value}
                )
        return changes

    def _populate_unset_scalar_attributes(self) -> None:
        """Fetch everything that is not known yet, in one request."""
        session = self.session
        if session.auto_populate and not session._is_created(self):
            from ftrack_review import _population

            missing = [attribute for attribute in self.attributes if not attribute.is_set(self)]
            if missing:
                _population.populate_missing(session, self, missing, siblings=False)

    # --- Errors and logs. ---

    def _unrecognised(self, name: str) -> exception.UnrecognisedAttributeError:
        from ftrack_review.protocol.schema import nearest

        proposal = nearest(str(name), self.attributes.keys())
        hint = f" Did you mean {proposal!r}?" if proposal else ""
        return exception.UnrecognisedAttributeError(
            f"{type(self).entity_type} has no attribute {name!r}.{hint}"
        )

    @property
    def state(self) -> Symbol:
        """The state, see :func:`ftrack_review.inspection.state`."""
        from ftrack_review import inspection

        return inspection.state(self)

    @property
    def logger(self) -> logging.Logger:
        """The logger of the class."""
        import logging

        return logging.getLogger(f"{type(self).__module__}.{type(self).__name__}")


def _plain_items(value: Any) -> Any:
    """Return the entities of a collection as a list, and any other value as it is."""
    from ftrack_review.collection import Collection, MappedCollectionProxy

    if isinstance(value, MappedCollectionProxy):
        value = value.collection
    return list(value) if isinstance(value, Collection) else value


def _stack_level() -> int:
    """Return how far up the caller outside of this package is, for warnings."""
    import sys

    here = os.path.dirname(os.path.dirname(__file__))
    level = 1
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(here + os.sep):
        level += 1
        if frame.f_back is None:
            break
        frame = frame.f_back
    return level
