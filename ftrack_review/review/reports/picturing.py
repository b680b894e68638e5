"""The frame of a comment with what was drawn on it, as a picture.

Where the page stored one it is taken. Otherwise the frame is read from the media and drawn on here, which needs the
``media`` extra for movies; without it the drawing is shown on grey.
"""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from ftrack_review import media
from ftrack_review.exception import Error
from ftrack_review.review import showing

if TYPE_CHECKING:
    from ftrack_review.review.opinion import Comment
    from ftrack_review.review.showing import Shown
    from ftrack_review.session import Session

__all__ = ["DrawnFrames", "draw", "shrink"]

#: The longest side of a picture in a report, in pixels.
LONGEST_SIDE = 1280

_GREY = (60, 62, 66)


class DrawnFrames:
    """The drawn frames of a report; each piece of media is fetched once. Use it in a ``with`` block."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folder = tempfile.TemporaryDirectory(prefix="ftrack_review-")
        self._media: Dict[str, Optional[str]] = {}

    def __enter__(self) -> DrawnFrames:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove what was fetched."""
        self._folder.cleanup()

    def picture(self, comment: Comment, shown: Shown) -> Optional[bytes]:
        """Return the frame of *comment* with its drawing, None where nothing was drawn."""
        stored = comment.picture
        if stored is not None:
            content = showing.fetch(self._session, stored.component_id)
            if content:
                return shrink(content)
        if not comment.drawing:
            return None
        try:
            drawing = json.loads(comment.drawing)
        except ValueError:
            return None
        if not isinstance(drawing, dict) or not isinstance(drawing.get("shapes"), list):
            return None  # Of another tool, in a form that nobody has published.
        return draw(drawing, self._frame(shown, comment.frame or 0), (shown.seen.width, shown.seen.height))

    def _frame(self, shown: Shown, frame: int) -> Optional[bytes]:
        path = self._file(shown)
        if path is None:
            return None
        target = os.path.join(self._folder.name, "frame.jpg")
        number = frame if shown.seen.kind == "movie" else 0
        try:
            media.isolated("make_still", {"source": path, "target": target, "frame": number})
        except Error:
            return (
                None  # No media packages here, or the frame is not there: the drawing is shown all the same.
            )
        with open(target, "rb") as stream:
            return stream.read()

    def _file(self, shown: Shown) -> Optional[str]:
        part = shown.seen.component
        if part is None or shown.seen.kind not in ("movie", "image"):
            return None
        key = part.id
        if key not in self._media:
            path = os.path.join(self._folder.name, f"{len(self._media)}{part.file_type}")
            try:
                showing.fetch_to(self._session, key, path)
                self._media[key] = path
            except Error:
                self._media[key] = None
        return self._media[key]


def shrink(picture: bytes, longest_side: int = LONGEST_SIDE) -> Optional[bytes]:
    """Return a picture as JPEG, no larger than a report needs; None for what is no picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture)) as found:
            return _encode(found.convert("RGB"), longest_side)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def draw(drawing: Dict[str, Any], frame: Optional[bytes], size: Tuple[Optional[int], Optional[int]]) -> bytes:
    """Return *frame*, a picture, with the shapes of *drawing* on it, as JPEG; without a frame on grey."""
    from PIL import Image, ImageDraw

    if frame is not None:
        with Image.open(io.BytesIO(frame)) as found:
            picture = found.convert("RGB")
    else:
        picture = Image.new("RGB", (size[0] or 1280, size[1] or 720), _GREY)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    canvas = ImageDraw.Draw(picture)
    for shape in drawing["shapes"]:
        if isinstance(shape, dict):
            try:
                _draw_shape(canvas, shape, picture.width, picture.height)
            except (KeyError, TypeError, ValueError, IndexError):
                continue  # A shape of a later version; the others are drawn.
    return _encode(picture, LONGEST_SIDE)


def _encode(picture: Any, longest_side: int) -> bytes:
    picture.thumbnail((longest_side, longest_side))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _draw_shape(canvas: Any, shape: Dict[str, Any], width: int, height: int) -> None:
    colour = str(shape.get("colour") or "#ff3b30")
    if shape["tool"] == "text":
        _draw_text(canvas, shape, width, height, colour)
        return
    line = max(round(float(shape.get("width") or 0.004) * width), 1)
    points = [(float(x) * width, float(y) * height) for x, y in shape["points"]]
    if shape["tool"] == "rectangle":
        canvas.rectangle(_box(points), outline=colour, width=line)
    elif shape["tool"] == "ellipse":
        canvas.ellipse(_box(points), outline=colour, width=line)
    else:
        canvas.line(points if len(points) > 1 else points * 2, fill=colour, width=line, joint="curve")
        if shape["tool"] == "arrow":
            canvas.polygon(_arrow_head(points[0], points[-1], line), fill=colour)
        else:
            # Round ends, which lines of this library lack.
            for x, y in (points[0], points[-1]):
                canvas.ellipse((x - line / 2, y - line / 2, x + line / 2, y + line / 2), fill=colour)


def _box(points: List[Tuple[float, float]]) -> Tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = points[0], points[1]
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _arrow_head(start: Tuple[float, float], end: Tuple[float, float], line: int) -> List[Tuple[float, float]]:
    angle, length = math.atan2(end[1] - start[1], end[0] - start[0]), max(line * 4.0, 10.0)
    return [
        end,
        (end[0] - length * math.cos(angle - 0.45), end[1] - length * math.sin(angle - 0.45)),
        (end[0] - length * math.cos(angle + 0.45), end[1] - length * math.sin(angle + 0.45)),
    ]


def _draw_text(canvas: Any, shape: Dict[str, Any], width: int, height: int, colour: str) -> None:
    from PIL import ImageFont

    from ftrack_review.review.reports import typeface

    text, size = str(shape["text"]), max(round(float(shape.get("size") or 0.04) * height), 8)
    path = typeface.find_regular()
    font: Any = ImageFont.truetype(path, size) if path else ImageFont.load_default()
    x, y = shape["at"]
    if not path:
        # The font that the library brings knows the letters of Latin-1 alone.
        text = text.encode("latin-1", "replace").decode("latin-1")
    canvas.text(
        (float(x) * width, float(y) * height),
        text,
        fill=colour,
        font=font,
        stroke_width=1,
        stroke_fill="black",
    )
