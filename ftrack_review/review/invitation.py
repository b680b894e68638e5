"""Inviting people to a review session and sending them their links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Union

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["invite", "link", "send_invitations", "send_invite"]


def invite(
    review_session: Entity, who: Any, email: Optional[str] = None, *, role: Optional[str] = None
) -> Union[Entity, List[Entity]]:
    """Put one person or several on the list of *review_session* and return the ReviewSessionInvitee(s).

    *who* is a name (with *email*), a User, a pair of name and e-mail, a mapping with ``name``, ``email`` and
    perhaps ``role``, or a list of these, which gives a list. *role* is ``reviewer`` (the default),
    ``approver`` or ``observer``. No mail goes out yet: commit, then call
    ``review_session.send_invitations()``.

    Who comes without any name is called by the address.

    Raise :exc:`~ftrack_review.exception.ReviewError` for an empty name, for a person without an e-mail address, and for
    one who is invited already.

    Example::

        review_session.invite("Ada", "ada@example.com", role="approver")
        review_session.invite([user, ("Grace", "grace@example.com")])
        session.commit()

    .. versionadded:: 3.1.0
    """
    if isinstance(who, (list, set, frozenset)) or (isinstance(who, tuple) and not _is_pair(who)):
        taken = _addresses(review_session)
        return [_invite(review_session, person, None, role, taken) for person in who]
    return _invite(review_session, who, email, role, _addresses(review_session))


def send_invite(invitee: Entity) -> None:
    """Mail *invitee* their personal link. Pending operations of the session are committed first.

    .. versionadded:: 3.1.0
    """
    send_invitations(invitee["review_session"], [invitee])


def send_invitations(review_session: Entity, invitees: Optional[Iterable[Entity]] = None) -> List[Entity]:
    """Mail *invitees* their personal links and return them, a list of ReviewSessionInvitee.

    By default these are the ones who never got a mail. Pending operations of the session are committed
    first, as the server can only mail people it knows.

    .. versionadded:: 3.1.0
    """
    session = review_session.session
    session.commit()
    key = quote(review_session["id"])
    if invitees is None:
        chosen = session.query(
            "select name, email, last_sent_at from ReviewSessionInvitee "
            f"where review_session_id is {key} and last_sent_at is none order by created_at"
        ).all()
    else:
        chosen = list(invitees)
    if chosen:
        session.send_review_session_invites(chosen)
        session.query(f"select last_sent_at from ReviewSessionInvitee where review_session_id is {key}").all()
    return list(chosen)


def link(invitee: Entity) -> str:
    """Return the address of the page on which *invitee* reviews, without an account.

    Who has it can vote and comment as this person, so handle it like a password. Each call makes a new one;
    earlier ones stay valid.

    Raise :exc:`~ftrack_review.exception.ReviewError` where the server does not give out such links, as
    ftrack's own servers do not: there the invitation mail is the only way.

    .. versionadded:: 3.1.0
    """
    session = invitee.session
    http, address = session._request, f"{session.server_url}/review/link"
    response = http.post(address, json={"invitee_id": invitee["id"]}, timeout=session.timeout)
    if response.status_code == 200 and "json" in response.headers.get("content-type", ""):
        return str(response.json()["url"])
    raise ReviewError(
        f"The server {session.server_url} gave no personal link for {invitee['name']} (status "
        f"{response.status_code}). Commit the invitee first; a server that offers no links mails them: "
        "invitee.send_invite()."
    )


def _invite(
    review_session: Entity, who: Any, email: Optional[str], role: Optional[str], taken: Dict[str, str]
) -> Entity:
    data: Dict[str, Any] = {"review_session": review_session}
    name: Optional[str]
    if getattr(who, "entity_type", None) == "User":
        data["user"] = who
        name, address = _name_of(who), email or who["email"]
    elif isinstance(who, Mapping) and not hasattr(who, "entity_type"):
        name, address, role = who.get("name"), who.get("email"), who.get("role", role)
    elif isinstance(who, tuple) and _is_pair(who):
        name, address = who
    elif isinstance(who, str):
        name, address = who, email
    else:
        raise ReviewError(
            f"Cannot invite {who!r}. Give a name and an e-mail address, a User, a (name, e-mail) pair or a list."
        )
    if name is not None:
        # In one line, as it stands in lists and mails.
        name = " ".join(str(name).split())
        if not any(character.isprintable() and character != " " for character in name):
            raise ReviewError(
                f"{address or 'Nobody'} cannot be invited by an empty name. Give the name that others read beside the "
                "person's votes and comments, such as review_session.invite('Ada', 'ada@example.com')."
            )
    if not address or not address.strip():
        raise ReviewError(
            f"{name or 'This person'} cannot be invited without an e-mail address, which the link is mailed to. Give "
            "one, such as review_session.invite('Ada', 'ada@example.com')."
        )
    name = name or address.strip()
    folded = address.strip().lower()
    if folded in taken:
        raise ReviewError(
            f"{address} is already invited to {review_session['name']!r}, as {taken[folded]}. "
            "Send the invitation again with invitee.send_invite()."
        )
    if role is not None and role not in roles.ROLES:
        raise ReviewError(f"A role is one of {', '.join(roles.ROLES)}, not {role!r}.")
    taken[folded] = name
    data.update(name=name, email=address.strip())
    if role is not None:
        data["role"] = role
    return review_session.session.create("ReviewSessionInvitee", data)


def _addresses(review_session: Entity) -> Dict[str, str]:
    """Return the names of those invited already by their e-mail address in lower case.

    Asked of the server, as what was invited elsewhere counts; what is queued here is added.
    """
    session, key = review_session.session, review_session["id"]
    invitees = list(
        session.query(f"select name, email from ReviewSessionInvitee where review_session_id is {quote(key)}")
    )
    invitees.extend(
        entity
        for entity in session.created
        if entity.entity_type == "ReviewSessionInvitee" and entity["review_session"] is review_session
    )
    return {invitee["email"].lower(): invitee["name"] for invitee in invitees if invitee["email"]}


def _is_pair(who: Any) -> bool:
    """Tell ("Ada", "ada@example.com") from a tuple of two people."""
    return (
        len(who) == 2 and all(isinstance(part, str) for part in who) and "@" in who[1] and "@" not in who[0]
    )


def _name_of(user: Entity) -> str:
    names = (user["first_name"], user["last_name"])
    return " ".join(name for name in names if name) or str(user["username"])
