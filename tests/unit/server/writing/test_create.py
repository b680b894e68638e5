import uuid

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create, update


def reference(entity_type, key):
    return {"__entity_type__": entity_type, "id": key}


def test_the_answer_holds_what_was_sent_and_nothing_else(desk):
    project_id = desk.project()
    key = str(uuid.uuid4())
    sent = create("Task", id=key, name="t", parent=reference("Context", project_id), bid=3)
    (answer,) = desk.send(sent)
    assert answer == {
        "action": "create",
        "data": {
            "__entity_type__": "Task",
            "id": key,
            "name": "t",
            "parent": reference("Context", project_id),
            "bid": 3.0,
        },
    }


def test_the_type_of_the_answer_is_the_one_that_was_sent(desk):
    shot = desk.one('select id from ObjectType where name is "Shot"')["id"]
    action = create("TypedContext", name="s", parent_id=desk.project(), object_type_id=shot)
    (answer,) = desk.send(action)
    assert answer["data"]["__entity_type__"] == "TypedContext"
    assert desk.one('TypedContext where name is "s"')["__entity_type__"] == "Shot"


def test_a_key_is_made_where_none_is_sent(desk):
    action = {"action": "create", "entity_type": "AssetType", "entity_data": {"name": "n", "short": "s"}}
    (answer,) = desk.send(action)
    assert desk.one('select name from AssetType where id is "{}"'.format(answer["data"]["id"]))["name"] == "n"


@pytest.mark.parametrize("as_list", [True, False])
def test_the_key_may_come_beside_the_data(desk, as_list):
    key = str(uuid.uuid4())
    action = {
        "action": "create",
        "entity_type": "AssetType",
        "entity_key": [key] if as_list else key,
        "entity_data": {"name": "n", "short": "s"},
    }
    assert desk.send(action)[0]["data"]["id"] == key
    with pytest.raises(ServerFault, match="entity_key"):
        desk.send({**action, "entity_data": {"id": str(uuid.uuid4()), "name": "n", "short": "s"}})


def test_a_reference_and_its_key_may_be_sent_together(desk):
    project_id, other = desk.project(), desk.project()
    desk.create("Task", name="t", parent=reference("Project", project_id), parent_id=project_id)
    with pytest.raises(ServerFault, match="agree"):
        desk.create("Task", name="t", parent=reference("Project", project_id), parent_id=other)


def test_a_reference_may_point_to_what_comes_later_in_the_batch(desk):
    project_id = desk.project()
    task = create("Task", name="t", parent_id=project_id)
    version_asset = create("Asset", name="a", context_id=task["entity_data"]["id"])
    desk.send(version_asset, task)
    assert desk.one("select parent.name from Asset")["parent"]["name"] == "t"


def test_a_required_attribute_may_be_set_later_in_the_batch(desk):
    project_id = desk.project()
    version_id = desk.version(project_id)
    session, item = create("ReviewSession", name="r"), create("ReviewSessionObject", name="o")
    desk.send(
        session,
        item,
        update("ReviewSession", session["entity_data"]["id"], project=reference("Project", project_id)),
        update(
            "ReviewSessionObject",
            item["entity_data"]["id"],
            review_session=reference("ReviewSession", session["entity_data"]["id"]),
            asset_version=reference("AssetVersion", version_id),
        ),
    )
    row = desk.one("select sort_order, review_session.project.id from ReviewSessionObject")
    assert row["sort_order"] == 1
    assert row["review_session"]["project"]["id"] == project_id


