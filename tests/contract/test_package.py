"""What holds for every module: names, first lines, sizes, exported names."""

import ast
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ftrack_review"
PATHS = sorted(PACKAGE.rglob("*.py"))

#: Longer than 500 lines, for a reason.
LONG = {"session.py": "the user's reference page", "exception.py": "one class after another"}

HEAVY = (
    "requests",
    "arrow",
    "pyparsing",
    "websocket",
    "sqlite3",
    "sqlalchemy",
    "starlette",
    "clique",
    "ssl",
    "numpy",
    "av",
    "click",
)


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_a_module_says_its_duty_in_its_first_line(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert re.search(r"[.:]$", docstring.split("\n\n")[0].strip()), docstring.splitlines()[0]


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_a_module_stays_readable_in_length(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 560 or path.name in LONG, f"{path.name} has {lines} lines"


def test_no_two_modules_share_a_file_name():
    seen = {}
    for path in PATHS:
        if path.name in ("__init__.py", "base.py"):
            continue
        assert path.name not in seen, f"{path} and {seen[path.name]}"
        seen[path.name] = path


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_every_exported_name_exists(path):
    name = name_of(path)
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    for exported in getattr(module, "__all__", ()):
        assert hasattr(module, exported), f"{name}.{exported}"


def run_python(code):
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return result.stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_python("import ftrack_review, sys; print(*sys.modules)")
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


def test_importing_the_package_loads_few_modules():
    bare = set(run_python("import sys; print(*sys.modules)"))
    loaded = set(run_python("import ftrack_review, sys; print(*sys.modules)"))
    assert len(loaded - bare) <= 60


def test_importing_the_session_loads_no_network_and_no_grammar():
    loaded = run_python("import ftrack_review.session, sys; print(*sys.modules)")
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


def test_a_bad_environment_cannot_break_the_import():
    code = (
        "import os; os.environ.update(FTRACK_SERVER='nonsense', FTRACK_EVENT_PLUGIN_PATH='\\x01', "
        "FTRACK_API_SCHEMA_CACHE_PATH='/dev/null/x'); import ftrack_review.session; print('fine')"
    )
    assert run_python(code) == ["fine"]
