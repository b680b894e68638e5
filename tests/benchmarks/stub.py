"""A stub server that is fast, in a process of its own: ``python -m tests.benchmarks.stub``.

Answers to queries are kept serialised in memory, by the text of the request; writes are echoed; uploads are read
and forgotten, on ports of their own. It is two servers, of which one waits before each answer, and prints their
addresses as one line of JSON. Its own time is nobody's: only the client's is measured.

``GET /requests`` tells the bodies that came since it was last asked, and how many PUTs.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import socketserver
import sys
import threading
from typing import Any, Optional

from tests.benchmarks.site import answer_query

_KEPT_BYTES = 2_000_000_000


class Memory:
    """The answers that were given, and what was asked for."""

    def __init__(self, schema: list[dict[str, Any]]) -> None:
        from ftrack_review.protocol.schema import hash_document

        self._lock = threading.Lock()
        self._answers: dict[bytes, bytes] = {}
        self._size = 0
        self._requests: list[str] = []
        self._uploads = 0
        self._schema = json.dumps(schema).encode()
        self._information = json.dumps(
            {
                "version": "24.10.10",
                "schema_hash": hash_document(schema),
                "is_timezone_support_enabled": True,
                "storage_scenario": {"data": {}, "scenario": "ftrack.automatic"},
            }
        ).encode()

    def note_upload(self) -> None:
        with self._lock:
            self._uploads += 1

    def take_requests(self) -> bytes:
        with self._lock:
            report = {"requests": self._requests, "uploads": self._uploads}
            self._requests, self._uploads = [], 0
        return json.dumps(report).encode()

    def answer(self, body: bytes, address: str) -> bytes:
        """Return the answer to a batch."""
        with self._lock:
            self._requests.append(body.decode())
            kept = self._answers.get(body)
        if kept is not None:
            return kept
        actions = json.loads(body)
        results = [self._perform(action, address) for action in actions]
        text = b"[" + b", ".join(results) + b"]"
        if all(action["action"] == "query" for action in actions):
            with self._lock:
                if self._size + len(text) < _KEPT_BYTES:
                    self._answers[body] = text
                    self._size += len(text)
        return text

    def _perform(self, action: dict[str, Any], address: str) -> bytes:
        name = action["action"]
        if name == "query_server_information":
            return self._information
        if name == "query_schemas":
            return self._schema
        if name == "query":
            return json.dumps(answer_query(action["expression"])).encode()
        if name in ("create", "update"):
            return json.dumps({"action": name, "data": _echo(action)}).encode()
        if name == "delete":
            return b'{"action": "delete", "data": true}'
        if name == "get_upload_metadata":
            return json.dumps(_prepare_upload(action, address)).encode()
        if name == "complete_multipart_upload":
            return json.dumps(
                {"action": name, "component_id": action["component_id"], "url": address}
            ).encode()
        raise ValueError(f"The stub does not know the action {name}.")


def _echo(action: dict[str, Any]) -> dict[str, Any]:
    """Return what was written, as a server does: with its key."""
    data: dict[str, Any] = action["entity_data"]
    key = action["entity_key"]
    if "id" not in data and len(key) == 1:
        data["id"] = key[0]
    return data


def _prepare_upload(action: dict[str, Any], address: str) -> dict[str, Any]:
    component_id, parts = action["component_id"], action.get("parts")
    if parts:
        urls = [
            {"part_number": number, "signed_url": f"{address}/upload/{component_id}/{number}"}
            for number in range(1, parts + 1)
        ]
        return {"component_id": component_id, "upload_id": "upload", "urls": urls}
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(action["file_size"])}
    return {"component_id": component_id, "url": f"{address}/upload/{component_id}", "headers": headers}


class Handler(socketserver.StreamRequestHandler):
    """One connection, kept open. It reads what of HTTP the clients write, which takes less than http.server does."""

    disable_nagle_algorithm = True
    rbufsize = 1 << 16
    server: Server

    def handle(self) -> None:
        while self._handle_one():
            pass

    def _handle_one(self) -> bool:
        line = self.rfile.readline()
        if not line.strip():
            return False
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers = {}
        while True:
            line = self.rfile.readline()
            if not line.strip():
                break
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        size = int(headers.get("content-length") or 0)
        if method == "PUT":
            self._discard(headers, size)
            self.server.memory.note_upload()
            self._reply(b"", extra='ETag: "1"\r\n')
        elif method == "GET" and path == "/requests":
            self._reply(self.server.memory.take_requests())
        elif method == "POST" and path == "/api":
            self._reply(self._answer(self.rfile.read(size)))
        else:
            self._reply(b'{"exception": "NotFound", "content": "not found"}', "404 Not Found")
        return headers.get("connection", "").lower() != "close"

    def _answer(self, body: bytes) -> bytes:
        try:
            return self.server.memory.answer(body, (self.server.store or self.server).address)
        except Exception as error:
            # The client shows it, and its measurement fails.
            return json.dumps(
                {"exception": "ServerError", "content": f"{type(error).__name__}: {error}"}
            ).encode()

    def _discard(self, headers: dict[str, str], size: int) -> None:
        if "chunked" in headers.get("transfer-encoding", ""):
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                self._skip(size)
                self.rfile.readline()
                if not size:
                    return
        self._skip(size)

    def _skip(self, size: int) -> None:
        buffer = memoryview(bytearray(1 << 20))
        while size > 0:
            read = self.rfile.readinto(buffer[: min(size, len(buffer))])
            if not read:
                return
            size -= read

    def _reply(self, body: bytes, status: str = "200 OK", extra: str = "") -> None:
        if self.server.latency_s:
            threading.Event().wait(self.server.latency_s)
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{extra}"
            f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
        )
        self.connection.sendall(head.encode("latin-1") + body)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One port of the stub."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, memory: Memory, latency_s: float, store: Optional[Server] = None) -> None:
        """*store* is the port that takes uploads, as object stores are not the server itself."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.memory = memory
        self.latency_s = latency_s
        self.address = "http://127.0.0.1:%d" % self.server_address[1]  # noqa: UP031

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_schema() -> list[dict[str, Any]]:
    """Return the schema of a fresh embedded server."""
    from ftrack_review.server.definition.document import standard_document
    from ftrack_review.server.standard_data import NO_PRIORITY_ID, OBJECT_TYPES

    return standard_document(OBJECT_TYPES, NO_PRIORITY_ID)


def main() -> None:
    parser = argparse.ArgumentParser(description=re.sub(r"\s+", " ", (__doc__ or "").split("\n\n")[0]))
    parser.add_argument(
        "--latency", type=float, default=0.02, help="seconds before each answer of the second port"
    )
    arguments = parser.parse_args()
    memory = Memory(make_schema())
    addresses = {}
    for name, latency_s in (("fast", 0.0), ("slow", arguments.latency)):
        store = Server(memory, latency_s)
        server = Server(memory, latency_s, store)
        for each in (store, server):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        addresses[name] = server.address
    print(json.dumps(addresses), flush=True)
    # Whoever started it closes this.
    sys.stdin.read()


if __name__ == "__main__":
    main()
