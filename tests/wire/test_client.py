"""The client sends what the golden exchanges say, byte for byte but for ids, and works with their answers."""

from __future__ import annotations

import json

import pytest

from tests.wire import programs
from tests.wire.client import INFORMATION, SCHEMA, SCHEMA_HASH, WiredSession
from tests.wire.exchange import check, fill, read_cases
from tests.wire.site import SITE

CASES = read_cases()
HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "ftrack-user": "admin",
    "ftrack-api-key": "secret",
    "ftrack-strict-api": "false",
}


class Replay:
    """Answers with what stands in a case, in turn, if the request is the one that stands there."""

    def __init__(self, exchanges):
        self.exchanges = list(exchanges)
        self.known = {**SITE, "schemas": SCHEMA, "schema_hash": SCHEMA_HASH}
        self.is_starting = False

    def handle(self, method, target, headers, body):
        if self.is_starting:
            return 200, json.dumps([self.answer_start(json.loads(body))]).encode()
        assert self.exchanges, f"A request too many: {method} {target} {body[:2000]!r}"
        expected = self.exchanges.pop(0)
        check(f"{expected.method} {expected.target}", f"{method} {target}", self.known, "request")
        if expected.is_api:
            sent = json.loads(body)
            assert body.decode() == json.dumps(sent, sort_keys=True)
            for name, value in {**HEADERS, **expected.headers}.items():
                assert headers[name] == value
        else:
            sent = body.decode()
            if method == "PUT":
                assert not {"ftrack-user", "ftrack-api-key"} & {name.lower() for name in headers}
            for name, value in expected.headers.items():
                check(value, headers.get(name), self.known, name)
        check(expected.sent if expected.is_api else expected.sent or "", sent, self.known, "sent")
        answer = fill(expected.answer, self.known)
        text = json.dumps(answer) if expected.is_api else answer or ""
        return expected.status, text.encode()

    @staticmethod
    def answer_start(batch):
        return INFORMATION if batch[0]["action"] == "query_server_information" else SCHEMA

    def open(self, **arguments):
        return WiredSession(self.handle, **arguments)


@pytest.fixture
def connect(request):
    """Opens sessions on the exchanges of the case *name*, all of which must have happened at the end."""
    opened = []

    def open_replay(name):
        replay = Replay(CASES[name])
        opened.append(replay)
        return replay

    yield open_replay
    for replay in opened:
        assert replay.exchanges == [], "A request was not sent"


@pytest.mark.parametrize("name", CASES)
def test_the_client_sends(name, connect, tmp_path):
    replay = connect(name)
    program = programs.load()[name]
    if name in programs.UNOPENED:
        program(replay.open, tmp_path)
        return
    replay.is_starting = True
    with replay.open() as session:
        replay.is_starting = False
        program(session, tmp_path)
        assert len(session.recorded_operations) == 0


def test_every_program_has_its_exchanges():
    assert set(programs.load()) == set(CASES)
