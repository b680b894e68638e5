"""Whole statements compiled: the SELECT, the parameters it takes and what becomes of its rows.

A :class:`Plan` depends on the names in an expression and on the schema, not on literals, so that it serves every
expression of its shape, and the database's driver compiles its SELECT once.

Called by ``running``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.protocol.tree import Path, Projection, Segment
from ftrack_review.server.dialect import standing_apart
from ftrack_review.server.sql.criterion import compile_criteria
from ftrack_review.server.sql.dense import dense_scope, is_dense
from ftrack_review.server.sql.fault import query_fault
from ftrack_review.server.sql.operand import ADDRESS, ENTITY_TYPE, NUMBERED_KEY, TIME, Operand
from ftrack_review.server.sql.ordering import order_columns, path_operand, sorted_by
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


# Kinds besides numbers of which one value is smaller than another.
_ORDERED = ("string", TIME, ENTITY_TYPE)


@dataclass(frozen=True)
class Plan:
    """A compiled statement.

    *binders* fill its parameters from the literals of an expression. Of *fetch* and *keys* one is given: how
    records are made, or the keys of the plain objects that a grouping query answers with and the kinds of their
    values. *limit* and *offset* are slots.
    """

    statement: Select[Any]
    binders: Tuple[Binder, ...]
    fetch: Optional[Fetch] = None
    keys: Tuple[Tuple[str, str], ...] = ()
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
        keys, query = _compile_groups(build, scope, source, conditions, statement)
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
    with build.deeper() as is_apart:
        query = _compile_column(build, statement)
    return sa.select(*standing_apart(query).c) if is_apart else query


def _compile_column(build: Build, statement: Statement) -> Select[Any]:
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
    column = path_operand(build, there, rest, single=True).column.label("found")
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


def _compile_groups(
    build: Build,
    scope: Scope,
    source: FromClause,
    conditions: Sequence[ColumnElement[bool]],
    statement: Statement,
) -> Tuple[Tuple[Tuple[str, str], ...], Select[Any]]:
    """Return the keys of a grouping query with the kinds of their values, and its SELECT.

    What is counted and grouped by is selected first and grouped around that: a value at the end of a path is a query
    of its own, which not every database lets stand after GROUP BY.
    """
    values: Dict[str, Operand] = {}
    projections = statement.projections or tuple(Projection(path) for path in statement.group_by)
    for path in (*statement.group_by, *(projection.path for projection in projections)):
        if str(path) not in values:
            values[str(path)] = path_operand(build, scope, path, single=True)
    labelled = [value.column.label(f"g{place}") for place, value in enumerate(values.values())]
    rows = sa.select(*labelled).select_from(source).where(*conditions).subquery()
    columns: Dict[str, ColumnElement[Any]] = dict(zip(values, rows.c))
    grouped = [str(path) for path in statement.group_by]
    keys: List[Tuple[str, str]] = []
    selected: List[ColumnElement[Any]] = []
    for projection in projections:
        name, value = str(projection.path), values[str(projection.path)]
        if projection.function is not None:
            function = projection.function.lower()
            _check_aggregate(function, value, projection.path)
            # A custom attribute without a value may be stored as the null of JSON.
            column = sa.func.nullif(columns[name], "null") if value.kind == "variable" else columns[name]
            selected.append(_AGGREGATES[function](column))
            keys.append((f"{function}_{name}", value.kind if function in ("min", "max") else "number"))
        elif name in grouped and value.kind == ADDRESS:
            raise query_fault(
                f"{name} is worked out after reading: expected an attribute that can be grouped by.",
                projection.path.position,
                name,
            )
        elif name in grouped:
            selected.append(columns[name])
            keys.append((name, value.kind))
        else:
            raise query_fault(
                f"{name} is neither counted nor grouped by: expected it after 'group by' or in a function.",
                projection.path.position,
                name,
            )
    query = sa.select(*selected).group_by(*(columns[name] for name in grouped))
    return tuple(keys), query.order_by(*_group_order(columns, grouped, statement))


def _check_aggregate(function: str, value: Operand, path: Path) -> None:
    """Refuse what has no sum, or no order by which one value is the smallest."""
    is_number = value.kind in ("integer", "number", NUMBERED_KEY)
    if function == "count" or is_number or (function in ("min", "max") and value.kind in _ORDERED):
        return
    expected = "a number" if function in ("avg", "sum") else "a number, a text or a time"
    raise query_fault(
        f"There is no {function} of {path}: expected {expected}.", path.segments[-1].position, str(path)
    )


def _group_order(
    columns: Mapping[str, ColumnElement[Any]], grouped: Sequence[str], statement: Statement
) -> List[ColumnElement[Any]]:
    for order in statement.order_by:
        if str(order.path) not in grouped:
            raise query_fault(
                f"{order.path} is not grouped by: expected an order by one of {', '.join(sorted(grouped))}.",
                order.path.position,
            )
    # Without an order groups come by what they are grouped by, the same on every page.
    wanted = {str(order.path): order.descending for order in statement.order_by}
    wanted.update((name, False) for name in grouped if name not in wanted)
    return [sorted_by(columns[name], descending=descending) for name, descending in wanted.items()]