@pytest.mark.parametrize(
    ("entity_type", "data", "words"),
    [
        ("Tusk", {"name": "t"}, ["Tusk", "Task"]),
        ("Version", {}, ["Version", "AssetVersion"]),
        ("User", {"usernam": "u"}, ["usernam", "'u'", "username"]),
        ("ReviewSessionObject", {"asset_version_id": "x"}, ["asset_version_id", "'x'", "version_id"]),
        ("ReviewSession", {"status": "open"}, ["status", "'open'"]),
        ("ReviewSession", {"is_open": True}, ["is_open", "True"]),
        ("User", {"username": 3}, ["User.username", "text", "3"]),
        ("User", {"username": "u\x00"}, ["User.username", "NUL"]),
        ("User", {"username": ["u"]}, ["User.username", "['u']"]),
        ("User", {"username": "u", "is_active": "perhaps"}, ["User.is_active", "perhaps"]),
        ("FileComponent", {"size": "large"}, ["FileComponent.size", "large"]),
        ("FileComponent", {"size": 1.5}, ["FileComponent.size", "1.5"]),
        ("FileComponent", {"size": 2**70}, ["FileComponent.size"]),
        ("Task", {"bid": True}, ["Task.bid", "True"]),
        ("Task", {"start_date": "soon"}, ["Task.start_date", "soon"]),
        (
            "Task",
            {"start_date": {"__type__": "datetime", "value": "2024-02-30"}},
            ["start_date", "2024-02-30"],
        ),
        ("Job", {"status": "sleeping"}, ["Job.status", "queued, running, done, failed", "sleeping"]),
        ("Job", {"data": "{not json"}, ["Job.data", "JSON"]),
        ("Task", {"status": "done"}, ["Task.status", "Status", "done"]),
        ("Task", {"status": {"__entity_type__": "Status"}}, ["Task.status", "id"]),
        ("Task", {"notes": "none"}, ["Task.notes", "list"]),
        ("Context", {"name": "c"}, ["Context", "Task"]),
        ("Metadata", {"value": "v"}, ["Metadata.parent_id"]),
    ],
)
def test_what_is_wrong_is_named_with_its_value(desk, entity_type, data, words):
    action = create(entity_type, **data)
    if entity_type == "Metadata":
        del action["entity_data"]["id"]
    with pytest.raises(ServerFault) as caught:
        desk.send(action)
    assert caught.value.exception_class == "ValidationError"
    assert caught.value.status == 422
    for word in words:
        assert word in caught.value.content


@pytest.mark.parametrize(
    ("entity_type", "data", "attribute"),
    [
        ("Project", {"name": "p"}, "project_schema_id"),
        ("Task", {"name": "t"}, "parent_id"),
        ("AssetVersion", {}, "asset_id"),
        ("ReviewSession", {"name": "r"}, "project_id"),
        ("ReviewSessionObject", {}, "review_session_id"),
        ("ReviewSessionInvitee", {"email": "a@example.com"}, "review_session_id"),
        ("User", {"first_name": "u"}, "username"),
        ("List", {"name": "l", "system_type": "task"}, "category_id"),
    ],
)
def test_a_required_attribute_that_stays_empty_is_named(desk, entity_type, data, attribute):
    with pytest.raises(ServerFault, match=rf"{entity_type}\w*\.\w+ is required") as caught:
        desk.create(entity_type, **data)
    assert caught.value.attribute is not None
    if entity_type not in ("ReviewSessionObject", "List"):
        assert caught.value.attribute == attribute


@pytest.mark.parametrize(
    ("attribute", "target"), [("project_schema_id", "ProjectSchema"), ("thumbnail_id", "Component")]
)
def test_a_dangling_reference_is_named(desk, attribute, target):
    missing = str(uuid.uuid4())
    with pytest.raises(ServerFault) as caught:
        desk.project(**{attribute: missing})
    assert attribute in caught.value.content
    assert missing in caught.value.content
    assert target in caught.value.content


def test_a_reference_to_the_wrong_type_is_refused(desk):
    project_id = desk.project()
    desk.version(project_id)
    asset = desk.one("select id from Asset")["id"]
    with pytest.raises(ServerFault, match="task_id.*is a Project"):
        desk.create("AssetVersion", task=reference("Task", project_id), asset_id=asset)


