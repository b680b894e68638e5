"""Values at the end of a path as one column each: what is sorted, grouped and counted by.

Called by ``compilation``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Sequence

import sqlalchemy as sa

from ftrack_review.server.sql.fault import not_castable, query_fault
from ftrack_review.server.sql.operand import Operand, key_operand, operand, type_operand
from ftrack_review.server.sql.relating import is_unknown, reference_column, step
from ftrack_review.server.sql.resolution import TYPE_NAME, Resolved, cast_type, resolve

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from ftrack_review.protocol.tree import Order, Path, Segment
    from ftrack_review.server.sql.scope import Build, Scope

__all__ = ["order_columns", "path_operand", "sorted_by"]


# Of these no single element can stand for all in an order.
_WITHOUT_ORDER = ("ancestors", "descendants", "custom_attributes")


def order_columns(build: Build, scope: Scope, orders: Sequence[Order]) -> List[ColumnElement[Any]]:
    """Return what *orders* sort by. Nulls come first ascending, and the stable order of rows settles ties."""
    columns: List[ColumnElement[Any]] = []
    for order in orders:
        column = path_operand(build, scope, order.path, descending=order.descending).column
        columns.append(sorted_by(column, descending=order.descending))
    return columns + list(scope.order)


def sorted_by(column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    """Return *column* as part of an order, with nulls first ascending."""
    # Said explicitly, because databases differ in where they put nulls.
    return column.desc().nulls_last() if descending else column.asc().nulls_first()


def path_operand(
    build: Build, scope: Scope, path: Path, *, descending: bool = False, single: bool = False
) -> Operand:
    """Return the value at the end of *path* for each row in *scope*.

    Of a collection it is the smallest, the greatest if *descending*; with *single*, a collection is refused.
    """
    return _value(build, scope, path.segments, descending=descending, single=single)


def _value(
    build: Build, scope: Scope, segments: Sequence[Segment], *, descending: bool, single: bool
) -> Operand:
    segment = segments[0]
    if segment.name == TYPE_NAME:
        return type_operand(scope)
    found = _choose(build, scope, segments)
    relation = found.relation
    if relation is None:
        if segment.cast is not None:
            raise not_castable(segment)
        return operand(build, scope, found, segment)
    target = build.entity(relation.covers, segment.position)
    cast = cast_type(build.catalogue, target, segment)
    if len(segments) == 1 and relation.kind == "reference" and cast is None:
        return key_operand(reference_column(build, scope, found), segment.name)
    many = relation.kind != "reference"
    if is_unknown(build, relation) or relation.how in _WITHOUT_ORDER or (single and many):
        raise query_fault(
            f"{found.owner.name}.{segment.name} has many values: expected a path with one value for each row.",
            segment.position,
            segment.name,
        )
    there = step(build, scope, found, cast)
    if len(segments) == 1:
        value = key_operand(there.scope.key(), segment.name)
    else:
        value = _value(build, there.scope, segments[1:], descending=descending, single=single)
    column = value.column
    query = sa.select(column).select_from(there.source).where(*there.on())
    if many:
        # Not min(): of a column of the outer query it would be an aggregate of that.
        query = query.where(column.is_not(None)).order_by(column.desc() if descending else column).limit(1)
    return Operand(query.scalar_subquery(), value.kind, value.name)


def _choose(build: Build, scope: Scope, segments: Sequence[Segment]) -> Resolved:
    """Return the first attribute of this name from which the rest of the path can be followed."""
    found = resolve(build.catalogue, scope.entity, segments[0], relation=len(segments) > 1)
    if len(found) == 1 or len(segments) == 1:
        return found[0]
    for candidate in found:
        relation = candidate.relation
        if relation is not None and relation.target in build.catalogue.types:
            target = build.catalogue.types[segments[0].cast or relation.target]
            if segments[1].name in target.schema.attributes:
                return candidate
    return found[0]
