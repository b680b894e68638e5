"""The identity map of a session shown as a cache, and the caches that a session was given behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Set, Tuple

import ftrack_review.cache as cache_
from ftrack_review import inspection

if TYPE_CHECKING:
    from ftrack_review._identity import Key
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["FurtherCache", "IdentityCache"]


class IdentityCache(cache_.Cache):
    """The entities of a session as a cache, with the keys that the session's key maker makes."""

    def __init__(self, session: Session) -> None:
        """Initialise for *session*."""
        self._session = session

    def _make_key(self, entity: Entity) -> Any:
        return self._session.cache_key_maker.key(inspection.identity(entity))

    def _entities(self) -> Iterable[Entity]:
        # The built-in locations belong to them from the start, though they are made late.
        self._session.types.get("Location")
        return self._session._identities

    def _find(self, key: Any) -> Entity:
        for entity in self._entities():
            if self._make_key(entity) == key:
                return entity
        raise KeyError(key)

    def get(self, key: Any) -> Entity:
        """Return the entity with *key*. Raise :exc:`KeyError` if there is none."""
        return self._find(key)

    def set(self, key: Any, value: Any) -> None:  # noqa: ARG002 - the identity decides.
        """Attach the entity *value*. Its identity decides its place."""
        self._session._identities.add(value)

    def remove(self, key: Any) -> None:
        """Forget the entity with *key*. Raise :exc:`KeyError` if there is none."""
        entity = self._find(key)
        self._session._identities.remove(entity.entity_type, entity._key())

    def keys(self) -> List[Any]:
        """Return the keys of all entities."""
        return [self._make_key(entity) for entity in self._entities()]

    def values(self) -> List[Entity]:
        """Return all entities."""
        return list(self._entities())

    def clear(self, pattern: Optional[str] = None) -> None:
        """Forget all entities, or those in whose keys the regular expression *pattern* is found."""
        if pattern is None:
            self._session._identities.clear()
        else:
            super().clear(pattern)


class FurtherCache:
    """The cache that a session was given: where it looks for what it does not know, and keeps what it does."""

    def __init__(self, session: Session, cache: cache_.Cache) -> None:
        """Initialise for *session* with the *cache* behind its identity map."""
        self._session = session
        self._cache = cache
        # What is being looked for: decoding it meets the same identity again.
        self._sought: Set[Tuple[str, Key]] = set()

    def _make_key(self, entity_type: str, key: Key) -> Any:
        values = list(key) if isinstance(key, tuple) else [key]
        return self._session.cache_key_maker.key((entity_type, values))

    def find(self, entity_type: str, key: Key) -> Optional[Entity]:
        """Return the entity from the cache, attached, or None if it is not there."""
        with self._session._lock:
            if (entity_type, key) in self._sought:
                return None
            self._sought.add((entity_type, key))
            try:
                value = self._cache.get(self._make_key(entity_type, key))
                if not hasattr(value, "entity_type"):
                    return None
                merged: Entity = self._session.merge(value)
                return merged
            except KeyError:
                return None
            finally:
                self._sought.discard((entity_type, key))

    def store(self, entities: Iterable[Entity]) -> None:
        """Keep *entities*."""
        for entity in entities:
            self._cache.set(self._make_key(entity.entity_type, entity._key()), entity)

    def forget(self, entity: Entity) -> None:
        """Forget *entity*, which was deleted."""
        try:
            self._cache.remove(self._make_key(entity.entity_type, entity._key()))
        except KeyError:
            return
