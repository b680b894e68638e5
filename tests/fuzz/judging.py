"""What must hold of every answer, whatever was asked."""

from __future__ import annotations

import collections
import gzip
import json
import logging
import os
import sqlite3
import tempfile
from typing import TYPE_CHECKING, Any, Callable, Counter, Dict, List, Optional

from tests.fuzz.requests import Requests
from tests.integration.query_table import entries
from tests.query_studio import Studio

if TYPE_CHECKING:
    import random

#: What may be the reason of a refusal, with its status. An error of the server itself is none.
_REASONS = {
    "DuplicateEntryError": {409},
    "InvalidCredentialsError": {401},
    "NotFound": {404},
    "PermissionError": {403},
    "ValidationError": {400, 413, 415, 422},
}


class Target:
    """A studio to send malformed requests to, which is made anew when much of it is gone."""

    def __init__(self, new_database: Callable[[], Optional[str]] = lambda: None) -> None:
        """Begin with nothing. *new_database* gives the address of a database for each studio, None for a file."""
        self._new_database = new_database
        self._folder: Optional[tempfile.TemporaryDirectory[str]] = None
        self._studio: Any = None
        self._watch: Any = None
        self._writes = 0
        self._known = [expression for _, expression, _ in entries()]
        self.outcomes: Counter[str] = collections.Counter()
        self._log = _Log()
        logging.getLogger("ftrack_review").addHandler(self._log)

    def close(self) -> None:
        logging.getLogger("ftrack_review").removeHandler(self._log)
        self._end()

    def _end(self) -> None:
        if self._studio is not None:
            if self._watch is not None:
                self._watch.close()
            self._studio.close()
            assert self._folder is not None
            self._folder.cleanup()
            self._studio = None

    def _begin(self) -> Any:
        if self._studio is None or self._writes > 1_000:
            self._end()
            self._writes = 0
            self._folder = tempfile.TemporaryDirectory()
            database = self._new_database()
            self._studio = Studio(self._folder.name, database=database)
            file = os.path.join(self._folder.name, "ftrack.sqlite")
            self._watch = None if database else sqlite3.connect(file)
        return self._studio

    def attack(self, chance: random.Random) -> None:
        """Send one request and judge its answer. Raise AssertionError with the request where it is not right."""
        studio = self._begin()
        self._send(studio, *Requests(chance, studio, self._known).make())

    def send(self, actions: Any) -> None:
        """Send one request with *actions* and judge its answer likewise."""
        self._send(self._begin(), json.dumps(actions).encode(), {"ftrack-strict-api": "true"})

    def _send(self, studio: Any, body: bytes, headers: Dict[str, str]) -> None:
        before = self._version()
        self._log.records.clear()
        caller = None if "ftrack-user" in headers else studio.caller
        status, payload, answered = studio.server.handle(body, headers, caller=caller)
        try:
            if answered.get("content-encoding") == "gzip":
                payload = gzip.decompress(payload)
            answer = json.loads(payload, parse_constant=_refuse)
            is_changed = self._version() != before
            self._judge(status, answer, is_changed, json_or_none(body))
        except (AssertionError, ValueError) as error:
            raise AssertionError(
                f"{error}\nafter {body[:3_000]!r}\nwith {headers}: {status} {payload[:1_000]!r}"
            ) from error
        self._writes += is_changed

    def _judge(self, status: int, answer: Any, is_changed: bool, sent: Any) -> None:
        assert not self._log.records, f"the server logged {self._log.records}"
        if isinstance(answer, list):
            assert status == 200, "an answer is a success"
            assert isinstance(sent, list), "only a list is answered"
            assert len(sent) == len(answer), "an answer for each action"
            self.outcomes["answered"] += 1
            return
        assert not is_changed, "what was refused has changed nothing"
        assert isinstance(answer, dict), "an answer is a list or an error object"
        assert set(answer) >= {"content", "exception", "error_code"}, "an error object has its keys"
        assert not {"__entity_type__", "__type__"} & set(answer), "an error object is no entity"
        assert status in _REASONS.get(answer["exception"], ()), "a refusal says what the caller did"
        content = answer["content"]
        assert isinstance(content, str), "a refusal has a reason"
        assert content, "a reason says something"
        assert not {"{", "}"} & set(content), "clients format the reason"
        assert len(content) < 2_000, "a reason can be read"
        assert "Traceback" not in content, "a reason is about the request"
        self.outcomes[f"{answer['exception']} {status}"] += 1

    def _version(self) -> int:
        """Return a number that changes with every commit to a file; other databases are not watched."""
        if self._watch is None:
            return 0
        found: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
        return found


class _Log(logging.Handler):
    """Keeps what the server logs of its own mistakes."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record)[-700:])


def json_or_none(body: bytes) -> Any:
    """Return what *body* holds, None where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> Dict[str, Any]:
    raise ValueError(f"{name} is not JSON")
