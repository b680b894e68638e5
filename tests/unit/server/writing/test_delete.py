import uuid

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create


def test_deleting_what_is_gone_is_no_error(desk):
    project_id = desk.project()
    assert desk.delete("Project", project_id) is True
    assert desk.delete("Project", project_id) is True
    assert desk.delete("Metadata", project_id, "k") is True
    with pytest.raises(ServerFault, match="Porject"):
        desk.delete("Porject", project_id)


def test_a_project_takes_everything_below_it_along(desk):
    review = desk.review()
    folder = desk.create("Folder", name="f", parent_id=review.project)
    task = desk.create("Task", name="t", parent_id=folder)
    version = desk.version(review.project)
    component = desk.create("FileComponent", name="c", version_id=version)
    location = desk.one('Location where name is "ftrack.server"')["id"]
    desk.create("ComponentLocation", component_id=component, location_id=location)
    desk.create("Appointment", context_id=task, resource_id=desk.caller.user_id)
    desk.create("Timelog", context_id=task, duration=1)
    desk.create("Note", content="c", parent_id=task, parent_type="Task")
    desk.create(
        "ReviewSessionObjectStatus",
        review_session_object_id=review.object,
        review_session_invitee_id=review.invitee,
        status="approved",
    )
    action = create("Metadata", parent_id=version, parent_type="AssetVersion", key="k", value="v")
    del action["entity_data"]["id"]
    desk.send(action)
    desk.delete("Project", review.project)
    for name in [
        "Context",
        "Asset",
        "AssetVersion",
        "Component",
        "ComponentLocation",
        "Appointment",
        "Timelog",
        "Note",
        "Recipient",
        "Metadata",
        "ReviewSession",
        "ReviewSessionObject",
        "ReviewSessionInvitee",
        "ReviewSessionObjectStatus",
    ]:
        assert desk.query(name) == [], name
    removed = {change.entity_type for change in desk.changes}
    assert {"Project", "Folder", "Task", "AssetVersion", "FileComponent"} <= removed


def test_a_task_goes_alone_where_its_version_hangs_on_an_asset(desk):
    project_id = desk.project()
    task = desk.create("Task", name="t", parent_id=project_id)
    version = desk.version(project_id)
    desk.send(
        {**create("AssetVersion", id=version, task_id=task), "action": "update", "entity_key": [version]}
    )
    desk.delete("Task", task)
    assert desk.one("select task_id from AssetVersion")["task_id"] is None


def test_an_asset_takes_versions_components_links_and_review_objects_along(desk):
    review = desk.review()
    used = desk.version(review.project)
    version = desk.one("select version_id from ReviewSessionObject")["version_id"]
    desk.create("AssetVersionLink", from_id=version, to_id=used)
    desk.create("FileComponent", name="c", version_id=version)
    asset = desk.one(f"select asset_id from AssetVersion where id is {version}")["asset_id"]
    desk.delete("Asset", asset)
    assert [row["id"] for row in desk.query("AssetVersion")] == [used]
    for name in ("Component", "AssetVersionLink", "ReviewSessionObject"):
        assert desk.query(name) == [], name
    assert desk.one("ReviewSession")["id"] == review.session


def test_notes_of_a_review_object_stay_and_those_of_a_version_go(desk):
    review = desk.review()
    version = desk.one("select version_id from ReviewSessionObject")["version_id"]
    kept = desk.create("Note", content="k", parent_id=review.object, parent_type="ReviewSessionObject")
    desk.create("Note", content="g", parent_id=version, parent_type="AssetVersion")
    desk.delete("AssetVersion", version)
    assert desk.query("ReviewSessionObject") == []
    assert [row["id"] for row in desk.query("Note")] == [kept]


def test_a_note_takes_replies_labels_attachments_and_recipients_along(desk):
    task = desk.create("Task", name="t", parent_id=desk.project())
    note = desk.create("Note", content="n", parent_id=task, parent_type="Task")
    desk.create("Note", content="r", in_reply_to_id=note)
    component = desk.create("FileComponent", name="c")
    category = desk.one("select id from NoteCategory limit 1")["id"]
    for entity_type, data in (
        ("NoteComponent", {"component_id": component}),
        ("NoteLabelLink", {"label_id": category}),
    ):
        action = create(entity_type, note_id=note, **data)
        del action["entity_data"]["id"]
        desk.send(action)
    desk.delete("Note", note)
    for name in ("Note", "Recipient", "NoteComponent", "NoteLabelLink"):
        assert desk.query(name) == [], name
    assert desk.one("Component")["id"] == component


def test_a_user_takes_timers_time_logs_and_recipients_along_and_leaves_notes(desk):
    user = desk.create("User", username="u")
    project_id = desk.project()
    desk.create("Timer", user_id=user)
    desk.create("Timelog", user_id=user, duration=1)
    note = desk.create("Note", content="n", user_id=user, parent_id=project_id, parent_type="Project")
    action = create("Recipient", note_id=note, resource_id=user)
    del action["entity_data"]["id"]
    desk.send(action)
    group = desk.create("Group", name="g")
    desk.create("Membership", group_id=group, user_id=user)
    desk.delete("User", user)
    for name in ("Timer", "Timelog", "Membership"):
        assert desk.query(name) == [], name
    row = desk.one("select user_id, recipients.resource_id from Note")
    assert row["user_id"] is None
    assert [item["resource_id"] for item in row["recipients"]] == [desk.caller.user_id]


def test_stored_custom_values_go_with_their_configuration_and_their_entity(desk):
    project_id = desk.project()
    key = desk.one(
        'select id from CustomAttributeConfiguration where key is "fps" and entity_type is "show"'
    )["id"]
    desk.update("ContextCustomAttributeValue", [key, project_id], value=30)
    values = desk.catalogue.types["ContextCustomAttributeValue"].table

    def stored():
        with desk.store.read() as connection:
            return connection.run(values.select())

    assert len(stored()) == 1
    desk.delete("Project", project_id)
    assert stored() == []


def test_an_object_type_that_is_deleted_is_no_entity_type_any_more(desk):
    key = desk.create("ObjectType", name="Prop")
    assert "Prop" in desk.catalogue.types
    desk.delete("ObjectType", key)
    assert "Prop" not in desk.catalogue.types


def test_a_large_project_goes_in_few_statements(desk):
    project_id = desk.project()
    shots = [create("Shot", name=f"s{n}", parent_id=project_id) for n in range(30)]
    tasks = [
        create("Task", name=f"t{n}", parent_id=shot["entity_data"]["id"]) for shot in shots for n in range(20)
    ]
    desk.send(*shots, *tasks)
    with desk.store.recorded() as statements:
        desk.delete("Project", project_id)
    assert len(statements) < 250
    assert desk.query("Context") == []


def test_the_same_is_deleted_twice_in_one_batch(desk):
    project_id = desk.project()
    action = {"action": "delete", "entity_type": "Project", "entity_key": [project_id]}
    gone = {"action": "delete", "entity_type": "Context", "entity_key": str(uuid.uuid4())}
    assert desk.send(action, action, gone) == [{"action": "delete", "data": True}] * 3
