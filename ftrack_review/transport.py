"""Choose how requests reach a server, and name what can go wrong on the way.

A transport carries the text of a batch to a server and its answer back. It does not know what an entity is.
:func:`connect` picks the transport by the scheme of the address; sessions are its only callers. The modules
behind the table are loaded when an address asks for them.
"""

from __future__ import annotations

import importlib
import urllib.parse
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Protocol, Type, Union

import ftrack_review.exception as exception

if TYPE_CHECKING:
    import requests

__all__ = ["DEFAULT_TIMEOUT_S", "Transport", "connect", "normalise_url"]

#: How long an answer may take where nothing else was said, in seconds.
DEFAULT_TIMEOUT_S = 60.0

# Scheme of a server address -> the class that serves it. The one bridge from the client to the embedded
# server: the two meet in the protocol and nowhere else.
_TRANSPORTS = {
    "http": "ftrack_review._http:HttpTransport",
    "https": "ftrack_review._http:HttpTransport",
    "embedded": "ftrack_review.server.serving:EmbeddedTransport",
}

# The server's name for a kind of error -> ours. protocol.md 1.3; "PermissionError or FTAuthenticationError"
# is how the official JavaScript client groups them.
_ERROR_CLASSES: Dict[str, Type[exception.ServerError]] = {
    "ValidationError": exception.ServerValidationError,
    "ParseError": exception.ServerValidationError,
    "PermissionError": exception.ServerPermissionDeniedError,
    "PermissionDeniedError": exception.ServerPermissionDeniedError,
    "FTAuthenticationError": exception.ServerPermissionDeniedError,
    "InvalidCredentialsError": exception.ServerAuthenticationError,
    "DuplicateEntryError": exception.ServerDuplicateError,
    "IntegrityError": exception.ServerDuplicateError,
    "NotFound": exception.ServerNotFoundError,
    "NotFoundError": exception.ServerNotFoundError,
    "EntityNotFoundError": exception.ServerNotFoundError,
}

_CREDENTIALS_HINT = (
    " Check the user name and the API key: the arguments api_user and api_key, or the environment variables "
    "FTRACK_API_USER and FTRACK_API_KEY."
)


class Transport(Protocol):
    """What a session needs to talk to a server."""

    @property
    def server_url(self) -> str:
        """The http(s) address of the server, without a slash at its end."""

    @property
    def http(self) -> requests.Session:
        """The pool of connections, for uploads and downloads. Made on first use."""

    def call(self, body: str, timeout_s: float) -> bytes:
        """Return the answer, as JSON, to the batch whose JSON is *body*.

        Raise a :exc:`~ftrack_review.exception.ServerError` where there is no answer of a server. An error
        that the server reports is an answer.
        """

    def close(self) -> None:
        """Give up all connections. Closing twice is fine."""


def connect(
    server_url: str,
    *,
    api_key: Optional[str] = None,
    api_user: Optional[str] = None,
    timeout: Optional[float] = DEFAULT_TIMEOUT_S,
    cookies: Optional[Mapping[str, str]] = None,
    headers: Optional[Mapping[str, str]] = None,
    strict_api: bool = False,
) -> Transport:
    """Return the transport that serves *server_url*, without contacting it yet.

    *timeout* is the longest wait for an answer in seconds. *cookies* and *headers* go with every request.
    With *strict_api* the server answers errors with an HTTP status of their own. Raise
    :exc:`~ftrack_review.exception.ConfigurationError` if the address cannot be one.
    """
    address = normalise_url(server_url)
    dotted = _TRANSPORTS[address.split(":", 1)[0]]
    module_name, class_name = dotted.split(":")
    try:
        factory = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "ftrack_review":
            raise
        raise exception.MissingDependencyError(
            f"The address {server_url} needs the Python package {error.name}, which is not installed. "
            f"Install it with: pip install 'ftrack-review[server]'."
        ) from error
    transport: Transport = factory(
        address,
        api_key=api_key,
        api_user=api_user,
        timeout=DEFAULT_TIMEOUT_S if timeout is None else timeout,
        cookies=cookies,
        headers=headers,
        strict_api=strict_api,
    )
    return transport


def normalise_url(server_url: str) -> str:
    """Return *server_url* as it is used: with a scheme and without slashes at its end.

    An address without a scheme is read as ``https``, and as ``http`` where it names this machine. Raise
    :exc:`~ftrack_review.exception.ConfigurationError` if it cannot be the address of a server.
    """
    text = str(server_url or "").strip()
    if text.partition("://")[0].lower() == "embedded" and "://" in text:
        # What follows is a folder, whose text is nobody else's to change.
        return "embedded" + text[len("embedded") :]
    if not text:
        raise exception.ConfigurationError(
            "There is no server to connect to. Pass server_url, or set the environment variable FTRACK_SERVER."
        )
    if "://" not in text:
        text = f"{_guess_scheme(text)}://{text}"
    try:
        parts = urllib.parse.urlsplit(text)
        hostname, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _address_error(server_url, str(error)) from error
    if parts.scheme.lower() not in _TRANSPORTS:
        raise _address_error(server_url, f"{parts.scheme}:// is not a scheme that ftrack servers have")
    if not hostname or any(character.isspace() for character in text):
        raise _address_error(server_url, "it names no host" if not hostname else "it holds a blank")
    # A query or fragment comes along when the address was copied from a browser.
    path = parts.path.rstrip("/")
    return urllib.parse.urlunsplit((parts.scheme.lower(), parts.netloc, path, "", ""))


