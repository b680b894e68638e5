"""What the HTTP transport sends, repeats, follows and makes of failures."""

from __future__ import annotations

import json
import socket

import pytest
import requests
import urllib3.exceptions

from ftrack_review import exception, transport
from ftrack_review._http import HttpTransport, SessionAuthentication
from tests.unit.scripted_http import ScriptedAdapter, as_json

READ = json.dumps([{"action": "query", "expression": "Task"}])
WRITE = json.dumps([{"action": "create", "entity_type": "Task", "entity_data": {}}])
KEY = "3ecret-key"


def connect(*answers, url="https://host", **options):
    waits = []
    made = HttpTransport(url, api_key=KEY, api_user="mia", wait=waits.append, **options)
    adapter = ScriptedAdapter(*answers)
    made.http.mount("https://", adapter)
    made.http.mount("http://", adapter)
    made.http.trust_env = False
    return made, adapter, waits


def broken(cause):
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cause))


def refused():
    error = urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection: refused")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/api", error))


def test_a_batch_is_posted_with_the_headers_of_the_protocol():
    made, adapter, _ = connect(
        as_json([]), headers={"x-studio": "1"}, cookies={"gate": "open"}, strict_api=True
    )
    assert made.call(READ, 7) == b"[]"
    request = adapter.requests[0]
    assert (request.method, request.url) == ("POST", "https://host/api")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["ftrack-user"] == "mia"
    assert request.headers["ftrack-api-key"] == KEY
    assert request.headers["ftrack-strict-api"] == "true"
    assert request.headers["x-studio"] == "1"
    assert request.headers["cookie"] == "gate=open"
    assert adapter.bodies[0] == READ.encode()
    assert adapter.arguments[0]["timeout"] == (7, 7)


def test_the_strict_header_is_always_sent():
    made, adapter, _ = connect(as_json([]))
    made.call(READ, 60)
    assert adapter.requests[0].headers["ftrack-strict-api"] == "false"
    # Connecting is given less time than the answer.
    assert adapter.arguments[0]["timeout"] == (20.0, 60)


def test_error_objects_are_answers_whatever_the_status():
    error = {"exception": "ValidationError", "content": "no"}
    made, _, _ = connect(as_json(error, 422), as_json(error))
    assert json.loads(made.call(WRITE, 5)) == error
    assert json.loads(made.call(WRITE, 5)) == error


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_server_is_asked_again_for_reads(status):
    made, adapter, waits = connect((status, {}, b"busy"), (status, {}, b"busy"), as_json([1]))
    assert made.call(READ, 5) == b"[1]"
    assert len(adapter.requests) == 3
    assert waits == [0.25, 0.5]


