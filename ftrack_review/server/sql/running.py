"""Queries answered: from the text of an expression to records for the wire.

Called by ``dispatch`` (the actions query, search, create and update) and by the write rules for look-ups.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Callable, Dict, Hashable, List, Optional, Sequence, Tuple, Union

from ftrack_review.exception import QueryError
from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import (
    And,
    Criteria,
    Membership,
    Not,
    Or,
    Path,
    Projection,
    Relation,
    Segment,
    Statement,
)
from ftrack_review.server.errors import validation_error
from ftrack_review.server.sql.answer import Answer
from ftrack_review.server.sql.comparing import CannotFoldError
from ftrack_review.server.sql.compilation import IDS, Plan, compile_query, compile_selection
from ftrack_review.server.sql.fault import query_fault, unknown_type
from ftrack_review.server.sql.fetching import Fetcher
from ftrack_review.server.sql.operand import TIME
from ftrack_review.server.sql.request import Request, read_projections
from ftrack_review.server.sql.scope import NOW
from ftrack_review.server.sql.shape import strip

if TYPE_CHECKING:
    from ftrack_review.server.catalogue import Catalogue

__all__ = ["emit_entities", "prepare", "run_query", "select_entities"]

Record = Dict[str, Any]

# Plans kept for each schema, and texts of expressions with their literals. A text that is longer than this is
# parsed again: it is a list of ids that will not come back.
_PLANS = 512
_TEXTS = 512
_LONGEST_TEXT = 2_000

# Expressions with more literals than these are compiled anew each time.
_MOST_KEPT = 100

# Steps of paths that follow one another; no hierarchy is that deep, and every step is a query in a query.
_MOST_STEPS = 50

# The same for what is sorted, grouped, counted and compared by, which has to be one value of each row.
_MOST_STEPS_OF_VALUES = 12

# SQLite takes 32,766 variables, and some are ours.
_MOST_PARAMETERS = 30_000


class _Kept:
    """What has been compiled for one catalogue, the latest used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any], size: int) -> Any:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
        # Two threads may make the same; either result serves.
        made = make()
        with self._lock:
            self._items[key] = made
            while len(self._items) > size:
                self._items.popitem(last=False)
        return made


def _kept(catalogue: Catalogue) -> Tuple[_Kept, _Kept]:
    """Return the plans and the texts kept for *catalogue*.

    They are kept on it, not in a table of our own: plans refer to their catalogue, and all of it is to go at once.
    """
    found: Tuple[_Kept, _Kept] = vars(catalogue).setdefault("_compiled_queries", (_Kept(), _Kept()))
    return found


def prepare(catalogue: Catalogue, query: Union[str, Statement]) -> Tuple[Plan, Dict[str, Any], List[Any]]:
    """Return the plan for *query*, its parameters and the literals by slot.

    Raise a fault for an expression that cannot be parsed or answered.
    """
    plans, texts = _kept(catalogue)

    def read() -> Tuple[Plan, Dict[str, Any], List[Any]]:
        statement = _parse(query) if isinstance(query, str) else query
        _check_depth(statement)
        try:
            return _plan(plans, catalogue, statement)
        except CannotFoldError:
            return _plan(plans, catalogue, statement, fold=False)
        except RecursionError as error:
            # On a stack that was deep already, as a server within a client's process may find it.
            raise query_fault("The expression nests too deeply.") from error

    if isinstance(query, str) and len(query) <= _LONGEST_TEXT:
        found: Tuple[Plan, Dict[str, Any], List[Any]] = texts.get(query, read, _TEXTS)
        return found
    return read()


def _check_depth(statement: Statement, depth: int = 0) -> None:
    """Refuse what takes more steps than can be compiled: steps of paths and levels of nesting, one in the other."""
    for path in (*statement.group_by, *(order.path for order in statement.order_by)):
        _check_path(path, 0, _MOST_STEPS_OF_VALUES)
    for projection in statement.projections:
        is_value = depth or projection.function is not None
        _check_path(projection.path, 0, _MOST_STEPS_OF_VALUES if is_value else _MOST_STEPS)
    if statement.criteria is not None:
        _check_criteria(statement.criteria, depth)


def _check_criteria(criteria: Criteria, depth: int) -> None:
    if isinstance(criteria, Not):
        _check_criteria(criteria.item, depth)
    elif isinstance(criteria, (And, Or)):
        for item in criteria.items:
            _check_criteria(item, depth)
    else:
        depth = _check_path(criteria.path, depth)
        if isinstance(criteria, Relation) and criteria.criteria is not None:
            _check_criteria(criteria.criteria, depth)
        elif isinstance(criteria, Membership) and isinstance(criteria.values, Statement):
            _check_depth(criteria.values, depth)


def _check_path(path: Path, depth: int, most: int = _MOST_STEPS) -> int:
    depth += len(path.segments)
    if depth > most:
        raise query_fault(
            f"The path leads over {depth} steps: expected at most {most} here, those of the criteria around included.",
            path.position,
        )
    return depth


