"""Make JPEG stills and thumbnails of pictures, sequences and movies."""

from __future__ import annotations

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

#: How many frames are decoded on the way to the middle of a movie.
_MAXIMUM_DECODED = 250


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
    if frame is None:
        return _middle_pixels(source)
    with open_footage(source) as footage:
        return _movie_pixels(footage, frame)


def _movie_pixels(footage: Footage, number: int) -> Any:
    frame = next((frame for index, frame in enumerate(footage.frames()) if index == number), None)
    if frame is None:
        raise exception.MediaError(
            f"{footage.path} has {footage.timing.frames} frames; there is no frame {number}."
        )
    return _convert(footage, frame)


def _convert(footage: Footage, frame: Any) -> Any:
    """Return *frame* as a byte array, upright and with square pixels."""
    aspect = footage.aspect()
    width, height = shown_size(frame, aspect)
    conformer = Conformer(
        Geometry(width, height, width, height),
        pixel_format="rgb24",
        aspect=aspect,
        context=footage.video.codec_context,
        interlaced=bool(frame.interlaced_frame),
    )
    with reading(footage.path):
        pictures = [*conformer.push(frame), *conformer.flush()]
    return pictures[0].to_ndarray()


def _middle_pixels(source: Path) -> Any:
    with open_footage(source) as footage:
        frame = _near_middle(footage)
        if frame is not None:
            return _convert(footage, frame)
    # Formats without an index cannot be searched, and give the first frame.
    with open_footage(source) as footage:
        return _movie_pixels(footage, 0)


def _near_middle(footage: Footage) -> Any:
    """Return the frame in the middle, or one near it that can be reached quickly; None if it cannot be searched."""
    stream, timing = footage.video, footage.timing
    if not stream.time_base:
        return None
    av = require("av")
    time_s = timing.start_s + timing.frames / timing.fps / 2
    found = None
    try:
        footage.container.seek(int(time_s / stream.time_base), stream=stream)
        for count, frame in enumerate(_decode(footage)):
            if found is not None and frame.time is not None and frame.time > time_s:
                break
            found = frame
            # Some formats place the reader far before the time; a thumbnail is not worth decoding minutes.
            if count > _MAXIMUM_DECODED:
                break
    except (av.error.FFmpegError, exception.MediaError):
        return None
    return found


def _decode(footage: Footage) -> Any:
    for packet in footage.container.demux(footage.video):
        yield from packet.decode()


def _write(pixels: Any, target: Path, size: int, *, quality: int) -> MediaInfo:
    image = require("PIL.Image")
    picture = image.fromarray(pixels)
    picture.thumbnail((size, size), image.LANCZOS)
    with replacing(target) as temporary:
        try:
            picture.save(temporary, "JPEG", quality=quality, optimize=True, subsampling=0)
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
