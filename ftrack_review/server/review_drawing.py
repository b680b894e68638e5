"""Drawings on frames: what one may look like, and the picture that shows it to other tools.

A drawing is a list of shapes whose coordinates are fractions of the width and height of the picture, so that it fits
whatever size it is shown in. It comes from browsers, so everything in it is checked and nothing is passed on that was
not. What other tools have stored is read by the same rules and left alone where it follows others.

Called by ``review_writing`` for what arrives, and by ``review_state`` for what is stored.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import struct
import zlib
from typing import Any, Dict, List, NoReturn, Optional

from ftrack_review.server.errors import ServerFault, describe, validation_error

__all__ = ["MAXIMUM_PICTURE_BYTES", "read", "read_picture", "readable"]

#: The most shapes in a drawing, points in a shape, and characters of the whole as JSON.
MAXIMUM_SHAPES = 2_000
MAXIMUM_POINTS = 20_000
MAXIMUM_CHARACTERS = 512 * 1024

#: The longest text in a drawing, in characters.
MAXIMUM_TEXT = 1_000

#: The largest picture, in bytes and in pixels of a side.
MAXIMUM_PICTURE_BYTES = 12 * 1024 * 1024
MAXIMUM_SIDE = 8192

VERSION = 1

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_TWO_POINTS = ("arrow", "line", "rectangle", "ellipse")
_PICTURE = re.compile(r"data:image/png;base64,")
_PNG = b"\x89PNG\r\n\x1a\n"

Record = Dict[str, Any]


def read(value: Any) -> Optional[Record]:
    """Return the drawing *value* with what belongs into one and nothing else, or None for one without shapes.

    Raise the fault that says what is wrong with it.
    """
    if value is None:
        return None
    if (
        not isinstance(value, dict)
        or value.get("version") != VERSION
        or not isinstance(value.get("shapes"), list)
    ):
        _refuse(f"A drawing has the version {VERSION} and a list of shapes")
    shapes = value["shapes"]
    if len(shapes) > MAXIMUM_SHAPES:
        _refuse(f"A drawing has at most {MAXIMUM_SHAPES} shapes, not {len(shapes)}")
    drawing = {"version": VERSION, "shapes": [_read_shape(shape) for shape in shapes]}
    if len(json.dumps(drawing, separators=(",", ":"))) > MAXIMUM_CHARACTERS:
        raise ServerFault("ValidationError", "The drawing is too large. Draw on several frames.", 413)
    return drawing if shapes else None


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


def _read_shape(shape: Any) -> Record:
    if not isinstance(shape, dict):
        _refuse(f"{describe(shape)} is no shape")
    tool = shape.get("tool")
    colour = shape.get("colour")
    if not isinstance(colour, str) or not _COLOUR.match(colour):
        _refuse(f"A colour is written as #rrggbb, not {describe(colour)}")
    read_shape: Record = {"tool": tool, "colour": colour.lower()}
    if tool == "pen":
        read_shape.update(
            width=_size(shape.get("width"), "width"), points=_points(shape.get("points"), 1, MAXIMUM_POINTS)
        )
    elif tool in _TWO_POINTS:
        read_shape.update(width=_size(shape.get("width"), "width"), points=_points(shape.get("points"), 2, 2))
    elif tool == "text":
        text = shape.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > MAXIMUM_TEXT:
            _refuse(f"A text in a drawing has 1 to {MAXIMUM_TEXT} characters")
        read_shape.update(
            size=_size(shape.get("size"), "size"), at=_points([shape.get("at")], 1, 1)[0], text=text
        )
    else:
        _refuse(f"There is no tool {describe(tool)} to draw with")
    return read_shape


def _points(value: Any, least: int, most: int) -> List[List[float]]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        _refuse(f"A shape has {least} to {most} points")
    points = []
    for point in value:
        if not isinstance(point, (list, tuple)) or len(point) != 2:
            _refuse("A point is a pair of fractions of the width and the height of the picture")
        # A line may leave the picture, but not get lost.
        points.append([_number(part, -1.0, 2.0, "A coordinate") for part in point])
    return points


def _size(value: Any, name: str) -> float:
    return _number(value, 0.0001, 1.0, f"The {name} of a shape")


def _number(value: Any, least: float, most: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        _refuse(f"{what} must be a number, not {describe(value)}")
    if not least <= value <= most:
        _refuse(f"{what} must be from {least} to {most}, not {describe(value)}")
    # Finer than a pixel of the largest picture, and half as long to send.
    return round(float(value), 5)


def _refuse(reason: str) -> NoReturn:
    raise validation_error(f"{reason}.", "drawing")
