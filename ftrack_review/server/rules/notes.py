"""Rules for notes, and for everything else that names its owner by ``parent_id`` and ``parent_type``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional

from ftrack_review.server.adding import add_row
from ftrack_review.server.errors import describe, validation_error
from ftrack_review.server.rules.stamps import caller_as, fill

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.forms import Form
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH", "MERGE", "is_own_recipient", "parent_of"]

# Where to look for an owner whose type is not named, most likely first.
_OWNERS = (
    "Context",
    "AssetVersion",
    "ReviewSessionObject",
    "Component",
    "Asset",
    "Note",
    "Resource",
    "ReviewSession",
    "List",
)


def parent_of(context: RequestContext, row: Row) -> Optional[Row]:
    """Return the row that ``parent_id`` and ``parent_type`` of *row* mean, None where there is none."""
    key = row.get("parent_id")
    if key is None:
        return None
    types = context.catalogue.types
    named = context.catalogue.type_named(row.get("parent_type") or "")
    if named is not None and len(types[named].primary_key) == 1:
        return context.rows.get(types[named], (key,))
    for name in _OWNERS:
        if name in types:
            found = context.rows.get(types[name], (key,))
            if found is not None:
                return found
    return None


def _complete_note(context: RequestContext, row: Row) -> None:
    types = context.catalogue.types
    if row.added:
        key = row.get("in_reply_to_id")
        answered = None if key is None else context.rows.get(types["Note"], (key,))
        if answered is not None and row.get("parent_id") is None:
            fill(context, row, "parent_id", answered.get("parent_id"))
            fill(context, row, "parent_type", answered.get("parent_type"))
        _add_recipient(context, row)
    if row.has("project_id") and row.get("project_id") is None:
        fill(context, row, "project_id", _project_of(context, parent_of(context, row)))


def _project_of(context: RequestContext, row: Optional[Row]) -> Any:
    if row is None:
        return None
    types = context.catalogue.types
    if row.name == "Project":
        return row.key[0]
    if row.name == "ReviewSessionObject":
        key = row.get("review_session_id")
        session = None if key is None else context.rows.get(types["ReviewSession"], (key,))
        return None if session is None else session.get("project_id")
    return row.get("project_id")


# Recipients


def _add_recipient(context: RequestContext, row: Row) -> None:
    """Make who writes a note a recipient of it, as it wants to hear of answers."""
    user_id = caller_as(context, "BaseUser") or caller_as(context, "User")
    added = context.memory.setdefault("recipients", {})
    if user_id is None or row.key[0] in added:
        return
    added[row.key[0]] = user_id
    recipient = context.catalogue.types["Recipient"]
    # A new note has no recipients but those of this request.
    if context.rows.peek(recipient, _key_of(recipient, row.key[0], user_id)) is None:
        add_row(context, "Recipient", {"note_id": row.key[0], "resource_id": user_id})


def _key_of(recipient: Any, note_id: str, resource_id: str) -> Any:
    values = {"note_id": note_id, "resource_id": resource_id}
    return tuple(values[name] for name in recipient.primary_key)


def is_own_recipient(context: RequestContext, note: Row, row: Row) -> bool:
    """Return whether *row* is a recipient that the server added to *note* by itself.

    Nothing in the schema tells so later on; who writes the note, or the request, was added so.
    """
    resource_id = row.get("resource_id")
    added = context.memory.get("recipients", {}).get(note.key[0])
    return resource_id is not None and resource_id in (added, note.get("user_id"), context.caller.user_id)


def _merge_recipient(context: RequestContext, form: Form, values: Mapping[str, Any]) -> Optional[Row]:
    """Let a caller name a recipient whom the server had added already."""
    key = tuple(values.get(column) for column in form.key_columns)
    row = None if None in key else context.rows.get(form.entity, key)
    if row is None:
        return None
    note = context.rows.get(context.catalogue.types["Note"], (row.get("note_id"),))
    if note is None or not is_own_recipient(context, note, row):
        return None
    for column, value in values.items():
        if column not in form.key_columns:
            context.rows.set_column(row, column, value)
    return row


# Threads and owners


def _finish_notes(context: RequestContext, rows: List[Row]) -> None:
    note = context.catalogue.types["Note"]
    for row in rows:
        _name_parent(context, row)
        if not row.added:
            continue
        seen = {row.key[0]}
        key = row.get("in_reply_to_id")
        while key is not None and key not in seen:
            seen.add(key)
            answered = context.rows.get(note, (key,))
            if answered is None:
                break
            latest = max(answered.get("thread_activity") or "", row.get("thread_activity") or "")
            context.rows.set(answered, "thread_activity", latest or None)
            key = answered.get("in_reply_to_id")


def _name_parents(context: RequestContext, rows: List[Row]) -> None:
    for row in rows:
        _name_parent(context, row)


def _name_parent(context: RequestContext, row: Row) -> None:
    """Check the owner of *row* and store the name of its type, whatever name the caller used for it."""
    changed = row.added or any(
        row.entity.columns[name].name in row.before for name in ("parent_id", "parent_type")
    )
    if not changed or row.get("parent_id") is None:
        return
    text = row.get("parent_type")
    if text is not None and context.catalogue.type_named(text) is None:
        close = context.catalogue.schema.nearest(text)
        hint = f'. The nearest is "{close}"' if close else ""
        raise validation_error(
            f"{row.name}.parent_type is {describe(text)}, which is no entity type{hint}", "parent_type"
        )
    parent = parent_of(context, row)
    if parent is None:
        raise validation_error(
            f"{row.name}.parent_id is {describe(row.get('parent_id'))}, "
            f"but there is no such {text or 'entity'}",
            "parent_id",
        )
    context.rows.set(row, "parent_type", parent.name)


def _change_note(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    if "parent_id" in old and row.has("project_id"):
        context.rows.set(row, "project_id", _project_of(context, parent_of(context, row)))
    if "completed_by_id" in old and row.get("completed_by_id") is not None:
        fill(context, row, "completed_at", context.now)


MERGE = {"Recipient": _merge_recipient}
COMPLETE = {"Note": _complete_note}
CHANGED = {"Note": _change_note}
FINISH = {"Note": _finish_notes, "Metadata": _name_parents, "EntitySetting": _name_parents}
