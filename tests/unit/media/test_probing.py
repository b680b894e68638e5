"""What a file holds is told without reading all of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ftrack_review import exception, media
from ftrack_review.media.source import MediaInfo


def test_a_movie(made):
    info = media.probe(made / "sound.mov")
    assert info == MediaInfo(
        kind="movie",
        width=160,
        height=90,
        fps=Fraction(24000, 1001),
        frames=12,
        duration_s=pytest.approx(0.5005),
        has_audio=True,
        codec="prores",
        pixel_format="yuv422p10le",
        web_playable=False,
    )


def test_a_still(made):
    info = media.probe(made / "still.png")
    assert (info.kind, info.width, info.height, info.frames, info.codec) == ("image", 160, 90, 1, "png")
    assert info.web_playable
    assert not media.probe(made / "still.exr").web_playable


def test_a_sequence(made):
    info = media.probe(made / "linear.%04d.exr [1-8]")
    assert (info.kind, info.frames, info.first_frame, info.fps) == ("sequence", 8, 1, Fraction(24000, 1001))
    # Missing frames count, as they will be rendered or held.
    assert media.probe(made / "holes.%04d.png").frames == 8


def test_content_counts_more_than_the_name(made, tmp_path):
    (tmp_path / "really_a_picture.mov").write_bytes((made / "still.exr").read_bytes())
    assert media.probe(tmp_path / "really_a_picture.mov").kind == "image"


@pytest.mark.parametrize("name", ["still.exr", "still.png", "plain.mp4", "sound.mov"])
def test_what_is_cut_short_is_refused(made, tmp_path, name):
    whole = (made / name).read_bytes()
    for part in (0.4, 0.8):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(exception.MediaError, match=name.replace(".", r"\.")):
            media.probe(tmp_path / name)


def test_information_survives_json(made):
    import json

    info = media.probe(made / "sound.mov")
    assert MediaInfo.from_dict(json.loads(json.dumps(info.to_dict()))) == info


def test_a_movie_with_its_index_at_the_end_is_not_playable_at_once(made):
    assert not media.probe(made / "plain.mp4").web_playable


@pytest.mark.parametrize("name", ["absent.mov", "absent.%04d.exr [1-8]", "absent.exr"])
def test_what_does_not_exist_is_named(tmp_path, name):
    with pytest.raises(exception.MediaError, match=str(tmp_path)):
        media.probe(tmp_path / name)
