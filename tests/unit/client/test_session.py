import atexit
import datetime as dt
import gc
import json
import logging
import os
import threading
import weakref

import arrow
import pytest

import ftrack_review
from ftrack_review import exception
from ftrack_review._loading import load
from ftrack_review.entity.factory import StandardFactory
from ftrack_review.session import OperationPayload, Session, SessionAuthentication
from ftrack_review.symbol import NOT_SET
from tests.session_transport import SCHEMA, AnsweredSession, Answers, error, record


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in (
        "FTRACK_SERVER",
        "FTRACK_API_KEY",
        "FTRACK_APIKEY",
        "FTRACK_API_USER",
        "FTRACK_EVENT_PLUGIN_PATH",
    ):
        monkeypatch.delenv(name, raising=False)


class Connecting(Session):
    """Takes its settings as a session does, and notes them."""

    def _connect(self):
        self.seen = (self._server_address, self._api_key, self._api_user)
        return Answers()


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("FTRACK_SERVER", "https://from.environment")
    monkeypatch.setenv("FTRACK_APIKEY", "old")
    monkeypatch.setenv("FTRACK_API_USER", "me")
    with Connecting(schema_cache_path=False) as session:
        assert session.seen == ("https://from.environment", "old", "me")
    monkeypatch.setenv("FTRACK_API_KEY", "new")
    with Connecting(schema_cache_path=False) as session:
        assert (session.api_key, session.api_user) == ("new", "me")
    with Connecting("https://given", "key", "user", schema_cache_path=False) as session:
        assert session.seen == ("https://given", "key", "user")


def test_the_user_of_the_system_is_the_last_choice(monkeypatch):
    monkeypatch.setenv("LOGNAME", "someone")
    with Connecting("https://given", "key", schema_cache_path=False) as session:
        assert session.api_user == "someone"


@pytest.mark.parametrize(
    ("arguments", "name"), [({}, "FTRACK_SERVER"), ({"server_url": "https://x.test"}, "FTRACK_API_KEY")]
)
def test_what_is_missing_is_named(arguments, name):
    with pytest.raises(TypeError, match=name):
        Session(**arguments)
    with pytest.raises(exception.ConfigurationError, match=name):
        Session(**arguments)


def test_the_start_sends_two_requests_and_reads_no_class(answers):
    with AnsweredSession(answers) as session:
        assert [request[0]["action"] for request in answers.requests] == [
            "query_server_information",
            "query_schemas",
        ]
        assert set(session.types._classes) <= {"Location"}
        assert session.schemas == SCHEMA
        assert set(session.types) == {document["id"] for document in SCHEMA}
        assert session.server_information["version"] == "dev"
        assert session.server_url == "http://ftrack.test"


@pytest.mark.parametrize(
    ("version", "fits"), [("dev", True), ("4.13.0", True), ("3.3.11", True), ("3.3.10", False), (None, False)]
)
def test_old_servers_are_refused(answers, version, fits):
    answers.information["version"] = version
    if fits:
        AnsweredSession(answers).close()
    else:
        with pytest.raises(exception.ServerCompatibilityError):
            AnsweredSession(answers)
        assert answers.closed


def test_close_ends_everything(answers, caplog):
    session = AnsweredSession(answers)
    session.create("Note", {})
    with caplog.at_level(logging.WARNING):
        session.close()
    assert "never committed" in caplog.text
    assert session.closed
    assert answers.closed
    session.close()
    with pytest.raises(exception.ConnectionClosedError):
        session.query("Task").all()


def test_sessions_that_nobody_holds_go(answers):
    session = AnsweredSession(answers)
    session.create("Note", {})
    session.recorded_operations.clear()
    reference = weakref.ref(session)
    del session
    gc.collect()
    assert reference() is None


def test_the_exit_hook_closes(answers, monkeypatch):
    hooks = []
    monkeypatch.setattr(atexit, "register", hooks.append)
    session = AnsweredSession(answers)
    hooks[0]()
    assert session.closed
    assert answers.closed


