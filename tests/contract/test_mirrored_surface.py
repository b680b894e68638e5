"""Every public module, class, function, method, property and constant of the official client exists here too."""

import functools
import importlib
import json
import os
import pathlib
import subprocess

import pytest

from tests.contract import surface

SCRIPT = pathlib.Path(surface.__file__)

#: Modules that are not part of what scripts use: copies of standard library code and their own compatibility.
NOT_MIRRORED = {"_python_ntpath", "_version", "_weakref"}
#: Names that come from Python 2 or from imports into the module, not from the library.
NOT_OURS = {
    "absolute_import",
    "division",
    "print_function",
    "unicode_literals",
    "with_statement",
    "str",
    "abstractmethod",
}


@functools.lru_cache
def official():
    python = os.environ.get("FTRACK_REVIEW_OFFICIAL_PYTHON")
    if not python:
        pytest.fail(
            "FTRACK_REVIEW_OFFICIAL_PYTHON names no Python with the official client: use tests/run.py"
        )
    result = subprocess.run(
        [python, str(SCRIPT), "ftrack_api"], capture_output=True, text=True, timeout=100, check=True
    )
    return json.loads(result.stdout)


def check_parameters(where, theirs, ours):
    if theirs is None or ours is None:
        return
    named = [p for p in theirs if p[1] not in ("VAR_POSITIONAL", "VAR_KEYWORD")]
    accepted = {p[0]: p for p in ours}
    takes_any = any(p[1] == "VAR_KEYWORD" for p in ours)
    positional = [p[0] for p in ours if p[1] in ("POSITIONAL_OR_KEYWORD", "POSITIONAL_ONLY")]
    for index, (name, _, has_default) in enumerate(named):
        assert name in accepted or takes_any, f"{where} lacks the parameter {name}"
        if name in accepted:
            assert index >= len(positional) or positional[index] == name, f"{where}: {name} is not at {index}"
            assert accepted[name][2] or not has_default, f"{where}: {name} must be optional"
    for name, kind, has_default in ours:
        if name not in {p[0] for p in named} and kind in ("POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"):
            assert has_default, f"{where} asks for {name}, which scripts do not give"


@pytest.mark.official
def test_nothing_is_missing():
    missing = []
    for module_name, names in official().items():
        if module_name in NOT_MIRRORED:
            continue
        try:
            module = importlib.import_module(f"ftrack_review.{module_name}")
        except ModuleNotFoundError:
            missing.append(module_name)
            continue
        for name, description in names.items():
            if name in NOT_OURS:
                continue
            if not hasattr(module, name):
                if description["kind"] != "value" or name.isupper():
                    missing.append(f"{module_name}.{name}")
                continue
            ours = getattr(module, name)
            for member in description.get("members", ()):
                if not hasattr(ours, member) and member != "__init__":
                    missing.append(f"{module_name}.{name}.{member}")
    assert not missing, "\n".join(missing)


@pytest.mark.official
def test_parameters_are_the_same():
    faults = []
    for module_name, names in official().items():
        if module_name in NOT_MIRRORED:
            continue
        try:
            module = importlib.import_module(f"ftrack_review.{module_name}")
        except ModuleNotFoundError:
            continue  # Named by the test above.
        for name, description in names.items():
            ours = getattr(module, name, None)
            if ours is None:
                continue
            where = f"{module_name}.{name}"
            pairs = [(where, description.get("parameters"), ours)]
            for member, about in description.get("members", {}).items():
                if about["kind"] == "method" and member != "__init__":
                    pairs.append((f"{where}.{member}", about["parameters"], getattr(ours, member, None)))
            for place, theirs, mine in pairs:
                try:
                    check_parameters(place, theirs, surface.describe(mine) if mine is not None else None)
                except AssertionError as error:
                    faults.append(str(error).splitlines()[0])
    assert not faults, "\n".join(faults)


@pytest.mark.official
def test_errors_have_the_same_ancestry():
    from ftrack_review import exception

    for name, description in official()["exception"].items():
        if description["kind"] != "class":
            continue
        ours = {base.__name__ for base in getattr(exception, name).__mro__}
        assert set(description["bases"]) <= ours, name
