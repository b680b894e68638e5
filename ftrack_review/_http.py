"""Carry batches to a server over HTTP, with retries, redirects and errors that say what to do.

Loaded by :mod:`ftrack_review.transport` for ``http`` and ``https`` addresses only, as it imports requests.
"""

from __future__ import annotations

import base64
import email.utils
import json
import os
import threading
import time
import urllib.parse
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    List,
    Mapping,
    MutableMapping,
    Optional,
    Tuple,
    Union,
)

import requests
import requests.adapters
import requests.auth

import ftrack_review.exception as exception
from ftrack_review._http_error import (
    CONNECT_TIMEOUT_S,
    FOREIGN_ERRORS,
    connection_error,
    is_broken,
    was_cut_off,
)
from ftrack_review.transport import DEFAULT_TIMEOUT_S, _response_error, display_url

if TYPE_CHECKING:
    from requests.models import PreparedRequest, Response

__all__ = [
    "HttpTransport",
    "SessionAuthentication",
    "read_whole",
    "without_credentials",
]

#: Seconds to wait before a read is sent again, one value per repetition.
BACK_OFF_S: Tuple[float, ...] = (0.25, 0.5, 1.0)
#: The longest pause that a server can ask for, in seconds. What asks for more is told to the caller at once.
MAXIMUM_RETRY_AFTER_S = 30.0
MAXIMUM_REDIRECTS = 5

_RETRIED_STATUS = frozenset((429, 502, 503))
# From where on an answer is large, and by how many bytes that is read.
_LARGE_BYTES = 1 << 16
_PIECE_BYTES = 1 << 24
_REDIRECT_STATUS = frozenset((301, 302, 303, 307, 308))
_CREDENTIAL_HEADERS = ("ftrack-user", "ftrack-api-key")
# Actions that change nothing, so that sending them twice is the same as once.
_READS = frozenset(("query", "search", "query_schemas", "query_server_information"))


