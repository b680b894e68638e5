"""Query trees without their literals, so that expressions that differ in values only share one compiled plan.

:func:`strip` takes the literals, limits and offsets out of a statement and leaves numbered slots. What a
literal *is* decides nothing about the SQL except what a :class:`Slot` says of it; what it *says* is bound
when the plan runs.

Called by ``running``; the slots are met by ``criterion`` and ``compilation``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, List, Optional, Tuple

from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Relation,
    Statement,
    Value,
)

__all__ = ["LONGEST_INLINE_LIST", "ListSlot", "Slot", "strip"]

#: A value list up to this length is bound value by value, a longer one as one JSON text: databases limit the
#: number of variables in a statement.
LONGEST_INLINE_LIST = 200


@dataclass(frozen=True)
class Slot(Value):
    """The place of a literal; *index* counts through the statement.

    The text is ``none`` for a null and empty otherwise. *wide* is set for a text beyond ASCII, for which the
    database cannot ignore case by itself.
    """

    index: int = 0
    wide: bool = False


@dataclass(frozen=True)
class ListSlot(Slot):
    """The place of a whole value list. *long* lists are bound as JSON."""

    long: bool = False


def strip(statement: Statement) -> Tuple[Statement, List[Any]]:
    """Return *statement* with slots for literals, and the literals by the index of their slot.

    A value is a :class:`Value`, a tuple of them for a value list, or an integer for a limit or an offset. In
    the statement returned, ``limit`` and ``offset`` are indices of slots.
    """
    values: List[Any] = []
    return _strip_statement(statement, values), values


def _strip_statement(statement: Statement, values: List[Any]) -> Statement:
    criteria = None if statement.criteria is None else _strip_criteria(statement.criteria, values)
    return replace(
        statement,
        criteria=criteria,
        limit=_keep(statement.limit, values),
        offset=_keep(statement.offset, values),
    )


def _keep(number: Optional[int], values: List[Any]) -> Optional[int]:
    if number is None:
        return None
    values.append(number)
    return len(values) - 1


def _strip_criteria(criteria: Criteria, values: List[Any]) -> Criteria:
    if isinstance(criteria, Comparison):
        slot = _slot(criteria.value, len(values))
        values.append(criteria.value)
        return Comparison(criteria.path, criteria.operator, slot)
    if isinstance(criteria, Membership):
        if isinstance(criteria.values, Statement):
            return replace(criteria, values=_strip_statement(criteria.values, values))
        slots = ListSlot("", index=len(values), long=len(criteria.values) > LONGEST_INLINE_LIST)
        values.append(criteria.values)
        return Membership(criteria.path, (slots,), criteria.negated)
    if isinstance(criteria, Relation):
        if criteria.criteria is None:
            return criteria
        return replace(criteria, criteria=_strip_criteria(criteria.criteria, values))
    if isinstance(criteria, Not):
        return Not(_strip_criteria(criteria.item, values))
    items = tuple(_strip_criteria(item, values) for item in criteria.items)
    return And(items) if isinstance(criteria, And) else Or(items)


def _slot(value: Value, index: int) -> Slot:
    if value.is_null:
        return Slot("none", index=index)
    return Slot("", index=index, wide=not value.text.isascii())
