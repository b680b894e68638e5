"""How the routes of the pages tell what they refuse: to people by a page, to the script of the page in JSON."""

import asyncio
import json

import pytest
from starlette.applications import Starlette

from ftrack_review.exception import DatabaseBusyError, DatabaseFullError
from ftrack_review.server import pages
from ftrack_review.server.errors import ServerFault

STATE = "/review/session/1/state"


class Server:
    """A server whose every request ends in *error*."""

    def __init__(self, error):
        self.error, self.signer = error, self

    def verify(self, *_arguments):
        raise self.error


def ask(error, path):
    """Return status, headers and body of the answer to a GET of *path* where *error* comes up."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    asyncio.run(Starlette(routes=pages.make_routes(Server(error)))(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("error", "page_status", "call_status", "code"),
    [
        (DatabaseBusyError("At 10.0.0.1."), 503, 503, "busy"),
        (DatabaseFullError("At 10.0.0.1."), 503, 507, "failed"),
        (ServerFault("ValidationError", "It is wrong.", 422), 422, None, None),
    ],
)
def test_refusals_are_told_to_whoever_asked(error, page_status, call_status, code):
    status, headers, body = ask(error, "/widget")
    assert (status, headers["content-type"]) == (page_status, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    # What a database says may tell where it is.
    assert b"10.0.0.1" not in body
    if call_status is None:
        assert error.content.encode() in body
        return
    status, headers, body = ask(error, STATE)
    assert (status, headers["content-type"]) == (call_status, "application/json")
    assert headers["cache-control"] == "no-store"
    told = json.loads(body)["error"]
    assert (told["code"], told["retry"]) == (code, status == 503)
    assert told["message"]
    assert "10.0.0.1" not in told["message"]


def test_who_has_no_link_is_shown_a_page_without_being_asked_for_a_password():
    refused = ServerFault("PermissionError", "No link.", 401)
    status, headers, _ = ask(refused, "/widget")
    assert status == 403
    assert "www-authenticate" not in headers
    status, _, body = ask(refused, STATE)
    assert (status, json.loads(body)["error"]["code"]) == (401, "link_invalid")
