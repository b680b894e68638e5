"""A server as an operator runs it: users, HTTPS, logs, health."""

import json
import os
import pathlib
import resource
import shlex
import shutil
import socket
import subprocess
import sys
import threading

import pytest

import ftrack_review
from ftrack_review.server import ledger
from ftrack_review.server.application import Server
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.serving import Listener
from tests.integration.api import Api, wait_for
from tests.integration.certificate import make_certificate
from tests.media_files import make_movie

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "ftrack_review", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("words", [(), ("review",), ("key",), ("user",)])
def test_without_a_command_the_help_is_printed(words):
    finished = run(*words)
    asked = run(*words, "--help")
    assert (finished.returncode, asked.returncode, finished.stdout) == (2, 0, "")
    assert finished.stderr.split("\n") == asked.stdout.split("\n")
    assert "\nCommands:\n" in finished.stderr


@pytest.mark.parametrize("words", [("list",), ("new",), ("revoke", "x")])
def test_only_the_server_upgrades_a_database(tmp_path, words):
    with Server(data=str(tmp_path)) as server, server.store.write() as connection:
        ledger.set_setting(connection, "database_version", "3")
    before = sorted(os.listdir(tmp_path))
    finished = run("key", *words, "--data", tmp_path)
    assert finished.returncode == 1
    text = " ".join(finished.stderr.split())
    assert "has version 3" in text
    assert "ftrack-review serve" in text
    assert sorted(os.listdir(tmp_path)) == before


