"""Several server processes on one PostgreSQL database and one media folder, as one server to their clients."""

import contextlib
import json
import threading
import uuid

import pytest
import websocket

import ftrack_review
from ftrack_review.event.base import Event
from ftrack_review.server.application import Server
from ftrack_review.server.neighbours import Neighbours
from tests.conftest import ServerProcess
from tests.integration.api import Api, wait_for
from tests.media_files import make_movie


def api_of(process):
    return Api(process.ready["url"], process.ready["api_user"], process.ready["api_key"])


@pytest.fixture(scope="module")
def processes(tmp_path_factory, postgresql, postgresql_template):
    """Two servers on one database."""
    database, folder = postgresql.create(postgresql_template), tmp_path_factory.mktemp("neighbours")
    arguments = ["--database", database, "--media", str(folder / "media")]
    running = []
    for name in ("one", "two"):
        (folder / name).mkdir()
        running.append(ServerProcess(folder / name, *arguments))
    yield running
    assert [process.stop() for process in running] == [0, 0]


@pytest.fixture(scope="module")
def apis(processes):
    made = [api_of(process) for process in processes]
    yield made
    for api in made:
        api.http.close()


@pytest.fixture
def sessions(processes):
    """A session with a connected hub at each of the servers."""
    with contextlib.ExitStack() as stack:
        opened = []
        for process in processes:
            ready = process.ready
            session = stack.enter_context(
                ftrack_review.Session(
                    ready["url"], ready["api_key"], ready["api_user"], auto_connect_event_hub=True
                )
            )
            wait_for(lambda hub=session.event_hub: hub.connected)
            opened.append(session)
        yield opened


def listen(session, expression):
    """Return a list that receives the events that *session* wants, once its server knows."""
    received, token = [], uuid.uuid4().hex
    ready = threading.Event()
    session.event_hub.subscribe(expression, received.append)
    session.event_hub.subscribe(f"topic=test.ready and data.token={token}", lambda _event: ready.set())
    session.event_hub.publish(Event("test.ready", data={"token": token}))
    wait_for(lambda: session.event_hub.wait(0.05) or ready.is_set())
    return received


def until(session, condition):
    wait_for(lambda: session.event_hub.wait(0.05) or condition())


def test_an_event_reaches_the_clients_of_every_process_once(sessions):
    here, there = (listen(session, "topic=test.hello") for session in sessions)
    for session in sessions:
        for number in range(5):
            session.event_hub.publish(
                Event("test.hello", data={"from": sessions.index(session), "number": number})
            )
    for session, received in zip(sessions, (here, there)):
        until(session, lambda received=received: len(received) >= 10)
        session.event_hub.wait(0.3)
        for sender in (0, 1):
            numbers = [event["data"]["number"] for event in received if event["data"]["from"] == sender]
            assert numbers == [0, 1, 2, 3, 4]


def test_clients_of_different_processes_answer_each_other(sessions):
    one, two = sessions
    two.event_hub.subscribe("topic=test.question", lambda event: {"answer": event["data"]["number"] + 1})
    listen(two, "topic=test.other")
    stop = threading.Event()

    def work():
        while not stop.is_set():
            two.event_hub.wait(0.05)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        replies = []
        one.event_hub.publish(
            Event("test.question", data={"number": 41}), on_reply=lambda event: replies.append(event["data"])
        )
        until(one, lambda: replies)
        assert replies == [{"answer": 42}]
    finally:
        stop.set()
        worker.join(20)


def test_updates_of_both_processes_reach_everybody_once_and_in_one_order(sessions, apis):
    project = apis[0].project()
    received = [listen(session, "topic=ftrack.update") for session in sessions]
    for number in range(20):
        apis[number % 2].update("Project", project, full_name=f"Film {number}")

    def told(events):
        changes = [entity["changes"] for event in events for entity in event["data"]["entities"]]
        names = [change["fullname"]["new"] for change in changes if "fullname" in (change or {})]
        # That it was made may be told late enough to be heard.
        return [name for name in names if name != "Film"]

    for session, events in zip(sessions, received):
        until(session, lambda events=events: len(told(events)) >= 20)
        session.event_hub.wait(0.3)
        assert told(events) == [f"Film {number}" for number in range(20)]


