"""Write the standard entity types, and those that object types make, as a schema document.

The document equals the one of a real server (``tests/unit/server/test_definition.py`` compares them) except
where the real one contradicts itself:

- No type requires or guards an attribute that it does not have (``review_session_id`` of
  ReviewSessionObjectAnnotation, ``type`` of AssetVersionList and TypedContextList).
- System projections name only what is public (not ``_casted_value``, ``permissionid``,
  ``note_component_type``).
- No attribute is its own alias.
- Descriptions of foreign keys name attributes (``User.id``, not ``User.user_id``), and types that exist.
- Every type has a ``type``, and requires its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence

from ftrack_review.server.definition import standard_types
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.server.definition.notation import AttributeDefinition, TypeDefinition

__all__ = ["ObjectType", "object_type_entry", "standard_document"]

#: One entity type of the document.
Entry = Dict[str, Any]

_SCALARS: Mapping[str, Mapping[str, Any]] = {
    "boolean": {"type": "boolean"},
    "digits": {"type": "string", "format": "integer"},
    "entity type": {"type": "string", "transform": {"client": "{schema_id}", "server": "{table_name}"}},
    "integer": {"type": "integer"},
    "json": {"type": "string", "format": "json"},
    "key": {"type": "string", "format": "foreign_key"},
    "key integer": {"type": "integer", "format": "foreign_key"},
    "link": {"type": "string"},
    "number": {"type": "number"},
    "object": {"type": "object"},
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "uid": {"type": "string", "default": "{uid}"},
    "variable": {"type": "variable"},
}


@dataclass(frozen=True)
class ObjectType:
    """A row of ObjectType, as far as it shapes the entity type that it makes."""

    id: str
    name: str
    is_typeable: bool = True
    is_statusable: bool = True
    is_prioritizable: bool = True
    is_schedulable: bool = False
    is_time_reportable: bool = False

    @property
    def entity_type(self) -> str:
        """The name of the entity type: AssetBuild for the object type Asset Build."""
        return "".join(character for character in self.name if character.isalnum() or character == "_")


def standard_document(
    object_types: Iterable[ObjectType], default_priority_id: Optional[str] = None
) -> List[Entry]:
    """Return the schema document of a server that has *object_types*, in their order.

    *default_priority_id* is the priority of a new entity of those that may have one.
    """
    types = standard_types()
    document = [_entry(definition, types) for definition in types.values()]
    taken = set(types)
    base = next(entry for entry in document if entry["id"] == "TypedContext")
    for object_type in object_types:
        if object_type.entity_type and object_type.entity_type not in taken:
            taken.add(object_type.entity_type)
            document.append(object_type_entry(base, object_type, default_priority_id))
    return document


def object_type_entry(base: Entry, object_type: ObjectType, default_priority_id: Optional[str]) -> Entry:
    """Return the entity type that *object_type* makes of *base*, the entry of TypedContext.

    What an object type cannot have is there, but immutable (recorded from a real server, for all flags).
    """
    fixed = ["object_type_id", "object_type", "bid_time_logged_difference", "time_logged"]
    for allowed, names in (
        (object_type.is_prioritizable, ("priority_id", "priority")),
        (object_type.is_typeable, ("type_id", "type")),
        (object_type.is_statusable, ("status_id", "status")),
        (object_type.is_schedulable, ("bid", "end_date")),
        (object_type.is_schedulable and object_type.is_time_reportable, ("start_date", "split_parts")),
    ):
        if not allowed:
            fixed.extend(names)
    properties = dict(base["properties"])
    properties["object_type_id"] = {**properties["object_type_id"], "default": object_type.id}
    priority = default_priority_id if object_type.is_prioritizable else None
    properties["priority_id"] = {**properties["priority_id"], "default": priority}
    return {
        **base,
        "id": object_type.entity_type,
        "$mixin": {"$ref": "TypedContext"},
        "alias_for": {"id": "Task", "classifiers": {"object_typeid": object_type.id}},
        "immutable": fixed + [name for name in base["immutable"] if name not in fixed],
        "properties": properties,
    }


def _entry(definition: TypeDefinition, types: Mapping[str, TypeDefinition]) -> Entry:
    attributes = definition.attributes
    key = definition.primary_key
    immutable = [name for name in attributes if name in key or _is_immutable(attributes[name])]
    computed = [name for name in attributes if "computed" in attributes[name].flags]
    entry: Entry = {"id": definition.name, "type": "object"}
    if definition.base:
        entry["$mixin"] = {"$ref": definition.base}
    if definition.classifier:
        column, value = definition.classifier
        entry["alias_for"] = {"id": definition.server_name, "classifiers": {column: value}}
    elif definition.server_name:
        entry["alias_for"] = definition.server_name
    entry["properties"] = {name: _property(attributes[name], types) for name in attributes}
    entry["primary_key"] = list(key)
    entry["immutable"] = immutable
    entry["required"] = [name for name in attributes if name in key or "required" in attributes[name].flags]
    if computed:
        entry["computed"] = computed
    entry["default_projections"] = list(definition.default_projections)
    if definition.system_projections:
        entry["system_projections"] = [
            attributes[name].alias or name for name in definition.system_projections
        ]
    if definition.grouped:
        entry["metadata"] = {"group_by": True}
    return entry


def _is_immutable(attribute: AttributeDefinition) -> bool:
    fixed = attribute.kind == "link" or bool(attribute.flags & {"immutable", "computed"})
    return fixed and "mutable" not in attribute.flags


def _property(attribute: AttributeDefinition, types: Mapping[str, TypeDefinition]) -> Dict[str, Any]:
    shape: Dict[str, Any]
    if attribute.kind == "reference":
        shape = {"$ref": attribute.target}
    elif attribute.kind in ("collection", "mapping"):
        shape = {"type": "array", "items": {"$ref": attribute.target}}
        if attribute.kind == "mapping":
            shape["type"] = "mapped_array"
            # Links are mapped, too, but by the key of their configuration, which is not an attribute of
            # theirs.
            if "restricted" not in attribute.flags:
                shape["key_value_attributes"] = {"key": "key", "value": "value"}
    else:
        shape = dict(_SCALARS[attribute.kind])
    if attribute.alias:
        shape["alias_for"] = attribute.alias
    if attribute.default is not NOT_SET:
        shape["default"] = attribute.default
    if attribute.enum:
        shape["enum"] = list(attribute.enum)
    if "restricted" in attribute.flags:
        shape["restricted_projection"] = True
    description = attribute.description or _key_description(attribute, types)
    if description:
        shape["description"] = description
    return shape


def _key_description(attribute: AttributeDefinition, types: Mapping[str, TypeDefinition]) -> Optional[str]:
    if not attribute.kind.startswith("key"):
        return None
    # The attribute of that name where the key has several (SettingComponent.group is Setting.group), else
    # the first.
    target = types.get(str(attribute.target))  # Task is an object type, and has the key of all.
    keys: Sequence[str] = target.primary_key if target else ("id",)
    key = attribute.name if attribute.name in keys else keys[0]
    return f"Foreign key(s): {attribute.target}.{key}"
