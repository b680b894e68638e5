"""Look at entities without changing them: identity, primary key, state."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Iterable, List, Tuple

from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.symbol import Symbol

__all__ = ["identity", "primary_key", "state", "states"]


def identity(entity: Entity) -> Tuple[str, List[Any]]:
    """Return the type of *entity* and the values of its primary key, which no other entity has."""
    return (entity.entity_type, list(entity._primary_key().values()))


def primary_key(entity: Entity) -> OrderedDict[str, Any]:
    """Return the primary key of *entity* by attribute name, in the order of the schema.

    Raise :exc:`KeyError` if a part of it is not set.
    """
    return OrderedDict(entity._primary_key())


def state(entity: Entity) -> Symbol:
    """Return the state of *entity*: what the operations that its session holds will do to it.

    This is one of :data:`~ftrack_review.symbol.CREATED`, :data:`~ftrack_review.symbol.MODIFIED`,
    :data:`~ftrack_review.symbol.DELETED` and :data:`~ftrack_review.symbol.NOT_SET`.
    """
    return states([entity])[0]


def states(entities: Iterable[Entity]) -> List[Symbol]:
    """Return the states of *entities*, in their order."""
    return [
        entity.session.recorded_operations.states.get((entity.entity_type, entity._key()), NOT_SET)
        for entity in entities
    ]
