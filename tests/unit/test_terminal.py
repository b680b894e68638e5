"""What people and servers say is shown on a terminal, and never steers it."""

import io
import json
import logging
import sys

import pytest

from ftrack_review import _terminal, cli, formatter
from ftrack_review._loading import load
from ftrack_review.review.happening import ObjectRemoved
from ftrack_review.review.watching import _print
from ftrack_review.server.log import TextFormatter
from tests.session_transport import record

EVIL = "hi\x1b]0;PWNED\x07\x1b[2J\x9b31m\r\x7f\u202eevil\u2066\u2069\u2028"
SHOWN = r"hi\x1b]0;PWNED\x07\x1b[2J\x9b31m\x0d\x7f\u202eevil\u2066\u2069\u2028"


def test_what_would_steer_a_terminal_is_written_out():
    assert _terminal.harmless(EVIL) == SHOWN


@pytest.mark.parametrize("text", ["", "two\nlines\tand a tab", "שלום \u200f😀 é \\x1b"])
def test_everything_else_stays(text):
    assert _terminal.harmless(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_json_means_the_same_and_is_harmless(monkeypatch, encoding):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    value = {"text": f"{EVIL} 😀 é", "lines": ["a\nb\tc"]}
    text = _terminal.json_text(value)
    assert json.loads(text.encode(encoding)) == value
    assert _terminal.harmless(text) == text
    assert ("😀" in text) is (encoding == "utf-8")


def test_what_the_encoding_cannot_hold_is_written_as_an_escape(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252", newline=""))
    _terminal.soften()
    cli._say("é 😀")
    assert written.getvalue() == b"\xe9 \\U0001f600\n"


def test_streams_that_are_missing_or_simpler_are_left(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    _terminal.soften()


def test_commands_and_watches_print_what_is_harmless(capsys):
    cli._say(EVIL)
    assert cli._complain(EVIL) == 1
    _print(ObjectRemoved("session", "object", EVIL))
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == SHOWN
    assert told.out.splitlines()[1].endswith(f"{SHOWN} was taken out of the review")
    assert told.err == f"ftrack-review: {SHOWN}\n".replace("\\x0d", " ").replace("\\u2028", "")


def test_entities_are_formatted_harmless(session):
    (task,) = load(session, [record("Task", "t1", name=EVIL)])
    session.auto_populate = False
    assert f" name: {SHOWN}" in formatter.format(task).splitlines()


def test_the_log_for_people_is_harmless():
    entry = logging.LogRecord("x", logging.WARNING, "x", 1, "%s came", (EVIL,), None)
    assert TextFormatter().format(entry).endswith(f"{SHOWN} came")
