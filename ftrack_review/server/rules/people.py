"""Rules for users and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping

from ftrack_review.server import ledger
from ftrack_review.server.errors import describe, duplicate_error, validation_error
from ftrack_review.server.rules.stamps import fill
from ftrack_review.server.standard_data import ADMINISTRATOR_ID

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH", "REMOVED"]

# What real servers give a new user (recorded answer to a create).
_DEFAULT_USER_TYPE = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"


def _complete_user(context: RequestContext, row: Row) -> None:
    if not row.added or not row.has("user_type_id") or row.get("user_type_id") is not None:
        return
    user_type = context.catalogue.types["UserType"]
    if context.rows.get(user_type, (_DEFAULT_USER_TYPE,)) is not None:
        fill(context, row, "user_type_id", _DEFAULT_USER_TYPE)


def _finish_users(context: RequestContext, rows: List[Row]) -> None:
    """Let a user name be used once, as people sign in with it."""
    user = rows[0].entity
    column = user.columns["username"]
    changed = [row for row in rows if row.added or column.name in row.before]
    names = [row.get("username") for row in changed if row.get("username") is not None]
    for row in changed:
        if row.get("username") is not None and not row.get("username").strip():
            raise validation_error(
                f"User.username must not be empty ({describe(row.get('username'))})", "username"
            )
    seen: Dict[str, Row] = {}
    for row in context.rows.having(user, column, names):
        name = row.get("username")
        if name in seen:
            raise duplicate_error(f"there is a user with the username {describe(name)} already", "username")
        seen[name] = row


def _user_changed(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    """Lock out who is made inactive, until made active again.

    New users are inactive where nothing else is said, as on real servers, and yet are given keys: only the change
    counts. The account of the server itself stays open, as nobody could open it again.
    """
    if "is_active" in old and row.key[0] != ADMINISTRATOR_ID:
        ledger.lock_user(context.connection, row.key[0], is_locked=not row.get("is_active"))


def _users_removed(context: RequestContext, rows: List[Row]) -> None:
    """Forget who was locked out, as the id may be given to a new user."""
    for row in rows:
        ledger.lock_user(context.connection, row.key[0], is_locked=False)


CHANGED = {"User": _user_changed}
COMPLETE = {"User": _complete_user}
FINISH = {"User": _finish_users}
REMOVED = {"User": _users_removed}
