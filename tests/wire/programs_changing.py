"""Programs that create, update and delete."""

from __future__ import annotations

import datetime as dt

import pytest

from ftrack_review import exception
from tests.wire.programs import program
from tests.wire.site import SITE, known


@program("create with references")
def _(session, folder):
    shot, project = known(session, "Shot", "shot"), known(session, "Project", "project")
    task = session.create("Task", {"name": "key", "parent": shot, "project": project, "bid": 3600.0})
    session.commit()
    assert (task["name"], task["bid"], task["parent"]) == ("key", 3600.0, shot)
    assert task["status"]["name"] == "Not started"


@program("create what refers to each other")
def _(session, folder):
    folder = session.create("Folder", {"name": "assets", "parent": known(session, "Project", "project")})
    task = session.create("Task", {"name": "model", "parent": folder})
    asset = session.create("Asset", {"name": "geo", "parent": folder})
    version = session.create("AssetVersion", {"asset": asset, "task": task})
    task["name"] = "modelling"
    session.commit()
    assert (task["name"], version["version"]) == ("modelling", 1)


@program("create with a collection")
def _(session, folder):
    task, other = known(session, "Task", "task"), known(session, "Task", "other_task")
    project = known(session, "Project", "project")
    category = session.query("ListCategory order by name").first()
    made = session.create(
        "TypedContextList",
        {"name": "dailies", "project": project, "category": category, "items": [task, other]},
    )
    session.commit()
    assert list(made["items"]) == [task, other]


@program("create with metadata")
def _(session, folder):
    shot = known(session, "Shot", "shot")
    task = session.create("Task", {"name": "key", "parent": shot, "metadata": {"lens": "50"}})
    task["metadata"]["stop"] = "2.8"
    session.commit()
    assert dict(task["metadata"]) == {"lens": "50", "stop": "2.8"}


@program("create with custom attributes")
def _(session, folder):
    task = session.create(
        "Task", {"name": "key", "parent": known(session, "Shot", "shot", project_id=SITE["project"])}
    )
    task["custom_attributes"]["takes"] = 3
    session.commit()
    assert task["custom_attributes"]["takes"] == 3


@program("update of plain values")
def _(session, folder):
    task = known(session, "Task", "task", name="comp", bid=2.0)
    task["name"] = "compositing"
    task["name"] = "comp ü"
    task["bid"] = 5.0
    task["end_date"] = dt.datetime(2024, 5, 6, 7, 8, 9, 500000)
    task["description"] = None
    session.commit()
    assert (task["name"], task["bid"]) == ("comp ü", 5.0)


