"""Text from people and servers on a terminal: shown, never obeyed, and never more than its encoding can hold.

A comment may hold the sequences that clear a screen, rename a window or turn the direction of what follows. The
commands print everything through :func:`harmless`, and begin with :func:`soften`.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

__all__ = ["harmless", "json_text", "soften"]

# The control characters but for tab and newline, what overrides the direction of text, and the separators that some
# terminals take for newlines.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    r"""Return *text* with what would steer a terminal written out: ``\x1b`` for an escape, ``\u202e``.

    Example::

        >>> print(harmless("gone \x1b[2J"))
        gone \x1b[2J

    """
    return _STEERING.sub(lambda found: _escape(found.group(), short=True), text)


def json_text(value: Any) -> str:
    r"""Return *value* as JSON that means exactly the same and is safe to print: ``\u001b`` for an escape.

    What the standard output cannot hold is written as such an escape too.
    """
    fits = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")
    text = json.dumps(value, indent=1, ensure_ascii=not fits)
    # JSON itself has no control characters but newlines, so that all of these are within texts.
    return _STEERING.sub(lambda found: _escape(found.group(), short=False), text)


def soften() -> None:
    """Let the standard streams write what their encoding cannot hold as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        # There is none in a program without a console, and a test may have put something simpler there.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _escape(character: str, *, short: bool) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if short and code < 0x100 else f"\\u{code:04x}"
