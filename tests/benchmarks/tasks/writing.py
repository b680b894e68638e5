"""Commits, and populating while changes wait."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from tests.benchmarks.site import PROJECT_ID, identify
from tests.benchmarks.tasks.querying import NESTED

if TYPE_CHECKING:
    from tests.benchmarks.child import Bench

TASKS = "select name, description, bid from Task where sort < {}"
PROJECT = f'select name from Project where id is "{PROJECT_ID}"'
STATUS = f'select name from Status where id is "{identify("Status", 0)}"'


def create(bench: Bench) -> None:
    """Create entities with five values, two of them references, and commit once."""
    if bench.is_limit:
        bench.open_http()
        with bench.measuring():
            actions = [_creation(f"task_{number}") for number in range(bench.size)]
            results = bench.post(json.dumps(actions))
        bench.result["rows"] = len(results)
        return
    session = bench.open_session()
    project, status = session.query(PROJECT).one(), session.query(STATUS).one()
    # The classes are made before, as they are in a program that has done anything.
    session.create("Task", {"name": "first", "parent": project, "project": project, "status": status})
    session.commit()
    with bench.measuring():
        tasks = [
            session.create(
                "Task",
                {
                    "name": f"task_{number}",
                    "parent": project,
                    "project": project,
                    "status": status,
                    "bid": 3600.0,
                },
            )
            for number in range(bench.size)
        ]
        session.commit()
    bench.result["rows"] = len(tasks)


def _creation(name: str) -> dict[str, Any]:
    identifier = str(uuid.uuid4())
    project = {"__entity_type__": "Project", "id": PROJECT_ID}
    return {
        "action": "create",
        "entity_type": "Task",
        "entity_key": [identifier],
        "entity_data": {
            "__entity_type__": "Task",
            "id": identifier,
            "name": name,
            "parent": project,
            "project": project,
            "status": {"__entity_type__": "Status", "id": identify("Status", 0)},
            "bid": 3600.0,
        },
    }


def update(bench: Bench) -> None:
    """Set two attributes of many entities and commit once."""
    text = TASKS.format(bench.size)
    if bench.is_limit:
        bench.open_http()
        rows = bench.post(json.dumps([{"action": "query", "expression": text}]))[0]["data"]
        bench.post(json.dumps([_update(rows[0]["id"], "first")]))
        with bench.measuring():
            actions = [_update(row["id"], f"changed {number}") for number, row in enumerate(rows)]
            results = bench.post(json.dumps(actions))
        bench.result["rows"] = len(results)
        return
    session = bench.open_session()
    tasks = session.query(text).all()
    # What the first commit of a process loads is there, as with the other tasks.
    tasks[0]["description"], tasks[0]["bid"] = "first", 1.5
    session.commit()
    with bench.measuring():
        for number, task in enumerate(tasks):
            task["description"] = f"changed {number}"
            task["bid"] = 1.5
        session.commit()
    bench.result["rows"] = len(tasks)


def _update(identifier: str, description: str) -> dict[str, Any]:
    return {
        "action": "update",
        "entity_type": "Task",
        "entity_key": [identifier],
        "entity_data": {"__entity_type__": "Task", "description": description, "bid": 1.5},
    }


def small_commits(bench: Bench) -> None:
    """Change one attribute and commit, twenty times, with *size* versions and what belongs to them in the session."""
    session = bench.open_session()
    kept = session.query(NESTED.format(bench.size)).all() if bench.size else []
    task = session.query(TASKS.format(1)).one()
    rounds = bench.options.get("rounds", 20)
    task["description"] = "first"
    session.commit()
    with bench.measuring(20 / rounds):
        for number in range(rounds):
            task["description"] = f"round {number}"
            session.commit()
    bench.result["rows"] = len(kept)


def populate(bench: Bench) -> None:
    """Populate one hundred entities while *size* changes of others wait."""
    session = bench.open_session()
    tasks = session.query(f"select name from Task where sort < {bench.size + 200}").all()
    for task in tasks[200:]:
        task["name"] = "changed"
    session.populate(tasks[100:200], "description, bid, sort")
    with bench.measuring():
        session.populate(tasks[:100], "description, bid, sort")
        for task in tasks[:100]:
            task["description"], task["bid"], task["sort"]
    bench.result["rows"] = len(tasks)
