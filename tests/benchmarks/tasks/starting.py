"""Importing the package and opening a session."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench

#: For an interpreter of its own: what it costs to import a package that is named by the first argument.
IMPORT = """
import resource, sys
before = resource.getrusage(resource.RUSAGE_SELF)
modules = set(sys.modules)
__import__(sys.argv[1])
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print('{"cpu": %r, "modules": %d}' % (cpu, len(set(sys.modules) - modules)))
"""

QUERY = "select name, description, bid, sort from Task where sort < 1"

# The end of a program: what its process has used so far, from the start of the interpreter.
_TELL = """
import resource
usage = resource.getrusage(resource.RUSAGE_SELF)
print('{"cpu": %r}' % (usage.ru_utime + usage.ru_stime), flush=True)
"""

#: A whole program: its arguments are package, address, and folder of the schema cache.
PROGRAM = f"""
import importlib, sys
package = importlib.import_module(sys.argv[1])
session = package.Session(
    server_url=sys.argv[2], api_key="benchmark", api_user="benchmark", plugin_paths=[], schema_cache_path=sys.argv[3]
)
for task in session.query({QUERY!r}).all():
    task["name"], task["description"], task["bid"], task["sort"]
{_TELL}"""

#: The same program without a client.
PLAIN_PROGRAM = f"""
import json, sys
import requests
http = requests.Session()
for action in ({{"action": "query_server_information"}}, {{"action": "query", "expression": {QUERY!r}}}):
    response = http.post(
        sys.argv[2] + "/api",
        data=json.dumps([action]).encode(),
        headers={{"content-type": "application/json", "ftrack-user": "benchmark", "ftrack-api-key": "benchmark"}},
    )
    answer = json.loads(response.content)
for task in answer[0]["data"]:
    task["name"], task["description"], task["bid"], task["sort"]
{_TELL}"""


def warm_session(bench: Bench) -> None:
    """Open a second session, whose schema is in a file."""
    first = bench.open_session()
    with bench.measuring():
        second = bench.open_session()
    bench.result["sessions"] = len({id(first), id(second)})


def cold_session(bench: Bench) -> None:
    """Open a second session, whose schema must be fetched."""
    first = bench.open_session()
    with tempfile.TemporaryDirectory() as folder:
        cold = os.path.join(folder, "cold")
        with bench.measuring():
            second = bench.open_session(schema_cache_path=cold)
    bench.result["sessions"] = len({id(first), id(second)})
