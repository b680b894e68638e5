"""Accounts that the operator of a server makes by hand. Called by the command line, also while the server runs."""

from __future__ import annotations

import re
import uuid
from typing import Any, Optional

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
) -> str:
    """Create the user *username* on *server* and return the id. A key is issued separately.

    Raise NotUniqueError where the name is taken, and ConfigurationError for a name or address that is none.
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
    try:
        server.perform({"action": "create", "entity_type": "User", "entity_data": values})
    except ServerFault as fault:
        raise ConfigurationError(f"The user was not created: {fault.content}") from fault
    return user_id
