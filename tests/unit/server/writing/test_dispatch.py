import gc
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from ftrack_review.server import dispatch as dispatching
from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import Desk, create, update


def test_results_come_in_the_order_of_the_actions(desk):
    project_id = desk.project()
    results = desk.send(
        {"action": "query_server_information"},
        create("Task", name="a", parent_id=project_id),
        {"action": "query", "expression": "select name from Task"},
        {"action": "query_schemas"},
    )
    assert results[0]["schema_hash"] == desk.catalogue.hash
    assert results[1]["action"] == "create"
    assert [row["name"] for row in results[2]["data"]] == ["a"], "a later action sees what an earlier one did"
    assert results[3] is desk.catalogue.document


def test_an_empty_batch_has_an_empty_answer(desk):
    assert desk.send() == []


def test_the_first_failure_undoes_the_whole_batch(desk):
    project_id = desk.project()
    with pytest.raises(ServerFault, match="no attribute"):
        desk.send(
            create("Task", name="first", parent_id=project_id),
            update("Project", project_id, name="other"),
            create("Task", nome="second", parent_id=project_id),
        )
    assert desk.query("Task") == []
    assert desk.one("select name from Project")["name"] == "project"


def test_a_failure_found_at_the_end_undoes_the_whole_batch(desk):
    with pytest.raises(ServerFault, match=r"asset_id"):
        desk.send(create("AssetType", name="kept?", short="k"), create("AssetVersion"))
    assert desk.query('AssetType where name is "kept?"') == []


@pytest.mark.parametrize("name", ["explode", "create_all", "", None, 3])
def test_an_unknown_action_is_told_as_clients_expect_it(desk, name):
    with pytest.raises(ServerFault) as caught:
        desk.send({"action": name})
    assert f"Invalid action u'{name}'" in caught.value.content
    assert caught.value.exception_class == "ValidationError"


@pytest.mark.parametrize("action", [None, 3, "query", [], ["create"]])
def test_what_is_no_action_is_refused(desk, action):
    with pytest.raises(ServerFault):
        desk.send(action)


@pytest.mark.parametrize("name", ["permissions", "compute_rollups"])
def test_actions_without_a_published_answer_have_no_data(desk, name):
    assert desk.send({"action": name}) == [{"action": name, "data": []}]


def test_server_information_has_more_on_request(desk):
    (plain,) = desk.send({"action": "query_server_information"})
    assert set(plain) == {"version", "schema_hash", "is_timezone_support_enabled", "storage_scenario"}
    (more,) = desk.send(
        {"action": "query_server_information", "values": ["user_information", "week_startday", "unheard_of"]}
    )
    assert more["user_information"]["username"] == "admin"
    assert set(more) - set(plain) == {"user_information", "week_startday"}


def test_a_new_key_is_given_each_time(desk):
    reset = {
        "action": "reset_remote",
        "reset_type": "api_key",
        "entity_type": "User",
        "entity_key": desk.caller.user_id,
    }
    first, second = (desk.send(reset)[0]["data"]["api_key"] for _ in range(2))
    assert first != second
    with pytest.raises(ServerFault, match="reset_type"):
        desk.send({**reset, "reset_type": "password"})
    with pytest.raises(ServerFault, match="no User"):
        desk.send({**reset, "entity_key": str(uuid.uuid4())})


def test_errors_hold_no_braces(desk):
    with pytest.raises(ServerFault) as caught:
        desk.create("User", **{"{name}": {"a": 1}})
    assert "{" not in caught.value.answer()["content"]
    assert "}" not in caught.value.answer()["content"]


def test_reading_does_not_need_the_turn_to_write(desk):
    with desk.store.write():
        assert desk.query("select name from ProjectSchema")


def test_what_was_done_is_noted(desk):
    project_id = desk.project()
    (added,) = desk.changes
    assert (added.entity_type, added.key, added.action) == ("Project", (project_id,), "add")
    assert added.values["name"] == (None, "project")

    desk.update("Project", project_id, name="other", full_name="project")
    (changed,) = desk.changes
    assert (changed.action, dict(changed.values)) == ("update", {"name": ("project", "other")})

    folder = desk.create("Folder", name="f", parent_id=project_id)
    task = desk.create("Task", name="t", parent_id=project_id)
    desk.update("Task", task, parent_id=folder)
    (moved,) = desk.changes
    assert (moved.action, moved.values["parent_id"]) == ("move", (project_id, folder))

    desk.delete("Project", project_id)
    removed = {change.key[0]: change.action for change in desk.changes}
    assert removed == {project_id: "remove", folder: "remove", task: "remove"}


def test_a_batch_that_changes_nothing_notes_nothing(desk):
    project_id = desk.project()
    desk.update("Project", project_id, name="project")
    assert desk.changes == []


def test_a_large_batch_takes_few_statements(desk):
    project_id = desk.project()
    tasks = [create("Task", name=f"task {n}", parent_id=project_id) for n in range(1500)]
    with desk.store.recorded() as statements:
        desk.send(*tasks)
    assert len(statements) < 60
    updates = [update("Task", task["entity_data"]["id"], description="x") for task in tasks]
    with desk.store.recorded() as statements:
        desk.send(*updates)
    assert len(statements) < 20
    with desk.store.recorded() as statements:
        desk.send(
            *(
                {"action": "delete", "entity_type": "Task", "entity_key": [task["entity_data"]["id"]]}
                for task in tasks
            )
        )
    assert len(statements) < 120
    assert desk.query("Task") == []


def test_writers_take_turns_and_lose_nothing(desk):
    project_id = desk.project()
    desk.version(project_id)
    asset = desk.one("select id from Asset")["id"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: desk.send(create("AssetVersion", asset_id=asset)), range(20)))
    numbers = [row["version"] for row in desk.query("select version from AssetVersion")]
    assert numbers == list(range(1, 22))


def test_a_handler_can_write_by_the_same_rules(desk, monkeypatch):
    schema = desk.one('select id from ProjectSchema where name is "VFX"')["id"]

    def handle(context, action):
        data = {"name": action["name"], "project_schema_id": schema}
        context.after_commit.append(lambda: ran.append(desk.one("select name from Project")["name"]))
        return context.execute({"action": "create", "entity_type": "Project", "entity_data": data})

    ran = []
    monkeypatch.setitem(dispatching._WRITES, "make_project", "nowhere:handle")
    monkeypatch.setattr(
        dispatching,
        "_resolve",
        lambda dotted, real=dispatching._resolve: handle if dotted == "nowhere:handle" else real(dotted),
    )
    results = desk.send({"action": "make_project", "name": "p"}, {"action": "query", "expression": "Project"})
    assert len(results[1]["data"]) == 1
    assert ran == ["p"], "what is left for after the commit finds it done"
    assert [change.entity_type for change in desk.changes] == ["Project"]

    with pytest.raises(ServerFault):
        desk.send({"action": "make_project", "name": "q"}, create("AssetVersion"))
    assert ran == ["p"], "and does not happen without"


def test_nothing_outlives_a_server(tmp_path):
    desk = Desk(tmp_path / "ftrack.sqlite")
    desk.delete("Project", desk.project())
    desk.store.close()
    catalogue, table = weakref.ref(desk.catalogue), weakref.ref(desk.catalogue.types["Project"].table)
    del desk
    gc.collect()
    assert catalogue() is None
    assert table() is None
