"""The command line of the benchmarks: ``python -m tests.benchmarks compare --official /path/to/python``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from typing import Any, Iterable

from tests.benchmarks.lines import LINES, Line
from tests.benchmarks.report import describe, describe_machine, format_table, has_fallen_short
from tests.benchmarks.running import Measurement, Runner, Stub, TaskError

#: The sizes of the table, a tenth of them, and four times.
ALL_SCALES = "1,0.1,4"
# Query plans are shown for the largest database of the growth line.
_PLANNED = "embedded-growth"


def main(arguments: list[str]) -> int:
    """Run what *arguments* ask for. Return the exit status: 0 also where a limit is not met, 1 for failures."""
    options = _read(arguments)
    if options.command == "plot":
        with open(os.path.join(options.output, "results.json")) as file:
            return _plot(json.load(file)["measurements"], options.output)
    return _compare(options)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measure how fast we are."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="run the clients side by side and print the table")
    compare.add_argument("--official", help="the Python of an environment that holds the official client")
    compare.add_argument("--only", help="names of lines, with commas in between")
    compare.add_argument(
        "--scale", default="1", help=f"factors of the sizes, with commas in between; all: {ALL_SCALES}"
    )
    compare.add_argument(
        "--repeat", type=int, default=5, help="runs of each client, of which the median counts"
    )
    compare.add_argument(
        "--output", help="the folder for results, tables, profiles and plots; kept results stay"
    )
    compare.add_argument(
        "--docs", action="store_true", help="everything that docs/benchmarks shows: all scales, written there"
    )
    compare.add_argument("--verbose", action="store_true", help="tell each single measurement")
    plot = commands.add_parser("plot", help="draw the results of earlier runs again")
    plot.add_argument("--output", required=True, help="the folder with results.json")
    options = parser.parse_args(arguments)
    if getattr(options, "docs", False):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        options.output = options.output or os.path.join(root, "docs", "benchmarks")
        options.scale = ALL_SCALES
    return options


def _compare(options: argparse.Namespace) -> int:
    names = options.only.split(",") if options.only else [line.name for line in LINES]
    unknown = set(names) - {line.name for line in LINES}
    if unknown:
        sys.stderr.write(f"No such lines: {', '.join(sorted(unknown))}. There are: ")
        sys.stderr.write(", ".join(line.name for line in LINES) + ".\n")
        return 2
    lines = [line for line in LINES if line.name in names]
    scales = [float(text) for text in options.scale.split(",")]
    measurements: list[Measurement] = []
    failures: list[str] = []
    texts: dict[str, str] = {}
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="ftrack-benchmarks-") as folder, Stub() as stub:
        runner = Runner(stub, official=options.official, folder=folder, repeat=options.repeat)
        status = 0
        for number, scale in enumerate(scales):
            for line in lines if number == 0 else [line for line in lines if line.scales]:
                measurements.extend(_measure(runner, line, scale, failures, verbose=options.verbose))
            if number == 0 and options.output:
                _explain(runner, lines, measurements, texts)
            tables = [
                f"scale {each:g}\n\n" + format_table([found for found in measurements if found.scale == each])
                for each in scales[: number + 1]
            ]
            texts["table.txt"] = "\n".join([machine, describe_machine(after=True), "", tables[0], *failures])
            texts["growth.txt"] = "\n\n".join(tables[1:])
            if options.output:
                # After each scale, so that a run that is stopped leaves what it has found.
                status = _keep(measurements, texts, options)
    sys.stdout.write("\n\n".join([texts["table.txt"], texts["growth.txt"]]) + "\n")
    return 1 if failures else status


def _measure(
    runner: Runner, line: Line, scale: float, failures: list[str], *, verbose: bool
) -> list[Measurement]:
    def tell(text: str) -> None:
        if verbose:
            sys.stderr.write(text + "\n")

    sys.stderr.write(f"{line.name} at {scale:g}\n")
    try:
        return runner.run(line, scale, tell)
    except TaskError as error:
        failures.append(str(error))
        sys.stderr.write(f"{error}\n")
        return []


def _explain(
    runner: Runner, lines: Iterable[Line], measurements: list[Measurement], texts: dict[str, str]
) -> None:
    """Add to *texts* where the time goes in what falls short, and how the embedded server finds its rows."""
    profiles = []
    for line in lines:
        found = [each for each in measurements if each.line is line and each.scale == 1]
        if any(has_fallen_short(each, found[0]) for each in found):
            text = runner.profile(line, found[-1].size)
            if text:
                profiles.append(f"{line.title}, {found[-1].size:,}\n{text}")
        if line.name == _PLANNED and found:
            texts["plans.txt"] = runner.plans(found[-1].size)
    texts["profiles.txt"] = "\n\n".join(profiles)


def _keep(measurements: list[Measurement], texts: dict[str, str], options: argparse.Namespace) -> int:
    """Write texts, data and plots. Results of other lines and scales stay, those of the same are replaced."""
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, "results.json")
    report = describe(measurements, options.repeat)
    measured = {(each["name"], each["size"]) for each in report["measurements"]}
    if os.path.exists(path):
        with open(path) as file:
            earlier = json.load(file)["measurements"]
        kept = [each for each in earlier if (each["name"], each["size"]) not in measured]
        order = {line.name: number for number, line in enumerate(LINES)}
        everything = [*kept, *report["measurements"]]
        report["measurements"] = sorted(
            everything, key=lambda each: (order.get(each["name"], -1), each["size"])
        )
    with open(path, "w") as file:
        json.dump(report, file, indent=1, sort_keys=True)
        file.write("\n")
    for name, text in texts.items():
        with open(os.path.join(options.output, name), "w") as file:
            file.write(text + "\n")
    return _plot(report["measurements"], options.output)


def _plot(measurements: list[dict[str, Any]], folder: str) -> int:
    try:
        from tests.benchmarks.plot import plot

        paths = plot(measurements, folder)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"No plot, as {error.name} is missing: pip install 'ftrack-review[benchmarks]'.\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
