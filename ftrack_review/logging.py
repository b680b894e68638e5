"""Log messages that are only formatted when somebody reads them, and a mark for what is on its way out."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Callable, TypeVar

__all__ = ["LazyLogMessage", "deprecation_warning"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class LazyLogMessage:
    """A log message that is formatted when it is written, and not at all when nobody logs."""

    __slots__ = ("args", "kwargs", "message")

    def __init__(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Initialise with *message*, with fields for :meth:`str.format`, and what to fill them with."""
        self.message = message
        self.args = args
        self.kwargs = kwargs

    def __str__(self) -> str:
        """Return the formatted message."""
        return self.message.format(*self.args, **self.kwargs)


def deprecation_warning(message: str) -> Callable[[_Function], _Function]:
    """Return a decorator that makes each call of a function warn with *message*.

    The category is :exc:`PendingDeprecationWarning`, as in ``ftrack_api``.
    """

    def decorator(function: _Function) -> _Function:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(message, PendingDeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorator
