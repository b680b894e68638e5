"""Components on a real server: made, uploaded, found again, and gone without a trace when that fails."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import threading

import pytest
import requests

from ftrack_review import exception, symbol


def keys_on_server(session, component_id):
    """Return what the server itself holds of a component: its rows and its locations."""
    answer = session.call(
        [
            {"action": "query", "expression": f'select id from Component where id is "{component_id}"'},
            {
                "action": "query",
                "expression": f'select id from ComponentLocation where component_id is "{component_id}"',
            },
        ]
    )
    return tuple(len(part["data"]) for part in answer)


@pytest.fixture
def server(session):
    return session.get("Location", symbol.SERVER_LOCATION_ID)


@pytest.fixture
def origin(session):
    return session.get("Location", symbol.ORIGIN_LOCATION_ID)


@pytest.fixture
def movie(tmp_path):
    path = tmp_path / "a b.mov"
    path.write_bytes(bytes(range(256)) * 5000)
    return path


@pytest.fixture
def frames(tmp_path):
    for number in (1, 2, 3, 5):
        (tmp_path / f"file.{number:04d}.exr").write_bytes(b"x" * number)
    return str(tmp_path / "file.%04d.exr [1-3, 5]")


def test_a_file_is_uploaded_and_read_back(session, server, movie):
    component = session.create_component(str(movie), {"name": "movie"}, location=server)
    assert session.recorded_operations.__len__() == 0
    assert (component["name"], component["file_type"], component["size"]) == ("movie", ".mov", 1280000)
    assert server.get_resource_identifier(component) == component["id"]
    with pytest.raises(exception.AccessorUnsupportedOperationError):
        server.get_filesystem_path(component)
    data = server.accessor.open(component["id"], "rb")
    assert hashlib.md5(data.read()).digest() == hashlib.md5(movie.read_bytes()).digest()
    data.seek(3)
    assert (data.read(2), data.tell()) == (b"\x03\x04", 5)
    data.close()


def test_urls_hold_what_the_routes_ask_for(session, server, movie):
    component = session.create_component(movie, location=server)
    query = f"id={component['id']}&username={session.api_user}&apiKey={session.api_key}"
    assert server.get_url(component) == f"{session.server_url}/component/get?{query}"
    assert server.get_thumbnail_url(component) == f"{session.server_url}/component/thumbnail?{query}"
    assert server.get_thumbnail_url(component, 100).endswith(f"{query}&size=100")
    assert session._request.get(server.get_url(component)).content == movie.read_bytes()


def test_progress_is_told_in_bytes(session, server, tmp_path):
    path = tmp_path / "long.mov"
    path.write_bytes(b"\0" * (symbol.CHUNK_SIZE * 2 + 7))
    told = []
    session.create_component(path, location=server, progress=lambda sent, total: told.append((sent, total)))
    size = symbol.CHUNK_SIZE * 2 + 7
    assert told == [(symbol.CHUNK_SIZE, size), (symbol.CHUNK_SIZE * 2, size), (size, size)]


def test_an_empty_file_is_a_file(session, server, tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    component = session.create_component(tmp_path / "empty.txt", location=server)
    data = server.accessor.open(component["id"])
    assert data.read() == b""
    data.close()


def test_a_sequence_becomes_a_container_with_members(session, server, frames):
    component = session.create_component(frames, {"name": "plate"}, location=server)
    session.reset()
    component = session.query(f'SequenceComponent where id is "{component["id"]}"').one()
    assert (component["name"], component["file_type"], component["size"], component["padding"]) == (
        "plate",
        ".exr",
        11,
        4,
    )
    members = {member["name"]: member for member in component["members"]}
    assert {name: member["size"] for name, member in members.items()} == {
        "0001": 1,
        "0002": 2,
        "0003": 3,
        "0005": 5,
    }
    server = session.get("Location", symbol.SERVER_LOCATION_ID)
    data = server.accessor.open(members["0005"]["id"])
    assert data.read() == b"xxxxx"
    data.close()


@pytest.mark.parametrize(
    ("path", "file_type"),
    [
        ("/a/file", ""),
        ("/a/.hidden", ""),
        ("/a/b.tar.gz", ".gz"),
        ("C:\\x\\y.mov", ".mov"),
        ("/a/f.%04d.exr", ".exr"),
        ("/a/x[1-2].exr", ".exr"),
        ("/a/f.%04d.exr [1001-1003]/x", ""),
    ],
)
def test_file_types_and_paths_of_all_kinds(session, origin, path, file_type):
    component = session.create_component(path, location=None)
    assert (component.entity_type, component["name"]) == ("FileComponent", "main")
    assert (component["file_type"], component["size"]) == (file_type, 0)
    assert origin.get_filesystem_path(component) == path


@pytest.mark.parametrize(
    ("path", "padding", "names", "file_type"),
    [
        ("/a/f.%d.exr [8-10]", 0, ["8", "9", "10"], ".exr"),
        ("/a/%04d.exr [5]", 4, ["0005"], ".exr"),
        ("/a/f.%03d [1-2]", 3, ["001", "002"], ""),
        ("C:\\x\\f.%02d.jpg [1, 3]", 2, ["01", "03"], ".jpg"),
    ],
)
def test_sequences_of_all_kinds(session, path, padding, names, file_type):
    component = session.create_component(path, location=None)
    assert (component.entity_type, component["padding"]) == ("SequenceComponent", padding)
    assert [member["name"] for member in component["members"]] == names
    assert component["file_type"] == file_type


def test_given_values_win_and_are_left_as_they_are(session, movie, frames):
    data = {"size": 5, "file_type": ".foo", "name": "n"}
    component = session.create_component(movie, data, location=None)
    assert (component["size"], component["file_type"], component["name"]) == (5, ".foo", "n")
    assert data == {"size": 5, "file_type": ".foo", "name": "n"}
    component = session.create_component(frames, {"size": 10, "padding": 9}, location=None)
    assert (component["size"], component["padding"]) == (10, 9)
    assert [member["size"] for member in component["members"]] == [2, 2, 2, 2]


def test_plugins_can_decide_the_file_type(session, movie):
    asked = []

    def decide(event):
        asked.append(event["data"]["file_path"])
        return ".special"

    session.event_hub.subscribe("topic=ftrack.api.session.get-file-type-from-string", decide)
    assert session.create_component(movie, location=None)["file_type"] == ".special"
    assert asked == [str(movie)]


@pytest.mark.parametrize("path", [None, 3, b"bytes"])
def test_a_path_is_text(session, path):
    with pytest.raises(TypeError):
        session.create_component(path, location=None)


def test_what_is_no_location_is_refused_before_anything_is_made(session, movie):
    with pytest.raises(ValueError, match="location must be"):
        session.create_component(movie, location="somewhere")
    assert session.created == []


def check_nothing_is_left(session, origin):
    assert session.created == []
    session.commit()
    assert session.query("FileComponent").all() == []
    assert session.query("SequenceComponent").all() == []
    assert session.query("ComponentLocation").all() == []
    assert len(origin._cache) == 0


def test_a_missing_file_leaves_nothing_behind(session, server, origin, tmp_path):
    with pytest.raises(exception.LocationError, match=r"does not exist: .*gone\.mov"):
        session.create_component(tmp_path / "gone.mov", location=server)
    check_nothing_is_left(session, origin)


def test_nothing_of_a_component_with_a_version_and_metadata_is_left(session, server, version, origin):
    elsewhere = session.create(
        "ComponentLocation", {"location_id": server["id"], "resource_identifier": "mine"}
    )
    data = {"name": "x", "metadata": {"ftr_meta": "{}"}}
    with pytest.raises(exception.LocationError):
        version.create_component("/nowhere/file.mov", data, location=server)
    with pytest.raises(exception.LocationError):
        version.create_component("/nowhere/f.%04d.exr [1-3]", data, location=server)
    assert session.created == [elsewhere]
    session.delete(elsewhere)
    check_nothing_is_left(session, origin)
    assert session.query("Metadata").all() == []


def test_a_sequence_with_a_missing_file_leaves_nothing_behind(session, server, origin, frames, tmp_path):
    os.remove(tmp_path / "file.0003.exr")
    removed = []
    remove = server.accessor.remove
    server.accessor.remove = lambda key: (removed.append(key), remove(key))
    with pytest.raises(exception.LocationError, match=r"file\.0003\.exr") as caught:
        session.create_component(frames, location=server)
    # What had been uploaded until then is removed from the server too.
    assert len(removed) == 2
    assert caught.value.details["transferred"] == []
    assert session._request.get(server.accessor.get_url(removed[0])).status_code >= 400
    check_nothing_is_left(session, origin)


@pytest.fixture
def addresses(session, monkeypatch):
    """The methods and addresses of everything but batches that *session* asks for."""
    seen = []
    send = session.transport.http.send

    def record(request, **options):
        if not request.url.endswith("/api"):
            seen.append((request.method, request.url))
        return send(request, **options)

    monkeypatch.setattr(session.transport.http, "send", record)
    return seen


def test_no_address_holds_the_key_when_data_is_read_and_removed(session, server, tmp_path, addresses):
    path = tmp_path / "a.txt"
    path.write_text("abc")
    component = session.create_component(path, location=server)
    with contextlib.closing(server.accessor.open(component["id"])) as data:
        assert data.read() == b"abc"
    server.remove_component(component)
    assert [method for method, _ in addresses] == ["PUT", "GET", "DELETE"]
    assert not [address for _, address in addresses if session.api_key in address]
    gone = contextlib.closing(server.accessor.open(component["id"]))
    with gone as data, pytest.raises(exception.AccessorOperationFailedError):
        data.read()


@pytest.mark.parametrize(("status", "text"), [(405, b""), (404, b"<html>"), (200, b"<html>"), (200, b"{}")])
def test_a_server_that_takes_the_key_from_addresses_only_gets_it_there(
    session, server, tmp_path, addresses, monkeypatch, status, text
):
    path = tmp_path / "a.txt"
    path.write_text("abc")
    components = [session.create_component(path, location=server) for _ in range(2)]
    tried = []

    def refuse(url, **_):
        tried.append(url)
        response = requests.Response()
        response.status_code, response._content = status, text
        return response

    monkeypatch.setattr(session.transport.http, "delete", refuse)
    for component in components:
        server.remove_component(component)
        assert session._request.get(server.accessor.get_url(component["id"])).status_code >= 400
    # Which way it is, is found out once.
    assert len(tried) == 1
    assert sum("/component/remove" in address for _, address in addresses) == 2


class Refusing(http.server.BaseHTTPRequestHandler):
    """A store that takes nothing."""

    def do_PUT(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append(dict(self.headers))
        self.send_error(self.server.status, "full {of braces}")

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def store(monkeypatch, session):
    """An object store elsewhere, to which the server sends uploads."""
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    listener.daemon_threads = True
    listener.seen, listener.status = [], 507
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    real = session.get_upload_metadata

    def elsewhere(**arguments):
        metadata = real(**arguments)
        return {**metadata, "url": f"http://127.0.0.1:{listener.server_address[1]}/bucket?signature=3ecret"}

    monkeypatch.setattr(session, "get_upload_metadata", elsewhere)
    yield listener
    listener.shutdown()
    listener.server_close()
    thread.join(10)


def test_a_refused_upload_leaves_nothing_behind(session, server, origin, movie, store):
    with pytest.raises(
        exception.LocationError, match=r"upload of component .* HTTP status 507.*full"
    ) as caught:
        session.create_component(movie, location=server)
    assert "3ecret" not in str(caught.value)
    assert len(store.seen) == 1
    check_nothing_is_left(session, origin)


def test_no_credentials_are_sent_to_another_host(session, server, movie, store):
    session._request.headers["x-gate"] = "open"
    with pytest.raises(exception.LocationError):
        session.create_component(movie, location=server)
    sent = {name.lower() for name in store.seen[0]}
    assert not sent & {"ftrack-user", "ftrack-api-key", "x-gate", "cookie", "authorization"}
    assert "content-md5" in sent


def test_a_busy_store_is_tried_again(session, server, movie, store, monkeypatch):
    from ftrack_review.accessor import server as module

    waits = []

    class Patient(module.ServerFile):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.wait = waits.append

    monkeypatch.setattr(module, "ServerFile", Patient)
    store.status = 503
    with pytest.raises(exception.LocationError, match="HTTP status 503"):
        session.create_component(movie, location=server)
    assert len(store.seen) == 4
    assert waits == [0.25, 0.5, 1.0]


def test_a_file_that_shrinks_meanwhile_is_an_error(session, server, origin, movie, monkeypatch):
    real = session.get_upload_metadata

    def shrink(**arguments):
        metadata = real(**arguments)
        os.truncate(movie, 100)
        return metadata

    monkeypatch.setattr(session, "get_upload_metadata", shrink)
    with pytest.raises(exception.LocationError, match="ended after 100 of 1280000 bytes"):
        session.create_component(movie, location=server)
    check_nothing_is_left(session, origin)


def test_a_failed_commit_keeps_the_work_for_another(session, server, movie):
    broken = session.create("Task", {"name": "orphan"})
    with pytest.raises(exception.ServerError):
        session.create_component(movie, {"name": "kept"}, location=server)
    component = next(entity for entity in session.created if entity.entity_type == "FileComponent")
    session.delete(broken)
    session.commit()
    assert keys_on_server(session, component["id"]) == (1, 1)
    data = server.accessor.open(component["id"])
    assert data.read() == movie.read_bytes()
    data.close()


def test_what_is_written_is_uploaded_on_flush_and_close(session, server):
    component = session.create("FileComponent", {"name": "notes", "file_type": ".txt"})
    session.commit()
    data = server.accessor.open(component["id"], "wb")
    data.write(b"one")
    data.flush()
    assert session._request.get(server.accessor.get_url(component["id"])).content == b"one"
    data.write(b" two")
    assert data.tell() == 7
    data.close()
    data = server.accessor.open(component["id"], "rb")
    assert data.read() == b"one two"
    data.close()


def test_data_of_an_unknown_component_cannot_be_uploaded(session, server):
    data = server.accessor.open("11111111-2222-4333-8444-555555555555", "wb")
    data.write(b"x")
    with pytest.raises(exception.AccessorOperationFailedError, match="no component with the id 11111111"):
        data.flush()
    data.wrapped_file.close()


def test_data_that_is_not_there_is_told_without_the_key(session, server):
    data = server.accessor.open("11111111-2222-4333-8444-555555555555", "rb")
    with pytest.raises(
        exception.AccessorOperationFailedError, match="download of component 11111111"
    ) as caught:
        data.read()
    assert session.api_key not in str(caught.value)
    data.close()


def test_downloads_do_not_put_the_key_into_the_url(session, server, movie):
    component = session.create_component(movie, location=server)
    asked = []
    send = session._request.send

    def watch(request, **options):
        asked.append(request.url)
        return send(request, **options)

    session._request.send = watch
    data = server.accessor.open(component["id"])
    assert data.read(4) == b"\0\1\2\3"
    data.close()
    assert len([address for address in asked if "/component/" in address]) == 1
    assert all(session.api_key not in address for address in asked)


def test_a_download_fits_on_the_disk_or_says_so(session, server, movie):
    component = session.create_component(movie, location=server)
    data = server.accessor.open(component["id"])

    class Full:
        """A file on a disk without room."""

        def __init__(self, file):
            self.file = file

        def write(self, content):
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

    data.wrapped_file = Full(data.wrapped_file)
    with pytest.raises(exception.AccessorOperationFailedError, match="No space left on device"):
        data.read()
    data.wrapped_file.file.close()


def test_what_a_server_cannot_tell(server):
    for method in ("list", "is_file", "is_container", "is_sequence"):
        with pytest.raises(NotImplementedError):
            getattr(server.accessor, method)("x")
    assert server.accessor.exists("x") is False
    assert server.accessor.get_container("x") is None


def test_versions_make_components_of_their_own(session, version, server, movie):
    data = {"name": "ftrackreview-mp4", "version_id": "overridden"}
    component = version.create_component(str(movie), data, location=server)
    assert component["version"] is version
    assert data == {"name": "ftrackreview-mp4", "version_id": "overridden"}
    session.reset()
    found = session.query(f'AssetVersion where id is "{version["id"]}"').one()
    assert [each["name"] for each in found["components"]] == ["ftrackreview-mp4"]


def test_an_image_becomes_the_thumbnail(session, project, tmp_path):
    from tests.media_files import make_still

    path = tmp_path / "still.jpg"
    make_still(path)
    component = project.create_thumbnail(str(path))
    assert component["name"] == "thumbnail"
    assert project["thumbnail_id"] == component["id"]
    before = project["thumbnail_id"]
    with pytest.raises(exception.LocationError):
        project.create_thumbnail(str(tmp_path / "gone.jpg"))
    assert project["thumbnail_id"] == before
    assert session.modified == []
