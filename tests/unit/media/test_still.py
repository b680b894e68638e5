"""Stills and thumbnails show the right frame at the right size."""

from __future__ import annotations

import pytest
from PIL import Image

from ftrack_review import exception, media
from ftrack_review.media.picture import read_picture
from ftrack_review.media.synthesis import make_movie, read_number


@pytest.mark.parametrize("name", ["still.png", "still.exr"])
def test_a_still_is_shown_whole(made, tmp_path, name):
    info = media.make_still(made / name, tmp_path / "out.jpg")
    assert (info.kind, info.width, info.height, info.web_playable) == ("image", 160, 90, True)
    with Image.open(tmp_path / "out.jpg") as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (160, 90), "RGB")
    assert read_number(read_picture(tmp_path / "out.jpg")) == 3


@pytest.mark.parametrize("frame", [None, 0, 7, 11])
def test_a_movie_shows_the_wanted_frame(made, tmp_path, frame):
    media.make_still(made / "sound.mov", tmp_path / "out.jpg", frame=frame)
    assert read_number(read_picture(tmp_path / "out.jpg")) == (frame or 0)


def test_a_frame_beyond_the_end_is_refused(made, tmp_path):
    with pytest.raises(exception.MediaError, match="no frame 12"):
        media.make_still(made / "sound.mov", tmp_path / "out.jpg", frame=12)
    with pytest.raises(exception.MediaError, match="no frame 99"):
        media.make_still(made / "linear.%04d.exr", tmp_path / "out.jpg", frame=99)


def test_a_thumbnail_shows_the_middle_in_small(made, tmp_path):
    info = media.thumbnail(made / "sound.mov", tmp_path / "out.jpg", size=80)
    assert (info.width, info.height) == (80, 45)
    assert read_number(read_picture(tmp_path / "out.jpg")) == 6
    media.thumbnail(made / "linear.%04d.exr", tmp_path / "out.jpg", size=80)
    assert read_number(read_picture(tmp_path / "out.jpg")) == 5


def test_the_middle_of_a_longer_movie_is_reached_between_key_frames(tmp_path):
    make_movie(tmp_path / "long.mp4", frames=400, fps=25, size=(64, 36))
    media.thumbnail(tmp_path / "long.mp4", tmp_path / "out.jpg")
    assert read_number(read_picture(tmp_path / "out.jpg")) == 200


def test_small_pictures_are_not_enlarged(made, tmp_path):
    assert media.thumbnail(made / "still.png", tmp_path / "out.jpg", size=4000).width == 160


def test_a_pdf_has_no_picture(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    assert media.probe(tmp_path / "a.pdf").kind == "pdf"
    with pytest.raises(exception.MediaError, match=r"a\.pdf is a PDF"):
        media.thumbnail(tmp_path / "a.pdf", tmp_path / "out.jpg")
