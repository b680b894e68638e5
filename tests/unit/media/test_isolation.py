"""A reader that crashes or hangs takes nothing along."""

from __future__ import annotations

import os
import sys
from fractions import Fraction

import pytest

from ftrack_review import exception, media
from ftrack_review.media import isolation


def test_the_result_is_that_of_the_function(made, tmp_path):
    seen = []
    info = media.isolated(
        "encode_sequence",
        {
            "sequence": media.parse_sequence(made / "linear.%04d.exr"),
            "target": tmp_path / "out.mp4",
            "fps": Fraction(30000, 1001),
        },
        progress=lambda *step: seen.append(step),
    )
    assert info == media.probe(tmp_path / "out.mp4")
    assert (info.fps, info.frames) == (Fraction(30000, 1001), 8)
    assert seen[-1] == (8, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_errors_come_back_as_they_are(made, tmp_path):
    (tmp_path / "text.mov").write_bytes(b"text")
    with pytest.raises(exception.MediaError, match=r"text\.mov cannot be read"):
        media.isolated("probe", {"path": tmp_path / "text.mov"})
    with pytest.raises(exception.MissingFramesError) as caught:
        media.isolated(
            "encode_sequence", {"sequence": made / "holes.%04d.png", "target": tmp_path / "out.mp4"}
        )
    assert caught.value.frames == (4, 6, 7)


def test_errors_name_the_real_target(made, tmp_path):
    with pytest.raises(exception.MediaError) as caught:
        media.isolated("make_still", {"source": made / "still.png", "target": tmp_path / "no" / "a.jpg"})
    assert str(tmp_path / "no" / "a.jpg") in str(caught.value)


def interpreter(tmp_path, monkeypatch, behaviour):
    """Have the child be a program that behaves badly after it said that it was ready."""
    path = tmp_path / "python"
    path.write_text(f"#!{sys.executable}\nimport os, sys, threading\nsys.stdin.readline()\n{behaviour}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    assert isolation.find_python() == str(path)


READY = "print('{\"ready\": true}', flush=True)\n"


@pytest.mark.skipif(os.name == "nt", reason="signals and scripts of Unix")
def test_a_crash_names_the_file_and_leaves_nothing(made, tmp_path, monkeypatch):
    interpreter(tmp_path, monkeypatch, READY + "os.abort()")
    with pytest.raises(exception.MediaError, match=r"plain\.mp4 is damaged.*SIGABRT"):
        media.isolated("encode_movie", {"source": made / "plain.mp4", "target": tmp_path / "out.mp4"})
    assert [path.name for path in tmp_path.iterdir()] == ["python"]


@pytest.mark.skipif(os.name == "nt", reason="signals and scripts of Unix")
def test_a_reader_that_hangs_is_ended(made, tmp_path, monkeypatch):
    interpreter(tmp_path, monkeypatch, READY + "threading.Event().wait()")
    with pytest.raises(exception.MediaError, match=r"plain\.mp4 was given up on after 0\.5 seconds"):
        media.isolated("probe", {"path": made / "plain.mp4"}, timeout_s=0.5)


@pytest.mark.skipif(os.name == "nt", reason="signals and scripts of Unix")
@pytest.mark.parametrize("behaviour", ["sys.exit(1)", "print('{\"ready\"', end='')\nos._exit(0)"])
def test_an_interpreter_that_cannot_run_us_is_done_without(made, tmp_path, monkeypatch, behaviour):
    interpreter(tmp_path, monkeypatch, behaviour)
    assert media.isolated("probe", {"path": made / "plain.mp4"}).frames == 10


def test_what_the_caller_raises_ends_the_child(made, tmp_path):
    class StopError(Exception):
        pass

    def stop(done, total):
        raise StopError

    with pytest.raises(StopError):
        media.isolated(
            "encode_movie", {"source": made / "plain.mp4", "target": tmp_path / "out.mp4"}, progress=stop
        )
    assert list(tmp_path.iterdir()) == []


def test_without_an_interpreter_it_runs_here(made, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert isolation.find_python() is None
    seen = []
    media.isolated(
        "encode_movie",
        {"source": made / "plain.mp4", "target": tmp_path / "out.mp4"},
        progress=lambda *step: seen.append(step),
    )
    assert seen[-1] == (10, 10)
    with pytest.raises(exception.MediaError, match="given up on"):
        media.isolated(
            "encode_movie", {"source": made / "plain.mp4", "target": tmp_path / "late.mp4"}, timeout_s=-1
        )
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("host", ["maya", "blender", "Nuke15.1", "houdini", ""])
def test_a_dcc_is_not_started_again(tmp_path, monkeypatch, host):
    monkeypatch.setattr(sys, "executable", str(tmp_path / host) if host else "")
    found = isolation.find_python()
    # This test runs in a real Python, whose interpreter lies in the prefix.
    assert found is not None
    assert os.path.basename(found).startswith("python")
    assert os.path.dirname(found) != str(tmp_path)


def test_a_dccs_own_interpreter_is_taken(tmp_path, monkeypatch):
    for name in ("maya", "mayapy"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for name in ("prefix", "exec_prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "maya"))
    assert isolation.find_python() == str(tmp_path / "mayapy")


def test_a_wrong_call_is_the_callers_fault(made):
    with pytest.raises(ValueError, match="encode_everything"):
        media.isolated("encode_everything", {})
    with pytest.raises(TypeError):
        media.isolated("probe", {"paht": made / "plain.mp4"})


def test_the_child_imports_what_its_parent_has(made, tmp_path, monkeypatch):
    """A package that was put before an installed one is before it in the child too."""
    (tmp_path / "av.py").write_text("raise ImportError('the one put in front')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(exception.MissingDependencyError, match="the one put in front"):
        media.isolated("probe", {"path": made / "plain.mp4"})
