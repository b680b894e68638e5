"""The demo tells a whole review, names what it must refuse, and ends by itself."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
import requests

from ftrack_review import demo
from ftrack_review.media import synthesis


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with a small movie, a small sequence in a folder of its own, and a damaged movie."""
    folder = tmp_path_factory.mktemp("small")
    synthesis.make_movie(folder / "a.mov", frames=6, fps="30000/1001", size=(64, 36))
    (folder / "plates").mkdir()
    synthesis.make_sequence(str(folder / "plates" / "p.%04d.exr"), size=(64, 36))
    (folder / "cut.mov").write_bytes((folder / "a.mov").read_bytes()[:2000])
    return folder


def test_the_story_with_media_made_on_the_spot():
    stream = io.StringIO()
    assert demo.run(stream=stream) == 0
    told = stream.getvalue()
    assert "48 frames of 640 x 360, 24 fps (h264, with sound)" in told
    assert "24 frames of 640 x 360, 23.976 (24000/1001) fps (h264)" in told
    assert re.search(r"no  refused: \S+sh040_cut_short\.mov", told)
    assert "To: Ada Lovelace <ada@example.com>" in told
    assert "To: Grace Hopper <grace@example.com>" in told
    assert told.count("opens the page that the mail links to") == 2
    assert "a vote that comes too late is refused" in told
    assert "Weekly review: closed" in told
    assert "Grace Hopper at frame 25" in told
    assert "\x1b" not in told


def test_given_media_is_reviewed_and_what_cannot_be_used_is_named(small):
    stream = Terminal()
    media = [str(small / "a.mov"), str(small / "plates"), str(small / "cut.mov"), str(small / "absent.mov")]
    assert demo.run(media=media, stream=stream) == 1
    told = stream.getvalue()
    assert "6 frames of 64 x 36, 29.970 (30000/1001) fps (h264)" in told
    assert "8 frames of 64 x 36, 24 fps (h264)" in told
    assert f"{small / 'cut.mov'} is not in the review." in told
    assert f"{small / 'absent.mov'} is not in the review." in told
    assert "2 objects" in told
    assert "\x1b[" in told


def test_colour_can_be_switched_off(small, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    assert demo.run(media=[str(small / "a.mov")], stream=stream) == 0
    assert "\x1b[3" not in stream.getvalue()


def test_with_nothing_to_review_it_says_so(small):
    stream = io.StringIO()
    assert demo.run(media=[str(small / "cut.mov")], stream=stream) == 1
    assert "nothing to review" in stream.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="sends signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_is_kept_until_interrupted(small, number):
    command = [sys.executable, "-m", "ftrack_review", "demo", "--keep", "--media", str(small / "a.mov")]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        limit = threading.Timer(100, process.kill)
        limit.start()
        try:
            told = []
            for line in process.stdout:
                told.append(line)
                if "answers until" in line:
                    break
            text = "".join(told)
            links = re.findall(r"Ada Lovelace +(http://\S+)", text)
            assert links
            assert requests.get(links[0], timeout=20).status_code == 200
            exported = dict(re.findall(r"export (FTRACK_\w+)=(\S+)", text))
            assert set(exported) == {"FTRACK_SERVER", "FTRACK_API_USER", "FTRACK_API_KEY"}
            process.send_signal(number)
            assert "the server is gone" in process.stdout.read()
            assert process.wait(timeout=30) == 0
        finally:
            limit.cancel()
            process.kill()
