"""Criteria over related entities: does at least one exist for which something holds.

A relation becomes a correlated ``EXISTS``, or ``IN (SELECT …)`` where what is asked of the other side is
likely to be true of few rows, so that the database can begin there and come back by an index. The complement
is always ``NOT EXISTS``: an entity without the relation belongs to it.

Called by ``criterion`` and ``ordering``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

import sqlalchemy as sa

from ftrack_review.server.dialect import standing_apart
from ftrack_review.server.sql.computed import expression
from ftrack_review.server.sql.dense import BASE, dense_scope

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import FromClause, Select

    from ftrack_review.server.entity_type import EntityType, RelationInfo
    from ftrack_review.server.sql.resolution import Resolved
    from ftrack_review.server.sql.scope import Build, Scope

__all__ = ["Step", "exists_related", "is_unknown", "reference_column", "step"]

#: Builds what must hold of the entity on the other side; None asks for nothing but its existence.
Inner = Callable[["Scope"], Optional["ColumnElement[bool]"]]


@dataclass(frozen=True)
class Step:
    """One step over a relation: the *scope* it leads to, *source* to select from, and how both sides join.

    *pairs* are (here, there) columns that must be equal; *conditions* hold of the other side.
    """

    scope: Scope
    source: FromClause
    pairs: Tuple[Tuple[ColumnElement[Any], ColumnElement[Any]], ...]
    conditions: Tuple[ColumnElement[bool], ...]

    def on(self) -> List[ColumnElement[bool]]:
        """Return everything that ties the other side to this one."""
        return [here == there for here, there in self.pairs] + list(self.conditions)


def step(build: Build, scope: Scope, resolved: Resolved, cast: Optional[EntityType] = None) -> Step:
    """Return the step from *scope* over a relation. Ancestors and descendants take more than one step."""
    relation = resolved.relation
    assert relation is not None
    entity = cast or build.catalogue.types[relation.target]
    if relation.how == "custom_attributes":
        dense = dense_scope(build, build.catalogue.types[relation.target], scope)
        # Values of one family are never of another.
        is_possible = cast is None or cast.name in (relation.target, BASE)
        return Step(
            dense.scope, dense.source, (), (*dense.conditions, *(() if is_possible else (sa.false(),)))
        )
    target = build.scope(entity)
    conditions = target.conditions(relation)
    if cast is not None:
        of_type = target.is_of_type(cast)
        if of_type is not None:
            conditions.append(of_type)
    if relation.how == "link":
        assert relation.link is not None
        assert relation.link_local is not None
        assert relation.link_remote is not None
        link = relation.link.alias()
        source = target.source.join(link, target.key() == link.c[relation.link_remote.name])
        return Step(target, source, ((scope.key(), link.c[relation.link_local.name]),), tuple(conditions))
    if relation.how == "computed":
        pairs: Tuple[Tuple[Any, Any], ...] = ((reference_column(build, scope, resolved), target.key()),)
    else:
        pairs = tuple((scope.own(own), target.own(there)) for own, there in relation.join)
    return Step(target, target.source, pairs, tuple(conditions))


def reference_column(build: Build, scope: Scope, resolved: Resolved) -> ColumnElement[Any]:
    """Return the column of *scope* that holds the key to which a reference points."""
    relation = resolved.relation
    assert relation is not None
    if relation.how == "computed":
        found = expression(build, scope, resolved.owner, relation.name)
        return sa.null() if found is None else found
    return scope.own(relation.join[0][0])


def exists_related(
    build: Build,
    scope: Scope,
    resolved: Resolved,
    cast: Optional[EntityType],
    inner: Inner,
    *,
    negated: bool = False,
    selective: bool = False,
) -> ColumnElement[bool]:
    """Return the criterion that the relation *resolved* leads to an entity for which *inner* holds, or its complement.

    *selective* tells that *inner* is likely to hold of few rows.
    """
    relation = resolved.relation
    assert relation is not None
    if relation.how in ("ancestors", "descendants"):
        return _within_hierarchy(build, scope, relation, cast, inner, negated=negated)
    if is_unknown(build, relation):
        return sa.true() if negated else sa.false()
    with build.deeper() as is_apart:
        found = _step_apart(build, scope, resolved, cast) if is_apart else step(build, scope, resolved, cast)
        criterion = inner(found.scope)
    conditions = list(found.conditions)
    if criterion is not None:
        conditions.append(criterion)
    if is_apart:
        return _among_apart(found, conditions, negated=negated)
    if selective and not negated and len(found.pairs) == 1:
        here, there = found.pairs[0]
        return here.in_(sa.select(there).select_from(found.source).where(*conditions))
    query: Select[Any] = sa.select(sa.literal_column("1")).select_from(found.source)
    exists = query.where(*(here == there for here, there in found.pairs), *conditions).exists()
    return sa.not_(exists) if negated else exists


def _step_apart(build: Build, scope: Scope, resolved: Resolved, cast: Optional[EntityType]) -> Step:
    """Return the step from *scope* with another side that does not depend on it but for the pairs."""
    relation = resolved.relation
    assert relation is not None
    if relation.how != "custom_attributes":
        return step(build, scope, resolved, cast)
    dense = dense_scope(build, build.catalogue.types[relation.target])
    belongs = dense.scope.own(dense.scope.entity.columns["entity_id"])
    is_possible = cast is None or cast.name in (relation.target, BASE)
    conditions = dense.conditions if is_possible else (*dense.conditions, sa.false())
    return Step(dense.scope, dense.source, ((scope.key(), belongs),), conditions)


def _among_apart(found: Step, conditions: List[ColumnElement[bool]], *, negated: bool) -> ColumnElement[bool]:
    """Return the criterion that the other side of *found* has a row with *conditions*, looked up apart."""
    theirs = [there.label(f"k{place}") for place, (_, there) in enumerate(found.pairs)]
    rows = standing_apart(sa.select(*theirs).select_from(found.source).where(*conditions))
    pairs = [here == column for (here, _), column in zip(found.pairs, rows.c)]
    exists = sa.select(sa.literal_column("1")).select_from(rows).where(*pairs).exists()
    return sa.not_(exists) if negated else exists


def is_unknown(build: Build, relation: RelationInfo) -> bool:
    """Return whether nobody knows how to find the entities of *relation*, which is then empty."""
    return relation.target not in build.catalogue.types or (
        relation.how == "computed" and relation.kind != "reference"
    )


def _within_hierarchy(
    build: Build,
    scope: Scope,
    relation: RelationInfo,
    cast: Optional[EntityType],
    inner: Inner,
    *,
    negated: bool,
) -> ColumnElement[bool]:
    """Walk from the contexts that *inner* holds of, down for ancestors and up for descendants.

    That is few steps from few rows, where walking from every row would be all rows times their depth.
    """
    entity = cast or build.catalogue.types[relation.target]
    seed = build.scope(entity)
    former, build.nesting = build.nesting, 0  # What follows is a common table expression.
    conditions = [seed.is_of_type(entity), inner(seed)]
    build.nesting = former
    context = build.catalogue.types["Context"].table.alias()
    ancestors = relation.how == "ancestors"
    first = seed.source.c.id if ancestors else seed.source.c.parent_id
    walk = (
        sa.select(first.label("id"))
        .where(*(c for c in conditions if c is not None), first.is_not(None))
        .cte(recursive=True)
    )
    if ancestors:
        further = sa.select(context.c.id).join(walk, context.c.parent_id == walk.c.id)
    else:
        further = (
            sa.select(context.c.parent_id)
            .join(walk, context.c.id == walk.c.id)
            .where(context.c.parent_id.is_not(None))
        )
    walk = walk.union(further)
    assert relation.start is not None
    start = scope.own(relation.start)
    within = start.in_(sa.select(walk.c.id))
    return sa.or_(start.is_(None), sa.not_(within)) if negated else within
