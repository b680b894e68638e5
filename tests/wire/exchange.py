"""Golden exchanges: what a client sends and a server answers, as it stands in ``exchanges/*.txt``.

A case is a heading and the requests that follow each other in it::

    == the name of the case
    POST /api
    > {"action": "delete", "entity_type": "Task", "entity_key": ["$task"]}
    < {"action": "delete", "data": true}

``>`` is one action of the batch, or the body of another request; ``<`` is one result, ``<!`` the error object that stands in
place of them, each with a status in front where it is not 200. ``@`` is a header that matters. A line break within a body is
written as a bar.

``$name`` stands for a value that differs from run to run. It means the same value throughout its case: the first who
mentions it decides, be it the client (the id of what it creates) or the server (the id of a status). Names that begin with
``time_`` stand for times.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import uuid
from typing import Any

FOLDER = pathlib.Path(__file__).parent / "exchanges"
_NAME = re.compile(r"\$([a-z_0-9]+)")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_ANYTHING = r"[^\s\"'(),&|]+"


@dataclasses.dataclass
class Exchange:
    """One request and its answer. Bodies of ``/api`` are JSON values, others are text."""

    method: str
    target: str
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    sent: Any = None
    status: int = 200
    answer: Any = None

    @property
    def is_api(self) -> bool:
        return self.target == "/api"


def read_cases() -> dict[str, list[Exchange]]:
    """Return the exchanges of each case by its name."""
    cases: dict[str, list[Exchange]] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("== "):
                assert line[3:] not in cases, line
                exchanges = cases[line[3:]] = []
            elif line and not line.startswith("#"):
                _read_line(line, exchanges)
    return cases


def _read_line(line: str, exchanges: list[Exchange]) -> None:
    sign, _, rest = line.partition(" ")
    if sign in ("POST", "PUT", "GET", "DELETE"):
        exchanges.append(Exchange(sign, rest))
        return
    exchange = exchanges[-1]
    status = re.match(r"(\d{3})(?: |$)", rest)
    if sign in ("<", "<!") and status:
        exchange.status, rest = int(status[1]), rest[status.end() :]
    if sign == "@":
        name, _, value = rest.partition(": ")
        exchange.headers[name] = value
    elif sign == "<!":
        exchange.answer = json.loads(rest)
    elif not exchange.is_api:
        setattr(exchange, {">": "sent", "<": "answer"}[sign], rest.replace("|", "\n") or None)
    else:
        name = {">": "sent", "<": "answer"}[sign]
        setattr(exchange, name, [*(getattr(exchange, name) or ()), json.loads(rest)])


def fill(value: Any, known: dict[str, Any]) -> Any:
    """Return *value* with what is *known* in place of names. Names that nobody has decided on become new ids."""
    if isinstance(value, dict):
        return {key: fill(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = _NAME.fullmatch(value)
    if whole:
        return known.setdefault(whole[1], _first_value(whole[1]))
    return _NAME.sub(lambda found: known.setdefault(found[1], _first_value(found[1])), value)


def _first_value(name: str) -> str:
    return "2024-05-06T07:08:09" if name.startswith("time_") else str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def check(expected: Any, actual: Any, known: dict[str, Any], place: str = "") -> None:
    """Raise AssertionError unless *actual* is *expected*, and learn what its names stand for."""
    where = f"{place}: {json.dumps(actual, default=str)[:400]} instead of {json.dumps(expected)[:400]}"
    if isinstance(expected, str) and "$" in expected:
        _check_text(expected, actual, known, where)
    elif isinstance(expected, dict):
        assert isinstance(actual, dict), where
        assert sorted(expected) == sorted(actual), where
        for key, item in expected.items():
            check(item, actual[key], known, f"{place}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), where
        assert len(expected) == len(actual), where
        for index, item in enumerate(expected):
            check(item, actual[index], known, f"{place}[{index}]")
    else:
        assert type(expected) is type(actual), where
        assert expected == actual, where


def _check_text(expected: str, actual: Any, known: dict[str, Any], where: str) -> None:
    whole = _NAME.fullmatch(expected)
    if whole and whole[1] in known:
        assert actual == known[whole[1]], where
        return
    assert isinstance(actual, str), where
    pattern = ""
    learned = []
    for index, part in enumerate(_NAME.split(expected)):
        if index % 2 == 0 or part in known:
            pattern += re.escape(part if index % 2 == 0 else str(known[part]))
        elif part in learned:
            pattern += f"(?P={part})"
        else:
            learned.append(part)
            pattern += f"(?P<{part}>{_TIME if part.startswith('time_') else _ANYTHING})"
    found = re.fullmatch(pattern, actual)
    assert found, where
    known.update(found.groupdict())
