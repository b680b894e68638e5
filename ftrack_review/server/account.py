"""Accounts that the operator of a server makes by hand. Called by the command line, also while the server runs."""

from __future__ import annotations

import re
import uuid
from typing import Any, Dict, List, Optional, Sequence

from ftrack_review.exception import ConfigurationError, NotUniqueError
from ftrack_review.server import ledger
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.mail import is_address

__all__ = ["add_user"]

# What would break an HTTP header or a line of a list.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def add_user(
    server: Any,
    username: str,
    *,
    email: str,
    first_name: Optional[str] = None,
    last_name: Optional[str] = None,
    roles: Sequence[str] = (),
) -> str:
    """Create the user *username* with the security *roles*, ``User`` if not given, on *server* and return the id.

    A key is issued separately.

    Raise NotUniqueError where the name is taken, and ConfigurationError for a name, an address or a role that is none.
    """
    if not username.strip() or username != username.strip() or _CONTROL.search(username):
        raise ConfigurationError(f"{username!r} cannot be the name of a user.")
    if not is_address(email):
        raise ConfigurationError(f"{email!r} is no e-mail address.")
    with server.store.read() as connection:
        if ledger.find_user(connection, server.catalogue, username) is not None:
            raise NotUniqueError(f"There is a user {username!r} already.")
    user_id = str(uuid.uuid4())
    values = {
        "__entity_type__": "User",
        "id": user_id,
        "username": username,
        "email": email,
        "first_name": first_name or "",
        "last_name": last_name or "",
        "is_active": True,
    }
    actions = [{"action": "create", "entity_type": "User", "entity_data": values}]
    actions += [_role(user_id, role_id) for role_id in _find_roles(server, roles)]
    try:
        server.perform(*actions)
    except ServerFault as fault:
        raise ConfigurationError(f"The user was not created: {fault.content}") from fault
    return user_id


def _find_roles(server: Any, names: Sequence[str]) -> List[str]:
    """Return the ids of the security roles with *names*. Raise ConfigurationError for one that there is not."""
    (answer,) = server.perform({"action": "query", "expression": "select name from SecurityRole"})
    known = {role["name"]: role["id"] for role in answer["data"]}
    if not names:
        # A site may have renamed it.
        names = [name for name in ("User",) if name in known]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            f"There is no security role {unknown[0]!r}. Choose from: {', '.join(sorted(known))}."
        )
    return [known[name] for name in dict.fromkeys(names)]


def _role(user_id: str, role_id: str) -> Dict[str, Any]:
    values = {
        "__entity_type__": "UserSecurityRole",
        "id": str(uuid.uuid4()),
        "user_id": user_id,
        "security_role_id": role_id,
        "is_all_open_projects": True,
    }
    return {"action": "create", "entity_type": "UserSecurityRole", "entity_data": values}
