"""The project schemas of a new database, and the statuses and types that they allow.

A project schema says which object types, types and statuses a project may use. These are the four of a
demonstration server. What its workflows allow for tasks and for versions was not recorded; the lists here
put the status of a new entity first.

Called by ``standard_data``.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

if TYPE_CHECKING:
    from ftrack_review.server.definition.document import ObjectType
    from ftrack_review.server.standard_data import Writer

__all__ = ["PROJECT_SCHEMAS", "STATUSES", "TYPES", "Allowed", "ProjectSchema", "standard_id", "write"]

_NAMESPACE = uuid.UUID("5e1d6c0e-3c1f-4f4b-9d0a-6b6f0f6f2d5b")

#: Id, name, colour and state. In the order of `sort`, which is the reverse of what one expects.
STATUSES = (
    ("9bb65936-88e7-11e3-9264-04011030cf01", "Completed", "#1cbc90", "DONE"),
    ("a0bc3f24-15e2-11e1-b21a-0019bb4983d8", "Omitted", "#E74C3C", "BLOCKED"),
    ("a0bc2444-15e2-11e1-b21a-0019bb4983d8", "On Hold", "#E74C3C", "BLOCKED"),
    ("2286947e-a2d4-11e9-825d-d27cf242b68b", "Revise", "#FF6600", "IN_PROGRESS"),
    ("d5d6d8ca-ebb2-11e2-aef9-f23c91dfaa16", "Client approved", "#1CBC90", "DONE"),
    ("44de097a-4164-11df-9218-0019bb4983d8", "Approved", "#1cbc90", "DONE"),
    ("44dded64-4164-11df-9218-0019bb4983d8", "Pending Review", "#F1C40F", "IN_PROGRESS"),
    ("44ddd0fe-4164-11df-9218-0019bb4983d8", "In progress", "#3498DB", "IN_PROGRESS"),
    ("cadb9a06-acb5-11e1-8668-f23c91df1211", "WIP", "#CC99FF", "NOT_STARTED"),
    ("9078de1a-40ce-11ed-a028-8e70b81a65da", "Ready to start", "#00FFFF", "NOT_STARTED"),
    ("44dd9fb2-4164-11df-9218-0019bb4983d8", "Not started", "#CACACA", "NOT_STARTED"),
)

#: Id, name and colour of what a task, asset build or milestone can be.
TYPES = (
    ("56807358-a0f4-11e9-9843-d27cf242b68b", "Concept Art", "#33CCCC"),
    ("44dc53c8-4164-11df-9218-0019bb4983d8", "Modeling", "#935ba2"),
    ("44dd5868-4164-11df-9218-0019bb4983d8", "Rigging", "#58592d"),
    ("a750a84f-b253-11eb-ad41-1e003a0c2434", "Texture", "#f1c40f"),
    ("44dc8cd0-4164-11df-9218-0019bb4983d8", "Lookdev", "#a3635d"),
    ("66d145f0-13c6-11e3-abf2-f23c91dfaa16", "Character", "#3a2d5a"),
    ("66d1aedc-13c6-11e3-abf2-f23c91dfaa16", "Prop", "#f39c12"),
    ("0e996e82-6662-11ed-a73a-92ba0fc0dc3d", "Furniture", "#008000"),
    ("8c39f908-8b4c-11eb-9cdb-c2ffbce28b68", "Vehicle", "#ABABAB"),
    ("66d1daba-13c6-11e3-abf2-f23c91dfaa16", "Environment", "#5da35e"),
    ("66d2038c-13c6-11e3-abf2-f23c91dfaa16", "Matte Painting", "#5da35e"),
    ("b628a004-ad7d-11e1-896c-f23c91df1211", "Production", "#bdc3c7"),
    ("cc46c4c6-13d2-11e3-8915-f23c91dfaa16", "Editing", "#f1c40f"),
    ("a3ead45c-ae42-11e9-9454-d27cf242b68b", "Conform", "#ABABAB"),
    ("44dd3ed2-4164-11df-9218-0019bb4983d8", "Tracking", "#27ae60"),
    ("c3bcfdb4-ad7d-11e1-a444-f23c91df1211", "Rotoscoping", "#3498db"),
    ("44dc6ffc-4164-11df-9218-0019bb4983d8", "Previz", "#27ae60"),
    ("ffaebf7a-9dca-11e9-8346-d27cf242b68b", "Layout", "#3a2d5a"),
    ("44dc3636-4164-11df-9218-0019bb4983d8", "Animation", "#35592d"),
    ("44dcea86-4164-11df-9218-0019bb4983d8", "FX", "#9b59b6"),
    ("44dd08fe-4164-11df-9218-0019bb4983d8", "Lighting", "#5b5ba3"),
    ("262225e8-9dcb-11e9-82b8-d27cf242b68b", "Rendering", "#5ba3a3"),
    ("44dd23b6-4164-11df-9218-0019bb4983d8", "Compositing", "#2d5959"),
    ("ae1e2480-f24e-11e2-bd1f-f23c91dfaa16", "Deliverable", "#2980b9"),
)

_USUAL = "Not started, In progress, Completed, On Hold, Omitted"
_PLAIN = "Not started, In progress, Completed"

# Recorded for none of the project schemas; the same for all.
_TASK_STATUSES = (
    "Not started, Ready to start, In progress, Pending Review, Revise, Approved, Client approved, "
    "Completed, On Hold, Omitted"
)
_VERSION_STATUSES = "Pending Review, WIP, Revise, Approved, Client approved, Omitted"


@dataclass(frozen=True)
class Allowed:
    """Which statuses and types the entities of one object type may have, by name, separated by commas."""

    id: str
    object_type: str
    statuses: str
    types: str


@dataclass(frozen=True)
class ProjectSchema:
    """One project schema, with the object types and task types it has, by name, separated by commas."""

    id: str
    name: str
    task_workflow_id: str
    version_workflow_id: str
    task_types_id: str
    object_types: str
    task_types: str
    allowed: Tuple[Allowed, ...]


#: The project schemas of a new database.
PROJECT_SCHEMAS: Tuple[ProjectSchema, ...] = (
    ProjectSchema(
        id="caddd816-acb5-11e1-8668-f23c91df1211",
        name="VFX",
        task_workflow_id="cadb0afa-acb5-11e1-8668-f23c91df1211",
        version_workflow_id="cadb4c0e-acb5-11e1-8668-f23c91df1211",
        task_types_id="cadd9e5a-acb5-11e1-8668-f23c91df1211",
        object_types="Milestone, Task, Episode, Folder, Asset Build, Shot, Sequence",
        task_types=(
            "Concept Art, Modeling, Rigging, Texture, Lookdev, Production, Editing, Conform, "
            "Tracking, Rotoscoping, Previz, Layout, Animation, FX, Lighting, Rendering, Compositing"
        ),
        allowed=(
            Allowed(
                "22e77f90-57c5-11e5-8a87-42010af0e994",
                "Shot",
                _USUAL,
                "",
            ),
            Allowed(
                "22edfc08-57c5-11e5-8a87-42010af0e994",
                "Milestone",
                _PLAIN,
                (
                    "Rendering, Animation, Modeling, Previz, Lookdev, FX, Lighting, Compositing, "
                    "Tracking, Rigging, Concept Art, Conform, Texture, Deliverable, Production, "
                    "Rotoscoping, Editing, Layout"
                ),
            ),
            Allowed(
                "66d53188-13c6-11e3-abf2-f23c91dfaa16",
                "Asset Build",
                _PLAIN,
                "Character, Prop, Environment, Matte Painting, Vehicle",
            ),
            Allowed(
                "685ec2dc-40ce-11ed-a028-8e70b81a65da",
                "Episode",
                _USUAL,
                "",
            ),
        ),
    ),
    ProjectSchema(
        id="9c77018e-6af0-11eb-b045-169be7b6c453",
        name="Animation",
        task_workflow_id="9c7709f4-6af0-11eb-b045-169be7b6c453",
        version_workflow_id="9c771b42-6af0-11eb-b045-169be7b6c453",
        task_types_id="9c772d44-6af0-11eb-b045-169be7b6c453",
        object_types="Milestone, Task, Episode, Folder, Asset Build, Shot, Sequence",
        task_types=(
            "Concept Art, Modeling, Rigging, Texture, Lookdev, Production, Editing, Previz, Layout, "
            "Animation, FX, Lighting, Rendering, Compositing"
        ),
        allowed=(
            Allowed(
                "45b4130c-6af3-11eb-b477-169be7b6c453",
                "Shot",
                _USUAL,
                "",
            ),
            Allowed(
                "685ebee0-40ce-11ed-a028-8e70b81a65da",
                "Episode",
                _USUAL,
                "",
            ),
            Allowed(
                "c9a1a878-6af3-11eb-b477-169be7b6c453",
                "Asset Build",
                _PLAIN,
                "Character, Prop, Environment",
            ),
            Allowed(
                "ca657fc6-6af5-11eb-bb52-169be7b6c453",
                "Milestone",
                _PLAIN,
                (
                    "Rendering, Animation, Modeling, Lookdev, Lighting, Compositing, Rigging, "
                    "Concept Art, Texture, Deliverable, Production, Editing, Layout"
                ),
            ),
        ),
    ),
    ProjectSchema(
        id="05dece3c-40cd-11ed-a028-8e70b81a65da",
        name="Model production",
        task_workflow_id="05ded38c-40cd-11ed-a028-8e70b81a65da",
        version_workflow_id="05deda8a-40cd-11ed-a028-8e70b81a65da",
        task_types_id="05dee0c0-40cd-11ed-a028-8e70b81a65da",
        object_types="Milestone, Task, Folder, Asset Build",
        task_types="Modeling, Texture",
        allowed=(
            Allowed(
                "62641400-40cd-11ed-a028-8e70b81a65da",
                "Asset Build",
                _USUAL,
                "Furniture, Concept Art",
            ),
            Allowed(
                "ce184c56-465f-11ed-91db-ca81394198b0",
                "Milestone",
                _PLAIN,
                "Deliverable",
            ),
        ),
    ),
    ProjectSchema(
        id="d735496c-bd5b-11eb-8fe6-d6270330280e",
        name="Media production",
        task_workflow_id="d7354f98-bd5b-11eb-8fe6-d6270330280e",
        version_workflow_id="d7355858-bd5b-11eb-8fe6-d6270330280e",
        task_types_id="d7355e70-bd5b-11eb-8fe6-d6270330280e",
        object_types="Milestone, Task, Scene, Folder, Image, Asset Build, Shot, Information",
        task_types="Modeling, Texture, Lookdev, Production, Rendering, Deliverable",
        allowed=(
            Allowed(
                "a9e41ce4-bd5c-11eb-aa52-d6270330280e",
                "Shot",
                _USUAL,
                "",
            ),
            Allowed(
                "afeb7934-bd5c-11eb-bf2f-d6270330280e",
                "Scene",
                "Not started, In progress, Ready to start, Completed, On Hold, Omitted",
                "",
            ),
            Allowed(
                "c4a30bc6-bd5c-11eb-a3da-d6270330280e",
                "Asset Build",
                _PLAIN,
                "Character, Prop, Environment",
            ),
            Allowed(
                "e862f65c-bd5c-11eb-96ea-d6270330280e",
                "Milestone",
                _PLAIN,
                "Rendering, Modeling, Lookdev, Texture, Deliverable, Production",
            ),
        ),
    ),
)


def standard_id(entity_type: str, name: str) -> str:
    """Return the id of the row of *entity_type* called *name*, the same in every new database."""
    return str(uuid.uuid5(_NAMESPACE, f"{entity_type} {name}"))


def write(writer: Writer, object_types: Sequence[ObjectType]) -> None:
    """Write the project schemas with *writer*, as far as they concern *object_types*."""
    statuses = {name: id_ for id_, name, _, _ in STATUSES}
    types = {name: id_ for id_, name, _ in TYPES}
    ids = {object_type.name: object_type.id for object_type in object_types}
    rows: Dict[str, List[Dict[str, Any]]] = {}

    def add(entity_type: str, **values: Any) -> None:
        rows.setdefault(entity_type, []).append(values)

    for schema in PROJECT_SCHEMAS:
        add("TaskTypeSchema", id=schema.task_types_id, name=f"{schema.name} task types")
        for name in schema.task_types.split(", "):
            add("TaskTypeSchemaType", task_type_schema_id=schema.task_types_id, type_id=types[name])
        for id_, what, names in (
            (schema.task_workflow_id, "tasks", _TASK_STATUSES),
            (schema.version_workflow_id, "versions", _VERSION_STATUSES),
        ):
            add("WorkflowSchema", id=id_, name=f"{schema.name} {what}")
            for name in names.split(", "):
                add("WorkflowSchemaStatus", workflow_schema_id=id_, status_id=statuses[name])
        add(
            "ProjectSchema",
            id=schema.id,
            name=schema.name,
            task_workflow_schema_id=schema.task_workflow_id,
            asset_version_workflow_schema_id=schema.version_workflow_id,
            task_type_schema_id=schema.task_types_id,
        )
        for name in schema.object_types.split(", "):
            if name in ids:
                add("ProjectSchemaObjectType", project_schema_id=schema.id, object_type_id=ids[name])
        for allowed in schema.allowed:
            if allowed.object_type in ids:
                add(
                    "Schema",
                    id=allowed.id,
                    project_schema_id=schema.id,
                    type_id=ids[allowed.object_type],
                )
                for sort, name in enumerate(allowed.statuses.split(", ")):
                    add("SchemaStatus", schema_id=allowed.id, status_id=statuses[name], sort=sort)
                for sort, name in enumerate(filter(None, allowed.types.split(", "))):
                    add("SchemaType", schema_id=allowed.id, type_id=types[name], sort=sort)
    for entity_type, values in rows.items():
        writer.write(entity_type, values)