class SessionAuthentication(requests.auth.AuthBase):
    """Put the user and API key of a session into the headers of a request."""

    def __init__(self, api_key: str, api_user: str) -> None:
        """Initialise with the *api_key* of *api_user*."""
        self.api_key = api_key
        self.api_user = api_user
        super().__init__()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return *request* with the credentials added."""
        headers: MutableMapping[str, Any] = request.headers
        headers["ftrack-api-key"] = _header_value(self.api_key, "API key")
        headers["ftrack-user"] = _header_value(self.api_user, "user name")
        return request

    def __repr__(self) -> str:
        """Return a description without the key."""
        return f"<{type(self).__name__} of {self.api_user!r}>"


def without_credentials(request: PreparedRequest) -> PreparedRequest:
    """Return *request* as it is: pass this as ``auth`` for a signed URL, whose token is its credential."""
    return request


class HttpTransport:
    """A server that is reached over HTTP.

    Connections are made on first use and kept. Proxies and certificate bundles come from the environment,
    as requests reads it. After a fork the child makes connections of its own.
    """

    def __init__(
        self,
        server_url: str,
        *,
        api_key: Optional[str] = None,
        api_user: Optional[str] = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        cookies: Optional[Mapping[str, str]] = None,
        headers: Optional[Mapping[str, str]] = None,
        strict_api: bool = False,
        wait: Optional[Callable[[float], object]] = None,
    ) -> None:
        """Initialise for *server_url*; *wait* pauses for a number of seconds and ends early on a close."""
        for name, value in (("cookies", cookies), ("headers", headers)):
            if value is not None and not isinstance(value, Mapping):
                raise exception.ConfigurationError(f"The {name} argument is required to be a mapping.")
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
            raise exception.ConfigurationError(
                f"timeout must be a number of seconds above zero, not {timeout!r}."
            )
        self.server_url, self._basic = _split_credentials(server_url)
        self.timeout_s = float(timeout)
        self._authentication = SessionAuthentication(api_key or "", api_user or "")
        self._cookies = dict(cookies or {})
        self._headers = dict(headers or {})
        self._strict_api = strict_api
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._lock = threading.Lock()
        self._http: Optional[requests.Session] = None
        self._process = os.getpid()
        self._inherited: List[Any] = []

    def __repr__(self) -> str:
        """Return a description without credentials."""
        return f"<{type(self).__name__} {self.server_url}>"

    @property
    def http(self) -> requests.Session:
        """The pool of connections, made on first use."""
        if self._process != os.getpid():
            self._leave_parent()
        if self._http is None:
            with self._lock:
                if self._http is None:
                    self._http = self._make_http()
        return self._http

    @http.setter
    def http(self, value: requests.Session) -> None:
        self._http = value

    def call(self, body: str, timeout_s: Optional[float] = None) -> bytes:
        """Return the server's answer to *body*. See :class:`~ftrack_review.transport.Transport`.

        What only reads is sent again a few times when the connection breaks or the server is busy. What
        writes is sent once: where its answer is lost, nobody can know whether it was done.
        """
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        for pause_s in (*BACK_OFF_S, None):
            if self._closed.is_set():
                raise exception.ConnectionClosedError(f"The connection to {self.server_url} is closed.")
            try:
                status, headers, content = self._post(body, limit_s)
            except FOREIGN_ERRORS as error:
                if pause_s is not None and is_broken(error) and _is_read(body):
                    self._wait(pause_s)
                    continue
                raise self._describe(error, body, limit_s) from None
            if status in _RETRIED_STATUS and pause_s is not None and _is_read(body):
                asked_s = _retry_after_s(headers)
                if asked_s <= MAXIMUM_RETRY_AFTER_S:
                    self._wait(max(pause_s, asked_s))
                    continue
            return _check_answer(self.server_url, status, content)
        raise AssertionError  # The last round returns or raises.

    def close(self) -> None:
        """Give up all connections."""
        self._closed.set()
        if self._http is not None and self._process == os.getpid():
            self._http.close()

    def _describe(self, error: BaseException, body: str, timeout_s: float) -> exception.ServerError:
        described = connection_error(self.server_url, timeout_s, error)
        if not _is_read(body) and (was_cut_off(error) or isinstance(described, exception.ServerTimeoutError)):
            described.message += " Whether the change was made is not known; look before sending it again."
        return described

    def _make_http(self) -> requests.Session:
        http = _PooledSession()
        http.auth = self._authentication
        http.headers.update(self._headers)
        http.headers["ftrack-strict-api"] = "true" if self._strict_api else "false"
        if self._basic is not None and "authorization" not in {name.lower() for name in self._headers}:
            http.headers["Authorization"] = self._basic
        http.cookies.update(self._cookies)
        return http

    def _leave_parent(self) -> None:
        """Forget the connections of the parent process, which goes on using them.

        They are kept unused rather than closed, as another thread of the parent may have held their locks
        at the moment of the fork.
        """
        self._process = os.getpid()
        self._lock = threading.Lock()
        if self._http is not None:
            for adapter in self._http.adapters.values():
                if isinstance(adapter, requests.adapters.HTTPAdapter):
                    self._inherited.append((adapter.poolmanager, adapter.proxy_manager))
                    adapter.__setstate__(adapter.__getstate__())  # type: ignore[attr-defined]

    def _post(self, body: str, timeout_s: float) -> Tuple[int, Mapping[str, str], bytes]:
        """Send *body* once, following redirects within the same host."""
        url = f"{self.server_url}/api"
        headers = {"content-type": "application/json", "accept": "application/json"}
        for _ in range(MAXIMUM_REDIRECTS):
            with self.http.post(
                url,
                data=body.encode("utf-8"),
                headers=headers,
                timeout=(min(timeout_s, CONNECT_TIMEOUT_S), timeout_s),
                # requests would turn a redirected POST into a GET and hand the key to any host.
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code not in _REDIRECT_STATUS or "location" not in response.headers:
                    return response.status_code, response.headers, read_whole(response)
                url = _follow(url, response.headers["location"])
        raise exception.ServerResponseError(
            f"The server at {self.server_url} redirects without an end. Check the address of the server."
        )


class _PooledSession(requests.Session):
    """A pool that does not carry the credentials over to another host.

    requests takes only the Authorization header away when a redirect leaves the host, as a download does
    that is kept in an object store.
    """

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        if self.should_strip_auth(  # type: ignore[no-untyped-call]
            response.request.url or "", prepared_request.url or ""
        ):
            for name in _CREDENTIAL_HEADERS:
                prepared_request.headers.pop(name, None)
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]


def read_whole(response: Response) -> bytes:
    """Return the body of *response*, or raise if the connection broke before its end."""
    announced = response.headers.get("content-length", "")
    size = int(announced) if announced.isdigit() else 0
    # In one piece where possible: those of 10 KiB that ``response.content`` reads cost 1 ms more for each MB.
    is_large = size >= _LARGE_BYTES
    content = b"".join(response.iter_content(min(size, _PIECE_BYTES))) if is_large else response.content
    # urllib3 1 does not notice a body that ends early.
    if "content-encoding" not in response.headers and len(content) < size:
        raise requests.exceptions.ChunkedEncodingError(f"{len(content)} of {announced} bytes came")
    return content


def _is_read(body: str) -> bool:
    """Return whether the batch whose JSON is *body* changes nothing. Only asked when something went wrong."""
    try:
        actions = json.loads(body)
    except ValueError:
        return False
    return isinstance(actions, list) and all(
        isinstance(action, dict) and action.get("action") in _READS for action in actions
    )


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Return the pause that the server asks for, in seconds; 0 where it asks for none."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    moment = email.utils.parsedate_tz(text) if text else None
    if moment is None:
        return 0.0
    # By the server's own clock where it tells the time, as ours may differ.
    now = email.utils.parsedate_tz(headers.get("date", ""))
    now_s = time.time() if now is None else email.utils.mktime_tz(now)
    return max(0.0, email.utils.mktime_tz(moment) - now_s)


def _check_answer(address: str, status: int, content: bytes) -> bytes:
    """Return *content* if it can be an answer of ftrack, else raise ServerResponseError."""
    is_json = content.lstrip()[:1] in (b"[", b"{")
    # An error object may come with any status, while `{"detail": "Not Found"}` is another program's.
    if not is_json or (status >= 400 and b'"exception"' not in content):
        raise _response_error(address, content, status=status)
    return content


def _follow(url: str, location: str) -> str:
    """Return where to send a redirected request, or raise if that is another server."""
    target = urllib.parse.urljoin(url, location)
    before, after = urllib.parse.urlsplit(url), urllib.parse.urlsplit(target)
    is_downgrade = before.scheme == "https" and after.scheme != "https"
    if after.hostname != before.hostname or is_downgrade or after.scheme not in ("http", "https"):
        raise exception.ServerResponseError(
            f"The server at {display_url(url)} redirects to {display_url(target)}. The API key is not sent "
            f"there; if that is the right server, give its address to the session."
        )
    return target


def _header_value(value: str, what: str) -> Union[str, bytes]:
    """Return *value* as it can stand in a header. A line break at its end, as files have, is dropped."""
    text = str(value or "").strip()
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise exception.ConfigurationError(
            f"The {what} holds a line break or control character. Copy it again."
        )
    # http.client would refuse what is not Latin-1.
    return text if text.isascii() else text.encode("utf-8")


def _split_credentials(server_url: str) -> Tuple[str, Optional[str]]:
    """Return *server_url* without user and password, and these as the value of an Authorization header."""
    parts = urllib.parse.urlsplit(server_url)
    if "@" not in parts.netloc:
        return server_url.rstrip("/"), None
    credentials, _, host = parts.netloc.rpartition("@")
    pair = urllib.parse.unquote(credentials).encode("utf-8")
    plain = urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return plain, "Basic " + base64.b64encode(pair).decode("ascii")
