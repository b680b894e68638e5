"""What is copied, and in which order: each entity type after those that it refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

__all__ = ["ATTACHING", "DEFERRED", "ENDS", "PEOPLE", "PROJECT", "REOPENED", "SITE", "SKIPPED", "Step"]


@dataclass(frozen=True)
class Step:
    """The rows of *entity_type*, and of all that derive from it, whose *attribute* is an id found *within*.

    *within* names entity types of earlier steps; without it all rows are meant. *part* says which choice of the
    user they belong to. *is_dense* marks types whose rows the server has by itself, with values to be set.
    """

    entity_type: str
    attribute: str = ""
    within: Tuple[str, ...] = ()
    part: str = "project"
    is_dense: bool = False


#: How the site is set up.
SITE: Tuple[Step, ...] = tuple(
    Step(name)
    for name in (
        "State",
        "Status",
        "Type",
        "Priority",
        "ObjectType",
        "AssetType",
        "NoteLabel",
        "ListCategory",
        "ManagerType",
        "UserType",
        "SecurityRole",
        "Location",
        "TaskTypeSchema",
        "TaskTypeSchemaType",
        "WorkflowSchema",
        "WorkflowSchemaStatus",
        "ProjectSchema",
        "ProjectSchemaObjectType",
        "ProjectSchemaOverride",
        "Schema",
        "SchemaStatus",
        "SchemaType",
        "CustomAttributeType",
        "CustomAttributeGroup",
        "CustomConfigurationBase",
    )
)

#: The people that what is copied refers to.
PEOPLE = Step("Resource", "id", ("people",))

_EVERYTHING = (
    "Project",
    "TypedContext",
    "Asset",
    "AssetVersion",
    "Component",
    "ReviewSession",
    "ReviewSessionObject",
    "Note",
)

#: One project. The types of the first column stand for all that derive from them.
PROJECT: Tuple[Step, ...] = (
    Step("Project", "id", ("project",)),
    Step("TypedContext", "project_id", ("project",)),
    Step("TypedContextLink", "from_id", ("Project", "TypedContext")),
    Step("Appointment", "context_id", ("Project", "TypedContext")),
    Step("Manager", "context_id", ("Project", "TypedContext")),
    Step("Timelog", "context_id", ("Project", "TypedContext")),
    Step("Asset", "context_id", ("Project", "TypedContext")),
    Step("AssetVersion", "asset_id", ("Asset",)),
    Step("AssetVersionLink", "from_id", ("AssetVersion",)),
    Step("Component", "version_id", ("AssetVersion",)),
    Step("Component", "container_id", ("Component",)),
    Step("List", "project_id", ("project",)),
    Step("ListObject", "list_id", ("List",)),
    Step("ReviewSessionFolder", "project_id", ("project",), "reviews"),
    Step("ReviewSession", "project_id", ("project",), "reviews"),
    Step("ReviewSessionInvitee", "review_session_id", ("ReviewSession",), "reviews"),
    Step("ReviewSessionObject", "review_session_id", ("ReviewSession",), "reviews"),
    Step("ReviewSessionObjectStatus", "review_session_object_id", ("ReviewSessionObject",), "reviews"),
    Step("ReviewSessionObjectAnnotation", "review_session_object_id", ("ReviewSessionObject",), "reviews"),
    Step(
        "ReviewSessionObjectAnnotationComponent",
        "review_session_object_id",
        ("ReviewSessionObject",),
        "reviews",
    ),
    Step("EntitySetting", "parent_id", ("ReviewSession",), "reviews"),
    Step("Component", "id", ("ReviewSessionObjectAnnotationComponent",), "reviews"),
    Step("Note", "parent_id", ("Project", "TypedContext", "AssetVersion", "ReviewSessionObject"), "notes"),
    Step("Note", "in_reply_to_id", ("Note",), "notes"),
    Step("NoteLabelLink", "note_id", ("Note",), "notes"),
    Step("Recipient", "note_id", ("Note",), "notes"),
    Step("NoteComponent", "note_id", ("Note",), "notes"),
    Step("Component", "id", ("NoteComponent",), "notes"),
    Step("ComponentLocation", "component_id", ("Component",)),
    Step("Metadata", "parent_id", _EVERYTHING),
    Step("ContextCustomAttributeValue", "entity_id", ("Project", "TypedContext"), is_dense=True),
    Step("AssetCustomAttributeValue", "entity_id", ("Asset",), is_dense=True),
    Step("AssetVersionCustomAttributeValue", "entity_id", ("AssetVersion",), is_dense=True),
    Step("ListCustomAttributeValue", "entity_id", ("List",), is_dense=True),
    Step("CustomAttributeLink", "from_id", ("Project", "TypedContext", "Asset", "AssetVersion")),
)

#: Components that something else of them is about: they are found by it and written before it.
ATTACHING = ("NoteComponent", "ReviewSessionObjectAnnotationComponent")

#: What refers to entities of several types, and is therefore not declared to: the ends of what connects two.
ENDS = {"CustomAttributeLink": ("from_id", "to_id"), "ListObject": ("entity_id",)}

#: Set when everything else is there: they refer to what comes later, or would close what is still being filled.
DEFERRED = {
    "thumbnail_id": "",
    "thumbnail_source_id": "",
    "start_date": "ReviewSession",
    "end_date": "ReviewSession",
    "availability": "ReviewSession",
}

#: What keeps a review session open while it is filled.
REOPENED = {
    "end_date": {"__type__": "datetime", "value": "2100-01-01T00:00:00"},
    "availability": "always_open",
}

#: What servers work out by themselves, though the schema of some does not say so, and secrets.
SKIPPED = frozenset(
    ("_link", "link", "is_latest_version", "is_open", "passphrase", "thumbnail_url", "time_logged", "url")
)