def test_a_key_that_is_taken_is_refused(desk):
    project_id = desk.project()
    with pytest.raises(ServerFault) as caught:
        desk.project(id=project_id)
    assert caught.value.exception_class == "DuplicateEntryError"
    assert caught.value.status == 409
    assert project_id in caught.value.content


def test_a_key_can_be_used_again_after_deletion(desk):
    project_id = desk.project()
    schema = desk.one('select id from ProjectSchema where name is "VFX"')["id"]
    desk.send(
        {"action": "delete", "entity_type": "Project", "entity_key": [project_id]},
        create("Project", id=project_id, name="again", project_schema_id=schema),
    )
    assert desk.one("select name from Project")["name"] == "again"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"__type__": "datetime", "value": "2024-05-01T10:20:30.999999+02:00"}, "2024-05-01T08:20:30"),
        ({"__type__": "datetime", "value": "2024-05-01"}, "2024-05-01T00:00:00"),
        ("2024-05-01T10:20:30Z", "2024-05-01T10:20:30"),
        ("2024-05-01 10:20", "2024-05-01T10:20:00"),
    ],
)
def test_times_are_stored_as_seconds_of_utc_and_echoed_as_sent(desk, sent, stored):
    action = create("Task", name="t", parent_id=desk.project(), start_date=sent)
    assert desk.send(action)[0]["data"]["start_date"] == sent
    assert desk.one("select start_date from Task")["start_date"] == {"__type__": "datetime", "value": stored}


def test_a_text_that_looks_like_a_time_stays_a_text(desk):
    name = "2024-05-01T10:20:30.000Z"
    action = create("Task", name={"__type__": "datetime", "value": name}, parent_id=desk.project())
    assert desk.send(action)[0]["data"]["name"] == name
    assert desk.one("select name from Task")["name"] == name


def test_null_becomes_the_default_where_a_value_is_required(desk):
    review = desk.review()
    desk.update("ReviewSessionObject", review.object, description=None, version=None)
    row = desk.one("select description, version from ReviewSessionObject")
    assert (row["description"], row["version"]) == ("", "")


def test_numbers_and_flags_become_text_in_metadata(desk):
    project_id = desk.project()
    action = create("Metadata", parent_id=project_id, parent_type="Project", key="frames", value=24)
    del action["entity_data"]["id"]
    desk.send(action)
    assert desk.one("select value from Metadata")["value"] == "24"


def test_the_server_fills_what_was_left_out(desk):
    project_id = desk.project()
    task_id = desk.create("Task", name="t", project_id=project_id)
    task = desk.one(
        "select parent_id, project_id, bid, sort, created_at, created_by.username, status.state.short, "
        f"type.name, priority.name, context_type from Task where id is {task_id}"
    )
    assert task["parent_id"] == task["project_id"] == project_id
    assert (task["bid"], task["sort"], task["context_type"]) == (0, 0, "task")
    assert task["created_by"]["username"] == "admin"
    assert task["status"]["state"]["short"] == "NOT_STARTED"
    assert task["type"]["name"]
    assert task["priority"]["name"] == "None"
    project = desk.one("select status, is_global, full_name from Project")
    assert (project["status"], project["is_global"], project["full_name"]) == ("active", False, "project")


def test_what_has_no_status_gets_none(desk):
    folder = desk.create("Folder", name="f", parent_id=desk.project())
    row = desk.one(f"select status_id, type_id from Folder where id is {folder}")
    assert (row["status_id"], row["type_id"]) == (None, None)


def test_defaults_that_the_caller_overrides_stay_overridden(desk):
    status = desk.one('select id from Status where name is "In progress"')["id"]
    desk.create("Task", name="t", parent_id=desk.project(), status_id=status, bid=7.5)
    task = desk.one("select status.name, bid from Task")
    assert (task["status"]["name"], task["bid"]) == ("In progress", 7.5)


