"""Make the environment that the tests need and run them: ``python3 tests/run.py [pytest arguments]``.

Everything goes into ``.environments/`` beside the package: one environment for the tests and one for the official
Python client, which the tests run as a black box; so they do with the official JavaScript client, which npm puts there. What is
needed beyond Python is Chromium, for the pages, PostgreSQL, and node with npm; on Debian they are installed when this runs as root.
Whatever cannot be installed ends the run with the reason; nothing is skipped.

``--postgresql`` runs what works on a server's database on PostgreSQL alone; by default that runs on SQLite, and a
good part of it on PostgreSQL as well. ``--every-python`` runs the client's unit, wire and property tests on each Python from 3.9 to 3.13 that pyenv
holds, with the newest dependencies, and on the oldest of them with the lowest. ``--show`` prints how the client stands beside the
official one, see ``tests/show.py``.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENTS = os.path.join(ROOT, ".environments")
OFFICIAL_CLIENT = "ftrack-python-api==3.1.0"
#: The official JavaScript client with what it needs by node, and axe-core, which looks for faults of accessibility.
JAVASCRIPT_PACKAGES = ("@ftrack/api@1.11.2", "ws@8", "axe-core@4.14.1")

#: The lower ends of the ranges in pyproject.toml that the client itself needs.
LOWEST = [
    "arrow==0.17",
    "clique==1.6.1",
    "platformdirs==2.0.0",
    "pyparsing==2.4.7",
    "requests==2.25.0",
    "termcolor==1.1.0",
    "websocket-client==0.59.0",
]
#: A process for each core; the tests of one file stay together, as they share a server.
IN_PARALLEL = ["-q", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
CLIENT_TESTS = ["tests/unit", "tests/wire", "tests/property"]
CLIENT_TEST_PACKAGES = ["pytest", "hypothesis", "pytest-randomly", "pytest-timeout"]


def main(arguments: list[str]) -> int:
    """Make the environments and run pytest with *arguments*. Return its exit status."""
    if sys.version_info < (3, 9):
        fail(f"Python 3.9 or newer is needed, and this is {sys.version.split()[0]}.")
    every_python = "--every-python" in arguments
    arguments = [argument for argument in arguments if argument != "--every-python"]
    if every_python:
        return run_on_every_python(arguments)
    extras = "server,postgresql,media,report,cli,test,lint,docs"
    python = make_environment("tests", ["-e", f"{ROOT}[{extras}]"], stamp=read("pyproject.toml"))
    official = make_environment("official", [OFFICIAL_CLIENT, "setuptools<81"], stamp=OFFICIAL_CLIENT)
    # The tests start it themselves, see tests/postgresql.py.
    find_program("initdb", package="postgresql")
    environment = {
        **os.environ,
        "FTRACK_REVIEW_OFFICIAL_PYTHON": official,
        "FTRACK_REVIEW_OFFICIAL_JAVASCRIPT": make_javascript_client(),
        "FTRACK_REVIEW_NODE": find_program("node", "nodejs", package="nodejs"),
        "FTRACK_REVIEW_CHROMIUM": find_program(
            "chromium", "chromium-browser", "google-chrome", package="chromium"
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if "--show" in arguments:
        shown = [argument for argument in arguments if argument != "--show"]
        command = [python, os.path.join("tests", "show.py"), *shown]
    else:
        command = [python, "-m", "pytest", *(arguments or IN_PARALLEL)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def make_environment(name: str, packages: list[str], stamp: str, python: str | None = None) -> str:
    """Return the Python of the environment *name*, made when it is missing or *stamp* has changed."""
    folder = os.path.join(ENVIRONMENTS, name)
    scripts = "Scripts" if os.name == "nt" else "bin"
    executable = os.path.join(folder, scripts, "python.exe" if os.name == "nt" else "python")
    digest = hashlib.sha256(f"{stamp}{packages}{python or sys.version}".encode()).hexdigest()
    stamp_path = os.path.join(folder, "made-for")
    if os.path.exists(stamp_path) and read(stamp_path) == digest:
        return executable
    print(f"Making the environment {os.path.relpath(folder, ROOT)} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    if python is None:
        venv.create(folder, with_pip=True)
    else:
        run([python, "-m", "venv", folder])
    run([executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    with open(stamp_path, "w", encoding="utf-8") as stream:
        stream.write(digest)
    return executable


def make_javascript_client() -> str:
    """Return the folder in which npm has put the official JavaScript client, installed when it is missing."""
    folder = os.path.join(ENVIRONMENTS, "javascript")
    stamp_path = os.path.join(folder, "made-for")
    if os.path.exists(stamp_path) and read(stamp_path) == " ".join(JAVASCRIPT_PACKAGES):
        return folder
    npm = find_program("npm", package="npm")
    print(f"Making the environment {os.path.relpath(folder, ROOT)} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as stream:
        stream.write('{"name": "official", "private": true}')
    quietly = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
    run([npm, "install", "--prefix", folder, *quietly, *JAVASCRIPT_PACKAGES], quiet=True)
    with open(stamp_path, "w", encoding="utf-8") as stream:
        stream.write(" ".join(JAVASCRIPT_PACKAGES))
    return folder


def find_program(*names: str, package: str) -> str:
    """Return the path of the program with one of *names*, from Debian's *package* where it is missing."""
    for name in names:
        path = which(name)
        if path:
            return path
    if shutil.which("apt-get") is None or (hasattr(os, "geteuid") and os.geteuid() != 0):
        fail(
            f"The tests need {names[0]}, which cannot be installed from here. Install it (on Debian, as root: "
            f"apt-get install {package}) and run this again."
        )
    print(f"Installing {package} …", flush=True)
    run(["apt-get", "update", "-qq"])
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], quiet=True)
    path = which(names[0])
    if not path:
        fail(f"{package} was installed and there is still no command {names[0]!r}.")
    return path


def which(name: str) -> str | None:
    """Return the path of the program *name*; Debian keeps those of a PostgreSQL server out of the PATH."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def run_on_every_python(arguments: list[str]) -> int:
    """Run the client's tests on each Python that pyenv holds. Return how many failed."""
    versions = []
    for minor in range(9, 14):
        found = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/python")))
        if found:
            versions.append((f"3.{minor}", found[-1]))
    if not versions:
        fail("pyenv holds no Python from 3.9 to 3.13 here.")
    # With the server, which the wire and property tests talk to in this process.
    package = f"{ROOT}[server]"
    runs = [(version, path, ["-e", package]) for version, path in versions]
    runs.append((f"{versions[0][0]}-lowest", versions[0][1], ["-e", package, *LOWEST]))
    failed = []
    for name, path, packages in runs:
        wanted = [*packages, *CLIENT_TEST_PACKAGES, "types-requests"]
        python = make_environment(f"python-{name}", wanted, stamp=read("pyproject.toml"), python=path)
        print(f"Python {name}", flush=True)
        ignored = ["--ignore=tests/unit/server", "--ignore=tests/unit/media"]
        command = [python, "-m", "pytest", "-q", *ignored, *(arguments or []), *CLIENT_TESTS]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"{len(runs) - len(failed)} of {len(runs)} passed", *failed)
    return len(failed)


def read(path: str) -> str:
    """Return the text of a file below the root."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


def run(command: list[str], *, quiet: bool = False) -> None:
    """Run *command*, or end with what it said."""
    result = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if result.returncode:
        fail(f"{' '.join(command)} ended with status {result.returncode}.\n{result.stdout or ''}")


def fail(reason: str) -> None:
    """End with *reason* and status 2."""
    print(reason, file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
