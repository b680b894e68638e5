"""The HTTP transport against real sockets that misbehave."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import threading

import pytest

from ftrack_review import exception, transport

READ = json.dumps([{"action": "query", "expression": "Task"}])
WRITE = json.dumps([{"action": "delete", "entity_type": "Task", "entity_key": ["x"]}])


def read_request(connection):
    """Read one request whole, as unread bytes would reset the connection; or whatever else comes first."""
    received = connection.recv(65536)
    if not received.startswith(b"POST"):
        return
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65536)


def respond_once(answer, keep_open=False):
    """Listen on a free port and treat the next connections with *answer*; return the address and a count."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    connections = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                treat(connection)

    def treat(connection):
        # A client that has had enough may go at any moment.
        with contextlib.suppress(OSError):
            connection.settimeout(20)
            read_request(connection)
            connection.sendall(answer)
            if not keep_open:
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}", connections


@pytest.fixture
def listening():
    opened = []

    def listen(answer, keep_open=False):
        listener, address, connections = respond_once(answer, keep_open)
        opened.append((listener, connections))
        return address, connections

    yield listen
    for listener, connections in opened:
        listener.close()
        for connection in connections:
            connection.close()


def connect(address, **options):
    made = transport.connect(address, api_key="3ecret", api_user="mia", **options)
    made._wait = lambda _: None
    made.http.trust_env = False
    return made


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(exception.ServerConnectionError, match=f"127.0.0.1:{port}.*Connection refused"):
        connect(f"http://127.0.0.1:{port}").call(WRITE, 5)


def test_the_answer_stops_halfway(listening):
    address, connections = listening(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2,")
    with pytest.raises(exception.ServerConnectionError, match="cut off"):
        connect(address).call(READ, 5)
    assert len(connections) == 4
    with pytest.raises(exception.ServerConnectionError, match="cut off.*not known"):
        connect(address).call(WRITE, 5)
    assert len(connections) == 5


def test_the_connection_ends_without_an_answer(listening):
    address, connections = listening(b"")
    with pytest.raises(exception.ServerConnectionError, match="cut off|reset"):
        connect(address).call(WRITE, 5)
    assert len(connections) == 1


def test_no_answer_comes_in_time(listening):
    address, connections = listening(b"", keep_open=True)
    with pytest.raises(exception.ServerTimeoutError, match=r"within 0\.2 seconds"):
        connect(address).call(READ, 0.2)
    assert len(connections) == 1


def test_the_answer_gets_stuck(listening):
    address, _ = listening(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1", keep_open=True)
    with pytest.raises(exception.ServerTimeoutError, match=r"within 0\.2 seconds"):
        connect(address).call(READ, 0.2)


def test_something_else_listens(listening):
    address, _ = listening(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    with pytest.raises(exception.ServerConnectionError) as caught:
        connect(address).call(WRITE, 5)
    assert address in str(caught.value)


def test_plain_http_where_encryption_is_expected(listening):
    address, _ = listening(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(exception.ServerConnectionError, match="http://"):
        connect(address.replace("http:", "https:")).call(WRITE, 5)


def test_an_unknown_host():
    with pytest.raises(exception.ServerConnectionError, match=r"https://no-such-host\.invalid"):
        connect("https://no-such-host.invalid").call(READ, 5)


def test_a_proxy_that_is_not_there(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://name:pass@127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "")
    made = transport.connect("https://host.invalid", api_key="3ecret", api_user="mia")
    with pytest.raises(exception.ServerConnectionError, match="proxy.*refused.*HTTPS_PROXY") as caught:
        made.call(READ, 5)
    assert "pass" not in str(caught.value)


class Echo(http.server.BaseHTTPRequestHandler):
    """Answer with the port that the request came from: the connection that carried it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps([self.client_address[1]]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def echo():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_connections_are_kept(echo):
    made = connect(echo)
    assert made.call(READ, 5) == made.call(READ, 5)
    made.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_makes_connections_of_its_own(echo):
    made = connect(echo, headers={"x-a": "b"})
    made.http.verify = False
    parent = made.call(READ, 5)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the test run may go on in here.
        try:
            kept = made.http.verify is False and made.http.headers["x-a"] == "b"
            os.write(writer, made.call(READ, 5) if kept else b"lost")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert json.loads(answer) != json.loads(parent)
    assert made.call(READ, 5) == parent
    made.close()
