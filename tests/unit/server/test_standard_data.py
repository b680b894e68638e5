"""The first rows of a new database."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import sqlalchemy as sa

from ftrack_review import symbol
from ftrack_review.server import access, standard_data, standard_workflow
from ftrack_review.server.store import Store


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store") / "store.sqlite", is_durable=False)
    key = store.prepare()[1]
    yield store, key
    store.close()


@pytest.fixture
def rows(prepared):
    """A function that returns the rows of an entity type as dictionaries by attribute."""
    store, _ = prepared

    def read(entity_type):
        entity = store.catalogue.types[entity_type]
        columns = {**entity.columns, **entity.hidden}
        statement = sa.select(*(column.label(name) for name, column in columns.items()))
        if entity.type_column is not None:
            statement = statement.where(entity.type_column.in_(entity.concrete_types))
        with store.read() as connection:
            return [dict(row._mapping) for row in connection.run(statement.order_by(entity.table.c._row))]

    return read


def test_the_locations_and_no_others(rows):
    assert {row["name"]: row["id"] for row in rows("Location")} == {
        "ftrack.origin": symbol.ORIGIN_LOCATION_ID,
        "ftrack.unmanaged": symbol.UNMANAGED_LOCATION_ID,
        "ftrack.review": symbol.REVIEW_LOCATION_ID,
        "ftrack.connect": symbol.CONNECT_LOCATION_ID,
        "ftrack.server": symbol.SERVER_LOCATION_ID,
    }


def test_states_and_statuses(rows):
    states = {row["id"]: row["short"] for row in rows("State")}
    assert sorted(states.values()) == ["BLOCKED", "DONE", "IN_PROGRESS", "NOT_STARTED"]
    statuses = {row["name"]: states[row["_state_id"]] for row in rows("Status")}
    assert len(statuses) == 11
    assert statuses["Client approved"] == "DONE"
    assert statuses["Omitted"] == "BLOCKED"
    assert statuses["WIP"] == "NOT_STARTED"
    assert [row["sort"] for row in rows("Status")] == list(range(11))
    assert all(row["is_active"] for row in rows("Status"))


def test_priorities_types_and_object_types(rows):
    assert [row["name"] for row in rows("Priority")] == ["Urgent", "High", "Medium", "Low", "None"]
    assert rows("Priority")[-1]["id"] == standard_data.NO_PRIORITY_ID
    assert {row["value"] for row in rows("Priority")} == {0}
    assert len(rows("Type")) == 24
    assert [row["name"] for row in rows("Type") if not row["is_billable"]] == ["Furniture", "Production"]
    object_types = {row["name"]: row for row in rows("ObjectType")}
    assert len(object_types) == 10
    assert object_types["Shot"]["id"] == "bad911de-3bd6-47b9-8b46-3476e237cb36"
    assert [name for name, row in object_types.items() if row["is_time_reportable"]] == ["Task"]
    assert [name for name, row in object_types.items() if row["is_leaf"]] == ["Milestone", "Task"]
    assert [name for name, row in object_types.items() if not row["is_taskable"]] == ["Milestone", "Task"]
    assert {name for name, row in object_types.items() if not row["is_prioritizable"]} == {
        "Scene",
        "Image",
        "Information",
    }


def test_project_schemas_allow_what_they_should(rows):
    schemas = {row["name"]: row for row in rows("ProjectSchema")}
    assert set(schemas) == {"VFX", "Animation", "Model production", "Media production"}
    vfx = schemas["VFX"]
    statuses = {row["id"]: row["name"] for row in rows("Status")}
    types = {row["id"]: row["name"] for row in rows("Type")}
    object_types = {row["id"]: row["name"] for row in rows("ObjectType")}
    shot = next(
        row
        for row in rows("Schema")
        if row["project_schema_id"] == vfx["id"] and object_types[row["type_id"]] == "Shot"
    )
    allowed = [statuses[row["status_id"]] for row in rows("SchemaStatus") if row["schema_id"] == shot["id"]]
    assert allowed == ["Not started", "In progress", "Completed", "On Hold", "Omitted"]
    build = next(
        row
        for row in rows("Schema")
        if row["project_schema_id"] == vfx["id"] and object_types[row["type_id"]] == "Asset Build"
    )
    assert [types[row["type_id"]] for row in rows("SchemaType") if row["schema_id"] == build["id"]] == [
        "Character",
        "Prop",
        "Environment",
        "Matte Painting",
        "Vehicle",
    ]
    workflow = [
        statuses[row["status_id"]]
        for row in rows("WorkflowSchemaStatus")
        if row["workflow_schema_id"] == vfx["task_workflow_schema_id"]
    ]
    assert workflow[0] == "Not started"
    tasks = [r for r in rows("TaskTypeSchemaType") if r["task_type_schema_id"] == vfx["task_type_schema_id"]]
    assert len(tasks) == 17
    assert Counter(row["project_schema_id"] for row in rows("ProjectSchemaObjectType"))[vfx["id"]] == 7


def test_every_key_of_the_first_rows_leads_somewhere(prepared):
    store, _ = prepared
    with store.read() as connection:
        for entity in store.catalogue.types.values():
            for attribute, target in entity.foreign_keys.items():
                other = store.catalogue.types[target]
                if len(other.key_columns) > 1:
                    continue
                there, column = other.table.alias(), entity.columns[attribute]
                key = there.c[other.key_columns[0].name]
                dangling = sa.select(column).where(
                    column.is_not(None), ~sa.select(key).where(key == column).exists()
                )
                assert connection.run(dangling) == [], (entity.name, attribute)


def test_custom_attributes(rows):
    types = {row["id"]: row["name"] for row in rows("CustomAttributeType")}
    assert len(types) == 8
    assert types["6268aef0-381c-11e0-acff-0019bb49847a"] == "text"
    object_types = {row["id"]: row["name"] for row in rows("ObjectType")}
    found = {
        (row["key"], row["entity_type"], object_types.get(row["object_type_id"])): json.loads(row["default"])
        for row in rows("CustomAttributeConfiguration")
    }
    assert found == {
        ("fps", "show", None): 24,
        ("fps", "task", "Sequence"): 25,
        ("fps", "task", "Shot"): 25,
        ("fstart", "task", "Shot"): 1,
        ("fend", "task", "Shot"): 1,
        ("handles", "task", "Shot"): 0,
        ("duration", "task", "Shot"): "{self.fend - self.fstart + 1}",
    }
    assert all(isinstance(json.loads(row["config"]), dict) for row in rows("CustomAttributeConfiguration"))


def test_what_clients_know_by_id(rows):
    assert {row["id"]: row["name"] for row in rows("AssetType")}[
        "8f4144e0-a8e6-11e2-9e96-0800200c9a66"
    ] == "Upload"
    assert [(row["id"], row["name"]) for row in rows("NoteCategory")] == [
        ("42983ba0-53b0-11e4-916c-0800200c9a66", "Client feedback")
    ]
    assert "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8" in {row["id"] for row in rows("UserType")}
    assert rows("ListCategory")
    assert "Project Manager" in {row["name"] for row in rows("SecurityRole")}


def test_the_administrator_and_the_key(prepared, rows):
    store, key = prepared
    (user,) = rows("User")
    assert user["id"] == standard_data.ADMINISTRATOR_ID
    assert user["username"] == "admin"
    assert user["resource_type"] == "user"
    assert user["is_active"]
    with store.read() as connection:
        caller = access.authenticate(connection, store.catalogue, "admin", key)
    assert caller.user_id == user["id"]


def test_the_key_is_kept_as_a_hash_only(prepared):
    store, key = prepared
    with store.read() as connection:
        hashes = [row[0] for row in connection.run(sa.select(store.catalogue.private.api_key.c.hash))]
    assert hashes == [access.hash_secret(key)]
    with open(store.path, "rb") as file:
        content = file.read()
    with open(f"{store.path}-wal", "rb") as file:
        content += file.read()
    assert key.encode() not in content


def test_the_same_rows_in_every_new_database():
    assert standard_workflow.standard_id("User", "admin") == standard_data.ADMINISTRATOR_ID
    assert standard_workflow.standard_id("AssetType", "Rig") != standard_workflow.standard_id("Type", "Rig")


def test_making_a_database_takes_few_statements(tmp_path):
    """It takes about a tenth of a second. Statements are counted, as seconds depend on the machine."""
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    store.prepare()
    assert store.statements_run < 40
    store.close()
