"""What the server refuses, as exceptions that carry their answer.

A handler raises a :class:`ServerFault`; the transaction is rolled back and the caller receives
:meth:`ServerFault.answer` in place of all results. A fault is the caller's, except for
:func:`server_error`, which hides what went wrong inside. Nothing here knows of HTTP beyond the number that a
strict caller wants to see.

Called by every module of the server.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, Optional

from ftrack_review.exception import DatabaseBusyError, DatabaseError, DatabaseFullError, Error

__all__ = [
    "UNAVAILABLE",
    "ServerFault",
    "describe",
    "duplicate_error",
    "invalid_credentials",
    "not_found",
    "permission_error",
    "server_error",
    "unavailable",
    "unknown_name",
    "validation_error",
]

#: What a database raises that works again once somebody has finished, or made room.
UNAVAILABLE = (DatabaseBusyError, DatabaseFullError)

_logger = logging.getLogger(__name__)

# A value in an error is there to be recognised, not to be read whole.
_LONGEST_VALUE = 120

# Names and keys may be of any length as well; the beginning and the end of a text say what it is about.
_LONGEST_CONTENT = 1_500


class ServerFault(Error):
    """The answer to a request that is refused.

    *exception_class* is the name that goes on the wire (``ValidationError``), *content* the text for people,
    *status* the HTTP status for callers in strict mode, *error_code* a code for programs, *attribute* the
    attribute that the fault is about, where it is about one, and *hint* what may help, where that is known.
    """

    default_message = "The request is refused."

    def __init__(
        self,
        exception_class: str,
        content: str,
        status: int,
        error_code: Optional[str] = None,
        attribute: Optional[str] = None,
        hint: Optional[str] = None,
    ) -> None:
        """Initialise. Braces in *content* become parentheses: the official client formats the text."""
        self.content = _shorten(content).replace("{", "(").replace("}", ")")
        super().__init__(self.content)
        self.exception_class = exception_class
        self.status = status
        self.error_code = error_code
        self.attribute = attribute
        self.hint = hint

    def __str__(self) -> str:
        """Return the class and the text."""
        return f"{self.exception_class}: {self.content}"

    def answer(self) -> Dict[str, Any]:
        """Return the error object for the wire. Clients leave what they do not know, as attribute and hint are."""
        answer = {"content": self.content, "exception": self.exception_class, "error_code": self.error_code}
        if self.attribute is not None:
            answer["attribute"] = self.attribute
        if self.hint is not None:
            answer["hint"] = self.hint
        return answer


def validation_error(
    content: str, attribute: Optional[str] = None, *, hint: Optional[str] = None
) -> ServerFault:
    """Return the fault for a value, name, type or expression that is not acceptable."""
    return ServerFault("ValidationError", content, 422, attribute=attribute, hint=hint)


def unknown_name(content: str, name: str, nearest: Optional[str]) -> ServerFault:
    """Return the fault for a *name* that there is not, which proposes the *nearest* one where one is near."""
    hint = None if nearest is None else f'The nearest is "{nearest}"'
    return validation_error(content if hint is None else f"{content}. {hint}", name, hint=hint)


def duplicate_error(
    content: str, attribute: Optional[str] = None, *, hint: Optional[str] = None
) -> ServerFault:
    """Return the fault for something that exists already.

    The text holds the name of the class as well, as clients look for it there (a second timer).
    """
    text = content if hint is None else f"{content}. {hint}"
    return ServerFault(
        "DuplicateEntryError", f"DuplicateEntryError: {text}", 409, attribute=attribute, hint=hint
    )


def permission_error(content: str) -> ServerFault:
    """Return the fault for something that the caller may not do."""
    return ServerFault("PermissionError", content, 403)


def invalid_credentials(content: str = "The supplied API key or user is not valid.") -> ServerFault:
    """Return the fault for a caller who cannot be recognised."""
    return ServerFault("InvalidCredentialsError", content, 401, error_code="api_credentials_invalid")


def not_found(content: str) -> ServerFault:
    """Return the fault for an entity that does not exist."""
    return ServerFault("NotFound", content, 404)


def server_error(content: str = "The server failed. Its log says why.") -> ServerFault:
    """Return the fault for a mistake of the server's own."""
    return ServerFault("ServerError", content, 500)


def unavailable(error: DatabaseError) -> ServerFault:
    """Return the fault for a database that is busy, away or full, one of :data:`UNAVAILABLE`.

    What the *error* says is logged: it may tell where the database is, and this is told to everybody.
    """
    if isinstance(error, DatabaseFullError):
        return ServerFault("ServerError", error.default_message, 507)
    _logger.warning("A request was put off: %s", error)
    return ServerFault("ServerError", "The database is busy or cannot be reached. Try again later.", 503)


def _shorten(content: str) -> str:
    if len(content) <= _LONGEST_CONTENT:
        return content
    half = _LONGEST_CONTENT // 2
    return f"{content[:half]}...{content[-half:]}"


def describe(value: Any) -> str:
    """Return *value* as it should appear in an error: quoted, on one line and not too long."""
    if isinstance(value, dict) and "__entity_type__" in value:
        key = ", ".join(str(part) for name, part in value.items() if name != "__entity_type__")
        text = f"{value['__entity_type__']} {key}"
    elif isinstance(value, dict) and "__type__" in value:
        text = repr(value.get("value"))
    else:
        text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
