"""Run the tasks: each client in processes of its own, by turns, and the median of their measurements."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

from tests.benchmarks.tasks import starting

if TYPE_CHECKING:
    from tests.benchmarks.lines import Line

__all__ = ["Measurement", "Runner", "Stub", "TaskError"]

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_TIMEOUT_S = 1800
# Quantities that a second look does not change.
_COUNTS = ("requests", "modules")
# What takes longer than this, which is only the official client, is measured this often and not five times.
_LONG_S, _LONG_ROUNDS = 8.0, 3


class TaskError(Exception):
    """A client could not carry out a task."""


@dataclass
class Measurement:
    """The medians of one line at one size, by client."""

    line: Line
    scale: float
    size: int
    values: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)


class Stub:
    """The stub server in its process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.stub"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        addresses = json.loads(self._process.stdout.readline())
        self.fast: str = addresses["fast"]
        self.slow: str = addresses["slow"]

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)

    def take_requests(self) -> list[str]:
        """Return the bodies of the requests since the last time."""
        with urllib.request.urlopen(f"{self.fast}/requests", timeout=60) as answer:
            report = json.load(answer)
        return list(report["requests"])


class Runner:
    """Runs lines against a stub, with an official client in another environment."""

    def __init__(self, stub: Stub, *, official: Optional[str], folder: str, repeat: int) -> None:
        self._stub = stub
        self._interpreters = {"official": official, "ours": sys.executable, "limit": sys.executable}
        self._folder = folder
        self._repeat = repeat

    def run(self, line: Line, scale: float, tell: Callable[[str], None]) -> list[Measurement]:
        """Return what *line* gives at *scale*, one measurement per size."""
        sizes = [round(size * scale) for size in line.sizes] if line.scales else list(line.sizes)
        return [
            self._measure(Measurement(line, scale, size), base, tell) for size, base in zip(sizes, line.sizes)
        ]

    def _measure(self, measurement: Measurement, base: int, tell: Callable[[str], None]) -> Measurement:
        line = measurement.line
        clients = [client for client in line.clients if self._interpreters[client]]
        # The first run of ours compiles modules, fills the stub's memory, and tells the requests to repeat.
        job: dict[str, Any] = {"task": line.task, "size": measurement.size, "folder": self._folder}
        job["url"] = self._stub.slow if line.slow else self._stub.fast
        _, bodies = self._run_one("ours", job)
        job["bodies"] = [body for body in bodies if '"action": "query"' in body]
        # What comes before the measurement is repeated before it, and once is enough.
        job["bodies"] = _last_query(job["bodies"])
        rounds = 1 if line.quantity in _COUNTS else self._repeat
        walls: dict[str, list[float]] = {client: [] for client in clients}
        measurement.samples.update({client: [] for client in clients})
        for number in range(rounds):
            for client in clients:
                if number >= _LONG_ROUNDS and min(walls[client]) > _LONG_S:
                    continue
                options = line.official_options.get(base, {}) if client == "official" else {}
                result, bodies = self._run_one(client, {**job, "options": options})
                result["requests"] = float(len(_without_start(bodies)))
                walls[client].append(result.get("wall", 0.0))
                value = result[line.quantity]
                if line.quantity == "rss":
                    value /= measurement.size
                measurement.samples[client].append(value)
                tell(f"{line.name} {measurement.size}: {client} {number + 1} of {rounds}: {value:.6g}")
        measurement.values = {
            client: statistics.median(values) for client, values in measurement.samples.items()
        }
        return measurement

    def _run_one(self, client: str, job: dict[str, Any]) -> tuple[dict[str, float], list[str]]:
        """Return the result of one run in a process of its own, and the bodies of its requests."""
        self._stub.take_requests()
        interpreter = self._interpreters[client]
        assert interpreter is not None
        # No flag of ours but silence: the official client warns at import.
        command = [interpreter, "-W", "ignore", *self._command(client, job)]
        # Modules are compiled once, as those of an installed package are.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("FTRACK_", "PYTHON"))
        }
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        output, errors = process.communicate(timeout=_TIMEOUT_S)
        if process.returncode:
            # Only the message: the source of another client is not ours to read.
            lines = errors.strip().splitlines() or ["no message"]
            reason = next((line for line in reversed(lines) if "Error: " in line), lines[-1])
            raise TaskError(f"{job['task']} failed with the client {client}: {reason}")
        return json.loads(output.strip().splitlines()[-1]), self._stub.take_requests()

    def _command(self, client: str, job: dict[str, Any]) -> list[str]:
        package = "ftrack_api" if client == "official" else "ftrack_review"
        if job["task"] == "IMPORT":
            return ["-c", starting.IMPORT, package]
        if job["task"] == "PROGRAM":
            cache = os.path.join(self._folder, client)
            os.makedirs(cache, exist_ok=True)
            program = starting.PLAIN_PROGRAM if client == "limit" else starting.PROGRAM
            return ["-c", program, package, job["url"], cache]
        path = os.path.join(self._folder, "job.json")
        with open(path, "w") as file:
            json.dump({**job, "client": client}, file)
        return ["-m", "tests.benchmarks.child", f"@{path}"]


def _last_query(bodies: list[str]) -> list[str]:
    """Return the requests for the pages of the query that came last: from its first page on."""
    starts = [number for number, body in enumerate(bodies) if " offset 0 " in body]
    return bodies[starts[-1] :] if starts else bodies


def _without_start(bodies: list[str]) -> list[str]:
    return [body for body in bodies if "query_server_information" not in body and "query_schemas" not in body]
