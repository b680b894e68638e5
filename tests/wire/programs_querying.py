"""Programs that read: starting, querying, and fetching what is not known yet."""

from __future__ import annotations

import pytest

from ftrack_review import exception
from tests.wire.programs import program
from tests.wire.site import SITE, known


@program("the start of a session", opens=True)
def _(connect, folder):
    with connect() as session:
        assert session.server_information["version"] == "dev"
        assert session.types["Task"].primary_key_attributes == ["id"]


@program("the start with the schema of the start before", opens=True)
def _(connect, folder):
    connect(schema_cache_path=str(folder)).close()
    with connect(schema_cache_path=str(folder)) as session:
        assert "Task" in session.types


@program("a query with the default projections")
def _(session, folder):
    (project,) = session.query("Project").all()
    assert project["name"] == "film"


@program("a query in pages of which the last is full")
def _(session, folder):
    tasks = session.query("select name from Task order by name", page_size=1)
    assert [task["name"] for task in tasks] == ["comp", "roto"]
    assert len(tasks) == 2


@program("pages of everything")
def _(session, folder):
    tasks = session.query("select name from TypedContext order by name", page_size=2)
    assert len(tasks.all()) == 3


@program("a query with its own limit and offset")
def _(session, folder):
    tasks = session.query("select name from TypedContext order by name limit 2 offset 1", page_size=500)
    assert [task["name"] for task in tasks] == ["roto", "sh010"]


@program("one and first")
def _(session, folder):
    assert session.query('Task where name is "comp"').one()["id"] == SITE["task"]
    assert session.query("select name from Task order by name desc").first()["name"] == "roto"
    assert session.query('Task where name is "no such"').first() is None


@program("one where there are several")
def _(session, folder):
    with pytest.raises(exception.MultipleResultsFoundError):
        session.query("select name from Task").one()


@program("texts as people write them")
def _(session, folder):
    expression = """
        Select name, parent.name,name
        FROM Task where name = 'comp'and parent.name like "sh0%" ORDER by name
    """
    (task,) = session.query(expression).all()
    assert task["parent"]["name"] == "sh010"
    assert session.query('select name from Task where name is "limit 30 offset 2"').all() == []


@program("a repeated entity is written once")
def _(session, folder):
    tasks = session.query("select name, status.name, status.state.short from Task order by name").all()
    first, second = tasks
    assert first["status"] is second["status"]
    assert second["status"]["state"]["short"] == "NOT_STARTED"


@program("casts and subqueries")
def _(session, folder):
    text = (
        'select name from Task where parent[Shot].name is "sh010" and id in '
        "(select task_id from AssetVersion where version >= 1)"
    )
    assert [task["id"] for task in session.query(text)] == [SITE["task"]]


@program("get")
def _(session, folder):
    shot = session.get("Shot", SITE["shot"])
    assert shot["name"] == "sh010"
    assert session.get("Shot", SITE["shot"]) is shot
    assert session.get("Context", SITE["shot"]) is shot
    assert session.get("Metadata", [SITE["shot"], "key"]) is None


@program("what is not known yet is fetched when it is read")
def _(session, folder):
    task = known(session, "Task", "task")
    assert task["bid"] == 2.0
    assert task["parent"]["name"] == "sh010"
    assert list(task["notes"]) == []
    assert dict(task["metadata"]) == {}
    assert task["custom_attributes"]["takes"] == 1
    assert task["link"][-1]["name"] == "comp"


@program("what siblings lack is fetched with it")
def _(session, folder):
    tasks = session.query("select name from Task order by name").all()
    assert [task["bid"] for task in tasks] == [2.0, 0.0]


@program("populate of several types")
def _(session, folder):
    shot, task = known(session, "Shot", "shot"), known(session, "Task", "task")
    other = known(session, "Task", "other_task")
    session.populate([task, shot, other], "name, parent.name")
    with session.auto_populating(False):
        assert [task["name"], shot["name"], other["name"]] == ["comp", "sh010", "roto"]


@program("all values of an entity in one request")
def _(session, folder):
    state = session.query('select id from State where short is "DONE"').one()
    assert dict(state.items())["name"] == "Done"


@program("search")
def _(session, folder):
    answer = session.call([{
        "action": "search",
        "entity_type": "Task",
        "terms": ["sh010", "comp"],
        "expression": "select name from Task",
        "context_id": None,
        "object_type_ids": None,
    }])  # fmt: skip
    assert [task["name"] for task in answer[0]["data"]] == ["comp"]


@program("counting")
def _(session, folder):
    text = f'select count(id), parent_id from Task where project_id is "{SITE["project"]}" group by parent_id'
    answer = session.call([{"action": "query", "expression": text}])
    assert answer[0]["data"] == [{"count_id": 2, "parent_id": SITE["shot"]}]


@program("a query with an unknown attribute")
def _(session, folder):
    with pytest.raises(exception.ServerValidationError, match="fullname.*full_name") as caught:
        session.query("select fullname from Project").all()
    assert caught.value.error_class == "ValidationError"


@program("an unknown action")
def _(session, folder):
    with pytest.raises(exception.ServerCompatibilityError, match="Invalid action u'frobnicate'"):
        session.call([{"action": "frobnicate"}])


@program("bad credentials", opens=True)
def _(connect, folder):
    with pytest.raises(exception.ServerAuthenticationError, match="FTRACK_API_KEY") as caught:
        connect(api_key="wrong")
    assert caught.value.error_code == "api_credentials_invalid"


@program("bad credentials where errors have a status", opens=True)
def _(connect, folder):
    with pytest.raises(exception.ServerAuthenticationError):
        connect(api_key="wrong", strict_api=True)


@program("errors that have a status", opens=True)
def _(connect, folder):
    with connect(strict_api=True) as session:
        with pytest.raises(exception.ServerValidationError):
            session.query("select nope from Task").all()
        task = session.create("Task", {"id": SITE["task"], "name": "a"})
        with pytest.raises(exception.ServerDuplicateError):
            session.commit()
        session.rollback()
        task = session.create("Task", {"id": SITE["asset"]}, reconstructing=True)
        task["name"] = "x"
        with pytest.raises(exception.ServerNotFoundError):
            session.commit()
        session.rollback()
