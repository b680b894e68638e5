"""Fixtures for all tests: sessions with a server of their own, and media made on the spot."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

for name in list(os.environ):
    if name.startswith("FTRACK_") and not name.startswith("FTRACK_REVIEW_"):
        # A developer's own site must never be reached from a test.
        del os.environ[name]


def pytest_addoption(parser):
    parser.addoption(
        "--postgresql",
        action="store_true",
        help="run what works on a server's database on PostgreSQL alone; by default it runs on SQLite, and a good "
        "part of it on PostgreSQL as well",
    )


# The modules that run on both databases without being asked to: every kind of query, and rules that count up, look
# for duplicates or undo.
ON_BOTH_DATABASES = frozenset(
    {
        "test_custom_values",
        "test_dispatch",
        "test_null",
        "test_official_client",
        "test_official_events",
        "test_official_javascript",
        "test_query_criteria",
        "test_query_errors",
        "test_query_paging",
        "test_query_projection",
        "test_review_rules",
        "test_serving_requests",
        "test_upgrading",
    }
)


def pytest_generate_tests(metafunc):
    """Run tests that ask for a kind of database on each of those wanted."""
    own = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "kind_of_database" not in metafunc.fixturenames or any("kind_of_database" in names for names in own):
        return
    kinds = ["sqlite", "postgresql"] if metafunc.definition.path.stem in ON_BOTH_DATABASES else ["sqlite"]
    if metafunc.config.getoption("--postgresql"):
        kinds = ["postgresql"]
    metafunc.parametrize("kind_of_database", kinds, scope="session", indirect=True)


@pytest.fixture(scope="session")
def kind_of_database(request):
    """Either ``sqlite`` or ``postgresql``: what the tests that depend on it run on, one after the other."""
    return request.param


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL of the tests' own."""
    from tests.postgresql import PostgreSQL

    instance = PostgreSQL()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def postgresql_template(postgresql):
    """The address of a database with the first data, to copy."""
    from ftrack_review.server.store import Store

    url = postgresql.create()
    store = Store(url)
    store.prepare()
    store.close()
    return url


@pytest.fixture(scope="session")
def new_database(kind_of_database, request):
    """A function that gives the address of a new database on PostgreSQL, None for a file of the server's choice."""
    if kind_of_database == "sqlite":
        return lambda: None
    return request.getfixturevalue("postgresql").create


@pytest.fixture(autouse=True)
def _caches_in_a_folder_of_the_test(tmp_path_factory, monkeypatch):
    """Keep the schema cache out of the user's own cache folder."""
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path_factory.getbasetemp() / "schema-cache"))


@pytest.fixture
def session(request, tmp_path):
    """A session with a server of its own, gone with it."""
    import ftrack_review

    if not request.config.getoption("--postgresql"):
        with ftrack_review.Session("embedded://") as opened:
            yield opened
        return
    from ftrack_review.server.application import Server
    from ftrack_review.server.serving import Listener

    postgresql, template = (request.getfixturevalue(name) for name in ("postgresql", "postgresql_template"))
    database, address = postgresql.create(template), {}
    folder = str(tmp_path / "server")
    with Server(data=folder, database=database, base_url=lambda: address["url"], is_temporary=True) as server:
        listener = Listener(server)
        address["url"] = listener.url
        listener.start()
        server.start()
        user, key = server.new_key()
        with ftrack_review.Session(listener.url, key, user) as opened:
            yield opened
        listener.stop()
    postgresql.drop(database)


@pytest.fixture
def project(session):
    """A project with the schema VFX."""
    schema = session.query('ProjectSchema where name is "VFX"').one()
    made = session.create("Project", {"name": "film", "full_name": "Film", "project_schema": schema})
    session.commit()
    return made


@pytest.fixture
def version(session, project):
    """Version 1 of an asset of a shot."""
    shot = session.create("Shot", {"name": "sh010", "parent": project})
    kind = session.query('AssetType where name is "Upload"').one()
    asset = session.create("Asset", {"name": "comp", "parent": shot, "type": kind})
    made = session.create("AssetVersion", {"asset": asset})
    session.commit()
    return made


@pytest.fixture
def review_session(session, project):
    """An open review session."""
    made = session.create("ReviewSession", {"name": "Weekly review", "project": project})
    session.commit()
    return made


@pytest.fixture
def requests_sent(session, monkeypatch):
    """The batches that *session* sends, as a list of their texts that grows."""
    sent = []
    call = session.transport.call

    def record(body, *arguments, **keywords):
        sent.append(body)
        return call(body, *arguments, **keywords)

    monkeypatch.setattr(session.transport, "call", record)
    return sent


class ServerProcess:
    """``python -m ftrack_review serve`` in a process of its own."""

    def __init__(self, folder: pathlib.Path, *arguments: str) -> None:
        self.folder = folder
        self.ready_file = folder / "ready.json"
        command = [
            sys.executable,
            "-m",
            "ftrack_review",
            "serve",
            "--port",
            "0",
            "--data",
            str(folder / "data"),
        ]
        self.log = (folder / "log.txt").open("w")
        self.process = subprocess.Popen(
            [*command, "--ready-file", str(self.ready_file), *arguments],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            cwd=pathlib.Path(__file__).resolve().parents[1],
        )
        deadline, pause = time.monotonic() + 30, threading.Event()
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start: {(folder / 'log.txt').read_text()}")
            pause.wait(0.02)
        self.ready = json.loads(self.ready_file.read_text())

    def stop(self) -> int:
        """Stop the server as a service manager does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self.log.close()
        return status


@pytest.fixture(scope="session")
def server_process(tmp_path_factory, new_database):
    """A server in a process of its own, shared by all tests that leave its data to others."""
    database = new_database()
    arguments = [] if database is None else ["--database", database]
    process = ServerProcess(tmp_path_factory.mktemp("server"), *arguments)
    yield process
    process.stop()
