"""Rules for what only an administrator may do: shape the site, make users and give them roles.

Who has the security role Administrator may do everything, and so may the account that the first start made.
Everybody else works in projects: contexts, versions, notes, lists, reviews, jobs. What a review session's guests may
do is decided where they come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ftrack_review.server.errors import describe, permission_error
from ftrack_review.server.standard_data import ADMINISTRATOR_ID

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["ADMINISTRATOR", "GUARD", "check_own", "is_administrator", "require_administrator"]

#: The name of the security role that may do everything.
ADMINISTRATOR = "Administrator"

# What holds for the whole site. Each stands for all that derive from it.
_SITE = (
    "Action",
    "ApiKey",
    "AssetType",
    "Automation",
    "CustomAttributeGroup",
    "CustomAttributeType",
    "CustomConfigurationBase",
    "Disk",
    "Group",
    "ManagerType",
    "Membership",
    "ObjectType",
    "Priority",
    "ProjectSchema",
    "ProjectSchemaObjectType",
    "ProjectSchemaOverride",
    "Schema",
    "SchemaStatus",
    "SchemaType",
    "SecurityRole",
    "Setting",
    "SettingComponent",
    "State",
    "Status",
    "StatusRule",
    "StatusRuleGroup",
    "TaskTypeSchema",
    "TaskTypeSchemaType",
    "Trigger",
    "Type",
    "UserSecurityRole",
    "UserSecurityRoleProject",
    "UserType",
    "WorkflowSchema",
    "WorkflowSchemaStatus",
)

# Of their own account, people may change everything but these.
_GIVEN = ("is_active", "user_type_id", "username")


def is_administrator(context: RequestContext) -> bool:
    """Return whether the caller may do everything. It is looked up once for each request that asks."""
    caller = context.caller
    if getattr(caller, "is_system", False) or caller.user_id == ADMINISTRATOR_ID:
        return True
    if "is_administrator" not in context.memory:
        context.memory["is_administrator"] = _has_role(context, caller.user_id)
    return bool(context.memory["is_administrator"])


def require_administrator(context: RequestContext, what: str) -> None:
    """Raise the fault unless the caller is an administrator. *what* says what was to be done."""
    if not is_administrator(context):
        raise permission_error(
            f"Only an administrator may {what}, and {describe(context.caller.username)} is none. An administrator "
            f"can give the security role {ADMINISTRATOR}."
        )


def check_own(context: RequestContext, user_id: Optional[str], what: str) -> None:
    """Raise the fault unless the caller is the user *user_id* or an administrator."""
    if user_id is None or user_id != context.caller.user_id:
        require_administrator(context, what)


def _has_role(context: RequestContext, user_id: Optional[str]) -> bool:
    types = context.catalogue.types
    given, role = types.get("UserSecurityRole"), types.get("SecurityRole")
    if given is None or role is None or not user_id:
        return False
    rows = context.rows.having(given, given.columns["user_id"], [user_id])
    # What this very request gives does not count.
    keys = [(row.get("security_role_id"),) for row in rows if not row.added and not row.before]
    context.rows.load(role, keys)
    found = (context.rows.get(role, key) for key in keys if key[0])
    return any(row is not None and row.get("name") == ADMINISTRATOR for row in found)


def _guard_site(context: RequestContext, row: Row, removing: bool) -> None:
    require_administrator(context, f"{_verb(row, removing)} {row.name}")


def _guard_user(context: RequestContext, row: Row, removing: bool) -> None:
    is_own = not row.added and not removing and row.key[0] == context.caller.user_id
    columns = [row.entity.columns[name].name for name in _GIVEN if name in row.entity.columns]
    if not is_own or any(column in row.before for column in columns):
        require_administrator(context, f"{_verb(row, removing)} users")


def _guard_state(context: RequestContext, row: Row, removing: bool) -> None:
    check_own(context, row.get("user_id"), f"{_verb(row, removing)} what belongs to another user")


def _verb(row: Row, removing: bool) -> str:
    if removing:
        return "delete"
    return "create" if row.added else "change"


GUARD: Any = {
    **dict.fromkeys(_SITE, _guard_site),
    "User": _guard_user,
    "UserApplicationState": _guard_state,
}