@program("update of times with and without a zone")
def _(session, folder):
    task = known(session, "Task", "task")
    task["start_date"] = dt.date(2024, 5, 6)
    task["end_date"] = dt.datetime(2024, 5, 6, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    session.commit()
    session.reset()
    task = session.query(
        "select start_date, end_date from Task where end_date is '2024-05-06T07:00:00'"
    ).one()
    assert task["end_date"].isoformat() == "2024-05-06T07:00:00+00:00"


@program("update of a reference")
def _(session, folder):
    task = known(session, "Task", "task")
    task["status"] = session.query('Status where name is "Approved"').first()
    session.commit()
    assert task["status"]["name"] == "Approved"
    task["type_id"] = None
    session.commit()
    assert task["type"] is None


@program("updates of several entities are one request")
def _(session, folder):
    task, shot = known(session, "Task", "task"), known(session, "Shot", "shot")
    task["name"], shot["name"], task["bid"] = "a", "b", 1.0
    session.commit()


@program("a collection is appended to")
def _(session, folder):
    today = known(session, "TypedContextList", "list")
    today["items"].append(known(session, "Task", "task"))
    today["items"].append(known(session, "Task", "other_task"))
    session.commit()
    assert len(today["items"]) == 2


@program("a collection loses one and is replaced")
def _(session, folder):
    task, other = known(session, "Task", "task"), known(session, "Task", "other_task")
    today = known(session, "TypedContextList", "list", items=[])
    today["items"] = [task, other]
    session.commit()
    today["items"].remove(task)
    session.commit()
    today["items"] = [task]
    session.commit()
    today["items"] = []
    session.commit()
    session.reset()
    assert list(session.get("TypedContextList", SITE["list"])["items"]) == []


@program("metadata is set, changed, deleted and replaced")
def _(session, folder):
    task = known(session, "Task", "task")
    metadata = task["metadata"]
    metadata["lens"] = "50"
    session.commit()
    metadata["lens"] = "85"
    session.commit()
    metadata["stop"] = "4"
    del metadata["lens"]
    session.commit()
    task["metadata"] = {"camera": "A"}
    session.commit()
    session.reset()
    assert dict(session.get("Task", SITE["task"])["metadata"]) == {"camera": "A"}


@program("a custom attribute is set and changed")
def _(session, folder):
    task = known(session, "Task", "task")
    task["custom_attributes"]["takes"] = 5
    session.commit()
    task["custom_attributes"] = {"takes": 7}
    session.commit()
    session.reset()
    found = session.query('select name from Task where custom_attributes any (key is "takes" and value is 7)')
    assert found.one()["id"] == SITE["task"]


@program("delete")
def _(session, folder):
    task = known(session, "Task", "task")
    session.delete(task)
    session.commit()
    assert session.get("Task", SITE["task"]) is None


@program("delete several, and what is gone already")
def _(session, folder):
    tasks = [known(session, "Task", "task"), known(session, "Task", "other_task")]
    session.delete(tasks)
    session.commit()
    session.delete(session.create("Task", {"id": SITE["task"]}, reconstructing=True))
    session.commit()


@program("what is created and deleted is not mentioned")
def _(session, folder):
    shot = known(session, "Shot", "shot")
    session.delete(session.create("Task", {"name": "a", "parent": shot}))
    session.commit()
    task = session.create("Task", {"name": "b", "parent": shot})
    shot["name"] = "sh020"
    task["bid"] = 1.0
    session.delete(task)
    session.commit()


@program("a note on an entity")
def _(session, folder):
    author = session.query("User where username is admin").one()
    task = known(session, "Task", "task")
    label = session.query("NoteLabel").first()
    note = task.create_note("Brighter", author, recipients=[known(session, "User", "user")], labels=[label])
    session.commit()
    assert note["parent_id"] == SITE["task"]
    assert list(task["notes"]) == [note]
    reply = note.create_reply("Done", author)
    session.commit()
    assert reply["in_reply_to_id"] == note["id"]


@program("a missing required value")
def _(session, folder):
    session.create("AssetVersion", {"comment": "of nothing"})
    with pytest.raises(exception.ServerValidationError, match="asset"):
        session.commit()
    session.rollback()


@program("a value of the wrong type")
def _(session, folder):
    task = known(session, "Task", "task")
    task["bid"] = "much {0}"
    with pytest.raises(exception.ServerValidationError, match="bid.*much"):
        session.commit()
    session.rollback()


@program("one of several actions fails")
def _(session, folder):
    shot = known(session, "Shot", "shot")
    first = session.create("Task", {"name": "a", "parent": shot})
    second = session.create("Task", {"id": SITE["task"], "name": "b", "parent": shot})
    with pytest.raises(exception.ServerDuplicateError, match=SITE["task"]):
        session.commit()
    assert session.created == [first, second]
    session.rollback()
    assert session.get("Task", first["id"]) is None


@program("a second timer")
def _(session, folder):
    user, task = known(session, "User", "user"), known(session, "Task", "task")
    user.start_timer(task)
    with pytest.raises(exception.NotUniqueError):
        user.start_timer(task)
    session.commit()


@program("a new API key")
def _(session, folder):
    assert known(session, "User", "user").reset_api_key()


@program("the address of a widget")
def _(session, folder):
    assert session.get_widget_url("info", known(session, "Task", "task")).startswith("http://ftrack.test/")