def test_reset(session, answers, caplog):
    (task,) = load(session, [record("Task", "t1")])
    session.create("Note", {})
    heard = []
    session.event_hub.subscribe(
        "topic=ftrack.api.session.reset", lambda event: heard.append(event["data"]["session"])
    )
    with caplog.at_level(logging.WARNING):
        session.reset()
    assert "never committed" in caplog.text
    assert heard == [session]
    assert len(session.recorded_operations) == 0
    assert session.get("Task", "t1") is None
    assert session.get("Location", ftrack_review.symbol.ORIGIN_LOCATION_ID) is not None
    assert task["id"] == "t1"


def test_the_built_in_locations_are_there_whenever_somebody_looks(answers):
    origin = ftrack_review.symbol.ORIGIN_LOCATION_ID
    with AnsweredSession(answers) as session:
        assert session._event_hub is None
        assert not session.types._classes
        assert sum("Location" in str(key) for key in session._local_cache.keys()) == 4
    with AnsweredSession(answers) as session:
        assert session.get("Location", origin).accessor
    with AnsweredSession(answers) as session:
        (location,) = load(session, [record("Location", origin)])
        assert location.priority == 100
    with AnsweredSession(answers) as session:
        made = StandardFactory().create(next(each for each in SCHEMA if each["id"] == "Location"))
        session.types["Location"] = made
        assert session.types["Location"] is made
        assert session.get("Location", origin).accessor


def test_who_listens_from_the_start_configures_locations_at_the_start(answers, tmp_path):
    (tmp_path / "plugin.py").write_text(
        """
def configure(event):
    event["data"]["session"].configured = len(event["data"]["session"]._local_cache.keys())

def register(session):
    session.event_hub.subscribe("topic=ftrack.api.session.configure-location", configure)
"""
    )
    with AnsweredSession(answers, plugin_paths=[str(tmp_path)]) as session:
        assert session.configured == 4


def test_get(session, answers):
    (task,) = load(session, [record("Task", "t1")])
    for key in ("t1", ["t1"], ("t1",), {"id": "t1"}):
        assert session.get("Task", key) is task
    for base in ("Context", "TypedContext"):
        assert session.get(base, "t1") is task
    assert answers.requests == []
    assert session.get("Task", 'a"b') is None
    assert answers.take_queries() == [
        'select context_type, id, name from Task where id is "a\\"b" offset 0 limit 500'
    ]
    answers.rows["User"] = [record("User", "u1")]
    assert session.get("User", "u1")["id"] == "u1"
    for key in (None, ["a", "b"], [], {"key": "x"}):
        with pytest.raises(ValueError, match="key"):
            session.get("User", key)
    session.get("Metadata", {"key": "k", "parent_id": "p"})
    assert 'parent_id is "p" and key is "k"' in answers.take_queries()[-1]


def test_ensure_creates_what_is_missing(session, answers):
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, 6)
    user = session.create("User", {"id": "u1"})
    session.commit()
    answers.take_requests()
    note = session.ensure(
        "Note", {"content": 'a "quoted" \\ text', "author": user}, identifying_keys=["content", "author"]
    )
    query, commit = answers.take_requests()
    assert query[0]["expression"].endswith(
        'from Note where content is "a \\"quoted\\" \\\\ text" and author.id is "u1" limit 2'
    )
    assert commit[0]["action"] == "create"
    assert note["content"] == 'a "quoted" \\ text'
    session.ensure("Task", {"end_date": moment})
    assert 'end_date is "2020-01-02T03:04:05" limit 2' in answers.take_requests()[0][0]["expression"]


def test_ensure_changes_what_differs_only(session, answers):
    time = {"__type__": "datetime", "value": "2020-01-02T03:04:05"}
    answers.rows["Task"] = [record("Task", "t1", name="a", bid=1.0, end_date=time)]
    same = {"name": "a", "bid": 1.0, "end_date": arrow.get(2020, 1, 2, 3, 4, 5, 7)}
    task = session.ensure("Task", same, identifying_keys=["name"])
    assert len(answers.take_requests()) == 1
    assert session.ensure("Task", {**same, "bid": 2.0}, identifying_keys=["name"]) is task
    assert answers.take_requests()[1][0]["entity_data"] == {"__entity_type__": "Task", "bid": 2.0}


