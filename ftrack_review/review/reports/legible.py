"""Write characters that cannot be seen so that they can be: a report shows everything that somebody wrote.

Control characters become the signs that Unicode has for them, and what forces the direction of writing its number, so
that a text cannot show something else than it says. Blanks, tabs, line ends, marks and what joins letters stay.
"""

from __future__ import annotations

import re
from typing import Dict

__all__ = ["legible", "on_one_line"]

_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_SIGNS: Dict[str, str] = {
    **{chr(code): chr(0x2400 + code) for code in range(0x20)},
    "\x7f": "\u2421",
}


def legible(text: str) -> str:
    """Return *text* with every control character written as a sign, a bell as the sign for one (U+2407).

    What has no sign, and what overrides the direction of writing, is written by its number, ``[U+0090]``. All kinds
    of line ends become a line feed.
    """
    return _UNSEEN.sub(_sign, _LINE_ENDS.sub("\n", text))


def on_one_line(text: str) -> str:
    """Return *text* as one line for a terminal."""
    return " ".join(legible(text).split())


def _sign(match: re.Match[str]) -> str:
    found = match.group()
    return _SIGNS.get(found) or f"[U+{ord(found):04X}]"
