"""``ftrack-review serve`` and its kin as processes, and servers inside this one."""

import gc
import http.client
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import pytest

from ftrack_review.exception import ConfigurationError, ConnectionClosedError
from tests.integration.api import Api, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*arguments, **options):
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ftrack_review", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
        **options,
    )


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a server and gives the process, its lines and the content of the ready file."""
    processes = []

    def start_one(*arguments, ready="ready.json"):
        process = subprocess.Popen(
            [sys.executable, "-m", "ftrack_review", "serve", "--port", "0", "--data", str(tmp_path / "data")]
            + ["--ready-file", str(tmp_path / ready), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        processes.append(process)
        wait_for(lambda: (tmp_path / ready).exists() or process.poll() is not None, 30)
        assert process.poll() is None, process.stdout.read()
        return process, json.loads((tmp_path / ready).read_text())

    yield start_one
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(20)
        process.stdout.close()


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    status = process.wait(20)
    return status, process.stdout.read()


class TestServe:
    def test_tells_by_a_file_when_it_is_ready_and_stops_cleanly(self, start, tmp_path):
        (tmp_path / "ready.json").write_text("of an earlier run")
        os.remove(tmp_path / "ready.json")
        process, ready = start()
        assert set(ready) == {"url", "api_user", "api_key", "pid"}
        assert ready["pid"] == process.pid
        if os.name == "posix":
            assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        api = Api(ready["url"], ready["api_user"], ready["api_key"])
        assert api.query("select username from User")[0]["username"] == ready["api_user"]
        status, output = stop(process)
        assert status == 0
        assert not (tmp_path / "ready.json").exists()
        assert "Traceback" not in output
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(ready["url"].rpartition(":")[2])), timeout=5)

    def test_the_first_start_prints_what_to_export(self, start):
        process, ready = start()
        _, first = stop(process, signal.SIGINT)
        exports = dict(line.split()[1].split("=", 1) for line in first.splitlines() if "export " in line)
        assert exports["FTRACK_SERVER"] == ready["url"]
        assert exports["FTRACK_API_USER"] == ready["api_user"]
        process, ready = start()
        # The key of the first start is for good; the key of a run ends with it.
        Api(ready["url"], ready["api_user"], exports["FTRACK_API_KEY"]).call()
        _, second = stop(process)
        assert "export" not in second

    def test_the_key_of_a_run_ends_with_it(self, start):
        process, first = start()
        stop(process)
        process, second = start()
        headers = {
            "ftrack-user": first["api_user"],
            "ftrack-api-key": first["api_key"],
            "ftrack-strict-api": "true",
        }
        api = Api(second["url"], second["api_user"], second["api_key"])
        assert api.http.post(second["url"] + "/api", data="[]", headers=headers).status_code == 401
        process.kill()
        process.wait(20)
        process, third = start(ready="third.json")
        api = Api(third["url"], second["api_user"], second["api_key"])
        assert api.http.post(third["url"] + "/api", data="[]", headers=api.headers).status_code == 401

    def test_data_is_kept(self, start):
        process, ready = start()
        api = Api(ready["url"], ready["api_user"], ready["api_key"])
        component = api.component(b"abc")
        stop(process)
        _, ready = start()
        api = Api(ready["url"], ready["api_user"], ready["api_key"])
        assert api.get(component).content == b"abc"

    def test_waits_for_a_running_request(self, start):
        process, ready = start()
        api = Api(ready["url"], ready["api_user"], ready["api_key"])
        metadata = api.upload_metadata(b"abc" * 1_000_000)
        is_sending, may_go_on = threading.Event(), threading.Event()

        def body():
            yield b"abc" * 500_000
            is_sending.set()
            may_go_on.wait(20)
            yield b"abc" * 500_000

        answers = []
        thread = threading.Thread(target=lambda: answers.append(api.http.put(metadata["url"], data=body())))
        thread.start()
        is_sending.wait(20)
        process.send_signal(signal.SIGTERM)
        may_go_on.set()
        thread.join(20)
        assert answers[0].status_code == 200
        assert process.wait(20) == 0

    def test_its_key_is_good_until_what_runs_is_answered(self, start):
        process, ready = start()
        address = urllib.parse.urlsplit(ready["url"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        connection.putrequest("POST", "/api")
        for name, value in (
            ("ftrack-user", ready["api_user"]),
            ("ftrack-api-key", ready["api_key"]),
            ("ftrack-strict-api", "true"),
            ("content-length", "2"),
        ):
            connection.putheader(name, value)
        connection.endheaders(b"[")
        # The first is under way once another, sent later, has been answered.
        Api(ready["url"], ready["api_user"], ready["api_key"]).call()
        process.send_signal(signal.SIGTERM)

        def is_refused():
            try:
                socket.create_connection((address.hostname, address.port), timeout=20).close()
            except OSError:
                return True
            return False

        wait_for(is_refused)
        connection.send(b"]")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"[]")
        connection.close()
        assert process.wait(20) == 0

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (["--port", "99999"], "port"),
            (["--port", "x"], "port"),
            (["--smtp", "a:b:c"], "SMTP"),
            (["--host", "no.such.host.invalid"], "no.such.host.invalid"),
            (["--nonsense"], "nonsense"),
            (["--smtp", "x"], "HOST:PORT"),
            (["--data", "/dev/null/x"], "data folder /dev/null/x"),
            (["--database", "/nowhere/at/all.sqlite"], "/nowhere/at. Make it"),
            (["--database", "/dev"], "is a folder"),
            (["--media", "/dev/null/media"], "Choose another with --media"),
            (["--sender", "somebody"], "--sender"),
            (["--ready-file", "/dev/null/x/ready.json"], "--ready-file"),
            (["--base-url", "reviews.studio.org"], "https://reviews.studio.org"),
            (["--host", "192.0.2.1"], "0.0.0.0"),
            (["--smtp-user", "ada"], "--smtp HOST:PORT"),
            (["--smtp", "mail.studio.org:25", "--smtp-user", "ada"], "FTRACK_REVIEW_SMTP_PASSWORD"),
            (["--tls-certificate", "/nowhere/a.pem", "--tls-key", "/nowhere/b.pem"], "/nowhere/a.pem"),
            (["--schema", "/nowhere/site.json"], "query_schemas"),
            (["--prot", "1"], "--port"),
        ],
    )
    def test_an_error_is_one_paragraph(self, tmp_path, arguments, word):
        # The last of two ports counts; the usual one may be somebody's.
        result = run("serve", "--port", "0", "--data", str(tmp_path / "data"), *arguments)
        assert result.returncode != 0
        assert word in " ".join(result.stderr.split())
        assert "Traceback" not in result.stderr
        assert "\n\n" not in result.stderr.strip()
        assert not (tmp_path / "data").exists()

    def test_a_port_in_use_is_named(self, tmp_path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            result = run("serve", "--data", str(tmp_path / "data"), "--port", port)
        assert result.returncode == 1
        assert f"Port {port}" in result.stderr
        # Nothing was made yet: the next start is the first, and shows the key.
        assert not (tmp_path / "data").exists()
        assert "Traceback" not in result.stderr

    def test_a_file_that_is_no_database_is_named(self, tmp_path):
        (tmp_path / "ftrack.sqlite").write_text("this is a text file, and not a short one either" * 100)
        result = run("serve", "--data", str(tmp_path), "--port", "0")
        assert result.returncode == 1
        assert "Traceback" not in result.stderr


class TestKeys:
    def test_are_issued_listed_and_revoked_while_the_server_runs(self, start, tmp_path):
        _, ready = start()
        data = str(tmp_path / "data")
        issued = run("key", "new", "--data", data, "--name", "farm")
        assert issued.returncode == 0, issued.stderr
        exports = dict(line.split()[1].split("=", 1) for line in issued.stdout.splitlines())
        api = Api(ready["url"], exports["FTRACK_API_USER"], exports["FTRACK_API_KEY"])
        api.call()
        listed = run("key", "list", "--data", data).stdout
        assert api.key not in listed
        key_id = next(line.split()[0] for line in listed.splitlines() if line.endswith("farm"))
        assert run("key", "revoke", key_id, "--data", data).returncode == 0
        assert api.http.post(ready["url"] + "/api", data="[]", headers=api.headers).status_code == 401
        again = run("key", "revoke", key_id, "--data", data)
        assert (again.returncode, "no valid key" in again.stderr) == (1, True)

    def test_of_nobody_or_nowhere_are_refused(self, start, tmp_path):
        start()
        result = run("key", "new", "--data", str(tmp_path / "data"), "--user", "nobody")
        assert (result.returncode, "nobody" in result.stderr) == (1, True)
        result = run("key", "new", "--data", str(tmp_path / "elsewhere"))
        assert (result.returncode, "ftrack-review serve" in result.stderr) == (1, True)
        assert not (tmp_path / "elsewhere").exists()


def test_the_version_is_told():
    import ftrack_review

    result = run("--version")
    assert (result.returncode, result.stdout.split()) == (0, ["ftrack-review", ftrack_review.__version__])


def test_a_missing_package_is_named_with_the_command_that_helps(tmp_path):
    (tmp_path / "uvicorn.py").write_text("")
    code = (
        "import importlib.util as u, sys; find = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'starlette' else find(name, *a);"
        "from ftrack_review.cli import main; main(['serve'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert result.returncode == 1
    assert "pip install 'ftrack-review[server]'" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


class TestEmbedded:
    def open(self, url="embedded://", **keywords):
        from ftrack_review.transport import connect

        return connect(url, **keywords)

    def ask(self, transport, action="query_server_information"):
        return json.loads(transport.call(json.dumps([{"action": action}]), 10))

    @pytest.fixture(autouse=True)
    def own_temporary_folder(self, tmp_path, monkeypatch):
        (tmp_path / "tmp").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
        self.temporary = tmp_path / "tmp"

    def test_is_gone_with_its_transport(self):
        transport = self.open(api_key="ignored", api_user="ignored")
        assert self.ask(transport)[0]["version"]
        assert transport.api_user == "admin"
        assert transport.api_key not in repr(transport)
        assert list(self.temporary.iterdir())
        transport.close()
        transport.close()
        assert not list(self.temporary.iterdir())
        with pytest.raises(ConnectionClosedError):
            self.ask(transport)
        with pytest.raises(ConnectionClosedError):
            transport.server_url  # noqa: B018

    def test_is_gone_when_it_is_forgotten(self):
        self.open()
        gc.collect()
        assert not list(self.temporary.iterdir())

    def test_is_gone_at_the_end_of_the_interpreter(self):
        code = "from ftrack_review.transport import connect; t = connect('embedded://'); print(t.server_url)"
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        result = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=ROOT,
            timeout=60,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout.startswith("http://127.0.0.1:")
        assert (result.returncode, result.stderr) == (0, "")
        assert not list(self.temporary.iterdir())

    def test_listens_only_when_an_address_is_asked_for(self):
        transport = self.open()
        names = [thread.name for thread in threading.enumerate()]
        self.ask(transport)
        assert "ftrack-review-listener" not in names
        url = transport.server_url
        assert url == transport.server_url
        response = transport.http.post(url + "/api", json=[{"action": "query_server_information"}])
        assert response.json() == self.ask(transport)
        transport.close()
        wait_for(lambda: "ftrack-review-listener" not in [thread.name for thread in threading.enumerate()])

    def test_shows_its_key_to_itself_alone(self):
        transport, other = self.open(), self.open()
        echo = transport.http.prepare_request(_request(other.server_url + "/api"))
        own = transport.http.prepare_request(_request(transport.server_url + "/api"))
        assert "ftrack-api-key" not in echo.headers
        assert own.headers["ftrack-api-key"] == transport.api_key
        transport.close()
        other.close()

    def test_a_folder_is_kept_and_shared(self, tmp_path):
        url = f"embedded://{tmp_path.as_posix()}/kept"
        first, second = self.open(url), self.open(url + "/")
        first.call(
            json.dumps(
                [
                    {
                        "action": "create",
                        "entity_type": "User",
                        "entity_data": {"__entity_type__": "User", "username": "ada"},
                    }
                ]
            ),
            10,
        )
        query = json.dumps(
            [{"action": "query", "expression": "select username from User where username is ada"}]
        )
        assert len(json.loads(second.call(query, 10))[0]["data"]) == 1
        assert first.api_key == second.api_key
        first.close()
        assert len(json.loads(second.call(query, 10))[0]["data"]) == 1
        second.close()
        third = self.open(url)
        assert len(json.loads(third.call(query, 10))[0]["data"]) == 1
        assert third.api_key != first.api_key
        third.close()
        assert (tmp_path / "kept" / "ftrack.sqlite").exists()

    def test_a_folder_that_cannot_be_used_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigurationError, match="file"):
            self.open(f"embedded://{tmp_path.as_posix()}/file/x")
        assert not list(self.temporary.iterdir())

    def test_errors_are_answers(self):
        transport = self.open(strict_api=True)
        assert self.ask(transport, "dance")["exception"] == "ValidationError"
        assert json.loads(transport.call("[", 10))["exception"] == "ValidationError"
        transport.close()

    def test_may_be_forgotten_while_another_opens(self):
        """The collector runs where memory is asked for, also where the servers of the process are being counted."""
        code = (
            "import gc, sys\n"
            "from ftrack_review.server.serving import EmbeddedTransport, _Instance\n"
            "first = EmbeddedTransport('embedded://')\n"
            "address = first.server_url\n"
            "folder = first._instance.folder\n"
            "first.itself = first\n"
            "gc.disable()\n"
            "del first\n"
            "def collect(frame, event, _):\n"
            "    if frame.f_code is _Instance.__init__.__code__ and event == 'call':\n"
            "        sys.setprofile(None)\n"
            "        gc.collect()\n"
            "sys.setprofile(collect)\n"
            "second = EmbeddedTransport('embedded://')\n"
            "import os\n"
            "print(os.path.exists(folder), os.path.exists(second._instance.folder))\n"
            "second.close()\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True, check=False
        )
        assert (result.stdout.strip(), result.stderr) == ("False True", "")

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_goes_on_in_a_forked_child(self, tmp_path):
        code = (
            "import json, os, sys\n"
            "from ftrack_review.transport import connect\n"
            "t = connect('embedded://')\n"
            "body = json.dumps([{'action': 'create', 'entity_type': 'User', 'entity_data': {'__entity_type__': 'User', 'username': 'u%d'}}])\n"
            "t.call(body % 1, 10)\n"
            "child = os.fork()\n"
            "t.call(body % (2 if child else 3), 10)\n"
            "if child == 0:\n"
            "    t.close(); os._exit(0)\n"
            "print(os.waitpid(child, 0)[1])\n"
            "q = json.dumps([{'action': 'query', 'expression': 'select username from User'}])\n"
            "print(sorted(u['username'] for u in json.loads(t.call(q, 10))[0]['data']))\n"
        )
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=ROOT,
            timeout=60,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout.splitlines() == ["0", "['admin', 'u1', 'u2', 'u3']"], result.stderr


def _request(url):
    import requests

    return requests.Request("POST", url)
