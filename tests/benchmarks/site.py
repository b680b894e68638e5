"""What the stub server knows: a site of any size, worked out from numbers when it is asked for.

Version *n* is the same in every run. A site is realistic in what its answers weigh: two versions per task, four per
asset, twenty users, ten statuses, two components and one note per version.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Callable

__all__ = ["PROJECT_ID", "answer_query", "identify"]

_KINDS = (
    "Project",
    "Task",
    "Asset",
    "AssetVersion",
    "Status",
    "User",
    "FileComponent",
    "Note",
    "Type",
    "Location",
)

# What a server sends with every entity of a type, asked for or not (protocol.md 3.3).
_SYSTEM_PROJECTIONS = {
    "Task": ("context_type", "object_type_id", "project_id"),
    "Asset": ("context_id", "project_id"),
    "AssetVersion": ("asset_id", "project_id"),
    "User": ("resource_type",),
    "FileComponent": ("system_type", "version_id", "container_id"),
    "Note": ("project_id",),
}
_SERVER_LOCATION_ID = "3a372bde-05bc-11e4-8908-20c9d081909b"
_TASK_OBJECT_TYPE_ID = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"

_PAGE = re.compile(r"\s+offset\s+(?P<offset>\d+)|\s+limit\s+(?P<limit>\d+)")
_QUERY = re.compile(
    r"^\s*(?:select\s+(?P<projections>.*?)\s+from\s+)?(?P<type>\w+)(?:\s+where\s+(?P<criteria>.*))?$",
    re.DOTALL,
)
_RANGE = re.compile(r"\b(?:version|sort)\s*<\s*(\d+)")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def identify(entity_type: str, number: int) -> str:
    """Return the id of an entity: a UUID that tells its type and number."""
    return f"{_KINDS.index(entity_type) + 0xA0B0C0D0:08x}-77aa-4bbb-8ccc-{number:012x}"


PROJECT_ID = identify("Project", 0)


def _time(number: int) -> dict[str, str]:
    day, second = divmod(number * 97, 86400)
    text = f"2024-{1 + day // 28 % 12:02d}-{1 + day % 28:02d}"
    return {
        "__type__": "datetime",
        "value": f"{text}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
    }


def _task(number: int) -> dict[str, Any]:
    return {
        "name": f"compositing_{number:05d}",
        "description": f"Composite the shot {number} with the approved plates and the current light rig.",
        "context_type": "task",
        "object_type_id": _TASK_OBJECT_TYPE_ID,
        "project_id": PROJECT_ID,
        "parent_id": PROJECT_ID,
        "status_id": identify("Status", number % 10),
        "bid": 3600.0 * (number % 40),
        "sort": float(number),
        "start_date": _time(number),
        "end_date": _time(number + 5000),
        "status": ("Status", number % 10),
        "type": ("Type", number % 8),
        "project": ("Project", 0),
        "parent": ("Project", 0),
    }


def _version(number: int) -> dict[str, Any]:
    return {
        "version": number,
        "comment": f"Version {number}: edges of the key repaired, grain matched.",
        "date": _time(number),
        "is_published": True,
        "asset_id": identify("Asset", number // 4),
        "project_id": PROJECT_ID,
        "status_id": identify("Status", number % 7),
        "task_id": identify("Task", number // 2),
        "user_id": identify("User", number % 20),
        "asset": ("Asset", number // 4),
        "task": ("Task", number // 2),
        "status": ("Status", number % 7),
        "user": ("User", number % 20),
        "project": ("Project", 0),
        "components": [("FileComponent", 2 * number), ("FileComponent", 2 * number + 1)],
        "notes": [("Note", number)],
    }


def _asset(number: int) -> dict[str, Any]:
    return {
        "name": f"asset_{number:05d}",
        "context_id": PROJECT_ID,
        "project_id": PROJECT_ID,
        "parent": ("Project", 0),
        "project": ("Project", 0),
    }


def _status(number: int) -> dict[str, Any]:
    return {"name": f"Status {number}", "color": f"#{number:02d}5588", "sort": number, "is_active": True}


def _user(number: int) -> dict[str, Any]:
    return {
        "username": f"user.{number}@example.com",
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "email": f"user.{number}@example.com",
        "is_active": True,
        "resource_type": "user",
    }


def _component(number: int) -> dict[str, Any]:
    return {
        "name": "main" if number % 2 else "preview",
        "file_type": ".mov",
        "size": 1000 + number,
        "system_type": "file",
        "version_id": identify("AssetVersion", number // 2),
        "container_id": None,
    }


def _note(number: int) -> dict[str, Any]:
    return {
        "content": f"Note {number}: please look at the left edge.",
        "date": _time(number),
        "project_id": PROJECT_ID,
    }


def _location(_: int) -> dict[str, Any]:
    return {"name": "ftrack.server", "label": "Server", "description": ""}


def _plain(number: int) -> dict[str, Any]:
    return {"name": f"name_{number}", "full_name": f"Name {number}", "context_type": "show"}


_MAKERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "Task": _task,
    "AssetVersion": _version,
    "Asset": _asset,
    "Status": _status,
    "User": _user,
    "FileComponent": _component,
    "Note": _note,
    "Location": _location,
}


@functools.lru_cache(maxsize=200_000)
def _values(entity_type: str, number: int) -> dict[str, Any]:
    return _MAKERS.get(entity_type, _plain)(number)


def _read_projections(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in text.split(","):
        branch = tree
        for name in path.strip().split("."):
            branch = branch.setdefault(name, {})
    return tree


class _Answer:
    """One answer, in which each attribute of an entity is written once, as real servers do (protocol.md 3.4)."""

    def __init__(self) -> None:
        self._written: set[tuple[str, int, str]] = set()

    def write(self, entity_type: str, number: int, tree: dict[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"__entity_type__": entity_type, "id": identify(entity_type, number)}
        if entity_type == "Location":
            record["id"] = _SERVER_LOCATION_ID
        values = _values(entity_type, number)
        for name in (*_SYSTEM_PROJECTIONS.get(entity_type, ()), *tree):
            mark = (entity_type, number, name)
            if name == "id" or mark in self._written:
                continue
            self._written.add(mark)
            value = values.get(name)
            branch = tree.get(name, {})
            if type(value) is tuple:
                value = self.write(value[0], value[1], branch)
            elif type(value) is list:
                value = [self.write(kind, other, branch) for kind, other in value]
            record[name] = value
        return record


def answer_query(expression: str) -> dict[str, Any]:
    """Return the result of the query *expression*: a range of ``version`` or ``sort``, or ids.

    Raise :exc:`ValueError` for what the tasks of the benchmark do not ask.
    """
    offset, limit = 0, None
    for found in _PAGE.finditer(expression):
        if found["offset"] is not None:
            offset = int(found["offset"])
        else:
            limit = int(found["limit"])
    query = _QUERY.match(_PAGE.sub("", expression).strip())
    if query is None:
        raise ValueError(f"The stub does not understand {expression[:200]!r}.")
    criteria = query["criteria"] or ""
    bound = _RANGE.search(criteria)
    numbers: Any
    if bound is not None:
        numbers = range(int(bound[1]))
    elif query["type"] not in _KINDS:
        numbers = []
    elif "name is" in criteria:
        numbers = range(1)
    else:
        numbers = [int(identifier[-12:], 16) for identifier in _IDENTIFIER.findall(criteria)]
    page = numbers[offset:] if limit is None else numbers[offset : offset + limit]
    following = offset + len(page)
    tree = _read_projections(query["projections"] or "id")
    answer = _Answer()
    return {
        "action": "query",
        "data": [answer.write(query["type"], number, tree) for number in page],
        "metadata": {"next": {"offset": following if following < len(numbers) else None}},
    }
