"""The web socket of the review page: who is there, who leads, and what has changed.

The page opens it with the cookie it came with, from a page of this server. From then on it is told what happens to its
review, and tells where the presenter is. A page that cannot be reached, or does not read, is let go; it comes back by
itself and asks for the state. What concerns which page is worked out by ``review_rooms``.

To the page: ``hello``, ``changed``, ``people``, ``lead``, ``unlead``, ``closed``, ``removed``, ``gone``, ``ping``.
From the page: ``lead``, ``unlead``, ``hello``, ``pong``.

Called by ``pages`` for its route.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import time
import uuid
from typing import TYPE_CHECKING, Any, Coroutine, Dict, List, Mapping, Optional

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from ftrack_review.exception import Error
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.presentation import LARGEST
from ftrack_review.server import review_entry
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.event_socket import FAREWELL_S, close
from ftrack_review.server.outgoing import Outgoing
from ftrack_review.server.review_rooms import Rooms
from ftrack_review.server.review_visitor import role_of

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from ftrack_review.server.review_visitor import Visitor

__all__ = ["CLOSE_GONE", "CLOSE_REMOVED", "Live"]

#: How often a page is pinged, and how long it may be silent, in seconds.
PING_S = 20.0
SILENCE_S = 65.0

#: How much may wait for one page before it is let go, in messages and in characters.
MAXIMUM_MESSAGES = 500
MAXIMUM_CHARACTERS = 1024 * 1024

#: The longest message of a page, in characters, and how many a second are listened to.
LONGEST_MESSAGE = 4096
MESSAGES_PER_S = 30

#: Why a socket was closed.
CLOSE_REMOVED = 4001
CLOSE_GONE = 4004
CLOSE_SLOW = 4008
CLOSE_CROWDED = 4013
CLOSE_AGAIN = 1013

_FASTEST = 64.0

_logger = logging.getLogger(__name__)


class Live:
    """Serves the sockets of all review pages of a server."""

    def __init__(self, server: Any, *, ping_s: float = PING_S, silence_s: float = SILENCE_S) -> None:
        """Initialise for *server*. A page is pinged every *ping_s* and dropped after *silence_s* seconds."""
        self._server = server
        self._ping_s = ping_s
        self._silence_s = silence_s
        self.rooms = Rooms(server)

    async def connect(self, websocket: WebSocket) -> None:
        """Serve a socket until one side ends it."""
        try:
            review_entry.check_origin(self._server, websocket)
            claims = review_entry.claims_of(self._server, websocket)
            visitor = await review_entry.visitor_of(self._server, websocket)
            role = await run_in_threadpool(role_of, self._server, visitor)
        except ServerFault as fault:
            _logger.debug("A page was not let in: %s", fault)
            # Before it is accepted, this is the status 403.
            await websocket.close()
            return
        except Error:
            _logger.warning("It could not be told who opens a review page.", exc_info=True)
            await websocket.close()
            return
        await websocket.accept()
        page = Page(visitor, role, claims, asyncio.get_running_loop())
        try:
            if await run_in_threadpool(self.rooms.enter, page):
                await self._hold(websocket, page)
            else:
                page.close_code = CLOSE_CROWDED
        except Error:
            # The database may be busy. The page comes back by itself.
            _logger.warning("A review page could not be let in.", exc_info=True)
            page.close_code = CLOSE_AGAIN
        finally:
            self.rooms.leave(page)
            await close(websocket, page.close_code or 1000)

    async def _hold(self, websocket: WebSocket, page: Page) -> None:
        parts: List[Coroutine[Any, Any, object]] = [
            self._listen(websocket, page),
            page.speak(websocket),
            self._beat(page),
            page.ended.wait(),
        ]
        tasks = [asyncio.get_running_loop().create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # What ends it, the page is told.
            if page.ended.is_set() and not page.is_overrun:
                with contextlib.suppress(asyncio.TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
                    await asyncio.wait_for(page.drain(websocket), FAREWELL_S)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(
                end, (WebSocketDisconnect, RuntimeError, OSError)
            ):
                _logger.error("The socket of a review page broke down.", exc_info=end)

    async def _listen(self, websocket: WebSocket, page: Page) -> None:
        while True:
            message = await websocket.receive()
            if message["type"] != "websocket.receive":
                return
            page.heard_at = time.monotonic()
            text = message.get("text")
            if text is None or len(text) > LONGEST_MESSAGE:
                return
            if page.may_speak():
                self._take(page, text)
            await asyncio.sleep(0)

    def _take(self, page: Page, text: str) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "lead" and page.role != roles.OBSERVER:
            lead = _read_lead(message)
            if lead is not None:
                self.rooms.lead(page, lead)
        elif kind == "unlead":
            self.rooms.unlead(page)

    async def _beat(self, page: Page) -> None:
        while time.monotonic() - page.heard_at < self._silence_s:
            await asyncio.sleep(self._ping_s)
            page.tell({"type": "ping"})


class Page:
    """One open page: who looks at it, and what it is to be told."""

    def __init__(
        self, visitor: Visitor, role: str, claims: Mapping[str, Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Initialise for the *visitor* whose cookie carries *claims*, on the *loop* that serves the socket."""
        self.id = uuid.uuid4().hex
        self.visitor = visitor
        self.role = role
        self.claims = claims
        self.heard_at = time.monotonic()
        self.close_code: Optional[int] = None
        #: Set when the page is to be let go.
        self.ended = asyncio.Event()
        self._loop = loop
        self._ready = asyncio.Event()
        self._outgoing = Outgoing(
            self._wake, maximum_packets=MAXIMUM_MESSAGES, maximum_characters=MAXIMUM_CHARACTERS
        )
        self._allowance = float(MESSAGES_PER_S)
        self._allowed_at = self.heard_at

    @property
    def is_overrun(self) -> bool:
        """Whether more came in than the page took."""
        return self._outgoing.is_overrun

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send *message*. Any thread may call it; it never waits."""
        self._outgoing.put(json.dumps(message, separators=(",", ":")))

    def end(self, code: int, message: Mapping[str, Any]) -> None:
        """Send a last *message* and close the socket with *code*. Any thread may call it."""
        self.close_code = code
        self.tell(message)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.ended.set)

    def may_speak(self) -> bool:
        """Return whether one more message of the page is listened to."""
        now = time.monotonic()
        gained = (now - self._allowed_at) * MESSAGES_PER_S
        self._allowance = min(2.0 * MESSAGES_PER_S, self._allowance + gained)
        self._allowed_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    async def speak(self, websocket: WebSocket) -> None:
        """Send what there is to send, for ever."""
        while True:
            await self.drain(websocket)
            await self._ready.wait()
            self._ready.clear()

    async def drain(self, websocket: WebSocket) -> None:
        """Send what waits at present."""
        while True:
            text = self._outgoing.take()
            if text is None:
                return
            await websocket.send_text(text)

    def _wake(self) -> None:
        # The loop is closed where the server is ending, and the page is gone then.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._awake)

    def _awake(self) -> None:
        self._ready.set()
        if self._outgoing.is_overrun:
            self.close_code = CLOSE_SLOW
            self.ended.set()


def _read_lead(message: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Return where a presenter is, None for what makes no sense."""
    object_id, frame = message.get("object_id"), message.get("frame")
    rate = message.get("rate", 1)
    if not isinstance(object_id, str) or len(object_id) > 100:
        return None
    if isinstance(frame, bool) or not isinstance(frame, (int, float)) or not 0 <= frame <= LARGEST:
        return None
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not math.isfinite(rate):
        return None
    return {
        "object_id": object_id,
        "frame": frame,
        "playing": message.get("playing") is True,
        "rate": max(-_FASTEST, min(_FASTEST, rate)),
    }
