"""Values of custom attributes: checked by the type of their configuration, and stored by configuration and
entity.

There is a value for every configuration that applies to an entity, whether a row is stored or not. Writing
one creates or changes the row, deleting one brings back the default. A value is stored as JSON in the form in
which it is sent: times as whole seconds of UTC, enumerators as lists.

Called by ``writing`` and the rules for configurations.
"""

# ruff: noqa: ARG001, ARG005 - all checks take the same arguments.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence

from ftrack_review.server.errors import describe, not_found, unknown_name, validation_error
from ftrack_review.server.values import check_boolean, check_number, check_text, check_time, wrong_type

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["check_value", "is_value_type", "type_name_of", "write_value"]

_ENDING = "CustomAttributeValue"

# What configurations call the entities that they are for.
_CODES = {
    "Asset": "asset",
    "AssetVersion": "assetversion",
    "List": "list",
    "ListObject": "listobject",
    "Project": "show",
    "TypedContext": "task",
    "User": "user",
}

# A hierarchical attribute is there for everything of these, whatever it was made for.
_HIERARCHY = frozenset({"Asset", "AssetVersion", "Project", "TypedContext"})


def is_value_type(name: str) -> bool:
    """Return whether *name* is an entity type of custom attribute values."""
    return name.endswith(_ENDING)


def write_value(
    context: RequestContext, entity: Any, key: Sequence[Any], data: Mapping[str, Any]
) -> Dict[str, Any]:
    """Store the value of one custom attribute of one entity. Return what of *data* was stored.

    Raise the fault where the configuration or the entity does not exist, where the one does not apply to the
    other, and for a value of the wrong type.
    """
    parts = dict(zip(entity.primary_key, key))
    configuration = _configuration(context, parts["configuration_id"])
    owner = _owner(context, entity, configuration, parts["entity_id"])
    concrete = entity if entity.name != _ENDING else context.catalogue.types[_family_of(context, owner)]
    answer: Dict[str, Any] = {}
    for name, value in data.items():
        if name == "value":
            label = f"{concrete.name}.value of {describe(configuration.get('key'))}"
            _store(context, concrete, parts, check_value(context, configuration, value, label))
            answer[name] = value
        elif name in parts and str(value) != str(parts[name]):
            raise validation_error(f"{concrete.name}.{name} cannot be changed to {describe(value)}", name)
        elif name not in entity.schema.attributes and name != "__entity_type__":
            raise unknown_name(
                f'{concrete.name} has no attribute "{name}"', name, entity.schema.nearest(name)
            )
    return answer


def _store(context: RequestContext, entity: Any, parts: Mapping[str, Any], text: str) -> None:
    column = entity.columns["value"].name
    row = context.rows.get(entity, tuple(parts[name] for name in entity.primary_key))
    if row is None:
        values = {entity.columns[name].name: part for name, part in parts.items()}
        context.rows.add(entity, {**values, column: text})
    else:
        context.rows.set_column(row, column, text)


def _configuration(context: RequestContext, key: Any) -> Row:
    entity = context.catalogue.types["CustomAttributeConfiguration"]
    row = context.rows.get(entity, (key,))
    if row is None or not row.entity.is_a(entity.name):
        raise not_found(
            f"There is no CustomAttributeConfiguration {describe(key)}, so that nothing can have its value"
        )
    return row


def _owner(context: RequestContext, entity: Any, configuration: Row, key: Any) -> Row:
    """Return the entity that the value belongs to."""
    types = context.catalogue.types
    family = entity.name[: -len(_ENDING)]
    code = configuration.get("entity_type")
    names = [family] if family else [name for name, of in _CODES.items() if of == code]
    if not family and configuration.get("is_hierarchical"):
        names = ["Context", "Asset", "AssetVersion"]
    for name in names:
        owner = context.rows.get(types[name], (key,))
        if owner is not None:
            _check_applies(configuration, owner)
            return owner
    raise not_found(
        f"There is no {' or '.join(names) or 'entity'} {describe(key)} that could have a value of the custom "
        f"attribute {describe(configuration.get('key'))}"
    )


