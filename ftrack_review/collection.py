"""Collections of entities, and collections shown as mappings (metadata, custom attributes).

A collection belongs to one attribute of one entity. It keeps entities; every change goes through the
attribute, which records it. It does not fetch anything itself: the attribute fills it.
"""

from __future__ import annotations

import collections.abc
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Hashable,
    Iterable,
    Iterator,
    List,
    Optional,
    Set,
)

import ftrack_review.exception as exception
from ftrack_review._configuration import _get_entity_configurations
from ftrack_review.cache import KeyMaker, Memoiser, memoise_decorator

if TYPE_CHECKING:
    from ftrack_review._inheritance import InheritedValue
    from ftrack_review.attribute import AbstractCollectionAttribute
    from ftrack_review.entity.base import Entity

__all__ = [
    "Collection",
    "CustomAttributeCollectionProxy",
    "CustomAttributeValues",
    "KeyValueMappedCollectionProxy",
    "MappedCollectionProxy",
    "PerSessionDefaultKeyMaker",
    "memoise_session",
]


class Collection(collections.abc.MutableSequence):  # type: ignore[type-arg]
    """The entities of a to-many attribute, each at most once."""

    __slots__ = ("__weakref__", "_data", "_deletions", "_keys", "_latest", "attribute", "entity", "mutable")

    def __init__(
        self,
        entity: Entity,
        attribute: AbstractCollectionAttribute,
        mutable: bool = True,
        data: Optional[Iterable[Entity]] = None,
    ) -> None:
        """Initialise for *attribute* of *entity* with the entities in *data*.

        Raise :exc:`~ftrack_review.exception.DuplicateItemInCollectionError` if *data* holds one twice.
        """
        self.entity = entity
        self.attribute = attribute
        self.mutable = mutable
        self._data: List[Entity] = [] if data is None else list(data)
        self._keys: Optional[Set[Hashable]] = self._check(self._data)
        self._latest: Optional[_Snapshot] = None
        self._deletions = 0

    @classmethod
    def _holding(
        cls, entity: Entity, attribute: AbstractCollectionAttribute, data: List[Entity]
    ) -> Collection:
        """Return a collection around *data* itself, which came from a server and needs no check."""
        collection: Collection = cls.__new__(cls)
        collection.entity = entity
        collection.attribute = attribute
        collection.mutable = attribute.mutable
        collection._data = data
        collection._keys = None
        collection._latest = None
        collection._deletions = 0
        return collection

    def _current(self) -> List[Entity]:
        """Return the entities that are here, without those whose deletion was committed since the last look."""
        deletions = getattr(self.entity.session, "_deletions", 0)
        if deletions != self._deletions:
            self._deletions = deletions
            # What is like an entity may have any attribute.
            if any(getattr(item, "_is_gone", None) is True for item in self._data):
                self._data = [item for item in self._data if getattr(item, "_is_gone", None) is not True]
                self._keys = None
        return self._data

    def _snapshot(self) -> Collection:
        """Return the content as it is now, which does not change any more.

        An operation holds two of them, so they have to be cheap: the list of a collection only ever grows at its
        end, and is replaced for every other change, so that what it held before remains its beginning.
        """
        latest = self._latest
        if latest is None or latest._source is not self._data or latest._length != len(self._data):
            latest = self._latest = _Snapshot._of(self)
        return latest

    def _identity_key(self, entity: Entity) -> Hashable:
        """Return what tells *entity* from every other."""
        try:
            return (entity.entity_type, entity._key())
        except AttributeError:
            raise exception.CollectionError(
                self, message="A collection holds entities only; {item!r} is none.", details={"item": entity}
            ) from None

    def _check(self, items: Iterable[Entity]) -> Set[Hashable]:
        seen: Set[Hashable] = set()
        for item in items:
            key = self._identity_key(item)
            if key in seen:
                raise exception.DuplicateItemInCollectionError(item, self)
            seen.add(key)
        return seen

    def _held_keys(self) -> Set[Hashable]:
        """Return the keys of what is here, kept so that adding one by one stays cheap."""
        keys = self._keys
        if keys is None:
            keys = self._keys = {self._identity_key(item) for item in self._data}
        return keys

    def _notify(self, old_value: Collection) -> None:
        """Tell the attribute that this collection, which was as *old_value*, has changed."""
        self.attribute._collection_changed(self.entity, self, old_value)

    def _refill(self, items: Iterable[Entity]) -> None:
        """Hold *items* from now on, as the server or a rollback says, without recording a change."""
        self._data = list(items)
        self._keys = None
        # They may have been known for long.
        self._deletions = 0

    def _replace(self, items: List[Entity]) -> None:
        """Hold *items* from now on and record the change."""
        if not self.mutable:
            raise exception.ImmutableCollectionError(self)
        keys = self._check(items)
        old_value = self._snapshot()
        self._data, self._keys = items, keys
        self._notify(old_value)

    def insert(self, index: int, item: Entity) -> None:
        """Insert *item* before *index*.

        Raise :exc:`~ftrack_review.exception.DuplicateItemInCollectionError` if it is here already and
        :exc:`~ftrack_review.exception.ImmutableCollectionError` if the collection cannot be changed.
        """
        if not self.mutable:
            raise exception.ImmutableCollectionError(self)
        self._current()
        key, keys = self._identity_key(item), self._held_keys()
        if key in keys:
            raise exception.DuplicateItemInCollectionError(item, self)
        old_value = self._snapshot()
        if index >= len(self._data):
            self._data.append(item)
        else:
            items = list(self._data)
            items.insert(index, item)
            self._data = items
        keys.add(key)
        self._notify(old_value)

    def extend(self, values: Iterable[Entity]) -> None:
        """Add *values* at the end, as one change."""
        added = list(values)
        if added:
            self._replace([*self._current(), *added])

    def clear(self) -> None:
        """Remove everything, as one change."""
        if self._data:
            self._replace([])

    def reverse(self) -> None:
        """Turn the order around, as one change."""
        self._replace(self._current()[::-1])

    def __contains__(self, item: object) -> bool:
        """Return whether the entity *item* is here."""
        self._current()
        return self._identity_key(item) in self._held_keys()  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        """Return the item at *index*, or a list of the items of a slice."""
        return self._current()[index]

    def __setitem__(self, index: Any, item: Any) -> None:
        """Put *item* in the place of the one at *index*, or several in the place of a slice."""
        items = list(self._current())
        items[index] = item
        self._replace(items)

    def __delitem__(self, index: Any) -> None:
        """Remove the item at *index* or those of a slice. The entities themselves are not deleted."""
        items = list(self._current())
        del items[index]
        self._replace(items)

    def __iter__(self) -> Iterator[Entity]:
        """Iterate over the entities as they are now."""
        return iter(list(self._current()))

    def __len__(self) -> int:
        """Return the number of entities."""
        return len(self._current())

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is a collection of the same entities, in whatever order."""
        if not isinstance(other, Collection):
            return False
        mine, others = self._current(), other._current()
        return set(map(self._identity_key, mine)) == set(map(other._identity_key, others))

    def __ne__(self, other: object) -> bool:
        """Return whether *other* holds other entities."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Collection:
        """Return a collection with the same entities."""
        copied = self._holding(self.entity, self.attribute, list(self._current()))
        copied.mutable = self.mutable
        return copied

    def __deepcopy__(self, memo: Dict[int, Any]) -> Collection:
        """Return a collection with the same entities, as there is only one of each."""
        return self.__copy__()


