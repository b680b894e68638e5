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

__all__ = ["criteria_for", "forget_ahead", "populate", "populate_missing"]

#: How many entities one query asks for.
CHUNK = 500


def populate_missing(
    session: Session, entity: Entity, attributes: Sequence[Attribute], *, siblings: bool = True
) -> None:
    """Fetch *attributes* of *entity* and, with *siblings*, of those that came with it and lack the first."""
    projections = list(dict.fromkeys(p for attribute in attributes for p in attribute._projections(entity)))
    entities, origin = [entity], entity._origin
    if siblings and session.populate_siblings and origin is not None:
        entities = _find_siblings(session, entity, attributes[0].name, origin.reach or CHUNK)
        with session._lock:
            if origin.reach is not None:
                origin.reach = origin.reach * 4 if origin.reach * 4 < CHUNK else None
            if len(entities) > 1:
                origin.ahead.setdefault(entity.entity_type, set()).update(a.name for a in attributes)
                session._fetched_ahead.add(origin)
    _fetch(session, entity.entity_type, entities, projections)


def forget_ahead(session: Session, actions: Iterable[Any]) -> None:
    """Forget what was fetched for siblings and what *actions*, which the server has done, may have changed.

    Nobody has read it yet, so that it has to be what the server holds at the first reading: collections that were
    not read, where more than plain values changed, and what the server works out, which nobody can set. Where
    that happens again and again, as in a loop that commits each time, less is fetched ahead.
    """
    is_about_relations = not all(map(_sets_plain_values, actions))
    with session._lock:
        for origin in list(session._fetched_ahead):
            is_forgotten = False
            for entity_type, names in origin.ahead.items():
                attributes = session.types[entity_type].attributes
                for attribute in [attributes.get(name) for name in names]:
                    is_collection = hasattr(attribute, "collection_class")
                    if is_about_relations if is_collection else not attribute.mutable:
                        names.discard(attribute.name)
                        is_forgotten = True
                        for member in origin.members[entity_type]:
                            _forget(member, attribute.name, list if is_collection else object)
            if is_forgotten:
                origin.reach = 1
            if not any(origin.ahead.values()):
                session._fetched_ahead.discard(origin)


def _sets_plain_values(action: Any) -> bool:
    """Return whether all that *action* does is to set values that are no references."""
    return action.get("action") == "update" and not any(
        name.endswith("_id") or not (value is None or isinstance(value, (str, int, float)))
        for name, value in (action.get("entity_data") or {}).items()
    )


def _forget(entity: Entity, name: str, kind: type) -> None:
    """Forget the value of *name*, if it is of this *kind*, that the server gave. Collections are lists until read."""
    if isinstance(entity._values.get(name, NOT_SET), kind) and name not in (entity._remote or ()):
        entity._values.pop(name, None)


def _find_siblings(session: Session, entity: Entity, name: str, count: int) -> List[Entity]:
    """Return *entity* and those that came with it and lack *name*, beginning with it, at most *count*."""
    assert entity._origin is not None
    with session._lock:
        members = entity._origin.members.get(entity.entity_type, [])
        start = next((index for index, member in enumerate(members) if member is entity), 0)
        found = [entity]
        # Those behind it first: a loop will come to them.
        for member in (*members[start + 1 :], *members[:start]):
            if len(found) == count:
                break
            if member._values.get(name, NOT_SET) is NOT_SET and not session._is_created(member):
                found.append(member)
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
