"""What is checked and noted when all actions of a request are done.

Required attributes and references are looked at here and not action by action, as clients may create first
and say the rest in an update of the same batch. What the request did to each row becomes the change log.

Called by ``dispatch``, once for each request that writes, before its transaction is committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Set, Tuple

from ftrack_review.server import rules
from ftrack_review.server.context import Change
from ftrack_review.server.errors import describe, validation_error
from ftrack_review.server.forms import form_of

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.forms import Form
    from ftrack_review.server.rows import Row

__all__ = ["complete_later", "finish"]

# Required by the schema, and yet empty for entities that have no use for it: a folder has no status.
_MAY_BE_EMPTY = {
    "AssetVersion": {"status_id"},
    "Note": {"user_id"},
    "ReviewSession": {"created_by_id"},
    "ReviewSessionInvitee": {"created_by_id"},
    "TypedContext": {"priority_id", "status_id", "type_id"},
}

# Not required by the schema, and yet nothing can be done with an entity that lacks it.
_ALSO_REQUIRED = {
    "AssetVersion": ("asset_id",),
    "ComponentLocation": ("component_id", "location_id"),
    "TypedContext": ("parent_id",),
}

# What moves an entity to another place, for the change log.
_PARENTS = {"Asset": "context_id", "AssetVersion": "asset_id", "Context": "parent_id"}

# Where the answers with nulls wait.
_NULLS = "answers with nulls"


def finish(context: RequestContext) -> None:
    """Complete and check everything that the request wrote, write what waits, and fill the change log.

    Raise the fault for what is missing or dangling.
    """
    rules.finish(context)
    present = [row for row in context.rows.touched if not row.removed]
    _check_required(context, present)
    _check_references(context, present)
    context.flush()
    for answer, row, form in context.memory.pop(_NULLS, ()):
        _complete(answer, row, form)
    context.changes.extend(_changes(context))


def complete_later(context: RequestContext, answer: Dict[str, Any], row: Row, form: Form) -> Dict[str, Any]:
    """Return *answer*, in which nulls are replaced at the end of the request by what *row* got in their place.

    A required number becomes 0, a status that of the workflow, and so on.
    """
    if None in answer.values():
        context.memory.setdefault(_NULLS, []).append((answer, row, form))
    return answer


def _complete(answer: Dict[str, Any], row: Row, form: Form) -> None:
    for name in [name for name, value in answer.items() if value is None and not row.removed]:
        if name in form.fields and not form.fields[name].keeps_form:
            answer[name] = row.values[form.fields[name].column]
        elif name in form.links and len(form.links[name].target.concrete_types) == 1:
            link = form.links[name]
            parts = {attribute: row.values[column] for column, attribute in link.parts}
            if None not in parts.values():
                answer[name] = {"__entity_type__": link.target.name, **parts}


def _check_required(context: RequestContext, rows: List[Row]) -> None:
    missing: Dict[str, Any] = {}
    for row in rows:
        needed = missing.get(row.name)
        if needed is None:
            needed = missing[row.name] = _needed(context, row)
        for column, name in needed:
            if row.values[column] is None and (row.added or column in row.before):
                raise validation_error(
                    f"{row.name}.{name} is required, but has no value (null) on {row.label}", name
                )


def _needed(context: RequestContext, row: Row) -> List[Tuple[str, str]]:
    form = form_of(context.catalogue, row.entity)
    empty: Set[str] = set()
    found = dict(form.required)
    for name in form.lineage:
        empty |= _MAY_BE_EMPTY.get(name, set())
        for attribute in _ALSO_REQUIRED.get(name, ()):
            if attribute in form.fields:
                found[form.fields[attribute].column] = attribute
    return [(column, name) for column, name in found.items() if name not in empty]


def _check_references(context: RequestContext, rows: List[Row]) -> None:
    """Look up everything that is referred to, one statement for each table."""
    wanted: Dict[str, Tuple[Any, Set[Tuple[Any, ...]]]] = {}
    pointing: List[Tuple[Row, str, Any]] = []
    for row in rows:
        form = form_of(context.catalogue, row.entity)
        for column, target in form.foreign.items():
            value = row.values[column]
            if value is None or not (row.added or column in row.before) or len(target.key_columns) != 1:
                continue
            pointing.append((row, column, target))
            wanted.setdefault(target.table.name, (target, set()))[1].add((value,))
    for target, keys in wanted.values():
        context.rows.load(target, keys)
    for row, column, target in pointing:
        _check_reference(context, row, column, target)


def _check_reference(context: RequestContext, row: Row, column: str, target: Any) -> None:
    value = row.values[column]
    found = context.rows.get(target, (value,))
    if found is not None and (found.entity.is_a(target.name) or _covers(target, found)):
        return
    name = next((name for name, other in row.entity.columns.items() if other.name == column), column)
    if column not in row.given and found is None:
        # A default of the schema that this site does not have, such as a priority.
        context.rows.set_column(row, column, None)
        return
    what = f"that is a {found.name}" if found is not None else f"there is no such {target.name}"
    raise validation_error(f"{row.name}.{name} is {describe(value)}, but {what} ({row.label})", name)


def _covers(target: Any, row: Row) -> bool:
    # Tables without a type column hold one type under several names (NoteLabel, NoteCategory).
    return target.type_column is None or row.name in target.concrete_types


def _changes(context: RequestContext) -> List[Change]:
    found = []
    for row in context.rows.touched:
        by_column = {column.name: name for name, column in reversed(list(row.entity.columns.items()))}
        if row.removed:
            if not row.added:
                found.append(_change(row, "remove", {}, by_column))
        elif row.added:
            values = {
                by_column[name]: (None, value) for name, value in row.values.items() if name in by_column
            }
            found.append(_change(row, "add", values, by_column))
        else:
            values = {
                by_column[name]: (old, row.values[name])
                for name, old in row.before.items()
                if name in by_column and old != row.values[name]
            }
            if values:
                moved = any(_PARENTS.get(name) in values for name in row.entity.lineage)
                found.append(_change(row, "move" if moved else "update", values, by_column))
    return found


def _change(row: Row, action: str, values: Any, by_column: Dict[str, str]) -> Change:
    stored = {by_column[name]: value for name, value in row.values.items() if name in by_column}
    return Change(row.name, row.key, action, values, stored)
