"""Real media and damaged files from beside the checkout, where they are there."""

from __future__ import annotations

import os
import pathlib

import pytest

from ftrack_review import exception, media
from ftrack_review.media.picture import read_picture

SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "media"


def files(folder):
    return sorted(os.listdir(SHARED / folder)) if (SHARED / folder).is_dir() else []


@pytest.mark.parametrize("name", files("damaged"))
@pytest.mark.parametrize("function", ["probe", "make_still", "thumbnail", "encode_movie", "encode_sequence"])
def test_damaged_files_are_refused_by_name(tmp_path, name, function):
    source, target = SHARED / "damaged" / name, tmp_path / "out"
    arguments = {"path": source} if function == "probe" else {"source": source, "target": target}
    if function == "encode_sequence":
        arguments = {"sequence": [source], "target": target}
    with pytest.raises(exception.MediaError, match=name.replace(".", r"\.")):
        media.isolated(function, arguments, timeout_s=60)
    assert not target.exists()


@pytest.mark.parametrize("name", files("stills"))
def test_stills_are_shown(tmp_path, name):
    info = media.make_still(SHARED / "stills" / name, tmp_path / "out.jpg")
    assert info.width
    assert info.height
    pixels = read_picture(tmp_path / "out.jpg")
    assert pixels.max() > 200
    assert pixels.std() > 20


@pytest.mark.parametrize("folder", ["beachball"] if files("beachball") else [])
def test_the_beach_ball_rolls(tmp_path, folder):
    expression = SHARED / folder / "beachball.%04d.exr [1-8]"
    info = media.encode_sequence(expression, tmp_path / "out.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (2048, 1556, 8, 24)
    shown = []
    for number in range(8):
        media.make_still(tmp_path / "out.mp4", tmp_path / "out.png", frame=number)
        shown.append(read_picture(tmp_path / "out.png"))
    for number, pixels in enumerate(shown, 1):
        source = read_picture(SHARED / folder / f"beachball.{number:04d}.exr").astype(int)
        assert abs(source - pixels).mean() < 1
    # The right eye: the ball of the first frame is where the default view has it.
    assert shown[0][500, 900].max() > 100
    with pytest.raises(exception.MissingFramesError) as caught:
        media.encode_sequence(SHARED / folder / "beachball.%04d.exr [0-9]", tmp_path / "out.mp4")
    assert caught.value.frames == (0, 9)


@pytest.mark.parametrize("name", ["colour_wheel.mov"] if (SHARED / "colour_wheel.mov").exists() else [])
def test_the_colour_wheel_turns(tmp_path, name):
    info = media.encode_movie(SHARED / name, tmp_path / "out.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (640, 480, 15, 25)
