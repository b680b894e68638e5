"""Links to the page of a review and the mails that carry them, where the server has such a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from ftrack_review.exception import ReviewError

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["Mail", "mails", "revoke_link", "revoke_links", "share_link"]


@dataclass(frozen=True)
class Mail:
    """What became of one mail about a review.

    *kind* is ``invitation`` or ``digest``, *state* ``queued``, ``sending``, ``sent``, ``failed`` or ``unconfirmed``:
    sent, but the other side did not say whether it took it, so that it may have arrived. *attempts* counts how often
    it was tried, *error* says why the last one failed. Times are :class:`arrow.Arrow` in UTC, None for what has not
    happened.
    """

    id: str
    kind: str
    recipient: str
    subject: str
    state: str
    attempts: int
    error: Optional[str]
    created_at: Any
    sent_at: Any
    next_attempt_at: Any


def share_link(review_session: Entity, *, expires_at: Any = None) -> str:
    """Return a link to *review_session* for everybody who has it; they enter a name and an e-mail address first.

    The session must be shared: ``review_session["is_public"] = True``. Each call makes a new link. It is good until
    *expires_at* (a datetime or :class:`arrow.Arrow`), until sharing is switched off or :func:`revoke_links`. Pending
    operations of the session are committed first.

    Raise :exc:`~ftrack_review.exception.ReviewError` where the session is not shared, or the server has no such page.

    Example::

        review_session["is_public"] = True
        print(review_session.share_link())

    .. versionadded:: 3.1.0
    """
    body = {"session_id": review_session["id"]}
    if expires_at is not None:
        body["expires_at"] = expires_at.isoformat()
    return str(_ask(review_session, "share", body)["url"])


def revoke_links(review_session: Entity) -> int:
    """End all shared links of *review_session* and the visits of who came by them. Return how many links there were.

    Personal links stay. Pending operations of the session are committed first.

    .. versionadded:: 3.1.0
    """
    return int(_ask(review_session, "revoke", {"session_id": review_session["id"]})["revoked"])


def revoke_link(invitee: Entity) -> int:
    """End all personal links of *invitee*, who stays on the list, and return how many there were.

    An open page is closed at once. ``invitee.link()`` and ``invitee.send_invite()`` make a new link.

    .. versionadded:: 3.1.0
    """
    return int(_ask(invitee, "revoke", {"invitee_id": invitee["id"]})["revoked"])


def mails(review_session: Entity) -> Tuple[Mail, ...]:
    """Return what became of the mails about *review_session*, oldest first.

    Raise :exc:`~ftrack_review.exception.ReviewError` where the server does not tell, as ftrack's own servers do not;
    there ``last_sent_at`` of the invitees is all there is.

    Example::

        for mail in review_session.mails():
            print(mail.recipient, mail.state, mail.error or "")

    .. versionadded:: 3.1.0
    """
    found = _ask(review_session, "mail", {"session_id": review_session["id"]})["mails"]
    return tuple(_read_mail(entry) for entry in found)


def _read_mail(entry: Dict[str, Any]) -> Mail:
    import arrow

    times = {
        name: arrow.get(entry[name]) if entry.get(name) else None
        for name in ("created_at", "sent_at", "next_attempt_at")
    }
    if entry["state"] != "queued":
        times["next_attempt_at"] = None
    return Mail(
        id=entry["id"],
        kind=entry["kind"],
        recipient=entry["recipient"],
        subject=entry["subject"] or "",
        state=entry["state"],
        attempts=entry["attempts"],
        error=entry["error"],
        **times,
    )


def _ask(entity: Entity, call: str, body: Dict[str, Any]) -> Dict[str, Any]:
    """Return the answer of a private call of the server to *body*."""
    session = entity.session
    session.commit()
    address = f"{session.server_url}/review/{call}"
    response = session._request.post(address, json=body, timeout=session.timeout)
    is_json = "json" in response.headers.get("content-type", "")
    if response.status_code == 200 and is_json:
        answer: Dict[str, Any] = response.json()
        return answer
    content = response.json() if is_json else {}
    reason = content.get("content") if isinstance(content, dict) else None
    raise ReviewError(
        f"The server {session.server_url} refused (status {response.status_code}). {reason}"
        if reason
        else f"The server {session.server_url} has no page for reviews (status {response.status_code}), so that it "
        "cannot be asked for links or mails of one."
    )
