"""Attributes of entities: how one value is read, fetched, set and told from what the server holds.

An entity keeps the current value of each attribute in one dictionary, ``_values``. What the server holds for an
attribute that was set locally lies aside in a second one, ``_remote``, until a commit or rollback. An
attribute is one object per entity type that works on these; reading a value that is at hand does not pass here
(see :meth:`ftrack_review.entity.base.Entity.__getitem__`).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Type

import ftrack_review.collection as collection_
import ftrack_review.exception as exception
from ftrack_review.operation import _COPIED, UpdateEntityOperation
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = [
    "AbstractCollectionAttribute",
    "Attribute",
    "Attributes",
    "CollectionAttribute",
    "CustomAttributeCollectionAttribute",
    "KeyValueMappedCollectionAttribute",
    "ReferenceAttribute",
    "ScalarAttribute",
    "merge_references",
]


def merge_references(function: Callable[[Any, Entity], Any]) -> Callable[[Any, Entity], Any]:
    """Decorate the *function* of an attribute that returns a value: entities in it belong to the session then.

    An entity of another session, or a list of them, is merged into the session of the entity that is asked.
    """

    @functools.wraps(function)
    def get_value(attribute: Any, entity: Entity) -> Any:
        value = function(attribute, entity)
        items = value if isinstance(value, (list, collection_.Collection)) else [value]
        session = entity.session
        if any(getattr(item, "session", session) is not session for item in items):
            value = session.merge(value)
        return value

    return get_value


def convert(value: Any) -> Any:
    """Return *value*, as JSON gave it, with every time in it as :class:`arrow.Arrow`."""
    if type(value) is dict:
        kind = value.get("__type__")
        if kind in ("datetime", "date"):
            from ftrack_review.protocol import wire

            return wire.decode_time(value["value"])
        return value if kind is None else value.get("value")
    if type(value) is list and any(type(item) is dict and "__type__" in item for item in value):
        return [convert(item) for item in value]
    return value


class Attributes:
    """The attributes of an entity type, by name, in the order of the schema."""

    __slots__ = ("_data", "_facts")

    def __init__(self, attributes: Optional[List[Attribute]] = None) -> None:
        """Initialise with *attributes*."""
        self._data: Dict[str, Attribute] = {}
        #: What the base of entities works out about a type.
        self._facts: Any = None
        for attribute in attributes or ():
            self.add(attribute)

    def add(self, attribute: Attribute) -> None:
        """Add *attribute*. Raise :exc:`~ftrack_review.exception.NotUniqueError` if the name is taken."""
        existing = self._data.get(attribute.name)
        if existing is not None:
            raise exception.NotUniqueError(
                f"Attribute with name {attribute.name} already added as {existing!r}."
            )
        self._data[attribute.name] = attribute
        self._facts = None

    def remove(self, attribute: Attribute) -> None:
        """Remove *attribute*. Raise :exc:`KeyError` if there is none of its name."""
        del self._data[attribute.name]
        self._facts = None

    def get(self, name: str) -> Optional[Attribute]:
        """Return the attribute called *name*, or None."""
        return self._data.get(name)

    def keys(self) -> List[str]:
        """Return the names."""
        return list(self._data)

    def __contains__(self, item: Attribute) -> bool:
        """Return whether *item*, an attribute, is one of these."""
        name = getattr(item, "name", None)
        return name is not None and name in self._data

    def __iter__(self) -> Iterator[Attribute]:
        """Iterate over the attributes."""
        return iter(self._data.values())

    def __len__(self) -> int:
        """Return the number of attributes."""
        return len(self._data)


class Attribute:
    """One attribute of an entity type."""

    #: Whether the value is an entity or several, so that the loader has to look into it.
    holds_entities = False

    #: Whether setting it on a new entity looks at other attributes, which have to be set before.
    is_set_last = False

    #: The primary key of the type that has this, empty where there are several. The base of entities sets it.
    _key_name = ""

    def __init__(
        self, name: str, default_value: Any = NOT_SET, mutable: bool = True, computed: bool = False
    ) -> None:
        """Initialise with *name*.

        *default_value* is what a new entity gets; a callable is called with the entity for it. An attribute
        that is not *mutable* cannot be changed once it has a value. The server works out a *computed* one.
        """
        self._name = name
        self._mutable = mutable
        self._computed = computed
        self.default_value = default_value
        self._local_key = "local"
        self._remote_key = "remote"

    def __repr__(self) -> str:
        """Return the type and name."""
        return f"<{type(self).__module__}.{type(self).__name__}({self.name}) object at {id(self)}>"

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def mutable(self) -> bool:
        """Whether a value can be replaced by another."""
        return self._mutable

    @property
    def computed(self) -> bool:
        """Whether the server works the value out."""
        return self._computed

    def get_entity_storage(self, entity: Entity) -> Dict[str, Dict[str, Any]]:
        """Return the local and remote values of *entity* as they are now, by attribute name."""
        names = dict.fromkeys([*entity._values, *(entity._remote or ()), self._name])
        storage: Dict[str, Dict[str, Any]] = {}
        for name in names:
            attribute = entity.attributes.get(name)
            if attribute is not None:
                storage[name] = {
                    self._local_key: attribute.get_local_value(entity),
                    self._remote_key: attribute.get_remote_value(entity),
                }
        return storage

    def get_value(self, entity: Entity) -> Any:
        """Return the current value, the local before the remote one.

        A value that was not fetched yet is fetched, if the session populates automatically and the entity
        can be on the server; else it is :data:`~ftrack_review.symbol.NOT_SET`.
        """
        value = entity._values.get(self._name, NOT_SET)
        if value is NOT_SET and entity.session.auto_populate:
            self.populate_remote_value(entity)
            value = entity._values.get(self._name, NOT_SET)
        return self._present(entity, value)

    def get_local_value(self, entity: Entity) -> Any:
        """Return the value that was set locally, or NOT_SET."""
        if entity._remote is None or self._name not in entity._remote:
            return NOT_SET
        return self._present(entity, entity._values.get(self._name, NOT_SET))

    def get_remote_value(self, entity: Entity) -> Any:
        """Return the value that the server is known to hold, or NOT_SET. Nothing is fetched."""
        if entity._remote is not None and self._name in entity._remote:
            return convert(entity._remote[self._name])
        return self._present(entity, entity._values.get(self._name, NOT_SET))

    def set_local_value(self, entity: Entity, value: Any) -> None:
        """Set *value*, to be sent with the next commit. NOT_SET brings the remote value back.

        Raise :exc:`~ftrack_review.exception.ImmutableAttributeError` if the attribute cannot be changed
        and has a value.
        """
        if not self._mutable and value is not NOT_SET and self.is_set(entity):
            raise exception.ImmutableAttributeError(self)
        session = entity.session
        name = self._name
        with session._lock:
            values = entity._values
            old_value = values.get(name, NOT_SET)
            remote = entity._remote
            if value is NOT_SET:
                if remote is not None and name in remote:
                    session._unit_of_work.discard(entity, (name,))
            else:
                # The remote value moves aside, and the entity is marked: a commit looks at the marked only.
                if remote is None:
                    entity._remote = {name: old_value}
                    session._identities.changed[id(entity)] = entity
                elif name not in remote:
                    remote[name] = old_value
                values[name] = value
            if session._always_records or session._switches.record_operations:
                # What push does, without the call and the operation, which is made when somebody looks at it.
                if type(value) is not str and type(value) in _COPIED:
                    value = value.copy()
                if type(old_value) is not str and type(old_value) in _COPIED:
                    old_value = old_value.copy()
                key_name = self._key_name
                key = values.get(key_name)
                if key is None:
                    key_name, key = "", entity._primary_key()
                update = (entity.entity_type, key_name, key, name, old_value, value)
                session._recorded_operations._stack.append(update)

    def set_remote_value(self, entity: Entity, value: Any) -> None:
        """Take *value* as what the server holds. A local value stays."""
        with entity.session._lock:
            if entity._remote is not None and self._name in entity._remote:
                entity._remote[self._name] = value
            elif value is NOT_SET:
                entity._values.pop(self._name, None)
            else:
                entity._values[self._name] = value

    def populate_remote_value(self, entity: Entity) -> Any:
        """Fetch the value from the server, also for the siblings of *entity* that lack it. Return it."""
        session = entity.session
        if not session._is_created(entity):
            from ftrack_review import _population

            _population.populate_missing(session, entity, [self])
        return self.get_remote_value(entity)

    def is_modified(self, entity: Entity) -> bool:
        """Return whether a local value is set that differs from the remote one."""
        local = self.get_local_value(entity)
        return bool(local is not NOT_SET and local != self.get_remote_value(entity))

    def is_set(self, entity: Entity) -> bool:
        """Return whether there is a value at hand, local or remote."""
        return entity._values.get(self._name, NOT_SET) is not NOT_SET

    def _projections(self, entity: Entity) -> List[str]:  # noqa: ARG002 - references need it.
        """Return what to select so that the value arrives."""
        return [self._name]

    def _present(self, entity: Entity, value: Any) -> Any:
        """Return *value* as users see it, and keep it so."""
        if type(value) is dict or type(value) is list:
            shown = convert(value)
            if shown is not value and entity._values.get(self._name) is value:
                entity._values[self._name] = shown
            return shown
        return value


class ScalarAttribute(Attribute):
    """An attribute with a plain value: text, number, truth value, time, or JSON."""

    def __init__(self, name: str, data_type: str, **kw: Any) -> None:
        """Initialise with *name* and *data_type*, a word such as ``string``, ``float`` or ``datetime``."""
        super().__init__(name, **kw)
        self.data_type = data_type


class ReferenceAttribute(Attribute):
    """An attribute that refers to one other entity, or None."""

    holds_entities = True

    def __init__(self, name: str, entity_type: str, **kw: Any) -> None:
        """Initialise with *name* and the *entity_type* that it refers to."""
        super().__init__(name, **kw)
        self.entity_type = entity_type

    @merge_references
    def get_value(self, entity: Entity) -> Any:
        """Return the entity that this refers to, fetched where it is not known yet."""
        return super().get_value(entity)

    def populate_remote_value(self, entity: Entity) -> Any:
        """Fetch what this refers to, with its default projections, also for siblings that lack it."""
        return super().populate_remote_value(entity)

    def is_modified(self, entity: Entity) -> bool:
        """Return whether a local value is set that refers to another entity than the remote one."""
        return super().is_modified(entity)

    def _projections(self, entity: Entity) -> List[str]:
        # As the official client does: an attribute of the target takes its key and what it usually needs.
        target = entity.session.types[self.entity_type]
        return [f"{self._name}.{projection}" for projection in target.default_projections]


class AbstractCollectionAttribute(Attribute):
    """An attribute that holds several entities."""

    #: What the value is shown as.
    collection_class: Optional[Type[Any]] = None

    holds_entities = True

    def get_value(self, entity: Entity) -> Any:
        """Return the collection, fetched where it is not known yet."""
        value = entity._values.get(self._name, NOT_SET)
        if (value is NOT_SET or value is None) and entity.session.auto_populate:
            self.populate_remote_value(entity)
            value = entity._values.get(self._name, NOT_SET)
        if value is NOT_SET or value is None:
            return self._make_empty(entity)
        return self._present(entity, value)

    def get_remote_value(self, entity: Entity) -> Any:
        """Return a collection of what the server is known to hold, or NOT_SET."""
        remote = entity._remote
        if remote is not None and self._name in remote:
            items = remote[self._name]
            return NOT_SET if items is NOT_SET else self._wrap(self._hold(entity, list(items or ())))
        return super().get_remote_value(entity)

    def set_local_value(self, entity: Entity, value: Any) -> None:
        """Set the content to *value*: a collection, several entities, or None for nothing.

        A collection that somebody holds already takes the new content.
        """
        if value is NOT_SET:
            super().set_local_value(entity, value)
            return
        if not self._mutable and self.is_set(entity):
            raise exception.ImmutableAttributeError(self)
        adapted = self._adapt_to_collection(entity, value)
        held = entity._values.get(self._name)
        if held is not None and held is not NOT_SET:
            held = self._present(entity, held)
        if held is adapted or held is None:
            old = self._unwrap(adapted)._snapshot()
            self._collection_changed(entity, self._unwrap(adapted), old)
        else:
            old = self._unwrap(held)._snapshot()
            self._unwrap(held)._refill(self._unwrap(adapted)._data)
            self._collection_changed(entity, self._unwrap(held), old)

    def set_remote_value(self, entity: Entity, value: Any) -> None:
        """Take *value* as what the server holds. Local content stays; a held collection is filled anew."""
        items = list(getattr(value, "collection", value) or ()) if value is not NOT_SET else NOT_SET
        held: Any = entity._values.get(self._name)
        modified = entity._remote is not None and self._name in entity._remote
        if not modified and items is not NOT_SET and hasattr(held, "_refill"):
            held._refill(items)
            return
        super().set_remote_value(entity, items)

    def is_modified(self, entity: Entity) -> bool:
        """Return whether the content was changed locally."""
        return super().is_modified(entity)

    def _adapt_to_collection(self, entity: Entity, value: Any) -> Any:
        """Return *value* as the kind of collection that this attribute has."""
        raise NotImplementedError

    def _wrap(self, collection: collection_.Collection) -> Any:
        """Return *collection* as the value is shown."""
        return collection

    @staticmethod
    def _unwrap(value: Any) -> collection_.Collection:
        collection: collection_.Collection = getattr(value, "collection", value)
        return collection

    def _hold(self, entity: Entity, items: List[Any]) -> collection_.Collection:
        return collection_.Collection._holding(entity, self, items)

    def _present(self, entity: Entity, value: Any) -> Any:
        """Return the collection for *value*, which is a list of entities when it was just loaded."""
        if type(value) is not list:
            return value
        with entity.session._lock:
            current: Any = entity._values.get(self._name)
            if current is not value:
                return self._wrap(self._hold(entity, value)) if type(current) is list else current
            shown = entity._values[self._name] = self._wrap(self._hold(entity, value))
        return shown

    def _make_empty(self, entity: Entity) -> Any:
        """Return a collection for an entity of which no content is known."""
        shown = self._wrap(self._hold(entity, self._first_items(entity)))
        if entity.session._is_created(entity):
            # The server cannot hold anything either, so this is what there is.
            with entity.session._lock:
                entity._values[self._name] = shown
        return shown

    def _first_items(self, entity: Entity) -> List[Any]:  # noqa: ARG002 - mappings need it.
        return []

    def _collection_changed(
        self, entity: Entity, collection: collection_.Collection, old_value: collection_.Collection
    ) -> None:
        """Take note that *collection*, which was as *old_value*, was changed."""
        session = entity.session
        name = self._name
        with session._lock:
            values, remote = entity._values, entity._remote
            held = values.get(name, NOT_SET)
            if remote is None or name not in remote:
                known = NOT_SET if held is NOT_SET else list(old_value._data)
                if remote is None:
                    entity._remote = {name: known}
                    session._identities.changed[id(entity)] = entity
                else:
                    remote[name] = known
            if getattr(held, "collection", held) is not collection:
                values[name] = self._wrap(collection)
            if session._switches.record_operations:
                session._recorded_operations.push(
                    UpdateEntityOperation(
                        type(entity).entity_type,
                        entity._primary_key(),
                        name,
                        old_value,
                        collection._snapshot(),
                    )
                )


class CollectionAttribute(AbstractCollectionAttribute):
    """An attribute that holds several entities, shown as a list."""

    collection_class = collection_.Collection

    def _adapt_to_collection(self, entity: Entity, value: Any) -> Any:
        """Return *value* as a collection."""
        if isinstance(value, collection_.Collection) and value.entity is entity and value.attribute is self:
            return value
        if value is None:
            return collection_.Collection(entity, self)
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            raise NotImplementedError(f"Cannot convert {value!r} to collection.")
        return collection_.Collection(entity, self, data=value)


class KeyValueMappedCollectionAttribute(AbstractCollectionAttribute):
    """An attribute that holds several entities, each one pair of a mapping."""

    collection_class = collection_.KeyValueMappedCollectionProxy

    def __init__(
        self,
        name: str,
        creator: Callable[[collection_.KeyValueMappedCollectionProxy, Dict[str, Any]], Entity],
        key_attribute: str,
        value_attribute: str,
        **kw: Any,
    ) -> None:
        """Initialise with *name* and what :class:`KeyValueMappedCollectionProxy` needs.

        The keyword *first_items* may be a callable that returns the pairs of a new entity. With the keyword
        *fixed_keys* the pairs are the server's: assigning a mapping sets the keys in it and leaves the others.
        """
        self._make_first_items: Optional[Callable[[Entity], List[Any]]] = kw.pop("first_items", None)
        self._fixed_keys: bool = kw.pop("fixed_keys", False)
        # Which custom attributes there are depends on the parent and the project.
        self.is_set_last = self._fixed_keys
        super().__init__(name, **kw)
        self.creator = creator
        self.key_attribute = key_attribute
        self.value_attribute = value_attribute

    def set_local_value(self, entity: Entity, value: Any) -> None:
        """Set the pairs to those of the mapping *value*; None stands for none."""
        if value is None or (isinstance(value, Mapping) and value is not entity._values.get(self._name)):
            if not self._mutable and self.is_set(entity):
                raise exception.ImmutableAttributeError(self)
            self._adapt_to_collection(entity, value)
            return
        super().set_local_value(entity, value)

    def _adapt_to_collection(self, entity: Entity, value: Any) -> Any:
        """Make the pairs of *entity* those of *value* and return the mapping."""
        mapping = self.get_value(entity)
        if value is mapping:
            return mapping
        if value is not None and not isinstance(value, Mapping):
            raise NotImplementedError(f"Cannot convert {value!r} to collection.")
        wanted = dict(value or {})
        if not self._fixed_keys:
            for key in [key for key in mapping if key not in wanted]:
                del mapping[key]
        for key, item in wanted.items():
            mapping[key] = item
        return mapping

    def _wrap(self, collection: collection_.Collection) -> Any:
        kind = (
            collection_.CustomAttributeValues
            if self._fixed_keys
            else collection_.KeyValueMappedCollectionProxy
        )
        return kind(collection, self.creator, self.key_attribute, self.value_attribute)

    def _first_items(self, entity: Entity) -> List[Any]:
        if self._make_first_items is None or not entity.session._is_created(entity):
            return []
        return self._make_first_items(entity)


class CustomAttributeCollectionAttribute(AbstractCollectionAttribute):
    """An attribute that shows every custom attribute that applies, stored or not."""

    collection_class = collection_.CustomAttributeCollectionProxy

    # Which custom attributes there are depends on the parent and the project.
    is_set_last = True

    def _adapt_to_collection(self, entity: Entity, value: Any) -> Any:
        """Set the custom attributes in the mapping *value* and return all."""
        mapping = self.get_value(entity)
        if value is not mapping:
            if not isinstance(value, Mapping):
                raise NotImplementedError(f"Cannot convert {value!r} to collection.")
            for key, item in dict(value).items():
                mapping[key] = item
        return mapping

    def set_local_value(self, entity: Entity, value: Any) -> None:
        """Set the custom attributes in the mapping *value*."""
        self._adapt_to_collection(entity, value)

    def _wrap(self, collection: collection_.Collection) -> Any:
        return collection_.CustomAttributeCollectionProxy(collection)
