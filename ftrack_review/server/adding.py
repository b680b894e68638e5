"""Add rows of the server's own: recipients, status changes, history.

Such a row is not checked like a caller's, as the rules that make it know what they do.

Called by the rules and, for keys, by ``changing``.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Dict, Mapping

from ftrack_review.server.errors import validation_error
from ftrack_review.server.forms import Form, form_of

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["add_row", "fill_key"]


def add_row(context: RequestContext, entity_type: str, values: Mapping[str, Any]) -> Row:
    """Add a row of *entity_type* with stored *values* by attribute; what the type does not have is left out.

    The key must be new: made here, or of something that is new itself.
    """
    form = form_of(context.catalogue, context.catalogue.types[entity_type])
    columns = {**form.initial, **form.defaults}
    for name, value in values.items():
        known = form.fields.get(name)
        if known is not None:
            columns[known.column] = value
    fill_key(context, form, columns)
    return context.rows.add(form.entity, columns, is_fresh=True)


def fill_key(context: RequestContext, form: Form, values: Dict[str, Any]) -> None:
    """Give *values*, by column name, a key where they have none. Raise the fault where nobody can know it."""
    for name, column in zip(form.entity.primary_key, form.key_columns):
        if values.get(column) is not None:
            continue
        if len(form.key_columns) > 1:
            raise validation_error(f"{form.entity.name}.{name} is part of the key and must be given", name)
        if form.entity.schema.attributes[name].kind == "string":
            values[column] = str(uuid.uuid4())
        else:
            values[column] = _next_number(context, form)


def _next_number(context: RequestContext, form: Form) -> int:
    """Return the next key of an entity type whose key is a number (Event)."""
    name = ("next key", form.entity.name)
    if name not in context.memory:
        column = form.entity.key_columns[0]
        context.memory[name] = context.rows.highest(form.entity, column) or 0
    context.memory[name] += 1
    number: int = context.memory[name]
    return number