def test_versions_count_from_one_in_each_asset(desk):
    project_id = desk.project()
    desk.version(project_id)
    asset = desk.one("select id from Asset")["id"]
    desk.send(create("AssetVersion", asset_id=asset), create("AssetVersion", asset_id=asset))
    desk.create("AssetVersion", asset_id=asset, version=10)
    desk.create("AssetVersion", asset_id=asset)
    other = desk.version(project_id)
    rows = desk.query(f"select version, is_latest_version from AssetVersion where asset_id is {asset}")
    assert [row["version"] for row in rows] == [1, 2, 3, 10, 11]
    assert [row["version"] for row in rows if row["is_latest_version"]] == [11]
    row = desk.one(
        f"select version, date, user.username, status.name, project_id from AssetVersion where id is {other}"
    )
    assert row["version"] == 1
    assert row["date"] is not None
    assert row["user"]["username"] == "admin"
    assert row["status"]["name"]
    assert row["project_id"] == project_id


def test_the_kind_of_a_component_follows_its_type(desk):
    for entity_type, kind in (
        ("FileComponent", "file"),
        ("SequenceComponent", "sequence"),
        ("ContainerComponent", "container"),
    ):
        key = desk.create(entity_type, name="c")
        row = desk.one(f"select system_type from Component where id is {key}")
        assert (row["__entity_type__"], row["system_type"]) == (entity_type, kind)


def test_a_component_is_in_a_location_once(desk):
    component, location = (
        desk.create("FileComponent", name="c"),
        desk.one('Location where name is "ftrack.server"'),
    )
    for _ in range(2):
        last = desk.create("ComponentLocation", component_id=component, location_id=location["id"])
    assert desk.one("ComponentLocation")["id"] == last


def test_a_new_object_type_is_a_new_entity_type(desk):
    before = desk.catalogue.hash
    desk.send(create("ObjectType", name="Camera Rig", is_statusable=False))
    assert "CameraRig" in desk.catalogue.types
    assert desk.catalogue.hash != before
    desk.create("CameraRig", name="rig", parent_id=desk.project())
    assert desk.one('TypedContext where name is "rig"')["__entity_type__"] == "CameraRig"


def test_a_failed_batch_leaves_the_entity_types_alone(desk):
    before = desk.catalogue.hash
    with pytest.raises(ServerFault):
        desk.send(create("ObjectType", name="Camera Rig"), create("AssetVersion"))
    assert desk.catalogue.hash == before


def test_a_whole_project_schema_can_be_made_with_chosen_ids(desk):
    workflow, types, schema = create("WorkflowSchema", name="w"), create("TaskTypeSchema", name="t"), "s" * 36
    status = desk.create("Status", name="Fresh", is_active=True, color="#fff")
    task_type = desk.create("Type", name="Cloth")
    task = desk.one('select id from ObjectType where name is "Task"')["id"]
    desk.send(
        workflow,
        types,
        update("WorkflowSchema", workflow["entity_data"]["id"], statuses=[reference("Status", status)]),
        update("TaskTypeSchema", types["entity_data"]["id"], types=[reference("Type", task_type)]),
        create(
            "ProjectSchema",
            id=schema,
            name="Own",
            task_workflow_schema_id=workflow["entity_data"]["id"],
            asset_version_workflow_schema_id=workflow["entity_data"]["id"],
            task_type_schema_id=types["entity_data"]["id"],
            object_types=[reference("ObjectType", task)],
        ),
    )
    project_id = desk.project(project_schema_id=schema)
    desk.create("Task", name="t", parent_id=project_id)
    row = desk.one("select status.name, type.name from Task")
    assert (row["status"]["name"], row["type"]["name"]) == ("Fresh", "Cloth")
    found = desk.one(f"select object_types.name from ProjectSchema where id is {schema}")
    assert [item["name"] for item in found["object_types"]] == ["Task"]
