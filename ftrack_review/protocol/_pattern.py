"""Regular expressions that are compiled when they are first used.

Compiling one takes up to half a millisecond, and a program that asks one question meets a few of them only.
``python -m tests.benchmarks compare --only process`` shows what that is worth.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["late"]


class _Late:
    """Stands for a compiled expression."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Return the method *name* of the compiled expression, and keep it for the next time."""
        found = getattr(re.compile(self._text, self._flags), name)
        self.__dict__[name] = found
        return found


def late(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return what behaves as ``re.compile(text, flags)`` does, and is compiled when it is first used."""
    return cast("re.Pattern[str]", _Late(text, flags))
