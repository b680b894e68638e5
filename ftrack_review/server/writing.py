"""Create, update and delete entities, as the actions of a request say.

Each function carries out one action and returns its answer: the type as it was sent, the key, and the
attributes that were sent with their new values. What a request may leave undone until its end (a required
attribute that a later action sets, a reference to what a later action creates) is checked there, by
``ending``.

Called by ``dispatch``, and by handlers through ``RequestContext.execute``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ftrack_review.server import cascade, custom_values, ending, linking, rules
from ftrack_review.server.changing import change_row, insert_row
from ftrack_review.server.errors import ServerFault, describe, not_found, validation_error
from ftrack_review.server.forms import Form, entity_named, form_of
from ftrack_review.server.values import is_key

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["create", "delete", "prefetch", "update"]

_EXTRA = "__entity_type__"


def create(
    context: RequestContext, entity_type: Any, data: Mapping[str, Any], key: Optional[Sequence[Any]] = None
) -> Dict[str, Any]:
    """Create an entity from *data* and return what to answer."""
    entity = entity_named(context.catalogue, entity_type)
    if key:
        data = _with_key(entity, data, _read_key(entity, key))
    if custom_values.is_value_type(entity.name):
        parts = [data.get(name) for name in entity.primary_key]
        answer = custom_values.write_value(context, entity, _read_key(entity, parts), data)
        return _answer(entity, tuple(parts), answer)
    form = _concrete_form(context, entity, data)
    incoming = form.read(data)
    row = insert_row(context, form, incoming)
    for relation, references in incoming.sets:
        linking.replace(context, row, relation, references)
    return ending.complete_later(context, _answer(entity, row.key, incoming.answer), row, form)


def update(context: RequestContext, entity_type: Any, key: Any, data: Mapping[str, Any]) -> Dict[str, Any]:
    """Change an entity as *data* says and return what to answer."""
    entity = entity_named(context.catalogue, entity_type)
    parts = _read_key(entity, key)
    if custom_values.is_value_type(entity.name):
        return _answer(entity, parts, custom_values.write_value(context, entity, parts, data))
    row = _find(context, entity, parts)
    if row is None:
        raise not_found(f"There is no {entity.name} {_shown(parts)} to update")
    form = form_of(context.catalogue, row.entity)
    incoming = form.read(data)
    change_row(context, row, form, incoming)
    for relation, references in incoming.sets:
        linking.replace(context, row, relation, references)
        if relation.name == "recipients":
            # The list may hold more than was sent: who the server itself added stays.
            incoming.answer["recipients"] = _recipients(context, row)
    return ending.complete_later(context, _answer(entity, parts, incoming.answer), row, form)


def delete(context: RequestContext, targets: Iterable[Tuple[Any, Any]]) -> None:
    """Delete entities, given as pairs of type and key, with what depends on them.

    What is gone already is no error.
    """
    wanted: Dict[str, Tuple[Any, List[Tuple[Any, ...]]]] = {}
    order = []
    for entity_type, key in targets:
        entity = entity_named(context.catalogue, entity_type)
        parts = _read_key(entity, key)
        wanted.setdefault(entity.table.name, (entity, []))[1].append(parts)
        order.append((entity, parts))
    for entity, keys in wanted.values():
        context.rows.load(entity, keys)
    found = (_find(context, entity, parts) for entity, parts in order)
    cascade.remove(context, dict.fromkeys(row for row in found if row is not None))


def _find(context: RequestContext, entity: Any, key: Tuple[Any, ...]) -> Optional[Row]:
    """Return the row if it is of the type *entity*; any typed context may be called by another's name."""
    row = context.rows.get(entity, key)
    if row is None or entity.covers_table or entity.type_column is None:
        return row
    if row.entity.is_a(entity.name) or row.name in entity.concrete_types:
        return row
    if entity.is_a("TypedContext") and row.entity.is_a("TypedContext"):
        return row
    return row if custom_values.is_value_type(entity.name) or _is_link(entity) else None


def _is_link(entity: Any) -> bool:
    return "CustomAttributeLink" in entity.name and "Configuration" not in entity.name


def _recipients(context: RequestContext, note: Row) -> List[Dict[str, Any]]:
    entity = context.catalogue.types["Recipient"]
    rows = context.rows.having(entity, entity.columns["note_id"], [note.key[0]])
    return [{_EXTRA: row.name, **dict(zip(row.entity.primary_key, row.key))} for row in rows]


