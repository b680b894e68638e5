"""What programs do in each case of the golden exchanges."""

from __future__ import annotations

import importlib
from typing import Any, Callable

PROGRAMS: dict[str, Callable[..., None]] = {}

#: Cases whose program opens the session itself, by calling what it is given.
UNOPENED: set[str] = set()


def program(name: str, *, opens: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the function that follows as what happens in the case *name*."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        assert name not in PROGRAMS, name
        PROGRAMS[name] = function
        if opens:
            UNOPENED.add(name)
        return function

    return register


def load() -> dict[str, Callable[..., Any]]:
    """Return all programs by the name of their case."""
    for name in ("programs_querying", "programs_changing", "programs_reviewing"):
        importlib.import_module(f"tests.wire.{name}")
    return PROGRAMS
