"""Batches of several clients at once: each happens whole or not at all, and none is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ftrack_review.server.application import Server
from ftrack_review.server.context import Options
from ftrack_review.server.errors import ServerFault

CLIENTS = 6
BATCHES = 15


@pytest.fixture(scope="module")
def server(tmp_path_factory, new_database):
    with Server(
        data=str(tmp_path_factory.mktemp("at-once")), database=new_database(), is_temporary=True
    ) as made:
        yield made


def create(entity_type, **data):
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def update(entity_type, *key, **data):
    data = {"__entity_type__": entity_type, **data}
    return {"action": "update", "entity_type": entity_type, "entity_key": list(key), "entity_data": data}


def query(expression):
    return {"action": "query", "expression": expression}


def at_once(work):
    """Call *work* with the number of each client, all beginning together, and return what they gave."""
    barrier = threading.Barrier(CLIENTS, timeout=30)

    def begin(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(begin, range(CLIENTS), timeout=90))


def send(server, *actions):
    return server.dispatch(list(actions), server.administrator(), Options(strict=True, denormalize=True))


def project(server, name):
    schema = send(server, query("ProjectSchema limit 1"))[0]["data"][0]["id"]
    send(server, create("Project", id=name, name=name, project_schema_id=schema))
    return name


def test_batches_happen_whole_or_not_at_all(server):
    """Every other batch fails with its last action; readers never see a part of any."""
    project(server, "whole")
    torn = []

    def work(client):
        for batch in range(BATCHES):
            name = f"{client}-{batch}"
            actions = [create("Task", id=f"t{name}-{n}", name=name, parent_id="whole") for n in range(3)]
            actions.append(
                create("Metadata", parent_id=f"t{name}-0", parent_type="Task", key="k", value=name)
            )
            if batch % 2:
                actions.append(update("Task", "nobody", name="x"))
                with pytest.raises(ServerFault):
                    send(server, *actions)
            else:
                send(server, *actions)
            rows = send(server, query("select count(id), name from Task group by name"))[0]["data"]
            torn.extend(row for row in rows if row["count_id"] != 3)

    at_once(work)
    assert not torn
    tasks = send(server, query('select name from Task where project_id is "whole"'))[0]["data"]
    expected = {f"{client}-{batch}" for client in range(CLIENTS) for batch in range(0, BATCHES, 2)}
    assert {task["name"] for task in tasks} == expected
    assert len(tasks) == 3 * len(expected)
    assert len(send(server, query("Metadata where key is k"))[0]["data"]) == len(expected)


def test_versions_are_counted_without_a_gap_or_a_repeat(server):
    project(server, "counted")
    send(server, create("Asset", id="counted-asset", name="main", context_id="counted"))

    def work(_):
        for _ in range(BATCHES):
            send(server, create("AssetVersion", asset_id="counted-asset"))

    at_once(work)
    rows = send(
        server, query('select version from AssetVersion where asset_id is "counted-asset" order by version')
    )
    assert [row["version"] for row in rows[0]["data"]] == list(range(1, CLIENTS * BATCHES + 1))
    latest = send(
        server, query('AssetVersion where asset_id is "counted-asset" and is_latest_version is true')
    )
    assert len(latest[0]["data"]) == 1


def test_one_user_gets_one_timer(server):
    project(server, "timed")
    send(server, create("User", id="timed-user", username="timed", is_active=True))

    def work(client):
        try:
            send(server, create("Timer", id=f"timer-{client}", user_id="timed-user", context_id="timed"))
        except ServerFault as fault:
            return fault.exception_class
        return None

    assert sorted(at_once(work), key=str) == ["DuplicateEntryError"] * (CLIENTS - 1) + [None]


def test_a_batch_sees_itself_and_nothing_of_others_that_fail(server):
    project(server, "seen")

    def work(client):
        for batch in range(BATCHES):
            name = f"seen-{client}-{batch}"
            results = send(
                server,
                create("Shot", id=name, name=name, parent_id="seen"),
                query(f'Shot where id is "{name}"'),
                update("Shot", name, description="changed"),
                query(f'select description from Shot where id is "{name}"'),
                {"action": "delete", "entity_type": "Shot", "entity_key": [name]},
                query("Shot where project_id is seen"),
            )
            assert [row["id"] for row in results[1]["data"]] == [name]
            assert results[3]["data"][0]["description"] == "changed"
            assert results[5]["data"] == []

    at_once(work)
