"""The same scripts run with the official client and with ours, each against a server of its own, and agree.

A difference that is on purpose is listed here with its reason and on the migration page.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.conftest import ServerProcess
from tests.differential import runner
from tests.differential.on_purpose import ON_PURPOSE

RUNNER = pathlib.Path(runner.__file__)
ROOT = RUNNER.parents[2]

NAMES = [name for name, _ in runner.cases()]


def run_with(python, module, folder):
    server = ServerProcess(folder)
    try:
        environment = {
            **os.environ,
            "CLIENT_PATH": str(ROOT) if module == "ftrack_review" else str(folder),
            "FTRACK_API_SCHEMA_CACHE_PATH": str(folder),
        }
        result = subprocess.run(
            [python, str(RUNNER), module, str(server.ready_file), str(folder)],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env=environment,
            cwd=folder,
        )
    finally:
        server.stop()
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULTS")]
    assert lines, result.stderr[-3000:]
    return json.loads(lines[-1][len("RESULTS") :])


@functools.lru_cache
def official_python():
    path = os.environ.get("FTRACK_REVIEW_OFFICIAL_PYTHON")
    if not path:
        pytest.fail(
            "FTRACK_REVIEW_OFFICIAL_PYTHON names no Python with the official client: use tests/run.py"
        )
    return path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        official = threads.submit(
            run_with, official_python(), "ftrack_api", tmp_path_factory.mktemp("official")
        )
        ours = threads.submit(run_with, sys.executable, "ftrack_review", tmp_path_factory.mktemp("ours"))
        return official.result(), ours.result()


@pytest.mark.official
@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", NAMES)
def test_both_clients_agree(outcomes, name):
    official, ours = outcomes
    expected, _ = ON_PURPOSE.get(name, (official[name]["outcome"], ""))
    found = ours[name]["outcome"]
    assert runner.agree(expected, found), (expected, found, ours[name]["text"], official[name]["text"])


def test_what_differs_on_purpose_still_differs(outcomes):
    official, _ = outcomes
    for name, (expected, _) in ON_PURPOSE.items():
        assert not runner.agree(expected, official[name]["outcome"]), name
