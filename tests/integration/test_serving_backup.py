"""``ftrack-review backup`` of a server that is in use, and servers that go on from it."""

import os
import stat
import threading
import zipfile

import pytest

from ftrack_review.server.application import Server
from ftrack_review.server.serving import Listener
from tests.integration.api import Api
from tests.integration.test_serving_operation import Running, run


@pytest.fixture
def running(tmp_path):
    server = Running(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def api(running):
    return Api(running.ready["url"], running.ready["api_user"], running.ready["api_key"])


def permanent_key(folder):
    lines = run("key", "new", "--data", folder).stdout.splitlines()
    return dict(line.split()[1].split("=", 1) for line in lines)["FTRACK_API_KEY"]


@pytest.mark.parametrize("target", ["copy.zip", "deep/copy"])
def test_a_server_goes_on_from_a_copy_made_while_it_was_written_to(running, api, tmp_path, target):
    key = permanent_key(tmp_path / "data")
    project = api.project()
    component = api.component(b"media" * 1000)
    is_over, names = threading.Event(), []

    def write():
        while not is_over.is_set():
            names.append(api.create("Folder", name=f"f{len(names)}", project_id=project, parent_id=project))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        result = run("backup", "--data", tmp_path / "data", "--to", tmp_path / target)
    finally:
        is_over.set()
        thread.join(20)
    assert result.returncode == 0, result.stderr
    assert "1 files" in result.stdout
    assert not [name for name in os.listdir((tmp_path / target).parent) if name.startswith(".")]
    folder = tmp_path / target
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    if target.endswith(".zip"):
        folder = tmp_path / "restored"
        with zipfile.ZipFile(tmp_path / target) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
    with Server(data=str(folder)) as server:
        listener = Listener(server)
        listener.start()
        restored = Api(listener.url, "admin", key)
        assert restored.get(component).content == b"media" * 1000
        kept = restored.query("select id from Folder")
        # All that was committed up to some moment, and nothing after it.
        assert [row["id"] for row in kept] == names[: len(kept)]
        assert restored.query(f'select id from Project where id is "{project}"')
        # The key of the run that was copied does not work on the copy.
        headers = {**restored.headers, "ftrack-api-key": api.key}
        assert (
            restored.http.post(listener.url + "/api", json=[], headers=headers, timeout=20).status_code == 401
        )
        listener.stop()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--to", "taken"], "exists already"),
        (["--to", "new", "--database", "nowhere.sqlite"], "no database"),
        (["--to", "new", "--database", "postgresql://127.0.0.1:1/x"], "cannot be reached"),
        ([], "--to"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(tmp_path, arguments, word):
    with Server(data=str(tmp_path / "data"), is_temporary=True):
        (tmp_path / "taken").mkdir()
        (tmp_path / "taken" / "file").write_text("mine")
        places = [str(tmp_path / part) if part in ("taken", "new") else part for part in arguments]
        result = run("backup", "--data", tmp_path / "data", *places)
    assert result.returncode != 0
    assert word in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir(tmp_path)) == ["data", "taken"]
    assert os.listdir(tmp_path / "taken") == ["file"]
