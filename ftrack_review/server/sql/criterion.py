"""Criteria of query expressions as SQL.

What holds here, decided once (protocol.md 5.4 and 10):

- A null matches no comparison but ``is none``, and no complement of one: plain three-valued SQL.
- What is asked through a relation is two-valued: there is such an entity, or there is not. ``not`` of it holds
  for an entity without the relation, too.
- ``not`` is carried inwards to where it is one of these two, so that both can be mixed.

Called by ``compilation``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Tuple, Union, cast

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Relation,
    Segment,
    Statement,
)
from ftrack_review.server.dialect import standing_apart
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.sql.comparing import (
    CannotFoldError,
    Test,
    membership_test,
    null_test,
    rows_test,
    value_test,
)
from ftrack_review.server.sql.fault import not_castable, query_fault
from ftrack_review.server.sql.operand import Operand, key_operand, operand, type_operand
from ftrack_review.server.sql.relating import exists_related, reference_column
from ftrack_review.server.sql.resolution import TYPE_NAME, Resolved, cast_type, resolve
from ftrack_review.server.sql.scope import CHAIN_WEIGHT, QUERY_WEIGHT
from ftrack_review.server.sql.shape import Rows

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import Select

    from ftrack_review.server.sql.scope import Build, Scope
    from ftrack_review.server.sql.shape import ListSlot, Slot

__all__ = ["compile_criteria"]

#: Compiles a nested statement to a SELECT of one column.
Subquery = Callable[["Build", Statement], "Select[Any]"]

# To SQLite a chain of a thousand is an expression a thousand deep, which it refuses: a chain becomes a tree with
# branches of this length.
_WIDEST_CHAIN = 100


def compile_criteria(
    build: Build, scope: Scope, criteria: Criteria, subquery: Subquery, *, negated: bool = False
) -> ColumnElement[bool]:
    """Return *criteria* about the rows in *scope*, or their complement, as SQL.

    *subquery* compiles the statements nested in them. Raise a fault for what cannot be asked.
    """
    return _Compiler(build, subquery).compile(scope, criteria, negated)


class _Compiler:
    """The criteria of one statement on their way to SQL."""

    def __init__(self, build: Build, subquery: Subquery) -> None:
        self._build = build
        self._subquery = subquery

    def compile(
        self, scope: Scope, criteria: Criteria, negated: bool, *, is_reached: bool = False
    ) -> ColumnElement[bool]:
        """Return *criteria* or their complement. *is_reached* tells that few rows come this far anyway."""
        if isinstance(criteria, (And, Or)):
            if isinstance(criteria, And) and not negated:
                # Beside a key that is given, relations are asked of the few rows with that key.
                is_reached = is_reached or any(self._gives_key(scope, item) for item in criteria.items)
            return self._several(scope, criteria, negated, is_reached)
        if isinstance(criteria, Not):
            return self.compile(scope, criteria.item, not negated, is_reached=is_reached)
        if isinstance(criteria, Rows):
            return self._rows(scope, criteria, negated)
        selective = _is_selective(criteria) and not is_reached and not negated
        if isinstance(criteria, Relation):
            return self._relation(scope, criteria, negated, selective)
        test = self._test_of(criteria)
        return self._over_path(scope, criteria.path.segments, test, negated, selective)

    def _several(
        self, scope: Scope, criteria: Union[And, Or], negated: bool, is_reached: bool
    ) -> ColumnElement[bool]:
        with self._build.deeper(CHAIN_WEIGHT) as is_deep:
            # The same rows once more, to be recognised by their number.
            is_apart = is_deep and scope.overrides is None and "_row" in scope.source.c
            if is_deep and not is_apart:
                raise query_fault(
                    f"The criteria for {scope.entity.name} nest too deeply: expected fewer parentheses."
                )
            there = self._build.scope(scope.entity) if is_apart else scope
            items = [self.compile(there, item, negated, is_reached=is_reached) for item in criteria.items]
        found = _chain(items, conjunction=isinstance(criteria, And) != negated)
        if not is_apart:
            return found
        rows = standing_apart(sa.select(there.source.c._row).where(found))
        return scope.source.c._row.in_(sa.select(rows.c._row))

    def _gives_key(self, scope: Scope, criteria: Criteria) -> bool:
        """Return whether *criteria* are an equality that an index of the table answers."""
        if not isinstance(criteria, (Comparison, Membership)) or len(criteria.path.segments) > 1:
            return False
        if isinstance(criteria, Membership) and isinstance(criteria.values, Statement):
            return False
        if not _is_selective(criteria) or criteria.path.segments[0].name == TYPE_NAME:
            return False
        found = resolve(self._build.catalogue, scope.entity, criteria.path.segments[0])[0]
        relation = found.relation
        column = found.owner.columns.get(found.attribute.name)
        if relation is not None and relation.how == "reference":
            column = relation.local_column
        return column is not None and any(
            next(iter(index.columns)) is column for index in scope.entity.table.indexes
        )

    def _test_of(self, criteria: Any) -> Test:
        """Return what a comparison or membership asks of the value at the end of its path."""
        if isinstance(criteria, Membership):
            if isinstance(criteria.values, Statement):
                # It will stand at the end of the path.
                self._build.nesting += QUERY_WEIGHT * (len(criteria.path.segments) - 1)
                query = self._subquery(self._build, criteria.values)
                self._build.nesting -= QUERY_WEIGHT * (len(criteria.path.segments) - 1)
                return _subquery_test(query, criteria.negated, criteria.path.position)
            return membership_test(self._build, cast("ListSlot", criteria.values[0]), criteria.negated)
        assert isinstance(criteria, Comparison)
        slot = cast("Slot", criteria.value)
        position = criteria.path.position
        if slot.is_null:
            return null_test(criteria.operator)
        return value_test(self._build, criteria.operator, slot, position)

    def _rows(self, scope: Scope, criteria: Rows, negated: bool) -> ColumnElement[bool]:
        operands: List[Operand] = []
        for path in criteria.paths:
            found = resolve(self._build.catalogue, scope.entity, path.segments[0])
            relation = found[0].relation
            if len(found) > 1 or (relation is not None and relation.kind != "reference"):
                raise CannotFoldError
            if relation is None:
                operands.append(operand(self._build, scope, found[0], path.segments[0]))
            else:
                operands.append(key_operand(reference_column(self._build, scope, found[0])))
        return rows_test(self._build, operands, criteria.slot, negated=negated)

    def _relation(
        self, scope: Scope, criteria: Relation, negated: bool, selective: bool
    ) -> ColumnElement[bool]:
        segments = criteria.path.segments

        def inner(target: Scope) -> Optional[ColumnElement[bool]]:
            if criteria.criteria is None:
                return None
            return self.compile(target, criteria.criteria, negated=False, is_reached=not selective)

        def leaf(owner: Scope, negate: bool) -> ColumnElement[bool]:
            found = resolve(self._build.catalogue, owner.entity, segments[-1], relation=True)
            _check_quantifier(found, criteria)
            return self._step(owner, found, segments[-1], inner, negate, selective)

        return self._walk(scope, segments[:-1], leaf, negated, selective)

    def _over_path(
        self, scope: Scope, segments: Tuple[Segment, ...], test: Test, negated: bool, selective: bool
    ) -> ColumnElement[bool]:
        def leaf(owner: Scope, negate: bool) -> ColumnElement[bool]:
            return self._leaf(owner, segments[-1], test, negate, selective)

        return self._walk(scope, segments[:-1], leaf, negated, selective)

    def _walk(
        self,
        scope: Scope,
        segments: Sequence[Segment],
        leaf: Callable[[Scope, bool], ColumnElement[bool]],
        negated: bool,
        selective: bool,
    ) -> ColumnElement[bool]:
        """Follow *segments* and return what *leaf* says at their end. Only the first step is complemented."""
        if not segments:
            return leaf(scope, negated)
        found = resolve(self._build.catalogue, scope.entity, segments[0], relation=True)

        def inner(target: Scope) -> ColumnElement[bool]:
            return self._walk(target, segments[1:], leaf, False, selective)

        return self._step(scope, found, segments[0], inner, negated, selective)

    def _step(
        self,
        scope: Scope,
        found: List[Resolved],
        segment: Segment,
        inner: Callable[[Scope], Optional[ColumnElement[bool]]],
        negated: bool,
        selective: bool,
    ) -> ColumnElement[bool]:
        def one(resolved: Resolved, negate: bool) -> ColumnElement[bool]:
            relation = resolved.relation
            assert relation is not None
            target = self._build.entity(relation.covers, segment.position)
            entity = cast_type(self._build.catalogue, target, segment)
            return exists_related(
                self._build, scope, resolved, entity, inner, negated=negate, selective=selective
            )

        return self._any_owner(scope, segment, found, one, negated)

    def _leaf(
        self, scope: Scope, segment: Segment, test: Test, negated: bool, selective: bool
    ) -> ColumnElement[bool]:
        if segment.name == TYPE_NAME:
            return test(type_operand(scope), negated)
        found = resolve(self._build.catalogue, scope.entity, segment)

        def one(resolved: Resolved, negate: bool) -> ColumnElement[bool]:
            relation = resolved.relation
            if relation is None:
                if segment.cast is not None:
                    raise not_castable(segment)
                return test(operand(self._build, scope, resolved, segment), negate)
            if relation.kind == "reference" and segment.cast is None:
                key = reference_column(self._build, scope, resolved)
                return test(key_operand(key), negate)
            return self._elements(scope, resolved, segment, test, negate, selective)

        return self._any_owner(scope, segment, found, one, negated)

    def _elements(
        self, scope: Scope, resolved: Resolved, segment: Segment, test: Test, negated: bool, selective: bool
    ) -> ColumnElement[bool]:
        """Compare a collection with a literal: one of its elements has this id, or (``is none``) it is empty."""
        if test.asks_null is not None:
            negated, inner = test.asks_null != negated, _anything
        else:

            def inner(target: Scope) -> Optional[ColumnElement[bool]]:
                return test(key_operand(target.key()))

        return self._step(scope, [resolved], segment, inner, negated, selective)

    def _any_owner(
        self,
        scope: Scope,
        segment: Segment,
        found: List[Resolved],
        one: Callable[[Resolved, bool], ColumnElement[bool]],
        negated: bool,
    ) -> ColumnElement[bool]:
        """Return what *one* says of the attribute; where subtypes differ in it, of each for its own rows."""
        if len(found) == 1:
            return one(found[0], negated)
        parts: List[ColumnElement[bool]] = []
        faults: List[Exception] = []
        for resolved in found:
            given = len(self._build.binders)
            self._build.branch(segment)
            try:
                criterion = one(resolved, negated)
            except ServerFault as fault:
                if self._build.is_exhausted:
                    raise
                # This subtype does not have the rest of the path; another one may.
                faults.append(fault)
                del self._build.binders[given:]
                continue
            of_type = scope.is_of_type(resolved.owner)
            parts.append(criterion if of_type is None else sa.and_(of_type, criterion))
        if not parts:
            raise faults[0]
        return _chain(parts, conjunction=False)


class _Enclosed(Grouping[bool]):
    """Parentheses that stay where they are: those of SQLAlchemy vanish in a chain of the same operator."""

    operator = None
    inherit_cache = True


def _anything(target: Scope) -> Optional[ColumnElement[bool]]:
    del target
    return None


def _chain(items: List[ColumnElement[bool]], *, conjunction: bool) -> ColumnElement[bool]:
    """Join *items* by AND or OR, in groups where they are many."""
    join = sa.and_ if conjunction else sa.or_
    while len(items) > _WIDEST_CHAIN:
        items = [
            cast("ColumnElement[bool]", _Enclosed(join(*items[start : start + _WIDEST_CHAIN])))
            for start in range(0, len(items), _WIDEST_CHAIN)
        ]
    return join(*items)


def _subquery_test(query: Select[Any], negated: bool, position: Optional[int]) -> Test:
    column = query.selected_columns[0]

    def test(value: Operand, complement: bool) -> ColumnElement[bool]:
        if not _are_comparable(value.column.type, column.type):
            # One database would find some of them by accident, and another one fail.
            raise query_fault(
                f"{value.name} and what the nested query selects are of different kinds: expected two texts, two "
                "numbers or two truth values.",
                position,
                value.name,
            )
        if negated != complement:
            # One null among the rows would make NOT IN unknown for every value.
            return sa.and_(
                value.column.not_in(query.where(column.is_not(None))), value.column == value.column
            )
        return value.column.in_(query)

    return Test(test)


def _are_comparable(one: Any, other: Any) -> bool:
    kinds = (sa.Boolean, (sa.Integer, sa.Float), sa.String)
    found = [next((kind for kind in kinds if isinstance(type_, kind)), None) for type_ in (one, other)]
    return None in found or found[0] == found[1]


def _check_quantifier(found: List[Resolved], criteria: Relation) -> None:
    kinds = {resolved.attribute.kind == "reference" for resolved in found}
    wanted = criteria.quantifier == "has"
    if wanted in kinds:
        return
    name = criteria.path.segments[-1].name
    what, expected = ("a collection", "any") if wanted else ("one entity", "has")
    raise query_fault(
        f"{found[0].owner.name}.{name} is {what}: expected '{expected}' instead of '{criteria.quantifier}'.",
        criteria.path.segments[-1].position,
        name,
    )


def _is_selective(criteria: Criteria) -> bool:
    """Return whether *criteria* are likely to hold of few rows, as a guess by their operators alone."""
    if isinstance(criteria, Comparison):
        return criteria.operator == "is" and not criteria.value.is_null
    if isinstance(criteria, Membership):
        return not criteria.negated
    if isinstance(criteria, Relation):
        return criteria.criteria is not None and _is_selective(criteria.criteria)
    if isinstance(criteria, And):
        return any(_is_selective(item) for item in criteria.items)
    return isinstance(criteria, Or) and all(_is_selective(item) for item in criteria.items)
