"""What the server does beside storing what it was sent: fill in, follow up, refuse.

Each module of this package holds the rules of one theme as tables from entity type to function; a rule for a
type holds for all that derive from it. The functions here find the rules for a row and ask them.

- ``MERGE``: a create that is meant for a row that exists already. ``(context, form, values) -> Row | None``
- ``GUARD``: refuses a write by what the row belongs to. ``(context, row, removing) -> None``
- ``COMPLETE``: fills what the caller left out, as far as it can be known; asked again when the request ends.
  ``(context, row) -> None``
- ``CHANGED``: follows up a change. *old* has the former values by attribute. ``(context, row, old) -> None``
- ``REMOVED``: follows up a deletion. ``(context, rows) -> None``
- ``FINISH``: checks and follows up when the request ends. ``(context, rows) -> None``

Called by ``changing``, ``linking``, ``cascade`` and ``ending``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, AbstractSet, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ftrack_review.server.rules import (
    closed,
    configurations,
    contexts,
    frames,
    notes,
    people,
    permissions,
    reviews,
    stamps,
    things,
    versions,
    work,
)

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.forms import Form
    from ftrack_review.server.rows import Row

__all__ = [
    "changed",
    "complete",
    "created",
    "derived_equals",
    "finish",
    "guard",
    "guard_removal",
    "kept",
    "look_ahead",
    "merge",
    "removed",
]

# In the order in which they are asked: what belongs to a project before what needs to know it.
_THEMES = (
    permissions,
    contexts,
    versions,
    notes,
    closed,
    reviews,
    frames,
    people,
    work,
    things,
    configurations,
    stamps,
)


@functools.lru_cache(maxsize=4096)
def _rules(kind: str, lineage: Tuple[str, ...]) -> Tuple[Callable[..., Any], ...]:
    found: List[Callable[..., Any]] = []
    for theme in _THEMES:
        table: Mapping[str, Callable[..., Any]] = getattr(theme, kind, {})
        found.extend(table[name] for name in (*reversed(lineage), "") if name in table)
    return tuple(found)


def look_ahead(context: RequestContext, actions: Sequence[Mapping[str, Any]]) -> None:
    """Find out what the rules will need for *actions* with few statements."""
    versions.count_ahead(context, actions)


def merge(context: RequestContext, form: Form, values: Mapping[str, Any]) -> Optional[Row]:
    """Return the row that a create with *values*, by column name, is really about, None for a new one."""
    for rule in _rules("MERGE", form.lineage):
        row: Optional[Row] = rule(context, form, values)
        if row is not None:
            return row
    return None


def guard(context: RequestContext, row: Row, *, removing: bool = False) -> None:
    """Raise the fault where *row* may not be written, as what it belongs to is closed."""
    for rule in _rules("GUARD", row.entity.lineage):
        rule(context, row, removing)


def guard_removal(
    context: RequestContext,
    asked: Sequence[Row],
    gone: AbstractSet[Row],
    detached: Sequence[Tuple[Row, str]],
) -> None:
    """Raise the fault where what goes along with the rows *asked* for may not go.

    *gone* is all that goes, *detached* what loses a reference, with the name of the column.
    """
    closed.refuse_removal(context, asked, gone, detached)


def created(context: RequestContext, row: Row) -> None:
    """Check and complete a new *row* of a caller."""
    complete(context, row)
    guard(context, row)


def complete(context: RequestContext, row: Row) -> None:
    """Fill what can be known of what *row* lacks."""
    for rule in _rules("COMPLETE", row.entity.lineage):
        rule(context, row)


def changed(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    """Follow up a change of *row*, whose former values *old* holds by column name."""
    rules = _rules("CHANGED", row.entity.lineage)
    if rules:
        by_name = {column.name: name for name, column in row.entity.columns.items()}
        former = {by_name[column]: value for column, value in old.items() if column in by_name}
        for rule in rules:
            rule(context, row, former)


def removed(context: RequestContext, rows: List[Row]) -> None:
    """Follow up the deletion of *rows*."""
    _ask_groups("REMOVED", context, rows)


def kept(context: RequestContext, owner: Row, collection: str, row: Row) -> bool:
    """Return whether *row* stays in a *collection* of *owner* though the caller does not list it."""
    return collection == "recipients" and notes.is_own_recipient(context, owner, row)


def derived_equals(row: Row, name: str, value: Any) -> bool:
    """Return whether an attribute that is worked out has the *value* already, so that writing it is idle."""
    return reviews.derived_equals(row, name, value)


def finish(context: RequestContext) -> None:
    """Complete what is still open and ask the rules for the end of a request."""
    for row in list(context.rows.touched):
        if not row.removed:
            complete(context, row)
    _ask_groups("FINISH", context, [row for row in context.rows.touched if not row.removed])
    # Rules add rows of their own, which need stamps but no further rules.
    for row in list(context.rows.touched):
        if row.added and not row.removed:
            complete(context, row)
            stamps.fill_required(context, row)
        elif not row.removed:
            stamps.fill_required(context, row)


def _ask_groups(kind: str, context: RequestContext, rows: List[Row]) -> None:
    """Ask each rule once, with all of *rows* that it is for."""
    groups: Dict[Callable[..., Any], List[Row]] = {}
    for row in rows:
        for rule in _rules(kind, row.entity.lineage):
            groups.setdefault(rule, []).append(row)
    for rule, members in groups.items():
        rule(context, members)
