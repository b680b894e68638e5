"""The web socket below the event hub, as uvicorn speaks it, made discreet and able to let go.

uvicorn logs the addresses of sockets, in which the JavaScript client repeats its key. And a connection whose
client does not read cannot be closed politely; what is served is given a way to cut it.

Called by ``serving``.
"""

from __future__ import annotations

import logging
from typing import Any, Optional

from ftrack_review.server.event_socket import ABORT, FAREWELL_S

__all__ = ["make_protocol"]

_logger = logging.getLogger(__name__)


def _is_serious(record: logging.LogRecord) -> bool:
    # What is below tells of requests, with their addresses and headers.
    return record.levelno >= logging.WARNING


_logger.addFilter(_is_serious)


def make_protocol() -> Any:
    """Return the protocol class for uvicorn."""
    try:
        from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    except ImportError:
        # uvicorn before 0.35.
        from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol

        return _discreet(WebSocketProtocol)

    class Patient(WebSocketsSansIOProtocol):
        """Waits for clients that read slowly, which some versions of uvicorn forget to do."""

        def pause_writing(self) -> None:
            self.writable.clear()

        def resume_writing(self) -> None:
            self.writable.set()

        def connection_lost(self, exc: Optional[Exception]) -> None:
            super().connection_lost(exc)
            self.writable.set()

    return _discreet(Patient)


def _discreet(base: Any) -> Any:
    class Discreet(base):  # type: ignore[misc]
        """Logs no addresses, and tells how to cut the connection."""

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            for part in (self, getattr(self, "conn", None)):
                if part is not None:
                    part.logger = _logger
                    part.debug = False

        async def run_asgi(self) -> None:
            self.scope[ABORT] = self.transport.abort
            await super().run_asgi()

        def shutdown(self) -> None:
            super().shutdown()
            # A server that ends does not wait for clients that no longer read.
            self.loop.call_later(FAREWELL_S, self.transport.abort)

    return Discreet
