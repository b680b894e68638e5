"""Movies keep their frames, rate, shape and colour on the way to the web."""

from __future__ import annotations

import os
from fractions import Fraction

import av
import av.filter
import numpy as np
import pytest

from ftrack_review import exception, media
from ftrack_review.media import synthesis
from ftrack_review.media.picture import read_picture


def frames_of(path):
    """Decode the movie at *path* plainly: every frame as RGB by the Rec.709 matrix."""
    return [convert(frame, "rgb24", "in_color_matrix=bt709:in_range=tv") for frame in decoded(path)]


def decoded(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def convert(frame, pixel_format, scaling):
    """Convert *frame* with FFmpeg's own filter, as players do it."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    scale, form = graph.add("scale", scaling), graph.add("format", pixel_format)
    sink = graph.add("buffersink")
    source.link_to(scale)
    scale.link_to(form)
    form.link_to(sink)
    graph.configure()
    graph.push(frame)
    return graph.pull().to_ndarray()


def write(
    path, frames, *, codec="ffv1", pixel_format="yuv420p", rate=25, pts=None, time_base=None, **context
):
    """Write byte arrays, or frames, as a movie."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        first = frames[0]
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pixel_format
        if time_base is not None:
            stream.codec_context.time_base = time_base
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        for index, pixels in enumerate(frames):
            layout = "rgba" if pixels.shape[2] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=layout)
            if pixel_format != layout:
                frame = frame.reformat(format=pixel_format)
            frame.pts = index if pts is None else pts[index]
            frame.time_base = time_base or 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def patterns(count, size=(160, 90)):
    return [synthesis.render(number, count, size=size) for number in range(count)]


