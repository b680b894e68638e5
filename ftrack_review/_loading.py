"""Turn the records of an answer into attached entities, in one pass.

This is the hot path of the library. A record is a dictionary as :func:`json.loads` made it. The first
record met of an identity becomes the values of its entity as it is; every further one is merged into those
values in place. Nested records are met at once, because a server sends a repeated entity as a bare
reference only: kept apart, values would get lost. Times and collections stay raw until they are read.

Measured by ``python -m tests.benchmarks``: no object hook for the decoder, one dictionary look-up of the
type per record, and which of the record's members can hold records is found once per shape (the names in
the record) in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

import ftrack_review.exception as exception
from ftrack_review.collection import Collection, MappedCollectionProxy
from ftrack_review.entity.base import Entity

if TYPE_CHECKING:
    from ftrack_review._identity import Key
    from ftrack_review.session import Session

__all__ = ["Origin", "Record", "load", "load_value"]

Record = Dict[str, Any]

# What the loader has to know of a type: its class, the live entities of the session, the name of a single
# primary key (else None), all names, and the names of the attributes that may hold records.
_Plan = Tuple[Any, Dict[Any, Entity], Optional[str], Tuple[str, ...], "frozenset[str]"]


_PLAIN_INIT: Any = Entity.__init__


class Origin:
    """The entities that came with one result, by concrete type, in their order.

    What one of them lacks is fetched for the others too: see :mod:`~ftrack_review._population`.
    """

    __slots__ = ("__weakref__", "ahead", "members", "reach")

    def __init__(self) -> None:
        """Initialise empty."""
        self.members: Dict[str, List[Entity]] = {}
        #: The names of what was fetched for all, before somebody read it, by type.
        self.ahead: Dict[str, Set[str]] = {}
        #: For how many of them the next attribute is fetched, None for as many as fit in a query.
        self.reach: Optional[int] = None


def plan_of(session: Session, entity_type: str) -> _Plan:
    """Return what loading needs to know of *entity_type*, worked out once per session."""
    plan = session._plans.get(entity_type)
    if plan is None:
        cls = session.types[entity_type]
        names = tuple(cls.primary_key_attributes)
        nested = frozenset(attribute.name for attribute in cls.attributes if attribute.holds_entities)
        known = session._identities.of_type(entity_type)
        plan = session._plans[entity_type] = (
            cls,
            known,
            names[0] if len(names) == 1 else None,
            names,
            nested,
        )
    return plan


def is_known(session: Session, record: Any) -> bool:
    """Return whether the session holds the entity that *record* is about."""
    plan = session._plans.get(record.get("__entity_type__", "")) if type(record) is dict else None
    if plan is None:
        return False
    _, known, key_name, key_names, _ = plan
    key = record.get(key_name) if key_name is not None else tuple([record.get(name) for name in key_names])
    return key in known


def load(session: Session, records: Iterable[Record], *, gather: bool = True) -> List[Entity]:
    """Return the entities that *records* stand for, attached to *session* and up to date.

    *records* are taken over and must not be used afterwards; they may be decoded while they are gone through. With
    *gather* the entities, new and known, remember each other as coming from one result; without, only the new
    ones do.

    Raise :exc:`~ftrack_review.exception.UnrecognisedEntityTypeError` for a type that the schema does not
    have, and :exc:`~ftrack_review.exception.ServerResponseError` for a record without its key.
    """
    if isinstance(records, list) and records and type(records[0]) is not dict:
        return _merge_all(session, records)
    with session._lock:
        origin = Origin()
        # Held, as the last entity to leave its former result would take that along.
        formers = list(session._fetched_ahead) if gather and session._fetched_ahead else ()
        touched = _notebook(session)
        meet = _make_meet(session, origin, gather, touched)
        try:
            entities = [meet(record) for record in records]
        except BaseException as error:
            _forget_unfinished(session, origin)
            raise _explain(error) from error
        if formers:
            _follow(session, origin, formers)
    session._store_elsewhere((touched or {}).values())
    return entities


def _follow(session: Session, origin: Origin, formers: Iterable[Origin]) -> None:
    """Note with *origin* what was fetched ahead of those that may have come with one of the *formers* before."""
    for former in formers:
        for entity_type, names in former.ahead.items():
            if entity_type in origin.members:
                origin.ahead.setdefault(entity_type, set()).update(names)
    if origin.ahead:
        session._fetched_ahead.add(origin)


def _notebook(session: Session) -> Optional[Dict[int, Entity]]:
    """Return where to enter what is loaded, None where no further cache wants to know."""
    return None if session._find_elsewhere is None else {}


def load_apart(session: Session, records: Iterable[Record]) -> Tuple[List[Entity], List[Entity]]:
    """Return the entities that *records* stand for, and all those among and within them that are new.

    The new ones are siblings; see :func:`load`.
    """
    if isinstance(records, list) and records and type(records[0]) is not dict:
        return _merge_all(session, records), []
    with session._lock:
        origin = Origin()
        meet = _make_meet(session, origin, gather=False)
        try:
            found = [meet(record) for record in records]
        except BaseException as error:
            _forget_unfinished(session, origin)
            raise _explain(error) from error
        return found, [entity for members in origin.members.values() for entity in members]


def _merge_all(session: Session, items: List[Any]) -> List[Any]:
    """Return the attached entities for *items*, which something in the place of ``session.call`` gave as entities."""
    return [session.merge(item) for item in items]


def load_value(session: Session, value: Any, *, gather: bool = False) -> Any:
    """Return *value*, as it came from JSON, with every record in it replaced by its entity.

    Times become :class:`arrow.Arrow`. Dictionaries and lists are changed in place.
    """
    with session._lock:
        origin = Origin()
        touched = _notebook(session)
        try:
            value = _walk(value, _make_meet(session, origin, gather, touched))
        except BaseException as error:
            _forget_unfinished(session, origin)
            raise _explain(error) from error
    session._store_elsewhere((touched or {}).values())
    return value


def _walk(value: Any, meet: Callable[[Record], Entity]) -> Any:
    kind = type(value)
    if kind is list:
        value[:] = [_walk(item, meet) for item in value]
        return value
    if kind is dict:
        if "__entity_type__" in value:
            return meet(value)
        if "__type__" in value:
            from ftrack_review.attribute import convert

            return convert(value)
        for name in value:
            value[name] = _walk(value[name], meet)
    return value


def _forget_unfinished(session: Session, origin: Origin) -> None:
    """Forget the entities that were being loaded when an error came: they still hold records."""
    for entity_type, members in origin.members.items():
        known = session._identities.of_type(entity_type)
        for key in [key for key, entity in known.items() if _holds_records(entity)] if members else ():
            del known[key]


def _holds_records(entity: Entity) -> bool:
    """Return whether a value of *entity* is, or holds, a record that is not an entity yet, or the key is missing."""
    return not entity._has_key() or any(
        type(item) is dict and "__entity_type__" in item
        for value in entity._values.values()
        for item in (value if type(value) is list else (value,))
    )


def _explain(error: BaseException) -> BaseException:
    """Return what to raise for *error*: a missing key is the server's fault."""
    if not isinstance(error, KeyError) or isinstance(error, exception.Error):
        return error
    return exception.ServerResponseError(
        f"The server's answer holds a record without {error.args[0]!r}, which its key or type needs."
    )


