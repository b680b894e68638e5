"""The rows that every case begins with, and entities that stand for them."""

from __future__ import annotations

import uuid
from typing import Any

NAMES = """project shot task other_task asset version list review_session object invitee user component
    configuration"""

#: The ids of the rows by the names that the exchanges call them.
SITE = {name: str(uuid.uuid5(uuid.NAMESPACE_URL, name)) for name in NAMES.split()}
SITE["server_location"] = "3a372bde-05bc-11e4-8908-20c9d081909b"
# These are the same on every server, and what the schema says of them the client sends.
SITE["no_priority"] = "9661b320-3a0c-11e2-81c1-0800200c9a66"
SITE["task_object_type"] = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SITE["shot_object_type"] = "bad911de-3bd6-47b9-8b46-3476e237cb36"
SITE["folder_object_type"] = "3c133785-51cb-11e3-980a-20c9d0831e59"


def _create(of: str, row: str, **values: Any) -> dict[str, Any]:
    data = {"__entity_type__": of, "id": SITE[row], **values}
    return {"action": "create", "entity_type": of, "entity_key": [SITE[row]], "entity_data": data}


def _standard(server: Any, expression: str) -> str:
    return server.perform({"action": "query", "expression": expression})[0]["data"][0]["id"]


def build(server: Any) -> None:
    """Put the rows into *server*."""
    schema = _standard(server, 'select id from ProjectSchema where name is "VFX"')
    kind = _standard(server, 'select id from AssetType where name is "Upload"')
    category = _standard(server, "select id from ListCategory order by name")
    number = _standard(server, 'select id from CustomAttributeType where name is "number"')
    project, shot, version = SITE["project"], SITE["shot"], SITE["version"]
    server.perform(
        _create("User", "user", username="mia", first_name="Mia", email="mia@example.com"),
        _create("Project", "project", name="film", full_name="Film", project_schema_id=schema),
        _create("Shot", "shot", name="sh010", parent_id=project),
        _create("Task", "task", name="comp", parent_id=shot, bid=2.0),
        _create("Task", "other_task", name="roto", parent_id=shot),
        _create("TypedContextList", "list", name="today", project_id=project, category_id=category),
        _create("Asset", "asset", name="comp", context_id=shot, type_id=kind),
        _create("AssetVersion", "version", asset_id=SITE["asset"], task_id=SITE["task"]),
        _create("FileComponent", "component", name="movie", file_type=".mov", size=5, version_id=version),
        _create("ReviewSession", "review_session", name="Weekly review", project_id=project),
        _create(
            "ReviewSessionObject",
            "object",
            name="comp v1",
            review_session_id=SITE["review_session"],
            version_id=version,
        ),
        _create(
            "ReviewSessionInvitee",
            "invitee",
            name="Ada",
            email="ada@example.com",
            review_session_id=SITE["review_session"],
        ),
        _create(
            "CustomAttributeConfiguration",
            "configuration",
            key="takes",
            label="Takes",
            entity_type="task",
            object_type_id=SITE["task_object_type"],
            type_id=number,
            default=1,
            config='{"isdecimal": false}',
        ),
    )


def known(session: Any, entity_type: str, row: str, **values: Any) -> Any:
    """Return the entity for the row *name*, of which the session knows its id and *values* without asking."""
    return session.create(entity_type, {"id": SITE[row], **values}, reconstructing=True)