class Running:
    """``ftrack-review serve`` with its two outputs apart."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.errors = folder / "errors.txt"
        ready = folder / "ready.json"
        with self.errors.open("wb") as errors, (folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "ftrack_review",
                    "serve",
                    "--port",
                    "0",
                    "--data",
                    str(folder / "data"),
                ]
                + ["--ready-file", str(ready), *map(str, arguments)],
                stdout=output,
                stderr=errors,
                cwd=ROOT,
            )
        wait_for(lambda: ready.exists() or self.process.poll() is not None, 30)
        assert self.process.poll() is None, self.errors.read_text()
        self.ready = json.loads(ready.read_text())

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(20)


@pytest.fixture
def running(tmp_path):
    started = []

    def start(*arguments):
        started.append(Running(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.stop()


class TestUsers:
    def test_are_added_while_the_server_runs_and_get_keys(self, running):
        server = running()
        data = ["--data", server.folder / "data"]
        added = run("user", "add", "ada", "--email", "ada@studio.org", "--first-name", "Ada", *data)
        assert added.returncode == 0, added.stderr
        assert f"--data {shlex.quote(str(data[1]))}" in added.stdout
        issued = run("key", "new", "--user", "ada", *data).stdout
        exports = dict(line.split()[1].split("=", 1) for line in issued.splitlines())
        with ftrack_review.Session(
            server.ready["url"], exports["FTRACK_API_KEY"], exports["FTRACK_API_USER"]
        ) as session:
            user = session.query(
                'select first_name, last_name, email, is_active from User where username is "ada"'
            )
            assert {name: user.one()[name] for name in ("first_name", "last_name", "email", "is_active")} == {
                "first_name": "Ada",
                "last_name": "",
                "email": "ada@studio.org",
                "is_active": True,
            }
        assert (
            exports["FTRACK_API_KEY"].encode() not in (server.folder / "data" / "ftrack.sqlite").read_bytes()
        )

    @pytest.mark.parametrize(("role", "is_allowed"), [(None, False), ("Administrator", True)])
    def test_have_a_role(self, tmp_path, role, is_allowed):
        data = ["--data", tmp_path]
        with Server(data=str(tmp_path), is_temporary=True):
            added = run(
                "user", "add", "ada", "--email", "a@b.org", *(["--role", role] if role else []), *data
            )
        assert added.returncode == 0, added.stderr
        with Server(data=str(tmp_path), is_temporary=True) as server:
            caller = server.authenticate(*server.new_key("ada"))
            status = {"action": "create", "entity_type": "Status", "entity_data": {"name": "Odd"}}
            if is_allowed:
                assert server.dispatch([status], caller)
            else:
                with pytest.raises(ServerFault, match="PermissionError"):
                    server.dispatch([status], caller)

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (["admin", "--email", "a@b.org"], "already"),
            (["ada", "--email", "ada"], "e-mail"),
            ([" ", "--email", "a@b.org"], "name"),
            (["a\nb", "--email", "a@b.org"], "name"),
            (["ada"], "--email"),
            (["ada", "--email", "a@b.org", "--role", "Chef"], "Choose from: API, Administrator"),
        ],
    )
    def test_that_cannot_be_are_refused(self, tmp_path, arguments, word):
        with Server(data=str(tmp_path), is_temporary=True):
            result = run("user", "add", *arguments, "--data", tmp_path)
        assert result.returncode != 0
        assert word in result.stderr
        assert "Traceback" not in result.stderr


class TestHttps:
    def test_serves_requests_files_and_events(self, running, tmp_path, monkeypatch):
        certificate, key = make_certificate(tmp_path)
        server = running("--tls-certificate", certificate, "--tls-key", key)
        url = server.ready["url"]
        assert url.startswith("https://")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(certificate))
        with ftrack_review.Session(
            url, server.ready["api_key"], server.ready["api_user"], auto_connect_event_hub=True
        ) as session:
            path = tmp_path / "file.bin"
            path.write_bytes(b"abc")
            location = session.query('Location where name is "ftrack.server"').one()
            component = session.create_component(str(path), location=location)
            session.commit()
            address = location.get_url(component)
            assert address.startswith(url)
            assert session._request.get(address, timeout=20).content == b"abc"
            arrived = threading.Event()
            session.event_hub.subscribe("topic=test.https", lambda _event: arrived.set())
            session.event_hub.publish(ftrack_review.event.base.Event("test.https"), on_error="raise")
            wait_for(lambda: session.event_hub.wait(0.1) or arrived.is_set())

    @pytest.mark.parametrize("which", ["missing", "swapped", "encrypted", "alone", "other"])
    def test_files_that_do_not_fit_are_refused_before_anything_is_made(self, tmp_path, which):
        protected = ["-passout", "pass:secret-of-mine"] if which == "encrypted" else []
        certificate, key = make_certificate(tmp_path, *protected)
        options = ["--tls-certificate", certificate, "--tls-key", key]
        if which == "missing":
            options[1] = tmp_path / "nothing.pem"
        elif which == "swapped":
            options[1], options[3] = key, certificate
        elif which == "alone":
            options = options[:2]
        elif which == "other":
            (tmp_path / "b").mkdir()
            options[3] = make_certificate(tmp_path / "b")[1]
        result = run("serve", "--port", "0", "--data", tmp_path / "data", *options)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert "certificate" in result.stderr or "nothing.pem" in result.stderr
        assert not (tmp_path / "data").exists()


def test_no_secret_is_logged_whatever_is_asked(running, tmp_path):
    running().stop()
    os.remove(tmp_path / "ready.json") if (tmp_path / "ready.json").exists() else None
    server = running("--log-level", "debug", "--log-format", "json")
    ready = server.ready
    api = Api(ready["url"], ready["api_user"], ready["api_key"])
    wrong = Api(ready["url"], ready["api_user"], "wrong-key-of-somebody-1234567890")
    project = api.project()
    version = api.version(project)
    component = api.component(b"abc" * 1000, version_id=version)
    assert api.get(component).status_code == 200
    assert wrong.get(component).status_code == 401
    wrong.http.post(ready["url"] + "/api", json=[], headers=wrong.headers, timeout=20)
    upload = api.upload_metadata(b"x")
    api.http.put(upload["url"] + "spoilt", data=b"x", timeout=20)
    review = api.create("ReviewSession", name="r", project_id=project)
    invitee = api.create("ReviewSessionInvitee", name="a", email="a@b.org", review_session_id=review)
    link = api.http.post(
        ready["url"] + "/review/link", json={"invitee_id": invitee}, headers=api.headers, timeout=20
    ).json()["url"]
    assert api.http.get(link, timeout=20).status_code == 200
    api.http.get(ready["url"] + "/nothing?token=token-of-somebody-1234567890", timeout=20)
    with ftrack_review.Session(
        ready["url"], ready["api_key"], ready["api_user"], auto_connect_event_hub=True
    ) as session:
        session.event_hub.publish(ftrack_review.event.base.Event("test"))
    # What is no HTTP at all, with a secret in it.
    with socket.create_connection(("127.0.0.1", int(ready["url"].rpartition(":")[2])), timeout=10) as raw:
        raw.sendall(b"GET /\x00?apiKey=raw-key-of-somebody-1234 HTTP/1.1\r\n\r\n")
        raw.recv(100)
    assert server.stop() == 0
    lines = server.errors.read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert any(entry.get("path") == "/api" and entry["status"] == 200 for entry in entries)
    assert any(entry.get("path") == "/api" and entry["status"] == 401 for entry in entries)
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in entries)
    secrets = [
        api.key,
        wrong.key,
        link.rpartition("/")[2],
        upload["url"].partition("token=")[2],
        "token-of-somebody-1234567890",
        "raw-key-of-somebody-1234",
    ]
    text = "\n".join(lines)
    assert [secret for secret in secrets if secret in text] == []


class TestHealth:
    @pytest.fixture
    def served(self, tmp_path):
        with Server(data=str(tmp_path / "data"), is_temporary=True) as server:
            listener = Listener(server)
            listener.start()
            yield server, Api(listener.url, "", "")
            listener.stop()

    def test_tells_what_fails_and_not_where(self, served, caplog):
        server, api = served
        assert api.http.get(api.url + "/healthz", timeout=20).status_code == 200
        shutil.rmtree(server.files.work)
        response = api.http.get(api.url + "/healthz", timeout=20)
        expected = {"status": "failing", "checks": {"database": "ok", "media": "failing"}}
        assert (response.status_code, response.json()) == (503, expected)
        assert "media" in caplog.text
        os.mkdir(server.files.work)
        assert api.http.get(api.url + "/healthz", timeout=20).json()["status"] == "ok"

    def test_a_database_that_was_emptied_shows(self, served):
        import sqlite3

        server, api = served
        with sqlite3.connect(server.store.path) as connection:
            connection.execute("delete from _setting")
        connection.close()
        response = api.http.get(api.url + "/healthz", timeout=20)
        assert (response.status_code, response.json()["checks"]["database"]) == (503, "failing")


def test_an_encoding_under_way_is_taken_up_after_a_stop(running, tmp_path):
    movie = tmp_path / "shot.mov"
    make_movie(movie, frames=150, fps="24", size=(640, 360))
    server = running()
    api = Api(server.ready["url"], server.ready["api_user"], server.ready["api_key"])
    version = api.version(api.project())
    component = api.component(movie.read_bytes(), version_id=version)
    action = {
        "action": "encode_media",
        "component_id": component,
        "version_id": version,
        "keep_original": True,
    }
    job = api.call(action)[0]["job_id"]
    wait_for(lambda: api.query(f'Job where id is "{job}" and status is_not "queued"'))
    assert server.stop() == 0
    again = running()
    api = Api(again.ready["url"], again.ready["api_user"], again.ready["api_key"])
    wait_for(lambda: api.query(f'Job where id is "{job}" and status is "done"'), 60)
    names = {row["name"] for row in api.query(f'select name from Component where version_id is "{version}"')}
    assert names == {"shot", "ftrackreview-mp4", "thumbnail"}


def test_starting_and_stopping_takes_less_than_a_second_and_a_half_of_work(running):
    # The time that it works and not the time that passes, which is that of everything else on the machine too.
    def worked():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = worked()
    assert running().stop() == 0
    assert worked() - before < 1.5
