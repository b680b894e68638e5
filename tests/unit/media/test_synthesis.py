"""Media made on the spot is what it says."""

from __future__ import annotations

import pytest

from ftrack_review import exception, media
from ftrack_review.media import synthesis
from ftrack_review.media.picture import read_picture


@pytest.mark.parametrize("number", [0, 1, 77, 40000])
def test_a_frame_carries_its_number(number):
    assert synthesis.read_number(synthesis.render(number, 50000, size=(160, 90))) == number


@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv"])
def test_a_movie_has_what_was_asked_for(tmp_path, suffix):
    path = synthesis.make_movie(
        tmp_path / f"a.{suffix}", frames=5, fps="30000/1001", size=(64, 48), with_audio=True
    )
    info = media.probe(path)
    assert (str(info.fps), info.frames, info.width, info.height, info.has_audio) == (
        "30000/1001", 5, 64, 48, True
    )  # fmt: skip


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(exception.MediaError, match=r"a\.txt"):
        synthesis.make_movie(tmp_path / "a.txt")
    with pytest.raises(exception.MediaError, match=r"a\.txt"):
        synthesis.make_picture(tmp_path / "a.txt")


def test_labels_tell_movies_apart():
    first, second = (synthesis.render(3, 9, label=label).astype(int) for label in ("SH010", "SH020"))
    assert abs(first - second).mean() > 5


def test_pictures_look_alike_in_every_format(tmp_path):
    for suffix in ("png", "jpg", "tif"):
        path = synthesis.make_picture(tmp_path / f"a.{suffix}", number=9, total=10, label="x")
        difference = read_picture(path).astype(int) - synthesis.render(9, 10, label="x")
        assert abs(difference).mean() < 3
