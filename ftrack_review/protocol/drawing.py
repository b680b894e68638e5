"""What a drawing on a frame may look like: a convention of ours.

A drawing is a list of shapes whose coordinates are fractions of the width and height of the picture, so that it fits
whatever size it is shown in::

    {"version": 1, "shapes": [{"tool": "pen", "colour": "#ff3b30", "width": 0.004, "points": [[0.1, 0.2], [0.3, 0.4]]}]}

``arrow``, ``line``, ``rectangle`` and ``ellipse`` have two points, ``text`` has ``size``, ``at`` and ``text``. The
server reads what its page sends by these rules, and scripts what comes back from a review that travelled.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Dict, List, NoReturn, Optional

__all__ = ["MAXIMUM_CHARACTERS", "VERSION", "encode", "read"]

#: The most shapes in a drawing, points in a shape, and characters of the whole as JSON.
MAXIMUM_SHAPES = 2_000
MAXIMUM_POINTS = 20_000
MAXIMUM_CHARACTERS = 512 * 1024

#: The longest text in a drawing, in characters.
MAXIMUM_TEXT = 1_000

VERSION = 1

_LONGEST_VALUE = 80
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_TWO_POINTS = ("arrow", "line", "rectangle", "ellipse")

Record = Dict[str, Any]


def read(value: Any) -> Optional[Record]:
    """Return the drawing *value* with what belongs into one and nothing else, or None for one without shapes.

    Raise :exc:`ValueError` that says what is wrong with it. How long it is as a whole is for the caller to look at.
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
    return drawing if shapes else None


def encode(value: Any) -> str:
    """Return the drawing *value* as the JSON text that is kept.

    Raise :exc:`ValueError` that says what is wrong with it, also where it is too long.
    """
    if value is None:
        _refuse("Nothing is no drawing")
    text = json.dumps(read(value) or {"version": VERSION, "shapes": []}, separators=(",", ":"))
    if len(text) > MAXIMUM_CHARACTERS:
        _refuse(f"A drawing has at most {MAXIMUM_CHARACTERS} characters as JSON, not {len(text)}")
    return text


def _read_shape(shape: Any) -> Record:
    if not isinstance(shape, dict):
        _refuse(f"{_describe(shape)} is no shape")
    tool = shape.get("tool")
    colour = shape.get("colour")
    if not isinstance(colour, str) or not _COLOUR.match(colour):
        _refuse(f"A colour is written as #rrggbb, not {_describe(colour)}")
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
        _refuse(f"There is no tool {_describe(tool)} to draw with")
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
        _refuse(f"{what} must be a number, not {_describe(value)}")
    if not least <= value <= most:
        _refuse(f"{what} must be from {least} to {most}, not {_describe(value)}")
    # Finer than a pixel of the largest picture, and half as long to send.
    return round(float(value), 5)


def _describe(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _refuse(reason: str) -> NoReturn:
    raise ValueError(f"{reason}.")