class _Snapshot(Collection):
    """What a collection held at one time."""

    __slots__ = ("_length", "_source")

    _length: int
    _source: List[Entity]

    @classmethod
    def _of(cls, collection: Collection) -> _Snapshot:
        snapshot: _Snapshot = cls.__new__(cls)
        snapshot.entity = collection.entity
        snapshot.attribute = collection.attribute
        snapshot.mutable = False
        snapshot._keys = None
        snapshot._source = collection._data
        snapshot._length = len(collection._data)
        return snapshot

    @property
    def _data(self) -> List[Entity]:  # type: ignore[override]
        return self._source[: self._length]

    def _current(self) -> List[Entity]:
        return self._data


class MappedCollectionProxy(collections.abc.MutableMapping):  # type: ignore[type-arg]
    """A collection shown as a mapping. What the keys and values are is up to the subclass."""

    __slots__ = ("__weakref__", "collection")

    def __init__(self, collection: Collection) -> None:
        """Initialise on top of *collection*."""
        self.collection = collection

    def _refill(self, items: Iterable[Entity]) -> None:
        self.collection._refill(items)

    @property
    def mutable(self) -> bool:
        """Whether keys can be added and removed."""
        return self.collection.mutable

    @mutable.setter
    def mutable(self, value: bool) -> None:
        self.collection.mutable = value

    @property
    def attribute(self) -> AbstractCollectionAttribute:
        """The attribute that the collection belongs to."""
        return self.collection.attribute

    @attribute.setter
    def attribute(self, value: AbstractCollectionAttribute) -> None:
        self.collection.attribute = value

    def __copy__(self) -> MappedCollectionProxy:
        """Return a mapping on top of a copy of the collection."""
        copied = type(self).__new__(type(self))
        for cls in type(self).__mro__:
            for name in getattr(cls, "__slots__", ()):
                if name != "__weakref__":
                    setattr(copied, name, getattr(self, name))
        copied.collection = self.collection.__copy__()
        return copied

    def __deepcopy__(self, memo: Dict[int, Any]) -> MappedCollectionProxy:
        """Return a mapping on top of a copy of the collection."""
        return self.__copy__()


