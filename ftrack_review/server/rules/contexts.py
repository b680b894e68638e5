"""Rules for projects and what lies below them: their project, and the workflow that a project schema gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Set

from ftrack_review.server.adding import add_row
from ftrack_review.server.errors import ServerFault, validation_error
from ftrack_review.server.rules.stamps import caller_as, fill

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH", "first_status", "project_schema_of"]

# Tasks have one workflow for the whole project; every other object type has a Schema of its own.
_TASK = "Task"


def _complete_project(context: RequestContext, row: Row) -> None:
    if row.added:
        fill(context, row, "status", "active")
        fill(context, row, "full_name", row.get("name"))
        fill(context, row, "project_id", row.key[0])


def _complete_typed_context(context: RequestContext, row: Row) -> None:
    for unplaced in reversed(_unplaced(context, row)):
        _place(context, unplaced)


def _unplaced(context: RequestContext, row: Row) -> List[Row]:
    """Return *row* and what it lies below as far as this request has yet to find its project, nearest first."""
    chain: Dict[Row, None] = {}
    current: Optional[Row] = row
    while current is not None and current not in chain:
        chain[current] = None
        if current.get("parent_id") is None and current.added:
            # A task that names its project alone lies directly below it.
            fill(context, current, "parent_id", current.get("project_id"))
        parent = _parent_of(context, current)
        is_waiting = parent is not None and parent.added and parent.get("project_id") is None
        current = parent if is_waiting else None
    return list(chain)


def _place(context: RequestContext, row: Row) -> None:
    types = context.catalogue.types
    parent = _parent_of(context, row)
    if parent is not None:
        project_id = parent.key[0] if parent.name == "Project" else parent.get("project_id")
        if project_id is not None and row.get("project_id") != project_id:
            context.rows.set(row, "project_id", project_id)
    if not row.added or row.get("project_id") is None:
        return
    object_type = context.rows.get(types["ObjectType"], (row.get("object_type_id"),))
    if object_type is None:
        return
    if row.get("type_id") is None and object_type.get("is_typeable"):
        fill(context, row, "type_id", _first_type(context, row))
    if row.get("status_id") is None and object_type.get("is_statusable"):
        fill(context, row, "status_id", _first_context_status(context, row))


def _parent_of(context: RequestContext, row: Row) -> Optional[Row]:
    parent_id = row.get("parent_id")
    return None if parent_id is None else context.rows.get(context.catalogue.types["Context"], (parent_id,))


def _change_context(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    if "parent_id" not in old:
        return
    _refuse_cycle(context, row)
    before = row.get("project_id")
    if row.name != "Project":
        _complete_typed_context(context, row)
    if row.get("project_id") != before and not row.added:
        _move(context, row)


def _refuse_cycle(context: RequestContext, row: Row) -> None:
    seen: Set[Any] = {row.key[0]}
    parent = _parent_of(context, row)
    while parent is not None:
        if parent.key[0] in seen:
            raise _below_itself(row)
        seen.add(parent.key[0])
        parent = _parent_of(context, parent)


def _below_itself(row: Row) -> ServerFault:
    return validation_error(
        f"{row.label} cannot lie below itself (parent_id {row.get('parent_id')})", "parent_id"
    )


def _refuse_cycles(context: RequestContext, rows: List[Row]) -> None:
    """Refuse what lies below itself when all is said, as what it was put below may have come later.

    What was there before has no cycles. So there is one through something that was moved, or through new rows alone,
    for which nothing has to be read.
    """
    column = rows[0].entity.columns["parent_id"].name
    for row in rows:
        if column in row.before:
            _refuse_cycle(context, row)
    entity = context.catalogue.types["Context"]
    good: Set[Row] = set()
    for row in rows:
        path: Set[Row] = set()
        current: Optional[Row] = row
        while current is not None and current.added and current not in good:
            if current in path:
                raise _below_itself(current)
            path.add(current)
            parent_id = current.get("parent_id")
            current = None if parent_id is None else context.rows.peek(entity, (parent_id,))
        good |= path


def _move(context: RequestContext, row: Row) -> None:
    """Tell everything below *row* which project it belongs to now."""
    types = context.catalogue.types
    project_id = row.get("project_id")
    level, contexts = [row.key[0]], [row.key[0]]
    while level:
        children = context.rows.having(types["Context"], types["Context"].columns["parent_id"], level)
        for child in children:
            context.rows.set(child, "project_id", project_id)
        level = [child.key[0] for child in children]
        contexts.extend(level)
    assets = _belonging(context, "Asset", "context_id", contexts)
    versions = _belonging(context, "AssetVersion", "asset_id", [asset.key[0] for asset in assets])
    version_ids = [version.key[0] for version in versions]
    components = _belonging(context, "Component", "version_id", version_ids)
    noted = _belonging(context, "Note", "parent_id", [*contexts, *version_ids])
    for below in (*assets, *versions, *components, *noted):
        context.rows.set(below, "project_id", project_id)


def _belonging(context: RequestContext, name: str, attribute: str, keys: List[Any]) -> List[Row]:
    entity = context.catalogue.types[name]
    return context.rows.having(entity, entity.columns[attribute], keys)


# Workflows


def project_schema_of(context: RequestContext, project_id: Any) -> Optional[Row]:
    """Return the project schema of a project, None where there is none (yet)."""
    types = context.catalogue.types
    project = None if project_id is None else context.rows.get(types["Project"], (project_id,))
    key = None if project is None else project.get("project_schema_id")
    return None if key is None else context.rows.get(types["ProjectSchema"], (key,))


def _first_context_status(context: RequestContext, row: Row) -> Optional[str]:
    schema = project_schema_of(context, row.get("project_id"))
    if schema is None:
        return None
    if row.name == _TASK:
        workflow = _override_of(context, schema, row.get("type_id")) or schema.get("task_workflow_schema_id")
        return first_status(context, "WorkflowSchemaStatus", "workflow_schema_id", workflow)
    return first_status(context, "SchemaStatus", "schema_id", _schema_of(context, schema, row))


def first_status(context: RequestContext, entity_type: str, attribute: str, key: Any) -> Optional[str]:
    """Return the id of the status that something starts with: the first that says not started, else the first.

    *entity_type* are the rows that list the allowed statuses of the workflow *key*.
    """
    name = ("first status", entity_type, key)
    if name not in context.memory:
        types = context.catalogue.types
        states = {
            state.key[0]
            for state in context.rows.select(types["State"])
            if state.get("short") == "NOT_STARTED"
        }
        allowed = _listed(context, entity_type, attribute, key, "status_id")
        # All in one statement, as each one is a way to the database.
        context.rows.load(types["Status"], [(status_id,) for status_id in allowed])
        statuses = [context.rows.get(types["Status"], (status_id,)) for status_id in allowed]
        state_link = types["Status"].relations["state"]
        open_ones = [
            status.key[0]
            for status in statuses
            if status is not None and status.values[state_link.local_column.name] in states
        ]
        context.memory[name] = next(iter(open_ones or allowed), None)
    found: Optional[str] = context.memory[name]
    return found


def _first_type(context: RequestContext, row: Row) -> Optional[str]:
    schema = project_schema_of(context, row.get("project_id"))
    if schema is None:
        return None
    if row.name == _TASK:
        found = _listed(
            context, "TaskTypeSchemaType", "task_type_schema_id", schema.get("task_type_schema_id"), "type_id"
        )
    else:
        found = _listed(context, "SchemaType", "schema_id", _schema_of(context, schema, row), "type_id")
    return found[0] if found else None


def _listed(context: RequestContext, entity_type: str, attribute: str, key: Any, wanted: str) -> List[Any]:
    """Return the *wanted* keys of the rows that belong to *key*, in the order that a studio gave them."""
    if key is None:
        return []
    name = ("listed", entity_type, key)
    if name not in context.memory:
        entity = context.catalogue.types[entity_type]
        rows = context.rows.select(entity, entity.columns[attribute] == key)
        if "sort" in entity.columns:
            rows.sort(key=lambda row: row.get("sort") or 0)
        context.memory[name] = [row.get(wanted) for row in rows]
    found: List[Any] = context.memory[name]
    return found


def _override_of(context: RequestContext, schema: Row, type_id: Any) -> Any:
    if type_id is None:
        return None
    name = ("overrides", schema.key)
    if name not in context.memory:
        entity = context.catalogue.types["ProjectSchemaOverride"]
        rows = context.rows.select(entity, entity.columns["project_schema_id"] == schema.key[0])
        context.memory[name] = {row.get("type_id"): row.get("workflow_schema_id") for row in rows}
    return context.memory[name].get(type_id)


def _schema_of(context: RequestContext, schema: Row, row: Row) -> Any:
    name = ("schemas", schema.key)
    if name not in context.memory:
        entity = context.catalogue.types["Schema"]
        rows = context.rows.select(entity, entity.columns["project_schema_id"] == schema.key[0])
        context.memory[name] = {found.get("type_id"): found.key[0] for found in rows}
    return context.memory[name].get(row.get("object_type_id"))


# Status changes


def _record_status_changes(context: RequestContext, rows: List[Row]) -> None:
    """Leave a trace of every status that was another before this request."""
    for row in rows:
        column = row.entity.columns["status_id"].name
        if row.added or row.before.get(column, row.values[column]) == row.values[column]:
            continue
        base = "AssetVersion" if row.name == "AssetVersion" else "TypedContext"
        add_row(
            context,
            f"{base}StatusChange",
            {
                "parent_id": row.key[0],
                "parent_type": base,
                "date": context.now,
                "status_id": row.values[column],
                "from_status_id": row.before[column],
                "user_id": caller_as(context, "User"),
            },
        )


def _finish_typed_contexts(context: RequestContext, rows: List[Row]) -> None:
    _refuse_cycles(context, rows)
    _record_status_changes(context, rows)


COMPLETE = {"Project": _complete_project, "TypedContext": _complete_typed_context}
CHANGED = {"Context": _change_context}
FINISH = {"TypedContext": _finish_typed_contexts, "AssetVersion": _record_status_changes}
