"""What a new database holds: the standard rows of a site, and its administrator.

The rows are those of a demonstration server (statuses, types, object types, project schemas, custom
attributes with their ids) and those that clients know by id on every server (the locations, the asset type
Upload, the label of client feedback). Everything else is the users' to create. Rows without a known id have
one that is made of their type and name, so that it is the same in every new database.

Called once, by ``preparation``, for an empty database.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review import symbol
from ftrack_review.server import access, standard_workflow
from ftrack_review.server.context import utc_now
from ftrack_review.server.definition.document import ObjectType
from ftrack_review.server.standard_workflow import STATUSES, TYPES, standard_id
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.store import Connection

__all__ = ["ADMINISTRATOR_ID", "NO_PRIORITY_ID", "OBJECT_TYPES", "Writer", "populate"]

#: The User that a new database has.
ADMINISTRATOR_ID = standard_id("User", "admin")

#: The Priority of a new task.
NO_PRIORITY_ID = "9661b320-3a0c-11e2-81c1-0800200c9a66"

# The one of a new user.
_USER_TYPE_ID = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"

# Name, identifier and meaning. Clients give them what a database cannot hold: how their files are reached.
_LOCATIONS = (
    ("ftrack.origin", symbol.ORIGIN_LOCATION_ID, "Where a file was before it was published."),
    ("ftrack.unmanaged", symbol.UNMANAGED_LOCATION_ID, "Files that stay where they are."),
    ("ftrack.review", symbol.REVIEW_LOCATION_ID, "Media for reviews, by address."),
    ("ftrack.connect", symbol.CONNECT_LOCATION_ID, "Files that ftrack connect manages."),
    ("ftrack.server", symbol.SERVER_LOCATION_ID, "Files that this server keeps."),
)

# Which state goes with which of the ids is inferred from the statuses that point to it.
_STATES = (
    ("cea0ba04-acb5-11e1-8668-f23c91df1211", "Not started", "NOT_STARTED"),
    ("cea0efc4-acb5-11e1-8668-f23c91df1211", "In progress", "IN_PROGRESS"),
    ("5709c04e-2f4b-11e2-b663-0019bb4983d8", "Blocked", "BLOCKED"),
    ("cea116d4-acb5-11e1-8668-f23c91df1211", "Done", "DONE"),
)

_PRIORITIES = (
    ("847fb90e-ead3-11e2-846c-f23c91dfaa16", "Urgent", "#E74C3C"),
    ("847f9cda-ead3-11e2-846c-f23c91dfaa16", "High", "#E67E22"),
    ("847f8146-ead3-11e2-846c-f23c91dfaa16", "Medium", "#F1C40F"),
    ("847f663e-ead3-11e2-846c-f23c91dfaa16", "Low", "#1CBC90"),
)

_NOT_BILLABLE = frozenset({"Furniture", "Production"})


def _object_type(id_: str, name: str, *can: str) -> ObjectType:
    return ObjectType(
        id=id_,
        name=name,
        is_typeable="type" in can,
        is_statusable="status" in can,
        is_prioritizable="priority" in can,
        is_schedulable="schedule" in can,
        is_time_reportable="time" in can,
    )


#: The object types of a new database, in order. Each makes an entity type.
OBJECT_TYPES: Tuple[ObjectType, ...] = (
    _object_type("3c133785-51cb-11e3-980a-20c9d0831e59", "Folder", "priority"),
    _object_type("4be63b64-5010-42fb-bf1f-428af9d638f0", "Asset Build", "type", "status", "priority"),
    _object_type("22139355-61da-4c8f-9db4-3abc870166bc", "Episode", "status", "priority"),
    _object_type("34b122f0-bd5c-11eb-96ea-d6270330280e", "Scene", "status"),
    _object_type("e5139355-61da-4c8f-9db4-3abc870166bc", "Sequence", "priority"),
    _object_type("bad911de-3bd6-47b9-8b46-3476e237cb36", "Shot", "status", "priority"),
    _object_type(
        "01decdd1-51cb-11e3-9d5b-20c9d0831e59", "Milestone", "type", "status", "priority", "schedule"
    ),
    _object_type(
        "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c", "Task", "type", "status", "priority", "schedule", "time"
    ),
    _object_type("4721f72a-bd5c-11eb-a3da-d6270330280e", "Image"),
    _object_type("efb7d34c-bd5b-11eb-86a7-d6270330280e", "Information"),
)

_CUSTOM_ATTRIBUTE_TYPES = {
    "boolean": "ad1034d8-15e2-11e1-b21a-0019bb4983d8",
    "date": "79968e9e-381c-11e0-acff-0019bb49847a",
    "dynamic enumerator": "882e4aee-fae6-11e3-b623-20c9d0831e59",
    "enumerator": "6ff9c812-ead3-11e2-846c-f23c91dfaa16",
    "expression": "d2e6a530-357f-11e2-bd73-0019bb4985b8",
    "number": "92009b00-381c-11e0-acff-0019bb49847a",
    "text": "6268aef0-381c-11e0-acff-0019bb49847a",
    "url": "ec616dcd-56e2-4147-99f8-7e4a4f040cf9",
}

# Key, label, type, default, and the object type it is for, none for a project.
_CUSTOM_ATTRIBUTES = (
    ("fps", "fps", "number", 24, None),
    ("fps", "fps", "number", 25, "Sequence"),
    ("fps", "fps", "number", 25, "Shot"),
    ("fstart", "Frame start", "number", 1, "Shot"),
    ("fend", "Frame end", "number", 1, "Shot"),
    ("handles", "Frame handles", "number", 0, "Shot"),
    ("duration", "Frame duration", "expression", "{self.fend - self.fstart + 1}", "Shot"),
)

_ASSET_TYPES = (
    ("8f4144e0-a8e6-11e2-9e96-0800200c9a66", "Upload", "upload"),
    (None, "Animation", "anim"),
    (None, "Audio", "audio"),
    (None, "Cache", "cache"),
    (None, "Camera", "cam"),
    (None, "Comp", "comp"),
    (None, "Geometry", "geo"),
    (None, "Image Sequence", "img"),
    (None, "Light Rig", "light"),
    (None, "Render", "render"),
    (None, "Rig", "rig"),
    (None, "Scene", "scene"),
    (None, "Texture", "tex"),
)

_OTHER_ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "NoteCategory": (
        {"id": "42983ba0-53b0-11e4-916c-0800200c9a66", "name": "Client feedback", "color": "#1CBC90"},
    ),
    "ListCategory": ({"name": "Dailies"}, {"name": "Deliveries"}, {"name": "Other"}),
    "UserType": ({"id": _USER_TYPE_ID, "name": "Artist"}, {"id": None, "name": "Supervisor"}),
    "SecurityRole": (
        {"name": "Administrator", "type": "PROJECT"},
        {"name": "API", "type": "PROJECT"},
        {"name": "Project Manager", "type": "PROJECT"},
        {"name": "User", "type": "ASSIGNED"},
    ),
    # What the wizard of the centralised storage changes, and clients are told when they connect.
    "Setting": (
        {
            "name": "storage_scenario",
            "group": "STORAGE",
            "value": '{"scenario": "ftrack.automatic", "data": {}}',
        },
    ),
}


def populate(
    connection: Connection,
    catalogue: Catalogue,
    object_types: Sequence[ObjectType],
    no_priority_id: str = NO_PRIORITY_ID,
) -> str:
    """Write the first rows with *connection*, *object_types* among them.

    *no_priority_id* is the priority that the schema gives to what is created without one. What the schema
    of *catalogue* has no entity type or attribute for is left out.

    Return an API key of the administrator in clear. Only its hash is kept.
    """
    writer = Writer(connection, catalogue)
    _write_types(writer, object_types, no_priority_id)
    standard_workflow.write(writer, object_types)
    locations = [{"id": id_, "name": name, "description": text} for name, id_, text in _LOCATIONS]
    writer.write("Location", locations)
    writer.write(
        "AssetType", [{"id": id_, "name": name, "short": short} for id_, name, short in _ASSET_TYPES]
    )
    for entity_type, rows in _OTHER_ROWS.items():
        writer.write(entity_type, rows)
    _write_custom_attributes(writer, object_types)
    return _write_administrator(writer)


class Writer:
    """Writes rows of the first data, with the defaults of the schema, one statement for each entity type."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        """Initialise on *connection* to a database of the shape of *catalogue*."""
        self.connection = connection
        self._catalogue = catalogue

    def write(self, entity_type: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write *rows* of *entity_type*, values by attribute, all of the same attributes.

        A row without an id gets the one that belongs to its name.
        """
        if entity_type not in self._catalogue.types:
            return
        entity = self._catalogue.types[entity_type]
        columns = {**entity.columns, **entity.hidden}
        defaults = {
            name: attribute.default
            for name, attribute in entity.schema.attributes.items()
            if name in columns and attribute.default not in (NOT_SET, "{uid}")
        }
        written = []
        for values in rows:
            complete = {**defaults, **entity.classifiers, **values}
            if entity.primary_key == ("id",) and not complete.get("id"):
                complete["id"] = standard_id(entity_type, values["name"])
            row = {columns[name].name: value for name, value in complete.items() if name in columns}
            written.append({"_type": entity_type, **row})
        self.connection.change(sa.insert(entity.table), written)


