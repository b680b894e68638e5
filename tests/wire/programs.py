"""What programs do in each case of the golden exchanges."""

from __future__ import annotations

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
    from tests.wire import programs_changing, programs_querying, programs_reviewing

    assert programs_changing and programs_querying and programs_reviewing
    return PROGRAMS
