"""Custom attribute values, dense: one row for every configuration that applies to an entity.

What is stored is only what somebody has set; everything else has the default of its configuration. A
configuration applies to the entities of its kind (and object type) of its project or of all projects; a
hierarchical one applies to projects, contexts, assets and versions; one that belongs to a project hides a
general one with the same key.

Called by ``relating`` and ``compilation`` for criteria, ``request`` for projections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import sqlalchemy as sa

from ftrack_review.server.dialect import constant
from ftrack_review.server.sql.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import FromClause

    from ftrack_review.server.entity_type import EntityType
    from ftrack_review.server.sql.scope import Build

__all__ = ["BASE", "Dense", "dense_scope", "is_dense"]

#: The type from which every type of custom attribute value derives.
BASE = "CustomAttributeValue"

# Which entities have the values of a type, and the codes in CustomAttributeConfiguration.entity_type.
_OWNERS: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "ContextCustomAttributeValue": ("Context", ()),
    "AssetCustomAttributeValue": ("Asset", ("asset",)),
    "AssetVersionCustomAttributeValue": ("AssetVersion", ("assetversion",)),
    "UserCustomAttributeValue": ("User", ("user",)),
    "ListCustomAttributeValue": ("List", ("list",)),
    "ListObjectCustomAttributeValue": ("ListObject", ("listobject", "list_object")),
}

_HIERARCHICAL = frozenset(("Context", "Asset", "AssetVersion"))


@dataclass(frozen=True)
class Dense:
    """Dense rows: the *scope* in which they are seen, *source* to select from and the *conditions* on it."""

    scope: Scope
    source: FromClause
    conditions: Tuple[ColumnElement[bool], ...]


def is_dense(entity: EntityType) -> bool:
    """Return whether *entity* is a type of custom attribute value."""
    return entity.name == BASE or entity.name in _OWNERS


def dense_scope(build: Build, entity: EntityType, owner: Optional[Scope] = None) -> Dense:
    """Return the dense rows of the type *entity*, of all entities or of those in the scope *owner*.

    With an *owner* the rows are correlated to it: its table is not part of the source.
    """
    if entity.name == BASE:
        return _all_families(build, entity)
    owner_type, codes = _OWNERS[entity.name]
    configuration = build.catalogue.types["CustomAttributeConfiguration"].table.alias()
    stored = build.catalogue.types[BASE].table.alias()
    holder = owner or build.scope(build.catalogue.types[owner_type])
    conditions = [_applies(build, holder, configuration, owner_type, codes)]
    if "_type" in configuration.c:
        conditions.append(configuration.c._type == "CustomAttributeConfiguration")
    of_type = holder.is_of_type(build.catalogue.types[owner_type])
    if of_type is not None:
        conditions.append(of_type)
    matches = sa.and_(stored.c.configuration_id == configuration.c.id, stored.c.entity_id == holder.key())
    if owner is None:
        joined = holder.source.join(configuration, sa.true())
        source: FromClause = joined.outerjoin(stored, matches)
    else:
        source = configuration.outerjoin(stored, matches)
    overrides: Dict[str, ColumnElement[Any]] = {
        "configuration_id": configuration.c.id,
        "entity_id": holder.key(),
        "key": configuration.c.key,
        "value": sa.func.coalesce(stored.c.value, configuration.c.default),
        "_type": constant(entity.name),
    }
    order = (holder.source.c._row, configuration.c.sort, configuration.c._row)
    return Dense(Scope(entity, source, overrides, order), source, tuple(conditions))


def _all_families(build: Build, entity: EntityType) -> Dense:
    parts = []
    for name in _OWNERS:
        if name not in build.catalogue.types:
            continue
        dense = dense_scope(build, build.catalogue.types[name])
        overrides = dense.scope.overrides
        assert overrides is not None
        parts.append(
            sa.select(
                *(column.label(label) for label, column in overrides.items()),
                dense.scope.order[0].label("_row"),
                dense.scope.order[2].label("_configuration_row"),
            )
            .select_from(dense.source)
            .where(*dense.conditions)
        )
    union = sa.union_all(*parts).subquery()
    scope = Scope(entity, union, order=(union.c._type, union.c._row, union.c._configuration_row))
    return Dense(scope, union, ())


def _applies(
    build: Build, holder: Scope, configuration: Any, owner_type: str, codes: Tuple[str, ...]
) -> ColumnElement[bool]:
    """Return the criterion that *configuration* applies to the entity in *holder*."""
    project = project_of(build, holder, owner_type)
    applies = _is_meant(build, holder, configuration, owner_type, codes)
    if project is None:
        return sa.and_(applies, configuration.c.project_id.is_(None))
    own = build.catalogue.types["CustomAttributeConfiguration"].table.alias()
    shadowed = (
        sa.select(sa.literal_column("1"))
        .select_from(own)
        .where(
            own.c.project_id == project,
            own.c.key == configuration.c.key,
            _is_meant(build, holder, own, owner_type, codes),
        )
        .correlate(configuration, holder.source)
        .exists()
    )
    return sa.and_(
        applies,
        sa.or_(
            configuration.c.project_id == project,
            sa.and_(configuration.c.project_id.is_(None), sa.not_(shadowed)),
        ),
    )


def _is_meant(
    build: Build, holder: Scope, configuration: Any, owner_type: str, codes: Tuple[str, ...]
) -> ColumnElement[bool]:
    """Return the criterion that *configuration* is for entities such as the one in *holder*."""
    meant: List[ColumnElement[bool]] = []
    if owner_type == "Context":
        types = build.catalogue.types
        concrete = holder.type_name()
        object_type = holder.own(types["TypedContext"].columns["object_type_id"])
        meant.append(sa.and_(configuration.c.entity_type == "show", concrete == "Project"))
        meant.append(
            sa.and_(configuration.c.entity_type == "task", configuration.c.object_type_id == object_type)
        )
    elif len(codes) == 1:
        meant.append(configuration.c.entity_type == codes[0])
    else:
        meant.append(configuration.c.entity_type.in_(codes))
    if owner_type in _HIERARCHICAL:
        meant.append(configuration.c.is_hierarchical.is_(sa.true()))
    return sa.or_(*meant)


def project_of(build: Build, holder: Scope, owner_type: str) -> Optional[ColumnElement[Any]]:
    """Return the id of the project to which the entity in *holder* belongs, None for types without one."""
    types = build.catalogue.types
    if owner_type == "Context":
        return sa.case(
            (holder.type_name() == "Project", holder.key()),
            else_=holder.own(types["TypedContext"].columns["project_id"]),
        )
    column = types[owner_type].columns.get("project_id")
    if column is not None:
        return holder.own(column)
    # Schemas before 2023 do not keep the project on assets and versions: it is that of what they belong to.
    parents = {
        "Asset": ("context_id", "Context"),
        "AssetVersion": ("asset_id", "Asset"),
        "ListObject": ("list_id", "List"),
    }
    if owner_type not in parents:
        return None
    reference, parent_type = parents[owner_type]
    parent = build.scope(types[parent_type])
    project = project_of(build, parent, parent_type)
    if project is None:
        return None
    return (
        sa.select(project)
        .select_from(parent.source)
        .where(parent.key() == holder.own(types[owner_type].columns[reference]))
        .correlate(holder.source)
        .scalar_subquery()
    )
