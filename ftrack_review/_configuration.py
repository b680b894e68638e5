"""Which configurations of custom attributes apply to an entity, also to one that is not committed yet.

They are fetched once per session and matched as ftrack does: by family, object type and project. Called by
``collection``, ``_inheritance`` and ``entity.factory``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = [
    "_describe_for_configuration",
    "_get_custom_attribute_configurations",
    "_get_entity_configurations",
]

# What it takes to match a configuration with an entity.
_CONFIGURATION_QUERY = (
    "select key, project_id, id, object_type_id, entity_type, is_hierarchical, default "
    "from CustomAttributeConfiguration"
)
_HIERARCHICAL_TYPES = frozenset(("show", "task", "asset", "assetversion"))


def _get_custom_attribute_configurations(session: Session) -> List[Entity]:
    """Return every configuration of custom attributes, fetched once per session until one is committed."""
    configurations: Optional[List[Entity]] = session._custom_attribute_configurations
    if configurations is None:
        configurations = session.query(_CONFIGURATION_QUERY).all()
        session._custom_attribute_configurations = configurations
    return configurations


def _get_entity_configurations(entity: Entity) -> List[Entity]:
    """Return the configurations that apply to *entity*, the one of its project before a global one."""
    session = entity.session
    wanted, object_type_id, project_id = _describe_for_configuration(entity)
    found: Dict[str, Entity] = {}
    for configuration in _get_custom_attribute_configurations(session):
        code = configuration["entity_type"]
        hierarchical = configuration["is_hierarchical"] and wanted in _HIERARCHICAL_TYPES
        if not hierarchical and (code != wanted or configuration["object_type_id"] != object_type_id):
            continue
        if configuration["project_id"] not in (None, project_id):
            continue
        key = configuration["key"]
        if key not in found or configuration["project_id"] is not None:
            found[key] = configuration
    return list(found.values())


def _describe_for_configuration(entity: Entity) -> Tuple[Optional[str], Optional[str], Optional[str]]:
    """Return the code of the entity's family in configurations, its object type and its project."""
    schema = entity.session.schema
    name = entity.entity_type
    object_type_id: Optional[str] = None
    code: Optional[str]
    if "TypedContext" in schema and schema.is_a(name, "TypedContext"):
        code, object_type_id = "task", _value(entity, "object_type_id")
    elif "List" in schema and schema.is_a(name, "List"):
        code = "list"
    else:
        code = {"Project": "show", "AssetVersion": "assetversion", "Asset": "asset", "User": "user"}.get(name)
    return code, object_type_id, _project_of(entity)


def _project_of(entity: Entity) -> Optional[str]:
    """Return the id of the project of *entity*, found through its parents where it is new itself."""
    if entity.entity_type == "Project":
        return _value(entity, "id")
    for _ in range(50):
        found = _value(entity, "project_id")
        if found is not None:
            return found
        for name in ("project", "parent", "asset"):
            above = _value(entity, name)
            if above is not None:
                break
        else:
            return None
        if above.entity_type == "Project":
            return _value(above, "id")
        entity = above
    return None


def _value(entity: Entity, name: str) -> Any:
    if entity.attributes.get(name) is None:
        return None
    value = entity[name]
    return None if value is NOT_SET else value
