"""The server answers what the golden exchanges say."""

from __future__ import annotations

import json

import pytest

from tests.wire.client import SCHEMA, SCHEMA_HASH
from tests.wire.exchange import check, fill, read_cases
from tests.wire.server import WiredServer, make_template
from tests.wire.site import SITE
from tests.wire.test_client import HEADERS

CASES = read_cases()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "server"
    make_template(folder)
    return folder


@pytest.fixture
def server(template, tmp_path):
    opened = WiredServer(template, tmp_path / "server")
    yield opened
    opened.close()


@pytest.mark.parametrize("name", CASES)
def test_the_server_answers(name, server):
    known = {**SITE, "schemas": SCHEMA, "schema_hash": SCHEMA_HASH}
    for exchange in CASES[name]:
        target = fill(exchange.target, known)
        headers = fill({**(HEADERS if exchange.is_api else {}), **exchange.headers}, known)
        sent = fill(exchange.sent, known)
        body = json.dumps(sent) if exchange.is_api else sent or ""
        status, content = server.handle(exchange.method, target, headers, body.encode())
        assert status == exchange.status, content[:500]
        if exchange.answer is not None:
            answer = json.loads(content) if exchange.is_api else content.decode()
            check(exchange.answer, answer, known, "answer")