def _write_types(writer: Writer, object_types: Sequence[ObjectType], no_priority_id: str) -> None:
    writer.write("State", [{"id": id_, "name": name, "short": short} for id_, name, short in _STATES])
    states = {short: id_ for id_, _, short in _STATES}
    writer.write(
        "Status",
        [
            {
                "id": id_,
                "name": name,
                "color": color,
                "sort": sort,
                "is_active": True,
                "_state_id": states[short],
            }
            for sort, (id_, name, color, short) in enumerate(STATUSES)
        ],
    )
    writer.write(
        "Priority",
        [
            {"id": id_, "name": name, "color": color, "sort": sort}
            for sort, (id_, name, color) in enumerate((*_PRIORITIES, (no_priority_id, "None", "#CACACA")))
        ],
    )
    writer.write(
        "Type",
        [
            {"id": id_, "name": name, "color": color, "sort": sort, "is_billable": name not in _NOT_BILLABLE}
            for sort, (id_, name, color) in enumerate(TYPES)
        ],
    )
    writer.write(
        "ObjectType",
        [
            {
                **dataclasses.asdict(object_type),
                "sort": sort,
                # What can be scheduled is work itself; everything else can hold work (recorded, all ten).
                "is_leaf": object_type.is_schedulable,
                "is_taskable": not object_type.is_schedulable,
            }
            for sort, object_type in enumerate(object_types)
        ],
    )


