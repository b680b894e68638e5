"""The command line of the benchmarks: ``python -m tests.benchmarks compare --official /path/to/python``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from typing import Any

from tests.benchmarks.lines import LINES
from tests.benchmarks.report import describe, format_table
from tests.benchmarks.running import Measurement, Runner, Stub, TaskError


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
        "--scale", default="1", help="factors of the sizes, with commas in between; all: 0.1,1,4"
    )
    compare.add_argument(
        "--repeat", type=int, default=5, help="runs of each client, of which the median counts"
    )
    compare.add_argument(
        "--output", help="the folder for results.json, table.txt and the plots; kept results stay"
    )
    compare.add_argument("--verbose", action="store_true", help="tell each single measurement")
    plot = commands.add_parser("plot", help="draw the results of earlier runs again")
    plot.add_argument("--output", required=True, help="the folder with results.json")
    return parser.parse_args(arguments)


def _compare(options: argparse.Namespace) -> int:
    names = options.only.split(",") if options.only else [line.name for line in LINES]
    unknown = set(names) - {line.name for line in LINES}
    if unknown:
        sys.stderr.write(f"No such lines: {', '.join(sorted(unknown))}. There are: ")
        sys.stderr.write(", ".join(line.name for line in LINES) + ".\n")
        return 2
    scales = [float(text) for text in options.scale.split(",")]

    def tell(text: str) -> None:
        if options.verbose:
            sys.stderr.write(text + "\n")

    measurements: list[Measurement] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ftrack-benchmarks-") as folder, Stub() as stub:
        runner = Runner(stub, official=options.official, folder=folder, repeat=options.repeat)
        for line in LINES:
            for scale in scales if line.scales else scales[:1]:
                if line.name in names:
                    sys.stderr.write(f"{line.name} at {scale:g}\n")
                    try:
                        measurements.extend(runner.run(line, scale, tell))
                    except TaskError as error:
                        failures.append(str(error))
                        sys.stderr.write(f"{error}\n")
    table = "\n\n".join(
        f"scale {scale:g}\n\n" + format_table([each for each in measurements if each.scale == scale])
        for scale in scales
    )
    table = "\n".join([table, *failures])
    sys.stdout.write(table + "\n")
    status = _keep(measurements, table, options) if options.output else 0
    return 1 if failures else status


def _keep(measurements: list[Measurement], table: str, options: argparse.Namespace) -> int:
    """Write table, data and plots. Results of other lines and scales stay, those of the same are replaced."""
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, "results.json")
    report = describe(measurements, options.repeat)
    measured = {(each["name"], each["scale"]) for each in report["measurements"]}
    if os.path.exists(path):
        with open(path) as file:
            earlier = json.load(file)["measurements"]
        kept = [each for each in earlier if (each["name"], each["scale"]) not in measured]
        order = {line.name: number for number, line in enumerate(LINES)}
        everything = [*kept, *report["measurements"]]
        report["measurements"] = sorted(
            everything, key=lambda each: (order.get(each["name"], -1), each["size"])
        )
    with open(path, "w") as file:
        json.dump(report, file, indent=1, sort_keys=True)
        file.write("\n")
    with open(os.path.join(options.output, "table.txt"), "w") as file:
        file.write(table + "\n")
    return _plot(report["measurements"], options.output)


def _plot(measurements: list[dict[str, Any]], folder: str) -> int:
    try:
        from tests.benchmarks.plot import plot

        paths = plot(measurements, folder)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"No plot, as {error.name} is missing: pip install 'ftrack-review[docs]'.\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
