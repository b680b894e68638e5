"""What waits to be sent to one client: a queue with limits, filled by any thread.

A client that does not read must not fill the memory or delay anybody else. Putting never waits; once a limit
is passed, the queue takes nothing more, gives nothing more, and says so.

Called by ``relay`` (to put) and ``event_socket`` (to take).
"""

from __future__ import annotations

import collections
import threading
from typing import Callable, Deque, Optional

__all__ = ["MAXIMUM_CHARACTERS", "MAXIMUM_PACKETS", "Outgoing"]

#: How much may wait for one client before it is given up, in packets and in characters of all packets.
MAXIMUM_PACKETS = 10_000
MAXIMUM_CHARACTERS = 32 * 1024 * 1024


class Outgoing:
    """Packets in the order in which they were put."""

    def __init__(
        self,
        wake: Callable[[], object],
        *,
        maximum_packets: int = MAXIMUM_PACKETS,
        maximum_characters: int = MAXIMUM_CHARACTERS,
    ) -> None:
        """Initialise empty. *wake* is called, by the thread that puts, when there is something to do."""
        self._wake = wake
        self._maximum_packets = maximum_packets
        self._maximum_characters = maximum_characters
        self._lock = threading.Lock()
        self._packets: Deque[str] = collections.deque()
        self._characters = 0
        #: Whether more came in than the client took.
        self.is_overrun = False

    def put(self, text: str) -> None:
        """Add a packet. It is dropped where the queue is overrun."""
        with self._lock:
            if self.is_overrun:
                return
            # A single large packet is no sign of a slow client.
            if self._packets and (
                len(self._packets) >= self._maximum_packets
                or self._characters + len(text) > self._maximum_characters
            ):
                self.is_overrun = True
                self._packets.clear()
            else:
                self._packets.append(text)
                self._characters += len(text)
                if len(self._packets) > 1:
                    return  # Who takes was woken for the first.
        self._wake()

    def take(self) -> Optional[str]:
        """Return the next packet, None if there is none."""
        with self._lock:
            if not self._packets:
                return None
            text = self._packets.popleft()
            self._characters -= len(text)
            return text
