"""Say what a media file is: its kind, size, rate and length, and whether browsers play it as it is."""

from __future__ import annotations

import os
from typing import Any

from ftrack_review.media.conform import shown_size
from ftrack_review.media.footage import Footage, open_footage
from ftrack_review.media.picture import describe_picture
from ftrack_review.media.sequence import is_sequence, parse_sequence
from ftrack_review.media.source import MediaInfo, Path, classify

__all__ = ["probe"]

#: Sound that every browser plays, by the decoder's name.
_WEB_SOUND = {"aac", "mp3", "mp3float"}


def probe(path: Path) -> MediaInfo:
    """Return what the file, folder or sequence expression at *path* holds.

    A still is read whole, a movie without decoding more than its first frame, a sequence by its first header: what
    else is damaged shows when it is encoded. Raise :exc:`~ftrack_review.exception.MediaError` if it is missing, empty,
    cut short or cannot be read.
    """
    if is_sequence(path):
        return _probe_sequence(path)
    kind = classify(path)
    if kind == "pdf":
        return MediaInfo(kind="pdf", codec="pdf", web_playable=True)
    if kind == "picture":
        picture = describe_picture(path, verify=True)
        return MediaInfo(
            kind="image",
            width=picture.width,
            height=picture.height,
            fps=picture.fps,
            frames=1,
            codec=picture.codec,
            pixel_format=picture.pixel_format,
            web_playable=picture.web_playable,
        )
    with open_footage(path) as footage:
        return _probe_movie(footage)


def _probe_sequence(path: Path) -> MediaInfo:
    sequence = parse_sequence(path)
    picture = describe_picture(sequence.path(sequence.frames[0]))
    frames = sequence.last - sequence.first + 1
    return MediaInfo(
        kind="sequence",
        width=picture.width,
        height=picture.height,
        fps=picture.fps,
        frames=frames,
        duration_s=None if picture.fps is None else float(frames / picture.fps),
        codec=picture.codec,
        pixel_format=picture.pixel_format,
        first_frame=sequence.first,
    )


def _probe_movie(footage: Footage) -> MediaInfo:
    timing = footage.timing
    context = footage.video.codec_context
    pixel_format = str(context.pix_fmt)
    has_audio = footage.audio is not None
    codec = str(context.name)
    frame = footage.first_picture()
    width, height = shown_size(frame, footage.aspect())
    return MediaInfo(
        kind="movie",
        width=width,
        height=height,
        fps=timing.fps,
        frames=timing.frames,
        duration_s=float(timing.frames / timing.fps),
        has_audio=has_audio,
        codec=codec,
        pixel_format=pixel_format,
        web_playable=_is_web_playable(footage, frame),
    )


def _is_web_playable(footage: Footage, frame: Any) -> bool:
    """Return whether the movie is what we would make of it: H.264 High, yuv420p, faststart, evenly timed.

    Then nothing is won by encoding it again.
    """
    context = footage.video.codec_context
    return (
        os.path.splitext(footage.path)[1].lower() in {".mp4", ".m4v"}
        and "mp4" in footage.container.format.name
        and context.name == "h264"
        and context.profile == "High"
        and context.pix_fmt == "yuv420p"
        and frame.width % 2 == 0
        and frame.height % 2 == 0
        and shown_size(frame, footage.aspect()) == (frame.width, frame.height)
        and not frame.interlaced_frame
        and footage.timing.constant
        and (footage.audio is None or footage.audio.codec_context.name in _WEB_SOUND)
        and _begins_with_index(footage.path)
    )


def _begins_with_index(path: str) -> bool:
    """Return whether the index (``moov``) comes before the pictures (``mdat``), so that playing starts at once."""
    with open(path, "rb") as file:
        # A movie has a handful of boxes at the top; each begins with its size and name.
        for _ in range(64):
            header = file.read(16)
            if len(header) < 8:
                return False
            size, name = int.from_bytes(header[:4], "big"), header[4:8]
            if name in {b"moov", b"mdat"}:
                return name == b"moov"
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            if size < 8:
                return False
            file.seek(size - len(header), os.SEEK_CUR)
    return False