def _plan(
    plans: _Kept, catalogue: Catalogue, statement: Statement, *, fold: bool = True
) -> Tuple[Plan, Dict[str, Any], List[Any]]:
    shape, values = strip(statement, fold=fold)
    if len(values) <= _MOST_KEPT:
        # Names in a shape stand where they stood in the first expression of its kind; a faulty one is not kept.
        plan: Plan = plans.get(shape, lambda: compile_query(catalogue, shape), _PLANS)
    else:
        # Nothing of this size comes twice, and keeping it would cost more than it saves.
        shape, values = strip(statement, fold=fold, longest_inline_list=0)
        plan = compile_query(catalogue, shape)
        if len(plan.binders) > _MOST_PARAMETERS:
            raise query_fault(
                f"The expression has {len(plan.binders)} comparisons: expected at most {_MOST_PARAMETERS}. "
                "A list of values after 'in' may have any length."
            )
    return plan, plan.parameters(values), values


def _parse(expression: str) -> Statement:
    try:
        expression.encode("utf-8")
        return grammar.parse(expression)
    except QueryError as error:
        raise validation_error(str(error)) from error
    except UnicodeEncodeError as error:
        raise query_fault("The expression is not valid Unicode.", error.start) from error


def run_query(
    connection: Any, catalogue: Catalogue, query: Union[str, Statement], context: Any
) -> Tuple[List[Record], Optional[int]]:
    """Return the records that *query* finds and the offset of the next one, None where there is no more.

    *context* gives ``now``, ``component_url`` and ``thumbnail_url``, and ``answer``, which says what the response
    holds already (None: nothing).

    Raise a :exc:`~ftrack_review.server.errors.ServerFault` for an expression that cannot be answered.
    """
    plan, parameters, values = prepare(catalogue, query)
    limit = None if plan.limit is None else values[plan.limit]
    if limit == 0:
        return [], None
    rows: Sequence[Any] = connection.run(plan.statement, {**parameters, NOW: context.now})
    following: Optional[int] = None
    if limit is not None and len(rows) > limit:
        rows = rows[:limit]
        following = limit + (0 if plan.offset is None else values[plan.offset])
    if plan.fetch is None:
        return [_plain(plan.keys, row) for row in rows], following
    answer = context.answer if context.answer is not None else Answer()
    return Fetcher(connection, catalogue, context, answer).fetch(plan.fetch, rows), following


def _plain(keys: Tuple[Tuple[str, str], ...], row: Any) -> Record:
    return {name: _from_column(kind, value) for (name, kind), value in zip(keys, row)}


def _from_column(kind: str, value: Any) -> Any:
    """Return a *value* of a column of this *kind* as it goes over the wire."""
    if value is None:
        return None
    if kind == TIME:
        return {"__type__": "datetime", "value": value}
    return json.loads(value) if kind in ("variable", "object") else value


def emit_entities(
    context: Any,
    entity_type: str,
    keys: Sequence[Union[str, Sequence[str]]],
    attributes: Sequence[str],
    *,
    with_system_projections: bool = False,
) -> List[Optional[Record]]:
    """Return the records of the entities of *entity_type* with these *keys*, complete and in this order.

    *attributes* are attribute names or paths. A record holds type, key and these, and with
    *with_system_projections* what every answer to a query has, too. There is None for a key that does not exist.
    """
    catalogue = context.catalogue
    entity = catalogue.types.get(entity_type)
    if entity is None:
        raise unknown_type(catalogue, entity_type, None)
    plans, _ = _kept(catalogue)

    def compile_() -> Plan:
        paths = [Path(tuple(Segment(name) for name in path.split("."))) for path in attributes]
        request = (
            read_projections(catalogue, entity, [Projection(path) for path in paths]) if paths else Request()
        )
        return compile_selection(catalogue, entity, request, is_bare=not with_system_projections)

    shape = ("emit", entity_type, tuple(attributes), with_system_projections)
    plan: Plan = plans.get(shape, compile_, _PLANS)
    assert plan.fetch is not None
    wanted = [(key,) if isinstance(key, str) else tuple(key) for key in keys]
    parameters = {IDS: json.dumps([key[0] for key in wanted]), NOW: context.now}
    found = context.connection.run(plan.statement, parameters)
    length = plan.fetch.key_length
    asked = set(wanted)
    rows = [row for row in plan.fetch.known(found) if tuple(row[1 : 1 + length]) in asked]
    answer = Answer(denormalize=True)
    records = Fetcher(context.connection, catalogue, context, answer).fetch(plan.fetch, rows)
    by_key = {tuple(row[1 : 1 + length]): record for row, record in zip(rows, records)}
    return [by_key.get(key) for key in wanted]


def select_entities(
    connection: Any,
    catalogue: Catalogue,
    query: Union[str, Statement],
    context: Any,
) -> List[Record]:
    """Return complete records of what *query* finds, whatever the response holds already."""
    plan, parameters, values = prepare(catalogue, query)
    rows: Sequence[Any] = connection.run(plan.statement, {**parameters, NOW: context.now})
    if plan.limit is not None:
        rows = rows[: values[plan.limit]]
    if plan.fetch is None:
        return [_plain(plan.keys, row) for row in rows]
    return Fetcher(connection, catalogue, context, Answer(denormalize=True)).fetch(plan.fetch, rows)
