"""The faults of query expressions: where they are, what was expected there, and the nearest name.

Called by the other modules of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Optional

from ftrack_review.protocol.schema import nearest
from ftrack_review.server.errors import ServerFault, validation_error

if TYPE_CHECKING:
    from ftrack_review.protocol.tree import Segment
    from ftrack_review.server.catalogue import Catalogue

__all__ = ["not_castable", "query_fault", "unknown_attribute", "unknown_type"]

# What older servers called these, and scripts still do.
_FORMER_NAMES = {("Status", "type"): "state"}

# What guides call these, where no name is near.
_TYPES_OF_GUIDES = {
    "Comment": "Note",
    "ReviewSessionComment": "Note",
    "ReviewSessionObjectComment": "Note",
    "ReviewSessionObjectComponent": "FileComponent",
}


def query_fault(
    content: str,
    position: Optional[int] = None,
    attribute: Optional[str] = None,
    *,
    hint: Optional[str] = None,
) -> ServerFault:
    """Return the fault for an expression that cannot be answered, at *position* of its text."""
    where = "" if position is None else f" (at position {position})"
    return validation_error(f"{content}{'' if hint is None else ' ' + hint}{where}", attribute, hint=hint)


def not_castable(segment: Segment) -> ServerFault:
    """Return the fault for a cast of *segment*, which leads to no other entity."""
    return query_fault(f"{segment.name} is a plain value and cannot be cast.", segment.position, segment.name)


def unknown_type(catalogue: Catalogue, name: str, position: Optional[int]) -> ServerFault:
    """Return the fault for an entity type that the schema does not have."""
    proposal = _TYPES_OF_GUIDES.get(name) or catalogue.schema.nearest(name)
    return query_fault(
        f"There is no entity type {name!r}: expected the name of an entity type.",
        position,
        hint=f"Did you mean {proposal}?" if proposal else None,
    )


def unknown_attribute(
    entity_type: str, name: str, names: Iterable[str], position: Optional[int]
) -> ServerFault:
    """Return the fault for an attribute that *entity_type* does not have, given all its *names*."""
    proposal = _FORMER_NAMES.get((entity_type, name)) or nearest(name, names)
    return query_fault(
        f"{entity_type} has no attribute {name!r}: expected an attribute of {entity_type}.",
        position,
        name,
        hint=f"Did you mean {proposal}?" if proposal else None,
    )
