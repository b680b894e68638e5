"""Rules for who made something and when, and for what must not be empty."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Optional

from ftrack_review.server.forms import form_of

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["COMPLETE", "caller_as", "fill", "fill_required"]

# Who makes one of these is its user unless another is named.
_OWN = {
    "AssetVersion": "user_id",
    "Job": "user_id",
    "List": "user_id",
    "Note": "user_id",
    "StatusChange": "user_id",
    "Timelog": "user_id",
    "Timer": "user_id",
    "UserView": "user_id",
}

# What was made now unless another time is named.
_DATED = {
    "AssetVersion": ("date",),
    "List": ("date",),
    "Note": ("date", "thread_activity"),
    "ReviewSessionObjectAnnotation": ("updated_at",),
    "StatusChange": ("date",),
    "Timelog": ("start",),
    "Timer": ("start",),
}

# Numbers and flags that nobody has to think of; without a default in the schema they start at nothing.
_NOTHING = {"boolean": False, "integer": 0, "number": 0.0}


def fill(context: RequestContext, row: Row, attribute: str, value: Any) -> None:
    """Give *attribute* the *value* where it has none."""
    if value is not None and row.has(attribute) and row.get(attribute) is None:
        context.rows.set(row, attribute, value)


def caller_as(context: RequestContext, entity_type: str) -> Optional[str]:
    """Return the caller's id if the caller is an *entity_type* (User, BaseUser), else None."""
    user_id = context.caller.user_id
    if user_id is None or entity_type not in context.catalogue.types:
        return None
    name = ("caller", entity_type)
    if name not in context.memory:
        row = context.rows.get(context.catalogue.types["Resource"], (user_id,))
        context.memory[name] = row is not None and row.entity.is_a(entity_type)
    return user_id if context.memory[name] else None


def _complete(context: RequestContext, row: Row) -> None:
    if not row.added:
        return
    fill(context, row, "created_at", context.now)
    if row.has("created_by_id") and row.get("created_by_id") is None:
        fill(context, row, "created_by_id", caller_as(context, "User"))
    for name in row.entity.lineage:
        if name in _OWN:
            target = row.entity.foreign_keys.get(_OWN[name], "User")
            fill(context, row, _OWN[name], caller_as(context, target))
        for attribute in _DATED.get(name, ()):
            fill(context, row, attribute, context.now)


def fill_required(context: RequestContext, row: Row) -> None:
    """Give what must not be empty a value where one can be had without asking."""
    form = form_of(context.catalogue, row.entity)
    for column, name in form.required:
        if row.values[column] is not None:
            continue
        attribute = row.entity.schema.attributes[name]
        value = form.fields[name].default
        if value is None:
            value = _NOTHING.get(attribute.kind)
        if value is None and attribute.default == "{uid}":
            value = str(uuid.uuid4())
        if value is not None:
            context.rows.set_column(row, column, value)


COMPLETE = {"": _complete}
