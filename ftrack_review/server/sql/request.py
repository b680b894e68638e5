"""What is asked of the entities at each path: projections as a tree.

``select name, status.state.short from Task`` asks of tasks a name and a status, of the status a state, of the
state a short name. Compiled by ``projection``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Tuple

from ftrack_review.server.errors import ServerFault
from ftrack_review.server.sql.fault import not_castable
from ftrack_review.server.sql.resolution import TYPE_NAME, cast_type, resolve

if TYPE_CHECKING:
    from ftrack_review.protocol.tree import Projection, Segment
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.entity_type import EntityType

__all__ = ["Request", "read_projections"]


@dataclass
class Request:
    """What is asked of the entities at one path.

    *whole* asks for their default projections. *members* are requests by attribute and by the entity type that
    the path was cast to before it, None where it was not: those of other types are not asked for it.
    """

    whole: bool = False
    members: Dict[Tuple[str, Optional[str]], Request] = field(default_factory=dict)

    def member(self, name: str, restriction: Optional[str] = None) -> Request:
        """Return the request for the attribute *name*, making it where it is new."""
        return self.members.setdefault((name, restriction), Request())

    def for_type(self, entity: EntityType) -> Dict[str, Request]:
        """Return what is asked of an entity of exactly this type, by attribute."""
        found: Dict[str, List[Request]] = {}
        for (name, restriction), request in self.members.items():
            if restriction is None or entity.is_a(restriction):
                found.setdefault(name, []).append(request)
        return {name: _merge(requests) for name, requests in found.items()}

    def __str__(self) -> str:
        """Return the request as text; equal requests have equal texts."""
        names = sorted(
            f"{name}[{restriction or ''}]{request}" for (name, restriction), request in self.members.items()
        )
        return "{" + ",".join((["*"] if self.whole else []) + names) + "}"


def _merge(requests: List[Request]) -> Request:
    if len(requests) == 1:
        return requests[0]
    merged = Request(any(request.whole for request in requests))
    for key in dict.fromkeys(key for request in requests for key in request.members):
        merged.members[key] = _merge([r.members[key] for r in requests if key in r.members])
    return merged


def read_projections(catalogue: Catalogue, entity: EntityType, projections: Iterable[Projection]) -> Request:
    """Return what *projections* of a query for *entity* ask for, the default where there are none.

    Raise a fault for a name that does not exist.
    """
    request = Request()
    for projection in projections:
        if projection.path.segments[0].name == "*":
            request.whole = True
            continue
        _add_path(catalogue, entity, request, projection.path.segments)
    request.whole = request.whole or not request.members
    return request


def _add_path(
    catalogue: Catalogue, entity: EntityType, request: Request, segments: Tuple[Segment, ...]
) -> None:
    entities = [entity]
    restriction: Optional[str] = None
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment.name == TYPE_NAME and is_last:
            # Every record says its type. The request must not look empty, though.
            request.member(TYPE_NAME, restriction)
            return
        if segment.name == "*" and is_last:
            request.whole = True
            return
        request = request.member(segment.name, restriction)
        entities, restriction = _follow(catalogue, entities, segment, is_last=is_last)
        if is_last and entities:
            request.whole = True


def _follow(
    catalogue: Catalogue, entities: List[EntityType], segment: Segment, *, is_last: bool
) -> Tuple[List[EntityType], Optional[str]]:
    """Return the types to which *segment* leads, and the type it is cast to. Raise where no type has it."""
    targets: Dict[str, EntityType] = {}
    restriction: Optional[str] = None
    faults: List[ServerFault] = []
    for entity in entities:
        try:
            found = resolve(catalogue, entity, segment, relation=not is_last)
        except ServerFault as fault:
            faults.append(fault)
            continue
        for resolved in found:
            relation = resolved.relation
            if relation is None or relation.target not in catalogue.types:
                continue
            cast = cast_type(catalogue, catalogue.types[relation.covers], segment)
            target = cast or catalogue.types[relation.target]
            targets[target.name] = target
            restriction = cast.name if cast is not None else restriction
    if len(faults) == len(entities):
        raise faults[0]
    if segment.cast is not None and not targets:
        raise not_castable(segment)
    return list(targets.values()), restriction
