"""Drawings on frames as browsers send them, and the picture that shows one to other tools.

Everything in them is checked (:mod:`ftrack_review.protocol.drawing`) and nothing is passed on that was not. What other
tools have stored is read by the same rules and left alone where it follows others.

Called by ``review_writing`` for what arrives, and by ``review_state`` for what is stored.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from typing import Any, Dict, List, Optional

from ftrack_review.protocol import drawing
from ftrack_review.server.errors import ServerFault, validation_error

__all__ = ["MAXIMUM_PICTURE_BYTES", "read", "read_picture", "readable"]

#: The largest picture, in bytes and in pixels of a side.
MAXIMUM_PICTURE_BYTES = 12 * 1024 * 1024
MAXIMUM_SIDE = 8192

_PICTURE = re.compile(r"data:image/png;base64,")
_PNG = b"\x89PNG\r\n\x1a\n"

Record = Dict[str, Any]


def read(value: Any) -> Optional[Record]:
    """Return the drawing *value* with what belongs into one and nothing else, or None for one without shapes.

    Raise the fault that says what is wrong with it.
    """
    try:
        found = drawing.read(value)
    except ValueError as error:
        raise validation_error(str(error), "drawing") from None
    if found is not None and len(json.dumps(found, separators=(",", ":"))) > drawing.MAXIMUM_CHARACTERS:
        raise ServerFault("ValidationError", "The drawing is too large. Draw on several frames.", 413)
    return found


def readable(value: Any) -> Optional[Record]:
    """Return the stored drawing *value*, or None where it follows other rules than ours."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    try:
        return read(value)
    except ServerFault:
        return None


def read_picture(value: Any) -> Optional[bytes]:
    """Return the PNG in the data URL *value*, or None where there is none.

    Raise the fault for what is no PNG, or too large.
    """
    if value is None:
        return None
    match = _PICTURE.match(value) if isinstance(value, str) else None
    if match is None:
        raise validation_error("The picture must be a data URL of the type image/png, in base64.", "picture")
    if (len(value) - match.end()) * 3 // 4 > MAXIMUM_PICTURE_BYTES:
        raise ServerFault(
            "ValidationError", f"The picture is larger than {MAXIMUM_PICTURE_BYTES // 1024**2} MB.", 413
        )
    try:
        data = base64.b64decode(value[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise validation_error("The picture is not base64.", "picture") from None
    _check_png(data)
    return data


def _check_png(data: bytes) -> None:
    """Raise the fault for *data* that is no whole PNG. Chunks are walked through; nothing is unpacked."""
    if not data.startswith(_PNG):
        raise validation_error("The picture is no PNG.", "picture")
    kinds: List[bytes] = []
    position = len(_PNG)
    while position + 12 <= len(data) and len(kinds) < 100_000:
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if (
            end > len(data)
            or zlib.crc32(data[position + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]
        ):
            break
        if not kinds and (kind != b"IHDR" or length != 13 or not _has_size(data)):
            break
        kinds.append(kind)
        position = end
        if kind == b"IEND" and position == len(data) and b"IDAT" in kinds:
            return
    raise validation_error("The picture is damaged, or larger than what is taken.", "picture")


def _has_size(data: bytes) -> bool:
    width, height = struct.unpack_from(">II", data, 16)
    return 0 < width <= MAXIMUM_SIDE and 0 < height <= MAXIMUM_SIDE