def test_a_busy_server_is_asked_only_so_often():
    made, adapter, waits = connect(*[(502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>")] * 9)
    with pytest.raises(exception.ServerResponseError, match="HTTP status 502.*Bad Gateway") as caught:
        made.call(READ, 5)
    assert caught.value.status == 502
    assert len(adapter.requests) == 4
    assert waits == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("answer", [(502, {}, b"x"), broken(ConnectionResetError(104, "reset"))])
def test_a_write_is_never_sent_twice(answer):
    made, adapter, waits = connect(answer, as_json([]))
    with pytest.raises(exception.ServerError):
        made.call(WRITE, 5)
    assert len(adapter.requests) == 1
    assert waits == []


def test_a_batch_with_one_write_is_a_write():
    both = json.dumps([json.loads(READ)[0], json.loads(WRITE)[0]])
    made, adapter, _ = connect((503, {}, b"x"), as_json([]))
    with pytest.raises(exception.ServerResponseError):
        made.call(both, 5)
    assert len(adapter.requests) == 1


def test_the_pause_that_the_server_asks_for_is_kept():
    made, _, waits = connect((503, {"Retry-After": "7"}, b""), as_json([]))
    made.call(READ, 5)
    assert waits == [7.0]


def test_a_pause_can_be_asked_for_as_a_date():
    headers = {"Date": "Sun, 22 Nov 2026 06:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 06:00:09 GMT"}
    made, _, waits = connect((429, headers, b""), as_json([]))
    made.call(READ, 5)
    assert waits == [9.0]


def test_a_long_pause_is_left_to_the_caller():
    made, adapter, waits = connect((503, {"Retry-After": "3600"}, b"later"))
    with pytest.raises(exception.ServerResponseError, match="later"):
        made.call(READ, 5)
    assert (len(adapter.requests), waits) == (1, [])


def test_a_broken_connection_is_made_again_for_reads():
    made, adapter, _ = connect(broken(ConnectionResetError(104, "reset")), refused(), as_json([]))
    made.call(READ, 5)
    assert len(adapter.requests) == 3


def test_a_lost_answer_to_a_write_says_that_nobody_knows():
    made, _, _ = connect(broken(ConnectionResetError(104, "Connection reset by peer")))
    with pytest.raises(exception.ServerConnectionError, match="cut off.*Connection reset by peer.*not known"):
        made.call(WRITE, 5)


def test_a_refused_write_was_not_made():
    made, _, _ = connect(refused())
    with pytest.raises(exception.ServerConnectionError, match="Connection refused") as caught:
        made.call(WRITE, 5)
    assert "not known" not in str(caught.value)


def test_a_timeout_is_not_repeated_and_is_a_builtin_too():
    made, adapter, _ = connect(requests.ReadTimeout("x"))
    with pytest.raises(TimeoutError, match="within 5 seconds") as caught:
        made.call(READ, 5)
    assert isinstance(caught.value, exception.ServerTimeoutError)
    assert len(adapter.requests) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ConnectTimeout("x"), "No connection.*HTTPS_PROXY"),
        (requests.exceptions.ProxyError(OSError("Tunnel connection failed: 403")), "proxy.*403.*NO_PROXY"),
        (requests.exceptions.SSLError("self-signed"), "encrypted.*REQUESTS_CA_BUNDLE"),
        (broken(socket.gaierror(-2, "Name or service not known")), "Name or service not known"),
        (requests.exceptions.InvalidHeader(f"Invalid header value {KEY}"), "a header holds a character"),
        (requests.exceptions.InvalidProxyURL("x"), "proxy in the environment"),
        (OSError("Could not find a suitable TLS CA certificate bundle"), "certificate bundle"),
    ],
)
def test_each_failure_says_what_to_look_at(error, words):
    made, adapter, _ = connect(*[error] * 4)
    with pytest.raises(exception.ServerConnectionError, match=words) as caught:
        made.call(READ, 5)
    assert len(adapter.requests) == 1
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    # Neither does the traceback show it: the original error is not part of the chain.
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><title>Sign in</title></html>", '"Sign in"'),
        (b"", "empty body"),
        (b'{"detail": "Not Found"}', "not an answer of ftrack"),
        (b"\xff\xfe{braces} and bytes", "{braces}"),
        (b"<" * 5000, "not JSON"),
    ],
)
def test_what_is_no_answer_is_shown_in_a_few_words(body, words):
    made, _, _ = connect((404, {}, body))
    with pytest.raises(exception.ServerResponseError) as caught:
        made.call(READ, 5)
    text = str(caught.value)
    assert words in text
    assert "HTTP status 404" in text
    assert "https://host" in text
    assert len(text) < 500


def test_a_page_with_status_200_is_no_answer_either():
    made, _, _ = connect((200, {"content-type": "text/html"}, b"<html>Welcome</html>"))
    with pytest.raises(exception.ServerResponseError, match="Welcome.*login page"):
        made.call(READ, 5)


def test_a_body_that_ends_early_is_a_broken_connection():
    short = (200, {"content-length": "20"}, b"[1, 2")
    made, adapter, _ = connect(short, as_json([3]))
    assert made.call(READ, 5) == b"[3]"
    made, adapter, _ = connect(short)
    with pytest.raises(exception.ServerConnectionError, match="cut off"):
        made.call(WRITE, 5)
    assert len(adapter.requests) == 1


