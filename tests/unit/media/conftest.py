"""Media made once for all tests of this folder."""

from __future__ import annotations

import pathlib

import pytest

from ftrack_review.media import synthesis

SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "media"

#: The tests on shared media are collected only where the folder lies beside the checkout.
collect_ignore = [] if SHARED.is_dir() else ["test_shared.py"]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with a movie in ProRes with sound, one in H.264, pictures and sequences."""
    folder = tmp_path_factory.mktemp("made")
    synthesis.make_movie(
        folder / "sound.mov", frames=12, fps="24000/1001", size=(160, 90), label="A", with_audio=True
    )
    synthesis.make_movie(folder / "plain.mp4", frames=10, fps=25, size=(160, 90), label="B")
    synthesis.make_picture(folder / "still.png", number=3, size=(160, 90), label="C")
    synthesis.make_picture(folder / "still.exr", number=3, size=(160, 90), label="C")
    synthesis.make_sequence(str(folder / "linear.%04d.exr"), fps=23.976, size=(160, 90))
    synthesis.make_sequence(str(folder / "holes.%04d.png"), numbers=[1, 2, 3, 5, 8], size=(160, 90))
    return folder


@pytest.fixture(autouse=True)
def _no_studio_config(monkeypatch):
    """Colours are those of the built-in config, whatever the developer's studio uses."""
    monkeypatch.delenv("OCIO", raising=False)
