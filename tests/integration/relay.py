"""A relay before a server that loses what it should pass on, as networks and proxies do."""

from __future__ import annotations

import http.client
import http.server
import threading
import urllib.parse

HTML = b"<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1>{nginx}</body></html>"


class Relay:
    """Listens on a free port of loopback and passes requests on to the server at *address*.

    What :attr:`trouble` names happens to every request that writes:

    - ``hang up``: the connection ends before the server has heard of it;
    - ``page`` and ``error``: another program answers in the server's place;
    - ``cut off``: the answer ends in its middle;
    - ``lost``: the connection ends when the answer should come;
    - ``late page``: another program answers although the server has done it.

    With a :attr:`page`, that is all that anybody gets.
    """

    def __init__(self, address: str) -> None:
        self.trouble = ""
        self.page = b""
        self.writes = 0
        host = urllib.parse.urlsplit(address).netloc
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                writes = any(f'"{name}"'.encode() in body for name in ("create", "update", "delete"))
                relay.writes += writes
                self.close_connection = True
                trouble = relay.trouble if writes else ""
                if trouble == "hang up":
                    return
                if relay.page:
                    self.answer(200, relay.page)
                elif trouble == "page":
                    self.answer(502, HTML)
                elif trouble == "error":
                    self.answer(
                        500, b'{"exception": "ServerError", "content": "{0} of {disk}", "error_code": null}'
                    )
                else:
                    status, answer = self.pass_on(body)
                    if trouble == "cut off":
                        self.answer(status, answer, sent=len(answer) // 2)
                    elif trouble == "late page":
                        self.answer(504, HTML)
                    elif not trouble:
                        self.answer(status, answer)

            def pass_on(self, body):
                connection = http.client.HTTPConnection(host, timeout=30)
                headers = {
                    k: v for k, v in self.headers.items() if k.lower().startswith(("ftrack", "content-type"))
                }
                connection.request("POST", self.path, body, headers)
                response = connection.getresponse()
                answer = response.read()
                connection.close()
                return response.status, answer

            def answer(self, status, content, sent=None):
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(content[:sent])

            def log_message(self, *_):
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
