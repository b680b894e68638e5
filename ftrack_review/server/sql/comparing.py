r"""Operators on values: what each asks of a column of each kind.

``is`` is exact, ``like`` ignores case, knows ``%`` and takes ``_`` and ``\%`` as they are. Null matches nothing
but ``is none``. Values of custom attributes say their kind row by row: a literal is compared with each as what it
can mean for it, and with a list if any of its elements fits.

Called by ``criterion``.
"""

from __future__ import annotations

import json
import operator as python_operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.server.dialect import as_text, elements, folded_like, json_column, like, rows_of
from ftrack_review.server.sql.fault import query_fault
from ftrack_review.server.sql.literal import json_list, like_pattern, list_of, reader_for, storable, variants
from ftrack_review.server.sql.operand import ENTITY_TYPE, NUMBERED_KEY, TIME, Operand
from ftrack_review.server.sql.scope import in_json_list

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import BindParameter, ColumnElement
    from sqlalchemy.sql.selectable import Select

    from ftrack_review.protocol.tree import Value
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.sql.literal import Reader
    from ftrack_review.server.sql.scope import Build
    from ftrack_review.server.sql.shape import ListSlot, Slot

__all__ = ["CannotFoldError", "Test", "membership_test", "null_test", "rows_test", "value_test"]

_COMPARE: Dict[str, Callable[[Any, Any], Any]] = {
    "is": python_operator.eq,
    "is_not": python_operator.ne,
    ">": python_operator.gt,
    ">=": python_operator.ge,
    "<": python_operator.lt,
    "<=": python_operator.le,
}

# What SQLite takes as a pattern before it refuses to match.
_LONGEST_PATTERN = 20_000


@dataclass(frozen=True)
class Test:
    """What is asked of a value.

    *make* returns the criterion on an operand, or its complement. *asks_null* tells whether it asks for no value
    (True) or for any (False).
    """

    __test__ = False  # Not one of pytest's.

    make: Callable[[Operand, bool], ColumnElement[bool]]
    asks_null: Optional[bool] = None

    def __call__(self, value: Operand, negated: bool = False) -> ColumnElement[bool]:
        """Return the criterion on *value*, or its complement."""
        return self.make(value, negated)


def null_test(operator: str) -> Test:
    """Return what a comparison with a bare ``none`` asks."""
    if operator not in ("is", "is_not"):
        # No order and no pattern has a place for null: unknown, and so is its complement.
        return Test(lambda _value, _negated: sa.literal_column("NULL", sa.Boolean()))
    is_null = operator == "is"

    def test(value: Operand, negated: bool) -> ColumnElement[bool]:
        missing: ColumnElement[bool] = value.column.is_(None)
        if value.kind == "variable":
            missing = sa.or_(missing, value.column == "null")
        return missing if is_null != negated else sa.not_(missing)

    return Test(test, asks_null=is_null)


def value_test(build: Build, operator: str, slot: Slot, position: Optional[int]) -> Test:
    """Return what ``operator literal`` asks, the literal being in *slot*."""

    def test(value: Operand) -> ColumnElement[bool]:
        if operator in ("like", "not_like"):
            return _matches(build, value, slot, negated=operator == "not_like")
        if value.kind == ENTITY_TYPE and operator in ("is", "is_not"):
            names = build.bind(slot, _type_names(build.catalogue), sa.Text(), expanding=True)
            return value.column.in_(names) if operator == "is" else value.column.not_in(names)
        if value.kind == "boolean" and operator not in ("is", "is_not"):
            raise query_fault(
                f"{operator!r} does not apply to {value.name}, which is true or false: expected 'is'.",
                position,
                value.name,
            )
        literal = build.bind(slot, _reader(value), _sql_type(value))
        compared: ColumnElement[bool] = _COMPARE[operator](value.column, literal)
        return compared

    def test_or_complement(value: Operand, negated: bool) -> ColumnElement[bool]:
        if value.kind == "variable":
            return _compare_variable(build, value, operator, slot, negated=negated)
        return sa.not_(test(value)) if negated else test(value)

    return Test(test_or_complement)


def membership_test(build: Build, slot: ListSlot, negated: bool) -> Test:
    """Return what ``in (…)`` asks, or ``not_in`` where *negated*, the list being in *slot*."""

    def test(value: Operand, complement: bool) -> ColumnElement[bool]:
        is_outside = negated != complement
        if value.kind == "variable":
            found = _any_element(value, _is_one_of(build, slot))
            return sa.and_(_has_value(value), sa.not_(found)) if is_outside else found
        if value.kind == ENTITY_TYPE:
            reader = _all_type_names(build.catalogue)
            found = value.column.in_(build.bind(slot, reader, sa.Text(), expanding=True))
        elif slot.long:
            found = in_json_list(value.column, build.bind(slot, json_list(_reader(value)), sa.Text()))
        else:
            reader = list_of(_reader(value))
            found = value.column.in_(build.bind(slot, reader, _sql_type(value), expanding=True))
        if not is_outside:
            return found
        # An empty list excludes nobody, but a null is still not known to be outside of it.
        return sa.and_(sa.not_(found), value.column == value.column)

    return Test(test)


class CannotFoldError(Exception):
    """Alternatives cannot be compared as one list of rows, for what their values are. They are to be kept."""