class KeyValueMappedCollectionProxy(MappedCollectionProxy):
    """A mapping of which each pair is an entity with one attribute for the key and one for the value."""

    __slots__ = ("creator", "key_attribute", "value_attribute")

    def __init__(
        self,
        collection: Collection,
        creator: Callable[[KeyValueMappedCollectionProxy, Dict[str, Any]], Entity],
        key_attribute: str,
        value_attribute: str,
    ) -> None:
        """Initialise on top of *collection*.

        *creator* is called with this mapping and a dictionary with the values of *key_attribute* and
        *value_attribute*, and returns the new entity for a new key.
        """
        super().__init__(collection)
        self.creator = creator
        self.key_attribute = key_attribute
        self.value_attribute = value_attribute

    def _get_entity_by_key(self, key: Any) -> Entity:
        """Return the entity that holds *key*. Raise :exc:`KeyError` if none does."""
        for entity in self.collection._current():
            if entity[self.key_attribute] == key:
                return entity
        raise KeyError(key)

    def __getitem__(self, key: Any) -> Any:
        """Return the value of *key*."""
        return self._get_entity_by_key(key)[self.value_attribute]

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set *key* to *value*, creating the entity for it where there is none."""
        try:
            entity = self._get_entity_by_key(key)
        except KeyError:
            data = {self.key_attribute: key, self.value_attribute: value}
            entity = self.creator(self, data)
            if entity not in self.collection:
                self.collection.append(entity)
        else:
            entity[self.value_attribute] = value

    def __delitem__(self, key: Any) -> None:
        """Remove *key* and delete the entity for it. Raise :exc:`KeyError` if there is none."""
        entity = self._get_entity_by_key(key)
        self.collection.remove(entity)
        entity.session.delete(entity)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the keys, each once."""
        return iter(self.keys())

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self.keys())

    def keys(self) -> List[Any]:  # type: ignore[override]
        """Return the keys, each once."""
        return list(dict.fromkeys(entity[self.key_attribute] for entity in self.collection._current()))


class PerSessionDefaultKeyMaker(KeyMaker):
    """Make a key of a session by which it is, and of everything else by what it is."""

    def _key(self, obj: Any) -> Any:
        """Return the key of *obj*."""
        serial = getattr(obj, "_serial", None)
        if serial is not None:
            # The number of a session. Not its id, which a later session may get again.
            return str(serial)
        if isinstance(obj, collections.abc.Mapping):
            return ",".join(f"{name}={self._key(value)}" for name, value in obj.items())
        return str(obj)