def test_ensure_says_what_is_wrong(session, answers):
    with pytest.raises(ValueError, match="identifying"):
        session.ensure("Task", {})
    with pytest.raises(KeyError):
        session.ensure("Task", {"name": "a"}, identifying_keys=["bid"])
    answers.rows["Task"] = [record("Task", "t1"), record("Task", "t2")]
    with pytest.raises(exception.MultipleResultsFoundError):
        session.ensure("Task", {"name": "a"})


def test_encode_strategies(session):
    (task,) = load(
        session,
        [
            record(
                "Task",
                "t1",
                name="a",
                bid=1.0,
                end_date={"__type__": "datetime", "value": "2020-01-01T00:00:00"},
                status=record("Status", "s1", name="x"),
                notes=[record("Note", "n1", content="c")],
            )
        ],
    )
    task["name"] = "b"

    def encode(strategy):
        return json.loads(session.encode(task, entity_attribute_strategy=strategy))

    everything = encode("set_only")
    assert everything == {
        "__entity_type__": "Task",
        "id": "t1",
        "name": "b",
        "bid": 1.0,
        "end_date": {"__type__": "datetime", "value": "2020-01-01T00:00:00"},
        "status": record("Status", "s1"),
        "notes": [record("Note", "n1")],
    }
    assert encode("persisted_only") == {**everything, "name": "a"}
    assert encode("modified_only") == record("Task", "t1", name="b")
    assert encode("all")["name"] == "b"
    with pytest.raises(ValueError, match="all, set_only"):
        encode("some")
    task["end_date"]
    assert json.loads(session.encode([task["end_date"], dt.date(2020, 1, 2), (1, task["notes"])])) == [
        {"__type__": "datetime", "value": "2020-01-01T00:00:00+00:00"},
        {"__type__": "datetime", "value": "2020-01-02"},
        [1, [json.loads(session.encode(task["notes"][0]))]],
    ]
    with pytest.raises(TypeError):
        session.encode(object())


def test_decode_gives_the_entities_of_the_session(session):
    (task,) = load(session, [record("Task", "t1", name="a", status=record("Status", "s1"))])
    text = session.encode({"task": task, "when": arrow.get(2020, 1, 1), "plain": {"a": [1]}})
    decoded = session.decode(text)
    assert decoded["task"] is task
    assert decoded["when"] == arrow.get(2020, 1, 1)
    assert decoded["plain"] == {"a": [1]}
    assert session.entity_reference(task) == record("Task", "t1")
    assert session._entity_reference(task) == record("Task", "t1")


def test_payloads_write_entities_as_references(session):
    (status,) = load(session, [record("Status", "s1", name="x")])
    payload = OperationPayload({"status": status, "n": 1})
    payload["m"] = payload.pop("n")
    assert json.loads(session.encode(payload)) == {"status": record("Status", "s1"), "m": 1}
    assert len(payload) == 2


def test_call(session, answers):
    answers.rows["Task"] = [record("Task", "t1", end_date={"__type__": "date", "value": "2020-01-01"})]
    (result,) = session.call([{"action": "query", "expression": "Task"}])
    assert result["data"] == [session.get("Task", "t1")]
    assert session.call({"action": "query", "expression": "Task"})["metadata"] == {"next": {"offset": None}}
    with pytest.raises(exception.ServerCompatibilityError, match="zork") as caught:
        session.call([{"action": "zork"}])
    assert caught.value.error_class == "ValidationError"
    assert caught.value.action == "zork"
    answers.on_action = lambda action: error("taken", "DuplicateEntryError")
    with pytest.raises(exception.ServerDuplicateError, match="taken"):
        session.call([{"action": "query", "expression": "Task"}])


def test_answers_that_are_none(session, answers):
    for body in (b"<html>502 Bad Gateway</html>", b"", b'{"a": 1}', b'"x"'):
        answers.call = lambda *_, body=body: body
        with pytest.raises(exception.ServerResponseError):
            session.call([{"action": "query", "expression": "Task"}])


def test_reset_remote(session, answers):
    user = session.create("User", {"id": "u1"})
    answers.on_action = lambda action: {"action": action["action"], "data": {"api_key": "new"}}
    assert session.reset_remote("api_key", user) == {"api_key": "new"}
    assert answers.take_requests() == [
        [{"action": "reset_remote", "reset_type": "api_key", "entity_type": "User", "entity_key": "u1"}]
    ]


