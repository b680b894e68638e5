"""Rules for what shapes a site: custom attribute configurations and object types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

from ftrack_review.server.custom_values import check_value, type_name_of
from ftrack_review.server.errors import describe, duplicate_error, validation_error
from ftrack_review.server.rules.stamps import fill

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["COMPLETE", "FINISH", "REMOVED"]

# What a type needs to know where the caller does not say: clients read these keys.
_CONFIG: Dict[str, Mapping[str, Any]] = {
    "enumerator": {"multiSelect": False, "data": "[]"},
    "dynamic enumerator": {"multiSelect": True},
    "number": {"isdecimal": True},
    "text": {"markdown": False},
}

# By what work refers to what it must not lose.
_USED = {"Priority": "priority_id", "Status": "status_id", "Type": "type_id"}

# What has no value until somebody gives it one.
_EMPTY: Dict[str, str] = {
    "boolean": "false",
    "date": "null",
    "dynamic enumerator": "[]",
    "enumerator": "[]",
    "number": "0",
}


def _complete_configuration(context: RequestContext, row: Row) -> None:
    if not row.added:
        return
    name = type_name_of(context, row)
    fill(context, row, "config", json.dumps(_CONFIG.get(name, {})))
    if row.get("label") is None:
        fill(context, row, "label", row.get("key"))


def _complete_link_configuration(context: RequestContext, row: Row) -> None:
    if row.added:
        fill(context, row, "config", "{}")
        fill(context, row, "label", row.get("key"))


def _finish_configurations(context: RequestContext, rows: List[Row]) -> None:
    for row in rows:
        column = row.entity.columns["default"].name
        name = type_name_of(context, row)
        if column not in row.given:
            if row.added:
                context.rows.set_column(row, column, _EMPTY.get(name, '""'))
        elif row.added or column in row.before:
            default = row.get("default")
            value = None if default is None else json.loads(default)
            if value == "" and name in _EMPTY:
                # The schema's own default, sent by a client that knows no better.
                context.rows.set_column(row, column, _EMPTY[name])
            else:
                label = f"CustomAttributeConfiguration.default of {describe(row.get('key'))}"
                context.rows.set_column(row, column, check_value(context, row, value, label))
    _refuse_twice(context, rows)


def _refuse_twice(context: RequestContext, rows: List[Row]) -> None:
    """Let a key be used once for an entity type, as values are found by it."""
    entity = rows[0].entity
    added = {row for row in rows if row.added}
    if not added:
        return
    keys = [row.get("key") for row in added if row.get("key") is not None]
    seen: Dict[Tuple[Any, ...], Row] = {}
    for row in context.rows.having(entity, entity.columns["key"], keys):
        if not row.entity.is_a(entity.name):
            continue
        scope = tuple(row.get(name) for name in ("key", "entity_type", "object_type_id", "project_id"))
        if scope in seen and (row in added or seen[scope] in added):
            raise duplicate_error(
                f"there is a custom attribute {describe(scope[0])} for {scope[1]} already", "key"
            )
        seen[scope] = row


def _finish_object_types(context: RequestContext, rows: List[Row]) -> None:
    """Let every object type be an entity type."""
    column = rows[0].entity.columns["name"]
    if not any(row.added or column.name in row.before for row in rows):
        return
    for row in rows:
        if row.get("name") is None or not row.get("name").strip():
            raise validation_error("ObjectType.name is required and must not be empty", "name")
    rebuild(context)


def _remove_object_types(context: RequestContext, rows: List[Row]) -> None:
    """Keep an object type for as long as there is anything of it, which would have no entity type any more.

    What the same request deletes as well is gone by now, and what was left behind has just lost its key.
    """
    gone = {row.key[0]: row for row in rows}
    left: Dict[Any, List[Row]] = {}
    for row in context.rows.touched:
        column = row.entity.columns.get("object_type_id") if row.entity.is_a("TypedContext") else None
        if row.removed or column is None or row.get("object_type_id") is not None:
            continue
        left.setdefault(row.before.get(column.name), []).append(row)
    for key, object_type in gone.items():
        if key in left:
            raise validation_error(
                f"The object type {describe(object_type.get('name'))} is in use and cannot be deleted: there are "
                f"{len(left[key])} of it, {describe(left[key][0].get('name'))} for one. Delete them first",
                "object_type_id",
            )
    rebuild(context)


def _keep_used(context: RequestContext, rows: List[Row]) -> None:
    """Refuse to delete what would leave work without a status, type or priority.

    What the same request deletes as well is gone by now, and what was left behind has just lost its key.
    """
    gone = {(_USED[row.name], row.key[0]): row for row in rows}
    for row in context.rows.touched:
        if row.removed or not (row.entity.is_a("TypedContext") or row.entity.is_a("AssetVersion")):
            continue
        for attribute in set(_USED.values()):
            column = row.entity.columns.get(attribute)
            lost = None if column is None else gone.get((attribute, row.before.get(column.name)))
            if lost is not None and row.get(attribute) is None:
                raise validation_error(
                    f"The {lost.name} {describe(lost.get('name'))} is in use and cannot be deleted: {row.label} has "
                    "it. Give what has it another one first",
                    attribute,
                )


def rebuild(context: RequestContext) -> None:
    """Make the catalogue anew from the object types that there are now."""
    context.flush()
    context.catalogue = context.catalogue.rebuilt(context.connection)


COMPLETE = {
    "CustomAttributeConfiguration": _complete_configuration,
    "CustomAttributeLinkConfiguration": _complete_link_configuration,
}
FINISH = {"CustomAttributeConfiguration": _finish_configurations, "ObjectType": _finish_object_types}
REMOVED = {"ObjectType": _remove_object_types, **dict.fromkeys(_USED, _keep_used)}
