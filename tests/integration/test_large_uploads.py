"""Uploads in parts: to the embedded server, whole where a server takes no parts, and in little memory."""

import os
import subprocess
import sys
import textwrap

import pytest

import ftrack_review
from ftrack_review import exception, symbol
from ftrack_review.accessor import _multipart

MEBIBYTE = 1024 * 1024


@pytest.fixture
def server(session):
    return session.get("Location", symbol.SERVER_LOCATION_ID)


@pytest.fixture
def large(tmp_path):
    """A file of three parts."""
    path = tmp_path / "large.mov"
    path.write_bytes(os.urandom(16 * MEBIBYTE + 12345))
    return path


def download(server, component):
    data = server.accessor.open(component["id"])
    try:
        return data.read()
    finally:
        data.close()


def actions_in(requests_sent):
    import json

    return [action["action"] for body in requests_sent for action in json.loads(body)]


def test_a_large_file_goes_in_parts_and_comes_back_whole(session, server, large, requests_sent):
    told = []
    component = session.create_component(
        large, location=server, progress=lambda sent, total: told.append((sent, total))
    )
    assert actions_in(requests_sent).count("get_upload_metadata") == 1
    assert "complete_multipart_upload" in actions_in(requests_sent)
    size = large.stat().st_size
    assert told[-1] == (size, size)
    assert told == sorted(set(told))
    assert download(server, component) == large.read_bytes()
    assert server.get_component_availability(component) == 100.0


def test_a_small_file_goes_whole(session, server, tmp_path, requests_sent):
    path = tmp_path / "small.mov"
    path.write_bytes(bytes(MEBIBYTE))
    session.create_component(path, location=server)
    assert "complete_multipart_upload" not in actions_in(requests_sent)


def test_a_server_that_takes_no_parts_gets_the_file_whole(session, server, large, monkeypatch, requests_sent):
    real = session.get_upload_metadata

    def without_parts(*arguments, parts=None, **options):
        return real(*arguments, **options)

    monkeypatch.setattr(session, "get_upload_metadata", without_parts)
    component = session.create_component(large, location=server)
    assert "complete_multipart_upload" not in actions_in(requests_sent)
    assert download(server, component) == large.read_bytes()


def test_a_part_that_is_cut_off_is_sent_again(session, server, large, monkeypatch):
    put = session.transport.http.put
    failures = [ConnectionResetError("cut off"), ConnectionResetError("cut off")]

    def unsteady(*arguments, **options):
        if failures:
            raise failures.pop()
        return put(*arguments, **options)

    monkeypatch.setattr(session.transport.http, "put", unsteady)
    component = session.create_component(large, location=server)
    assert not failures
    assert download(server, component) == large.read_bytes()


def test_a_cancelled_upload_leaves_nothing_behind(session, server, large):
    def cancel(sent, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.create_component(large, location=server, progress=cancel)
    session.rollback()
    assert session.query("FileComponent").all() == []


def test_a_failed_completion_is_an_error_and_leaves_nothing(session, server, large, monkeypatch):
    send = _multipart.send

    def lose_one(*arguments, **options):
        return send(*arguments, **options)[1:]

    monkeypatch.setattr(_multipart, "send", lose_one)
    with pytest.raises(exception.LocationError, match="parts 1 to 3"):
        session.create_component(large, location=server)
    assert session.query("FileComponent").all() == []


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="The system does not tell the peak.")
def test_an_upload_in_parts_takes_little_memory(server_process, tmp_path):
    """The peak of a process that uploads, over its size before: well below that of the file."""
    program = textwrap.dedent(
        """
        import ftrack_review

        def peak():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

        with ftrack_review.Session() as session:
            session.create_component("small.mov", location=session.get("Location", ftrack_review.symbol.SERVER_LOCATION_ID))
            before = peak()
            session.create_component("large.mov", location=session.get("Location", ftrack_review.symbol.SERVER_LOCATION_ID))
            print(peak() - before)
        """
    )
    (tmp_path / "small.mov").write_bytes(bytes(1000))
    with open(tmp_path / "large.mov", "wb") as stream:
        stream.truncate(256 * MEBIBYTE)  # Of zeros, which take no room.
    ready = server_process.ready
    environment = {
        **os.environ,
        "FTRACK_SERVER": ready["url"],
        "FTRACK_API_USER": ready["api_user"],
        "FTRACK_API_KEY": ready["api_key"],
        "PYTHONPATH": os.path.dirname(os.path.dirname(os.path.abspath(ftrack_review.__file__))),
    }
    output = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert output.returncode == 0, output.stderr
    assert int(output.stdout) < 64 * MEBIBYTE
