"""Draw how the cost of each task grows: one small picture per line of the table, with size and cost in logarithms.

The only module here that needs matplotlib.
"""

from __future__ import annotations

import os
from typing import Any, Sequence

__all__ = ["plot"]

_COLOURS = {"official": "#b0413e", "ours": "#1f6f8b", "limit": "#8a8a8a"}
_UNITS = {"cpu": "CPU, s", "wall": "wall, s", "rss": "bytes each", "peak": "bytes", "requests": "requests"}
_COLUMNS = 4


def plot(measurements: Sequence[dict[str, Any]], folder: str) -> list[str]:
    """Write ``growth.png`` and ``growth.svg`` from the *measurements* of a report into *folder*; return the paths."""
    import matplotlib as mpl

    mpl.use("agg")
    # The same data give the same file.
    mpl.rcParams["svg.hashsalt"] = "ftrack_review"
    import matplotlib.pyplot as plt

    by_name: dict[str, list[dict[str, Any]]] = {}
    for measurement in measurements:
        by_name.setdefault(measurement["name"], []).append(measurement)
    names = [name for name, found in by_name.items() if len({each["size"] for each in found}) > 1]
    count = max(1, -(-len(names) // _COLUMNS))
    figure, axes = plt.subplots(count, _COLUMNS, figsize=(4 * _COLUMNS, 3 * count), squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for name, axis in zip(names, axes.flat):
        _draw(axis, name, by_name[name])
    figure.tight_layout()
    paths = [os.path.join(folder, f"growth.{kind}") for kind in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.endswith("svg") else None)
    plt.close(figure)
    return paths


def _draw(axis: Any, name: str, measurements: list[dict[str, Any]]) -> None:
    for client, colour in _COLOURS.items():
        points = sorted(
            (each["size"], each["medians"][client]) for each in measurements if client in each["medians"]
        )
        if points:
            sizes, values = zip(*points)
            axis.plot(sizes, values, marker="o", markersize=3, linewidth=1.2, color=colour, label=client)
    # A size may be zero: nothing cached, nothing pending.
    axis.set_xscale("symlog", linthresh=min(each["size"] for each in measurements if each["size"]) or 1)
    axis.set_yscale("log")
    axis.set_title(name, fontsize=10)
    axis.set_ylabel(_UNITS.get(measurements[0]["quantity"], ""), fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(visible=True, which="major", linewidth=0.3)
    axis.legend(fontsize=7, frameon=False)
