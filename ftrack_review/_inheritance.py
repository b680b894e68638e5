"""Read custom attributes through the hierarchy: the value that counts for an entity, and where it comes from.

A server gives each entity its own value of a hierarchical custom attribute, or the configured default; what is
inherited is the caller's business (protocol.md 3.5). A value counts as set on an entity where it is neither null nor
the configured default, as a server does not tell a default from the same value set by somebody.

Called by :meth:`ftrack_review.session.Session.get_inherited_custom_attributes` and by the mapping of custom attributes.
"""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from ftrack_review import _population
from ftrack_review._configuration import _describe_for_configuration, _get_custom_attribute_configurations
from ftrack_review.attribute import convert
from ftrack_review.protocol import action, grammar
from ftrack_review.protocol.tree import And, Membership, Path, Segment, Statement, Value
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["InheritedValue", "find_inherited"]

_HIERARCHY = frozenset(("show", "task", "asset", "assetversion"))
#: What to fetch so that the way up from an entity of each family is known.
_WAYS_UP = {
    "TypedContext": "link, project_id, object_type_id",
    "Asset": "project_id, parent.link",
    "AssetVersion": "project_id, asset.parent.link",
}
#: What leads one step up.
_STEPS_UP = {"TypedContext": "parent", "Asset": "parent", "AssetVersion": "asset"}


class InheritedValue(NamedTuple):
    """The value of a custom attribute that counts for an entity, and the entity that it is set on.

    *origin* is None where nobody has set it, and *value* the configured default then.

    .. versionadded:: 3.1.0
    """

    value: Any
    origin: Optional[Entity]


class _Place(NamedTuple):
    """A step on the way up: the family to look for an entity in, its key, and the type of its values."""

    family: str
    key: str
    value_type: str


def find_inherited(
    session: Session, entities: Iterable[Entity], keys: Optional[Iterable[str]] = None
) -> List[Dict[str, InheritedValue]]:
    """Return for each of *entities* the values that count for it, by key.

    See :meth:`ftrack_review.session.Session.get_inherited_custom_attributes`.
    """
    entities = list(entities)
    wanted = None if keys is None else {keys} if isinstance(keys, str) else set(keys)
    _fetch_ways_up(session, entities)
    ways = [_go_up(session, entity) for entity in entities]
    configurations = [_configurations_for(entity, wanted) for entity in entities]
    values = _read_values(session, ways, configurations)
    found: List[Dict[str, Tuple[Any, Optional[_Place]]]] = []
    for way, applying in zip(ways, configurations):
        found.append(
            {key: _find_value(way, configuration, values) for key, configuration in applying.items()}
        )
    origins = _find_origins(
        session, {place for each in found for _, place in each.values() if place is not None}
    )
    return [
        {
            key: InheritedValue(value, None if place is None else origins.get(place))
            for key, (value, place) in each.items()
        }
        for each in found
    ]


def _find_value(
    way: List[_Place], configuration: Entity, values: Dict[Tuple[str, str], Any]
) -> Tuple[Any, Optional[_Place]]:
    """Return the first value on the *way* up that somebody has set, and where; else the default."""
    default = configuration["default"]
    for place in way if configuration["is_hierarchical"] else way[:1]:
        value = values.get((configuration["id"], place.key))
        if value is not None and value != default:
            return value, place
    return default, None


def _configurations_for(entity: Entity, wanted: Optional[Set[str]]) -> Dict[str, Entity]:
    """Return the configurations that apply to *entity*, by key: all hierarchical ones, or those that are *wanted*.

    Of several for one key, a hierarchical one goes before others, and one of the project before a global one.
    """
    code, object_type_id, project_id = _describe_for_configuration(entity)
    found: Dict[str, Tuple[Tuple[bool, bool], Entity]] = {}
    for configuration in _get_custom_attribute_configurations(entity.session):
        is_hierarchical = bool(configuration["is_hierarchical"])
        if wanted is None and not is_hierarchical:
            continue
        key = configuration["key"]
        if wanted is not None and key not in wanted:
            continue
        if not (is_hierarchical and code in _HIERARCHY) and (
            configuration["entity_type"] != code or configuration["object_type_id"] != object_type_id
        ):
            continue
        if configuration["project_id"] not in (None, project_id):
            continue
        rank = (is_hierarchical, configuration["project_id"] is not None)
        if key not in found or rank > found[key][0]:
            found[key] = (rank, configuration)
    return {key: configuration for key, (_, configuration) in found.items()}


# The way up.


def _family_of(session: Session, entity_type: str) -> Optional[str]:
    schema = session.schema
    return next((name for name in _STEPS_UP if name in schema and schema.is_a(entity_type, name)), None)


def _fetch_ways_up(session: Session, entities: List[Entity]) -> None:
    """Fetch what leads up from *entities*, with a request for each family."""
    by_family: Dict[str, List[Entity]] = {}
    for entity in entities:
        family = _family_of(session, entity.entity_type)
        if family is not None:
            by_family.setdefault(family, []).append(entity)
    for family, members in by_family.items():
        _population.populate(session, members, _WAYS_UP[family])


