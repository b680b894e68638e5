"""HTTP below the application, as uvicorn speaks it, made discreet and given our form of errors.

uvicorn logs whole addresses, credentials included, and answers what is no HTTP with plain text. Clients of the API
expect JSON whatever they sent.

Called by ``serving``.
"""

from __future__ import annotations

from typing import Any

from ftrack_review.server.application import encode_json
from ftrack_review.server.errors import ServerFault

__all__ = ["make_http_protocol"]


def make_http_protocol() -> Any:
    """Return the protocol class for ``uvicorn.Config``."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Discreet(H11Protocol):
        """Logs no addresses, and refuses as the rest of the server does."""

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            # ``endpoint`` has a log of requests, without what must not be in one.
            self.access_log = False

        def send_400_response(self, msg: str) -> None:
            if self.cycle is not None:
                # What is at work on the request learns that its client is gone, and does not answer as well.
                self.cycle.disconnected = True
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                body = encode_json(ServerFault("ValidationError", msg, 400).answer())
                headers = [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                    (b"connection", b"close"),
                ]
                for event in (
                    h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                    h11.Data(data=body),
                    h11.EndOfMessage(),
                ):
                    self.transport.write(self.conn.send(event))
            self.transport.close()

        def handle_websocket_upgrade(self, event: Any) -> None:
            if event.method == b"GET":
                super().handle_websocket_upgrade(event)
            else:
                # A web socket begins with GET; waiting for the rest of one would never end.
                self.send_400_response("A web socket begins with GET.")

    return Discreet
