"""What a media file is, judged by its first bytes rather than its name."""

from __future__ import annotations

import dataclasses
import os
from fractions import Fraction
from typing import Any, Dict, Optional, Tuple, Union

from ftrack_review import exception

__all__ = ["PICTURE_SUFFIXES", "MediaInfo", "Path", "classify", "name_of"]

Path = Union[str, "os.PathLike[str]"]

#: Endings of files that hold one picture each, as they occur in sequences.
PICTURE_SUFFIXES = frozenset(
    "." + suffix
    for line in (
        "exr sxr dpx cin tif tiff tx png jpg jpeg jp2 j2k hdr rgbe pic tga bmp sgi rgb rgba iff psd webp",
        "heic heif avif dds ppm pgm pbm pfm pnm rla cr2 nef arw dng jxl",
    )
    for suffix in line.split()
)

#: Beginnings of picture files: (position, bytes).
_PICTURE_MARKS: Tuple[Tuple[int, bytes], ...] = (
    (0, b"\x76\x2f\x31\x01"),  # OpenEXR
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"\xff\xd8\xff"),  # JPEG
    (0, b"II*\x00"),  # TIFF
    (0, b"MM\x00*"),
    (0, b"II+\x00"),  # BigTIFF
    (0, b"MM\x00+"),
    (0, b"SDPX"),  # DPX
    (0, b"XPDS"),
    (0, b"\x80\x2a\x5f\xd7"),  # Cineon
    (0, b"\xd7\x5f\x2a\x80"),
    (0, b"#?RADIANCE"),
    (0, b"#?RGBE"),
    (0, b"8BPS"),
    (0, b"DDS "),
    (8, b"WEBP"),
    (4, b"ftypheic"),
    (4, b"ftypheix"),
    (4, b"ftypmif1"),
    (4, b"ftypavif"),
    (0, b"\x00\x00\x00\x0cjP  "),
)


@dataclasses.dataclass(frozen=True)
class MediaInfo:
    """What there is to know of a movie, still, image sequence or document.

    *width* and *height* are those of the picture as it is shown: turned upright, with square pixels, the whole display
    window. *fps* is the exact frame rate, *frames* their number, *duration_s* the length in seconds, *first_frame* the
    number that the first frame carries in a sequence. *web_playable* says that browsers show the file as it is; a
    movie has to be such as :func:`~ftrack_review.media.encode_movie` makes.
    """

    kind: str
    width: Optional[int] = None
    height: Optional[int] = None
    fps: Optional[Fraction] = None
    frames: Optional[int] = None
    duration_s: Optional[float] = None
    has_audio: bool = False
    codec: Optional[str] = None
    pixel_format: Optional[str] = None
    web_playable: bool = False
    first_frame: int = 0

    def to_dict(self) -> Dict[str, Any]:
        """Return the values as JSON can hold them, the rate as a text such as ``24000/1001``."""
        values = dataclasses.asdict(self)
        values["fps"] = None if self.fps is None else str(self.fps)
        return values

    @classmethod
    def from_dict(cls, values: Dict[str, Any]) -> MediaInfo:
        """Return the information that :meth:`to_dict` gave *values* for."""
        fps = values.get("fps")
        return cls(**{**values, "fps": None if fps is None else Fraction(fps)})


def name_of(path: Path) -> str:
    """Return *path* as error messages show it."""
    return os.fspath(path)


def classify(path: Path) -> str:
    """Return whether the file at *path* is a ``picture``, a ``movie`` or a ``pdf``.

    Only a glance is taken: that the file can really be read shows later. Raise
    :exc:`~ftrack_review.exception.MediaError` if there is no such file, it is empty or may not be read.
    """
    try:
        if os.path.isdir(path):
            raise exception.MediaError(f"{name_of(path)} is a folder, not a file.")
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError as error:
        raise exception.MediaError(f"{name_of(path)} cannot be read: {error.strerror or error}.") from error
    if not head:
        raise exception.MediaError(f"{name_of(path)} is empty: the file has no bytes. Write it again.")
    if head.startswith(b"%PDF"):
        return "pdf"
    if any(head[position : position + len(mark)] == mark for position, mark in _PICTURE_MARKS):
        return "picture"
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    return "picture" if suffix in PICTURE_SUFFIXES else "movie"
