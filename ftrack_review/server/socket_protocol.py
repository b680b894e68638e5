"""The web socket below the event hub, as uvicorn speaks it, made discreet and able to let go.

uvicorn logs the addresses of sockets, in which the JavaScript client repeats its key. And a connection whose
client does not read cannot be closed politely; what is served is given a way to cut it.

Called by ``serving``.
"""

from __future__ import annotations

import logging
from typing import Any

from ftrack_review.server.event_socket import ABORT

__all__ = ["make_protocol"]

_logger = logging.getLogger(__name__)


def _is_serious(record: logging.LogRecord) -> bool:
    # What is below tells of requests, with their addresses and headers.
    return record.levelno >= logging.WARNING


_logger.addFilter(_is_serious)


def make_protocol() -> Any:
    """Return the protocol class for uvicorn."""
    base: Any
    try:
        from uvicorn.protocols.websockets import websockets_sansio_impl

        base = websockets_sansio_impl.WebSocketsSansIOProtocol
    except ImportError:
        # uvicorn before 0.35.
        from uvicorn.protocols.websockets import websockets_impl

        base = websockets_impl.WebSocketProtocol

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

    return Discreet
