"""Read again what is known of entities, because others may have changed it.

Called by :meth:`ftrack_review.session.Session.refresh`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Tuple

from ftrack_review import _loading
from ftrack_review._population import CHUNK, criteria_for
from ftrack_review.protocol import action, grammar
from ftrack_review.protocol.tree import Statement
from ftrack_review.symbol import CREATED, NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["refresh"]


def refresh(session: Session, entities: Iterable[Entity]) -> List[Entity]:
    """Read *entities* again and return those that are gone; see :meth:`ftrack_review.session.Session.refresh`."""
    by_type: Dict[str, Dict[int, Entity]] = {}
    with session._lock:
        states = session.recorded_operations.states
        for entity in entities:
            if states.get((entity.entity_type, entity._key())) is not CREATED:
                by_type.setdefault(entity.entity_type, {})[id(entity)] = entity
    gone: List[Entity] = []
    for entity_type, members in by_type.items():
        known = list(members.values())
        for start in range(0, len(known), CHUNK):
            gone.extend(_refresh_chunk(session, entity_type, known[start : start + CHUNK]))
    return gone


def _refresh_chunk(session: Session, entity_type: str, entities: List[Entity]) -> List[Entity]:
    """Read *entities*, at most a chunk, with one request. Return those that are gone."""
    by_content: Dict[Tuple[str, ...], List[Entity]] = {}
    with session._lock:
        for entity in entities:
            by_content.setdefault(_loaded_names(entity), []).append(entity)
    queries = []
    for names, members in by_content.items():
        projections: List[str] = []
        for name in names:
            attribute = members[0].attributes.get(name)
            assert attribute is not None
            projections.extend(attribute._projections(members[0]))
        statement = Statement(
            entity_type, criteria=criteria_for([member._primary_key() for member in members])
        )
        statement = grammar.with_page(grammar.with_projections(statement, projections), offset=0, limit=CHUNK)
        queries.append(action.query(grammar.format(statement)))
    records: List[Dict[str, Any]] = []
    for result in session._call_raw(queries):
        records.extend(result["data"])
    origins = [entity._origin for entity in entities]
    found = {id(entity) for entity in _loading.load(session, records, gather=False)}
    for entity, origin in zip(entities, origins):
        entity._origin = origin
    return [entity for entity in entities if id(entity) not in found]


def _loaded_names(entity: Entity) -> Tuple[str, ...]:
    """Return the names of the attributes that *entity* has from the server, always with its key."""
    remote = entity._remote or {}
    return tuple(
        attribute.name
        for attribute in entity.attributes
        if attribute.name in entity.primary_key_attributes
        or remote.get(attribute.name, entity._values.get(attribute.name, NOT_SET)) is not NOT_SET
    )