def test_plugins_can_make_the_classes(answers, tmp_path):
    (tmp_path / "plugin.py").write_text(
        """
from ftrack_review.entity.base import Entity
from ftrack_review.entity.factory import Factory, StandardFactory

class Named(Entity):
    @property
    def title(self):
        return self["name"].title()

def construct(event):
    if event["data"]["schema"]["id"] == "Status":
        return StandardFactory().create(event["data"]["schema"], bases=[Named])
    return None

def register(session, flag=None):
    session.flag = flag
    session.event_hub.subscribe("topic=ftrack.api.session.construct-entity-type", construct)
    session.event_hub.subscribe("topic=ftrack.api.session.ready", lambda event: setattr(session, "was_ready", True))
"""
    )
    with AnsweredSession(answers, plugin_paths=[str(tmp_path)], plugin_arguments={"flag": 3}) as session:
        assert (session.flag, session.was_ready) == (3, True)
        status = session.create("Status", {"name": "in progress"}, reconstructing=False)
        assert status.title == "In Progress"
        session.rollback()
        (loaded,) = load(session, [record("Status", "s1", name="done")])
        assert loaded.title == "Done"


def test_a_class_of_a_studio_stands_beside_the_methods_of_the_type(session):
    from ftrack_review.entity.base import Entity
    from ftrack_review.entity.factory import StandardFactory
    from ftrack_review.entity.user import User

    class Named(Entity):
        def title(self):
            return self["username"].title()

    class Special(User):
        def stop_timer(self):
            return "mine"

    class Mixed:
        mixed = True

    document = next(document for document in session.schemas if document["id"] == "User")
    made = [
        StandardFactory().create(document, bases=[base])(session, {"username": "jane"})
        for base in (Named, Special, Mixed)
    ]
    assert made[0].title() == "Jane"
    assert made[2].mixed
    assert made[1].stop_timer() == "mine"
    assert all(isinstance(each, User) for each in made)
    session.recorded_operations.clear()


def test_an_attribute_that_decides_what_is_read_is_asked(session):
    from ftrack_review import attribute
    from ftrack_review.entity.factory import StandardFactory

    class Shouting(attribute.ScalarAttribute):
        def get_value(self, entity):
            value = super().get_value(entity)
            return value if value in (None, NOT_SET) else value.upper()

    class ShoutingFactory(StandardFactory):
        def create_scalar_attribute(self, class_name, name, mutable, computed, default, data_type):
            if name != "name":
                return super().create_scalar_attribute(
                    class_name, name, mutable, computed, default, data_type
                )
            return Shouting(
                name, data_type=data_type, default_value=default, mutable=mutable, computed=computed
            )

    session.types["Status"] = ShoutingFactory().create(next(d for d in SCHEMA if d["id"] == "Status"))
    (status,) = load(session, [record("Status", "s1", name="done")])
    assert status["name"] == "DONE"


def test_the_hub_of_a_session_knows_its_server_late(session, answers):
    hub = session.event_hub
    assert session.event_hub is hub
    assert hub.get_server_url() == "http://ftrack.test"
    assert "http" in repr(hub)


def test_no_secret_in_the_text_of_a_session(session):
    assert "key" not in repr(session)
    assert repr(SessionAuthentication("secret", "me")).count("secret") == 0


def test_threads_may_share_a_session(session, answers):
    answers.rows["Task"] = [record("Task", f"t{index}", name="a") for index in range(50)]
    failures = []

    def work(number):
        try:
            for task in session.query("Task"):
                task["name"] = f"{number}"
            session.create("Note", {"content": str(number)})
            session.commit()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    session.commit()
    assert failures == []
    created = [
        action["entity_data"]["content"]
        for request in answers.take_requests()
        for action in request
        if action["action"] == "create"
    ]
    assert sorted(created) == [str(number) for number in range(8)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_does_not_wait_for_locks_of_its_parent(session, answers):
    held, go_on = threading.Event(), threading.Event()

    def hold():
        with session._lock:
            held.set()
            go_on.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    child = os.fork()
    if child == 0:
        # The child must end here, whatever happens.
        try:
            session.query("Task").all()
            os._exit(0)
        except BaseException:
            os._exit(1)
    try:
        _, status = os.waitpid(child, 0)
    finally:
        go_on.set()
        thread.join(10)
    assert status == 0