def rows_test(
    build: Build, operands: Sequence[Operand], slot: ListSlot, *, negated: bool
) -> ColumnElement[bool]:
    """Return the criterion that *operands* are together equal to one of the rows in *slot*.

    Raise :exc:`CannotFoldError` where a literal may stand for several values.
    """
    if any(operand.kind in ("variable", ENTITY_TYPE) for operand in operands):
        raise CannotFoldError
    readers = [_reader(operand) for operand in operands]

    def read(rows: Sequence[Sequence[Value]]) -> str:
        return json.dumps([[reader(value) for reader, value in zip(readers, row)] for row in rows])

    given = rows_of(build.bind(slot, read, sa.Text()), [operand.column.type for operand in operands])
    found = sa.tuple_(*(operand.column for operand in operands)).in_(given)
    return sa.not_(found) if negated else found


def _reader(value: Operand) -> Reader:
    return reader_for(value.kind, is_time=value.kind == TIME)


def _sql_type(value: Operand) -> Any:
    if value.kind == "boolean":
        return sa.Boolean()
    return sa.Float() if value.kind in ("integer", "number", NUMBERED_KEY) else sa.Text()


def _matches(build: Build, value: Operand, slot: Slot, *, negated: bool) -> ColumnElement[bool]:
    textual = value.kind not in ("integer", "number", NUMBERED_KEY, "boolean")
    column = value.column if textual else as_text(value.column)
    matches = _like(column, build.bind(slot, _read_pattern, sa.Text()), slot)
    return sa.not_(matches) if negated else matches


def _like(column: ColumnElement[Any], pattern: BindParameter[Any], slot: Slot) -> ColumnElement[bool]:
    if slot.wide:
        # The database's own way to ignore case knows ASCII only.
        return folded_like(column, pattern)
    return like(column, pattern)


def _read_pattern(value: Value) -> str:
    pattern = like_pattern(value)
    if len(pattern) > _LONGEST_PATTERN:
        raise query_fault(
            f"The pattern has {len(pattern)} characters: expected at most {_LONGEST_PATTERN}.", value.position
        )
    return pattern


def _type_names(catalogue: Catalogue) -> Callable[[Value], List[str]]:
    """Return a reader for names of entity types: the schema's, or those of the server's tables."""

    def read(value: Value) -> List[str]:
        return list(catalogue.types_named(value.text)) or [storable(value.text)]

    return read


def _all_type_names(catalogue: Catalogue) -> Callable[[Sequence[Value]], List[str]]:
    read = _type_names(catalogue)
    return lambda values: [name for value in values if not value.is_null for name in read(value)]


def _has_value(value: Operand) -> ColumnElement[bool]:
    return sa.and_(value.column.is_not(None), value.column != "null")


def _compare_variable(
    build: Build, value: Operand, operator: str, slot: Slot, *, negated: bool
) -> ColumnElement[bool]:
    if operator in ("like", "not_like"):
        pattern = build.bind(slot, _read_pattern, sa.Text())
        found = _any_element(value, lambda e: _like(json_column(e.atom, sa.Text()), pattern, slot))
    else:
        found = _any_element(value, _compares(build, operator, slot))
    # The complement is of those that have a value at all.
    is_inverse = operator in ("is_not", "not_like")
    return sa.and_(_has_value(value), sa.not_(found)) if is_inverse != negated else found


def _compares(build: Build, operator: str, slot: Slot) -> Callable[[Any], ColumnElement[bool]]:
    text, number, truth, time = (_variant(build, slot, place) for place in range(4))
    compare = _COMPARE["is" if operator == "is_not" else operator]

    def fits(element: Any) -> ColumnElement[bool]:
        atom = json_column(element.atom, sa.Text())
        parts = [
            sa.and_(element.type == "text", element.key.is_distinct_from("value"), compare(atom, text)),
            sa.and_(element.type == "text", element.key == "value", compare(atom, time)),
            sa.and_(
                element.type.in_(("integer", "real")), compare(json_column(element.atom, sa.Float()), number)
            ),
        ]
        if operator in ("is", "is_not"):
            boolean = json_column(element.atom, sa.Boolean())
            parts.append(sa.and_(element.type.in_(("true", "false")), boolean == truth))
        return sa.or_(*parts)

    return fits


def _is_one_of(build: Build, slot: ListSlot) -> Callable[[Any], ColumnElement[bool]]:
    kinds: Tuple[Tuple[Any, Tuple[str, ...]], ...] = (
        (sa.Text(), ("text",)),
        (sa.Float(), ("integer", "real")),
        (sa.Boolean(), ("true", "false")),
        (sa.Text(), ("text",)),
    )
    lists = [
        (build.bind(slot, _list_of_variants(place), sa.Text()), kind, types)
        for place, (kind, types) in enumerate(kinds)
    ]

    def fits(element: Any) -> ColumnElement[bool]:
        return sa.or_(
            *(
                sa.and_(element.type.in_(types), in_json_list(json_column(element.atom, kind), parameter))
                for parameter, kind, types in lists
            )
        )

    return fits


def _variant(build: Build, slot: Slot, place: int) -> BindParameter[Any]:
    types: Tuple[Any, ...] = (sa.Text(), sa.Float(), sa.Boolean(), sa.Text())
    return build.bind(slot, lambda value: variants(value)[place], types[place])


def _list_of_variants(place: int) -> Callable[[Sequence[Value]], str]:
    return json_list(lambda value: variants(value)[place])


def _any_element(value: Operand, fits: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return the criterion that a value fits, or an element of it where it is a list.

    A time is an object with the keys ``__type__`` and ``value``, of which only the latter counts.
    """
    element = elements(value.column)
    counts = element.c.key.is_distinct_from("__type__")
    query: Select[Any] = sa.select(sa.literal_column("1")).select_from(element).where(counts, fits(element.c))
    return query.exists()