def _write_custom_attributes(writer: Writer, object_types: Sequence[ObjectType]) -> None:
    writer.write(
        "CustomAttributeType",
        [{"id": id_, "name": name, "core": True} for name, id_ in _CUSTOM_ATTRIBUTE_TYPES.items()],
    )
    ids = {object_type.name: object_type.id for object_type in object_types}
    rows = []
    for sort, (key, label, kind, default, object_type) in enumerate(_CUSTOM_ATTRIBUTES):
        if object_type is None or object_type in ids:
            rows.append(
                {
                    "id": standard_id("CustomAttributeConfiguration", f"{key} {object_type or 'Project'}"),
                    "key": key,
                    "label": label,
                    "type_id": _CUSTOM_ATTRIBUTE_TYPES[kind],
                    "default": json.dumps(default),
                    "entity_type": "task" if object_type else "show",
                    "object_type_id": ids[object_type] if object_type else None,
                    "config": json.dumps({"isdecimal": key == "fps"} if kind == "number" else {}),
                    "sort": sort,
                }
            )
    writer.write("CustomAttributeConfiguration", rows)


def _write_administrator(writer: Writer) -> str:
    now = utc_now()
    writer.write(
        "User",
        [
            {
                "id": ADMINISTRATOR_ID,
                "username": "admin",
                "first_name": "Administrator",
                "last_name": "",
                "email": "admin@example.com",
                "is_active": True,
                "is_otp_enabled": False,
                "is_totp_enabled": False,
                "require_details_update": False,
                "user_type_id": _USER_TYPE_ID,
            }
        ],
    )
    writer.write(
        "UserSecurityRole",
        [
            {
                "id": standard_id("UserSecurityRole", "admin"),
                "user_id": ADMINISTRATOR_ID,
                "security_role_id": standard_id("SecurityRole", "Administrator"),
                "is_all_open_projects": True,
            }
        ],
    )
    return access.issue_key(writer.connection, ADMINISTRATOR_ID, now=now, name="Made with the database")
