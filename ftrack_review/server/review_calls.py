"""What programs ask about reviews beside the protocol: links, an end to them, and mail.

ftrack's protocol has no word for these, so they are private routes. They take and give JSON and want the same headers
as ``/api``; the client reaches them by their address (``review.invitation`` and its neighbours).

- ``/review/link`` ``{"invitee_id", "expires_at"?}``: a new personal link, ``{"url"}``
- ``/review/share`` ``{"session_id", "expires_at"?}``: a new link for everybody, ``{"url"}``
- ``/review/digest`` ``{"session_id"}``: the digest of what was said, mailed to who made the session, ``{"sent_to"}``
- ``/review/mail`` ``{"session_id"}``: what became of the mails, ``{"mails"}``
- ``/review/revoke`` ``{"invitee_id"}`` or ``{"session_id"}``: an end to the links, ``{"revoked": number}``

Called by ``pages`` for its routes.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from ftrack_review.server import access, ledger, review_entry, review_mail, review_rooms
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import ServerFault, describe, not_found, validation_error
from ftrack_review.server.review_visitor import SHARE, find_invitee

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["CALLS", "Call"]

_LONGEST_BODY_BYTES = 64 * 1024

Handler = Callable[[Any, Mapping[str, Any], Any], Dict[str, Any]]


class Call:
    """A private route: who asks is looked at as for ``/api``, and what is refused is told as there."""

    def __init__(self, server: Any, handler: Handler) -> None:
        """Initialise with the *handler*, which gets the server, the body and who asks."""
        self._server = server
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        status = 200
        try:
            body = await review_entry.read_body(request, _LONGEST_BODY_BYTES)
            answer = await run_in_threadpool(self._answer, body, request)
        except ClientDisconnect:
            return
        except ServerFault as fault:
            status, answer = fault.status, fault.answer()
        response = JSONResponse(answer, status_code=status, headers={"cache-control": "no-store"})
        await response(scope, receive, send)

    def _answer(self, body: bytes, request: Request) -> Dict[str, Any]:
        from ftrack_review.server.application import read_object
        from ftrack_review.server.endpoint import read_headers

        headers = read_headers(request)
        caller = self._server.authenticate(headers.get("ftrack-user"), headers.get("ftrack-api-key"))
        return self._handler(self._server, read_object(body), caller)


def _link(server: Any, body: Mapping[str, Any], _caller: Any) -> Dict[str, Any]:
    invitee_id = _read_id(body, "invitee_id", "an invitee")
    expires_at = _read_time(body.get("expires_at"))
    with server.store.write() as connection:
        if find_invitee(server, connection, invitee_id) is None:
            raise not_found(f"There is no invitee {describe(invitee_id)}.")
        token = access.issue_link(connection, invitee_id, now=utc_now(), expires_at=expires_at)
    return {"url": f"{server.base_url()}/review/{token}"}


def _share(server: Any, body: Mapping[str, Any], _caller: Any) -> Dict[str, Any]:
    session_id = _read_id(body, "session_id", "a review session")
    expires_at = _read_time(body.get("expires_at"))
    with server.store.write() as connection:
        session = _find_session(server, connection, session_id)
        if not session.get("shareable_url_enabled"):
            raise validation_error(
                f"The review session {describe(session['name'])} is not shared.",
                "shareable_url_enabled",
                hint="Set shareable_url_enabled (is_public) to true first.",
            )
        token = access.issue_link(connection, session_id, now=utc_now(), purpose=SHARE, expires_at=expires_at)
    return {"url": f"{server.base_url()}/review/shared/{token}"}


def _revoke(server: Any, body: Mapping[str, Any], _caller: Any) -> Dict[str, Any]:
    is_session = body.get("session_id") is not None
    subject = _read_id(
        body, *(("session_id", "a review session") if is_session else ("invitee_id", "an invitee"))
    )
    with server.store.write() as connection:
        if is_session:
            session_id = _find_session(server, connection, subject)["id"]
        else:
            invitee = find_invitee(server, connection, subject)
            if invitee is None:
                raise not_found(f"There is no invitee {describe(subject)}.")
            session_id = invitee["review_session_id"]
        count = access.revoke_links(connection, subject, now=utc_now())
    review_rooms.announce(server, session_id)
    return {"revoked": count}


def _digest(server: Any, body: Mapping[str, Any], _caller: Any) -> Dict[str, Any]:
    return {"sent_to": review_mail.queue_digest(server, _read_id(body, "session_id", "a review session"))}


def _mails(server: Any, body: Mapping[str, Any], _caller: Any) -> Dict[str, Any]:
    session_id = _read_id(body, "session_id", "a review session")
    with server.store.read() as connection:
        _find_session(server, connection, session_id)
        invitees = ledger.list_entities(
            connection, server.catalogue, "ReviewSessionInvitee", "review_session_id", session_id
        )
        mails = ledger.list_mail(connection, subject_ids=[session_id, *(found["id"] for found in invitees)])
    return {"mails": mails}


def _find_session(server: Any, connection: Any, session_id: str) -> Dict[str, Any]:
    session: Optional[Dict[str, Any]] = ledger.find_entity(
        connection, server.catalogue, "ReviewSession", session_id
    )
    if session is None:
        raise not_found(f"There is no review session {describe(session_id)}.")
    return session


def _read_id(body: Mapping[str, Any], name: str, what: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise validation_error(f"{name} must be the id of {what}, not {describe(value)}.", name)
    return value


def _read_time(value: Any) -> Optional[str]:
    """Return a time, ISO 8601 with its zone, as the database keeps it."""
    if value is None:
        return None
    try:
        parsed = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise validation_error(
            f"expires_at must be a time in ISO 8601, not {describe(value)}.", "expires_at"
        ) from None
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(dt.timezone.utc)
    return parsed.strftime("%Y-%m-%dT%H:%M:%S")


#: The addresses and who answers them.
CALLS: Tuple[Tuple[str, Handler], ...] = (
    ("/review/link", _link),
    ("/review/share", _share),
    ("/review/revoke", _revoke),
    ("/review/digest", _digest),
    ("/review/mail", _mails),
)