def test_the_result_is_what_browsers_play(made, tmp_path):
    info = media.encode_movie(made / "sound.mov", tmp_path / "out.mp4")
    assert info == media.probe(tmp_path / "out.mp4")
    assert info.web_playable
    assert (info.kind, info.codec, info.pixel_format) == ("movie", "h264", "yuv420p")
    assert (info.width, info.height, info.has_audio) == (160, 90, True)
    with av.open(str(tmp_path / "out.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.codec_context.profile == "High"
        assert audio.codec_context.name == "aac"
        assert video.codec_context.colorspace == 1
        assert video.codec_context.color_primaries == 1
        assert video.codec_context.color_trc == 1
        assert video.codec_context.color_range == 1


def test_rate_and_number_of_frames_stay_exactly(made, tmp_path):
    info = media.encode_movie(made / "sound.mov", tmp_path / "out.mp4")
    assert info.fps == Fraction(24000, 1001)
    assert info.frames == 12
    shown = frames_of(tmp_path / "out.mp4")
    assert [synthesis.read_number(pixels) for pixels in shown] == list(range(12))


@pytest.mark.parametrize("rate", ["24", "25", "30000/1001", "60000/1001", "2997/125", "12", "120"])
def test_every_rate_is_kept(tmp_path, rate):
    source = write(tmp_path / "a.mov", patterns(7), codec="mpeg4", rate=rate)
    info = media.encode_movie(source, tmp_path / "out.mp4")
    assert (info.fps, info.frames) == (Fraction(rate), 7)


@pytest.mark.parametrize("rate", ["24", "24000/1001", "60000/1001"])
def test_a_clock_of_milliseconds_does_not_blur_the_rate(tmp_path, rate):
    source = write(tmp_path / "a.mkv", patterns(30), rate=rate)
    info = media.encode_movie(source, tmp_path / "out.mp4")
    assert (info.fps, info.frames) == (Fraction(rate), 30)


def test_colours_stay(tmp_path):
    blocks = np.zeros((96, 160, 3), dtype=np.uint8)
    colours = [(235, 16, 16), (16, 235, 16), (16, 16, 235), (128, 128, 128), (235, 235, 235)]
    for index, colour in enumerate(colours):
        blocks[:, index * 32 : index * 32 + 32] = colour
    # Full range RGB, and Rec.601 in limited range, as old codecs write it.
    for name, codec, pixel_format in (("a.mkv", "ffv1", "bgr0"), ("b.mov", "mpeg4", "yuv420p")):
        source = write(tmp_path / name, [blocks] * 3, codec=codec, pixel_format=pixel_format)
        media.encode_movie(source, tmp_path / "out.mp4")
        shown = frames_of(tmp_path / "out.mp4")[1]
        for index, colour in enumerate(colours):
            assert abs(shown[48, index * 32 + 16].astype(int) - colour).max() <= 6, (name, colour)


def test_odd_sides_get_one_more_line_that_repeats_the_last(tmp_path):
    white = np.full((61, 81, 3), 255, dtype=np.uint8)
    info = media.encode_movie(
        write(tmp_path / "a.mkv", [white] * 2, pixel_format="bgr0"), tmp_path / "out.mp4"
    )
    assert (info.width, info.height) == (82, 62)
    assert frames_of(tmp_path / "out.mp4")[0].min() > 245


def test_pixels_that_are_not_square_become_so(tmp_path):
    source = write(
        tmp_path / "a.mov", patterns(2, size=(72, 58)), codec="mpeg4", sample_aspect_ratio=Fraction(16, 9)
    )
    info = media.encode_movie(source, tmp_path / "out.mp4")
    assert (info.width, info.height) == (128, 58)
    assert media.probe(source).width == 128


def test_transparent_pixels_are_over_black(tmp_path):
    red = np.full((64, 64, 4), (255, 0, 0, 128), dtype=np.uint8)
    source = write(tmp_path / "a.mov", [red] * 2, codec="qtrle", pixel_format="argb")
    media.encode_movie(source, tmp_path / "out.mp4")
    assert abs(frames_of(tmp_path / "out.mp4")[0][32, 32].astype(int) - (128, 0, 0)).max() <= 4


def test_a_size_that_browsers_do_not_play_is_scaled_down():
    from ftrack_review.media.conform import even

    assert even(1920, 1080) == even(1920, 1080)
    assert (even(8192, 4320).width, even(8192, 4320).height) == (4096, 2160)
    assert (even(4096, 2304).width, even(4096, 2304).height) == (4096, 2304)
    tall = even(3000, 12000)
    assert max(tall.width, tall.height) <= 4096
    assert (even(1, 1).frame_width, even(1, 1).frame_height) == (16, 16)


def test_frames_of_unequal_length_are_put_on_the_grid(tmp_path):
    # As a phone records: 25 frames per second with a hole of five frames.
    times = [0, 40, 80, 120, 160, 400, 440, 480]
    source = write(tmp_path / "a.mkv", patterns(8), pts=times, time_base=Fraction(1, 1000))
    info = media.encode_movie(source, tmp_path / "out.mp4")
    assert (info.fps, info.frames) == (25, 13)
    shown = [synthesis.read_number(pixels) for pixels in frames_of(tmp_path / "out.mp4")]
    assert shown == [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7]


def test_another_rate_shows_the_same_frames(made, tmp_path):
    info = media.encode_movie(made / "sound.mov", tmp_path / "out.mp4", fps=25)
    assert (info.fps, info.frames) == (25, 12)
    with av.open(str(tmp_path / "out.mp4")) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(samples / 48000 - 12 / 25) < 0.05


def test_sound_is_as_long_as_the_picture(made, tmp_path):
    media.encode_movie(made / "sound.mov", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        pieces = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate(pieces, axis=1)
    assert abs(sound.shape[1] / 48000 - 12 * 1001 / 24000) < 0.05
    assert 0.05 < float(np.abs(sound).max()) < 0.5


def test_progress_counts_up_to_the_end(made, tmp_path):
    seen = []
    media.encode_movie(made / "plain.mp4", tmp_path / "out.mp4", progress=lambda *step: seen.append(step))
    assert seen == [(number, 10) for number in range(1, 11)]


def test_a_still_is_no_movie(made, tmp_path):
    with pytest.raises(exception.MediaError, match=r"still\.png is no movie"):
        media.encode_movie(made / "still.png", tmp_path / "out.mp4")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["plain.mp4", "sound.mov"])
def test_a_movie_that_is_cut_short_is_refused_and_leaves_nothing(made, tmp_path, name, part):
    whole = (made / name).read_bytes()
    source = tmp_path / f"cut-{name}"
    source.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(exception.MediaError) as caught:
        media.encode_movie(source, tmp_path / "out.mp4")
    assert str(source) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_a_movie_with_its_index_in_front_that_is_cut_short_is_refused(made, tmp_path):
    media.encode_movie(made / "sound.mov", tmp_path / "whole.mp4")
    whole = (tmp_path / "whole.mp4").read_bytes()
    source = tmp_path / "cut.mp4"
    source.write_bytes(whole[: int(len(whole) * 0.8)])
    with pytest.raises(exception.MediaError, match=r"cut\.mp4 is (damaged|cut short)"):
        media.encode_movie(source, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mov", b"", "empty"),
        ("text.mov", b"This is not a movie.", "cannot be read"),
        ("list.mov", b"ffconcat version 1.0\nfile plain.mp4\n", "cannot be read"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:10,\nplain.mp4\n#EXT-X-ENDLIST\n", "cannot be read"),
        ("noise.mp4", bytes(range(256)) * 40, "cannot be read"),
    ],
)
def test_what_is_no_movie_is_refused_by_name(made, tmp_path, name, content, reason):
    source = tmp_path / name
    source.write_bytes(content)
    (tmp_path / "plain.mp4").write_bytes((made / "plain.mp4").read_bytes())
    with pytest.raises(exception.MediaError, match=reason) as caught:
        media.encode_movie(source, tmp_path / "out.mp4")
    assert str(source) in str(caught.value)
    assert not (tmp_path / "out.mp4").exists()


def test_a_failure_leaves_the_former_target(tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"former")
    (tmp_path / "text.mov").write_bytes(b"text")
    with pytest.raises(exception.MediaError):
        media.encode_movie(tmp_path / "text.mov", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"former"


def test_a_target_without_its_folder_is_refused_by_name(made, tmp_path):
    with pytest.raises(exception.MediaError, match=r"absent/out\.mp4 cannot be written"):
        media.encode_movie(made / "plain.mp4", tmp_path / "absent" / "out.mp4")


def test_a_sequence_becomes_a_movie_of_the_rate_it_names(made, tmp_path):
    info = media.encode_sequence(made / "linear.%04d.exr", tmp_path / "out.mp4", default_fps=30)
    assert (info.fps, info.frames, info.width, info.height) == (Fraction(24000, 1001), 8, 160, 90)
    assert info.web_playable
    shown = frames_of(tmp_path / "out.mp4")
    assert [synthesis.read_number(pixels) for pixels in shown] == list(range(1, 9))
    for index, pixels in enumerate(shown):
        source = read_picture(made / f"linear.{index + 1:04d}.exr").astype(int)
        assert abs(source - pixels).mean() < 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, Fraction(24)),
        ({"default_fps": "23.976"}, Fraction(24000, 1001)),
        ({"fps": 12, "default_fps": 30}, Fraction(12)),
    ],
)
def test_the_rate_of_a_sequence_that_names_none(made, tmp_path, arguments, expected):
    info = media.encode_sequence(made / "holes.%04d.png [1-3]", tmp_path / "out.mp4", **arguments)
    assert (info.fps, info.frames) == (expected, 3)


