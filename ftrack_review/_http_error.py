"""Say what went wrong on the way to a server, in words of ours, for whatever requests and urllib3 raise."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from typing import Any, Iterator, List, Tuple, Type

import requests
import urllib3.exceptions

import ftrack_review.exception as exception
from ftrack_review.transport import display_url

__all__ = [
    "CONNECT_TIMEOUT_S",
    "FOREIGN_ERRORS",
    "connection_error",
    "is_broken",
    "map_errors",
    "was_cut_off",
]

#: The longest wait for a connection to be made, in seconds.
CONNECT_TIMEOUT_S = 20.0

_KINDS = requests.exceptions
FOREIGN_ERRORS = (_KINDS.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError)
_TIMEOUTS = (_KINDS.Timeout, socket.timeout, urllib3.exceptions.ReadTimeoutError)
_MALFORMED = (
    _KINDS.InvalidURL,
    _KINDS.MissingSchema,
    _KINDS.InvalidSchema,
    urllib3.exceptions.LocationParseError,
)

_UNREACHABLE = (
    "The server at SERVER could not be reached: REASON. Check the address, that the server runs, and the "
    "network."
)
_CUT_OFF = "The connection to SERVER was cut off before the answer was complete: REASON."
_NO_CONNECTION = (
    "No connection to SERVER was made within CONNECT_S seconds. Check the address, the network and whether a "
    "proxy is needed (environment variable HTTPS_PROXY)."
)
_NO_ANSWER = (
    "The server at SERVER did not answer within TIMEOUT_S seconds. It may still be at work on the request. "
    "Ask for less at a time, or give the session a longer timeout."
)
_PROXY_FAILED = (
    "The proxy on the way to SERVER failed: REASON. Check the environment variables HTTPS_PROXY, HTTP_PROXY "
    "and NO_PROXY."
)
_NOT_TRUSTED = (
    "The encrypted connection to SERVER failed: REASON. Where the certificate is signed by the studio "
    "itself, name its bundle in the environment variable REQUESTS_CA_BUNDLE; where the server speaks plain HTTP, use "
    "an address with http://."
)
_MALFORMED_ADDRESS = (
    "No request could be made for SERVER: the address, or that of a proxy in the environment, is malformed "
    "or of a scheme that is not supported."
)
_MALFORMED_HEADER = (
    "No request could be made for SERVER: a header holds a character that cannot be sent. Check the user "
    "name, the API key and the headers given to the session."
)
_ENDLESS = "The server at SERVER redirects without an end. Check the address of the server."

# Kinds of errors of requests, the first that fits -> our class and what to say. ProxyError and SSLError
# derive from ConnectionError and ConnectTimeout from Timeout, hence the order.
_DESCRIPTIONS: Tuple[Tuple[Tuple[Type[BaseException], ...], Type[exception.ServerError], str], ...] = (
    ((_KINDS.ConnectTimeout,), exception.ServerTimeoutError, _NO_CONNECTION),
    (_TIMEOUTS, exception.ServerTimeoutError, _NO_ANSWER),
    ((_KINDS.ProxyError,), exception.ServerConnectionError, _PROXY_FAILED),
    ((_KINDS.SSLError, ssl.SSLError), exception.ServerConnectionError, _NOT_TRUSTED),
    (_MALFORMED, exception.ServerConnectionError, _MALFORMED_ADDRESS),
    ((_KINDS.InvalidHeader, UnicodeError), exception.ServerConnectionError, _MALFORMED_HEADER),
    ((_KINDS.TooManyRedirects,), exception.ServerResponseError, _ENDLESS),
)


@contextlib.contextmanager
def map_errors(url: str, timeout_s: float) -> Iterator[None]:
    """Turn what requests raises within into a :exc:`~ftrack_review.exception.ServerError`.

    The message shows *url* without its query, which may hold a token.
    """
    try:
        yield
    except exception.Error:
        raise
    except FOREIGN_ERRORS as error:
        # The text of the original would show the whole URL, or the value of a header.
        raise connection_error(url, timeout_s, error) from None


def connection_error(url: str, timeout_s: float, error: BaseException) -> exception.ServerError:
    """Return the error of ours for *error*, which came from a request for *url*."""
    shown = display_url(url)
    error_class, message = _describe(error)
    # Plain replacement: what stands in the address or the reason is not a format.
    return error_class(
        message.replace("SERVER", shown)
        .replace("CONNECT_S", f"{min(timeout_s, CONNECT_TIMEOUT_S):g}")
        .replace("TIMEOUT_S", f"{timeout_s:g}")
        .replace("REASON", _reason(error))
    )


def _describe(error: BaseException) -> Tuple[Type[exception.ServerError], str]:
    for kinds, error_class, message in _DESCRIPTIONS:
        # urllib3 wraps a timeout that comes while the body is read as a broken connection.
        if isinstance(error, kinds) or (kinds is _TIMEOUTS and _caused_by(error, *kinds)):
            return error_class, message
    return exception.ServerConnectionError, _CUT_OFF if was_cut_off(error) else _UNREACHABLE


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk through *error* and everything that it wraps, outermost first."""
    waiting: List[Any] = [error]
    seen: List[BaseException] = []
    while waiting:
        candidate = waiting.pop(0)
        if not isinstance(candidate, BaseException) or any(candidate is known for known in seen):
            continue
        seen.append(candidate)
        yield candidate
        # requests keeps the error of urllib3 in args, and urllib3 that of the socket in args or reason.
        waiting.extend(
            (*candidate.args, getattr(candidate, "reason", None), candidate.__cause__, candidate.__context__)
        )


def _caused_by(error: BaseException, *kinds: Type[BaseException]) -> bool:
    return any(isinstance(link, kinds) for link in _chain(error))


def was_cut_off(error: BaseException) -> bool:
    """Return whether there was a connection, and it broke."""
    if _caused_by(error, urllib3.exceptions.NewConnectionError):
        return False
    return _caused_by(
        error,
        urllib3.exceptions.ProtocolError,
        http.client.HTTPException,
        ConnectionResetError,
        BrokenPipeError,
        _KINDS.ChunkedEncodingError,
    )


def is_broken(error: BaseException) -> bool:
    """Return whether to expect more from another try: refused or cut off, but not unknown or slow."""
    if isinstance(error, (_KINDS.SSLError, _KINDS.ProxyError, *_TIMEOUTS, *_MALFORMED)):
        return False
    if _caused_by(error, socket.gaierror, *_TIMEOUTS):
        return False
    return isinstance(error, (_KINDS.ConnectionError, _KINDS.ChunkedEncodingError)) or was_cut_off(error)


def _reason(error: BaseException) -> str:
    """Return in a few words why *error* came, from its innermost cause, never with the URL."""
    links = list(_chain(error))
    for link in reversed(links):
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"certificate verification failed ({link.verify_message})"
        if isinstance(link, OSError) and not isinstance(link, _KINDS.RequestException):
            text = link.strerror or (link.args[0] if link.args and isinstance(link.args[0], str) else "")
            if text:
                return str(text).strip().rstrip(".")
    for link in reversed(links):
        if isinstance(link, http.client.IncompleteRead):
            partial: Any = link.partial  # urllib3 derives from it and keeps a number.
            count = partial if isinstance(partial, int) else len(partial)
            return f"{count} bytes came and more were announced"
        if isinstance(link, (http.client.RemoteDisconnected, _KINDS.ChunkedEncodingError)):
            return "the server closed it"
    return type(links[-1]).__name__
