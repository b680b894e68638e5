"""Tells connected clients what committed batches did, after the answer to who sent them.

Batches wait in the order of their commits. A thread of its own, which is there only while there is something
to tell, builds the events and hands them to the relay. While nobody listens, nothing is done at all.

Called by ``dispatch``, through ``application``.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TYPE_CHECKING, Any, Deque, Optional

from ftrack_review.server.announcement import TOPIC, Batch, describe

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.relay import Relay

__all__ = ["Announcer"]

# How many batches may wait to be told.
_MAXIMUM_BATCHES = 10_000

# How long the thread waits for more before it ends, in seconds.
_IDLE_S = 5.0

_logger = logging.getLogger(__name__)


class Announcer:
    """Turns batches into events, one after the other."""

    def __init__(self, store: Any, relay: Relay) -> None:
        """Initialise for the database *store* and the clients of *relay*."""
        self._store = store
        self._relay = relay
        self._changed = threading.Condition()
        self._waiting: Deque[Batch] = collections.deque()
        self._thread: Optional[threading.Thread] = None
        self._is_closed = False

    def announce(self, context: RequestContext) -> None:
        """Tell later what the request *context* did. It never waits and never fails.

        Calls must be in the order of the commits.
        """
        if not context.changes or not self._relay.wants(TOPIC):
            return
        batch = Batch(tuple(context.changes), context.catalogue, context.caller, context.options)
        with self._changed:
            if self._is_closed:
                return
            if len(self._waiting) >= _MAXIMUM_BATCHES:
                _logger.error("An event for a batch was dropped, as %d wait already.", _MAXIMUM_BATCHES)
                return
            self._waiting.append(batch)
            if self._thread is None:
                self._start()
            else:
                self._changed.notify()

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="ftrack-review-announcer", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No more threads. The batch waits for the next one, as the request must not suffer.
            _logger.exception("Events wait, as no thread could be started.")
        else:
            self._thread = thread

    def close(self, timeout_s: float) -> None:
        """Stop, with what is being told at the moment finished, at most for *timeout_s*."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None:
            thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._is_closed:
                    self._changed.wait(_IDLE_S)
                if not self._waiting:
                    self._thread = None
                    return
                batch = self._waiting.popleft()
            try:
                self._tell(batch)
            except Exception:
                # The batch is committed; one event less must not keep the others.
                _logger.exception("An event for a batch could not be sent.")

    def _tell(self, batch: Batch) -> None:
        with self._store.read() as connection:
            event = describe(batch, connection)
        if event is not None:
            self._relay.publish(event)