def test_missing_frames_are_named_or_held(made, tmp_path):
    with pytest.raises(exception.MissingFramesError) as caught:
        media.encode_sequence(made / "holes.%04d.png", tmp_path / "out.mp4")
    assert caught.value.frames == (4, 6, 7)
    assert "4, 6-7" in str(caught.value)
    assert not (tmp_path / "out.mp4").exists()
    info = media.encode_sequence(made / "holes.%04d.png", tmp_path / "out.mp4", hold_missing=True)
    assert info.frames == 8
    shown = [synthesis.read_number(pixels) for pixels in frames_of(tmp_path / "out.mp4")]
    assert shown == [1, 2, 3, 3, 5, 5, 5, 8]


def test_pictures_of_another_shape_are_fitted_into_the_first(tmp_path):
    synthesis.make_picture(tmp_path / "a.1.png", size=(160, 90))
    synthesis.make_picture(tmp_path / "a.2.png", size=(90, 90))
    info = media.encode_sequence(tmp_path / "a.%d.png", tmp_path / "out.mp4")
    assert (info.width, info.height, info.frames) == (160, 90, 2)
    second = frames_of(tmp_path / "out.mp4")[1]
    assert second[:, :30].max() < 12
    assert second[40, 80].max() > 30


def test_a_damaged_picture_in_a_sequence_is_named_and_leaves_nothing(tmp_path):
    synthesis.make_sequence(str(tmp_path / "a.%d.exr"), numbers=range(1, 6), size=(64, 64))
    whole = (tmp_path / "a.4.exr").read_bytes()
    (tmp_path / "a.4.exr").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(exception.MediaError, match=r"a\.4\.exr"):
        media.encode_sequence(tmp_path / "a.%d.exr", tmp_path / "out.mp4")
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_is_named():
    from ftrack_review.media.encoder import MovieWriter

    with pytest.raises(exception.MediaError, match=r"out\.mp4 cannot be written: No space left"):
        writer = MovieWriter("/dev/full", width=64, height=64, fps=Fraction(24), name="out.mp4")
        with writer:
            for _ in range(3):
                writer.write(av.VideoFrame(64, 64, "yuv420p"))
