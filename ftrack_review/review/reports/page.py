"""A report as one HTML file: pictures inside, no script, good on paper too."""

from __future__ import annotations

import base64
import os
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Dict, Mapping

from ftrack_review.review.opinion import word_for
from ftrack_review.review.reports import seal
from ftrack_review.review.reports.legible import legible

if TYPE_CHECKING:
    from ftrack_review.review.reports.content import Pictures

__all__ = ["BEGIN", "END", "render"]

#: What stands before and after the content in the file, for who wants to check it.
BEGIN = b'<script type="application/json" id="report-content">'
END = b"</script>"

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_TALLEST_BAR = 48
_LONGEST_POINT = 300


def render(content: Mapping[str, Any], pictures: Pictures, digest: str) -> bytes:
    """Return the report as HTML, not sealed yet."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_seen,
    )
    environment.filters.update(
        word=word_for, when=when, day=day, rate=rate_text, absence=absence, brief=brief
    )
    # Only data for programs: nothing in it may end the element early.
    data = seal.canonical(content).decode("utf-8", "surrogatepass")
    data = _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", data)
    busiest = max((entry["votes"] + entry["comments"] for entry in content["activity"]), default=1)
    text = environment.get_template("report.html").render(
        content=content,
        data=markupsafe.Markup(data),  # noqa: S704 - without a character that HTML knows.
        pictures=_Addresses(pictures),
        has_pictures=any(item["thumbnail"] for item in content["objects"]),
        digest=digest,
        scale=_TALLEST_BAR / busiest,
    )
    return text.encode("utf-8", "replace")


def _seen(value: Any) -> Any:
    return legible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def when(time: Any) -> str:
    """Return a time of the content as people read it."""
    return f"{time[:10]} {time[11:16]} UTC" if time else "\u2013"


def rate_text(rate: Any) -> str:
    """Return a frame rate of the content as people read it, with a blank before, nothing where there is none."""
    return f" at {float(Fraction(rate)):.6g} fps" if rate else ""


def brief(text: str) -> str:
    """Return as much of a comment as the list of open points shows; in full it stands with its object."""
    return text if len(text) <= _LONGEST_POINT else f"{text[:_LONGEST_POINT]}\u2026"


def absence(media: Mapping[str, Any]) -> str:
    """Return why there is no picture of an object, in a word or two."""
    words = {"failed": "Not playable", "encoding": "Being prepared", "missing": "No media"}
    return words.get(media["state"], "No picture")


def day(time: Any) -> str:
    """Return the day of a time of the content."""
    return time[:10] if time else "\u2013"


class _Addresses:
    """The pictures of a report as addresses that hold them."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        self._pictures = pictures
        self._made: Dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            picture = self._pictures[name]
            kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
            self._made[name] = f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
        return self._made[name]
