"""Query trees without their literals, so that expressions that differ in values only share one compiled plan.

:func:`strip` takes the literals, limits and offsets out of a statement and leaves numbered slots. What a
literal *is* decides nothing about the SQL except what a :class:`Slot` says of it; what it *says* is bound
when the plan runs.

Called by ``running``; the slots are met by ``criterion`` and ``compilation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple, cast

from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Path,
    Relation,
    Statement,
    Value,
    replace,
)

__all__ = ["LONGEST_INLINE_LIST", "ListSlot", "Rows", "Slot", "strip"]

# Below this, alternatives stay what they are.
_FEWEST_FOLDED = 3

#: A value list up to this length is bound value by value, a longer one as one JSON text: databases limit the
#: number of variables in a statement.
LONGEST_INLINE_LIST = 200


class Slot(Value):
    """The place of a literal; *index* counts through the statement.

    The text is ``none`` for a null and empty otherwise. *wide* is set for a text beyond ASCII, for which the
    database cannot ignore case by itself.
    """

    index: int = 0
    wide: bool = False


class ListSlot(Slot):
    """The place of a whole value list. *long* lists are bound as JSON."""

    long: bool = False


@dataclass(frozen=True)
class Rows:
    """The attributes at *paths* are together equal to one of the rows of literals in *slot*."""

    paths: Tuple[Path, ...]
    slot: ListSlot


def strip(
    statement: Statement, *, fold: bool = True, longest_inline_list: int = LONGEST_INLINE_LIST
) -> Tuple[Statement, List[Any]]:
    """Return *statement* with slots for literals, and the literals by the index of their slot.

    A value is a :class:`Value`, a tuple of them for a value list, a tuple of such tuples for :class:`Rows`, or an
    integer for a limit or an offset. In the statement returned, ``limit`` and ``offset`` are indices of slots.
    With *fold*, alternatives that differ in literals only become one :class:`Rows`.
    """
    stripping = _Stripping(fold=fold, longest_inline_list=longest_inline_list)
    return stripping.statement(statement), stripping.values


class _Stripping:
    """One walk over a tree, which collects the literals."""

    def __init__(self, *, fold: bool, longest_inline_list: int) -> None:
        self.values: List[Any] = []
        self._fold = fold
        self._longest_inline_list = longest_inline_list

    def statement(self, statement: Statement) -> Statement:
        return replace(
            statement,
            criteria=None if statement.criteria is None else self._criteria(statement.criteria),
            limit=None if statement.limit is None else self._keep(statement.limit),
            offset=None if statement.offset is None else self._keep(statement.offset),
        )

    def _keep(self, value: Any) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def _criteria(self, criteria: Criteria) -> Criteria:
        if isinstance(criteria, Comparison):
            return Comparison(criteria.path, criteria.operator, self._slot(criteria.value))
        if isinstance(criteria, Membership):
            if isinstance(criteria.values, Statement):
                return replace(criteria, values=self.statement(criteria.values))
            return Membership(criteria.path, (self._list(criteria.values),), criteria.negated)
        if isinstance(criteria, Relation):
            inner = None if criteria.criteria is None else self._criteria(criteria.criteria)
            return replace(criteria, criteria=inner)
        if isinstance(criteria, Not):
            return Not(self._criteria(criteria.item))
        folded = self._alternatives(criteria) if self._fold and isinstance(criteria, Or) else None
        if folded is not None:
            return folded
        items = tuple(self._criteria(item) for item in criteria.items)
        return And(items) if isinstance(criteria, And) else Or(items)

    def _slot(self, value: Value) -> Slot:
        index = self._keep(value)
        return (
            Slot("none", index=index)
            if value.is_null
            else Slot("", index=index, wide=not value.text.isascii())
        )

    def _list(self, values: Tuple[Value, ...]) -> ListSlot:
        return ListSlot("", index=self._keep(values), long=len(values) > self._longest_inline_list)

    def _alternatives(self, criteria: Or) -> Optional[Criteria]:
        """Return alternatives that differ in literals only as one criterion, None where they are not such.

        Clients fetch entities with a composite key as ``(a is "x" and b is "y") or (a is …)``, hundreds at a
        time. As one list of rows they have one shape, whatever their number, and an index finds them.
        """
        if len(criteria.items) < _FEWEST_FOLDED:
            return None
        alternatives = [_equalities(item) for item in criteria.items]
        paths = tuple(path for path, _ in alternatives[0] or ())
        rows = []
        for alternative in alternatives:
            if alternative is None or tuple(path for path, _ in alternative) != paths:
                return None
            rows.append(tuple(value for _, value in alternative))
        if len(paths) == 1:
            return Membership(paths[0], (self._list(tuple(value for (value,) in rows)),))
        if any(len(path.segments) > 1 for path in paths):
            return None
        # Nothing that can be written, so no part of the tree.
        return cast("Criteria", Rows(paths, ListSlot("", index=self._keep(tuple(rows)), long=True)))


def _equalities(criteria: Criteria) -> Optional[List[Tuple[Path, Value]]]:
    """Return the paths and values of an equality, or of several that must all hold, None for anything else."""
    found: List[Tuple[Path, Value]] = []
    for item in criteria.items if isinstance(criteria, And) else (criteria,):
        if not isinstance(item, Comparison) or item.operator != "is" or item.value.is_null:
            return None
        found.append((item.path, item.value))
    return found