def display_url(url: str) -> str:
    """Return *url* fit for messages and logs: without a user, password, query or fragment."""
    parts = urllib.parse.urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def _guess_scheme(text: str) -> str:
    host = text.split("/", 1)[0].rpartition("@")[2].split(":", 1)[0].lower()
    if host == "localhost" or host.startswith("127.") or text.startswith("[::1]"):
        return "http"
    if not host or ("." not in host and ":" not in text):
        raise _address_error(
            text, f"it has no scheme; did you mean https://{host or 'your-site'}.ftrackapp.com?"
        )
    return "https"


def _address_error(server_url: str, reason: str) -> exception.ConfigurationError:
    shown = display_url(server_url) if "@" in str(server_url) else server_url
    return exception.ConfigurationError(
        f'"{shown}" is not the address of an ftrack server: {reason}. Give it in full, such as '
        f"https://studio.ftrackapp.com, as the argument server_url or in the environment variable "
        f"FTRACK_SERVER."
    )


def _server_error(
    result: Mapping[str, Any], *, action: Optional[str] = None, status: Optional[int] = None
) -> exception.ServerError:
    """Return the error that *result*, the error object of a server's answer, stands for.

    *action* is the name of the action that failed, where it is known. The text is the one that
    scripts match: ``Server reported error: <class>(<content>)``.
    """
    name = str(result.get("exception") or "ServerError")
    content = result.get("content")
    text = content if isinstance(content, str) else str(content)
    code = result.get("error_code")
    error_class: Type[exception.ServerError] = _ERROR_CLASSES.get(name, exception.ServerError)
    message = f"Server reported error: {name}({text})"
    attribute, hint = _text_of(result, "attribute"), _text_of(result, "hint")
    if "Invalid action u'" in text:
        # Both official clients recognise an action that the server does not know by this text only.
        error_class = exception.ServerCompatibilityError
    elif code == "api_credentials_invalid" or error_class is exception.ServerAuthenticationError:
        error_class = exception.ServerAuthenticationError
        message += _CREDENTIALS_HINT
        hint = _CREDENTIALS_HINT.strip()
    return error_class(
        message,
        error_class=name,
        error_code=None if code is None else str(code),
        status=status,
        action=action,
        attribute=attribute,
        hint=hint,
    )


def _text_of(result: Mapping[str, Any], name: str) -> Optional[str]:
    """Return what *result* holds under *name* if that is a text."""
    value = result.get(name)
    return value if isinstance(value, str) else None


def _response_error(
    address: str, body: Union[bytes, str], *, status: Optional[int] = None
) -> exception.ServerResponseError:
    """Return the error for an answer of *address* whose *body* is not one of an ftrack server."""
    shown = display_url(address)
    head = body[:2000].decode("utf-8", "replace") if isinstance(body, bytes) else body[:2000]
    first_words = _first_words(head)
    what = "an empty body" if not head.strip() else f'something that is not JSON: "{first_words}"'
    if head.lstrip()[:1] in ("{", "["):
        what = f'JSON that is not an answer of ftrack: "{first_words}"'
    with_status = "" if status is None else f" with HTTP status {status} and"
    return exception.ServerResponseError(
        f"The server at {shown} answered{with_status} {what}. {_advise(status)}",
        status=status,
        hint=_advise(status),
    )


def _advise(status: Optional[int]) -> str:
    if status in (502, 503, 504):
        return "The server, or the proxy in front of it, is not available at the moment; try again later."
    if status in (404, 405):
        return "Check that the address is that of an ftrack server, without a path of a page within it."
    if status in (401, 403, 407):
        return "Something in front of the server asks for a login: give the session its cookies or headers."
    if status == 413:
        return "The request is larger than the server or a proxy before it takes; commit in smaller steps."
    return "Check that the address is that of an ftrack server, and that no login page stands in between."


def _first_words(text: str) -> str:
    """Return the beginning of *text* as one short line, without the tags of HTML."""
    words = []
    depth = 0
    for character in text:
        if character == "<":
            depth += 1
            words.append(" ")
        elif character == ">" and depth:
            depth -= 1
        elif not depth:
            words.append(character)
    line = " ".join("".join(words).split()) or " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "..."
