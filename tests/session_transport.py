"""A session on a transport that is a function of what it is sent, for tests without a server.

:class:`Answers` keeps rows in dictionaries and answers create, update and delete as a server does; queries are answered
from :attr:`Answers.rows`, by the entity type that the query names, cut to the page that it asks for. Everything sent is in
:attr:`Answers.requests`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, Dict, List, Optional

from ftrack_review.protocol import grammar
from ftrack_review.session import Session


def _type(name: str, properties: Dict[str, Any], **keywords: Any) -> Dict[str, Any]:
    complete = {"id": {"type": "string", "default": "{uid}"}, **properties}
    key = keywords.pop("primary_key", ["id"])
    if key != ["id"]:
        del complete["id"]
    return {
        "id": name,
        "type": "object",
        "properties": complete,
        "primary_key": key,
        "default_projections": keywords.pop("default_projections", key),
        "required": key,
        "immutable": [*key, *keywords.pop("immutable", [])],
        "computed": keywords.pop("computed", []),
        **keywords,
    }


def _text(**more: Any) -> Dict[str, Any]:
    return {"type": "string", **more}


def _one(target: str) -> Dict[str, Any]:
    return {"$ref": target}


def _many(target: str) -> Dict[str, Any]:
    return {"type": "array", "items": {"$ref": target}}


def _mapped(target: str) -> Dict[str, Any]:
    pair = {"key": "key", "value": "value"}
    return {"type": "mapped_array", "items": {"$ref": target}, "key_value_attributes": pair}


_CONTEXT = {
    "name": _text(),
    "context_type": _text(),
    "parent": _one("Context"),
    "parent_id": _text(format="foreign_key"),
    "project": _one("Project"),
    "project_id": _text(format="foreign_key"),
    "children": _many("Context"),
    "notes": _many("Note"),
    "metadata": _mapped("Metadata"),
    "custom_attributes": _mapped("ContextCustomAttributeValue"),
    "link": _text(),
}
_TASK = {
    **_CONTEXT,
    "object_type_id": _text(default="type-task"),
    "status": _one("Status"),
    "status_id": _text(format="foreign_key"),
    "bid": {"type": "number", "default": 0.0},
    "time_logged": {"type": "number"},
    "end_date": _text(format="date-time"),
    "thumbnail_url": {"type": "object"},
    "custom_attribute_links": {**_mapped("Metadata"), "restricted_projection": True},
}

#: A schema with a little of everything.
SCHEMA: List[Dict[str, Any]] = [
    _type("Context", _CONTEXT, default_projections=["context_type", "id", "name"], immutable=["link"]),
    _type(
        "Project",
        _CONTEXT,
        default_projections=["id", "name"],
        immutable=["link"],
        **{"$mixin": {"$ref": "Context"}},
    ),
    _type(
        "TypedContext",
        _TASK,
        default_projections=["id", "name"],
        immutable=["link"],
        **{"$mixin": {"$ref": "Context"}},
    ),
    _type(
        "Task",
        _TASK,
        default_projections=["context_type", "id", "name"],
        immutable=["link", "time_logged", "object_type_id"],
        computed=["time_logged", "link"],
        **{"$mixin": {"$ref": "TypedContext"}},
    ),
    _type("Status", {"name": _text(), "sort": {"type": "integer", "default": 0}, "tasks": _many("Task")}),
    _type(
        "Note",
        {
            "content": _text(),
            "author": _one("User"),
            "user_id": _text(format="foreign_key"),
            "parent_id": _text(),
            "parent_type": _text(),
            "in_reply_to_id": _text(),
            "replies": _many("Note"),
            "metadata": _mapped("Metadata"),
        },
    ),
    _type(
        "NoteLabelLink",
        {"note_id": _text(), "label_id": _text(), "note": _one("Note"), "label": _one("Status")},
        primary_key=["note_id", "label_id"],
    ),
    _type("User", {"username": _text(), "resource_type": _text(default="user"), "thumbnail_id": _text()}),
    _type("Location", {"name": _text()}, default_projections=["id", "name"]),
    _type(
        "Metadata",
        {"parent_id": _text(), "key": _text(), "value": _text(), "parent_type": _text()},
        primary_key=["parent_id", "key"],
        default_projections=["parent_id", "key", "value"],
    ),
    _type(
        "CustomAttributeConfiguration",
        {
            "key": _text(),
            "project_id": _text(),
            "object_type_id": _text(),
            "entity_type": _text(),
            "is_hierarchical": {"type": "boolean"},
            "default": {"type": "variable"},
        },
    ),
    _type(
        "ContextCustomAttributeValue",
        {"configuration_id": _text(), "entity_id": _text(), "key": _text(), "value": {"type": "variable"}},
        primary_key=["configuration_id", "entity_id"],
        default_projections=["configuration_id", "entity_id", "key", "value"],
    ),
]
_KEYS = {document["id"]: document["primary_key"] for document in SCHEMA}

SCHEMA_HASH = hashlib.md5(json.dumps(SCHEMA, sort_keys=True).encode()).hexdigest()

Record = Dict[str, Any]


def record(entity_type: str, key: str, /, **values: Any) -> Record:
    """Return a record with the key ``id``."""
    return {"__entity_type__": entity_type, "id": key, **values}


class Answers:
    """A server made of dictionaries."""

    api_key = None
    api_user = None
    server_url = "http://ftrack.test"

    def __init__(self) -> None:
        self.rows: Dict[str, List[Record]] = {}
        self.requests: List[List[Record]] = []
        #: Asked before everything else; what it returns, unless None, is the answer to the action.
        self.on_action: Optional[Callable[[Record], Any]] = None
        self.information: Record = {
            "version": "dev",
            "schema_hash": SCHEMA_HASH,
            "is_timezone_support_enabled": True,
        }
        self.closed = False

    def call(self, body: str, timeout_s: float) -> bytes:
        assert timeout_s > 0
        actions = json.loads(body)
        self.requests.append(actions)
        results = [self._answer(action) for action in actions]
        errors = [result for result in results if isinstance(result, dict) and "exception" in result]
        return json.dumps(errors[0] if errors else results).encode()

    def close(self) -> None:
        self.closed = True

    def take_requests(self) -> List[List[Record]]:
        """Return what was sent since the last time."""
        requests, self.requests = self.requests, []
        return requests

    def take_queries(self) -> List[str]:
        """Return the expressions that were sent since the last time."""
        return [action["expression"] for request in self.take_requests() for action in request]

    def _answer(self, action: Record) -> Any:
        special = self.on_action(action) if self.on_action is not None else None
        if special is not None:
            return special
        name = action["action"]
        if name == "query_server_information":
            return self.information
        if name == "query_schemas":
            return SCHEMA
        if name == "query":
            return self._answer_query(action["expression"])
        if name in ("create", "update"):
            key = dict(zip(_KEYS[action["entity_type"]], action["entity_key"]))
            return {"action": name, "data": {**action["entity_data"], **key}}
        if name == "delete":
            return {"action": "delete", "data": True}
        return {"exception": "ValidationError", "content": f"Invalid action u'{name}'"}

    def _answer_query(self, expression: str) -> Record:
        statement = grammar.parse(expression)
        rows = self.rows.get(statement.entity_type, [])
        offset = statement.offset or 0
        end = len(rows) if statement.limit is None else offset + statement.limit
        following = end if end < len(rows) else None
        return {"action": "query", "data": rows[offset:end], "metadata": {"next": {"offset": following}}}


class AnsweredSession(Session):
    """A session whose transport is an :class:`Answers`."""

    def __init__(self, answers: Optional[Answers] = None, **arguments: Any) -> None:
        self.answers = answers or Answers()
        arguments.setdefault("schema_cache_path", False)
        super().__init__("http://ftrack.test", "key", "user", **arguments)

    def _connect(self) -> Any:
        return self.answers


def error(content: str = "refused", name: str = "ValidationError") -> Record:
    """Return the error object of an answer."""
    return {"exception": name, "content": content, "error_code": None}
