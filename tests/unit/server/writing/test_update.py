import uuid

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create, update


def references(entity_type, keys):
    return [{"__entity_type__": entity_type, "id": key} for key in keys]


def ids(items):
    return [item["id"] for item in items]


def test_the_answer_holds_type_key_and_what_was_sent(desk):
    project_id = desk.project()
    end = {"__type__": "datetime", "value": "2030-01-01T00:00:00+00:00"}
    assert desk.update("Context", project_id, name="other") == {
        "__entity_type__": "Context",
        "id": project_id,
        "name": "other",
    }
    assert desk.update("Project", project_id, end_date=end)["end_date"] == end


def test_the_key_may_be_a_bare_string(desk):
    project_id = desk.project()
    action = {**update("Project", project_id, name="other"), "entity_key": project_id}
    desk.send(action)
    assert desk.one("select name from Project")["name"] == "other"


@pytest.mark.parametrize("key", [None, [], ["a", "b"], [None], [3], [["x"]], {"id": "x"}])
def test_a_malformed_key_is_refused(desk, key):
    action = {"action": "update", "entity_type": "Task", "entity_key": key, "entity_data": {}}
    with pytest.raises(ServerFault):
        desk.send(action)


def test_what_does_not_exist_cannot_be_updated(desk):
    missing = str(uuid.uuid4())
    with pytest.raises(ServerFault, match=missing):
        desk.update("Task", missing, name="x")
    with pytest.raises(ServerFault, match="no User"):
        desk.update("User", desk.project(), username="x")


def test_what_cannot_be_changed_may_be_sent_unchanged(desk):
    project_id = desk.project()
    task = desk.create("Task", name="t", parent_id=project_id)
    shot = desk.one('select id from ObjectType where name is "Shot"')["id"]
    desk.update("Task", task, id=task, name="t2")
    with pytest.raises(ServerFault, match="object_type_id cannot be changed") as caught:
        desk.update("Task", task, object_type_id=shot)
    assert shot in caught.value.content
    with pytest.raises(ServerFault, match="id cannot be changed"):
        desk.update("Task", task, id=str(uuid.uuid4()))


def test_whether_a_session_is_open_can_only_be_repeated(desk):
    review = desk.review()
    desk.update("ReviewSession", review.session, is_open=True)
    with pytest.raises(ServerFault, match="is_open"):
        desk.update("ReviewSession", review.session, is_open=False)


def test_a_required_attribute_cannot_be_emptied(desk):
    user = desk.create("User", username="u")
    with pytest.raises(ServerFault, match="username is required"):
        desk.update("User", user, username=None)


def test_a_user_name_is_used_once(desk):
    desk.create("User", username="u")
    with pytest.raises(ServerFault) as caught:
        desk.create("User", username="u")
    assert caught.value.exception_class == "DuplicateEntryError"
    other = desk.create("User", username="v")
    with pytest.raises(ServerFault, match="'u'"):
        desk.update("User", other, username="u")
    desk.update("User", other, username="v")


def test_a_change_of_status_leaves_a_trace(desk):
    task = desk.create("Task", name="t", parent_id=desk.project())
    before = desk.one("select status_id from Task")["status_id"]
    after = desk.one('select id from Status where name is "Completed"')["id"]
    desk.update("Task", task, status_id=after)
    desk.update("Task", task, status_id=after, name="same")
    (row,) = desk.one(
        "select status_changes.status_id, status_changes.from_status_id, status_changes.user.username from Task"
    )["status_changes"]
    assert row["__entity_type__"] == "TypedContextStatusChange"
    assert (row["from_status_id"], row["status_id"]) == (before, after)
    assert row["user"]["username"] == "admin"


def test_moving_a_context_takes_its_project_along(desk):
    first, second = desk.project(), desk.project()
    folder = desk.create("Folder", name="f", parent_id=first)
    task = desk.create("Task", name="t", parent_id=folder)
    desk.create("Asset", name="a", context_id=task)
    desk.update("Folder", folder, parent_id=second)
    assert desk.one("select project_id from Task")["project_id"] == second
    assert desk.one("select project_id from Asset")["project_id"] == second
    with pytest.raises(ServerFault, match="below itself"):
        desk.update("Folder", folder, parent_id=task)


def test_nothing_lies_below_itself_in_whatever_order_it_is_said(desk):
    project = desk.project()
    folder = desk.create("Folder", name="f", parent_id=project)

    def create(key, parent_id):
        data = {"__entity_type__": "Folder", "id": key, "name": key, "parent_id": parent_id}
        return {"action": "create", "entity_type": "Folder", "entity_data": data}

    later = {"__entity_type__": "Folder", "parent_id": "later"}
    move = {"action": "update", "entity_type": "Folder", "entity_key": [folder], "entity_data": later}
    for batch in (
        [create("self", "self")],
        [create("a", "b"), create("b", "a")],
        [move, create("later", folder)],
    ):
        with pytest.raises(ServerFault, match="below itself"):
            desk.send(*batch)
    assert [row["id"] for row in desk.query("select id from Folder")] == [folder]
    desk.send(move, create("later", project))
    assert desk.one(f"select parent_id from Folder where id is {folder!r}")["parent_id"] == "later"


