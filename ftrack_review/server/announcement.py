"""The event ``ftrack.update``: what a committed batch did, in the words of the server.

Attributes have the names of columns (``statusid``), entity types those of tables (``task``), as handlers in
the wild expect them. A value of a custom attribute is told as a change of the entity that has it. What
the server keeps for itself, and what is secret, is not told.

Called by ``announcer``.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ftrack_review.server.lineage import Found, Lineage, server_name

if TYPE_CHECKING:
    from ftrack_review.server.context import CallerLike, Change, Options

__all__ = ["TOPIC", "Batch", "describe"]

TOPIC = "ftrack.update"

#: What events say did it, where the change came through the API.
APPLICATION = "ftrack.api"

# What is told by the change that caused it, and what is nobody's business: keys, sessions, what users set for
# themselves.
_SILENT = frozenset(
    {"ActionLog", "ApiKey", "Event", "Feed", "StatusChange", "UserApplicationState", "UserSession"}
)

# What may be secret, or hold secrets.
_SECRET = frozenset(
    {
        ("EntitySetting", "value"),
        ("ReviewSession", "passphrase"),
        ("Setting", "value"),
        ("WebhookAction", "headers"),
        ("WebhookAction", "webhook_url"),
    }
)

_VALUE = "CustomAttributeValue"
_CONFIGURATION = "CustomAttributeConfiguration"


@dataclass(frozen=True)
class Batch:
    """A committed batch: its *changes*, the *catalogue* it was written with, who sent it and how."""

    changes: Tuple[Change, ...]
    catalogue: Any
    caller: CallerLike
    options: Options


def describe(batch: Batch, connection: Any) -> Optional[Dict[str, Any]]:
    """Return the event for *batch*, by the names of programs, None where there is nothing to tell.

    What the changes refer to is read through *connection*.
    """
    lineage = Lineage(batch.catalogue, connection, batch.changes)
    entries = _entries(batch, lineage)
    if not entries:
        return None
    lineage.load(entry.found for entry in entries)
    parents: Dict[str, None] = {}
    entities = []
    for entry in entries:
        chain = lineage.chain(entry.found)
        parents.update(dict.fromkeys(link["entityId"] for link in chain))
        entities.append(_entity(entry, chain, batch.catalogue))
    caller, options = batch.caller, batch.options
    return {
        "id": uuid.uuid4().hex,
        "topic": TOPIC,
        "target": "",
        "sent": None,
        "in_reply_to_event": None,
        "source": {
            "applicationId": APPLICATION,
            # By this a client recognises its own changes.
            "id": options.client_token or uuid.uuid4().hex,
            "user": {"id": caller.user_id, "username": caller.username},
        },
        "data": {
            "clientToken": options.client_token,
            "pushToken": options.push_token,
            "parents": list(parents),
            "user": {"userid": caller.user_id, "name": _name_of(caller, lineage)},
            "entities": entities,
        },
    }


class _Entry:
    """What happened to one entity."""

    __slots__ = ("action", "changes", "found")

    def __init__(self, found: Found, action: str, changes: Dict[str, Dict[str, Any]]) -> None:
        self.found = found
        self.action = action
        self.changes = changes


def _entries(batch: Batch, lineage: Lineage) -> List[_Entry]:
    types = batch.catalogue.types
    found: Dict[Tuple[str, str], _Entry] = {}
    values: List[Change] = []
    for change in batch.changes:
        entity = types.get(change.entity_type)
        if entity is None or not _SILENT.isdisjoint(entity.lineage):
            continue
        if change.entity_type.endswith(_VALUE):
            values.append(change)
            continue
        identifier = ",".join(map(str, change.key))
        entry = _Entry(
            Found(change.entity_type, identifier, change.row), change.action, _columns(entity, change.values)
        )
        if change.action == "add" and entity.is_a("TypedContext"):
            entry.changes["taskid"] = {"old": None, "new": identifier}
        found[entity.root, identifier] = entry
    _add_values(values, found, lineage, types)
    return [entry for entry in found.values() if entry.changes or entry.action == "remove"]


def _columns(entity: Any, values: Mapping[str, Tuple[Any, Any]]) -> Dict[str, Dict[str, Any]]:
    attributes = entity.schema.attributes
    return {
        attributes[name].alias: {"old": old, "new": new}
        for name, (old, new) in values.items()
        if name in attributes and (entity.name, name) not in _SECRET
    }


def _add_values(
    changes: Iterable[Change],
    found: Dict[Tuple[str, str], _Entry],
    lineage: Lineage,
    types: Mapping[str, Any],
) -> None:
    """Add values of custom attributes to the entries of the entities that have them."""
    placed = []
    for change in changes:
        owner_type = types[change.entity_type].foreign_keys.get("entity_id")
        if owner_type is not None:
            placed.append((change, owner_type, str(change.row["entity_id"])))
    lineage.load_all((owner_type, identifier) for _, owner_type, identifier in placed)
    lineage.load_all((_CONFIGURATION, str(change.row["configuration_id"])) for change, _, _ in placed)
    for change, owner_type, identifier in placed:
        owner = lineage.find(owner_type, identifier)
        configuration = lineage.find(_CONFIGURATION, str(change.row["configuration_id"]))
        if owner is None or configuration is None:
            continue  # Deleted, and its values with it.
        entry = found.setdefault((types[owner_type].root, identifier), _Entry(owner, "update", {}))
        if entry.action == "remove":
            continue
        old, new = change.values.get("value", (change.row.get("value"), None))
        # Where nothing is stored, the value is the default.
        default = configuration.values.get("default")
        if change.action == "add" and entry.action != "add":
            old = default
        elif change.action == "remove":
            new = default
        told = {"old": _text_of(old), "new": _text_of(new)}
        if told["old"] != told["new"] or entry.action == "add":
            entry.changes[str(configuration.values["key"])] = told


def _text_of(stored: Optional[str]) -> Optional[str]:
    """Return the *stored* value of a custom attribute, which is JSON, as events tell it: as text."""
    try:
        value = None if stored is None else json.loads(stored)
    except ValueError:
        return stored  # A default that a studio wrote by hand.
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        return str(value["value"]) if "__type__" in value else stored
    return None if value is None else str(value)


def _entity(entry: _Entry, chain: List[Dict[str, Any]], catalogue: Any) -> Dict[str, Any]:
    found = entry.found
    entity = catalogue.types[found.entity_type]
    is_removed = entry.action == "remove"
    return {
        "entityId": found.identifier,
        "entityType": server_name(entity),
        "entity_type": found.entity_type,
        "action": entry.action,
        "objectTypeId": found.values.get("object_type_id") if entity.is_a("TypedContext") else None,
        "parentId": chain[0]["parentId"],
        "keys": [] if is_removed else list(entry.changes),
        "changes": None if is_removed else entry.changes,
        "parents": chain,
    }


def _name_of(caller: CallerLike, lineage: Lineage) -> str:
    user = lineage.find("Resource", caller.user_id) if caller.user_id else None
    if user is None:
        return caller.username
    names = (user.values.get("first_name"), user.values.get("last_name"))
    return " ".join(name for name in names if name) or user.values.get("username") or caller.username
