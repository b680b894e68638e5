"""One web socket to an event server: the handshake, sending, receiving and closing.

It carries text; what the packets mean is the hub's business. The key of the user travels in the headers of the
handshake only, never in an address, and neither it nor the id of the socket is ever part of a message.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional
from urllib.parse import urlsplit

from ftrack_review.exception import EventHubConnectionError, EventHubPacketError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    import requests

__all__ = ["Connection", "open_connection", "shake_hands"]

#: How long connecting may take, in seconds, each for the handshake and the socket.
CONNECT_TIMEOUT_S = 20.0

#: How long a server may be silent, in seconds. It sends a heartbeat at least every 25.
SILENCE_TIMEOUT_S = 60.0

#: How long closing may wait for the other side, in seconds.
CLOSE_TIMEOUT_S = 2.0


class Connection:
    """An open web socket. :meth:`receive` belongs to one thread; the rest may be called from any."""

    def __init__(self, web_socket: Any) -> None:
        """Initialise with a connected socket of websocket-client."""
        self._web_socket = web_socket
        self._send_lock = threading.Lock()
        self._closed = False
        self._reader: Optional[int] = None  # The thread that receives.
        self._ended = threading.Event()  # It has received the last.

    @property
    def connected(self) -> bool:
        """Whether text can be sent, as far as is known."""
        return not self._closed and bool(self._web_socket.connected)

    def send(self, text: str) -> None:
        """Send *text*. Raise EventHubConnectionError where the connection is gone."""
        import websocket

        try:
            with self._send_lock:
                self._web_socket.send(text)
        except (websocket.WebSocketException, OSError, ValueError, AttributeError) as error:
            raise EventHubConnectionError(
                f"The event server cannot be reached: {_describe(error)}."
            ) from error

    def receive(self) -> str:
        """Return the next text. Raise EventHubConnectionError when the connection is lost or silent."""
        self._reader = threading.get_ident()
        try:
            return self._receive()
        except EventHubConnectionError:
            self._ended.set()
            raise

    def _receive(self) -> str:
        import websocket

        try:
            text = self._web_socket.recv()
        except websocket.WebSocketTimeoutException as error:
            raise EventHubConnectionError(
                f"The event server was silent for {SILENCE_TIMEOUT_S:.0f} seconds."
            ) from error
        except (websocket.WebSocketException, OSError, ValueError, AttributeError) as error:
            raise EventHubConnectionError(
                f"The connection to the event server was lost: {_describe(error)}."
            ) from error
        if not text:
            raise EventHubConnectionError("The event server closed the connection.")
        return text if isinstance(text, str) else bytes(text).decode("utf-8", "replace")

    def close(self) -> None:
        """Close the socket, so that a thread in :meth:`receive` returns. Closing again does nothing.

        The other side may first read what was sent to it and answer, which it has :data:`CLOSE_TIMEOUT_S` for:
        a socket that is shut at once can take the last events with it.
        """
        if self._closed:
            return
        self._closed = True
        raw = getattr(self._web_socket, "sock", None)
        try:
            # A thread that sends to a stuck peer holds the lock until its time is out: do not wait for it.
            if self._send_lock.acquire(timeout=CLOSE_TIMEOUT_S):
                try:
                    self._web_socket.send_close()
                finally:
                    self._send_lock.release()
                if self._reader not in (None, threading.get_ident()):
                    self._ended.wait(CLOSE_TIMEOUT_S)
            if raw is not None:
                # Closing alone does not wake a thread that waits in recv().
                raw.shutdown(socket.SHUT_RDWR)
        except Exception:  # noqa: BLE001 - the other side may be gone already, in any way.
            _ignore()
        finally:
            self._web_socket.shutdown()


def open_connection(
    server_url: str, session_id: str, *, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> Connection:
    """Return a connection to the event server at *server_url*, which *session_id* of the handshake permits.

    *headers* and *cookies* go along. Proxies and certificates come from the environment.
    Raise :exc:`~ftrack_review.exception.EventHubConnectionError` that says what to do.
    """
    import websocket

    parts = urlsplit(server_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    options: Dict[str, Any] = {}
    if scheme == "wss":
        options["sslopt"] = {"ca_certs": _certificates()}
    if cookies:
        options["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    try:
        web_socket = websocket.create_connection(
            f"{scheme}://{parts.netloc}/socket.io/1/websocket/{session_id}",
            timeout=CONNECT_TIMEOUT_S,
            header=[f"{name}: {value}" for name, value in headers.items()],
            enable_multithread=True,
            **options,
        )
    except Exception as error:  # websocket-client and what it uses for proxies raise errors of many kinds.
        raise EventHubConnectionError(
            f"The event server at {server_url} does not take web sockets: {_describe(error)}. A proxy between "
            "may have to be told to let them pass."
        ) from error
    web_socket.settimeout(SILENCE_TIMEOUT_S)
    return Connection(web_socket)


def shake_hands(
    server_url: str, api_user: str, api_key: str, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> packet.Handshake:
    """Return what the event server at *server_url* answers to a handshake by *api_user*.

    Raise :exc:`~ftrack_review.exception.EventHubConnectionError` that says what to do.
    """
    import requests

    try:
        response = requests.get(
            f"{server_url}/socket.io/1/",
            headers={**headers, "ftrack-user": api_user, "ftrack-api-key": api_key},
            cookies=dict(cookies),
            timeout=CONNECT_TIMEOUT_S,
            # The key is for this server and for no other.
            allow_redirects=False,
        )
    except (requests.RequestException, OSError, ValueError) as error:
        raise EventHubConnectionError(
            f"The event server at {server_url} cannot be reached: {_describe(error)}."
        ) from error
    _check_status(response, server_url)
    try:
        return packet.decode_handshake(response.text)
    except EventHubPacketError as error:
        raise EventHubConnectionError(
            f"What answers at {server_url}/socket.io/1/ is not an event server of ftrack."
        ) from error


def _check_status(response: requests.Response, server_url: str) -> None:
    if response.status_code == 200:
        return
    if response.status_code in (401, 403):
        advice = "it did not accept the user and API key"
    elif response.is_redirect:
        target = urlsplit(response.headers.get("location", ""))
        advice = f"it moved to {target.scheme}://{target.hostname}; use that address as server_url"
    else:
        advice = f"it answered with status {response.status_code}"
    raise EventHubConnectionError(f"Cannot connect to the event server at {server_url}: {advice}.")


def _certificates() -> str:
    import requests.utils

    found = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return found or str(requests.utils.DEFAULT_CA_BUNDLE_PATH)


def _describe(error: BaseException) -> str:
    """Return what is known of *error*, without addresses or headers, which may hold secrets."""
    status: Optional[int] = getattr(error, "status_code", None)
    if status is not None:
        return f"status {status}"
    cause: Optional[BaseException] = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _ignore() -> None:
    """Do nothing: what failed has no consequence."""
