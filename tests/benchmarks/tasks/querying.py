"""Queries: flat, nested, repeated, with collections, and attributes that are fetched in a loop."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench

FLAT = "select name, description, bid, sort, start_date from Task where sort < {}"
NESTED = (
    "select version, comment, asset.name, task.name, task.bid, status.name, status.color, user.username, "
    "user.first_name, user.last_name from AssetVersion where version < {}"
)
COLLECTIONS = (
    "select version, components.name, components.size, notes.content from AssetVersion where version < {}"
)


def replay(bench: Bench) -> list[Any]:
    """Return the rows that the requests of our client bring, as plain dictionaries."""
    return [row for body in bench.bodies for result in bench.post(body) for row in result["data"]]


def action_of(expression: str) -> str:
    return json.dumps([{"action": "query", "expression": expression}])


def read_flat(rows: Any) -> None:
    for row in rows:
        row["name"], row["description"], row["bid"], row["sort"], row["start_date"]


def read_nested(rows: Any) -> None:
    for row in rows:
        asset, task, status, user = row["asset"], row["task"], row["status"], row["user"]
        row["version"], row["comment"], asset["name"], task["name"], task["bid"]
        status["name"], status["color"], user["username"], user["first_name"], user["last_name"]


def read_collections(rows: Any) -> None:
    for row in rows:
        row["version"]
        for component in row["components"]:
            component["name"], component["size"]
        for note in row["notes"]:
            note["content"]


def read_nested_plain(rows: Any) -> None:
    """Read what a row holds: a repeated entity is a reference, whose values only a client finds."""
    for row in rows:
        asset, task, status, user = row["asset"], row["task"], row["status"], row["user"]
        row["version"], row["comment"], asset.get("name"), task.get("name"), task.get("bid")
        (
            status.get("name"),
            status.get("color"),
            user.get("username"),
            user.get("first_name"),
            user.get("last_name"),
        )


def _run(bench: Bench, expression: str, read: Any, read_plain: Any, *, warm: int = 1) -> None:
    """Measure the query for the size. One for *warm* rows comes first, so that what is needed once is there, for all alike.

    What a first use costs is measured on its own: see ``first_nested`` and the whole process.
    """
    text = expression.format(bench.size)
    if bench.is_limit:
        bench.open_http()
        if warm == bench.size:
            read_plain(replay(bench))
        elif warm:
            read_plain(bench.post(action_of(expression.format(warm)))[0]["data"])
        with bench.measuring():
            kept = replay(bench)
            read_plain(kept)
        bench.result["rows"] = len(kept)
        return
    session = bench.open_session()
    if warm:
        before = session.query(expression.format(warm)).all()
        read(before)
    with bench.measuring():
        rows = session.query(text).all()
        read(rows)
    bench.result["rows"] = len(rows)


def flat(bench: Bench) -> None:
    _run(bench, FLAT, read_flat, read_flat)


def nested(bench: Bench) -> None:
    _run(bench, NESTED, read_nested, read_nested_plain)


def first_flat(bench: Bench) -> None:
    """Run the flat query as the first one in its process, so that classes are made and arrow is loaded."""
    _run(bench, FLAT, read_flat, read_flat, warm=0)


def first_nested(bench: Bench) -> None:
    """Run the nested query as the first one in its process."""
    _run(bench, NESTED, read_nested, read_nested_plain, warm=0)


def again(bench: Bench) -> None:
    """Run the nested query a second time, when everything is known."""
    _run(bench, NESTED, read_nested, read_nested_plain, warm=bench.size)


def collections(bench: Bench) -> None:
    _run(bench, COLLECTIONS, read_collections, read_collections)


def loop(bench: Bench) -> None:
    """Read the status of the task of each version, none of which was selected."""
    session = bench.open_session()
    expression = f"AssetVersion where version < {bench.size}"
    with bench.measuring():
        names = [version["task"]["status"]["name"] for version in session.query(expression)]
    bench.result["rows"] = len(names)