def test_a_deep_tree_may_be_said_from_its_leaves(desk):
    project = desk.project()
    names = [f"f{number}" for number in range(1200)]
    parents = [project, *names]
    batch = [
        {
            "action": "create",
            "entity_type": "Folder",
            "entity_data": {"__entity_type__": "Folder", "id": name, "name": name, "parent_id": parent},
        }
        for name, parent in zip(names, parents)
    ]
    desk.send(*reversed(batch))
    found = desk.query("select project_id from Folder")
    assert {row["project_id"] for row in found} == {project}


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63), 10**30])
def test_numbers_leave_room_to_count_on(desk, number):
    for entity_type, attribute in (("Event", "id"), ("AssetVersion", "version")):
        with pytest.raises(ServerFault, match="can be stored"):
            desk.create(entity_type, **{attribute: number})
    project = desk.project()
    asset = desk.create("Asset", name="a", context_id=project)
    desk.create("AssetVersion", asset_id=asset, version=2**53)
    version = desk.create("AssetVersion", asset_id=asset)
    assert desk.one(f"select version from AssetVersion where id is {version}")["version"] == 2**53 + 1


def test_a_finished_job_says_when(desk):
    job = desk.create("Job", status="running", data="{}")
    assert desk.one("select finished_at from Job")["finished_at"] is None
    desk.update("Job", job, status="done")
    assert desk.one("select finished_at from Job")["finished_at"] is not None


def test_a_user_has_one_timer(desk):
    desk.create("Timer", name="first")
    assert desk.one("select start, user.username from Timer")["user"]["username"] == "admin"
    with pytest.raises(ServerFault, match="DuplicateEntryError"):
        desk.create("Timer", name="second")
    timer = desk.one("Timer")["id"]
    desk.send(
        create("Timelog", name="first", duration=5),
        {"action": "delete", "entity_type": "Timer", "entity_key": [timer]},
        create("Timer", name="second"),
    )
    assert desk.one("select duration, user.username from Timelog")["duration"] == 5


# Collections


def test_children_that_cannot_be_alone_are_deleted_when_let_go(desk):
    review = desk.review()
    second = desk.create(
        "ReviewSessionObject", review_session_id=review.session, version_id=desk.version(review.project)
    )
    listed = references("ReviewSessionObject", [second])
    answer = desk.update("ReviewSession", review.session, review_session_objects=listed)
    assert answer["review_session_objects"] == listed
    assert ids(desk.query("ReviewSessionObject")) == [second]
    desk.update("ReviewSession", review.session, review_session_objects=None)
    assert desk.query("ReviewSessionObject") == []


def test_children_that_can_be_alone_lose_their_key(desk):
    version = desk.version()
    first, second = (desk.create("FileComponent", name=name) for name in ("a", "b"))
    desk.update("AssetVersion", version, components=references("FileComponent", [first, second]))
    desk.update("AssetVersion", version, components=references("Component", [second]))
    found = desk.query("select version_id from Component")
    assert {row["id"]: row["version_id"] for row in found} == {first: None, second: version}


def test_listing_what_is_there_already_changes_nothing(desk):
    review = desk.review()
    listed = references("ReviewSessionObject", [review.object])
    desk.update("ReviewSession", review.session, review_session_objects=listed)
    assert desk.changes == []


def test_an_element_that_does_not_exist_is_refused(desk):
    review = desk.review()
    missing = str(uuid.uuid4())
    with pytest.raises(ServerFault, match=missing):
        desk.update(
            "ReviewSession",
            review.session,
            review_session_objects=references("ReviewSessionObject", [missing]),
        )
    with pytest.raises(ServerFault, match="AssetVersion.components"):
        desk.update("AssetVersion", desk.version(), components=references("Task", [review.object]))


def test_a_note_learns_its_parent_when_it_is_listed(desk):
    project_id = desk.project()
    task = desk.create("Task", name="t", parent_id=project_id)
    note = create("Note", content="c")
    key = note["entity_data"]["id"]
    desk.send(note, update("Task", task, notes=references("Note", [key])))
    row = desk.one("select parent_id, parent_type, project_id from Note")
    assert (row["parent_id"], row["parent_type"], row["project_id"]) == (task, "Task", project_id)


def test_collections_may_come_with_the_creation(desk):
    scope = desk.create("Scope", name="London")
    task = create("Task", name="t", parent_id=desk.project(), scopes=references("Scope", [scope]))
    (answer,) = desk.send(task)
    assert answer["data"]["scopes"] == references("Scope", [scope])
    assert desk.one('Task where scopes.name is "London"')["id"] == task["entity_data"]["id"]


