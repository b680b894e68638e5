"""Whole statements compiled: the SELECT, the parameters it takes and what becomes of its rows.

A :class:`Plan` depends on the names in an expression and on the schema, not on literals, so that it serves every
expression of its shape, and the database's driver compiles its SELECT once.

Called by ``running``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.protocol.tree import Path, Projection, Segment
from ftrack_review.server.sql.criterion import compile_criteria
from ftrack_review.server.sql.dense import dense_scope, is_dense
from ftrack_review.server.sql.fault import query_fault
from ftrack_review.server.sql.operand import TIME
from ftrack_review.server.sql.ordering import order_columns, path_operand
from ftrack_review.server.sql.projection import Fetch
from ftrack_review.server.sql.relating import step
from ftrack_review.server.sql.request import Request, read_projections
from ftrack_review.server.sql.resolution import cast_type, resolve
from ftrack_review.server.sql.scope import Binder, Build, in_json_list, text_parameter

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import FromClause, Select

    from ftrack_review.protocol.tree import Statement
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.entity_type import EntityType
    from ftrack_review.server.sql.scope import Scope

__all__ = ["IDS", "Plan", "compile_query", "compile_selection"]

#: The parameter of a selection by keys, as a JSON list.
IDS = "ids"

_AGGREGATES: Dict[str, Callable[[Any], Any]] = {
    "avg": sa.func.avg,
    "count": sa.func.count,
    "max": sa.func.max,
    "min": sa.func.min,
    "sum": sa.func.sum,
}


@dataclass(frozen=True)
class Plan:
    """A compiled statement.

    *binders* fill its parameters from the literals of an expression. Of *fetch* and *keys* one is given: how
    records are made, or the keys of the plain objects that a grouping query answers with. *limit* and *offset* are
    slots.
    """

    statement: Select[Any]
    binders: Tuple[Binder, ...]
    fetch: Optional[Fetch] = None
    keys: Tuple[Tuple[str, bool], ...] = ()
    limit: Optional[int] = None
    offset: Optional[int] = None

    def parameters(self, values: Sequence[Any]) -> Dict[str, Any]:
        """Return the parameters for the literals *values*. Raise a fault for one that cannot be read."""
        return {binder.name: binder.read(values[binder.index]) for binder in self.binders}


def compile_query(catalogue: Catalogue, statement: Statement) -> Plan:
    """Return the plan for *statement*, which has slots for literals (see ``shape``).

    Raise a fault that says where and why where it cannot be answered.
    """
    build = Build(catalogue)
    entity = build.entity(statement.entity_type, statement.position)
    scope, source, conditions = _rows_of(build, entity)
    if statement.criteria is not None:
        conditions.append(compile_criteria(build, scope, statement.criteria, compile_subquery))
    if statement.group_by or any(projection.function for projection in statement.projections):
        keys, columns, groups = _aggregate_columns(build, scope, statement)
        query = sa.select(*columns).select_from(source).where(*conditions).group_by(*groups)
        if statement.order_by:
            query = query.order_by(*_group_order(build, scope, statement))
        plan = Plan(query, (), keys=keys)
    else:
        request = read_projections(catalogue, entity, statement.projections)
        fetch = Fetch(build, scope, entity, request)
        query = sa.select(*fetch.columns).select_from(source).where(*conditions)
        query = query.order_by(*order_columns(build, scope, statement.order_by))
        plan = Plan(query, (), fetch)
    if statement.limit is not None:
        # One row more than asked for tells whether there is a next page.
        query = query.limit(build.bind_number(statement.limit, lambda limit: min(limit, _LARGEST - 1) + 1))
    if statement.offset is not None:
        query = query.offset(build.bind_number(statement.offset, lambda offset: min(offset, _LARGEST)))
    return Plan(query, tuple(build.binders), plan.fetch, plan.keys, statement.limit, statement.offset)


_LARGEST = 2**62


def compile_selection(
    catalogue: Catalogue, entity: EntityType, request: Request, *, is_bare: bool = False
) -> Plan:
    """Return a plan for the entities whose (first) key is in the list that is bound to ``ids``."""
    build = Build(catalogue)
    scope, source, conditions = _rows_of(build, entity)
    fetch = Fetch(build, scope, entity, request, is_bare=is_bare)
    conditions.append(in_json_list(scope.key(), text_parameter(IDS)))
    query = sa.select(*fetch.columns).select_from(source).where(*conditions).order_by(*scope.order)
    return Plan(query, (), fetch)


def compile_subquery(build: Build, statement: Statement) -> Select[Any]:
    """Return a nested *statement* as a SELECT of one column: its only projection, or the key."""
    entity = build.entity(statement.entity_type, statement.position)
    scope, source, conditions = _rows_of(build, entity)
    if len(statement.projections) > 1 or any(p.function for p in statement.projections) or statement.group_by:
        raise query_fault(
            f"A nested query for {entity.name} answers with one attribute: expected one projection.",
            statement.position,
        )
    key = Path((Segment(entity.primary_key[0]),))
    path = statement.projections[0].path if statement.projections else key
    source, there, rest = _join_collections(build, scope, source, path)
    column = path_operand(build, there, rest, single=True).column
    if statement.criteria is not None:
        conditions.append(compile_criteria(build, scope, statement.criteria, compile_subquery))
    query = sa.select(column).select_from(source).where(*conditions)
    if statement.limit is None and statement.offset is None:
        return query
    query = query.order_by(*order_columns(build, scope, statement.order_by))
    if statement.limit is not None:
        query = query.limit(build.bind_number(statement.limit, lambda limit: min(limit, _LARGEST)))
    if statement.offset is not None:
        query = query.offset(build.bind_number(statement.offset, lambda offset: min(offset, _LARGEST)))
    return query


def _rows_of(build: Build, entity: EntityType) -> Tuple[Scope, FromClause, List[ColumnElement[bool]]]:
    if is_dense(entity):
        dense = dense_scope(build, entity)
        return dense.scope, dense.source, list(dense.conditions)
    scope = build.scope(entity)
    of_type = scope.is_of_type(entity)
    return scope, scope.source, [] if of_type is None else [of_type]


def _join_collections(
    build: Build, scope: Scope, source: FromClause, path: Path
) -> Tuple[FromClause, Scope, Path]:
    """Join *source* with the collections on *path*; return where its remaining segments begin."""
    segments = path.segments
    while True:
        found = resolve(build.catalogue, scope.entity, segments[0], relation=len(segments) > 1)[0]
        relation = found.relation
        if relation is None or (relation.kind == "reference" and len(segments) == 1):
            return source, scope, Path(segments)
        if relation.how in ("ancestors", "descendants"):
            raise query_fault(
                f"A nested query cannot answer with {segments[0].name}.",
                segments[0].position,
                segments[0].name,
            )
        cast = cast_type(build.catalogue, build.catalogue.types[relation.covers], segments[0])
        if relation.how == "custom_attributes":
            # Correlated to their owner they cannot be joined: bring the owners along.
            dense = dense_scope(build, build.catalogue.types[relation.target])
            belongs = dense.scope.own(dense.scope.entity.columns["entity_id"]) == scope.key()
            source = source.join(dense.source, sa.and_(belongs, *dense.conditions))
            scope = dense.scope
        else:
            there = step(build, scope, found, cast)
            source = source.join(there.source, sa.and_(*there.on()))
            scope = there.scope
        segments = segments[1:] or (Segment(scope.entity.primary_key[0]),)


def _aggregate_columns(
    build: Build, scope: Scope, statement: Statement
) -> Tuple[Tuple[Tuple[str, bool], ...], List[ColumnElement[Any]], List[ColumnElement[Any]]]:
    """Return the keys (and which are times), the columns of a grouping query and what it groups by."""
    grouped = {str(path): path_operand(build, scope, path, single=True) for path in statement.group_by}
    keys: List[Tuple[str, bool]] = []
    columns: List[ColumnElement[Any]] = []
    for projection in statement.projections or tuple(Projection(path) for path in statement.group_by):
        name = str(projection.path)
        if projection.function is not None:
            value = path_operand(build, scope, projection.path, single=True)
            columns.append(_AGGREGATES[projection.function.lower()](value.column))
            is_time = value.kind == TIME and projection.function.lower() in ("min", "max")
            keys.append((f"{projection.function.lower()}_{name}", is_time))
        elif name in grouped:
            columns.append(grouped[name].column)
            keys.append((name, grouped[name].kind == TIME))
        else:
            raise query_fault(
                f"{name} is neither counted nor grouped by: expected it after 'group by' or in a function.",
                projection.path.position,
                name,
            )
    return tuple(keys), columns, [value.column for value in grouped.values()]


def _group_order(build: Build, scope: Scope, statement: Statement) -> List[ColumnElement[Any]]:
    grouped = {str(path) for path in statement.group_by}
    for order in statement.order_by:
        if str(order.path) not in grouped:
            raise query_fault(
                f"{order.path} is not grouped by: expected an order by one of {', '.join(sorted(grouped))}.",
                order.path.position,
            )
    columns = order_columns(build, scope, statement.order_by)
    return columns[: len(statement.order_by)]
