"""The background thread of a connected hub: reads what comes in, and reconnects when the connection is lost.

It is a daemon and holds its hub weakly, so that neither the end of the program nor the end of the hub waits for
it. It waits on the socket, for as long as a server may be silent, and on a flag that tells it to end.
"""

from __future__ import annotations

import logging
import threading
import weakref
from typing import TYPE_CHECKING, Optional

from ftrack_review.exception import EventHubConnectionError, EventHubPacketError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    from ftrack_review.event._connection import Connection
    from ftrack_review.event.hub import EventHub

__all__ = ["ProcessorThread"]

logger = logging.getLogger(__name__)


class ProcessorThread(threading.Thread):
    """Serves one hub, over as many connections as it takes."""

    def __init__(self, client: EventHub, connection: Connection) -> None:
        """Initialise for the hub *client* and its first *connection*."""
        super().__init__(name="ftrack-review-event-hub", daemon=True)
        self._client = weakref.ref(client)
        self._first_connection: Optional[Connection] = connection
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the thread was told to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Tell the thread to end. Who closes its connection ends it at once."""
        self._cancelled.set()

    def run(self) -> None:
        """Read until the connection was closed on purpose, or is lost for good."""
        connection, self._first_connection = self._first_connection, None
        while connection is not None:
            self._read(connection)
            connection.close()
            connection = None if self.cancelled else self._reconnect()

    def _read(self, connection: Connection) -> None:
        # Until the connection ends, also when it is closed on purpose: what still comes in is only thrown away.
        while True:
            try:
                text = connection.receive()
                if not (self.cancelled or self._handle(text)):
                    return
            except EventHubPacketError as error:
                logger.warning("A packet was ignored: %s", error)
            except EventHubConnectionError as error:
                if not self.cancelled:
                    logger.warning("%s", error)
                return
            except Exception:
                # A callback for the server's answer failed; the connection is as good as before.
                logger.exception("What the event server sent could not be handled.")

    def _handle(self, text: str) -> bool:
        """Hand *text* to the hub. Return whether there still is one."""
        client = self._client()
        if client is None:
            return False
        client._handle_packet(*packet.decode(text))
        return True

    def _reconnect(self) -> Optional[Connection]:
        attempt = 0
        while True:
            # At once the first time, as mostly the server was only restarted. The hub is not held while waiting.
            client = self._client()
            if client is None or self.cancelled:
                return None
            if attempt >= client._auto_reconnect_attempts:
                logger.error("The connection to the event server is lost after %d attempts.", attempt)
                self.cancel()
                client._give_up()
                return None
            attempt += 1
            try:
                connection = client._open_connection()
            except EventHubConnectionError as error:
                logger.debug("Attempt %d to reconnect failed: %s", attempt, error)
                delay_s = client._auto_reconnect_delay
                client = None
                if self._cancelled.wait(delay_s):
                    return None
                continue
            return connection if client._use(connection, self) else None