def test_what_one_process_makes_of_the_schema_the_other_has_at_once(apis):
    one, two = apis
    for number in range(3):
        name = f"Thing {number} {uuid.uuid4().hex[:6]}"
        one.create("ObjectType", name=name, sort=100 + number)
        assert two.query(f"select id from {name.replace(' ', '')}") == []
        one, two = two, one
    hashes = {
        api.call({"action": "query_server_information"})[0]["schema_hash"] for api in apis for _ in range(3)
    }
    assert len(hashes) == 1


def test_a_key_that_was_revoked_is_refused_everywhere_at_once(apis):
    user = apis[0].create("User", username=f"ann-{uuid.uuid4().hex[:6]}")
    name = apis[0].query(f'select username from User where id is "{user}"')[0]["username"]

    def new_key(api):
        action = {
            "action": "reset_remote",
            "reset_type": "api_key",
            "entity_type": "User",
            "entity_key": user,
        }
        return api.call(action)[0]["data"]["api_key"]

    first = new_key(apis[0])
    theirs = Api(apis[1].url, name, first)
    theirs.query("select id from Project limit 1")
    new_key(apis[0])
    assert theirs.refused({"action": "query", "expression": "Project"})[0] == 401
    theirs.http.close()


def test_numbers_are_counted_without_a_gap_or_a_double(apis, processes):
    project = apis[0].project()
    kind = apis[0].query('select id from AssetType where name is "Upload"')[0]["id"]
    asset = apis[0].create("Asset", name="comp", context_id=project, type_id=kind)
    session = apis[0].create("ReviewSession", name="Dailies", project_id=project)
    errors = []

    def work(process):
        api = api_of(process)
        try:
            for _ in range(5):
                version = api.create("AssetVersion", asset_id=asset)
                api.create("ReviewSessionObject", name="x", review_session_id=session, version_id=version)
        except Exception as error:
            errors.append(error)
        finally:
            api.http.close()

    threads = [threading.Thread(target=work, args=(process,)) for process in processes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    versions = apis[1].query(f'select version from AssetVersion where asset_id is "{asset}"')
    assert sorted(row["version"] for row in versions) == list(range(1, 21))
    objects = apis[1].query(
        f'select sort_order from ReviewSessionObject where review_session_id is "{session}"'
    )
    orders = sorted(row["sort_order"] for row in objects)
    assert orders == [orders[0] + place for place in range(20)]


def test_a_file_that_one_process_took_the_other_gives(apis):
    component = apis[0].component(b"frames" * 1000)
    assert apis[1].get(component).content == b"frames" * 1000


def test_a_socket_may_be_opened_at_another_process_than_the_handshake_and_once(apis):
    one, two = apis
    session_id = one.http.get(f"{one.url}/socket.io/1/", headers=one.headers, timeout=20).text.partition(":")[
        0
    ]
    address = f"{two.url.replace('http', 'ws')}/socket.io/1/websocket/{session_id}"
    with contextlib.closing(websocket.create_connection(address, timeout=20)) as opened:
        assert opened.recv() == "1::"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address, timeout=20)


def test_a_text_beyond_what_an_index_takes_is_refused_as_the_callers_fault(apis):
    # Of no pattern, as what can be compressed takes more.
    name = "".join(uuid.uuid4().hex for _ in range(300))
    data = {"__entity_type__": "Asset", "name": name, "context_id": apis[0].project()}
    status, error = apis[0].refused({"action": "create", "entity_type": "Asset", "entity_data": data})
    assert (status, error["exception"]) == (422, "ValidationError")
    assert "{" not in error["content"]
    assert "cannot hold a value" in error["content"]
    data["name"] = "a" * 2_000
    apis[0].call({"action": "create", "entity_type": "Asset", "entity_data": data})


def test_texts_are_sorted_by_their_code_points_whatever_the_language_of_the_database(apis):
    project = apis[0].project()
    for name in ("b", "B", "ä", "a", "_", "Z", "é"):
        apis[0].create("Asset", name=name, context_id=project)
    rows = apis[1].query(f'select name from Asset where context_id is "{project}" order by name')
    assert [row["name"] for row in rows] == ["B", "Z", "_", "a", "b", "ä", "é"]
    rows = apis[1].query(f'select name from Asset where context_id is "{project}" and name like "Ä"')
    assert [row["name"] for row in rows] == ["ä"]


