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
from tests.contract.test_mirrored_surface import NOT_MIRRORED
from tests.differential import runner, touching
from tests.differential.on_purpose import ON_PURPOSE

#: Whichever test comes first waits for both clients to run everything.
pytestmark = pytest.mark.timeout(1000)

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
            # Of the official client only: what is wrapped is not what a user runs.
            "NOTE_TOUCHED": "1" if module == "ftrack_api" else "",
        }
        result = subprocess.run(
            [python, str(RUNNER), module, str(server.ready_file), str(folder)],
            capture_output=True,
            text=True,
            timeout=900,
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
def official_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("official")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, official_folder):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        official = threads.submit(run_with, official_python(), "ftrack_api", official_folder)
        ours = threads.submit(run_with, sys.executable, "ftrack_review", tmp_path_factory.mktemp("ours"))
        return official.result(), ours.result()


@pytest.fixture(scope="module")
def touched(outcomes, official_folder):
    """Of each public function of the official client whether a script calls it, and whether it raises in one."""
    found = json.loads((official_folder / touching.FILE).read_text())
    return {name: state for name, state in found.items() if name.split(".")[0] not in NOT_MIRRORED}


#: What runs as the official client is imported, before it can be watched.
AT_IMPORT = {"attribute.merge_references"}


@pytest.mark.official
def test_scripts_call_every_public_function(touched):
    assert {name for name, (is_called, _) in touched.items() if not is_called} <= AT_IMPORT


@pytest.mark.official
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
