"""The left side of a comparison: an attribute as a column, and how literals are to be read for it.

Called by ``criterion`` and ``ordering``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ftrack_review.server.sql.computed import derived, expression
from ftrack_review.server.sql.fault import query_fault

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from ftrack_review.protocol.tree import Segment
    from ftrack_review.server.sql.resolution import Resolved
    from ftrack_review.server.sql.scope import Build, Scope

__all__ = [
    "ADDRESS",
    "ENTITY_TYPE",
    "NUMBERED_KEY",
    "TIME",
    "Operand",
    "key_operand",
    "operand",
    "type_operand",
]

#: Kinds beyond those of the schema: a point in time, and text that names an entity type.
TIME = "time"
ENTITY_TYPE = "entity type"

#: The kind of an address, which is made after reading: the column tells whether there is one, and sorts.
ADDRESS = "address"

#: The kind of a key that is a number. What is no number is an unknown key, and no fault.
NUMBERED_KEY = "numbered key"


@dataclass(frozen=True)
class Operand:
    """A *column* and its *kind*: one of the schema's or of this module's."""

    column: ColumnElement[Any]
    kind: str
    name: str = "id"


def operand(build: Build, scope: Scope, resolved: Resolved, segment: Segment) -> Operand:
    """Return the plain attribute *resolved* in *scope*. Raise a fault for what the database cannot see."""
    attribute, owner = resolved.attribute, resolved.owner
    stored = owner.columns.get(attribute.name)
    column = scope.own(stored) if stored is not None else expression(build, scope, owner, attribute.name)
    if column is None:
        raise query_fault(
            f"{owner.name}.{attribute.name} is worked out after reading: expected an attribute that can be "
            "compared and sorted by.",
            segment.position,
            attribute.name,
        )
    kind = attribute.kind
    if stored is None and derived(build, scope, owner, attribute.name) is not None:
        kind = ADDRESS
    elif attribute.is_time:
        kind = TIME
    elif attribute.transformed:
        kind = ENTITY_TYPE
    elif kind == "integer" and (attribute.name in owner.primary_key or attribute.format == "foreign_key"):
        kind = NUMBERED_KEY
    return Operand(column, kind, attribute.name)


def key_operand(column: ColumnElement[Any], name: str = "id") -> Operand:
    """Return the *column*, which holds the key of an entity."""
    return Operand(column, NUMBERED_KEY if isinstance(column.type, sa.Integer) else "string", name)


def type_operand(scope: Scope) -> Operand:
    """Return the concrete entity type of the rows in *scope*."""
    return Operand(scope.type_name(), ENTITY_TYPE, "__entity_type__")
