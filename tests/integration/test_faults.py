"""Faults that clients of ftrack have had, which this one must not have. The server is the real one throughout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

import ftrack_review
from ftrack_review import exception, inspection
from ftrack_review.protocol import grammar
from ftrack_review.symbol import CREATED, DELETED, MODIFIED, NOT_SET
from tests.integration.relay import Relay


@pytest.fixture
def shot(session, project):
    made = session.create("Shot", {"name": "sh010", "parent": project})
    session.commit()
    return made


@pytest.fixture
def other(session):
    """A further session with the same server, which has to know what the server holds."""
    with ftrack_review.Session(session.server_url, session.api_key, session.api_user) as opened:
        yield opened


@pytest.fixture
def relay(session):
    made = Relay(session.server_url)
    yield made
    made.close()


@pytest.fixture
def relayed(session, relay):
    with ftrack_review.Session(relay.address, session.api_key, session.api_user) as opened:
        opened.transport.http.trust_env = False
        yield opened


class Work:
    """Operations of every kind, and whether the server holds what they say."""

    def __init__(self, session, shot):
        shot = session.get("Shot", shot["id"])
        changed, deleted = (
            session.create("Task", {"name": name, "parent": shot}) for name in ("old", "gone")
        )
        changed["metadata"]["lens"] = "50"
        session.commit()
        self.session, self.changed, self.deleted = session, changed, deleted
        self.created = session.create("Task", {"name": "new {0}", "parent": shot, "metadata": {"a": "1"}})
        self.note = session.create("Note", {"content": "hi"})
        self.created["notes"].append(self.note)
        changed["name"], changed["bid"] = "renamed", 3.0
        changed["metadata"]["lens"] = "85"
        changed["metadata"]["stop"] = "4"
        session.delete(deleted)
        self.operations = list(session.recorded_operations)

    def check_is_held(self):
        """Nothing of it was forgotten by the session."""
        assert list(self.session.recorded_operations) == self.operations
        entities = [self.created, self.note, self.changed, self.deleted]
        assert inspection.states(entities) == [CREATED, CREATED, MODIFIED, DELETED]
        assert (self.created["name"], self.changed["name"], self.changed["bid"]) == (
            "new {0}",
            "renamed",
            3.0,
        )
        assert dict(self.changed["metadata"]) == {"lens": "85", "stop": "4"}
        assert list(self.created["notes"]) == [self.note]
        assert self.changed.attributes.get("name").get_remote_value(self.changed) == "old"

    def check_is_not_done(self, other):
        other.reset()
        tasks = other.query("select name from Task order by name").all()
        assert [task["name"] for task in tasks] == ["gone", "old"]
        assert other.query("Note").all() == []

    def check_is_done(self, other):
        """All of it was done, and once."""
        assert len(self.session.recorded_operations) == 0
        assert inspection.states([self.created, self.note, self.changed]) == [NOT_SET] * 3
        other.reset()
        tasks = {
            task["name"]: task for task in other.query("select name, bid, metadata, notes.content from Task")
        }
        assert sorted(tasks) == ["new {0}", "renamed"]
        assert tasks["renamed"]["bid"] == 3.0
        assert dict(tasks["renamed"]["metadata"]) == {"lens": "85", "stop": "4"}
        assert dict(tasks["new {0}"]["metadata"]) == {"a": "1"}
        assert [note["content"] for note in tasks["new {0}"]["notes"]] == ["hi"]
        assert len(other.query("Note").all()) == 1
        assert self.created["name"] == "new {0}"
        assert (self.changed["name"], dict(self.changed["metadata"])) == (
            "renamed",
            {"lens": "85", "stop": "4"},
        )
        assert self.session.get("Task", self.deleted["id"]) is None


# --- A commit that fails. ---


@pytest.mark.parametrize(
    ("trouble", "error", "is_done"),
    [
        ("hang up", exception.ServerConnectionError, False),
        ("page", exception.ServerResponseError, False),
        ("error", exception.ServerError, False),
        ("cut off", exception.ServerConnectionError, True),
        ("lost", exception.ServerConnectionError, True),
        ("late page", exception.ServerResponseError, True),
    ],
)
def test_a_failed_commit_loses_nothing_and_the_next_does_nothing_twice(
    relay, relayed, shot, other, trouble, error, is_done
):
    work = Work(relayed, shot)
    relay.trouble = trouble
    before = relay.writes
    with pytest.raises(error) as caught:
        relayed.commit()
    assert str(caught.value)
    assert relay.writes == before + 1, "what writes is never sent twice by itself"
    work.check_is_held()
    if not is_done:
        work.check_is_not_done(other)
    relay.trouble = ""
    relayed.commit()
    work.check_is_done(other)


def test_work_that_was_added_after_a_lost_answer_is_committed_too(relay, relayed, shot, other):
    work = Work(relayed, shot)
    relay.trouble = "lost"
    with pytest.raises(exception.ServerConnectionError):
        relayed.commit()
    relay.trouble = ""
    later = relayed.create("Note", {"content": "later"})
    work.note["content"] = "changed"
    work.created["notes"].append(later)
    relayed.commit()
    other.reset()
    notes = other.query("select content, parent_id from Note order by content").all()
    assert [(note["content"], note["parent_id"]) for note in notes] == [
        ("changed", work.created["id"]),
        ("later", work.created["id"]),
    ]


def test_what_was_made_and_deleted_before_an_answer_was_lost_is_not_missed(relay, relayed, shot, other):
    shot = relayed.get("Shot", shot["id"])
    passing = relayed.create("Task", {"name": "passing", "parent": shot, "metadata": {"a": "1"}})
    passing["notes"].append(relayed.create("Note", {"content": "of the passing"}))
    relayed.delete(passing)
    relayed.create("Task", {"name": "staying", "parent": shot, "metadata": {"b": "2"}})
    relay.trouble = "lost"
    with pytest.raises(exception.ServerConnectionError):
        relayed.commit()
    relay.trouble = ""
    relayed.commit()
    assert len(relayed.recorded_operations) == 0
    assert [task["name"] for task in other.query("select name from Task")] == ["staying"]


def test_what_was_put_in_a_list_and_deleted_before_an_answer_was_lost_is_not_put_there_again(
    relay, relayed, shot, other
):
    shot = relayed.get("Shot", shot["id"])
    category = relayed.query("ListCategory").first()
    values = {"name": "chosen", "project_id": shot["project_id"], "category": category}
    chosen = relayed.create("TypedContextList", values)
    first, second = (relayed.create("Task", {"name": name, "parent": shot}) for name in ("first", "second"))
    relayed.commit()
    chosen["items"].append(first)
    chosen["items"].append(second)
    relayed.delete(first)
    relay.trouble = "lost"
    with pytest.raises(exception.ServerConnectionError):
        relayed.commit()
    relay.trouble = ""
    relayed.commit()
    assert len(relayed.recorded_operations) == 0
    found = other.get("TypedContextList", chosen["id"])
    assert [task["name"] for task in found["items"]] == ["second"]


def test_several_failures_in_a_row(relay, relayed, shot, other):
    work = Work(relayed, shot)
    for trouble in ("page", "hang up", "error", "page", "lost"):
        relay.trouble = trouble
        with pytest.raises(exception.ServerError):
            relayed.commit()
        work.check_is_held()
    # The server has done it at last. Finding that out fails at first, too.
    call, relayed.transport.call = relayed.transport.call, None
    with pytest.raises(TypeError):
        relayed.commit()
    relayed.transport.call = call
    work.check_is_held()
    relay.trouble = "hang up"
    relayed.commit()
    work.check_is_done(other)


def test_nobody_listens_any_more(session, project):
    with ftrack_review.Session(session.server_url, session.api_key, session.api_user) as remote:
        address = remote.server_url
        found = remote.get("Project", project["id"])
        found["full_name"] = "x"
        session.transport._instance._listener.stop()
        with pytest.raises(exception.ServerConnectionError, match="refused"):
            remote.commit()
        assert (found["full_name"], found.state) == ("x", MODIFIED)
        assert address.startswith("http://127.0.0.1:")
        remote.rollback()


def test_the_servers_disk_is_full(session, shot, other):
    work = Work(session, shot)
    store = session.transport._instance.server.store
    held = session.create("Note", {"content": "long " * 200_000})
    work.operations = list(session.recorded_operations)

    def limit(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 8}")

    # The limit is one of connections, which begin anew.
    sa.event.listen(store._engine, "connect", limit)
    store._engine.dispose()
    with pytest.raises(exception.ServerError, match="full|room") as caught:
        session.commit()
    assert caught.value.error_class == "ServerError"
    work.check_is_held()
    work.check_is_not_done(other)
    sa.event.remove(store._engine, "connect", limit)
    store._engine.dispose()
    session.delete(held)
    session.commit()
    work.check_is_done(other)


def test_one_action_of_a_batch_is_refused(session, shot, other):
    work = Work(session, shot)
    bad = session.create("Task", {"name": "bad", "parent": shot, "bid": "much"})
    work.operations = list(session.recorded_operations)
    with pytest.raises(exception.ServerValidationError, match="bid"):
        session.commit()
    work.check_is_held()
    work.check_is_not_done(other)
    session.delete(bad)
    session.commit()
    work.check_is_done(other)


def test_a_rollback_after_a_failure_brings_back_what_was(session, shot, other):
    work = Work(session, shot)
    session.create("Task", {"name": "bad", "parent": shot, "bid": "much"})
    with pytest.raises(exception.ServerValidationError):
        session.commit()
    session.rollback()
    work.check_is_not_done(other)
    assert (work.changed["name"], dict(work.changed["metadata"])) == ("old", {"lens": "50"})
    assert session.get("Task", work.created["id"]) is None
    assert session.get("Task", work.deleted["id"]) is work.deleted
    assert len(session.recorded_operations) == 0


# --- Threads and processes. ---


def test_what_another_thread_records_during_a_commit_is_not_lost(session, shot, other, monkeypatch):
    first = session.create("Task", {"name": "first", "parent": shot})
    on_the_wire, recorded = threading.Event(), threading.Event()
    call = session.transport.call

    def slow(*arguments):
        answer = call(*arguments)
        on_the_wire.set()
        assert recorded.wait(20)
        return answer

    monkeypatch.setattr(session.transport, "call", slow)
    commit = threading.Thread(target=session.commit)
    commit.start()
    assert on_the_wire.wait(20)
    second = session.create("Task", {"name": "second", "parent": shot, "metadata": {"a": "1"}})
    first["name"] = "renamed"
    recorded.set()
    commit.join(20)
    assert inspection.states([first, second]) == [MODIFIED, CREATED]
    assert first["name"] == "renamed"
    session.commit()
    tasks = other.query("select name, metadata from Task order by name").all()
    assert [(task["name"], dict(task["metadata"])) for task in tasks] == [
        ("renamed", {}),
        ("second", {"a": "1"}),
    ]


@pytest.mark.parametrize("remote", [False, True])
def test_threads_share_a_session(session, shot, other, remote):
    shared = other if remote else session
    shot = shared.get("Shot", shot["id"])
    shared.query("Task").all()
    count, threads = 6, 4
    together = threading.Barrier(threads)
    errors = []

    def work(number):
        try:
            together.wait(20)
            for index in range(count):
                task = shared.create("Task", {"name": f"{number}-{index}", "parent": shot})
                task["metadata"]["thread"] = str(number)
                shared.commit()
                task["bid"] = float(index)
                assert task["name"] == f"{number}-{index}"
                assert len(shared.query(f'select name from Task where name is "{number}-{index}"').all()) == 1
                shared.commit()
        except BaseException as error:
            errors.append(error)

    started = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(60)
    assert errors == []
    assert len(shared.recorded_operations) == 0
    with ftrack_review.Session(session.server_url, session.api_key, session.api_user) as third:
        tasks = third.query("select name, bid, metadata from Task").all()
        found = sorted((task["name"], task["bid"], task["metadata"]["thread"]) for task in tasks)
    assert found == sorted((f"{n}-{i}", float(i), str(n)) for n in range(threads) for i in range(count))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("remote", [False, True])
def test_a_child_process_goes_on_with_the_session(session, shot, other, remote):
    forked = other if remote else session
    shot = forked.get("Shot", shot["id"])
    pending = forked.create("Task", {"name": "pending", "parent": shot})
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the test run may go on in here.
        try:
            forked.commit()
            names = sorted(task["name"] for task in forked.query("select name from Task"))
            os.write(writer, json.dumps(names).encode())
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    assert answer == '["pending"]'
    assert pending.state is CREATED
    # The child has done it with the same key; the parent may not do it again, and works on.
    with pytest.raises(exception.ServerDuplicateError):
        forked.commit()
    forked.rollback()
    assert forked.get("Task", pending["id"])["name"] == "pending"


def run_python(code, **environment):
    """Return what a new Python prints for *code*."""
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_session_that_nobody_closed_is_closed_at_the_end(session, project):
    code = """
