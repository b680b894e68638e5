"""Print the exchanges of cases as they are now: ``python -m tests.wire.record [NAME ...]``.

For whoever writes a new case, or has changed what is sent on purpose. Read what comes out against the protocol before it
becomes golden: a recording proves nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import pathlib
import re
import sys
import tempfile
from typing import Any

from tests.wire import programs
from tests.wire.client import SCHEMA, WiredSession
from tests.wire.server import WiredServer, make_template
from tests.wire.site import SITE

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(r"(?<=token=)[\w.-]+")
_HASH = re.compile(r'(?<="schema_hash": ")\w+')
_KEY = re.compile(r'(?<="api_key": ")[\w-]+')
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?![.+Z\d])")


class Recorder:
    """Passes requests on to a server and notes them down."""

    def __init__(self, server: WiredServer) -> None:
        self._server = server
        self.lines: list[str] = []
        self.is_on = True
        self._began = dt.datetime.now(dt.timezone.utc).isoformat()[:19]
        self._names: dict[str, str] = {}
        for name, key in SITE.items():
            self._names[key] = name

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        status, content = self._server.handle(method, target, headers, body)
        if not self.is_on:
            return status, content
        self.lines.append(f"{method} {target}")
        shown = f"{status} " if status != 200 else ""
        if target == "/api":
            self.lines += [f"> {json.dumps(action)}" for action in self._learn(json.loads(body))]
            answer = self._learn(json.loads(content))
            if isinstance(answer, dict):
                self.lines.append(f"<! {shown}{json.dumps(answer)}")
            else:
                answer = ["$schemas" if result == SCHEMA else result for result in answer]
                self.lines += [f"< {shown}{json.dumps(result)}" for result in answer]
        else:
            for name in ("Content-Type", "Content-Length", "Content-MD5"):
                if name in headers:
                    self.lines.append(f"@ {name}: {headers[name]}")
            if method == "PUT":
                self.lines.append("> " + body.decode().replace("\n", "|"))
            # What a PUT is answered with is nobody's business but the status.
            text = content.decode(errors="replace").replace("\n", "|") if method == "GET" else ""
            self.lines.append(f"< {status} {text}".rstrip())
        return status, content

    def _learn(self, value: Any) -> Any:
        """Think of names for the ids in *value*. Return it."""
        if isinstance(value, list):
            for item in value:
                self._learn(item)
        elif isinstance(value, dict):
            if "__entity_type__" in value and isinstance(value.get("id"), str):
                snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value["__entity_type__"]).lower()
                self._name(value["id"], snake)
            for key, item in value.items():
                self._learn(item)
                if isinstance(item, str) and _ID.fullmatch(item):
                    self._name(item, key.removesuffix("_id"))
        return value

    def _name(self, key: str, name: str) -> None:
        if key not in self._names:
            taken = set(self._names.values())
            number = 2
            wanted = name
            while wanted in taken:
                wanted = f"{name}_{number}"
                number += 1
            self._names[key] = wanted

    def text(self) -> str:
        """Return what happened, with names in place of ids and times."""
        text = "\n".join(self.lines)
        for key in _ID.findall(text):
            self._name(key, "id")
        text = _ID.sub(lambda found: f"${self._names[found[0]]}", text)
        for name, pattern in (("time", _TIME), ("token", _TOKEN), ("schema_hash", _HASH), ("api_key", _KEY)):
            found: dict[str, str] = {}
            # Of times only those of the server's clock: what a program writes is the same every time.
            for value in [
                each for each in pattern.findall(text) if pattern is not _TIME or each >= self._began
            ]:
                text = text.replace(value, found.setdefault(value, f"${name}_{len(found) + 1}"))
        return text.replace("$schema_hash_1", "$schema_hash")


def main(names: list[str]) -> None:
    """Print the cases *names*, or all."""
    with tempfile.TemporaryDirectory() as folder:
        template = pathlib.Path(folder) / "template"
        make_template(template)
        for index, (name, program) in enumerate(programs.load().items()):
            if names and name not in names:
                continue
            server = WiredServer(template, pathlib.Path(folder) / str(index))
            recorder = Recorder(server)
            work = pathlib.Path(folder) / f"work-{index}"
            work.mkdir()
            try:
                if name in programs.UNOPENED:
                    program(functools.partial(WiredSession, recorder.handle), work)
                else:
                    recorder.is_on = False
                    with WiredSession(recorder.handle) as session:
                        recorder.is_on = True
                        program(session, work)
                        session.recorded_operations.clear()
            except Exception as error:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                print(f"== {name}\n{recorder.text()}\n")
                server.close()


if __name__ == "__main__":
    main(sys.argv[1:])