def _go_up(session: Session, entity: Entity) -> List[_Place]:
    """Return the places from *entity* up to its project."""
    way: List[_Place] = []
    current: Optional[Entity] = entity
    while current is not None and len(way) < 1000:
        way.append(_place_of(current))
        family = _family_of(session, current.entity_type)
        if family is None:
            break
        link = current["link"] if family == "TypedContext" and not _is_moved(current) else None
        if not isinstance(link, list):
            current = _read(current, _STEPS_UP[family])
            continue
        current = None
        for entry in reversed(link):
            if entry["id"] == way[-1].key:
                continue
            above = _find_known(session, "Context", entry["id"])
            if above is not None and _is_moved(above):
                # What the server says of the rest is out of date.
                current = above
                break
            way.append(_Place("Context", entry["id"], way[-1].value_type))
    return way


def _is_moved(entity: Entity) -> bool:
    """Return whether *entity* is new or was put elsewhere, so that the server does not know the way up from it."""
    remote = entity._remote or {}
    return entity.session._is_created(entity) or "parent" in remote or "parent_id" in remote


def _read(entity: Entity, name: str) -> Optional[Entity]:
    """Return what *entity* refers to by *name*, also where only the id was set."""
    value = entity[name]
    if (value is None or value is NOT_SET) and entity.attributes.get(f"{name}_id") is not None:
        identifier = entity[f"{name}_id"]
        target = entity.session.schema[entity.entity_type].attributes[name].target
        if isinstance(identifier, str) and target is not None:
            value = entity.session.get(target, identifier)
    return None if value is NOT_SET else value


def _place_of(entity: Entity) -> _Place:
    attribute = entity.session.schema[entity.entity_type].attributes.get("custom_attributes")
    value_type = None if attribute is None else attribute.target
    if value_type is None:
        raise KeyError(f"{entity.entity_type} has no custom attributes.")
    family = _family_of(entity.session, entity.entity_type) or entity.entity_type
    is_context = family in ("TypedContext", "Project")
    return _Place("Context" if is_context else family, str(entity._key()), value_type)


# Values.


def _read_values(
    session: Session, ways: List[List[_Place]], configurations: List[Dict[str, Entity]]
) -> Dict[Tuple[str, str], Any]:
    """Return the values by configuration and entity: those of the server, and over them those set locally."""
    places: Dict[str, Dict[str, None]] = {}
    asked: Dict[str, None] = {}
    for way, applying in zip(ways, configurations):
        asked.update(dict.fromkeys(configuration["id"] for configuration in applying.values()))
        if applying:
            for place in way:
                places.setdefault(place.value_type, {})[place.key] = None
    values: Dict[Tuple[str, str], Any] = {}
    for value_type, keys in places.items():
        for chunk in _chunks(list(keys)):
            criteria = And((_is_in("configuration_id", list(asked)), _is_in("entity_id", chunk)))
            statement = grammar.with_projections(
                Statement(value_type, criteria=criteria), ["configuration_id", "entity_id", "value"]
            )
            for record in session._call_raw([action.query(grammar.format(statement))])[0]["data"]:
                values[record["configuration_id"], record["entity_id"]] = convert(record["value"])
    with session._lock:
        for entity in session._identities.changed.values():
            if entity.entity_type in places and "value" in (entity._remote or ()):
                values[entity["configuration_id"], entity["entity_id"]] = entity["value"]
    return values


def _chunks(items: List[str]) -> Iterator[List[str]]:
    for start in range(0, len(items), _population.CHUNK):
        yield items[start : start + _population.CHUNK]


def _is_in(name: str, values: Sequence[str]) -> Membership:
    return Membership(Path((Segment(name),)), tuple(Value(value, quoted=True) for value in values))


# Origins.


def _find_origins(session: Session, places: Set[_Place]) -> Dict[_Place, Entity]:
    """Return the entities at *places*; those that the session does not know are fetched together."""
    missing: Dict[str, List[str]] = {}
    for place in places:
        if _find_known(session, place.family, place.key) is None:
            missing.setdefault(place.family, []).append(place.key)
    fetched: List[Entity] = []
    for family, keys in missing.items():
        for chunk in _chunks(keys):
            statement = Statement(family, criteria=_is_in("id", chunk))
            projections = session.types[family].default_projections
            fetched.extend(
                session.query(grammar.format(grammar.with_projections(statement, projections))).all()
            )
    origins: Dict[_Place, Entity] = {}
    for place in places:
        entity = _find_known(session, place.family, place.key)
        if entity is not None:
            origins[place] = entity
    return origins


def _find_known(session: Session, family: str, key: str) -> Optional[Entity]:
    for name in (family, *session.schema.subtypes(family)):
        entity = session._identities.find(name, key)
        if entity is not None:
            return entity
    return None
