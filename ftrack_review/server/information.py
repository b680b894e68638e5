"""What a client asks the server about itself, and the renewal of API keys."""

# ruff: noqa: ARG001, ARG005 - all handlers take the same arguments.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping

from ftrack_review.server.errors import describe, not_found, validation_error
from ftrack_review.server.forms import entity_named
from ftrack_review.server.rules import permissions

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext

__all__ = ["handle_nothing", "handle_query_server_information", "handle_reset_remote"]

#: What the server says it is. Clients want "dev" or at least 3.3.11.
VERSION = "dev"


def handle_query_server_information(context: RequestContext, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the facts that every client reads, and those that ``values`` names."""
    answer: Dict[str, Any] = {
        "version": VERSION,
        "schema_hash": context.catalogue.hash,
        "is_timezone_support_enabled": True,
        "storage_scenario": _storage_scenario(context),
    }
    values = action.get("values")
    for name in values if isinstance(values, list) else ():
        if isinstance(name, str) and name in _MORE:
            answer[name] = _MORE[name](context)
    return answer


def _storage_scenario(context: RequestContext) -> Dict[str, Any]:
    """Return which storage clients shall use, as the setting says that the wizard of ftrack writes."""
    setting = context.catalogue.types.get("Setting")
    row = None
    if setting is not None:
        key = {"name": "storage_scenario", "group": "STORAGE"}
        row = context.rows.get(setting, [key[name] for name in setting.primary_key])
    try:
        found = json.loads(row.get("value")) if row is not None else None
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("scenario"), str):
        return {"data": {}, "scenario": "ftrack.automatic"}
    data = found.get("data")
    return {"data": data if isinstance(data, dict) else {}, "scenario": found["scenario"]}


def handle_nothing(context: RequestContext, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Return no data, for actions whose answer nobody has published."""
    return {"action": action["action"], "data": []}


def handle_reset_remote(context: RequestContext, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Renew the API key of a user: the former ordinary keys end, and the new one is shown this once."""
    from ftrack_review.server import access

    kind = action.get("reset_type")
    if kind != "api_key":
        raise validation_error(f"reset_type must be 'api_key', not {describe(kind)}", "reset_type")
    entity = entity_named(context.catalogue, action.get("entity_type") or "User")
    key = action.get("entity_key")
    parts = key if isinstance(key, list) else [key]
    if len(parts) != 1 or not isinstance(parts[0], str):
        raise validation_error(
            f"reset_remote needs the id of a user as entity_key, not {describe(key)}", "entity_key"
        )
    row = context.rows.get(entity, (parts[0],)) if entity.is_a("Resource") else None
    if row is None or not row.entity.is_a("User"):
        raise not_found(f"There is no User {describe(parts[0])} whose API key could be reset")
    permissions.check_own(context, parts[0], "reset the API key of another user")
    # Within the transaction: a batch that fails leaves the old key as it was.
    secret = access.issue_key(context.connection, parts[0], now=context.now, name="api_key")
    return {"action": "reset_remote", "data": {"api_key": secret}}


def _user_information(context: RequestContext) -> Dict[str, Any]:
    caller = context.caller
    user = None
    if caller.user_id is not None:
        user = context.rows.get(context.catalogue.types["Resource"], (caller.user_id,))
    return {
        "access_key_id": caller.key_id,
        "id": caller.user_id,
        "is_global_access_key": False,
        "restricted_user": False,
        "username": caller.username,
        "first_name": None if user is None else user.get("first_name"),
        "last_name": None if user is None else user.get("last_name"),
        "thumbnail_id": None if user is None else user.get("thumbnail_id"),
        "thumbnail_url": None,
        "permissions": [],
    }


_MORE: Dict[str, Callable[[Any], Any]] = {
    "company_information": lambda context: {"logo_url": None, "name": "ftrack-review"},
    "custom_widget": lambda context: {},
    "default_colors": lambda context: [],
    "display_task_dates_as_time": lambda context: False,
    "display_week_numbers": lambda context: True,
    "is_nested_subqueries_enabled": lambda context: True,
    "license": lambda context: [],
    "preferred_language": lambda context: "en",
    "product": lambda context: None,
    "storage_limit": lambda context: None,
    "user_information": _user_information,
    "week_startday": lambda context: 1,
    "workday_length": lambda context: 8 * 60 * 60,
}
