"""The identity map: every entity that a session knows, once, and which of them hold local changes.

It neither loads nor saves. :mod:`~ftrack_review._loading` puts entities in, attributes mark the ones that
change, and :mod:`~ftrack_review._unit_of_work` looks at the marked ones only, so that a commit costs the
same however much a session has loaded.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, MutableMapping, Optional, Sequence, Tuple, Union

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["IdentityMap", "Key", "make_key"]

#: What tells an entity from others of its type: the value of a single primary key, else the tuple of them.
Key = Union[str, Tuple[Any, ...]]


def make_key(values: Sequence[Any]) -> Key:
    """Return the key that the primary key *values*, in the order of the schema, make."""
    return values[0] if len(values) == 1 else tuple(values)


class IdentityMap:
    """Entities by concrete type and key.

    A dictionary per type, rather than one for all, lets the loader hold on to the one it works with.
    """

    __slots__ = ("changed", "released", "types")

    def __init__(self) -> None:
        """Initialise empty."""
        self.types: Dict[str, Dict[Key, Entity]] = {}
        #: Entities with local values, by ``id``, in the order in which they changed.
        self.changed: Dict[int, Entity] = {}
        #: Entities that were let go and that somebody else still holds, by type and key.
        self.released: MutableMapping[Tuple[str, Key], Entity] = weakref.WeakValueDictionary()

    def of_type(self, entity_type: str) -> Dict[Key, Entity]:
        """Return the entities whose concrete type is *entity_type*, by key. It stays live."""
        entities = self.types.get(entity_type)
        if entities is None:
            entities = self.types[entity_type] = {}
        return entities

    def find(self, entity_type: str, key: Key) -> Optional[Entity]:
        """Return the entity, or None if it is not known."""
        entities = self.types.get(entity_type)
        entity = None if entities is None else entities.get(key)
        if entity is None and self.released:
            entity = self.released.get((entity_type, key))
        return entity

    def add(self, entity: Entity) -> None:
        """Add *entity*, whose primary key must be set."""
        self.of_type(entity.entity_type)[entity._key()] = entity

    def remove(self, entity_type: str, key: Key) -> Optional[Entity]:
        """Forget an entity and its local changes. Return it, or None if it was not known."""
        entity = self.of_type(entity_type).pop(key, None)
        released = self.released.pop((entity_type, key), None) if self.released else None
        entity = released if entity is None else entity
        if entity is not None:
            self.changed.pop(id(entity), None)
        return entity

    def clear(self) -> None:
        """Forget everything. The dictionaries of the types stay the same objects."""
        for entities in self.types.values():
            entities.clear()
        self.changed.clear()
        self.released.clear()

    def release(self, entities: List[Entity]) -> None:
        """Let go of *entities*, a list that is empty afterwards.

        An entity that somebody else holds is still the one of its identity, for as long as he does. The others are
        gone.
        """
        held = []
        while entities:
            entity = entities.pop()
            key = entity._key()
            known = self.of_type(entity.entity_type)
            if known.get(key) is entity:
                del known[key]
                held.append((entity.entity_type, key, weakref.ref(entity)))
        # A name of ours would keep the last one alive.
        entity = None  # type: ignore[assignment]
        for entity_type, key, reference in held:
            survivor = reference()
            if survivor is not None:
                self.released[entity_type, key] = survivor

    def __iter__(self) -> Iterator[Entity]:
        """Iterate over a copy of the entities, as a loop over them may load more."""
        found: List[Entity] = []
        for entities in list(self.types.values()):
            found.extend(entities.values())
        return iter(found)

    def __len__(self) -> int:
        """Return the number of entities."""
        return sum(map(len, self.types.values()))
