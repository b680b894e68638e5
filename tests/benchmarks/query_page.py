"""A page of nested versions from the server, against hand-written SQL of the same rows.

``python -m tests.benchmarks.query_page [VERSIONS]`` prints medians in milliseconds: one join and one SELECT for each
path, each with ``json.dumps``; our queries with ``json.dumps``; and the whole request as the server answers it.
"""

from __future__ import annotations

import json
import pathlib
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List

from ftrack_review.server import sql
from ftrack_review.server.application import Server
from tests.query_site import Context, Site

PAGE = 500
EXPRESSION = (
    "select version, comment, date, asset.name, asset.type_id, task.name, task.status.name, user.username "
    f"from AssetVersion offset {{}} limit {PAGE}"
)

JOIN = """
    SELECT v.id, v.version, v.comment, v.date, v.asset_id, v.project_id, a.name, a.type_id, a.context_id,
        a.project_id, t.id, t.name, t._type, t.object_type_id, t.project_id, t.context_type, s.id, s.name, u.id,
        u.username, u.resource_type
    FROM asset_version v LEFT JOIN asset a ON a.id = v.asset_id LEFT JOIN context t ON t.id = v.task_id
        LEFT JOIN status s ON s.id = t.status_id LEFT JOIN resource u ON u.id = v.user_id
    ORDER BY v._row LIMIT ? OFFSET ?
"""


