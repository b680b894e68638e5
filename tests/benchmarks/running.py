"""Run the tasks: each client in processes of its own, by turns, and the median of their measurements."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
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
# A client that has used up this much wall time for one size is not measured again, once it was measured this often:
# at the sizes of the table, and at the others, which only show how the cost grows.
_BUDGET_S, _ROUNDS = 20.0, 2
_OTHER_BUDGET_S, _OTHER_ROUNDS = 4.0, 1


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
        # Results by client and job: lines that differ only in what they look at share them.
        self._known: dict[str, dict[str, list[dict[str, float]]]] = {}
        self._measured: set[tuple[str, int]] = set()

    def run(self, line: Line, scale: float, tell: Callable[[str], None]) -> list[Measurement]:
        """Return what *line* gives at *scale*, one measurement per size that was not measured at another scale."""
        sizes = [round(size * scale) for size in line.sizes] if line.scales else list(line.sizes)
        wanted = [
            (size, base) for size, base in zip(sizes, line.sizes) if (line.name, size) not in self._measured
        ]
        self._measured.update((line.name, size) for size, _ in wanted)
        return [self._measure(Measurement(line, scale, size), base, tell) for size, base in wanted]

    def _measure(self, measurement: Measurement, base: int, tell: Callable[[str], None]) -> Measurement:
        line = measurement.line
        job: dict[str, Any] = {"task": line.task, "size": measurement.size, "folder": self._folder}
        job["url"] = self._stub.slow if line.slow else self._stub.fast
        name = json.dumps(job)
        results = self._known.get(name)
        if results is None:
            results = self._known[name] = self._take(measurement, job, base, tell)
        for client, found in results.items():
            values = [result[line.quantity] for result in found]
            if line.quantity == "rss":
                values = [value / measurement.size for value in values]
            measurement.samples[client] = values
            measurement.values[client] = statistics.median(values)
        return measurement

    def _take(
        self, measurement: Measurement, job: dict[str, Any], base: int, tell: Callable[[str], None]
    ) -> dict[str, list[dict[str, float]]]:
        """Return the results of *job* by client, which take turns."""
        line = measurement.line
        clients = [client for client in line.clients if self._interpreters[client]]
        if line.official_up_to is not None and measurement.size > line.official_up_to:
            clients = [client for client in clients if client != "official"]
        # The first run of ours compiles modules, fills the stub's memory, and tells the requests to repeat.
        _, bodies = self._run_one("ours", job)
        # What comes before the measurement is repeated before it, and once is enough.
        job = {**job, "bodies": _last_query([body for body in bodies if '"action": "query"' in body])}
        budget_s, fewest = (
            (_BUDGET_S, _ROUNDS) if measurement.scale == 1 else (_OTHER_BUDGET_S, _OTHER_ROUNDS)
        )
        spent = dict.fromkeys(clients, 0.0)
        results: dict[str, list[dict[str, float]]] = {client: [] for client in clients}
        for number in range(1 if line.quantity in _COUNTS else self._repeat):
            for client in clients:
                if number >= fewest and spent[client] > budget_s:
                    continue
                options = line.official_options.get(base, {}) if client == "official" else {}
                start = time.monotonic()
                result, bodies = self._run_one(client, {**job, "options": options})
                spent[client] += time.monotonic() - start
                result["requests"] = float(len(_without_start(bodies)))
                results[client].append(result)
                value = result[line.quantity]
                tell(f"{line.name} {measurement.size}: {client} {number + 1}: {value:.6g}")
        return results

    def profile(self, line: Line, size: int) -> str:
        """Return where the CPU time of ours goes in one run of *line*, empty where it runs as a program of its own."""
        if ":" not in line.task:
            return ""
        job: dict[str, Any] = {"task": line.task, "size": size, "folder": self._folder, "profile": True}
        job["url"] = self._stub.slow if line.slow else self._stub.fast
        result, _ = self._run_one("ours", job)
        return str(result["profile"])

    def plans(self, size: int) -> str:
        """Return the query plans of the embedded server for *size* versions."""
        result, _ = self._run_one(
            "ours", {"task": "embedded:plans", "size": size, "folder": self._folder, "url": ""}
        )
        return str(result["plans"])

    def _run_one(self, client: str, job: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
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
