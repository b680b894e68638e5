"""Requests at random: bodies and headers, from nearly right to beyond recognition."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from tests.fuzz.expressions import Expressions

if TYPE_CHECKING:
    import random

_SQL = (
    "'; DROP TABLE context; --",
    '" OR ""="',
    "1); DELETE FROM user; --",
    "%' UNION SELECT * FROM _api_key --",
)
_PATHS = (
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\x",
    "..",
    ".",
    "a/../../b",
    "%2e%2e%2f",
    "con",
    "a\nb",
    "\u202e.exe",
)
_TEXTS = (
    "",
    " ",
    "x",
    "none",
    "true",
    "0",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\U0001f600",
    "é" * 300,
    "y" * 70_000,
    "{0}",
    "{__class__}",
    "%s%n",
    "<script>",
    "2024-02-30T25:61:00",
    "a@b",
    *_SQL,
    *_PATHS,
)
_NUMBERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**64), 10**30, 0.1, -0.0, 1e308, 5e-324)
_TYPES = (
    "",
    "Nope",
    "task",
    "Version",
    "object",
    "__class__",
    "Context",
    "Resource",
    "CustomAttributeValue",
    "_api_key",
)
_CREATED = (
    "Asset",
    "AssetVersion",
    "FileComponent",
    "Metadata",
    "Note",
    "Project",
    "ReviewSession",
    "Shot",
    "Task",
    "Timelog",
    "User",
)


class Requests:
    """Makes the bodies and headers of requests to a *studio*, out of *chance*."""

    def __init__(self, chance: random.Random, studio: Any, known: List[str]) -> None:
        self._chance = chance
        self._catalogue = studio.server.catalogue
        self._names = list(self._catalogue.types)
        self._expressions = Expressions(chance, self._catalogue, known)
        self._ids = [
            "alpha",
            "beta",
            "sq1",
            "sh1",
            "t1",
            "t2",
            "a1",
            "v1",
            "v3",
            "c1",
            "c2",
            "c5",
            "n1",
            "r1",
            "r2",
            "o1",
            "i1",
            "l1",
            "anna",
            "ben",
            "crew",
            "j1",
            "ca-level",
        ]
        self._makers: Tuple[Callable[[], Dict[str, Any]], ...] = (
            *(self._query,) * 6,
            *(self._create,) * 5,
            *(self._update,) * 5,
            self._delete,
            self._search,
            self._upload,
            self._other,
        )

    def make(self) -> Tuple[bytes, Dict[str, str]]:
        """Return the body and the headers of a request."""
        chance = self._chance
        actions: Any = [self.action() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        kind = chance.random()
        if kind < 0.03:
            actions = chance.choice(
                (actions[0], {"actions": actions}, None, 1, "x", [actions], [None], [1, "x"], [])
            )
        elif kind < 0.06:
            actions = self._mutate(actions)
        return self._encode(actions), self._headers()

    def action(self) -> Dict[str, Any]:
        """Return one action, of which a part may be wrong."""
        action = self._chance.choice(self._makers)()
        while self._chance.random() < 0.25:
            name = self._chance.choice([*action, "action", "entity_type", "extra"])
            if self._chance.random() < 0.3:
                action.pop(name, None)
            else:
                action[name] = self._odd()
        return action

    # Actions

    def _query(self) -> Dict[str, Any]:
        return {"action": "query", "expression": self._expressions.make()}

    def _create(self) -> Dict[str, Any]:
        name = self._type(_CREATED)
        data = self._data(name)
        return {"action": "create", "entity_type": name, "entity_data": data}

    def _update(self) -> Dict[str, Any]:
        name = self._type(
            ("Task", "AssetVersion", "Note", "ReviewSession", "ContextCustomAttributeValue", "Project")
        )
        return {
            "action": "update",
            "entity_type": name,
            "entity_key": self._key(name),
            "entity_data": self._data(name),
        }

    def _delete(self) -> Dict[str, Any]:
        name = self._type(("Note", "Metadata", "Timelog", "Job"))
        return {"action": "delete", "entity_type": name, "entity_key": self._key(name)}

    def _search(self) -> Dict[str, Any]:
        chance = self._chance
        return {
            "action": "search",
            "entity_type": self._type(("Task", "Project", "AssetVersion", "User")),
            "terms": chance.choice((["anim"], [], ["%", "\\%", "_"], list(_SQL), self._odd())),
            "expression": self._expressions.make(),
            "context_id": chance.choice(("alpha", None, "nobody", self._odd())),
            "object_type_ids": chance.choice((None, [], ["x"], self._odd())),
        }

    def _upload(self) -> Dict[str, Any]:
        chance = self._chance
        if chance.random() < 0.3:
            parts = [{"part_number": chance.choice((1, 0, "x", None)), "e_tag": self._odd()}]
            return {
                "action": "complete_multipart_upload",
                "component_id": self._id(),
                "upload_id": self._odd(),
                "parts": chance.choice((parts, [], self._odd())),
            }
        return {
            "action": "get_upload_metadata",
            "component_id": chance.choice((self._id(), *_PATHS, self._odd())),
            "file_name": chance.choice((*_PATHS, "a.mov", self._odd())),
            "file_size": chance.choice((1, 0, -1, 2**70, "x", self._odd())),
            "checksum": chance.choice((None, "", "x", "AAAAAAAAAAAAAAAAAAAAAA==", self._odd())),
            "parts": chance.choice((None, 3, 0, 10_001, 10**9, self._odd())),
        }

    def _other(self) -> Dict[str, Any]:
        chance, odd = self._chance, self._odd
        return chance.choice(
            (
                {
                    "action": "query_server_information",
                    "values": chance.choice((None, ["license", "nope"], odd())),
                },
                {"action": "query_schemas"},
                {"action": "reset_remote", "reset_type": odd(), "entity_type": "User", "entity_key": odd()},
                {"action": "get_widget_url", "name": odd(), "theme": odd(), "entity_key": odd()},
                {
                    "action": "encode_media",
                    "component_id": odd(),
                    "version_id": odd(),
                    "keep_original": odd(),
                },
                {"action": "send_user_invite", "user_id": odd()},
                {"action": "send_review_session_invite", "review_session_invitee_id": odd()},
                {"action": "generate_signed_url", "component_id": self._id(), "operation": odd()},
                {"action": "permissions", "data": odd()},
                {"action": "compute_rollups", "data": odd()},
                {"action": odd()},
                {
                    "action": chance.choice(
                        ("assume_user", "delayed_job", "configure_otp", "__init__", "_write", "handle")
                    )
                },
            )
        )

    # What they are about

    def _type(self, usual: Any) -> Any:
        kind = self._chance.random()
        if kind < 0.6:
            return self._chance.choice(list(usual))
        return self._chance.choice(self._names) if kind < 0.95 else self._chance.choice(_TYPES)

    def _id(self) -> str:
        return self._chance.choice(self._ids) if self._chance.random() < 0.8 else self._chance.choice(_TEXTS)

    def _key(self, name: Any) -> Any:
        kind = self._chance.random()
        if kind < 0.1:
            return self._odd()
        if kind < 0.2:
            return self._id()
        entity = self._catalogue.types.get(name)
        count = 1 if entity is None else len(entity.primary_key)
        return [self._id() for _ in range(count + (self._chance.random() < 0.05))]

    def _data(self, name: Any) -> Any:
        chance, data = self._chance, {"__entity_type__": name}
        entity = self._catalogue.types.get(name)
        attributes = list(entity.schema.attributes) if entity is not None else ["id", "name"]
        for attribute in chance.sample(attributes, min(len(attributes), chance.randint(0, 5))):
            data[attribute] = self._value(None if entity is None else entity.schema.attributes[attribute])
        if chance.random() < 0.05:
            data[chance.choice(_TEXTS)] = self._odd()
        return data

    def _value(self, attribute: Any) -> Any:
        chance = self._chance
        if attribute is None or chance.random() < 0.3:
            return self._odd()
        if attribute.is_time:
            return chance.choice(
                ({"__type__": "datetime", "value": "2024-01-01T00:00:00"}, self._time(), "2024-01-01")
            )
        if attribute.kind == "reference":
            return self._reference(attribute.target)
        if attribute.kind in ("collection", "mapping"):
            return [self._reference(attribute.target) for _ in range(chance.randint(0, 2))]
        if attribute.kind in ("integer", "number"):
            return chance.choice(_NUMBERS)
        if attribute.kind == "boolean":
            return chance.choice((True, False, 0, 1, 2, "true"))
        return self._id() if attribute.name.endswith("id") else chance.choice(_TEXTS)

    def _reference(self, target: Any) -> Any:
        chance = self._chance
        if chance.random() < 0.1:
            return self._odd()
        name = target if chance.random() < 0.8 else chance.choice(self._names)
        entity = self._catalogue.types.get(name)
        keys = ("id",) if entity is None else entity.primary_key
        return {"__entity_type__": name, **{key: self._id() for key in keys if chance.random() < 0.95}}

    def _time(self) -> Dict[str, Any]:
        value = self._chance.choice(
            (*_TEXTS, None, 5, [], "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
        )
        return {"__type__": self._chance.choice(("datetime", "date", "x")), "value": value}

    def _odd(self, depth: int = 2) -> Any:
        chance = self._chance
        kind = chance.randint(0, 9)
        if kind < 4:
            return chance.choice(_TEXTS)
        if kind == 4:
            return chance.choice(_NUMBERS)
        if kind == 5:
            return chance.choice((None, True, False))
        if kind == 6:
            return self._id()
        if kind == 7:
            return self._time()
        if not depth:
            return chance.choice(([], {}))
        if kind == 8:
            return [self._odd(depth - 1) for _ in range(chance.randint(0, 3))]
        return {
            chance.choice(("id", "__entity_type__", "x", "")): self._odd(depth - 1)
            for _ in range(chance.randint(0, 2))
        }

    def _mutate(self, value: Any) -> Any:
        """Replace one part of *value*, however deep it lies."""
        if isinstance(value, list) and value and self._chance.random() < 0.8:
            place = self._chance.randrange(len(value))
            return [*value[:place], self._mutate(value[place]), *value[place + 1 :]]
        if isinstance(value, dict) and value and self._chance.random() < 0.8:
            name = self._chance.choice(list(value))
            return {**value, name: self._mutate(value[name])}
        return self._odd()

    # On the wire

    def _encode(self, actions: Any) -> bytes:
        chance = self._chance
        text = json.dumps(actions)
        kind = chance.random()
        if kind < 0.9:
            return text.encode()
        if kind < 0.91:
            return text.encode("utf-16")
        if kind < 0.92:
            return b"\xef\xbb\xbf" + text.encode()
        if kind < 0.93:
            return text.replace('"', "'").encode()
        if kind < 0.95:
            return text.encode()[: chance.randint(0, len(text))]
        if kind < 0.96:
            depth = chance.choice((100, 1_000, 100_000))
            return b"[" * depth + b"]" * chance.choice((0, depth))
        if kind < 0.97:
            depth = chance.choice((100, 2_000, 50_000))
            body = '{"a":' * depth + "1" + "}" * depth
            return (
                '[{"action":"create","entity_type":"Dashboard","entity_data":{"name":' + body + "}}]"
            ).encode()
        if kind < 0.98:
            number = chance.choice(
                ("NaN", "Infinity", "-Infinity", "1e400", "-1e999", "9" * 5_000, "1" * 400 + ".5")
            )
            return text.replace('"query"', number, 1).replace(": 1", f": {number}", 1).encode()
        damaged = bytearray(text.encode())
        for _ in range(chance.randint(1, 6)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        return bytes(damaged)

    def _headers(self) -> Dict[str, str]:
        chance = self._chance
        headers = {"ftrack-strict-api": "true"}
        if chance.random() < 0.1:
            options = ("strict:1;denormalize:1", "denormalize=1;strict=1", ";;=:", "x" * 5_000, "strict:é")
            headers["ftrack-api-options"] = chance.choice(options)
        if chance.random() < 0.1:
            headers["ftrack-clienttoken"] = chance.choice(("undefined", "", "x" * 5_000, "é", *_SQL))
            headers["ftrack-pushtoken"] = chance.choice(("undefined", "", "é"))
        if chance.random() < 0.1:
            headers["accept-encoding"] = chance.choice(("gzip", "br", "gzip;q=0", "x"))
        if chance.random() < 0.05:
            headers["ftrack-user"] = chance.choice(("admin", "", "é", "x" * 5_000, *_SQL))
            headers["ftrack-api-key"] = chance.choice(("", "x", "é", *_SQL))
        return headers
