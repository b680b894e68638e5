"""Show how our client stands beside the official one: ``python3 tests/run.py --show [names|scripts|coverage]``.

- ``names``: how many public names of the official client were compared with ours, which are missing, which are more.
- ``scripts``: the verdicts of the differential scripts, the differences on purpose with their reasons, and which public
  functions of the official client no script calls, or calls without an error.
- ``coverage``: what the client's tests run of the rows 0 to 5 (docs/explanation.rst), by lines and by branches. This runs
  them all and takes minutes.

Without a word all three, in this order. It prints and asserts nothing: the tests do that.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLIENT_TESTS = ("unit", "wire", "property", "integration", "contract", "differential")
#: What is no part of the client: the other side, what both can do with media, and the tools.
NOT_THE_CLIENT = (
    "server/*",
    "media/*",
    "mirror/*",
    "cli.py",
    "demo.py",
    "testing.py",
    "pytest_plugin.py",
    "__main__.py",
)


def show_names() -> None:
    """Print the comparison of public names."""
    from tests.contract import surface
    from tests.contract.test_mirrored_surface import NOT_MIRRORED, NOT_OURS, official

    theirs = {
        name: kind
        for name, kind in names_of(official(), NOT_OURS).items()
        if name.split(".")[0] not in NOT_MIRRORED
    }
    ours = names_of(surface.surface("ftrack_review"), NOT_OURS)
    # Names that a module only imports are values there, and need not be ours.
    missing = [
        name for name, kind in theirs.items() if kind != "value" and name not in ours and not reachable(name)
    ]
    modules = {name.split(".")[0] for name in theirs}
    # What a module imports for itself is no name of ours either.
    more = [
        name
        for name, kind in ours.items()
        if name not in theirs and kind != "value" and name.split(".")[0] in modules and "._" not in f".{name}"
    ]
    kinds: dict[str, int] = {}
    for kind in theirs.values():
        kinds[kind] = kinds.get(kind, 0) + 1
    print(
        f"names compared: {len(theirs)} ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))})"
    )
    print(f"missing: {len(missing)}", *missing)
    print(f"more, in modules of the same name: {len(more)}", *more, sep="\n  ")


def names_of(found: dict, left_out: set) -> dict[str, str]:
    """Return the dotted names in the *found* surface with what they are."""
    names = {}
    for module, members in found.items():
        names[module] = "module"
        for name, about in members.items():
            if name in left_out:
                continue
            names[f"{module}.{name}"] = about["kind"]
            for member, description in about.get("members", {}).items():
                names[f"{module}.{name}.{member}"] = description["kind"]
    return names


def reachable(name: str) -> bool:
    """Return whether programs reach the dotted *name* in our package all the same, such as by inheritance."""
    import importlib

    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(("ftrack_review", *parts[:end])))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def show_scripts() -> None:
    """Run the differential scripts with both clients and print what came out."""
    from tests.differential import runner, test_differential, touching
    from tests.differential.on_purpose import ON_PURPOSE

    folders = [pathlib.Path(tempfile.mkdtemp()) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        official = threads.submit(
            test_differential.run_with, test_differential.official_python(), "ftrack_api", folders[0]
        )
        ours = threads.submit(test_differential.run_with, sys.executable, "ftrack_review", folders[1])
        theirs, mine = official.result(), ours.result()
    verdicts = {"agree": [], "differ on purpose": [], "differ": []}
    for name, result in theirs.items():
        if name in ON_PURPOSE:
            fits = runner.agree(ON_PURPOSE[name][0], mine[name]["outcome"])
            verdicts["differ on purpose" if fits else "differ"].append(name)
        else:
            fits = runner.agree(result["outcome"], mine[name]["outcome"])
            verdicts["agree" if fits else "differ"].append(name)
    print(f"differential scripts: {len(theirs)}")
    for verdict, names in verdicts.items():
        print(f"  {verdict}: {len(names)}", *(names if verdict == "differ" else ()))
    for name in verdicts["differ on purpose"]:
        print(f"    {name}: {ON_PURPOSE[name][1]}")
    touched = json.loads((folders[0] / touching.FILE).read_text())
    called = [name for name, (is_called, _) in touched.items() if is_called]
    raised = [name for name in called if touched[name][1]]
    print(f"public functions of the official client: {len(touched)}")
    print(
        f"  called by a script: {len(called)}; never: {len(touched) - len(called)}",
        *sorted(set(touched) - set(called)),
    )
    print(f"  raise an error in a script: {len(raised)}")
    print("  called and never seen to raise:", *sorted(set(called) - set(raised)))


def show_coverage() -> None:
    """Run the client's tests and print what they run of the client."""
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder, "coverage.ini")
        omitted = "\n    ".join(str(ROOT / "ftrack_review" / pattern) for pattern in NOT_THE_CLIENT)
        settings.write_text(
            f"[run]\nbranch = true\nparallel = true\nsource_pkgs = ftrack_review\npatch = subprocess\n"
            f"data_file = {folder}/measured\nomit =\n    {omitted}\n"
            "[report]\nexclude_also =\n    if TYPE_CHECKING:\n    @abc.abstractmethod\n"
        )
        coverage = [sys.executable, "-m", "coverage"]
        tests = [f"tests/{name}" for name in CLIENT_TESTS]
        left_out = [
            "--ignore=tests/unit/server",
            "--ignore=tests/unit/media",
            "-k",
            "not serving and not mirror",
        ]
        options = ["-q", "-p", "no:cacheprovider", "-o", "timeout=1200", "-n", "auto", "--dist", "loadfile"]
        run = [*coverage, "run", f"--rcfile={settings}", "-m", "pytest", *options]
        environment = {**os.environ, "COVERAGE_PROCESS_START": str(settings)}
        subprocess.run([*run, *tests, *left_out], cwd=ROOT, env=environment, check=False)
        for words in (
            ["combine", "-q"],
            ["report", "--sort=cover"],
            ["json", "-q", "-o", f"{folder}/all.json"],
        ):
            subprocess.run([*coverage, words[0], f"--rcfile={settings}", *words[1:]], cwd=ROOT, check=True)
        totals = json.loads(pathlib.Path(folder, "all.json").read_text())["totals"]
        lines = totals["covered_lines"] / totals["num_statements"]
        branches = totals["covered_branches"] / totals["num_branches"]
        print(f"the client, rows 0 to 5: {lines:.1%} of {totals['num_statements']} lines, ", end="")
        print(f"{branches:.1%} of {totals['num_branches']} branches")


SHOWN = {"names": show_names, "scripts": show_scripts, "coverage": show_coverage}


def main(words: list[str]) -> None:
    """Show what *words* name, everything by default."""
    for word in words or SHOWN:
        SHOWN[word]()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(sys.argv[1:])
