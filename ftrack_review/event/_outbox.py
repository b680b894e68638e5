"""What a hub sends: it waits for a connection, goes out in order, and is acknowledged.

An event that cannot be sent stays for the next connection. One that was sent and not acknowledged when the
connection broke does not: the server may have it, and nobody wants it twice.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, Optional, Tuple

from ftrack_review.exception import EventHubConnectionError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    from ftrack_review.event._connection import Connection

__all__ = ["Outbox", "PacketCallback"]

logger = logging.getLogger(__name__)

#: Called with the answer of the server to one packet.
PacketCallback = Callable[[Any], None]


class Outbox:
    """The events on their way to the server."""

    def __init__(self) -> None:
        """Initialise empty and without connection."""
        self._lock = threading.Lock()
        # Held from taking what waits until it is sent: of two threads the second could overtake the first.
        self._sending = threading.Lock()
        self._acknowledged = threading.Condition(self._lock)
        self._connection: Optional[Connection] = None
        self._identifier = 0
        self._callbacks: Dict[str, PacketCallback] = {}
        self._waiting: Deque[Tuple[str, PacketCallback]] = collections.deque()

    def use(self, connection: Optional[Connection]) -> None:
        """Go on with another *connection*, or with none. What waits is sent by :meth:`send_waiting`."""
        with self._acknowledged:
            self._connection = connection
            # What was not answered on another connection never will be.
            self._callbacks.clear()
            self._acknowledged.notify_all()

    def send(self, data: str, callback: PacketCallback) -> None:
        """Send the *data* of an event, or keep it for the next connection."""
        self._waiting.append((data, callback))
        self.send_waiting()

    def send_waiting(self) -> None:
        """Send what waits, in order."""
        with self._sending:
            while True:
                connection = self._connection
                if connection is None or not connection.connected:
                    return
                try:
                    item = self._waiting.popleft()
                except IndexError:
                    return
                if not self.send_now(*item):
                    self._waiting.appendleft(item)
                    return

    def send_now(self, data: str, callback: PacketCallback) -> bool:
        """Send the *data* of an event and return whether that worked; otherwise it is forgotten."""
        with self._lock:
            connection = self._connection
            self._identifier += 1
            identifier = str(self._identifier)
            self._callbacks[identifier] = callback
        try:
            if connection is None:
                raise EventHubConnectionError("There is no connection.")
            # The plus asks for an acknowledgement by the program, which tells whether it worked.
            connection.send(packet.encode(packet.EVENT, data, identifier=f"{identifier}+"))
        except EventHubConnectionError as error:
            logger.debug("An event was not sent: %s", error)
            with self._lock:
                self._callbacks.pop(identifier, None)
            return False
        return True

    def acknowledge(self, acknowledgement: packet.Acknowledgement) -> None:
        """Hand the server's answer to the callback of the packet that it is for."""
        with self._acknowledged:
            callback = self._callbacks.pop(acknowledgement.identifier, None)
            self._acknowledged.notify_all()
        if callback is not None:
            # Some servers acknowledge without a word.
            callback(acknowledgement.arguments[0] if acknowledgement.arguments else {"success": True})

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything that was sent is acknowledged and return whether it is."""

        def is_done() -> bool:
            connection = self._connection
            return not self._callbacks or connection is None or not connection.connected

        with self._acknowledged:
            return self._acknowledged.wait_for(is_done, timeout_s)

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
