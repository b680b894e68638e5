"""The same scripts run with the official client and with ours, each against a server of its own, and agree.

A difference that is on purpose is listed here with its reason and on the migration page.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.conftest import ServerProcess
from tests.differential import runner

RUNNER = pathlib.Path(runner.__file__)
ROOT = RUNNER.parents[2]

#: Case -> what ours does instead, and why. The values stand on docs/migration.rst too.
ON_PURPOSE = {}

NAMES = [name for name, _ in runner.cases()]


def run_with(python, module, folder):
    server = ServerProcess(folder)
    try:
        environment = {
            **os.environ,
            "OFFICIAL_ERRORS": ",".join(official_errors()),
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


@functools.lru_cache
def official_errors():
    code = (
        "import inspect, ftrack_api.exception as e; "
        "print(','.join(n for n, o in vars(e).items() if inspect.isclass(o)), 'KeyError,IndexError,ValueError,TypeError', sep=',')"
    )
    return (
        subprocess.run(
            [official_python(), "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        .stdout.strip()
        .split(",")
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    official = run_with(official_python(), "ftrack_api", tmp_path_factory.mktemp("official"))
    ours = run_with(sys.executable, "ftrack_review", tmp_path_factory.mktemp("ours"))
    return official, ours


@pytest.mark.official
@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", NAMES)
def test_both_clients_agree(outcomes, name):
    official, ours = outcomes
    if name in ON_PURPOSE:
        expected, _ = ON_PURPOSE[name]
        assert ours[name]["outcome"] == expected, ours[name]
    else:
        assert ours[name]["outcome"] == official[name]["outcome"], (
            ours[name]["text"],
            official[name]["text"],
        )