def _concrete_form(context: RequestContext, entity: Any, data: Mapping[str, Any]) -> Form:
    """Return the form of the type that a create of *entity* with *data* makes."""
    if entity.concrete and len(entity.concrete_types) == 1:
        return form_of(context.catalogue, entity)
    values: Dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            # `object_type` says the same as `object_type_id`.
            values.setdefault(f"{name}_id", value.get("id"))
        elif isinstance(value, str):
            values[name] = value
    concrete = context.catalogue.concrete_type(entity.name, values)
    if concrete is None:
        kinds = ", ".join(sorted(entity.concrete_types)[:12])
        raise validation_error(
            f"{entity.name} cannot be created as such, as it does not say which of {kinds} is meant",
            "entity_type",
        )
    return form_of(context.catalogue, context.catalogue.types[concrete])


def _with_key(entity: Any, data: Mapping[str, Any], key: Tuple[Any, ...]) -> Dict[str, Any]:
    completed = dict(data)
    for name, part in zip(entity.primary_key, key):
        given = completed.get(name)
        if given is None:
            completed[name] = part
        elif given != part:
            raise validation_error(
                f"{entity.name}.{name} is {describe(given)} in entity_data and {describe(part)} in entity_key",
                name,
            )
    return completed


def _read_key(entity: Any, key: Any) -> Tuple[Any, ...]:
    """Return *key*, a list of key values or one such value, as a tuple. Raise the fault where it is no key."""
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    if len(parts) != len(entity.primary_key):
        names = ", ".join(entity.primary_key)
        raise validation_error(
            f"The entity_key of {entity.name} must hold {names}, not {describe(key)}", "entity_key"
        )
    for position, name in enumerate(entity.primary_key):
        if entity.schema.attributes[name].kind == "integer":
            parts[position] = _read_number(entity, name, parts[position])
        elif not isinstance(parts[position], str) or not is_key(parts[position]):
            raise _bad_key(entity, name, parts[position])
    return tuple(parts)


def _read_number(entity: Any, name: str, part: Any) -> int:
    try:
        number = int(part) if isinstance(part, str) else part
    except ValueError:
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 2**63:
        raise _bad_key(entity, name, part)
    return number


def _bad_key(entity: Any, name: str, part: Any) -> ServerFault:
    return validation_error(f"{entity.name}.{name} cannot be {describe(part)} in an entity_key", name)


def _answer(entity: Any, key: Tuple[Any, ...], data: Mapping[str, Any]) -> Dict[str, Any]:
    return {_EXTRA: entity.name, **dict(zip(entity.primary_key, key)), **data}


def _shown(key: Sequence[Any]) -> str:
    return ", ".join(describe(part) for part in key)


# Looking ahead


def prefetch(context: RequestContext, actions: Sequence[Mapping[str, Any]]) -> None:
    """Read all rows that *actions* mention with one statement for each table, not one for each action.

    Anything that is wrong with an action is left for the moment when it is carried out.
    """
    wanted: Dict[str, Tuple[Any, Set[Tuple[Any, ...]]]] = {}

    def want(entity: Any, key: Tuple[Any, ...]) -> None:
        if all(is_key(part) for part in key):
            wanted.setdefault(entity.table.name, (entity, set()))[1].add(key)

    for action in actions:
        name, data = action.get("entity_type"), action.get("entity_data")
        if not isinstance(name, str) or name not in context.catalogue.types:
            continue
        entity = context.catalogue.types[name]
        data = data if isinstance(data, Mapping) else {}
        key = action.get("entity_key")
        parts = [key] if isinstance(key, str) else key
        if not isinstance(parts, list) or len(parts) != len(entity.primary_key):
            parts = [data.get(attribute) for attribute in entity.primary_key]
        want(entity, tuple(parts))
        if not custom_values.is_value_type(name):
            _want_mentioned(context, form_of(context.catalogue, entity), data, want)
        else:
            want(context.catalogue.types["CustomAttributeConfiguration"], (parts[0],))
            _want_owner(context, entity, parts, want)
    for entity, keys in wanted.values():
        context.rows.load(entity, keys)
    rules.look_ahead(context, actions)


def _want_mentioned(context: RequestContext, form: Form, data: Mapping[str, Any], want: Any) -> None:
    for name, value in data.items():
        if isinstance(value, str):
            known = form.fields.get(name)
            if known is not None and known.column in form.foreign:
                target = form.foreign[known.column]
                if len(target.primary_key) == 1:
                    want(target, (value,))
            elif name == "parent_id":
                kind = data.get("parent_type")
                named = context.catalogue.type_named(kind) if isinstance(kind, str) else None
                if named is not None and len(context.catalogue.types[named].primary_key) == 1:
                    want(context.catalogue.types[named], (value,))
        elif isinstance(value, Mapping):
            link = form.links.get(name)
            if link is not None:
                want(link.target, tuple(value.get(attribute) for _, attribute in link.parts))


def _want_owner(context: RequestContext, entity: Any, parts: Sequence[Any], want: Any) -> None:
    target = entity.foreign_keys.get("entity_id")
    if target is not None and len(parts) > 1:
        want(context.catalogue.types[target], (parts[1],))