import atexit, logging, os, ftrack_review
logging.basicConfig(format="%(message)s")
held = []
atexit.register(lambda: print("closed" if held[0].closed else "open"))
held.append(ftrack_review.Session(schema_cache_path=False))
assert held[0].query("select name from Project").one()["name"] == "film"
"""
    environment = {
        "FTRACK_SERVER": session.server_url,
        "FTRACK_API_KEY": session.api_key,
        "FTRACK_API_USER": session.api_user,
    }
    assert run_python(code, **environment).split() == ["closed"]


def test_an_embedded_server_goes_with_its_process(tmp_path):
    code = """
import ftrack_review, os
session = ftrack_review.Session("embedded://", schema_cache_path=False)
session.server_url
print(session.transport._instance.folder)
"""
    folder = run_python(code, TMPDIR=str(tmp_path)).strip()
    assert folder
    assert not os.path.exists(folder)


@pytest.mark.parametrize("value", ["", "\u00fc \\ {0} %s", "/proc/no/such", "-1", "http://[::1"])
def test_no_environment_variable_breaks_the_import(value):
    names = """FTRACK_SERVER FTRACK_API_KEY FTRACK_APIKEY FTRACK_API_USER FTRACK_API_SCHEMA_CACHE_PATH
        FTRACK_EVENT_PLUGIN_PATH FTRACK_API_PLUGIN_PATH FTRACK_API_TIMEOUT FTRACK_TIMEOUT FTRACK_LOG_LEVEL
        FTRACK_API_MAX_RETRY_ATTEMPTS FTRACK_REVIEW_LOG FTRACK_CONTEXTID HOME TMPDIR XDG_CACHE_HOME HTTPS_PROXY HTTP_PROXY
        NO_PROXY REQUESTS_CA_BUNDLE OCIO LOGNAME USER""".split()  # noqa: SIM905 - to be read.
    code = "import ftrack_review, ftrack_review.session, ftrack_review.event.hub; print(ftrack_review.Session.__name__)"
    assert run_python(code, **dict.fromkeys(names, value)).strip() == "Session"


# --- Queries. ---


TEN = [f"t{number}" for number in range(10)]


@pytest.fixture(scope="module")
def asking():
    """A session whose server holds ten tasks and a second shot, for tests that only read or use names of their own."""
    with ftrack_review.Session("embedded://", schema_cache_path=False) as opened:
        schema = opened.query('ProjectSchema where name is "VFX"').one()
        film = opened.create("Project", {"name": "film", "full_name": "Film", "project_schema": schema})
        shot = opened.create("Shot", {"name": "sh010", "parent": film})
        opened.create("Shot", {"name": "sh020", "parent": film})
        for name in TEN:
            opened.create("Task", {"name": name, "parent": shot})
        opened.commit()
        yield opened


@pytest.mark.parametrize(
    "index",
    [0, 9, -1, -10, slice(None), slice(2, 5), slice(-3, None), slice(None, -7), slice(8, 2, -2), slice(None, None, -1),
     slice(4, 400), slice(7, 3)],
    ids=str,
)  # fmt: skip
def test_results_take_every_index_and_slice(asking, index):
    for size in (3, 10, 500):
        result = asking.query(
            'select name from Task where parent.name is "sh010" order by name', page_size=size
        )
        found = result[index]
        names = [task["name"] for task in found] if isinstance(index, slice) else found["name"]
        assert names == TEN[index]


@pytest.mark.parametrize("index", [10, -11, 1000])
def test_an_index_beyond_the_end(asking, index):
    with pytest.raises(IndexError):
        asking.query('Task where parent.name is "sh010"')[index]


ODD_NAMES = [
    'say "cut"',
    "it's",
    "back\\slash",
    "ends with \\",
    "limit 30",
    "a limit 3 offset 2 order by name",
    " where x is y",
    "100%",
    "under_score",
    "{0} {name}",
    "two\nlines",
    "select from",
    "\u00fc \u4e2d\u6587 \U0001f600",
    '\\" or name like "%',
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_quotes_and_words_of_the_language_in_values(asking, name):
    session = asking
    shot = session.query('Shot where name is "sh020"').one()
    made = session.ensure("Task", {"name": name, "parent": shot})
    assert session.ensure("Task", {"name": name, "parent": shot}) is made
    session.ensure("Task", {"name": name, "parent": shot, "bid": 4.0}, identifying_keys=["name", "parent"])
    made["metadata"][name] = name
    session.commit()
    session.reset()
    (found,) = session.query('select name, bid from Task where bid is 4 and parent.name is "sh020"').all()
    assert (found["name"], found["bid"]) == (name, 4.0)
    assert session.query(f"select name from Task where name is {grammar.quote(name)}").one() is found
    metadata = session.get("Metadata", [found["id"], name])
    assert metadata["value"] == name
    session.reset()
    metadata = session.create("Metadata", {"parent_id": found["id"], "key": name}, reconstructing=True)
    session.populate(metadata, "value, parent_type")
    with session.auto_populating(False):
        assert (metadata["value"], metadata["parent_type"]) == (name, "Task")
    session.delete(found)
    session.commit()


def test_a_text_within_quotes_is_left_alone_by_pages(session, shot):
    for text in ("limit 30", "offset 2 limit 1"):
        session.create("Task", {"name": text, "parent": shot})
    session.commit()
    for text in ("limit 30", "offset 2 limit 1"):
        query = f'select name from Task where name is "{text}"'
        assert [task["name"] for task in session.query(query)] == [text]
        assert session.query(query).one() is session.query(query).first()
        assert session.query(f"{query} limit 5")[0]["name"] == text


@pytest.mark.parametrize(
    "expression",
    [
        " Task",
        "\n    Task where name is t3\n",
        "Select name from Task",
        "SELECT name FROM Task WHERE name IS_NOT none ORDER BY name",
        "\tselect\n name\n from Task",
        "select name,parent.name from Task where parent.name='sh010'and name like 't%'order by name",
    ],
)
def test_queries_as_people_write_them(asking, expression):
    result = asking.query(expression)
    names = sorted(task["name"] for task in result)
    assert names == (["t3"] if "t3" in expression else TEN)
    assert result.first() is not None


def test_what_is_deleted_and_committed_cannot_be_got(session, shot, other):
    task = session.create("Task", {"name": "a", "parent": shot})
    session.commit()
    assert session.get("Task", task["id"]) is task
    session.delete(task)
    assert session.get("Task", task["id"]) is task
    session.commit()
    assert session.get("Task", task["id"]) is None
    assert session.get("Context", task["id"]) is None
    assert session.get("Task", other.create("Task", {"name": "never"})["id"]) is None
    other.rollback()


def test_what_is_made_again_under_a_key_is_as_new(session, shot, project, other):
    shot["description"] = "old"
    shot["metadata"]["k"] = "v"
    session.commit()
    session.query("select description, status.name, created_at from Shot").all()
    metadata = shot["metadata"]
    assert dict(metadata) == {"k": "v"}
    session.delete(shot)
    again = session.create("Shot", {"id": shot["id"], "name": "again", "parent": project})
    assert again is shot
    assert again["description"] is NOT_SET
    assert dict(metadata) == {}
    session.rollback()
    assert (shot["name"], shot["description"], dict(metadata)) == ("sh010", "old", {"k": "v"})
    session.delete(shot)
    session.create("Shot", {"id": shot["id"], "name": "again", "parent": project})
    session.commit()
    assert session.modified == session.created == []
    held = other.get("Shot", shot["id"])
    assert (shot["name"], shot["description"]) == (held["name"], held["description"]) != ("again", "old")
    assert dict(shot["metadata"]) == dict(held["metadata"]) == {}


def test_what_was_deleted_leaves_the_collections_that_are_held(session, shot, other):
    user = session.query("User").first()
    notes = [shot.create_note(text, user) for text in "abcd"]
    shot["metadata"].update(a="1", b="2")
    session.commit()
    held, metadata = shot["notes"], shot["metadata"]
    assert len(held) == 4
    session.delete(notes[1])
    assert len(held) == 4
    session.rollback()
    session.delete([notes[0], notes[2]])
    session.delete(session.query('Metadata where key is "a"').one())
    session.commit()
    assert [note["content"] for note in held] == ["b", "d"]
    assert notes[0] not in held
    assert dict(metadata) == {"b": "2"}
    # What is sent of the collection does not refer to what is gone.
    held.append(session.create("Note", {"content": "e", "author": user}))
    session.commit()
    assert sorted(note["content"] for note in other.get("Shot", shot["id"])["notes"]) == ["b", "d", "e"]


def test_entities_of_mixed_types_are_populated(session, shot, version, requests_sent):
    task = session.create("Task", {"name": "a", "parent": shot})
    session.commit()
    user = session.query("User").first()
    keys = [(entity.entity_type, entity["id"]) for entity in (task, shot, version, user)]
    session.reset()
    entities = [session.create(kind, {"id": key}, reconstructing=True) for kind, key in keys]
    del requests_sent[:]
    session.populate(entities, "id, thumbnail_id")
    assert 1 <= len(requests_sent) <= len(keys)
    with session.auto_populating(False):
        assert [entity["thumbnail_id"] for entity in entities] == [None] * 4


# --- Names that the schema does not have. ---


@pytest.mark.parametrize("use", ["create", "query", "get", "ensure", "types"])
def test_an_unknown_type_is_named_with_the_nearest(session, use):
    with pytest.raises(exception.UnrecognisedEntityTypeError) as caught:
        if use == "create":
            session.create("Tasc", {"name": "a"})
        elif use == "query":
            session.query("select name from Tasc").all()
        elif use == "get":
            session.get("Tasc", "id")
        elif use == "ensure":
            session.ensure("Tasc", {"name": "a"})
        else:
            session.types["Tasc"]
    assert '"Tasc"' in str(caught.value)
    assert "Task" in str(caught.value)
    assert "b'" not in str(caught.value)
    assert len(session.recorded_operations) == 0


def test_unknown_attributes_are_told(session, shot, other):
    with pytest.warns(UserWarning, match="'nmae'.*'name'"):
        task = session.create("Task", {"nmae": "x", "name": "a", "parent": shot})
    session.commit()
    assert other.query("select name from Task").one()["name"] == "a"
    with pytest.raises(KeyError, match="descripton.*description"):
        task["descripton"]
    with pytest.raises(exception.UnrecognisedAttributeError, match="descripton.*description"):
        task["descripton"] = "x"
    with pytest.raises(exception.ServerValidationError, match="nmae.*name"):
        session.query("select nmae from Task").all()
    session.strict_attributes = True
    with pytest.raises(exception.UnrecognisedAttributeError, match="'nmae'.*'name'"):
        session.create("Task", {"nmae": "x", "parent": shot})
    assert len(session.recorded_operations) == 0


# --- Errors. ---


def test_errors_can_be_printed_whatever_they_hold(relay, relayed, shot):
    task = relayed.get("Shot", shot["id"])
    task["name"] = "x"
    for trouble, words in (("error", "{0} of {disk}"), ("page", "502")):
        relay.trouble = trouble
        with pytest.raises(exception.ServerError) as caught:
            relayed.commit()
        assert words in str(caught.value)
        assert words in repr(caught.value) + str(caught.value.args)
    relayed.rollback()


def test_another_program_at_the_address(relay):
    relay.page = b"<html><title>Intranet</title><body>Please log in</body></html>"
    with pytest.raises(exception.ServerResponseError, match=f"{relay.address}.*Please log in"):
        ftrack_review.Session(relay.address, "key", "user")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_an_address_without_a_server(address, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("ftrack_review._http.BACK_OFF_S", ())
    with pytest.raises(exception.ServerConnectionError, match=address.partition("//")[2]):
        ftrack_review.Session(address, "key", "user", timeout=20)


def test_wrong_credentials(session):
    with pytest.raises(exception.ServerAuthenticationError, match="FTRACK_API_KEY") as caught:
        ftrack_review.Session(session.server_url, "wrong", session.api_user)
    assert "wrong" not in str(caught.value)


# --- The schema. ---


def test_each_server_has_its_own_schema_file(session, project, tmp_path):
    folder = tmp_path / "cache"

    def start(of):
        with ftrack_review.Session(
            of.server_url, of.api_key, of.api_user, schema_cache_path=str(folder)
        ) as opened:
            return "Campaign" in opened.types

    with ftrack_review.Session("embedded://") as second:
        second.create("ObjectType", {"name": "Campaign", "is_leaf": False})
        second.commit()
        assert [start(session), start(second), start(session), start(second)] == [False, True, False, True]
    files = sorted(os.listdir(folder))
    assert len(files) == 2
    assert all(json.loads((folder / name).read_text()) for name in files)


def test_a_schema_that_changes_is_noticed(session, tmp_path):
    def start():
        with ftrack_review.Session(
            session.server_url, session.api_key, session.api_user, schema_cache_path=str(tmp_path)
        ) as opened:
            return "Campaign" in opened.types

    assert not start()
    session.create("ObjectType", {"name": "Campaign", "is_leaf": False})
    session.commit()
    assert start()
