"""Fetch attributes of entities that are known already, for many of them at once.

Reading an attribute that was not fetched yet would send a request per entity in a loop. As entities
remember the result that they came with, what one lacks is fetched for its siblings too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Sequence

from ftrack_review import _loading
from ftrack_review.protocol import action, grammar
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Or,
    Path,
    Segment,
    Statement,
    Value,
)
from ftrack_review.symbol import CREATED, NOT_SET

if TYPE_CHECKING:
    from ftrack_review.attribute import Attribute
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["criteria_for", "populate", "populate_missing"]

#: How many entities one query asks for.
CHUNK = 500


def populate_missing(
    session: Session, entity: Entity, attributes: Sequence[Attribute], *, siblings: bool = True
) -> None:
    """Fetch *attributes* of *entity* and, with *siblings*, of those that came with it and lack the first."""
    projections = list(dict.fromkeys(p for attribute in attributes for p in attribute._projections(entity)))
    entities = [entity]
    if siblings and session.populate_siblings and entity._origin is not None:
        entities = _find_siblings(session, entity, attributes[0].name)
    _fetch(session, entity.entity_type, entities, projections)


def _find_siblings(session: Session, entity: Entity, name: str) -> List[Entity]:
    """Return *entity* and those that came with it and lack *name*, beginning with it, at most a chunk."""
    assert entity._origin is not None
    with session._lock:
        members = entity._origin.members.get(entity.entity_type, [])
        start = next((index for index, member in enumerate(members) if member is entity), 0)
        found = [entity]
        # Those behind it first: a loop will come to them.
        for member in (*members[start + 1 :], *members[:start]):
            if member._values.get(name, NOT_SET) is NOT_SET and not session._is_created(member):
                found.append(member)
                if len(found) == CHUNK:
                    break
    return found


def populate(session: Session, entities: Iterable[Entity], projections: str) -> None:
    """Fetch the comma-separated *projections* of *entities*, of whatever types.

    What was set locally stays. Entities that are new have nothing to fetch. There is one query per type
    and chunk. Of several types, each gets the projections that it has; what none has is the server's to refuse.
    """
    wanted = [text.strip() for text in projections.split(",") if text.strip()]
    by_type: Dict[str, Dict[int, Entity]] = {}
    states = session.recorded_operations.states
    for entity in entities:
        if states.get((entity.entity_type, entity._key())) is not CREATED:
            by_type.setdefault(entity.entity_type, {})[id(entity)] = entity
    if not wanted:
        return
    having = {
        text: {name for name in by_type if len(by_type) == 1 or _has_attribute(session, name, text)}
        or set(by_type)
        for text in wanted
    }
    for entity_type, members in by_type.items():
        its_own = [text for text in wanted if entity_type in having[text]]
        if its_own:
            _fetch(session, entity_type, list(members.values()), its_own)


def _has_attribute(session: Session, entity_type: str, projection: str) -> bool:
    """Return whether *entity_type* has the attribute, or the idiom, that *projection* begins with."""
    first, dot, _ = projection.partition(".")
    name = first.partition("[")[0].strip()
    attribute = session.schema[entity_type].attributes.get(name)
    if attribute is None:
        return session.idioms.idiom(entity_type, name) is not None
    # A shot refers to its status, a project has it as a plain value.
    return not dot or attribute.target is not None


def _fetch(session: Session, entity_type: str, entities: List[Entity], projections: List[str]) -> None:
    for start in range(0, len(entities), CHUNK):
        chunk = entities[start : start + CHUNK]
        keys = [entity._primary_key() for entity in chunk]
        statement = Statement(entity_type, criteria=criteria_for(keys))
        statement = grammar.with_projections(statement, projections)
        if session.idioms.concerns(f"{', '.join(projections)} {entity_type}"):
            statement = session.idioms.rewrite(statement)
        expression = grammar.format(grammar.with_page(statement, offset=0, limit=CHUNK))
        results = session._call_raw([action.query(expression)])
        records: List[Any] = results[0]["data"]
        if records:
            # They stay siblings of those they came with; what they refer to becomes siblings here.
            origins = [entity._origin for entity in chunk]
            _loading.load(session, records, gather=len(records) > 1)
            for entity, origin in zip(chunk, origins):
                entity._origin = origin


def criteria_for(keys: Sequence[Dict[str, Any]]) -> Criteria:
    """Return the criteria that entities with these primary *keys*, by attribute name, meet."""
    names = list(keys[0])
    if len(names) == 1:
        path = Path((Segment(names[0]),))
        if len(keys) == 1:
            return Comparison(path, "is", Value(str(keys[0][names[0]]), quoted=True))
        return Membership(path, tuple(Value(str(key[names[0]]), quoted=True) for key in keys))
    items: List[Criteria] = [
        And(
            tuple(
                Comparison(Path((Segment(name),)), "is", Value(str(value), quoted=True))
                for name, value in key.items()
            )
        )
        for key in keys
    ]
    return items[0] if len(items) == 1 else Or(tuple(items))
