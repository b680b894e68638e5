"""Say what a media file is: its kind, size, rate and length, and whether browsers play it as it is."""

from __future__ import annotations

import os
from typing import Any, Optional

from ftrack_review.media.conform import shown_size
from ftrack_review.media.footage import Footage, open_footage
from ftrack_review.media.picture import describe_picture
from ftrack_review.media.sequence import is_sequence, parse_sequence
from ftrack_review.media.source import MediaInfo, Path, classify

__all__ = ["probe"]

_WEB_VIDEO = {
    "mp4": ({"h264"}, {"aac", "mp3", "mp3float"}),
    "webm": (
        {"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"},
        {"opus", "vorbis", "libopus", "libvorbis"},
    ),
}


def probe(path: Path) -> MediaInfo:
    """Return what the file, folder or sequence expression at *path* holds.

    The header is read and, of a movie, the first frame, but not every picture: damage further on shows when it is
    encoded. Raise :exc:`~ftrack_review.exception.MediaError` if it is missing, empty or cannot be read.
    """
    if is_sequence(path):
        return _probe_sequence(path)
    kind = classify(path)
    if kind == "pdf":
        return MediaInfo(kind="pdf", codec="pdf", web_playable=True)
    if kind == "picture":
        picture = describe_picture(path)
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
    playable = _is_web_playable(footage)
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
        web_playable=playable,
    )


def _is_web_playable(footage: Footage) -> bool:
    suffix = os.path.splitext(footage.path)[1].lower().lstrip(".").replace("m4v", "mp4")
    if suffix not in _WEB_VIDEO or _brand(footage.container) == "qt":
        return False
    pictures, sounds = _WEB_VIDEO[suffix]
    sound: Optional[str] = None if footage.audio is None else str(footage.audio.codec_context.name)
    return (
        footage.video.codec_context.name in pictures
        and footage.video.codec_context.pix_fmt in {"yuv420p", "yuvj420p"}
        and (sound is None or sound in sounds)
    )


def _brand(container: Any) -> str:
    return str(container.metadata.get("major_brand", "")).strip()