def fill(site: Site, versions: int) -> None:
    """Write *versions* versions with an asset and a user each, most with a task."""
    chance = random.Random(7)
    statuses = [record["id"] for record in site.query("Status")]
    shots, tasks, assets = max(versions // 20, 3), max(versions // 10, 3), max(versions // 5, 3)
    site.add("User", [{"id": f"user-{i:032d}", "username": f"user{i}"} for i in range(20)])
    site.add("Project", [{"id": "project-1", "name": "film"}])
    in_project = {"project_id": "project-1"}
    site.add(
        "Shot",
        [
            {**in_project, "id": f"shot-{i:031d}", "name": f"sh{i:04d}", "parent_id": "project-1"}
            for i in range(shots)
        ],
    )
    site.add(
        "Task",
        [
            {
                **in_project,
                "id": f"task-{i:031d}",
                "name": f"task{i % 2}",
                "parent_id": f"shot-{i % shots:031d}",
                "status_id": chance.choice(statuses),
            }
            for i in range(tasks)
        ],
    )
    site.add(
        "Asset",
        [
            {
                **in_project,
                "id": f"asset-{i:030d}",
                "name": f"asset{i}",
                "context_id": f"shot-{i % shots:031d}",
            }
            for i in range(assets)
        ],
    )
    site.add(
        "AssetVersion",
        [
            {
                **in_project,
                "id": f"version-{i:028d}",
                "asset_id": f"asset-{chance.randrange(assets):030d}",
                "task_id": f"task-{chance.randrange(tasks):031d}" if i % 10 else None,
                "user_id": f"user-{chance.randrange(20):032d}",
                "version": i // assets + 1,
                "comment": f"comment {i}",
                "date": f"2024-03-{i % 28 + 1:02d}T10:00:00",
            }
            for i in range(versions)
        ],
    )


def by_join(database: sqlite3.Connection, offset: int) -> str:
    """Return the page as one join gives it, every entity complete."""
    records: List[Dict[str, Any]] = []
    for row in database.execute(JOIN, (PAGE + 1, offset)).fetchall()[:PAGE]:
        asset = {
            "__entity_type__": "Asset",
            "id": row[4],
            "name": row[6],
            "type_id": row[7],
            "context_id": row[8],
        }
        status = {"__entity_type__": "Status", "id": row[16], "name": row[17]} if row[16] else None
        task = {"__entity_type__": row[12], "id": row[10], "name": row[11], "object_type_id": row[13]}
        task.update(project_id=row[14], context_type=row[15], status=status)
        user = {"__entity_type__": "User", "id": row[18], "username": row[19], "resource_type": row[20]}
        record = {"__entity_type__": "AssetVersion", "id": row[0], "version": row[1], "comment": row[2]}
        record.update(date={"__type__": "datetime", "value": row[3]}, asset_id=row[4], project_id=row[5])
        record.update(asset={**asset, "project_id": row[9]}, task=task if row[10] else None, user=user)
        records.append(record)
    return json.dumps(records)


def by_selects(database: sqlite3.Connection, offset: int) -> str:
    """Return the page as a SELECT for each path gives it, with references looked up in dictionaries."""
    versions = database.execute(
        "SELECT id, version, comment, date, asset_id, project_id, task_id, user_id FROM asset_version "
        "ORDER BY _row LIMIT ? OFFSET ?",
        (PAGE + 1, offset),
    ).fetchall()[:PAGE]

    def rows(text: str, ids: List[Any]) -> List[Any]:
        wanted = list(dict.fromkeys(one for one in ids if one is not None))
        return database.execute(text.format(",".join("?" * len(wanted))), wanted).fetchall()

    found = rows(
        "SELECT id, name, type_id, context_id, project_id FROM asset WHERE id IN ({})",
        [v[4] for v in versions],
    )
    names = ("id", "name", "type_id", "context_id", "project_id")
    assets = {row[0]: {"__entity_type__": "Asset", **dict(zip(names, row))} for row in found}
    found = rows(
        "SELECT id, username, resource_type FROM resource WHERE id IN ({})", [v[7] for v in versions]
    )
    users = {
        row[0]: {"__entity_type__": "User", "id": row[0], "username": row[1], "resource_type": row[2]}
        for row in found
    }
    found = rows(
        "SELECT id, name, _type, object_type_id, project_id, context_type, status_id FROM context "
        "WHERE id IN ({})",
        [v[6] for v in versions],
    )
    status_rows = rows("SELECT id, name FROM status WHERE id IN ({})", [row[6] for row in found])
    statuses = {row[0]: {"__entity_type__": "Status", "id": row[0], "name": row[1]} for row in status_rows}
    tasks = {}
    for row in found:
        task = {"__entity_type__": row[2], "id": row[0], "name": row[1], "object_type_id": row[3]}
        task.update(project_id=row[4], context_type=row[5], status=statuses.get(row[6]))
        tasks[row[0]] = task
    records = []
    for row in versions:
        record = {"__entity_type__": "AssetVersion", "id": row[0], "version": row[1], "comment": row[2]}
        record.update(date={"__type__": "datetime", "value": row[3]}, asset_id=row[4], project_id=row[5])
        record.update(asset=assets.get(row[4]), task=tasks.get(row[6]), user=users.get(row[7]))
        records.append(record)
    return json.dumps(records)


def by_query(site: Site, offset: int) -> str:
    """Return the page as our queries give it."""
    with site.store.read() as connection:
        context = Context(connection, site.catalogue)
        return json.dumps(sql.run_query(connection, site.catalogue, EXPRESSION.format(offset), context)[0])


def median(answer: Callable[[int], Any], versions: int) -> float:
    """Return the median time of *answer* over pages, in milliseconds."""
    times = []
    for index in range(25):
        begin = time.perf_counter()
        answer(index * PAGE % max(versions - PAGE, 1))
        times.append((time.perf_counter() - begin) * 1_000)
    return statistics.median(times[5:])


def main(versions: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(data=str(folder), database=str(folder / "site.sqlite"), is_temporary=True) as server:
            site = Site(folder)
            fill(site, versions)
            database = sqlite3.connect(folder / "site.sqlite")
            caller = server.administrator()

            def by_server(offset: int) -> Any:
                body = json.dumps([{"action": "query", "expression": EXPRESSION.format(offset)}]).encode()
                status, answer, _ = server.handle(body, {}, caller=caller)
                assert status == 200
                return answer

            lines = {
                "hand-written, one join": lambda offset: by_join(database, offset),
                "hand-written, a SELECT for each path": lambda offset: by_selects(database, offset),
                "sql.run_query and json.dumps": lambda offset: by_query(site, offset),
                "Server.handle": by_server,
            }
            found = {title: median(answer, versions) for title, answer in lines.items()}
            best = min(list(found.values())[:2])
            for title, time_ms in found.items():
                print(f"{title:40} {time_ms:7.2f} ms  {time_ms / best:5.2f}")
            database.close()
            site.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