@pytest.fixture
def pair(tmp_path, postgresql, postgresql_template):
    """Two servers in this process, the second of which counts others as dead soon."""
    database = postgresql.create(postgresql_template)
    made = []
    for name in ("one", "two"):
        server = Server(
            data=str(tmp_path / name), database=database, media=str(tmp_path / "media"), is_temporary=True
        )
        server.neighbours._lease_s = 0.5
        made.append(server)
    yield made
    for server in made:
        server.close()


def new_job(server, tmp_path):
    """Return the id of a queued job for a movie, which no process has begun."""
    path = tmp_path / "movie.mov"
    make_movie(path, frames=3)
    component = str(uuid.uuid4())
    server.files.adopt(component, str(path))
    server.perform(
        {
            "action": "create",
            "entity_type": "FileComponent",
            "entity_data": {"id": component, "name": "movie", "file_type": ".mov", "system_type": "file"},
        }
    )
    server.jobs.submit, submit = (lambda _job_id: None), server.jobs.submit
    job_id = server.perform({"action": "encode_media", "component_id": component})[0]["job_id"]
    server.jobs.submit = submit
    return job_id


def status_of(server, job_id):
    (record,) = server.perform(
        {"action": "query", "expression": f'select status, data from Job where id is "{job_id}"'}
    )[0]["data"]
    return record


def test_a_job_is_done_once_and_taken_over_from_the_dead(pair, tmp_path):
    one, two = pair
    job_id = new_job(one, tmp_path)
    # One takes it and is never heard of again.
    assert one.neighbours.take(job_id)
    assert not two.neighbours.take(job_id)
    assert two.neighbours.untaken([job_id]) == []
    two.start()
    wait_for(lambda: status_of(two, job_id)["status"] == "done", 60)
    outputs = json.loads(status_of(two, job_id)["data"])["output"]
    assert len(outputs) == 2
    links = two.perform(
        {"action": "query", "expression": f'select component_id from JobComponent where job_id is "{job_id}"'}
    )
    assert len(links[0]["data"]) == 2
    # Whoever was thought dead may not finish it.
    assert isinstance(one.neighbours, Neighbours)


def test_a_job_that_another_took_over_is_not_finished(pair, tmp_path):
    one, two = pair
    job_id = new_job(one, tmp_path)
    assert one.neighbours.take(job_id)
    wait_for(lambda: two.neighbours.take(job_id), 20)
    assert not one.neighbours.take(job_id)
    two.neighbours.leave(job_id)
    assert one.neighbours.take(job_id)


def test_two_processes_that_make_one_database_at_once_agree(tmp_path, postgresql):
    database, keys, errors = postgresql.create(), [], []

    def begin(name):
        try:
            with Server(data=str(tmp_path / name), database=database, is_temporary=True) as server:
                keys.append(server.first_key)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert sorted(key is None for key in keys) == [False, True]


def test_events_that_were_missed_are_handed_out_after_the_connection_is_back(pair):
    one, two = pair
    with one.store.write_aside() as connection:
        one.neighbours._post(connection, "client", json.dumps(event_on("test.later", "before")))
    two.start()
    got = []
    two.relay.connect(two.administrator(), got.append)
    two.relay.receive(next(iter(two.relay._peers)), subscribe("topic=test.later"))
    listening = "application_name = 'ftrack-review events'"
    with one.store.write_aside() as connection:
        connection.run_aside(
            f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {listening}"
        )
    one.neighbours.start()
    one.relay.publish(event_on("test.later", "after"))
    wait_for(lambda: [text for text in got if '"after"' in text])
    # What had happened before this process was there is nothing that it missed.
    assert not [text for text in got if '"before"' in text]


def event_on(topic, identifier):
    return {
        "id": identifier,
        "topic": topic,
        "target": "",
        "data": {},
        "source": {},
        "sent": None,
        "in_reply_to_event": None,
    }


def subscribe(expression):
    data = {"subscriber": {"id": "s"}, "subscription": expression}
    event = {"topic": "ftrack.meta.subscribe", "data": data, "id": "x", "source": {}, "target": ""}
    event.update(sent=None, inReplyToEvent=None)
    return f"5:::{json.dumps({'name': 'ftrack.event', 'args': [event]})}"
