"""A small studio, made through the API, for tests of queries as scripts in the wild write them.

Ids are short and readable. What is not written here is the standard data of a new database. Every family of
entity types occurs, and every type of custom attribute.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from ftrack_review.server.application import Server
from ftrack_review.server.context import Options

SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"
UNMANAGED_LOCATION = "cb268ecc-8809-11e3-a7e2-20c9d081909b"
CLIENT_FEEDBACK = "42983ba0-53b0-11e4-916c-0800200c9a66"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"
TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"


def time_value(text: str) -> Dict[str, str]:
    return {"__type__": "datetime", "value": text}


class Studio:
    """A server and what was made in it."""

    def __init__(self, folder: Any, *, database: Optional[str] = None) -> None:
        """Open a new server in *folder* and fill it."""
        self.server = Server(data=str(folder), database=database, is_temporary=True)
        self.caller = self.server.administrator()
        self._names: Dict[Any, str] = {}
        _fill(self)

    def close(self) -> None:
        self.server.close()

    def send(self, *actions: Dict[str, Any], denormalize: bool = True) -> List[Any]:
        return self.server.dispatch(list(actions), self.caller, Options(strict=True, denormalize=denormalize))

    def answer(self, expression: str) -> Any:
        return self.send({"action": "query", "expression": expression})[0]

    def query(self, expression: str) -> List[Dict[str, Any]]:
        """Return the records, complete."""
        found: List[Dict[str, Any]] = self.answer(expression)["data"]
        return found

    def named(self, entity_type: str, name: str) -> str:
        """Return the id of an entity of the standard data."""
        key = (entity_type, name)
        if key not in self._names:
            self._names[key] = self.query(f'{entity_type} where name is "{name}"')[0]["id"]
        return self._names[key]

    def create(self, entity_type: str, *rows: Dict[str, Any]) -> None:
        self.send(
            *(
                {
                    "action": "create",
                    "entity_type": entity_type,
                    "entity_data": {"__entity_type__": entity_type, **row},
                }
                for row in rows
            )
        )

    def update(self, entity_type: str, key: List[str], **values: Any) -> None:
        data = {"__entity_type__": entity_type, **values}
        self.send({"action": "update", "entity_type": entity_type, "entity_key": key, "entity_data": data})


def _fill(studio: Studio) -> None:
    _fill_people(studio)
    _fill_contexts(studio)
    _fill_custom_attributes(studio)
    _fill_work(studio)
    _fill_versions(studio)
    _fill_notes(studio)
    _fill_reviews(studio)
    _fill_lists(studio)
    _fill_site(studio)


def _fill_people(studio: Studio) -> None:
    user = {"is_active": True}
    studio.create(
        "User",
        {**user, "id": "anna", "username": "anna", "first_name": "Anna", "last_name": "Berg"},
        {**user, "id": "ben", "username": "ben.smith", "first_name": "Ben", "last_name": "Smith"},
        {"id": "cho", "username": "cho@studio.example", "first_name": "Chö", "is_active": False},
    )
    studio.update("User", ["ben"], email="ben@studio.example")
    studio.create("Collaborator", {"id": "carla", "email": "carla@client.example", "first_name": "Carla"})
    studio.create(
        "Group",
        {"id": "crew", "name": "Crew", "local": False},
        {"id": "animators", "name": "Animators", "local": False, "parent_id": "crew"},
    )
    studio.create(
        "Membership",
        {"id": "ms1", "group_id": "animators", "user_id": "anna"},
        {"id": "ms2", "group_id": "crew", "user_id": "ben"},
    )
    role = studio.named("SecurityRole", "Administrator")
    studio.create("UserSecurityRole", {"id": "usr1", "user_id": "anna", "security_role_id": role})
    studio.create("Scope", {"id": "london", "name": "London"}, {"id": "oslo", "name": "Oslo"})


def _fill_contexts(studio: Studio) -> None:
    schema = studio.named("ProjectSchema", "VFX")
    going, fresh = studio.named("Status", "In progress"), studio.named("Status", "Not started")
    done = studio.named("Status", "Completed")
    animation, lighting = studio.named("Type", "Animation"), studio.named("Type", "Lighting")
    modeling, character = studio.named("Type", "Modeling"), studio.named("Type", "Character")
    project = {"project_schema_id": schema}
    studio.create(
        "Project",
        {
            **project,
            "id": "alpha",
            "name": "alpha",
            "full_name": "Project Alpha",
            "status": "active",
            "start_date": time_value("2024-01-01T00:00:00"),
            "end_date": time_value("2024-12-31T00:00:00"),
        },
        {**project, "id": "beta", "name": "beta", "full_name": "Beta 2", "status": "hidden"},
    )
    studio.update(
        "Project", ["alpha"], scopes=[{"__entity_type__": "Scope", "id": name} for name in ("london", "oslo")]
    )
    studio.create("Episode", {"id": "ep1", "name": "ep01", "parent_id": "alpha", "status_id": going})
    studio.create(
        "Sequence",
        {"id": "sq1", "name": "sq010", "parent_id": "ep1", "description": "opening"},
        {"id": "sq2", "name": "sq020", "parent_id": "alpha"},
        {"id": "sq3", "name": "sq010", "parent_id": "beta"},
    )
    shot = {"status_id": going}
    studio.create(
        "Shot",
        {**shot, "id": "sh1", "name": "sh010", "parent_id": "sq1", "sort": 2.0},
        {"id": "sh2", "name": "sh020", "parent_id": "sq1", "sort": 1.0, "status_id": fresh},
        {**shot, "id": "sh3", "name": "sh030", "parent_id": "sq2", "sort": 3.0},
        {"id": "sh4", "name": "SH010", "parent_id": "sq3", "sort": 4.0, "status_id": done},
    )
    studio.create("Folder", {"id": "fo1", "name": "assets", "parent_id": "alpha"})
    studio.create(
        "AssetBuild",
        {"id": "ab1", "name": "hero", "parent_id": "fo1", "type_id": character, "status_id": fresh},
    )
    studio.create("Milestone", {"id": "mi1", "name": "delivery", "parent_id": "alpha"})
    high = studio.named("Priority", "High")
    studio.create(
        "Task",
        {
            "id": "t1",
            "name": "animation",
            "parent_id": "sh1",
            "type_id": animation,
            "status_id": going,
            "bid": 36000.0,
            "description": "50% done",
            "start_date": time_value("2024-02-01T00:00:00"),
            "end_date": time_value("2024-03-01T00:00:00"),
            "priority_id": high,
        },
        {
            "id": "t2",
            "name": "lighting",
            "parent_id": "sh1",
            "type_id": lighting,
            "status_id": fresh,
            "bid": 7200.5,
            "description": 'needs "sky" in C:\\tex',
            "end_date": time_value("2024-03-15T12:30:00"),
        },
        {"id": "t3", "name": "animation", "parent_id": "sh2", "type_id": animation, "status_id": done},
        {
            "id": "t4",
            "name": "modeling",
            "parent_id": "ab1",
            "type_id": modeling,
            "status_id": going,
            "bid": 0.0,
        },
        {"id": "t5", "name": "comp_v1", "parent_id": "sh4", "type_id": lighting, "status_id": fresh},
        {"id": "t6", "name": "It's a task", "parent_id": "alpha", "type_id": modeling, "status_id": done},
    )
    studio.create("TypedContextLink", {"id": "dep1", "from_id": "t1", "to_id": "t2"})


def _fill_custom_attributes(studio: Studio) -> None:
    kinds = {row["name"]: row["id"] for row in studio.query("select name from CustomAttributeType")}
    menu = json.dumps([{"menu": "Red", "value": "red"}, {"menu": "Blue", "value": "blue"}])
    group = {"id": "pipe", "name": "pipeline"}
    studio.create("CustomAttributeGroup", group)

    def configuration(key: str, kind: str, entity_type: str, **more: Any) -> Dict[str, Any]:
        found = {"id": f"ca-{key}", "key": key, "label": key.title(), "type_id": kinds[kind], "core": False}
        return {**found, "entity_type": entity_type, "group_id": "pipe", **more}

    task = {"object_type_id": TASK}
    choice = {"config": json.dumps({"multiSelect": False, "data": menu})}
    choices = {"config": json.dumps({"multiSelect": True, "data": menu})}
    everywhere = {"is_hierarchical": True}
    studio.create(
        "CustomAttributeConfiguration",
        configuration("look", "text", "task", default="plain", **task),
        configuration("level", "number", "task", default=4, **task),
        configuration("flag", "boolean", "task", default=False, **task),
        configuration("due", "date", "task", **task),
        configuration("color", "enumerator", "task", default=["red"], **task, **choice),
        configuration("tags", "enumerator", "task", default=[], **task, **choices),
        configuration("tool", "dynamic enumerator", "task", default=[], **task),
        configuration("wiki", "url", "task", default="", **task),
        configuration("pipeline", "text", "show", default="usd", **everywhere),
        configuration("handle_in", "number", "show", default=8, **everywhere),
        configuration("client", "text", "show", default=""),
        configuration("quality", "text", "assetversion", default="low"),
        configuration("kind_of", "text", "asset", default="?"),
        configuration("desk", "text", "user", default="A1"),
        configuration("purpose", "text", "list", default=""),
        {
            **configuration("look", "text", "task", default="of beta", project_id="beta", **task),
            "id": "ca-look-b",
        },
    )
    for key, entity, value in (
        ("look", "t1", "noir"),
        ("level", "t1", 7),
        ("flag", "t1", True),
        ("due", "t1", time_value("2024-02-20T00:00:00")),
        ("color", "t2", ["blue"]),
        ("tags", "t1", ["red", "blue"]),
        ("tool", "t1", ["maya"]),
        ("wiki", "t1", "https://wiki/t1"),
        ("pipeline", "alpha", "houdini"),
        ("pipeline", "sh2", "blender"),
        ("handle_in", "sq1", 12),
        ("client", "alpha", "Acme"),
    ):
        studio.update("ContextCustomAttributeValue", [f"ca-{key}", entity], value=value)
    studio.update("UserCustomAttributeValue", ["ca-desk", "ben"], value="B2")
    fstart = next(
        row["id"]
        for row in studio.query(
            f'CustomAttributeConfiguration where key is "fstart" and object_type_id is "{SHOT}"'
        )
    )
    studio.update("ContextCustomAttributeValue", [fstart, "sh1"], value=1001)
    studio.create(
        "CustomAttributeLinkConfiguration",
        {
            "id": "ca-supervisor",
            "key": "supervisor",
            "entity_type": "task",
            "object_type_id": TASK,
            "entity_type_to": "user",
        },
    )
    studio.create(
        "UserCustomAttributeLink",
        {"id": "cal1", "configuration_id": "ca-supervisor", "from_id": "t1", "to_id": "anna"},
    )


def _fill_work(studio: Studio) -> None:
    studio.create(
        "Appointment",
        {"id": "ap1", "context_id": "t1", "resource_id": "anna", "type": "assignment"},
        {"id": "ap2", "context_id": "t1", "resource_id": "animators", "type": "assignment"},
        {"id": "ap3", "context_id": "t2", "resource_id": "ben", "type": "assignment"},
        {"id": "ap4", "context_id": "alpha", "resource_id": "crew", "type": "allocation"},
    )
    studio.create(
        "Timelog",
        {
            "id": "tl1",
            "context_id": "t1",
            "user_id": "anna",
            "duration": 3600.0,
            "start": time_value("2024-02-02T09:00:00"),
            "comment": "blocking",
        },
        {
            "id": "tl2",
            "context_id": "t1",
            "user_id": "ben",
            "duration": 1800.0,
            "start": time_value("2024-02-03T09:00:00"),
        },
        {
            "id": "tl3",
            "context_id": "t3",
            "user_id": "anna",
            "duration": 60.5,
            "start": time_value("2024-01-03T09:00:00"),
        },
    )
    kind = studio.query("ManagerType")[0]["id"] if studio.query("ManagerType") else None
    studio.create("Manager", {"id": "mg1", "context_id": "alpha", "user_id": "ben", "type_id": kind})
    studio.create(
        "Metadata",
        {"parent_id": "t1", "parent_type": "Task", "key": "farm", "value": "done"},
        {"parent_id": "t2", "parent_type": "Task", "key": "farm", "value": "4"},
        {"parent_id": "alpha", "parent_type": "Project", "key": "root", "value": "C:\\proj\\alpha"},
        {"parent_id": "anna", "parent_type": "User", "key": "theme", "value": "dark"},
    )
    studio.create(
        "CalendarEvent",
        {
            "id": "ce1",
            "name": "holiday",
            "project_id": "alpha",
            "start": time_value("2024-07-01T00:00:00"),
            "end": time_value("2024-07-08T00:00:00"),
        },
    )
    studio.create("CalendarEventResource", {"id": "cer1", "calendar_event_id": "ce1", "resource_id": "anna"})


def _fill_versions(studio: Studio) -> None:
    upload = studio.named("AssetType", "Upload")
    review, revise = studio.named("Status", "Pending Review"), studio.named("Status", "Revise")
    studio.create(
        "Asset",
        {"id": "a1", "name": "main", "context_id": "sh1", "type_id": upload},
        {"id": "a2", "name": "plate", "context_id": "sh1", "type_id": upload},
        {"id": "a3", "name": "main", "context_id": "sh2", "type_id": upload},
        {"id": "a4", "name": "model", "context_id": "ab1"},
        {"id": "a5", "name": "empty", "context_id": "sh3", "type_id": upload},
    )
    date = [time_value(f"2024-03-0{day}T10:00:00") for day in (1, 2, 3, 4, 5)]
    studio.create(
        "AssetVersion",
        {
            "id": "v1",
            "asset_id": "a1",
            "task_id": "t1",
            "status_id": revise,
            "date": date[0],
            "comment": "first",
        },
        {"id": "v2", "asset_id": "a1", "task_id": "t1", "status_id": review, "date": date[1], "comment": ""},
        {
            "id": "v3",
            "asset_id": "a1",
            "task_id": "t1",
            "status_id": review,
            "date": date[2],
            "is_published": False,
        },
        {
            "id": "v4",
            "asset_id": "a3",
            "task_id": "t3",
            "status_id": review,
            "date": date[3],
            "comment": "100%",
        },
        {
            "id": "v5",
            "asset_id": "a4",
            "task_id": "t4",
            "status_id": revise,
            "date": date[4],
            "user_id": "ben",
        },
    )
    for version, user in (("v1", "anna"), ("v2", "anna"), ("v3", "ben"), ("v4", "anna")):
        studio.update("AssetVersion", [version], user_id=user)
    studio.update("AssetVersionCustomAttributeValue", ["ca-quality", "v3"], value="high")
    studio.create("AssetVersionLink", {"id": "avl1", "from_id": "v5", "to_id": "v3"})
    studio.create(
        "FileComponent",
        {"id": "c1", "name": "main", "file_type": ".mov", "size": 5_000_000_000, "version_id": "v1"},
        {"id": "c2", "name": "ftrackreview-mp4", "file_type": ".mp4", "size": 1000, "version_id": "v3"},
        {"id": "c3", "name": "ftrackreview-image", "file_type": ".jpg", "size": 10, "version_id": "v3"},
        {"id": "c4", "name": "main", "file_type": ".abc", "size": 77, "version_id": "v5"},
    )
    studio.create(
        "SequenceComponent", {"id": "c5", "name": "plate", "version_id": "v4", "padding": 4, "size": 3}
    )
    studio.create(
        "FileComponent",
        {"id": "c6", "name": "1", "file_type": ".exr", "size": 1, "container_id": "c5"},
        {"id": "c7", "name": "2", "file_type": ".exr", "size": 2, "container_id": "c5"},
    )
    studio.create(
        "ComponentLocation",
        {"id": "cl1", "component_id": "c2", "location_id": SERVER_LOCATION, "resource_identifier": "c2"},
        {
            "id": "cl2",
            "component_id": "c5",
            "location_id": UNMANAGED_LOCATION,
            "resource_identifier": "C:\\plates\\p.%04d.exr",
        },
        {
            "id": "cl3",
            "component_id": "c1",
            "location_id": UNMANAGED_LOCATION,
            "resource_identifier": "/mnt/a.mov",
        },
    )
    frames = json.dumps({"frameIn": 0, "frameOut": 150, "frameRate": 25})
    studio.create(
        "Metadata",
        {"parent_id": "c2", "parent_type": "FileComponent", "key": "ftr_meta", "value": frames},
        {"parent_id": "v1", "parent_type": "AssetVersion", "key": "farm", "value": "failed"},
    )
    studio.update("AssetVersion", ["v3"], thumbnail_id="c3")
    studio.update("Shot", ["sh1"], thumbnail_id="c3")


def _fill_notes(studio: Studio) -> None:
    version = {"parent_id": "v1", "parent_type": "AssetVersion"}
    studio.create(
        "Note",
        {**version, "id": "n1", "content": "Sky is too blue", "date": time_value("2024-04-01T10:00:00")},
        {**version, "id": "n2", "content": "fixed", "in_reply_to_id": "n1", "user_id": "ben"},
        {"id": "n3", "content": "on a task", "parent_id": "t1", "parent_type": "Task", "user_id": "anna"},
        {
            "id": "n4",
            "content": "To do: handles",
            "parent_id": "sh1",
            "parent_type": "Shot",
            "is_todo": True,
            "category_id": CLIENT_FEEDBACK,
        },
        {"id": "n5", "content": "on the project", "parent_id": "alpha", "parent_type": "Project"},
    )
    studio.update("Note", ["n1"], user_id="anna")
    studio.create("NoteLabelLink", {"note_id": "n1", "label_id": CLIENT_FEEDBACK})
    studio.create("Recipient", {"note_id": "n1", "resource_id": "ben"})
    studio.create("Recipient", {"note_id": "n1", "resource_id": "animators"})
    studio.create("NoteComponent", {"note_id": "n1", "component_id": "c3"})


def _fill_reviews(studio: Studio) -> None:
    studio.create("ReviewSessionFolder", {"id": "rf1", "name": "Client", "project_id": "alpha"})
    studio.create(
        "ReviewSession",
        {
            "id": "r1",
            "name": "Weekly review",
            "project_id": "alpha",
            "review_session_folder_id": "rf1",
            "shareable_url_enabled": True,
            "created_by_id": "anna",
        },
        {"id": "r2", "name": "Dailies 2024-03-01", "project_id": "alpha", "created_by_id": "anna"},
        {"id": "r3", "name": "Other", "project_id": "beta", "created_by_id": "ben"},
    )
    studio.create(
        "ReviewSessionObject",
        {"id": "o1", "review_session_id": "r1", "version_id": "v3", "name": "sh010", "version": "Version 3"},
        {"id": "o2", "review_session_id": "r1", "version_id": "v4", "name": "sh020", "version": "Version 1"},
        {"id": "o3", "review_session_id": "r2", "version_id": "v3", "name": "sh010", "description": "again"},
    )
    studio.create(
        "ReviewSessionInvitee",
        {"id": "i1", "review_session_id": "r1", "name": "Carla", "email": "carla@client.example"},
        {"id": "i2", "review_session_id": "r1", "name": "Ben", "email": "ben@studio.example"},
    )
    studio.create(
        "ReviewSessionObjectStatus",
        {
            "id": "s1",
            "review_session_object_id": "o1",
            "review_session_invitee_id": "i1",
            "status": "approved",
        },
        {
            "id": "s2",
            "review_session_object_id": "o1",
            "review_session_invitee_id": "i2",
            "status": "require_changes",
        },
        {"id": "s3", "review_session_object_id": "o2", "review_session_invitee_id": "i1", "status": "seen"},
    )
    review = {"parent_id": "o1", "parent_type": "ReviewSessionObject"}
    studio.create(
        "Note",
        {**review, "id": "n6", "content": "Love it", "user_id": "carla", "frame_number": 12},
        {**review, "id": "n7", "content": "Thanks!", "user_id": "anna", "in_reply_to_id": "n6"},
    )
    for note, day in (("n1", "01"), ("n6", "02")):
        studio.update("Note", [note], thread_activity=time_value(f"2024-04-{day}T12:00:00"))
    studio.create("Metadata", {"parent_id": "n6", "parent_type": "Note", "key": "inviteeId", "value": "i1"})
    studio.create(
        "ReviewSessionObjectAnnotation",
        {"id": "an1", "review_session_object_id": "o1", "data": '{"lines": []}', "frame_number": 12},
    )
    setting = {"parent_id": "r1", "parent_type": "ReviewSession", "group": "download"}
    studio.create("EntitySetting", {**setting, "name": "allowed", "value": "true"})
    studio.update("ReviewSession", ["r2"], end_date=time_value("2024-03-08T00:00:00"))


def _fill_lists(studio: Studio) -> None:
    category = studio.query("ListCategory")[0]["id"]
    listed = {"project_id": "alpha", "category_id": category, "user_id": "anna"}
    studio.create("AssetVersionList", {**listed, "id": "l1", "name": "dailies", "is_open": True})
    studio.create("TypedContextList", {**listed, "id": "l2", "name": "to do", "is_open": False})
    studio.create(
        "ListObject",
        {"id": "lo1", "list_id": "l1", "entity_id": "v3"},
        {"id": "lo2", "list_id": "l1", "entity_id": "v1"},
        {"id": "lo3", "list_id": "l2", "entity_id": "t1"},
        {"id": "lo4", "list_id": "l2", "entity_id": "sh1"},
    )


def _fill_site(studio: Studio) -> None:
    studio.create(
        "Job",
        {
            "id": "j1",
            "type": "api_job",
            "status": "done",
            "user_id": "anna",
            "data": '{"description": "Export"}',
        },
        {"id": "j2", "status": "running", "user_id": "ben", "data": "{}"},
    )
    studio.create("JobComponent", {"job_id": "j1", "component_id": "c4"})
    studio.create("UserApplicationState", {"user_id": "anna", "key": "nuke", "value": "{}"})
    studio.create("Dashboard", {"id": "db1", "name": "Board", "created_by_id": "anna"})
    studio.create("DashboardWidget", {"id": "dw1", "type": "w", "dashboard_id": "db1"})
    studio.create("Timer", {"id": "tm1", "user_id": "anna", "context_id": "t1"})
