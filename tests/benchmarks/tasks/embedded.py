"""The embedded server: pages beside hand-written SQL, batches, its start, and large databases."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any, Iterator

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench

NESTED = (
    "select version, comment, asset.name, task.name, task.bid, status.name, status.color, user.username, "
    "user.first_name, user.last_name from AssetVersion"
)
_BATCH = 50_000

# What the page holds, asked for as somebody would who knows the tables.
_BY_HAND = """
select v.id, v.version, v.comment, v.asset_id, v.project_id,
       a.id, a.name, a.context_id, a.project_id,
       t.id, t.name, t.bid, t.context_type, t.object_type_id, t.project_id,
       s.id, s.name, s.color,
       u.id, u.username, u.first_name, u.last_name, u.resource_type
from asset_version v
left join asset a on a.id = v.asset_id
left join context t on t.id = v.task_id
left join status s on s.id = v.status_id
left join resource u on u.id = v.user_id
order by v._row limit ? offset 0
"""


def page(bench: Bench) -> None:
    """Answer one page of nested versions; as the limit with SQL by hand and json.dumps of the same rows."""
    folder = fill(bench, 2000)
    rounds = 20
    if bench.is_limit:
        connection = _open_database(folder)
        text = _answer_by_hand(connection, bench.size)
        with bench.measuring(1 / rounds):
            for _ in range(rounds):
                text = _answer_by_hand(connection, bench.size)
        bench.result["rows"] = len(json.loads(text)[0]["data"])
        return
    with open_server(folder) as server:
        caller = server.administrator()
        body = json.dumps(
            [{"action": "query", "expression": f"{NESTED} offset 0 limit {bench.size}"}]
        ).encode()
        answer = server.handle(body, {}, caller=caller)
        with bench.measuring(1 / rounds):
            for _ in range(rounds):
                answer = server.handle(body, {}, caller=caller)
        bench.result["rows"] = len(json.loads(answer[1])[0]["data"])


def _answer_by_hand(connection: sqlite3.Connection, size: int) -> bytes:
    data: list[dict[str, Any]] = []
    known: set[str] = set()

    def nest(entity_type: str, identifier: Any, **values: Any) -> Any:
        if identifier is None:
            return None
        if identifier in known:
            return {"__entity_type__": entity_type, "id": identifier}
        known.add(identifier)
        return {"__entity_type__": entity_type, "id": identifier, **values}

    for row in connection.execute(_BY_HAND, (size + 1,)):
        if len(data) == size:
            break
        data.append(
            {
                "__entity_type__": "AssetVersion",
                "id": row[0],
                "version": row[1],
                "comment": row[2],
                "asset_id": row[3],
                "project_id": row[4],
                "asset": nest("Asset", row[5], name=row[6], context_id=row[7], project_id=row[8]),
                "task": nest(
                    "Task",
                    row[9],
                    name=row[10],
                    bid=row[11],
                    context_type=row[12],
                    object_type_id=row[13],
                    project_id=row[14],
                ),
                "status": nest("Status", row[15], name=row[16], color=row[17]),
                "user": nest(
                    "User",
                    row[18],
                    username=row[19],
                    first_name=row[20],
                    last_name=row[21],
                    resource_type=row[22],
                ),
            }
        )
    answer = [{"action": "query", "data": data, "metadata": {"next": {"offset": size}}}]
    return json.dumps(answer, separators=(",", ":")).encode()


def ids(bench: Bench) -> None:
    """Parse a criterion with a long list of values."""
    from ftrack_review.protocol import grammar

    grammar.parse('Task where id in ("a", "b") and not name is "c"')
    values = ", ".join(f'"{uuid.uuid4()}"' for _ in range(bench.size))
    expression = f"select name from Task where id in ({values}) order by name"
    with bench.measuring():
        statement = grammar.parse(expression)
    bench.result["rows"] = float(statement.entity_type == "Task")


def start(bench: Bench) -> None:
    """Start the server on a database at hand, from the import to the first answer."""
    folder = fill(bench, 2000)
    with bench.measuring(), open_server(folder) as server:
        server.start()
        server.handle(b'[{"action": "query", "expression": "User"}]', {}, caller=server.administrator())


def create(bench: Bench) -> None:
    """Answer one batch of creates."""
    folder = os.path.join(bench.folder, f"create-{uuid.uuid4()}")
    try:
        with open_server(folder) as server:
            caller = server.administrator()
            project_id, parents = _project(server)
            for size in (10, bench.size):
                body = json.dumps(
                    [_creation(project_id, parents[0], number) for number in range(size)]
                ).encode()
                with bench.measuring():
                    answer = server.handle(body, {}, caller=caller)
                bench.result["rows"] = len(json.loads(answer[1]))
    finally:
        shutil.rmtree(folder)


def _creation(project_id: str, parent_id: str, number: int) -> dict[str, Any]:
    identifier = str(uuid.uuid4())
    data = {
        "__entity_type__": "Task",
        "id": identifier,
        "name": f"{uuid.uuid4().hex[:8]}-{number}",
        "parent_id": parent_id,
        "project_id": project_id,
        "bid": 3600.0,
    }
    return {"action": "create", "entity_type": "Task", "entity_key": [identifier], "entity_data": data}


def _indexed_queries() -> tuple[str, ...]:
    """Return queries by what is indexed: foreign keys, names, ids, and keys of metadata."""
    return (
        f'select version, status.name from AssetVersion where asset_id is "{_identify("asset", 3)}"',
        'select version, status.name from AssetVersion where asset.name is "asset_00003"',
        f'select version from AssetVersion where id is "{_identify("version", 7)}"',
        f'select version from AssetVersion where task.id in ("{_identify("task", 1)}", "{_identify("task", 2)}")',
        'select version from AssetVersion where metadata any (key is "shot" and value is "value 11")',
    )


def growth(bench: Bench) -> None:
    """Answer queries that find a few versions among *size* by what is indexed."""
    folder = fill(bench, bench.size)
    rounds = 200
    expressions = _indexed_queries()
    with open_server(folder) as server:
        caller = server.administrator()
        bodies = [json.dumps([{"action": "query", "expression": text}]).encode() for text in expressions]
        rows = [len(json.loads(server.handle(body, {}, caller=caller)[1])[0]["data"]) for body in bodies]
        with bench.measuring(1 / rounds):
            for _ in range(rounds // len(bodies)):
                for body in bodies:
                    server.handle(body, {}, caller=caller)
        bench.result["rows"] = sum(rows)


def plans(bench: Bench) -> None:
    """Tell how SQLite finds the rows of the queries that :func:`growth` measures, and what each takes."""
    folder = fill(bench, bench.size)
    parts = [f"{bench.size:,} versions"]
    with open_server(folder) as server, contextlib.closing(_open_database(folder)) as connection:
        caller = server.administrator()
        for expression in _indexed_queries():
            body = json.dumps([{"action": "query", "expression": expression}]).encode()
            server.handle(body, {}, caller=caller)
            with server.store.recorded() as texts:
                server.handle(body, {}, caller=caller)
            rounds = 100
            start = time.process_time()
            for _ in range(rounds):
                server.handle(body, {}, caller=caller)
            cost_us = (time.process_time() - start) / rounds * 1e6
            steps = [
                f"    {step[3]}"
                for text in texts
                for step in connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
            ]
            parts.append("\n".join([f"{expression}  ({cost_us:.0f} us)", *steps]))
    bench.result["plans"] = "\n\n".join(parts)


def _open_database(folder: str) -> sqlite3.Connection:
    return sqlite3.connect(os.path.join(folder, "ftrack.sqlite"))


def open_server(folder: str) -> Any:
    from ftrack_review.server.application import Server

    return Server(data=folder)


def _identify(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))


def _project(server: Any) -> tuple[str, list[str]]:
    """Create a project with twenty shots and return the ids."""
    project_id = str(uuid.uuid4())
    schema = server.perform({"action": "query", "expression": "ProjectSchema limit 1"})[0]["data"][0]
    parents = [str(uuid.uuid4()) for _ in range(20)]
    server.perform(
        {
            "action": "create",
            "entity_type": "Project",
            "entity_data": {
                "__entity_type__": "Project",
                "id": project_id,
                "name": f"film-{project_id[:8]}",
                "full_name": "Film",
                "project_schema_id": schema["id"],
            },
        },
        *[
            {
                "action": "create",
                "entity_type": "Shot",
                "entity_data": {
                    "__entity_type__": "Shot",
                    "id": identifier,
                    "name": f"sh{number:03d}",
                    "parent_id": project_id,
                    "project_id": project_id,
                },
            }
            for number, identifier in enumerate(parents)
        ],
    )
    return project_id, parents


def fill(bench: Bench, size: int) -> str:
    """Return the folder of a server with *size* versions, twenty per asset and ten per task, made if need be."""
    folder = os.path.join(bench.folder, f"server-{size}")
    if os.path.exists(os.path.join(folder, "complete")):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    with open_server(folder) as server:
        project_id, parents = _project(server)
        first = server.perform({"action": "query", "expression": "select id from Status"})[0]["data"]
        statuses = [status["id"] for status in first]
        types = server.catalogue.types
        for name, rows in _rows(size, project_id, parents, statuses):
            with server.store.write() as connection:
                connection.run(types[name].table.insert(), rows)
    with open(os.path.join(folder, "complete"), "w") as file:
        file.write(str(time.time()))
    return folder


def _rows(
    size: int, project_id: str, parents: list[str], statuses: list[str]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    users = [_identify("user", number) for number in range(20)]
    yield (
        "User",
        [
            {
                "_type": "User",
                "id": identifier,
                "resource_type": "user",
                "username": f"user.{number}@example.com",
                "first_name": f"First{number}",
                "last_name": f"Last{number}",
                "is_active": True,
            }
            for number, identifier in enumerate(users)
        ],
    )
    for first in range(0, size, _BATCH):
        numbers = range(first, min(first + _BATCH, size))
        yield (
            "Asset",
            [
                {
                    "_type": "Asset",
                    "id": _identify("asset", number // 20),
                    "name": f"asset_{number // 20:05d}",
                    "context_id": parents[number // 20 % 20],
                    "project_id": project_id,
                }
                for number in numbers
                if number % 20 == 0
            ],
        )
        yield (
            "Task",
            [
                {
                    "_type": "Task",
                    "id": _identify("task", number // 10),
                    "name": f"task_{number // 10:05d}",
                    "context_type": "task",
                    "object_type_id": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
                    "parent_id": parents[number // 10 % 20],
                    "project_id": project_id,
                    "status_id": statuses[number // 10 % len(statuses)],
                    "bid": 3600.0 * (number % 7),
                    "sort": float(number),
                }
                for number in numbers
                if number % 10 == 0
            ],
        )
        yield (
            "AssetVersion",
            [
                {
                    "_type": "AssetVersion",
                    "id": _identify("version", number),
                    "version": number % 20 + 1,
                    "comment": f"Version {number}: edges of the key repaired, grain matched.",
                    "date": "2024-05-06T07:08:09",
                    "is_published": True,
                    "asset_id": _identify("asset", number // 20),
                    "project_id": project_id,
                    "status_id": statuses[number % len(statuses)],
                    "task_id": _identify("task", number // 10),
                    "user_id": users[number % 20],
                }
                for number in numbers
            ],
        )
        yield (
            "Metadata",
            [
                {
                    "_type": "Metadata",
                    "parent_id": _identify("version", number),
                    "parent_type": "asset_version",
                    "key": "shot",
                    "value": f"value {number}",
                }
                for number in numbers
                if number % 10 == 1
            ],
        )