#: Decorator that remembers the result of a function per session, in a cache of its own.
memoise_session = memoise_decorator(Memoiser(key_maker=PerSessionDefaultKeyMaker(), return_copies=False))


class _Inheriting(MappedCollectionProxy):
    """Custom attributes of an entity, which may be inherited from what is above it."""

    __slots__ = ()

    def inherited(self, key: str) -> InheritedValue:
        """Return the value of *key* that counts, and the entity that it comes from.

        That is the value of the entity itself where it is set, else that of the nearest above it, else the configured
        default with None for the entity. It is read from the server, where local changes do not replace it::

            fps, origin = shot["custom_attributes"].inherited("fps")

        Raise :exc:`KeyError` if no such custom attribute applies. For many entities use
        :meth:`ftrack_review.session.Session.get_inherited_custom_attributes`.

        .. versionadded:: 3.1.0
        """
        from ftrack_review import _inheritance

        entity = self.collection.entity
        found = _inheritance.find_inherited(entity.session, [entity], [key])[0]
        if key not in found:
            raise KeyError(f"No custom attribute {key!r} applies to {entity}.")
        return found[key]


class CustomAttributeValues(_Inheriting, KeyValueMappedCollectionProxy):
    """The custom attributes of an entity by key, where a server sends all of them.

    .. versionadded:: 3.1.0
    """

    __slots__ = ()


class CustomAttributeCollectionProxy(_Inheriting):
    """The custom attributes of an entity by key, also of those that have no stored value yet."""

    __slots__ = ()

    def _get_entity_configurations(self) -> List[Entity]:
        """Return the configurations that apply to the entity."""
        return _get_entity_configurations(self.collection.entity)

    def _get_keys(self) -> List[str]:
        """Return the keys of the custom attributes that apply to the entity."""
        return [configuration["key"] for configuration in self._get_entity_configurations()]

    def _get_entity_by_key(self, key: str) -> Optional[Entity]:
        """Return the stored value of *key*, or None where there is none."""
        configuration_id = self.get_configuration_id_from_key(key)
        for entity in self.collection._data:
            if entity["configuration_id"] == configuration_id:
                return entity
        return None

    def get_configuration_id_from_key(self, key: str) -> str:
        """Return the id of the configuration for *key*. Raise :exc:`KeyError` if none applies."""
        for configuration in self._get_entity_configurations():
            if key == configuration["key"]:
                identifier: str = configuration["id"]
                return identifier
        raise KeyError(key)

    def __getitem__(self, key: str) -> Any:
        """Return the value of *key*, the configured default where nothing is stored."""
        entity = self._get_entity_by_key(key)
        if entity is not None:
            return entity["value"]
        for configuration in self._get_entity_configurations():
            if configuration["key"] == key:
                return configuration["default"]
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set the custom attribute *key*. Raise :exc:`KeyError` if the entity has no such one."""
        entity = self._get_entity_by_key(key)
        if entity is None:
            owner = self.collection.entity
            value_type = owner.session.schema[owner.entity_type].attributes[self.attribute.name].target
            assert value_type is not None
            entity = owner.session.create(
                value_type,
                {
                    "configuration_id": self.get_configuration_id_from_key(key),
                    "entity_id": owner._key(),
                    "key": key,
                },
                reconstructing=True,
            )
            self.collection._refill([*self.collection._data, entity])
        entity["value"] = value

    def __delitem__(self, key: str) -> None:
        """Set the custom attribute *key* back to its default, as it cannot be removed."""
        for configuration in self._get_entity_configurations():
            if configuration["key"] == key:
                self[key] = configuration["default"]
                return
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys that apply to the entity."""
        return iter(self._get_keys())

    def __len__(self) -> int:
        """Return the number of keys that apply to the entity."""
        return len(self._get_keys())

    def keys(self) -> List[str]:  # type: ignore[override]
        """Return the keys that apply to the entity."""
        return self._get_keys()
