"""Write characters that cannot be seen so that they can be: a report shows everything that somebody wrote.

Control characters, and what forces the direction of writing, are written by their numbers, so that a text cannot show
something else than it says. There are signs for some, which few fonts have. Blanks, tabs, line ends,
marks and what joins letters stay.
"""

from __future__ import annotations

import re

__all__ = ["legible", "on_one_line"]

_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def legible(text: str) -> str:
    """Return *text* with control characters, and what overrides the direction of writing, by their numbers.

    A bell becomes ``[U+0007]``. All kinds of line ends become a line feed.
    """
    return _UNSEEN.sub(_number_of, _LINE_ENDS.sub("\n", text))


def on_one_line(text: str) -> str:
    """Return *text* as one line for a terminal."""
    return " ".join(legible(text).split())


def _number_of(match: re.Match[str]) -> str:
    return f"[U+{ord(match.group()):04X}]"
