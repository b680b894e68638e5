"""Relations as statements: the entities that belong to any of a list of keys.

Every statement takes the keys as one JSON text, so that it is compiled once and never runs out of variables. What a
statement selects after the columns of the entities is the key that leads back to where each belongs.

Called by ``projection``; run by ``fetching``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Tuple

import sqlalchemy as sa

from ftrack_review.server.sql.dense import dense_scope
from ftrack_review.server.sql.relating import reference_column
from ftrack_review.server.sql.resolution import Resolved
from ftrack_review.server.sql.scope import Build, in_json_list, text_parameter

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import Select

    from ftrack_review.server.entity_type import EntityType, RelationInfo
    from ftrack_review.server.sql.projection import Fetch
    from ftrack_review.server.sql.request import Request
    from ftrack_review.server.sql.scope import Scope

__all__ = ["IDS", "Edge", "ancestor_chain", "make_edge"]

#: The parameter with the keys, as a JSON list.
IDS = "ids"

# No hierarchy is deeper; a loop in one ends here.
_DEEPEST = 200


@dataclass(frozen=True)
class Edge:
    """The way from the rows of one fetch to the entities of a relation.

    *places* is where a row has the key to follow. *target* makes records of the rows that *statement* selects
    for a list of keys; *to_one* tells a reference, whose own key is what was followed (at *target_places* of its
    row), from a collection, whose rows end with the key they belong to. *token* says what is asked behind it.
    """

    name: str
    to_one: bool
    places: Tuple[int, ...]
    target: Fetch
    target_places: Tuple[int, ...]
    statement: Select[Any]
    token: str


def make_edge(
    fetch: Fetch, build: Build, scope: Scope, entity: EntityType, relation: RelationInfo, request: Request
) -> Edge:
    """Return the edge from *fetch*, whose rows are in *scope*, over a *relation* of *entity*."""
    # Another statement, with parameters of its own.
    other = Build(build.catalogue)
    token = str(request)
    if relation.kind == "reference":
        return _make_reference(fetch, build, other, scope, entity, relation, request)
    makers = {
        "children": _children,
        "link": _linked,
        "custom_attributes": _custom_attributes,
        "ancestors": _ancestors,
        "descendants": _descendants,
    }
    target, statement = makers[relation.how](other, relation, request)
    own = scope.own(relation.start) if relation.start is not None else scope.key()
    return Edge(relation.name, False, (fetch.place(own),), target, (), statement, token)


def _make_reference(
    fetch: Fetch,
    build: Build,
    other: Build,
    scope: Scope,
    entity: EntityType,
    relation: RelationInfo,
    request: Request,
) -> Edge:
    there, target = _target(other, relation, request)
    if relation.how == "computed":
        own = reference_column(build, scope, Resolved(entity, entity.schema.attributes[relation.name]))
        places: Tuple[int, ...] = (fetch.place(own, ("reference", relation.name)),)
        keys: Tuple[ColumnElement[Any], ...] = (there.key(),)
    else:
        places = tuple(fetch.place(scope.own(own)) for own, _ in relation.join)
        keys = tuple(there.own(column) for _, column in relation.join)
    target_places = tuple(target.place(key) for key in keys)
    # Of a composite key the first part finds the rows; which one is meant is told when they are joined.
    statement = sa.select(*target.columns).select_from(there.source).where(_among(keys[0]))
    return Edge(relation.name, True, places, target, target_places, statement, str(request))


def _among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return in_json_list(column, text_parameter(IDS))


def _target(build: Build, relation: RelationInfo, request: Request) -> Tuple[Scope, Fetch]:
    from ftrack_review.server.sql.projection import Fetch

    entity = build.catalogue.types[relation.covers]
    scope = build.scope(entity)
    # A name may be declared on a wider type than that of the rows here; which one has it was checked before.
    return scope, Fetch(build, scope, _widest(build, entity), request)


def _widest(build: Build, entity: EntityType) -> EntityType:
    """Return the type that covers all rows of the table of *entity*.

    Rows of other types than a schema declares occur (protocol.md 3.1), and are shown as what they are.
    """
    root: Optional[EntityType] = build.catalogue.types.get(entity.root)
    return entity if root is None or entity.covers_table else root


def _children(build: Build, relation: RelationInfo, request: Request) -> Tuple[Fetch, Select[Any]]:
    scope, target = _target(build, relation, request)
    belongs = scope.own(relation.join[0][1])
    statement = (
        sa.select(*target.columns, belongs)
        .select_from(scope.source)
        .where(_among(belongs), *scope.conditions(relation))
        .order_by(*scope.order)
    )
    return target, statement


def _linked(build: Build, relation: RelationInfo, request: Request) -> Tuple[Fetch, Select[Any]]:
    assert relation.link is not None
    assert relation.link_local is not None
    assert relation.link_remote is not None
    scope, target = _target(build, relation, request)
    link = relation.link.alias()
    belongs = link.c[relation.link_local.name]
    statement = (
        sa.select(*target.columns, belongs)
        .select_from(link.join(scope.source, scope.key() == link.c[relation.link_remote.name]))
        .where(_among(belongs))
        .order_by(link.c._row)
    )
    return target, statement


def _custom_attributes(build: Build, relation: RelationInfo, request: Request) -> Tuple[Fetch, Select[Any]]:
    from ftrack_review.server.sql.projection import Fetch

    entity = build.catalogue.types[relation.target]
    dense = dense_scope(build, entity)
    target = Fetch(build, dense.scope, entity, request)
    belongs = dense.scope.own(entity.columns["entity_id"])
    statement = (
        sa.select(*target.columns, belongs)
        .select_from(dense.source)
        .where(_among(belongs), *dense.conditions)
        .order_by(*dense.scope.order)
    )
    return target, statement


def _ancestors(build: Build, relation: RelationInfo, request: Request) -> Tuple[Fetch, Select[Any]]:
    """Select from the topmost down; the project is not among them."""
    scope, target = _target(build, relation, request)
    chain = ancestor_chain(build)
    statement = (
        sa.select(*target.columns, chain.c.start)
        .select_from(scope.source.join(chain, scope.key() == chain.c.id))
        .where(_typed(build, scope))
        .order_by(chain.c.depth.desc())
    )
    return target, statement


def _descendants(build: Build, relation: RelationInfo, request: Request) -> Tuple[Fetch, Select[Any]]:
    scope, target = _target(build, relation, request)
    context = build.catalogue.types["Context"].table
    child = context.alias()
    chain = (
        sa.select(
            context.c.id.label("start"), context.c.id.label("id"), sa.literal_column("0").label("depth")
        )
        .where(_among(context.c.id))
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        sa.select(chain.c.start, child.c.id, chain.c.depth + sa.literal_column("1"))
        .join(chain, child.c.parent_id == chain.c.id)
        .where(chain.c.depth < _DEEPEST)
    )
    statement = (
        sa.select(*target.columns, chain.c.start)
        .select_from(scope.source.join(chain, scope.key() == chain.c.id))
        .where(chain.c.depth > sa.literal_column("0"), _typed(build, scope))
        .order_by(*scope.order)
    )
    return target, statement


def _typed(build: Build, scope: Scope) -> ColumnElement[bool]:
    of_type = scope.is_of_type(build.catalogue.types["TypedContext"])
    return sa.true() if of_type is None else of_type


def ancestor_chain(build: Build) -> Any:
    """Return a CTE of (start, id, depth): every context from those in the parameter up to the project."""
    context = build.catalogue.types["Context"].table
    parent = context.alias()
    chain = (
        sa.select(
            context.c.id.label("start"), context.c.id.label("id"), sa.literal_column("0").label("depth")
        )
        .where(_among(context.c.id))
        .cte("chain", recursive=True)
    )
    return chain.union_all(
        sa.select(chain.c.start, parent.c.parent_id, chain.c.depth + sa.literal_column("1"))
        .join(chain, parent.c.id == chain.c.id)
        .where(parent.c.parent_id.is_not(None), chain.c.depth < _DEEPEST)
    )
