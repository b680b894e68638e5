"""A small site, written straight into the tables, for tests of queries.

Ids are short and readable. What is not written here is the standard data of a new database.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, Optional

from ftrack_review.server import sql
from ftrack_review.server.store import Store

NOW = "2024-05-01T12:00:00"

SHOT_TYPE = "bad911de-3bd6-47b9-8b46-3476e237cb36"
TASK_TYPE = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"
UNMANAGED_LOCATION = "cb268ecc-8809-11e3-a7e2-20c9d081909b"

# Status names of the standard data.
APPROVED = "Approved"
IN_PROGRESS = "In progress"
NOT_STARTED = "Not started"


class Context:
    """What a query needs of a request."""

    now = NOW

    def __init__(self, connection: Any, catalogue: Any, *, denormalize: bool = False) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.answer = sql.Answer(denormalize=denormalize)

    def component_url(self, component_id: str) -> str:
        return f"http://server/component/{component_id}"

    def thumbnail_url(self, component_id: str) -> str:
        return f"http://server/thumbnail/{component_id}"


class Site:
    """A store with a catalogue, to write rows into and to query."""

    def __init__(self, folder: Any, database: Optional[str] = None) -> None:
        self.store = Store(database or folder / "site.sqlite", is_durable=False)
        self.catalogue, _ = self.store.prepare()

    def close(self) -> None:
        self.store.close()

    def add(self, entity_type: str, rows: Iterable[Dict[str, Any]]) -> None:
        """Write *rows* as entities of *entity_type*, with what sets the type apart filled in."""
        entity = self.catalogue.types[entity_type]
        made: List[Dict[str, Any]] = []
        for row in rows:
            values = {"_type": entity_type}
            for name, value in {**entity.classifiers, **row}.items():
                column = name if name.startswith("_") else entity.columns[name].name
                values[column] = value
            made.append(values)
        names = {name for values in made for name in values}
        with self.store.write() as connection:
            connection.run(
                entity.table.insert(), [{name: values.get(name) for name in names} for values in made]
            )

    def link(self, entity_type: str, attribute: str, pairs: Iterable[Any]) -> None:
        """Write rows of a hidden link table."""
        relation = self.catalogue.types[entity_type].relations[attribute]
        with self.store.write() as connection:
            connection.run(
                relation.link.insert(),
                [{relation.link_local.name: own, relation.link_remote.name: other} for own, other in pairs],
            )

    def page(self, expression: Any, *, denormalize: bool = False) -> Any:
        """Return the records and the next offset."""
        with self.store.read() as connection:
            context = Context(connection, self.catalogue, denormalize=denormalize)
            return sql.run_query(connection, self.catalogue, expression, context)

    def query(self, expression: Any, *, denormalize: bool = True) -> List[Dict[str, Any]]:
        """Return the records, complete unless told otherwise."""
        return self.page(expression, denormalize=denormalize)[0]

    def ids(self, expression: str) -> List[str]:
        """Return the ids of what is found, in order of ids."""
        return sorted(record["id"] for record in self.query(expression))

    def status(self, name: str) -> str:
        """Return the id of a status of the standard data."""
        return self.query(f'Status where name is "{name}"')[0]["id"]


def custom_attribute(
    key: str,
    entity_type: str,
    default: Any,
    *,
    object_type_id: Optional[str] = None,
    project_id: Optional[str] = None,
    is_hierarchical: bool = False,
    id: Optional[str] = None,
) -> Dict[str, Any]:
    """Return the row of a custom attribute configuration."""
    return {
        "id": id or f"conf-{key}",
        "key": key,
        "entity_type": entity_type,
        "object_type_id": object_type_id,
        "project_id": project_id,
        "is_hierarchical": is_hierarchical,
        "default": json.dumps(default),
        "config": "{}",
        "core": False,
        "sort": 0,
    }


def time_value(text: str) -> Dict[str, str]:
    return {"__type__": "datetime", "value": text}


def make_site(folder: Any, database: Optional[str] = None) -> Site:
    """Return a site with two projects, some work, versions, notes, people, a review and lists."""
    site = Site(folder, database)
    _add_people(site)
    _add_contexts(site)
    _add_versions(site)
    _add_notes(site)
    _add_review(site)
    _add_lists(site)
    _add_custom_attributes(site)
    return site


def _add_people(site: Site) -> None:
    site.add(
        "User",
        [
            {"id": "u1", "username": "anna", "first_name": "Anna", "last_name": "Berg", "is_active": True},
            {
                "id": "u2",
                "username": "ben@studio",
                "first_name": "Ben",
                "last_name": "Çelik",
                "is_active": False,
                "email": "ben@studio.example",
                "thumbnail_id": "c1",
            },
            {"id": "u3", "username": "cho", "first_name": "Cho", "last_name": None, "is_active": True},
        ],
    )
    site.add("Collaborator", [{"id": "k1", "email": "client@example.com", "first_name": "Carla"}])
    site.add("Group", [{"id": "g1", "name": "Animators", "local": False}])
    site.add("Membership", [{"id": "ms1", "group_id": "g1", "user_id": "u1"}])


def _add_contexts(site: Site) -> None:
    done, going, fresh = site.status(APPROVED), site.status(IN_PROGRESS), site.status(NOT_STARTED)
    site.add(
        "Project",
        [
            {"id": "p1", "name": "alpha", "full_name": "Alpha", "status": "active", "is_private": False},
            {"id": "p2", "name": "beta", "full_name": None, "status": "hidden", "is_private": True},
        ],
    )
    site.add("Sequence", [{"id": "sq1", "name": "sq010", "parent_id": "p1", "project_id": "p1", "sort": 0.0}])
    shot = {"project_id": "p1", "bid": 0.0}
    site.add(
        "Shot",
        [
            {**shot, "id": "sh1", "name": "sh010", "parent_id": "sq1", "status_id": going, "sort": 1.0},
            {**shot, "id": "sh2", "name": "sh020", "parent_id": "sq1", "status_id": fresh, "sort": 2.0},
            {
                "id": "sh3",
                "name": "SH010",
                "parent_id": "p2",
                "project_id": "p2",
                "status_id": fresh,
                "sort": 1.0,
                "thumbnail_id": "c1",
            },
        ],
    )
    site.add(
        "Task",
        [
            {
                "id": "t1",
                "name": "animation",
                "parent_id": "sh1",
                "project_id": "p1",
                "status_id": done,
                "bid": 3600.0,
                "description": "50% done",
                "end_date": "2024-06-01T00:00:00",
            },
            {
                "id": "t2",
                "name": "light_ing",
                "parent_id": "sh1",
                "project_id": "p1",
                "status_id": going,
                "bid": 0.5,
                "description": None,
                "end_date": None,
            },
            {
                "id": "t3",
                "name": "Éclairage",
                "parent_id": "sh2",
                "project_id": "p1",
                "status_id": None,
                "bid": 100.0,
                "description": "",
                "end_date": "2024-01-31T10:30:00",
            },
            {
                "id": "t4",
                "name": "animation",
                "parent_id": "sh3",
                "project_id": "p2",
                "status_id": fresh,
                "bid": None,
                "description": 'say "hi" C:\\tmp',
                "end_date": "2024-06-01T00:00:00",
            },
        ],
    )
    site.add(
        "Appointment",
        [
            {"id": "ap1", "context_id": "t1", "resource_id": "u1", "type": "assignment"},
            {"id": "ap2", "context_id": "t1", "resource_id": "g1", "type": "assignment"},
            {"id": "ap3", "context_id": "t2", "resource_id": "u2", "type": "allocation"},
        ],
    )
    site.add(
        "Timelog",
        [
            {"id": "tl1", "context_id": "t1", "user_id": "u1", "duration": 100.0, "start": NOW},
            {"id": "tl2", "context_id": "t1", "user_id": "u2", "duration": 50.0, "start": NOW},
        ],
    )
    site.add("TypedContextLink", [{"id": "dep1", "from_id": "t1", "to_id": "t2"}])
    site.add("Scope", [{"id": "london", "name": "London"}, {"id": "oslo", "name": "Oslo"}])
    site.link("Project", "scopes", [("p1", "london"), ("sh1", "london"), ("sh1", "oslo")])


def _add_versions(site: Site) -> None:
    done, going = site.status(APPROVED), site.status(IN_PROGRESS)
    site.add(
        "Asset",
        [
            {"id": "a1", "name": "main", "context_id": "sh1"},
            {"id": "a2", "name": "alt", "context_id": "sh1"},
            {"id": "a3", "name": "main", "context_id": "sh3"},
            {"id": "a4", "name": "empty", "context_id": "t3"},
        ],
    )
    site.add(
        "AssetVersion",
        [
            {
                "id": "v1",
                "asset_id": "a1",
                "version": 1,
                "task_id": "t1",
                "user_id": "u1",
                "status_id": done,
                "comment": "first",
                "date": "2024-03-01T10:00:00",
                "is_published": True,
                "thumbnail_id": "c1",
            },
            {
                "id": "v2",
                "asset_id": "a1",
                "version": 2,
                "task_id": "t1",
                "user_id": "u2",
                "status_id": going,
                "comment": "",
                "date": "2024-03-02T10:00:00",
                "is_published": False,
            },
            {
                "id": "v3",
                "asset_id": "a2",
                "version": 1,
                "task_id": None,
                "user_id": None,
                "status_id": going,
                "comment": None,
                "date": None,
                "is_published": True,
            },
            {
                "id": "v4",
                "asset_id": "a3",
                "version": 10,
                "task_id": "sh3",
                "user_id": "u1",
                "status_id": done,
                "comment": "100%",
                "date": "2024-03-02T00:00:00",
                "is_published": True,
            },
        ],
    )
    site.add("AssetVersionLink", [{"id": "vl1", "from_id": "v1", "to_id": "v2"}])
    site.add(
        "FileComponent",
        [
            {"id": "c1", "name": "main", "file_type": ".mov", "size": 5_000_000_000, "version_id": "v1"},
            {"id": "c3", "name": "1", "file_type": ".exr", "size": 1, "container_id": "c2"},
            {"id": "c4", "name": "2", "file_type": ".exr", "size": 2, "container_id": "c2"},
        ],
    )
    site.add(
        "SequenceComponent", [{"id": "c2", "name": "plate", "version_id": "v2", "padding": 4, "size": 3}]
    )
    site.add(
        "ComponentLocation",
        [
            {
                "id": "cl1",
                "component_id": "c1",
                "location_id": SERVER_LOCATION,
                "resource_identifier": "c1",
            },
            {
                "id": "cl2",
                "component_id": "c2",
                "location_id": UNMANAGED_LOCATION,
                "resource_identifier": "C:\\plates\\p.%04d.exr",
            },
        ],
    )
    site.add(
        "Metadata",
        [
            {"parent_id": "v1", "parent_type": "AssetVersion", "key": "k", "value": "one"},
            {"parent_id": "v1", "parent_type": "AssetVersion", "key": "other", "value": "two"},
            {"parent_id": "v2", "parent_type": "AssetVersion", "key": "k", "value": "two"},
            {"parent_id": "t1", "parent_type": "Task", "key": "k", "value": "4"},
        ],
    )


def _add_notes(site: Site) -> None:
    label = "42983ba0-53b0-11e4-916c-0800200c9a66"
    version = {"parent_id": "v1", "parent_type": "AssetVersion"}
    site.add(
        "Note",
        [
            {
                **version,
                "id": "n1",
                "content": "sky too blue",
                "user_id": "u1",
                "date": "2024-04-01T00:00:00",
            },
            {**version, "id": "n2", "content": "fixed", "user_id": "u2", "in_reply_to_id": "n1"},
            {
                "id": "n3",
                "content": "Love it",
                "user_id": "k1",
                "parent_id": "o1",
                "parent_type": "ReviewSessionObject",
                "frame_number": 12,
                "category_id": label,
            },
            {"id": "n4", "content": "on a shot", "user_id": None, "parent_id": "sh1", "parent_type": "Shot"},
        ],
    )
    site.add("NoteLabelLink", [{"note_id": "n3", "label_id": label}])
    site.add("Recipient", [{"note_id": "n1", "resource_id": "u2"}, {"note_id": "n1", "resource_id": "g1"}])
    site.add("NoteComponent", [{"note_id": "n1", "component_id": "c1"}])
    site.add("NoteAnnotationComponent", [{"note_id": "n3", "component_id": "c1", "data": '{"lines": [1]}'}])


def _add_review(site: Site) -> None:
    review = {"project_id": "p1", "created_by_id": "u1", "description": ""}
    week = {"start_date": "2024-04-30T00:00:00", "end_date": "2024-05-07T00:00:00"}
    site.add(
        "ReviewSession",
        [
            {**review, **week, "id": "r1", "name": "open"},
            {**review, **week, "id": "r2", "name": "ends now", "end_date": NOW},
            {**review, **week, "id": "r3", "name": "begins now", "start_date": NOW},
            {**review, **week, "id": "r4", "name": "closed", "availability": "closed"},
            {
                **review,
                "id": "r5",
                "name": "always",
                "availability": "always_open",
                "start_date": "2020-01-01T00:00:00",
                "end_date": "2020-01-02T00:00:00",
                "thumbnail_source_id": "v1",
            },
        ],
    )
    site.add(
        "ReviewSessionObject",
        [
            {"id": "o1", "review_session_id": "r1", "version_id": "v2", "name": "", "sort_order": 2.0},
            {"id": "o2", "review_session_id": "r1", "version_id": "v1", "name": "x", "sort_order": 1.0},
        ],
    )
    site.add(
        "ReviewSessionInvitee",
        [
            {"id": "i1", "review_session_id": "r1", "name": "Carla", "email": "c@x.com", "resource_id": "k1"},
            {"id": "i2", "review_session_id": "r1", "name": "Anna", "email": "a@x.com", "resource_id": "u1"},
        ],
    )
    site.add(
        "ReviewSessionObjectStatus",
        [
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
        ],
    )


def _add_lists(site: Site) -> None:
    site.add("AssetVersionList", [{"id": "l1", "name": "dailies", "project_id": "p1", "is_open": True}])
    site.add("TypedContextList", [{"id": "l2", "name": "to do", "project_id": "p1", "is_open": False}])
    site.add(
        "ListObject",
        [
            {"id": "lo1", "list_id": "l1", "entity_id": "v3"},
            {"id": "lo2", "list_id": "l1", "entity_id": "v1"},
            {"id": "lo3", "list_id": "l2", "entity_id": "t1"},
            {"id": "lo4", "list_id": "l2", "entity_id": "sh1"},
        ],
    )


def _add_custom_attributes(site: Site) -> None:
    task = {"object_type_id": TASK_TYPE}
    site.add(
        "CustomAttributeConfiguration",
        [
            custom_attribute("look", "task", "plain", **task),
            custom_attribute("level", "task", 4, **task),
            custom_attribute("flag", "task", False, **task),
            custom_attribute("due", "task", None, **task),
            custom_attribute("tags", "task", [], **task),
            custom_attribute("budget", "show", 1.5, is_hierarchical=True),
            custom_attribute("look", "task", "of alpha", id="conf-look-p1", project_id="p1", **task),
            custom_attribute("quality", "assetversion", ""),
            custom_attribute("desk", "user", "A1"),
        ],
    )
    context = "ContextCustomAttributeValue"
    site.add(
        context,
        [
            _value("conf-look-p1", "t1", "4"),
            _value("conf-level", "t1", 7),
            _value("conf-flag", "t1", True),
            _value("conf-due", "t1", time_value("2024-02-01T00:00:00")),
            _value("conf-tags", "t1", ["red", "blue"]),
            _value("conf-budget", "sh1", 20),
        ],
    )
    site.add("AssetVersionCustomAttributeValue", [_value("conf-quality", "v1", "high")])
    site.add(
        "CustomAttributeLinkConfiguration",
        [
            {
                "id": "conf-supervisor",
                "key": "supervisor",
                "entity_type": "task",
                "object_type_id": TASK_TYPE,
                "entity_type_to": "user",
                "config": "{}",
            }
        ],
    )
    site.add(
        "UserCustomAttributeLink",
        [
            {
                "id": "cal1",
                "configuration_id": "conf-supervisor",
                "from_id": "t1",
                "from_entity_type": "Task",
                "to_id": "u1",
                "to_entity_type": "User",
                "_from_type": "ContextCustomAttributeLinkFrom",
            }
        ],
    )


def _value(configuration_id: str, entity_id: str, value: Any) -> Dict[str, Any]:
    return {"configuration_id": configuration_id, "entity_id": entity_id, "value": json.dumps(value)}
