"""Who came to a review page, and what they may do there.

A visitor is an invitee who came by a personal link, or who entered a name under a shared link. The cookie of the
page names the invitee and the link; :func:`find` looks both up at every request, with the review session they belong
to, so that a removed invitee, a revoked link, sharing that was switched off and a new passphrase count at once.

Called by every other module of the review page. ``review_entry`` lets people in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import ledger
from ftrack_review.server.access import Caller
from ftrack_review.server.context import Options, utc_now
from ftrack_review.server.errors import ServerFault

__all__ = [
    "INVITE",
    "SHARE",
    "Visitor",
    "conventions_of",
    "find",
    "find_invitee",
    "link_fault",
    "needs_passphrase",
    "passphrase_fault",
    "query",
    "role_of",
    "roles_in",
]

#: What the tokens of links are for: one person, or everybody who has the link.
INVITE = "invite"
SHARE = "share"

Record = Dict[str, Any]


@dataclass(frozen=True)
class Visitor:
    """Who came by a link: an invitee, the review session, and the hash of the link.

    *resource_id* is the account of the invitee, *is_user* whether it is that of a User, who is no guest.
    *is_shared* tells that the link is one for everybody.
    """

    invitee_id: str
    session_id: str
    resource_id: Optional[str]
    name: str
    email: str
    link: str
    is_user: bool = False
    is_shared: bool = False

    @property
    def caller(self) -> Caller:
        """The visitor as one who makes requests."""
        return Caller(user_id=self.resource_id or "", username="", invitee_id=self.invitee_id)


def find(server: Any, claims: Mapping[str, Any]) -> Optional[Visitor]:
    """Return the visitor whose cookie carries *claims*, or None if the link does not hold any more.

    Raise the fault of :func:`passphrase_fault` where the passphrase of the review was not entered yet, or is another
    now.
    """
    with server.store.read() as connection:
        link = str(claims.get("link"))
        token = ledger.find_token(
            connection, hash=link, purpose=str(claims.get("via") or INVITE), now=utc_now()
        )
        if token is None:
            return None
        invitee = find_invitee(server, connection, str(claims["s"]))
        if invitee is None:
            return None
        session_id = invitee["review_session_id"]
        session = ledger.find_entity(connection, server.catalogue, "ReviewSession", session_id or "")
        if session is None:
            return None
        is_shared = token["purpose"] == SHARE
        if is_shared and not (session.get("shareable_url_enabled") and token["subject"] == session_id):
            return None
        if not is_shared and token["subject"] != invitee["id"]:
            return None
        if needs_passphrase(session) and claims.get("pass") != server.signer.fingerprint(
            f"{session_id}:{session['passphrase']}"
        ):
            raise passphrase_fault()
        return _make(server, connection, invitee, token)


def _make(server: Any, connection: Any, invitee: Mapping[str, Any], token: Mapping[str, Any]) -> Visitor:
    resource_id = invitee.get("resource_id")
    user = ledger.find_entity(connection, server.catalogue, "User", resource_id) if resource_id else None
    return Visitor(
        invitee_id=invitee["id"],
        session_id=invitee["review_session_id"],
        resource_id=resource_id,
        name=invitee["name"] or invitee["email"] or "Someone",
        email=invitee["email"] or "",
        link=token["hash"],
        # Whoever has a shared link can claim to be anybody.
        is_user=user is not None and user["__entity_type__"] == "User" and token["purpose"] == INVITE,
        is_shared=token["purpose"] == SHARE,
    )


def find_invitee(server: Any, connection: Any, invitee_id: str) -> Optional[Record]:
    """Return the stored attributes of an invitee, or None."""
    return ledger.find_entity(connection, server.catalogue, "ReviewSessionInvitee", invitee_id)


def needs_passphrase(session: Mapping[str, Any]) -> bool:
    """Return whether who enters the review *session*, its stored attributes, is asked for a passphrase."""
    return bool(session.get("passphrase_enabled") and session.get("passphrase"))


def conventions_of(server: Any, visitor: Visitor, project_id: Optional[str]) -> Dict[str, str]:
    """Return what our conventions keep about the review session, by key (``protocol``).

    It is in the metadata of the ReviewSession or, where the schema has none there, of the Project.
    """
    on_session = "metadata" in server.catalogue.schema["ReviewSession"].attributes
    parent = visitor.session_id if on_session else project_id
    expression = (
        f"select key, value from Metadata where parent_id is {quote(parent or '')} "
        'and key like "ftrack_review.%"'
    )
    return {row["key"]: row["value"] for row in query(server, visitor, expression)[0]}


def roles_in(kept: Mapping[str, str], visitor: Visitor) -> Mapping[str, str]:
    """Return the roles of the invitees by their ids; who is missing is a reviewer. *kept* are the conventions."""
    return roles.decode(kept.get(roles.SESSION_KEY) or kept.get(roles.project_key(visitor.session_id)))


def role_of(server: Any, visitor: Visitor) -> str:
    """Return the role of the visitor."""
    with server.store.read() as connection:
        session = ledger.find_entity(connection, server.catalogue, "ReviewSession", visitor.session_id) or {}
    kept = conventions_of(server, visitor, session.get("project_id"))
    return roles_in(kept, visitor).get(visitor.invitee_id, roles.REVIEWER)


def query(server: Any, visitor: Visitor, *expressions: str) -> List[List[Record]]:
    """Return the answers to *expressions*, read in one transaction in the visitor's name."""
    actions = [{"action": "query", "expression": expression} for expression in expressions]
    results = server.dispatch(actions, visitor.caller, Options(strict=True, denormalize=True))
    return [result["data"] for result in results]


def link_fault() -> ServerFault:
    """Return the fault for who has no link, or one that does not hold any more."""
    return ServerFault(
        "PermissionError",
        "This link does not lead to a review, or does not any more. Open the link in your latest invitation, or ask "
        "who invited you for a new one.",
        401,
        error_code="link_invalid",
    )


def passphrase_fault() -> ServerFault:
    """Return the fault for who has not entered the passphrase of the review."""
    return ServerFault(
        "PermissionError",
        "This review has a passphrase. Open your link again and enter it.",
        401,
        error_code="passphrase_required",
    )
