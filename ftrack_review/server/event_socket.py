"""The event hub over HTTP and web sockets, as Socket.IO 0.9 has it: handshake, connection, heartbeats.

A client shows its key when it asks for a session, and opens the web socket with the id of that session, which
is good once and for a minute. From then on a task for what comes in, one for what goes out and one for
heartbeats serve the connection, until the first of them ends. What packets mean is the business of ``relay``.

Called by ``endpoint``, which puts it beside the API.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Dict, FrozenSet, List, Optional, Tuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocketDisconnect, WebSocketState

from ftrack_review.exception import Error
from ftrack_review.protocol import packet
from ftrack_review.server.outgoing import Outgoing

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from ftrack_review.server.access import Caller
    from ftrack_review.server.application import Server
    from ftrack_review.server.relay import Peer

__all__ = ["HEARTBEAT_S", "MAXIMUM_PACKET_BYTES", "EventSocket", "close"]

#: How often a heartbeat is sent, in seconds. The JavaScript client leaves after 15 without one.
HEARTBEAT_S = 10.0

#: How many heartbeats a client may leave unanswered. Counted, as time may jump while a machine sleeps.
UNANSWERED_HEARTBEATS = 6

#: The largest packet that is read, in bytes.
MAXIMUM_PACKET_BYTES = 8 * 1024 * 1024

# How long the id of a session is good, in seconds, and how many may wait to be used.
_HANDSHAKE_S = 60.0
_MAXIMUM_HANDSHAKES = 10_000

#: How often it is looked whether the keys of those who are connected are still good, in seconds.
KEY_CHECK_S = 60.0

# What clients are told about when to give up, in seconds; none of the two looks at it.
_CLOSE_S = 25

#: How long a client has for its part of closing, in seconds.
FAREWELL_S = 2.0

#: Where the server below puts a function that cuts the connection, among what it tells about a connection.
ABORT = "ftrack_review.abort"

_logger = logging.getLogger(__name__)


class Handshakes:
    """The sessions that clients may open a socket for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Initialise empty, with a *clock* that gives seconds."""
        self._clock = clock
        # Requests come in several threads.
        self._lock = threading.Lock()
        # In the order in which they end.
        self._waiting: Dict[str, Tuple[float, Caller]] = {}

    def add(self, caller: Caller) -> str:
        """Return the id of a new session of *caller*."""
        session_id = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock()
            while self._waiting:
                oldest = next(iter(self._waiting))
                if self._waiting[oldest][0] > now and len(self._waiting) < _MAXIMUM_HANDSHAKES:
                    break
                del self._waiting[oldest]
            self._waiting[session_id] = (now + _HANDSHAKE_S, caller)
        return session_id

    def take(self, session_id: str) -> Optional[Caller]:
        """Return whose session it is, once, and None where there is none with this id (any more)."""
        with self._lock:
            end, caller = self._waiting.pop(session_id, (None, None))
        return caller if end is not None and end > self._clock() else None


class EventSocket:
    """Serves the event hub of a server."""

    def __init__(
        self, server: Server, *, heartbeat_s: float = HEARTBEAT_S, key_check_s: float = KEY_CHECK_S
    ) -> None:
        """Initialise for *server*. A heartbeat is sent every *heartbeat_s* seconds, keys are looked at every
        *key_check_s*.
        """
        self._server = server
        self._heartbeat_s = heartbeat_s
        self._handshakes = Handshakes()
        self._keys = _Keys(server, key_check_s)

    async def shake_hands(self, _server: Server, request: Request) -> Response:
        """Answer who shows a user and key, in headers or in the query, with the id of a session."""
        from ftrack_review.server.endpoint import read_headers

        headers, query = read_headers(request), request.query_params
        user = headers.get("ftrack-user") or query.get("api_user")
        key = headers.get("ftrack-api-key") or query.get("api_key")
        caller = await run_in_threadpool(self._server.authenticate, user, key)
        session_id = await run_in_threadpool(self._keep, caller)
        handshake = packet.Handshake(session_id, int(HEARTBEAT_S), _CLOSE_S)
        return PlainTextResponse(packet.encode_handshake(handshake), headers={"cache-control": "no-store"})

    async def connect(self, websocket: WebSocket) -> None:
        """Serve a web socket until one side ends it."""
        try:
            caller = await run_in_threadpool(self._take, websocket.path_params["session_id"])
        except Error:
            # The database may be busy. The client asks for another session.
            _logger.warning("It could not be told whose event session it is.", exc_info=True)
            caller = None
        if caller is None:
            # Before it is accepted, this is the status 403.
            await websocket.close()
            return
        await websocket.accept()
        try:
            conversation = _Conversation(self._server, websocket, self._heartbeat_s)
            await conversation.hold(caller, self._keys.wait_for_end(caller))
        finally:
            await close(websocket)

    def _keep(self, caller: Caller) -> str:
        neighbours = self._server.neighbours
        if neighbours is None:
            return self._handshakes.add(caller)
        # The socket may be opened at another process behind the same address.
        session_id = secrets.token_urlsafe(24)
        neighbours.keep_handshake(session_id, (caller.user_id, caller.username, caller.key_id), _HANDSHAKE_S)
        neighbours.expect_clients()
        return session_id

    def _take(self, session_id: str) -> Optional[Caller]:
        neighbours = self._server.neighbours
        if neighbours is None:
            return self._handshakes.take(session_id)
        from ftrack_review.server.access import Caller

        values = neighbours.take_handshake(session_id)
        if values is None:
            return None
        neighbours.expect_clients()
        return Caller(user_id=values[0], username=values[1], key_id=values[2])


class _Keys:
    """Which keys are good, looked up once for all connections."""

    def __init__(self, server: Server, interval_s: float) -> None:
        self._server = server
        self._interval_s = interval_s
        self._good: FrozenSet[Optional[str]] = frozenset()
        self._looked_at = -math.inf

    async def wait_for_end(self, caller: Caller) -> None:
        """Return when the key of *caller* has been revoked."""
        while True:
            await asyncio.sleep(self._interval_s)
            if time.monotonic() - self._looked_at >= self._interval_s:
                try:
                    keys = await run_in_threadpool(self._server.list_keys)
                except Error:
                    # The database may be busy. Nobody is sent away for that.
                    _logger.warning("Keys could not be looked at.", exc_info=True)
                    continue
                self._good = frozenset(key["id"] for key in keys)
                self._looked_at = time.monotonic()
            if caller.key_id not in self._good:
                _logger.info("The key of a client of %s has been revoked.", caller.username)
                return


class _Conversation:
    """What goes back and forth on one open socket."""

    def __init__(self, server: Server, websocket: WebSocket, heartbeat_s: float) -> None:
        self._relay = server.relay
        self._websocket = websocket
        self._heartbeat_s = heartbeat_s
        self._unanswered = 0
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._overrun = asyncio.Event()
        self._outgoing = Outgoing(self._wake)

    async def hold(self, caller: Caller, revoked: Coroutine[Any, Any, None]) -> None:
        """Talk until one side has had enough, or *revoked* returns."""
        self._outgoing.put(packet.encode(packet.CONNECT))
        peer = self._relay.connect(caller, self._outgoing.put)
        parts: List[Coroutine[Any, Any, object]] = [
            self._listen(peer),
            self._speak(),
            self._beat(),
            self._overrun.wait(),
            revoked,
        ]
        tasks = [self._loop.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._relay.disconnect(peer)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, (WebSocketDisconnect, OSError)):
                _logger.error("A connection to the event hub broke down.", exc_info=end)
        if self._outgoing.is_overrun:
            _logger.warning("A client of %s was dropped, as it did not read its events.", caller.username)
            # It would not read our farewell either.
            self._websocket.scope.get(ABORT, _nothing)()

    def _wake(self) -> None:
        """Wake who sends. Called by any thread."""
        # The loop is closed where the server is ending, and the client is gone then.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._awake)

    def _awake(self) -> None:
        self._ready.set()
        if self._outgoing.is_overrun:
            self._overrun.set()

    async def _listen(self, peer: Peer) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] != "websocket.receive":
                return
            self._unanswered = 0
            text = message.get("text")
            if text is not None and not self._relay.receive(peer, text):
                return
            # What has arrived already is read without waiting; let the others have their turn.
            await asyncio.sleep(0)

    async def _speak(self) -> None:
        while True:
            text = self._outgoing.take()
            if text is not None:
                await self._websocket.send_text(text)
                continue
            await self._ready.wait()
            self._ready.clear()

    async def _beat(self) -> None:
        while self._unanswered < UNANSWERED_HEARTBEATS:
            await asyncio.sleep(self._heartbeat_s)
            self._unanswered += 1
            self._outgoing.put(packet.encode(packet.HEARTBEAT))


def _nothing() -> None:
    """Do nothing: below is a server that has no way to cut connections, only to close them."""


async def close(websocket: WebSocket, code: int = 1000) -> None:
    """Say goodbye with *code*, and cut the connection of a client that does not answer in time."""
    abort = websocket.scope.get(ABORT)
    if abort is not None:
        asyncio.get_running_loop().call_later(FAREWELL_S, abort)
    if (
        websocket.client_state is WebSocketState.CONNECTED
        and websocket.application_state is WebSocketState.CONNECTED
    ):
        with contextlib.suppress(asyncio.TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
            await asyncio.wait_for(websocket.close(code), FAREWELL_S)
