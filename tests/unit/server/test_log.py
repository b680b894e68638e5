"""No secret gets into the log, whoever writes it there."""

import io
import json
import logging

import pytest

from ftrack_review.server import log

SECRET = "s3cr3tS3cr3tS3cr3tS3cr3t_-"


@pytest.fixture
def logger():
    made = logging.Logger("ours")  # noqa: LOG001 - one that no other test knows.
    made.stream = io.StringIO()
    return made


def attach(logger, formatter):
    handler = logging.StreamHandler(logger.stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        f"GET /component/get?id=1&username=ada&apiKey={SECRET}",
        f"GET /component/get?id=1&api_key={SECRET}&size=3",
        f"PUT /upload/1?token={SECRET}",
        f"ftrack-api-key: {SECRET}",
        f'{{"ftrack-api-key": "{SECRET}", "a": 1}}',
        f"{{'api_key': '{SECRET}'}}",
        f"[(b'ftrack-api-key', b'{SECRET}'), (b'host', b'x')]",
        f"Authorization: Bearer {SECRET}",
        f"ftrack-clienttoken: {SECRET}",
        f"https://x.org/review/{SECRET}",
        f"GET /socket.io/1/websocket/{SECRET}?x=1",
        f"postgresql+psycopg://ada:{SECRET}@host/db",
        f"password={SECRET} for ada",
        f'"{{\\"signed_url\\": \\"{SECRET}\\"}}"',
    ],
)
def test_secrets_are_taken_out(text):
    assert SECRET not in log.redact(text)
    assert "..." in log.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "POST /api 200 3.1 ms",
        "GET /review/page 200",
        "The server did not begin to listen on http://127.0.0.1:8090 in time.",
        "https://[::1]:8090/component/get?id=1",
    ],
)
def test_everything_else_stays(text):
    assert log.redact(text) == text


@pytest.mark.parametrize("formatter", [log.TextFormatter, log.JsonFormatter])
def test_messages_arguments_fields_and_tracebacks_are_cleaned(logger, formatter):
    attach(logger, formatter())
    try:
        raise ValueError(f"apiKey={SECRET}")
    except ValueError:
        logger.exception("GET %s", f"/x?token={SECRET}", extra={"address": f"/review/{SECRET}"})
    text = logger.stream.getvalue()
    assert SECRET not in text
    assert "ValueError" in text


def test_an_entry_is_one_object_on_one_line(logger):
    attach(logger, log.JsonFormatter())
    logger.info("two\nlines %s", "ä", extra={"status": 200, "path": "/api", "milliseconds": 1.5})
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.warning("failed", exc_info=True)
    first, second = (json.loads(line) for line in logger.stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "ours",
        "message": "two\nlines ä",
        "status": 200,
        "path": "/api",
        "milliseconds": 1.5,
    }
    assert "ZeroDivisionError" in second["exception"]


def test_the_log_of_others_never_tells_packets():
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in log._TALKATIVE}
    try:
        log.configure(level="debug", stream=io.StringIO())
        assert logging.getLogger("ftrack_review").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("websockets").isEnabledFor(logging.DEBUG)
        log.configure(level="error", stream=io.StringIO())
        assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.WARNING)
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        for name, former in levels.items():
            logging.getLogger(name).setLevel(former)
