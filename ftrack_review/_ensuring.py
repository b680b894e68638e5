"""Find one entity by its key or by values, and make it so where it is not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

import ftrack_review.exception as exception
from ftrack_review._identity import make_key
from ftrack_review._population import criteria_for
from ftrack_review.entity.base import Entity
from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import And, Comparison, Criteria, Path, Segment, Statement, Value
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["ensure", "get"]


def get(session: Session, entity_type: str, entity_key: Any) -> Optional[Entity]:
    """Return an entity by type and primary key, or None; see :meth:`ftrack_review.session.Session.get`.

    Raise :exc:`ValueError` for a key with too many or too few parts.
    """
    cls = session.types[entity_type]
    names: List[str] = list(cls.primary_key_attributes)
    values = _read_key(entity_type, names, entity_key)
    key = make_key(values)
    # A base type finds what is known of its subtypes.
    for concrete in (cls.entity_type, *session.schema.subtypes(cls.entity_type)):
        entity = session._identities.find(concrete, key)
        if entity is None and session._find_elsewhere is not None:
            entity = session._find_elsewhere(concrete, key)
        if entity is not None:
            return entity
    statement = Statement(cls.entity_type, criteria=criteria_for([dict(zip(names, values))]))
    statement = grammar.with_projections(statement, cls.default_projections)
    results = session.query(grammar.format(statement)).all()
    if len(results) > 1:
        raise exception.MultipleResultsFoundError(
            f"The server holds {len(results)} entities of type {entity_type} with the key {entity_key!r}."
        )
    return results[0] if results else None


def _read_key(entity_type: str, names: List[str], entity_key: Any) -> List[Any]:
    """Return the values of the primary key attributes *names* that *entity_key* gives, as texts."""
    if isinstance(entity_key, Mapping):
        missing = [name for name in names if name not in entity_key]
        if missing:
            raise ValueError(f"The key of {entity_type} needs {', '.join(missing)}.")
        values = [entity_key[name] for name in names]
    elif isinstance(entity_key, str) or not isinstance(entity_key, Sequence):
        values = [entity_key]
    else:
        values = list(entity_key)
    if len(values) != len(names) or any(value is None for value in values):
        raise ValueError(
            f"The primary key of {entity_type} is {', '.join(names)}; {entity_key!r} does not give it."
        )
    return [value if isinstance(value, str) else str(value) for value in values]


def ensure(
    session: Session,
    entity_type: str,
    data: Mapping[str, Any],
    identifying_keys: Optional[Sequence[str]] = None,
) -> Entity:
    """Return the entity with the values in *data*; see :meth:`ftrack_review.session.Session.ensure`."""
    if not identifying_keys:
        identifying_keys = list(data)
    if not identifying_keys:
        raise ValueError(
            f"Could not determine any identifying data to check against when ensuring {entity_type!r} with "
            f"data {dict(data)!r}. Identifying keys: {list(identifying_keys)!r}"
        )
    criteria = [_make_criterion(name, data[name]) for name in identifying_keys]
    cls = session.types[entity_type]
    statement = Statement(entity_type, criteria=criteria[0] if len(criteria) == 1 else And(tuple(criteria)))
    statement = grammar.with_projections(statement, [*cls.default_projections, *_readable(cls, data)])
    try:
        entity: Entity = session.query(grammar.format(statement)).one()
    except exception.NoResultFoundError:
        created: Entity = session.create(entity_type, data=data)
        session.commit()
        return created
    changed = False
    for name, value in data.items():
        if not _is_equal(entity[name], value):
            entity[name] = value
            changed = True
    if changed:
        session.commit()
    return entity


def _readable(cls: Any, data: Mapping[str, Any]) -> List[str]:
    """Return those attributes in *data* to fetch along, so that comparing them needs no further request."""
    return [name for name in data if cls.attributes.get(name) is not None]


def _make_criterion(name: str, value: Any) -> Criteria:
    """Return the criterion that the attribute *name* has *value*."""
    if isinstance(value, Entity):
        key = value._primary_key()
        segments = [Path((*_path(name).segments, Segment(part))) for part in key]
        parts: List[Criteria] = [
            Comparison(path, "is", Value(str(item), quoted=True))
            for path, item in zip(segments, key.values())
        ]
        return parts[0] if len(parts) == 1 else And(tuple(parts))
    if isinstance(value, dt.datetime) or hasattr(value, "isoformat"):
        return Comparison(_path(name), "is", Value(_format_time(value), quoted=True))
    if isinstance(value, (list, tuple, set, dict)):
        raise TypeError(f"{name!r} cannot identify an entity: its value is {value!r}.")
    return Comparison(_path(name), "is", grammar.literal(value))


def _path(name: str) -> Path:
    return Path(tuple(Segment(part) for part in name.split(".")))


def _format_time(value: Any) -> str:
    """Return a time as servers compare it: UTC without its zone, whole seconds."""
    moment = getattr(value, "datetime", value)
    if isinstance(moment, dt.datetime):
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return moment.replace(microsecond=0).isoformat()
    text: str = moment.isoformat()
    return text


def _is_equal(held: Any, value: Any) -> bool:
    """Return whether an attribute that holds *held* has *value* already."""
    if held is NOT_SET:
        return False
    if hasattr(held, "isoformat") and (isinstance(value, (str, dt.date)) or hasattr(value, "isoformat")):
        return _time_of(held) == _time_of(value)
    if hasattr(held, "collection") and isinstance(value, Mapping):
        present: Dict[Any, Any] = dict(held)
        return all(name in present and present[name] == item for name, item in value.items())
    if hasattr(held, "_refill") and isinstance(value, (list, tuple)):
        return list(held) == list(value)
    return bool(held == value)


def _time_of(value: Any) -> str:
    from ftrack_review.protocol import wire

    text = value if isinstance(value, str) else value.isoformat()
    try:
        return wire.parse_time(text)
    except ValueError:
        return str(text)
