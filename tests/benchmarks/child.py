"""Measure one task once, in the process of one client: ``python -m tests.benchmarks.child JOB``.

It runs in the environment of the official client too, so it uses the standard library and nothing of ours. *JOB* is
JSON; the result is printed as the last line of the output, also as JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from typing import Any, Iterator

__all__ = ["Bench", "main"]

_PAGE_BYTES = resource.getpagesize()


class Bench:
    """What a task works with: its size, a client, and a clock."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.client: str = job["client"]
        self.size: int = job["size"]
        self.url: str = job["url"]
        self.folder: str = job["folder"]
        self.options: dict[str, Any] = job.get("options", {})
        #: The bodies of the requests that our client made for the same task.
        self.bodies: list[str] = job.get("bodies", [])
        self.result: dict[str, Any] = {}
        self._is_profiled: bool = job.get("profile", False)
        self._http: Any = None

    @property
    def is_limit(self) -> bool:
        return self.client == "limit"

    @property
    def package(self) -> str:
        return "ftrack_api" if self.client == "official" else "ftrack_review"

    def load(self, name: str) -> Any:
        """Return the module *name* of the client, such as ``event.base``."""
        return importlib.import_module(f"{self.package}.{name}" if name else self.package)

    def open_session(self, **keywords: Any) -> Any:
        """Return a session of the client with the stub, with a schema cache that may be warm."""
        keywords.setdefault("schema_cache_path", os.path.join(self.folder, self.client))
        os.makedirs(keywords["schema_cache_path"], exist_ok=True)
        return self.load("").Session(
            server_url=self.url, api_key="benchmark", api_user="benchmark", plugin_paths=[], **keywords
        )

    def open_http(self) -> None:
        """Connect for the ``limit``, as opening a session does for the clients."""
        import requests

        self._http = requests.Session()
        self.post('[{"action": "query_server_information"}]')

    def post(self, body: str) -> Any:
        """Send *body* and return the answer as plain dictionaries."""
        response = self._http.post(
            f"{self.url}/api",
            data=body.encode(),
            headers={
                "content-type": "application/json",
                "accept": "application/json",
                "ftrack-user": "benchmark",
                "ftrack-api-key": "benchmark",
            },
        )
        return json.loads(response.content)

    @contextlib.contextmanager
    def measuring(self, factor: float = 1.0) -> Iterator[None]:
        """Measure CPU and wall time, and by how much memory grows and grew at most.

        *factor* is for tasks of which only a part is done.
        """
        start_bytes = _resident()
        _forget_peak()
        before, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        if self._is_profiled:
            with self._profiling():
                yield
        else:
            yield
        after, wall_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - wall
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.result.update(cpu=cpu_s * factor, wall=wall_s * factor)
        self.result.update(rss=float(_resident() - start_bytes), peak=float(_peak() - start_bytes))

    @contextlib.contextmanager
    def _profiling(self) -> Iterator[None]:
        """Keep in the result where the CPU time goes, as text. It is measured with what profiling itself takes."""
        import cProfile
        import io
        import pstats

        profile = cProfile.Profile(time.process_time)
        with profile:
            yield
        text = io.StringIO()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(12)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
        lines = text.getvalue().replace(root, "").splitlines()
        self.result["profile"] = "\n".join(line.rstrip() for line in lines if line.strip())


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * _PAGE_BYTES


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _peak() -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    raise AssertionError("Linux tells the peak of memory.")


def main() -> None:
    if sys.argv[1].startswith("@"):
        with open(sys.argv[1][1:]) as file:
            job = json.load(file)
    else:
        job = json.loads(sys.argv[1])
    bench = Bench(job)
    module, _, function = job["task"].partition(":")
    getattr(importlib.import_module(f"tests.benchmarks.tasks.{module}"), function)(bench)
    print(json.dumps(bench.result), flush=True)
    # The official client may hold threads and hooks that take their time; the measurement is over.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