def test_a_redirect_within_the_host_is_followed_as_a_post():
    moved = (301, {"location": "https://host/api"}, b"")
    made, adapter, _ = connect(moved, as_json([]), url="http://host")
    made.call(WRITE, 5)
    assert [(r.method, r.url) for r in adapter.requests] == [
        ("POST", "http://host/api"),
        ("POST", "https://host/api"),
    ]
    assert adapter.bodies[1] == WRITE.encode()


@pytest.mark.parametrize("target", ["https://elsewhere/api?token=x", "http://host/api", "ftp://host/api"])
def test_a_redirect_to_another_server_is_refused_and_named(target):
    made, adapter, _ = connect((302, {"location": target}, b""))
    with pytest.raises(exception.ServerResponseError, match="redirects to.*not sent there") as caught:
        made.call(READ, 5)
    assert len(adapter.requests) == 1
    assert "token" not in str(caught.value)


def test_endless_redirects_end():
    made, _, _ = connect(*[(307, {"location": "/api"}, b"")] * 9)
    with pytest.raises(exception.ServerResponseError, match="without an end"):
        made.call(READ, 5)


def test_a_download_that_leaves_the_host_does_not_take_the_key_along():
    made, adapter, _ = connect((302, {"location": "https://store/file"}, b""), (200, {}, b"data"))
    assert made.http.get("https://host/component/get").content == b"data"
    assert adapter.requests[0].headers["ftrack-api-key"] == KEY
    assert "ftrack-api-key" not in adapter.requests[1].headers
    assert "ftrack-user" not in adapter.requests[1].headers


def test_a_download_within_the_host_does():
    made, adapter, _ = connect((302, {"location": "/there"}, b""), (200, {}, b"data"))
    made.http.get("https://host/component/get")
    assert adapter.requests[1].headers["ftrack-api-key"] == KEY


def test_user_and_password_in_the_address_become_a_header():
    made, adapter, _ = connect(as_json([]), url="https://gate:pa%40ss@host/sub/")
    assert made.server_url == "https://host/sub"
    made.call(READ, 5)
    assert adapter.requests[0].url == "https://host/sub/api"
    assert adapter.requests[0].headers["authorization"] == "Basic Z2F0ZTpwYUBzcw=="
    assert "pa" not in repr(made)


def test_credentials_are_not_shown():
    made, _, _ = connect()
    assert repr(made) == "<HttpTransport https://host>"
    assert KEY not in repr(SessionAuthentication(KEY, "mia"))


def test_a_key_copied_with_its_line_break_works():
    made, adapter, _ = connect(as_json([]))
    made.http.auth = SessionAuthentication(KEY + "\n", "müller")
    made.call(READ, 5)
    assert adapter.requests[0].headers["ftrack-api-key"] == KEY
    assert adapter.requests[0].headers["ftrack-user"] == "müller".encode()


def test_a_key_with_a_line_break_within_is_refused_without_showing_it():
    made, _, _ = connect(as_json([]))
    made.http.auth = SessionAuthentication("one\ntwo", "mia")
    with pytest.raises(exception.ConfigurationError, match="API key holds a line break") as caught:
        made.call(READ, 5)
    assert "one" not in str(caught.value)


def test_closing_ends_it_and_may_be_done_twice():
    made, _, _ = connect()
    made.close()
    made.close()
    with pytest.raises(exception.ConnectionClosedError):
        made.call(READ, 5)


@pytest.mark.parametrize("options", [{"cookies": "a=b"}, {"headers": [("a", "b")]}])
def test_cookies_and_headers_are_mappings(options):
    with pytest.raises(TypeError, match="required to be a mapping"):
        transport.connect("https://host", api_key=KEY, api_user="mia", **options)


@pytest.mark.parametrize("timeout", [0, -1, "60", True])
def test_a_timeout_is_a_number_of_seconds(timeout):
    with pytest.raises(exception.ConfigurationError, match="timeout"):
        transport.connect("https://host", api_key=KEY, api_user="mia", timeout=timeout)


def test_no_timeout_means_the_usual_one():
    assert transport.connect("https://host", timeout=None).timeout_s == 60
