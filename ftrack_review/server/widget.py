"""The page for widgets: an entity or the caller's tasks, behind an address that is good for minutes.

Called by ``dispatch`` for ``get_widget_url``, and by ``pages`` for the page itself.
"""

from __future__ import annotations

import urllib.parse
from typing import Any, Dict, Mapping

from ftrack_review.protocol.grammar import quote
from ftrack_review.server import ledger
from ftrack_review.server.access import Caller
from ftrack_review.server.context import Options
from ftrack_review.server.errors import describe, not_found, validation_error

__all__ = ["contents", "handle_get_widget_url"]

#: For how long the address of a widget is good, in seconds (protocol.md 2.9).
WIDGET_LIFETIME_S = 6 * 60

_WIDGETS = ("info", "tasks", "tasks_browser")


def handle_get_widget_url(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Answer with the address of a page that shows an entity or the caller's tasks, good for six minutes."""
    name = action.get("name")
    if name not in _WIDGETS:
        raise validation_error(
            f"There is no widget {describe(name)}; there are {', '.join(_WIDGETS)}.", "name"
        )
    key = action.get("entity_key")
    if isinstance(key, list):
        key = key[0] if key else None
    if key is not None and not isinstance(key, str):
        raise validation_error(f"entity_key must be the key of an entity, not {describe(key)}.", "entity_key")
    token = context.server.signer.sign(
        "widget",
        context.caller.user_id,
        lifetime_s=WIDGET_LIFETIME_S,
        name=name,
        theme="light" if action.get("theme") == "light" else "dark",
        type=action.get("entity_type"),
        key=key,
    )
    return {"widget_url": f"{context.base_url()}/widget?{urllib.parse.urlencode({'token': token})}"}


def contents(server: Any, claims: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the widget with the *claims* of its token shows."""
    values: Dict[str, Any] = {"title": "Tasks", "theme": claims.get("theme", "dark"), "rows": []}
    caller = Caller(claims["s"], "")
    if claims["name"] == "info":
        values["title"] = "Info"
        entity_type, key = str(claims.get("type")), claims.get("key")
        if key and entity_type in server.catalogue.types:
            with server.store.read() as connection:
                row = ledger.find_entity(connection, server.catalogue, entity_type, key)
            if row is None:
                raise not_found("What this shows was deleted.")
            values["title"] = str(row.get("name") or row["__entity_type__"])
            shown = ("__entity_type__", "name", "description", "comment", "version", "created_at", "date")
            values["rows"] = [
                (name.strip("_").replace("_", " "), row[name])
                for name in shown
                if row.get(name) not in (None, "")
            ]
        return values
    expression = (
        "select name, parent.name, status.name from Task "
        f"where assignments any (resource_id is {quote(claims['s'])}) order by name limit 200"
    )
    action = {"action": "query", "expression": expression}
    tasks = server.dispatch([action], caller, Options(strict=True, denormalize=True))[0]["data"]
    values["rows"] = [
        (
            f"{(task.get('parent') or {}).get('name') or ''} / {task['name']}".lstrip(" /"),
            (task.get("status") or {}).get("name") or "",
        )
        for task in tasks
    ]
    return values
