"""The table and the data of a run: medians, ratios, what was wanted, and whether it is met."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence

if TYPE_CHECKING:
    from tests.benchmarks.running import Measurement

__all__ = ["describe", "describe_machine", "format_table", "has_fallen_short", "verdicts"]

_HEADINGS = ("task", "size", "official", "ours", "limit", "official/ours", "ours/limit", "met")


def _ratio(values: dict[str, float], above: str, below: str) -> Optional[float]:
    if above not in values or not values.get(below):
        return None
    return values[above] / values[below]


def _show(measurement: Measurement, value: Optional[float]) -> str:
    if value is None:
        return ""
    quantity = measurement.line.quantity
    if quantity in ("cpu", "wall"):
        return f"{value * 1000:.1f} ms" if value >= 0.001 else f"{value * 1e6:.0f} us"
    if quantity == "rss":
        return f"{value:.0f} B"
    if quantity == "peak":
        return f"{value / 2**20:.1f} MB"
    return f"{value:.0f}"


def verdicts(measurement: Measurement, first: Measurement) -> Iterable[tuple[str, bool]]:
    """Return each wanted limit of a measurement as text, and whether it is met. *first* is its smallest size."""
    line, values = measurement.line, measurement.values
    gain, cost = _ratio(values, "official", "ours"), _ratio(values, "ours", "limit")
    if line.at_least is not None and gain is not None and (line.flat is None or measurement is not first):
        yield f">= {line.at_least:g}", gain >= line.at_least
    if line.at_most is not None and cost is not None:
        yield f"<= {line.at_most:g}", cost <= line.at_most
    if line.ours_at_most is not None:
        yield f"ours <= {_show(measurement, line.ours_at_most)}", values["ours"] <= line.ours_at_most
    if line.flat is not None and measurement is not first:
        grown = values["ours"] / first.values["ours"]
        yield f"flat {grown:.2f} <= {line.flat:g}", grown <= line.flat


def has_fallen_short(measurement: Measurement, first: Measurement) -> bool:
    """Return whether a wanted limit is not met."""
    return any(not met for _, met in verdicts(measurement, first))


def describe_machine(*, after: bool = False) -> str:
    """Return where and when this runs, and how busy the machine is, which everything depends on."""
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    if after:
        return f"to {moment} UTC, load {load} at the end"
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {moment} UTC, load {load}"


def _row(measurement: Measurement, first: Measurement) -> list[str]:
    line, values = measurement.line, measurement.values
    gain, cost = _ratio(values, "official", "ours"), _ratio(values, "ours", "limit")
    judged = list(verdicts(measurement, first))
    unit = " wall" if line.quantity == "wall" else ""
    return [
        line.title + unit,
        f"{measurement.size:,}" if line.sizes != (1,) else "",
        *(_show(measurement, values.get(client)) for client in ("official", "ours", "limit")),
        "" if gain is None else f"{gain:.1f}",
        "" if cost is None else f"{cost:.2f}",
        ", ".join(f"{text} {'yes' if met else 'NO'}" for text, met in judged),
    ]


def format_table(measurements: Sequence[Measurement]) -> str:
    """Return the table as a simple table of reStructuredText, which is readable as plain text."""
    rows = []
    first: Optional[Measurement] = None
    for measurement in measurements:
        if first is None or first.line is not measurement.line or first.scale != measurement.scale:
            first = measurement
        rows.append(_row(measurement, first))
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]
    rule = "  ".join("=" * width for width in widths)

    def write(row: Sequence[str]) -> str:
        # An empty first cell would continue the row above.
        return "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()

    return "\n".join([rule, write(_HEADINGS), rule, *map(write, rows), rule])


def describe(measurements: Sequence[Measurement], repeat: int) -> dict[str, Any]:
    """Return everything that was measured, for JSON."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "repeat": repeat,
        "measurements": [
            {
                "name": measurement.line.name,
                "quantity": measurement.line.quantity,
                "scale": measurement.scale,
                "size": measurement.size,
                "medians": measurement.values,
                "samples": measurement.samples,
            }
            for measurement in measurements
        ],
    }