def test_hidden_links_are_set_and_go_with_their_ends(desk):
    scopes = [desk.create("Scope", name=name) for name in ("a", "b", "c")]
    task = desk.create("Task", name="t", parent_id=desk.project())
    desk.update("Task", task, scopes=references("Scope", scopes[:2]))
    desk.update("Task", task, scopes=references("Scope", scopes[1:]))
    assert ids(desk.one("select scopes from Task")["scopes"]) == scopes[1:]
    desk.delete("Scope", scopes[1])
    assert ids(desk.one("select scopes from Task")["scopes"]) == scopes[2:]
    desk.delete("Task", task)
    desk.create("Task", id=task, name="t", parent_id=desk.project())
    assert desk.one("select scopes from Task")["scopes"] == []


def test_lists_hold_their_items_through_rows_of_their_own(desk):
    project_id = desk.project()
    category = desk.one("select id from ListCategory where name is_not none limit 1")["id"]
    versions = [desk.version(project_id) for _ in range(3)]
    key = desk.create("AssetVersionList", name="l", project_id=project_id, category_id=category)
    desk.update("AssetVersionList", key, items=references("AssetVersion", versions[:2]))
    desk.update("AssetVersionList", key, items=references("AssetVersion", versions[1:]))
    assert ids(desk.one("select items from AssetVersionList")["items"]) == versions[1:]
    assert desk.one("select owner.username, is_open, system_type from List")["owner"]["username"] == "admin"
    with pytest.raises(ServerFault, match="already"):
        desk.create("ListObject", list_id=key, entity_id=versions[1])
    with pytest.raises(ServerFault, match="entity_id"):
        desk.create("ListObject", list_id=key, entity_id=project_id)
    desk.create("ListObject", list_id=key, entity_id=versions[0])
    desk.delete("AssetVersion", versions[1])
    assert len(desk.query("ListObject")) == 2


def test_versions_link_to_the_versions_they_use(desk):
    project_id = desk.project()
    user, used = desk.version(project_id), desk.version(project_id)
    desk.update("AssetVersion", user, uses_versions=references("AssetVersion", [used]))
    found = desk.one(f"select used_in_versions from AssetVersion where id is {used}")
    assert ids(found["used_in_versions"]) == [user]
    desk.update("AssetVersion", user, uses_versions=[])
    assert desk.query("AssetVersionLink") == []


def test_a_resource_is_assigned_by_an_appointment_of_that_type(desk):
    task = desk.create("Task", name="t", parent_id=desk.project())
    desk.create("Appointment", context_id=task, resource_id=desk.caller.user_id)
    desk.create("Appointment", context_id=task, resource_id=desk.caller.user_id, type="allocation")
    row = desk.one("select assignments, allocations, appointments from Task")
    assert [len(row[name]) for name in ("assignments", "allocations", "appointments")] == [1, 1, 2]


# Metadata


def metadata(parent_id, key, value, parent_type="Project"):
    action = create("Metadata", parent_id=parent_id, parent_type=parent_type, key=key, value=value)
    del action["entity_data"]["id"]
    return action


def listed_metadata(parent_id, *keys):
    return [{"__entity_type__": "Metadata", "parent_id": parent_id, "key": key} for key in keys]


def test_metadata_is_set_changed_and_removed_as_clients_do_it(desk):
    project_id = desk.project()
    desk.send(
        metadata(project_id, "a", "1"),
        metadata(project_id, "b", "2"),
        update("Project", project_id, metadata=listed_metadata(project_id, "a", "b")),
    )
    desk.send(update("Metadata", [project_id, "a"], value="3"))
    found = desk.one("select metadata from Project")["metadata"]
    assert {item["key"]: item["value"] for item in found} == {"a": "3", "b": "2"}
    desk.send(
        {"action": "delete", "entity_type": "Metadata", "entity_key": [project_id, "a"]},
        update("Project", project_id, metadata=listed_metadata(project_id, "b")),
    )
    assert [row["key"] for row in desk.query("Metadata")] == ["b"]
    desk.update("Project", project_id, metadata=[])
    assert desk.query("Metadata") == []


@pytest.mark.parametrize(
    ("sent", "stored"), [("Task", "Task"), ("task", "Task"), ("TypedContext", "Task"), (None, "Task")]
)
def test_metadata_names_the_type_of_its_parent_as_the_schema_does(desk, sent, stored):
    task = desk.create("Task", name="t", parent_id=desk.project())
    desk.send(metadata(task, "k", "v", parent_type=sent))
    assert desk.one("select parent_type from Metadata")["parent_type"] == stored


def test_metadata_needs_a_parent_that_exists(desk):
    with pytest.raises(ServerFault, match="parent_id"):
        desk.send(metadata(str(uuid.uuid4()), "k", "v"))
    with pytest.raises(ServerFault, match="parent_type"):
        desk.send(metadata(desk.project(), "k", "v", parent_type="Porject"))