def _make_meet(
    session: Session, origin: Origin, gather: bool, touched: Optional[Dict[int, Entity]] = None
) -> Callable[[Record], Entity]:
    """Return the function that turns one record into its entity.

    What it makes or changes is entered in *touched*, by ``id``, where that is given.

    It is a closure, as what it uses per record is then a fast variable, and it keeps what it finds out about
    types and shapes for the request only, as the decoder shares the names of members within one document.
    """
    new = object.__new__
    all_at_hand = session._find_elsewhere is None and not session._identities.released
    # Type -> (live entities, key name, [shape of the record before, names of its members that may hold records], append
    # to members, names that may hold records, key names, class, whether it is made the short way, type)
    local: Dict[str, Any] = {}

    def prepare(entity_type: str) -> Any:
        cls, known, key_name, key_names, nested = plan_of(session, entity_type)
        short = cls.__init__ is _PLAIN_INIT and all_at_hand
        append = origin.members.setdefault(entity_type, []).append
        found: Any = (known, key_name, [(), ()], append, nested, key_names, cls, short, entity_type)
        local[entity_type] = found
        return found

    find_type = local.get

    def meet(record: Record) -> Entity:
        entity_type = record["__entity_type__"]
        found = find_type(entity_type)
        if found is None:
            found = prepare(entity_type)
        known, key_name, latest, append, nested, key_names, cls, short, name_of_type = found
        key = record[key_name] if key_name is not None else tuple([record[name] for name in key_names])
        entity: Optional[Entity] = known.get(key)
        is_new = entity is None
        if entity is not None:
            if gather and entity._origin is not origin:
                entity._origin = origin
                append(entity)
            if len(record) == 2:
                # A bare reference.
                return entity
            if touched is not None:
                touched[id(entity)] = entity
        shape = tuple(record)
        if shape != latest[0]:
            latest[:] = shape, tuple([name for name in shape if name in nested])
        inner = latest[1]

        if entity is None:
            if not short:
                return make_general(record, key, cls, key_names, inner, append)
            entity = known[key] = new(cls)
            entity.session = session
            entity._remote = None
            entity._origin = origin
            # At once, as what lies within may lead back here: its values meet those that are on their way.
            entity._values = record
            # One text for all: the decoder makes one each.
            record["__entity_type__"] = name_of_type
            append(entity)
        for name in inner:
            value = record[name]
            kind = type(value)
            if kind is dict:
                if len(value) == 2:
                    # A bare reference, which most records are: the beginning of this function, without a call.
                    found = find_type(value["__entity_type__"])
                    if found is not None and found[1] is not None:
                        other = found[0].get(value[found[1]])
                        if other is not None:
                            if gather and other._origin is not origin:
                                other._origin = origin
                                found[3](other)
                            record[name] = other
                            continue
                record[name] = meet(value)
            elif kind is list:
                record[name] = meet_all(value) if is_new else _renew(entity, name, meet_all(value))
        if is_new:
            return entity
        if entity._remote is None:
            # What is the same stays where it is in memory, which what came again leaves at once
            # (python -m tests.benchmarks, "again").
            values = entity._values
            if values != record:
                values.update(record)
        else:
            _update_beside_local(entity, record)
        return entity

    def meet_all(values: List[Any]) -> List[Any]:
        return [meet(value) if type(value) is dict else value for value in values]

    def make_general(
        record: Record, key: Any, cls: Any, key_names: Tuple[str, ...], inner: Tuple[str, ...], append: Any
    ) -> Entity:
        entity = _make_general(session, cls, key, key_names, record)
        session._identities.of_type(record["__entity_type__"])[key] = entity
        entity._origin = origin
        append(entity)
        if touched is not None:
            touched[id(entity)] = entity
        for name in inner:
            value = record[name]
            if type(value) is dict:
                record[name] = meet(value)
            elif type(value) is list:
                record[name] = _renew(entity, name, meet_all(value))
        if entity._remote is None:
            entity._values.update(record)
        else:
            _update_beside_local(entity, record)
        return entity

    return meet


def _renew(entity: Entity, name: str, items: List[Any]) -> Any:
    """Return what to keep of *items* for the collection *name*: one that somebody may hold is filled anew."""
    held: Any = entity._values.get(name)
    is_held = isinstance(held, (Collection, MappedCollectionProxy))
    if is_held and (entity._remote is None or name not in entity._remote):
        held._refill(items)
        return held
    return items


def _update_beside_local(entity: Entity, record: Record) -> None:
    """Merge *record* into what *entity* holds. A value that was set locally stays; its remote value changes."""
    values, remote = entity._values, entity._remote
    assert remote is not None
    for name, value in record.items():
        if name in remote:
            remote[name] = value
        else:
            values[name] = value


def _make_general(session: Session, cls: Any, key: Key, key_names: Tuple[str, ...], record: Record) -> Entity:
    """Return a new entity, by the slower way.

    That is for classes with their own ``__init__``, for further caches, and while entities are held that the session
    let go.
    """
    entity = session._identities.find(record["__entity_type__"], key)
    if entity is None and session._find_elsewhere is not None:
        entity = session._find_elsewhere(record["__entity_type__"], key)
    if entity is not None:
        return entity
    made: Entity = cls(session, data={name: record[name] for name in key_names}, reconstructing=True)
    return made
