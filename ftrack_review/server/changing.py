"""Insert and change single rows so that every rule is asked.

The one place through which actions and rules write a row: it checks what may not change, asks the guards,
records what came from the caller and lets the rules fill and follow up. Collections and deletion are elsewhere.

Called by ``writing`` and ``linking``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from ftrack_review.server import rules
from ftrack_review.server.adding import fill_key
from ftrack_review.server.errors import describe, validation_error

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.forms import Form, Incoming
    from ftrack_review.server.rows import Row

__all__ = ["change_row", "change_values", "insert_row"]


def insert_row(context: RequestContext, form: Form, incoming: Incoming) -> Row:
    """Insert what a caller sent, completed by defaults and rules. Raise the fault where it may not be."""
    _refuse_derived(form, incoming)
    values = {**form.initial, **form.defaults, **incoming.values}
    is_fresh = all(incoming.values.get(column) is None for column in form.key_columns)
    fill_key(context, form, values)
    row = rules.merge(context, form, values)
    if row is None:
        row = context.rows.add(form.entity, values, incoming.labels, is_fresh=is_fresh)
    rules.created(context, row)
    return row


def change_row(context: RequestContext, row: Row, form: Form, incoming: Incoming) -> None:
    """Change what a caller sent. Raise the fault for what may not be changed; an equal value may be sent."""
    _refuse_derived(form, incoming, row)
    for column, value in incoming.values.items():
        if column in form.immutable and row.values[column] != value:
            if row.added and row.values[column] is None and column not in form.key_columns:
                continue
            name = incoming.labels[column]
            raise validation_error(
                f"{form.entity.name}.{name} cannot be changed: it is {describe(row.values[column])} and was to "
                f"become {describe(value)}",
                name,
            )
    row.given.update(incoming.labels)
    change_values(context, row, incoming.values)


def change_values(context: RequestContext, row: Row, values: Mapping[str, Any]) -> None:
    """Set *values* by column name, as far as they differ, with guards and consequences."""
    old = {
        column: row.values[column]
        for column, value in values.items()
        if row.values[column] != value or type(row.values[column]) is not type(value)
    }
    if not old:
        return
    rules.guard(context, row)
    for column in old:
        context.rows.set_column(row, column, values[column])
    rules.guard(context, row)
    rules.changed(context, row, old)


def _refuse_derived(form: Form, incoming: Incoming, row: Any = None) -> None:
    for name, value in incoming.derived.items():
        if row is not None and rules.derived_equals(row, name, value):
            continue
        raise validation_error(
            f"{form.entity.name}.{name} is worked out by the server and cannot be set (value {describe(value)})",
            name,
        )
