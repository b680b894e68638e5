"""Make JPEG stills and thumbnails of pictures, sequences and movies."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Optional

from ftrack_review import exception
from ftrack_review.media.conform import Conformer, Geometry, shown_size
from ftrack_review.media.footage import Footage, open_footage, reading
from ftrack_review.media.picture import read_picture
from ftrack_review.media.requirement import require
from ftrack_review.media.sequence import is_sequence, parse_sequence
from ftrack_review.media.source import MediaInfo, Path, classify, name_of
from ftrack_review.media.target import replacing

__all__ = ["make_still", "thumbnail"]

#: What browsers show without trouble, in pixels.
_MAXIMUM_SIDE = 8192


def make_still(
    source: Path, target: Path, *, size: Optional[int] = None, frame: Optional[int] = None
) -> MediaInfo:
    """Write a picture of *source* as JPEG to *target*, and return what it is.

    *source* is a still, of which all is shown; a sequence or movie shows *frame*, counted from 0, or its first one.
    *size* limits the longer side, in pixels; a smaller picture stays as it is.

    Raise :exc:`~ftrack_review.exception.MediaError` if *source* cannot be read or *target* not be written.
    """
    return _write(_pixels(source, frame or 0), target, size or _MAXIMUM_SIDE, quality=92)


def thumbnail(source: Path, target: Path, *, size: int = 300) -> MediaInfo:
    """Write a small picture of *source* as JPEG to *target*, at most *size* pixels on its longer side.

    Of a sequence or movie the middle is shown, as the first frame often is black. Otherwise as :func:`make_still`.
    """
    return _write(_pixels(source, None), target, size, quality=85)


def _pixels(source: Path, frame: Optional[int]) -> Any:
    """Return *frame* of *source*, or, for None, the middle one, as a byte array."""
    if is_sequence(source):
        sequence = parse_sequence(source)
        paths = sequence.held()
        number = len(paths) // 2 if frame is None else frame
        if not 0 <= number < len(paths):
            raise exception.MediaError(
                f"{name_of(source)} has {len(paths)} frames; there is no frame {number}."
            )
        return read_picture(paths[number])
    kind = classify(source)
    if kind == "picture":
        return read_picture(source)
    if kind == "pdf":
        raise exception.MediaError(f"{name_of(source)} is a PDF, of which no picture can be made here.")
    with open_footage(source) as footage:
        return _movie_pixels(footage, frame)


def _movie_pixels(footage: Footage, number: Optional[int]) -> Any:
    timing = footage.timing
    if number is None:
        frame = _near(footage, timing.start_s + timing.frames / timing.fps / 2)
    else:
        frame = next((frame for index, frame in enumerate(footage.frames()) if index == number), None)
    if frame is None:
        raise exception.MediaError(f"{footage.path} has {timing.frames} frames; there is no frame {number}.")
    aspect = (
        getattr(footage.video, "sample_aspect_ratio", None) or footage.video.codec_context.sample_aspect_ratio
    )
    pixel_aspect = Fraction(aspect) if aspect else None
    width, height = shown_size(frame, pixel_aspect)
    conformer = Conformer(
        Geometry(width, height, width, height),
        pixel_format="rgb24",
        aspect=pixel_aspect,
        context=footage.video.codec_context,
        interlaced=bool(frame.interlaced_frame),
    )
    with reading(footage.path):
        pictures = [*conformer.push(frame), *conformer.flush()]
    return pictures[0].to_ndarray()


def _near(footage: Footage, time_s: Fraction) -> Any:
    """Return a frame at *time_s*, in seconds: the one before it, or the nearest that can be reached quickly."""
    stream = footage.video
    if footage.timing.frames > 1 and stream.time_base:
        with reading(footage.path):
            footage.container.seek(int(time_s / stream.time_base), stream=stream)
    found = None
    for count, frame in enumerate(_decode(footage)):
        if found is not None and frame.time is not None and frame.time > time_s:
            break
        found = frame
        # Some formats place the reader far before the time; a thumbnail is not worth decoding minutes.
        if count > 250:
            break
    if found is None:
        raise exception.MediaError(f"{footage.path} holds no frame that can be decoded.")
    return found


def _decode(footage: Footage) -> Any:
    with reading(footage.path):
        for packet in footage.container.demux(footage.video):
            yield from packet.decode()


def _write(pixels: Any, target: Path, size: int, *, quality: int) -> MediaInfo:
    image = require("PIL.Image")
    picture = image.fromarray(pixels)
    picture.thumbnail((size, size), image.LANCZOS)
    with replacing(target) as temporary:
        try:
            picture.save(temporary, "JPEG", quality=quality, optimize=True)
        except OSError as error:
            raise exception.MediaError(
                f"{name_of(target)} cannot be written: {error.strerror or error}."
            ) from error
    return MediaInfo(
        kind="image",
        width=picture.width,
        height=picture.height,
        frames=1,
        codec="jpeg",
        pixel_format="rgb uint8",
        web_playable=True,
    )
