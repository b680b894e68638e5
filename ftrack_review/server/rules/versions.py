"""Rules for assets, versions, components and where components are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional

from ftrack_review.server.rules.contexts import first_status, project_schema_of
from ftrack_review.server.rules.stamps import fill
from ftrack_review.server.values import is_key

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.forms import Form
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH", "MERGE", "count_ahead", "next_number", "note_number"]

# What is numbered: the number, the key of the owner in whom it counts, and the reference to the owner.
_NUMBERED = {
    "AssetVersion": ("version", "asset_id", "asset"),
    "ReviewSessionObject": ("sort_order", "review_session_id", "review_session"),
}


def next_number(context: RequestContext, row: Row, attribute: str, owner_attribute: str) -> Any:
    """Return the number after the highest *attribute* of the rows that share *owner_attribute* with *row*.

    It counts from one. The database is asked once for each owner and request.
    """
    entity = row.entity
    owner = row.get(owner_attribute)
    highest = _highest(context, row, attribute, owner_attribute)
    value = highest + 1
    context.memory["highest", entity.root, attribute, owner] = value
    return value


def count_ahead(context: RequestContext, actions: Iterable[Mapping[str, Any]]) -> None:
    """Find out with one statement where the numbers stand that *actions* will need."""
    for name, (attribute, owner_attribute, reference) in _NUMBERED.items():
        if name not in context.catalogue.types:
            continue
        entity = context.catalogue.types[name]
        owners = set()
        for action in actions:
            data = action.get("entity_data")
            if action.get("entity_type") != name or not isinstance(data, Mapping):
                continue
            value = data.get(reference)
            owner = value.get("id") if isinstance(value, Mapping) else data.get(owner_attribute)
            if isinstance(owner, str) and is_key(owner):
                owners.add(owner)
        new = [owner for owner in owners if ("highest", entity.root, attribute, owner) not in context.memory]
        if new:
            columns = entity.columns
            found = context.rows.highest_each(entity, columns[attribute], columns[owner_attribute], new)
            for owner in new:
                context.memory["highest", entity.root, attribute, owner] = found.get(owner) or 0


def note_number(context: RequestContext, row: Row, attribute: str, owner_attribute: str) -> None:
    """Remember a number that the caller chose, so that the next one comes after it."""
    name = ("highest", row.entity.root, attribute, row.get(owner_attribute))
    value = row.get(attribute)
    if value is not None and name in context.memory:
        context.memory[name] = max(context.memory[name], value)


def _highest(context: RequestContext, row: Row, attribute: str, owner_attribute: str) -> Any:
    entity = row.entity
    owner = row.get(owner_attribute)
    name = ("highest", entity.root, attribute, owner)
    if name not in context.memory:
        column = entity.columns[attribute]
        same = entity.columns[owner_attribute] == owner
        context.memory[name] = context.rows.highest(entity, column, same) or 0
    return context.memory[name]


def _complete_asset(context: RequestContext, row: Row) -> None:
    if not row.added:
        return
    key = row.get("context_id")
    parent = None if key is None else context.rows.get(context.catalogue.types["Context"], (key,))
    if parent is not None and row.has("project_id"):
        project_id = parent.key[0] if parent.name == "Project" else parent.get("project_id")
        if project_id is not None:
            context.rows.set(row, "project_id", project_id)


def _complete_version(context: RequestContext, row: Row) -> None:
    if not row.added or row.get("asset_id") is None:
        return
    asset = context.rows.get(context.catalogue.types["Asset"], (row.get("asset_id"),))
    project_id = None if asset is None else _project_of_asset(context, asset)
    if project_id is not None:
        context.rows.set(row, "project_id", project_id)
    if row.get("version") is None:
        context.rows.set(row, "version", next_number(context, row, "version", "asset_id"))
    else:
        note_number(context, row, "version", "asset_id")
    if row.get("status_id") is None:
        schema = project_schema_of(context, project_id)
        if schema is not None:
            workflow = schema.get("asset_version_workflow_schema_id")
            fill(
                context,
                row,
                "status_id",
                first_status(context, "WorkflowSchemaStatus", "workflow_schema_id", workflow),
            )


def _project_of_asset(context: RequestContext, asset: Row) -> Optional[str]:
    """Return the project of *asset*; documents before 2022 do not store it."""
    project_id: Optional[str] = asset.get("project_id")
    key = asset.get("context_id")
    if project_id is None and key is not None:
        parent = context.rows.get(context.catalogue.types["Context"], (key,))
        if parent is not None:
            project_id = parent.key[0] if parent.name == "Project" else parent.get("project_id")
    return project_id


def _complete_component(context: RequestContext, row: Row) -> None:
    if not row.added or not row.has("project_id") or row.get("project_id") is not None:
        return
    types = context.catalogue.types
    for attribute, name in (("version_id", "AssetVersion"), ("container_id", "Component")):
        key = row.get(attribute)
        owner = None if key is None else context.rows.get(types[name], (key,))
        if owner is not None:
            fill(context, row, "project_id", owner.get("project_id"))


def _change_asset(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    """Take the versions along when an asset moves to another project."""
    if "context_id" not in old or row.added:
        return
    types = context.catalogue.types
    parent = context.rows.get(types["Context"], (row.get("context_id"),))
    project_id = None
    if parent is not None:
        project_id = parent.key[0] if parent.name == "Project" else parent.get("project_id")
    if project_id == row.get("project_id"):
        return
    context.rows.set(row, "project_id", project_id)
    version = types["AssetVersion"]
    for below in context.rows.having(version, version.columns["asset_id"], [row.key[0]]):
        context.rows.set(below, "project_id", project_id)


def _change_version(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    note_number(context, row, "version", "asset_id")
    if "asset_id" in old and not row.added:
        asset = context.rows.get(context.catalogue.types["Asset"], (row.get("asset_id"),))
        if asset is not None:
            context.rows.set(row, "project_id", _project_of_asset(context, asset))


def _merge_location(context: RequestContext, form: Form, values: Mapping[str, Any]) -> Optional[Row]:
    """Let a component be in a location once: what says so last takes the place of the former.

    A client that retries an upload completes it twice, the second time with another id.
    """
    component, location = values.get("component_id"), values.get("location_id")
    if component is not None and location is not None:
        _drop_former(context, form.entity, component, location, keep=values.get("id"))
    return None


def _drop_former(context: RequestContext, entity: Any, component: Any, location: Any, *, keep: Any) -> None:
    # A component that this request makes is in no location but those that this request says.
    owner = context.rows.get(context.catalogue.types["Component"], (component,))
    known = context.memory.setdefault("located", {})
    if owner is None or not owner.added or (component, location) in known:
        columns = entity.columns
        former = context.rows.select(
            entity, columns["component_id"] == component, columns["location_id"] == location
        )
        context.rows.remove([row for row in former if row.key[0] != keep])
    known[component, location] = keep


def _finish_locations(context: RequestContext, rows: List[Row]) -> None:
    """The same for those that learned later in the batch what they stand for."""
    known = context.memory.setdefault("located", {})
    for row in rows:
        component, location = row.get("component_id"), row.get("location_id")
        if (component, location) not in known and component is not None and location is not None:
            _drop_former(context, row.entity, component, location, keep=row.key[0])


MERGE = {"ComponentLocation": _merge_location}
COMPLETE = {
    "Asset": _complete_asset,
    "AssetVersion": _complete_version,
    "Component": _complete_component,
}
CHANGED = {"Asset": _change_asset, "AssetVersion": _change_version}
FINISH = {"ComponentLocation": _finish_locations}
