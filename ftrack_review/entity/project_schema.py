"""Project schemas: which statuses and types a project offers."""

from __future__ import annotations

from typing import Any, List, Optional

from ftrack_review.entity.base import Entity

__all__ = ["ProjectSchema"]


class ProjectSchema(Entity):
    """The statuses and types that a project offers for its tasks, versions and other objects."""

    def get_statuses(self, schema: str, type_id: Optional[str] = None) -> List[Entity]:
        """Return the statuses for the entity type *schema*, such as ``Task``, ``AssetVersion`` or ``Shot``.

        Tasks of some types have statuses of their own, which *type_id* selects. Raise ValueError if there
        is no such entity type, if it has no statuses, or if the project offers none for it.
        """
        attributes = self._get_attributes(schema)
        if schema == "Task":
            if type_id is not None:
                for override in self["_overrides"]:
                    if override["type_id"] == type_id:
                        return list(override["workflow_schema"]["statuses"])
            return list(self["_task_workflow"]["statuses"])
        if schema == "AssetVersion":
            return list(self["_version_workflow"]["statuses"])
        if attributes.get("status_id") is None:
            raise ValueError(f"Schema {schema} does not have statuses.")
        statuses = self._get_by_object_type(schema, "SchemaStatus", "task_status")
        if statuses is None:
            raise ValueError(f"No valid statuses were found for schema {schema}.")
        return statuses

    def get_types(self, schema: str) -> List[Entity]:
        """Return the types for the entity type *schema*, such as ``Task`` or ``Shot``.

        Raise ValueError if there is no such entity type, if it has no types, or if the project offers none
        for it.
        """
        attributes = self._get_attributes(schema)
        if schema == "Task":
            return list(self["_task_type_schema"]["types"])
        if attributes.get("type_id") is None or schema in ("Asset", "AssetVersion"):
            raise ValueError(f"Schema {schema} does not have types.")
        types = self._get_by_object_type(schema, "SchemaType", "task_type")
        if types is None:
            raise ValueError(f"No valid types were found for schema {schema}.")
        return types

    def _get_attributes(self, schema: str) -> Any:
        cls = self.session.types.get(schema)
        if cls is None:
            raise ValueError(f"Schema {schema} does not exist.")
        return cls.attributes

    def _get_by_object_type(self, schema: str, link: str, attribute: str) -> Optional[List[Entity]]:
        """Return what the project offers for the object type of *schema*, None where it offers nothing."""
        object_type = self.session.types[schema].attributes.get("object_type_id")
        if object_type is None:
            return None
        for candidate in self["_schemas"]:
            if candidate["type_id"] == object_type.default_value:
                records = self.session.query(
                    f"select {attribute} from {link} where schema_id is {candidate['id']}"
                )
                return [record[attribute] for record in records]
        return None
