"""Names and texts that tell nothing: what takes their place in an anonymised copy.

A replacement is made from the id of the entity that the text belongs to and never from the text, so that it is the
same in every run and everywhere, and nothing can be learned from it. What programs rely on (ids, kinds, states,
file types, names of components that servers make) stays.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Dict, Mapping

from ftrack_review.protocol import wire

if TYPE_CHECKING:
    from ftrack_review.protocol.schema import AttributeSchema, EntitySchema

__all__ = ["disguise"]

# Texts that are words of ftrack and not of people.
_KEPT = frozenset(
    (
        "availability",
        "color",
        "context_type",
        "file_type",
        "from_entity_type",
        "key",
        "parent_type",
        "resource_type",
        "status",
        "system_type",
        "to_entity_type",
        "type",
    )
)
_COMPONENT_NAME = re.compile(r"(ftrackreview-[a-z0-9-]+|main|thumbnail)\Z")

# Metadata that reviews need: frames and rates of media, and the roles of invitees.
_METADATA = re.compile(r"(ftr_meta|ftrack_review\.roles.*)\Z")
# What settings of reviews are, other than texts.
_SETTING = re.compile(r"(?i)(true|false|none|null|-?[0-9.]+)\Z")
_FRAMES = ("frameIn", "frameOut", "frameRate", "width", "height", "format")


def disguise(schema: EntitySchema, values: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the *values* of an entity of the type *schema* without anything that people wrote."""
    identity = "/".join(str(values.get(name, "")) for name in schema.primary_key)
    mark = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    found = {}
    for name, value in values.items():
        attribute = schema.attributes.get(name)
        if name in schema.primary_key or attribute is None or not _is_text(attribute, value):
            found[name] = value
        else:
            found[name] = _replace(schema, name, value, mark, values)
    return found


def _is_text(attribute: AttributeSchema, value: Any) -> bool:
    if attribute.kind in ("object", "variable"):
        return not (value is None or isinstance(value, (bool, int, float)) or wire.is_time(value))
    # What may belong to entities of several types is not declared as a foreign key.
    is_key = attribute.format == "foreign_key" or attribute.name.endswith("_id")
    is_free = not (is_key or attribute.is_time or attribute.enum is not None or attribute.name in _KEPT)
    return isinstance(value, str) and value != "" and is_free


def _replace(schema: EntitySchema, name: str, value: Any, mark: str, values: Mapping[str, Any]) -> Any:
    if schema.name == "Metadata" and name == "value":
        return _disguise_metadata(str(values.get("key")), value, mark)
    if schema.name == "EntitySetting" and name == "value" and _SETTING.match(value):
        return value
    if schema.name == "ReviewSessionObjectAnnotation" and name == "data":
        return "[]" if value.lstrip().startswith("[") else "{}"
    if name == "resource_identifier":
        # In the server's own location it is the id of the component.
        return value if value == values.get("component_id") else f"{mark}"
    if name == "name" and schema.name.endswith("Component") and _COMPONENT_NAME.match(value):
        return value
    if name == "email":
        return f"{mark}@example.com"
    if isinstance(value, (list, dict)):
        return type(value)()
    if name in ("username", "name", "root"):
        return f"{schema.name.lower()}-{mark}"
    if name == "version":
        return "v"
    return f"{schema.name} {name} {mark}"


def _disguise_metadata(key: str, value: Any, mark: str) -> str:
    if not _METADATA.match(key):
        return mark
    if key != "ftr_meta":
        return str(value)
    try:
        content = json.loads(value)
    except ValueError:
        return mark
    return json.dumps({name: content[name] for name in _FRAMES if name in content})
