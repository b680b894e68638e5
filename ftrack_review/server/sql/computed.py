"""Attributes that are not stored: worked out by the database, or made of what it answers.

Three kinds. An *expression* is SQL, so that it can be compared and sorted by. A *derived* value is made in
Python, row by row, of expressions that are selected along (the address of a thumbnail). A *link* needs rows of
its own and is loaded for all records at once (``link``).

Called by ``criterion``, ``ordering`` and ``request``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from ftrack_review.server.entity_type import EntityType
    from ftrack_review.server.sql.scope import Build, Scope

__all__ = ["Derived", "definer", "derived", "expression", "is_link"]

_Columns = List["ColumnElement[Any]"]

# Components there have an absolute address of their own (protocol.md 7.1).
_REVIEW_LOCATION = "cd41be70-8809-11e3-b98a-20c9d081909b"
_SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"


@dataclass(frozen=True)
class Derived:
    """A value that *make* builds from the request's context and the values of *inputs*."""

    inputs: Tuple[ColumnElement[Any], ...]
    make: Callable[..., Any]


def expression(build: Build, scope: Scope, owner: EntityType, name: str) -> Optional[ColumnElement[Any]]:
    """Return the SQL for the computed attribute *name* of *owner* in *scope*, None where there is none."""
    for entity_type in owner.lineage:
        make = _EXPRESSIONS.get((entity_type, name))
        if make is not None:
            return make(build, scope, owner)
    if name == "key" and "configuration_id" in owner.columns:
        return _configuration_key(build, scope, owner)
    inputs = _url_inputs(build, scope, owner, name)
    # An address exists where its component does, which is all that can be asked of one.
    return inputs[0] if inputs else None


def derived(build: Build, scope: Scope, owner: EntityType, name: str) -> Optional[Derived]:
    """Return how the computed attribute *name* is made in Python, None where the database does it."""
    inputs = _url_inputs(build, scope, owner, name)
    if not inputs:
        return None
    if name == "thumbnail_url":
        return Derived(tuple(inputs), _thumbnail_url)
    if owner.is_a("ComponentLocation"):
        return Derived(tuple(inputs), _location_url)
    return Derived(tuple(inputs), _component_url)


def definer(owner: EntityType, name: str) -> str:
    """Return the entity type that says how *name* of *owner* is worked out; its expression serves all below."""
    found = (entity_type for entity_type in owner.lineage if (entity_type, name) in _EXPRESSIONS)
    return next(found, owner.root)


def is_link(owner: EntityType, name: str) -> bool:
    """Return whether *name* is the list of parents of an entity of the type *owner*."""
    return name in ("link", "_link") and name in owner.computed


def _url_inputs(build: Build, scope: Scope, owner: EntityType, name: str) -> _Columns:
    if name not in ("thumbnail_url", "url") or name not in owner.schema.attributes or name in owner.columns:
        return []
    if owner.is_a("ComponentLocation"):
        names = ("component_id", "location_id", "resource_identifier")
        return [scope.own(owner.columns[column]) for column in names]
    for column in ("component_id", "thumbnail_id"):
        if column in owner.columns:
            return [scope.own(owner.columns[column])]
    if "thumbnail_id" in owner.computed:
        found = expression(build, scope, owner, "thumbnail_id")
        return [] if found is None else [found]
    return []


def _thumbnail_url(context: Any, component_id: Optional[str]) -> Optional[Dict[str, Any]]:
    return None if not component_id else {"url": context.thumbnail_url(component_id)}


def _component_url(context: Any, component_id: Optional[str]) -> Optional[Dict[str, Any]]:
    return None if not component_id else {"url": context.component_url(component_id)}


def _location_url(
    context: Any, component_id: Optional[str], location_id: Optional[str], identifier: Optional[str]
) -> Optional[Dict[str, Any]]:
    """Return where the component can be had over HTTP: from us, or where its identifier says."""
    if identifier and identifier.startswith(("http://", "https://")):
        return {"url": identifier}
    if component_id and location_id in (_SERVER_LOCATION, _REVIEW_LOCATION):
        return {"url": context.component_url(component_id)}
    return None


