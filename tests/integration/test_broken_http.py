"""What is hardly HTTP, sent through a bare socket: refused with JSON or cut off, and never the end of the server."""

from __future__ import annotations

import json
import socket
import urllib.parse

import pytest

BODY = b'[{"action":"query","expression":"Project"}]'
TIMEOUT_S = 10.0


def request(
    api, *, line=b"POST /api HTTP/1.1", host=b"host: localhost\r\n", length=None, more=b"", body=BODY
):
    """Return the bytes of a request, each part of which may be replaced by a wrong one."""
    known = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items()).encode()
    length = b"content-length: %d\r\n" % len(body) if length is None else length
    return line + b"\r\n" + host + known + more + length + b"\r\n" + body


def exchange(api, data, *, is_cut=False):
    """Send *data* and return status and body of the answer, None where there was none before the end."""
    address = urllib.parse.urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(data)
        if is_cut:
            connection.shutdown(socket.SHUT_WR)
        file = connection.makefile("rb")
        line = file.readline()
        if not line:
            return None
        headers = {}
        for header in iter(file.readline, b"\r\n"):
            if not header:
                return None
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = file.read(int(headers["content-length"]))
        assert headers["content-type"] == "application/json"
        return int(line.split()[1]), json.loads(body)


GOOD = {
    "as it should be": {},
    "HTTP/1.0": {"line": b"POST /api HTTP/1.0"},
    "HTTP/1.0 without a host": {"line": b"POST /api HTTP/1.0", "host": b""},
    "another host": {"host": b"host: evil.example:99999\r\n"},
    "the length twice": {"length": b"content-length: 43\r\n" * 2},
    "in chunks": {
        "length": b"transfer-encoding: chunked\r\n",
        "body": b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    },
    "another content type": {"more": b"content-type: text/xml; charset=\xff\r\n"},
    "a folded header": {"more": b"x-a: a\r\n b\r\n"},
    "a thousand headers": {"more": b"".join(b"x-%d: y\r\n" % number for number in range(1_000))},
    "an expectation": {"more": b"expect: nothing\r\n"},
    "a protocol nobody speaks": {"more": b"connection: upgrade\r\nupgrade: h2c\r\n"},
}

BAD = {
    "a negative length": ({"length": b"content-length: -5\r\n"}, 400),
    "a length in words": ({"length": b"content-length: many\r\n"}, 400),
    "two lengths": ({"length": b"content-length: 43\r\ncontent-length: 44\r\n"}, 400),
    "no length": ({"length": b""}, 400),
    "a length too short": ({"length": b"content-length: 10\r\n"}, 400),
    "a length too large": ({"length": b"content-length: 209715200\r\n"}, 413),
    "a length beyond numbers": ({"length": b"content-length: 99999999999999999999\r\n"}, 413),
    "a chunk that is none": ({"length": b"transfer-encoding: chunked\r\n", "body": b"zz\r\n"}, 400),
    "an unknown transfer encoding": ({"length": b"transfer-encoding: gzip\r\n"}, 400),
    "an unknown content encoding": ({"more": b"content-encoding: br\r\n"}, 415),
    "no host": ({"host": b""}, 400),
    "two hosts": ({"host": b"host: a\r\nhost: b\r\n"}, 400),
    "a header without a colon": ({"more": b"nonsense\r\n"}, 400),
    "a blank before the colon": ({"more": b"x-a : b\r\n"}, 400),
    "NUL in a header": ({"more": b"x-a: a\x00b\r\n"}, 400),
    "a web socket by POST": ({"more": b"connection: upgrade\r\nupgrade: websocket\r\n"}, 400),
    "a method in lower case": ({"line": b"post /api HTTP/1.1"}, 405),
    "an unknown method": ({"line": b"BREW /api HTTP/1.1"}, 405),
    "GET": ({"line": b"GET /api HTTP/1.1"}, 405),
    "an address of another server": ({"line": b"POST http://other/api HTTP/1.1"}, 404),
    "a proxy's method": ({"line": b"CONNECT example.com:80 HTTP/1.1"}, 404),
    "a path out of the house": ({"line": b"GET /../../etc/passwd HTTP/1.1"}, 404),
    "the same, encoded": ({"line": b"GET /static/%2e%2e/%2e%2e/store.py HTTP/1.1"}, 404),
    "a path with NUL": ({"line": b"GET /a%00b HTTP/1.1"}, 404),
    "a path beyond ASCII": ({"line": b"GET /\xc3\xa9 HTTP/1.1"}, 400),
    "a path of 70,000 characters": ({"line": b"GET /" + b"a" * 70_000 + b" HTTP/1.1"}, 404),
    "more behind the body": ({"body": BODY + b"x"}, 400),
    "an empty body": ({"body": b""}, 400),
    "a file name as a path": ({"line": b"PUT /upload/..%2f..%2fx?token=y HTTP/1.1"}, 404),
    "an upload without a token": ({"line": b"PUT /upload/x HTTP/1.1"}, 403),
    "a range that is none": (
        {"line": b"GET /img/thumbnail2.png HTTP/1.1", "more": b"range: bytes=-\r\n"},
        400,
    ),
}

NO_HTTP = {
    "HTTP/0.9": b"GET /api\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    "nothing but a line": b"\r\n\r\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_requests_are_answered(api, name):
    status, answer = exchange(api, request(api, **GOOD[name]))
    assert (status, answer[0]["action"]) == (200, "query")


@pytest.mark.parametrize("name", BAD)
def test_broken_requests_are_refused_with_json(api, name):
    parts, expected = BAD[name]
    status, answer = exchange(api, request(api, **parts))
    assert status == expected
    assert set(answer) >= {"content", "exception", "error_code"}
    assert answer["exception"] in ("ValidationError", "NotFound", "PermissionError")
    assert not {"{", "}"} & set(answer["content"])


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_refused_with_json(api, name):
    status, answer = exchange(api, NO_HTTP[name])
    assert (status, answer["exception"]) == (400, "ValidationError")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_that_is_cut_off_does_nothing(api, chunked):
    name = f"cut-{chunked}"
    action = {"action": "create", "entity_type": "Scope", "entity_data": {"name": name}}
    body = json.dumps([action]).encode()
    length = b"content-length: %d\r\n" % (len(body) + 5)
    if chunked:
        length, body = b"transfer-encoding: chunked\r\n", b"%x\r\n%s" % (len(body) + 5, body)
    assert exchange(api, request(api, length=length, body=body), is_cut=True) is None
    assert api.query(f'Scope where name is "{name}"') == []


def test_an_upload_that_is_cut_off_or_larger_than_announced_leaves_nothing(api):
    content = b"x" * 1_000
    for sent, is_cut in ((content[:500], True), (content + b"y", False)):
        metadata = api.upload_metadata(content)
        path = metadata["url"][len(api.url) :].encode()
        length = b"content-length: %d\r\n" % (len(content) if is_cut else len(sent))
        answer = exchange(
            api, request(api, line=b"PUT " + path + b" HTTP/1.1", length=length, body=sent), is_cut=is_cut
        )
        assert answer is None if is_cut else answer[0] in (400, 413, 422)
        assert api.get(metadata["component_id"]).status_code == 404