def _check_applies(configuration: Row, owner: Row) -> None:
    kind = next((name for name in owner.entity.lineage if name in _CODES), None)
    # A list of versions is a list; so is one of tasks.
    fits = kind is not None and configuration.get("entity_type") == _CODES[kind]
    if fits and kind == "TypedContext" and configuration.get("object_type_id") is not None:
        fits = configuration.get("object_type_id") == owner.get("object_type_id")
    if configuration.get("is_hierarchical") and kind in _HIERARCHY:
        fits = True
    project_id = configuration.get("project_id")
    of_owner = owner.key[0] if owner.name == "Project" else owner.get("project_id")
    if project_id is not None and of_owner is not None and project_id != of_owner:
        fits = False
    if not fits:
        raise validation_error(
            f"The custom attribute {describe(configuration.get('key'))} does not apply to {owner.label}"
        )


def _family_of(context: RequestContext, owner: Row) -> str:
    for name in owner.entity.lineage:
        if name + _ENDING in context.catalogue.types:
            return str(name + _ENDING)
    raise validation_error(f"{owner.label} has no custom attributes")


# Types


def type_name_of(context: RequestContext, configuration: Row) -> str:
    """Return the name of the type of a configuration (text, number, ...); empty where it has none yet."""
    key = configuration.get("type_id")
    row: Optional[Row] = None
    if key is not None:
        row = context.rows.get(context.catalogue.types["CustomAttributeType"], (key,))
    return "" if row is None else str(row.get("name") or "").replace("_", " ").lower()


def check_value(context: RequestContext, configuration: Row, value: Any, label: str) -> str:
    """Return *value* as it is stored for *configuration*. Raise the fault where it is of the wrong type."""
    name = type_name_of(context, configuration).replace(" ", "")
    check = _CHECKS.get(name)
    stored = value if check is None or value is None else check(value, label, _options(configuration))
    try:
        return json.dumps(stored, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise wrong_type(label, "a JSON value", value) from error


def _options(configuration: Row) -> Mapping[str, Any]:
    try:
        options = json.loads(configuration.get("config") or "{}")
    except (ValueError, RecursionError):
        options = {}  # The studio's own text; a value is then checked by its type alone.
    return options if isinstance(options, dict) else {}


def _check_number(value: Any, label: str, options: Mapping[str, Any]) -> Any:
    number = check_number(value, label)
    if options.get("isdecimal") is False and not float(number).is_integer():
        raise wrong_type(label, "a whole number, as the attribute has no decimals", value)
    return number


def _check_date(value: Any, label: str, options: Mapping[str, Any]) -> Any:
    return {"__type__": "datetime", "value": check_time(value, label)}


def _check_list(value: Any, label: str, options: Mapping[str, Any]) -> Any:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise wrong_type(label, "a list of texts", value)
    return [check_text(item, label) for item in items]


def _check_enumerator(value: Any, label: str, options: Mapping[str, Any]) -> Any:
    items = _check_list(value, label, options)
    allowed = _allowed(options)
    unknown = [item for item in items if allowed and item not in allowed]
    if unknown:
        raise wrong_type(label, f"among {', '.join(allowed)}", unknown[0])
    if options.get("multiSelect") is False and len(items) > 1:
        raise wrong_type(label, "one of its values, not several", value)
    return items


def _allowed(options: Mapping[str, Any]) -> Sequence[str]:
    """Return the values of an enumerator. Its configuration holds them as JSON within JSON."""
    data = options.get("data")
    try:
        entries = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError):
        return []
    if not isinstance(entries, list):
        return []
    return [str(entry.get("value")) for entry in entries if isinstance(entry, dict)]


def _refuse(value: Any, label: str, options: Mapping[str, Any]) -> Any:
    raise validation_error(f"{label} is an expression that the server works out; it cannot be set")


_CHECKS: Dict[str, Callable[[Any, str, Mapping[str, Any]], Any]] = {
    "boolean": lambda value, label, options: check_boolean(value, label),
    "date": _check_date,
    "dynamicenumerator": _check_list,
    "enumerator": _check_enumerator,
    "expression": _refuse,
    "number": _check_number,
    "text": lambda value, label, options: check_text(value, label),
    "url": lambda value, label, options: check_text(value, label),
}