def _is_open(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    """Open from the start until the end, which itself is outside: closing sets the end to now."""
    start, end = (scope.own(owner.columns[name]) for name in ("start_date", "end_date"))
    now = build.now()
    within = sa.and_(sa.or_(start.is_(None), start <= now), sa.or_(end.is_(None), end > now))
    if "availability" not in owner.columns:
        return sa.case((within, sa.true()), else_=sa.false())
    availability = scope.own(owner.columns["availability"])
    return sa.case(
        (availability == "closed", sa.false()),
        (availability == "always_open", sa.true()),
        (within, sa.true()),
        else_=sa.false(),
    )


def _review_thumbnail(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    """Take the thumbnail of the version that was chosen for it, else of the first object that has one."""
    versions = build.scope(build.catalogue.types["AssetVersion"])
    objects = build.scope(build.catalogue.types["ReviewSessionObject"])
    thumbnail = versions.source.c.thumbnail_id
    first = (
        sa.select(thumbnail)
        .select_from(objects.source.join(versions.source, versions.key() == objects.source.c.version_id))
        .where(objects.source.c.review_session_id == scope.key(), thumbnail.is_not(None))
        .order_by(objects.source.c.sort_order, objects.source.c._row)
        .limit(1)
        .correlate(scope.source)
        .scalar_subquery()
    )
    source = owner.columns.get("thumbnail_source_id")
    if source is None:
        return first
    chosen = build.scope(build.catalogue.types["AssetVersion"])
    return sa.func.coalesce(
        sa.select(chosen.source.c.thumbnail_id)
        .where(chosen.key() == scope.own(source))
        .correlate(scope.source)
        .scalar_subquery(),
        first,
    )


def _is_latest(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    """Look for a newer one, which ends at the first; sorting all versions of the asset would cost more."""
    other = build.scope(owner)
    lowest: ColumnElement[int] = sa.literal_column("-1", sa.Integer())
    version, row = owner.columns["version"], owner.table.c._row
    own = sa.func.coalesce(scope.own(version), lowest)
    others = sa.func.coalesce(other.own(version), lowest)
    asset = owner.columns["asset_id"]
    newer = (
        sa.select(sa.literal_column("1"))
        .where(
            other.own(asset) == scope.own(asset),
            sa.or_(others > own, sa.and_(others == own, other.own(row) > scope.own(row))),
        )
        .correlate(scope.source)
        .exists()
    )
    return sa.case((newer, sa.false()), else_=sa.true())


def _latest_version(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    del owner
    return _latest_of(build, scope.key(), scope)


def _latest_of(build: Build, asset: ColumnElement[Any], scope: Scope) -> ColumnElement[Any]:
    """Return the id of the version with the highest number; of equal numbers the newest row counts."""
    versions = build.scope(build.catalogue.types["AssetVersion"])
    return (
        sa.select(versions.key())
        .where(versions.source.c.asset_id == asset)
        .order_by(versions.source.c.version.desc().nulls_last(), versions.source.c._row.desc())
        .limit(1)
        .correlate(scope.source)
        .scalar_subquery()
    )


def _time_logged(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    del owner
    timelogs = build.scope(build.catalogue.types["Timelog"])
    return (
        sa.select(sa.func.coalesce(sa.func.sum(timelogs.source.c.duration), 0.0))
        .where(timelogs.source.c.context_id == scope.key())
        .correlate(scope.source)
        .scalar_subquery()
    )


def _time_left(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    bid = sa.func.coalesce(scope.own(owner.columns["bid"]), 0.0)
    return bid - _time_logged(build, scope, owner)


def _thumbnail_source(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    del build
    return sa.case((scope.own(owner.columns["thumbnail_id"]).is_not(None), scope.key()), else_=sa.null())


def _configuration_key(build: Build, scope: Scope, owner: EntityType) -> ColumnElement[Any]:
    if scope.overrides is not None and "key" in scope.overrides:
        return scope.overrides["key"]
    if "key" in scope.source.c:
        return scope.source.c["key"]
    configuration = build.catalogue.types["CustomAttributeConfiguration"].table.alias()
    return (
        sa.select(configuration.c.key)
        .where(configuration.c.id == scope.own(owner.columns["configuration_id"]))
        .correlate(scope.source)
        .scalar_subquery()
    )


_EXPRESSIONS: Dict[Tuple[str, str], Callable[[Build, Scope, EntityType], ColumnElement[Any]]] = {
    ("Asset", "latest_version"): _latest_version,
    ("AssetVersion", "is_latest_version"): _is_latest,
    ("ReviewSession", "is_open"): _is_open,
    ("ReviewSession", "thumbnail_id"): _review_thumbnail,
    ("TypedContext", "bid_time_logged_difference"): _time_left,
    ("TypedContext", "thumbnail_source_id"): _thumbnail_source,
    ("TypedContext", "time_logged"): _time_logged,
}
