"""Set a collection: attach what is newly listed, let go of what is missing.

A list of references is the whole of what the collection shall hold. An element that a child row stands for is
attached by its key column; one that is let go loses that key, or goes altogether where it cannot be without
it. Elements of a link table come and go with their link rows. Listing what is there already changes nothing.

Called by ``writing``.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, Tuple

from ftrack_review.server import cascade, rules, statements
from ftrack_review.server.changing import change_values
from ftrack_review.server.errors import describe, validation_error
from ftrack_review.server.forms import entity_named, form_of
from ftrack_review.server.values import is_key

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["replace"]


def replace(
    context: RequestContext, owner: Row, relation: Any, references: Sequence[Mapping[str, Any]]
) -> None:
    """Make the collection *relation* of *owner* hold what *references* say."""
    if relation.how == "children":
        _replace_children(context, owner, relation, references)
    elif relation.how == "link" and relation.link_type is not None:
        _replace_link_rows(context, owner, relation, _referred(context, owner, relation, references))
    elif relation.how == "link":
        _replace_hidden(context, owner, relation, _referred(context, owner, relation, references))
    # Dense custom attributes hold what they hold; their values are written one by one.


def _referred(
    context: RequestContext, owner: Row, relation: Any, references: Sequence[Mapping[str, Any]]
) -> Dict[Tuple[Any, ...], Row]:
    """Return the rows that *references* mean, each once. Raise the fault for one that does not exist."""
    target = context.catalogue.types[relation.target]
    label = f"{owner.name}.{relation.name}"
    keys = []
    for reference in references:
        named = entity_named(context.catalogue, reference["__entity_type__"])
        if named.root != target.root:
            raise validation_error(f"{label} must hold a {target.name}, not {describe(reference)}", label)
        key = tuple(reference.get(name) for name in target.primary_key)
        if not all(is_key(part) for part in key):
            raise validation_error(
                f"{label} must hold references with a key, not {describe(reference)}", label
            )
        keys.append(key)
    context.rows.load(target, keys)
    found: Dict[Tuple[Any, ...], Row] = {}
    for key, reference in zip(keys, references):
        row = context.rows.get(target, key)
        if row is None or not row.entity.is_a(relation.covers):
            raise validation_error(
                f"{label} holds {describe(reference)}, but there is no such {relation.target}", relation.name
            )
        found[key] = row
    return found


def _replace_children(
    context: RequestContext, owner: Row, relation: Any, references: Sequence[Mapping[str, Any]]
) -> None:
    target = context.catalogue.types[relation.target]
    wanted = _referred(context, owner, relation, references)
    own_column, child_column = relation.join[0]
    own = owner.values[own_column.name]
    conditions = [column == value for column, value in relation.conditions]
    current = context.rows.select(target, child_column == own, *conditions)
    gone = [
        row for row in current if row.key not in wanted and not rules.kept(context, owner, relation.name, row)
    ]
    if relation.owned:
        cascade.remove(context, gone)
    else:
        released: Dict[str, Any] = {child_column.name: None}
        if relation.type_column is not None:
            released[relation.type_column.name] = None
        for row in gone:
            change_values(context, row, released)
    attached: Dict[str, Any] = {child_column.name: own}
    if relation.type_column is not None:
        attached[relation.type_column.name] = owner.name
    attached.update((column.name, value) for column, value in relation.conditions if value is not None)
    for row in wanted.values():
        if row.values[child_column.name] == own and not row.removed:
            continue
        if child_column.name in form_of(context.catalogue, row.entity).key_columns:
            raise validation_error(
                f"{row.label} belongs to another {owner.name} by its key and cannot become part of "
                f"{owner.name}.{relation.name}",
                relation.name,
            )
        change_values(context, row, attached)


def _replace_link_rows(
    context: RequestContext, owner: Row, relation: Any, wanted: Mapping[Tuple[Any, ...], Row]
) -> None:
    """Set a collection whose link rows are entities themselves, such as ListObject."""
    link = context.catalogue.types[relation.link_type]
    local, remote = relation.link_local.name, relation.link_remote.name
    current = {
        (row.values[remote],): row
        for row in context.rows.select(link, relation.link_local == owner.key[0])
        # The link rows of one table may be of several types; only these are meant.
        if row.entity.is_a(relation.link_type)
    }
    cascade.remove(context, [row for key, row in current.items() if key not in wanted])
    form = form_of(context.catalogue, link)
    for key in wanted:
        if key not in current:
            values = {**form.initial, **form.defaults, local: owner.key[0], remote: key[0]}
            for column in form.key_columns:
                values.setdefault(column, str(uuid.uuid4()))
            rules.created(context, context.rows.add(link, values, (local, remote)))


def _replace_hidden(
    context: RequestContext, owner: Row, relation: Any, wanted: Mapping[Tuple[Any, ...], Row]
) -> None:
    """Set a collection whose link table no schema shows, such as the scopes of a context."""
    own, other = relation.link_local, relation.link_remote
    context.flush()
    pairs = context.connection.run(statements.select_links(own, other, [owner.key[0]]))
    current: List[Any] = [pair[1] for pair in pairs]
    keys = [key[0] for key in wanted]
    gone = [key for key in current if key not in keys]
    new = [{"own": owner.key[0], "other": key} for key in keys if key not in current]
    if gone or new:
        rules.guard(context, owner)
    if gone:
        context.connection.change(statements.delete_links(own, [owner.key[0]], other, gone))
    if new:
        context.connection.change(statements.insert_link(relation.link, own, other), new)
