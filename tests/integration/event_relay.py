"""An event server for the tests of the hub: real sockets, real routing, and switches for what can go wrong.

The embedded server has a relay of its own; this one can be told to fail in every way.
"""

from __future__ import annotations

import http
import itertools
import threading
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from ftrack_review.event.expression import Parser
from ftrack_review.event.subscription import Subscription
from ftrack_review.protocol import packet


class EventRelay:
    """Serve the event protocol on a port of its own until :meth:`close`."""

    def __init__(self, *, heartbeat_s=5.0):
        self.heartbeat_s = heartbeat_s
        self.keys = {"jane": "secret-key"}
        self.handshake_answer = None  # (status, body, headers) in place of the usual.
        self.acknowledgement = [{"success": True}]
        self.requests = []  # (path, headers) of everything that was asked.
        self.received = []  # Packets of all connections.
        self.connections = {}  # Socket to {subscriber id: (Subscription, metadata)}.
        self.users = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopped = threading.Event()
        self._server = serve(
            self._serve_socket, "127.0.0.1", 0, process_request=self._answer, close_timeout=1
        )
        self.port = self._server.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._stopped.set()
        self._server.shutdown()
        self.drop_all()
        self._thread.join(10)

    def drop_all(self):
        """Close every connection, as a server does that is restarted."""
        with self._lock:
            sockets = list(self.connections)
        for socket in sockets:
            socket.close()

    def send_all(self, text):
        with self._lock:
            sockets = list(self.connections)
        for socket in sockets:
            socket.send(text)

    def wait_for(self, condition, timeout_s=15):
        """Wait until *condition* of the relay's own attributes holds."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), "the relay did not see it"

    def knows(self, identifier):
        """Return whether a connection has the subscriber *identifier*."""
        return any(identifier in subscribers for subscribers in self.connections.values())

    def events(self, topic):
        found = []
        for item in self.received:
            if item.code == packet.EVENT:
                event = packet.decode_event(item.data)
                if event["topic"] == topic:
                    found.append(event)
        return found

    def _answer(self, connection, request):
        path = urlsplit(request.path).path
        with self._changed:
            self.requests.append((request.path, dict(request.headers.raw_items())))
            self._changed.notify_all()
        if path == "/socket.io/1/":
            if self.handshake_answer is not None:
                status, body, headers = self.handshake_answer
                response = connection.respond(http.HTTPStatus(status), body)
                for name, value in headers.items():
                    response.headers[name] = value
                return response
            user = request.headers.get("ftrack-user")
            if user not in self.keys or request.headers.get("ftrack-api-key") != self.keys[user]:
                return connection.respond(http.HTTPStatus.UNAUTHORIZED, "no")
            session_id = f"session-{next(self._numbers)}"
            self.users[session_id] = user
            return connection.respond(
                http.HTTPStatus.OK, packet.encode_handshake(packet.Handshake(session_id, 15, 25))
            )
        session_id = path.rpartition("/")[2]
        if not path.startswith("/socket.io/1/websocket/") or self.users.pop(session_id, None) is None:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "no")
        return None

    def _serve_socket(self, socket):
        with self._changed:
            self.connections[socket] = {}
        try:
            socket.send("1::")
            while not self._stopped.is_set():
                try:
                    text = socket.recv(timeout=self.heartbeat_s)
                except TimeoutError:
                    socket.send("2::")
                    continue
                self._handle(socket, packet.decode(text))
        except ConnectionClosed:
            return
        finally:
            with self._changed:
                self.connections.pop(socket, None)
                self._changed.notify_all()

    def _handle(self, socket, received):
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
        if received.code != packet.EVENT:
            return
        event = packet.decode_event(received.data)
        if received.wants_acknowledgement:
            socket.send(packet.encode_acknowledgement(received.identifier, *self.acknowledgement))
        with self._changed:
            mine = self.connections[socket]
            if event["topic"] == "ftrack.meta.subscribe":
                metadata = event["data"]["subscriber"]
                mine[metadata["id"]] = (Subscription(event["data"]["subscription"]), metadata)
            elif event["topic"] == "ftrack.meta.unsubscribe":
                mine.pop(event["data"]["subscriber"]["id"], None)
            wanted = [
                other
                for other, subscribers in self.connections.items()
                if any(
                    subscription.includes(event)
                    and (not event["target"] or Parser().parse(event["target"]).match(metadata))
                    for subscription, metadata in subscribers.values()
                )
            ]
            self._changed.notify_all()
        for other in wanted:
            other.send(packet.encode(packet.EVENT, packet.encode_event(event)))
