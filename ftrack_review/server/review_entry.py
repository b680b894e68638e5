"""How people come to a review page: personal links, shared links, passphrases, and the cookie they leave.

The token of a link is exchanged for a cookie at once, so that it neither stays in the address bar nor goes to other
hosts. Under a shared link a person first enters a name and an e-mail address and becomes an invitee. Where the
review has a passphrase it is asked for once per browser; the cookie remembers a fingerprint of it, so that another
passphrase is asked for again. Attempts are counted in the database, and who guesses has to wait longer each time.

Called by ``pages`` for its routes, and by ``review_live`` for who opens a socket.
"""

from __future__ import annotations

import hmac
import re
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Tuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from ftrack_review.server import access, ledger, review_attempts
from ftrack_review.server.access import Caller
from ftrack_review.server.context import Options, utc_now
from ftrack_review.server.errors import ServerFault, permission_error, validation_error
from ftrack_review.server.review_visitor import (
    INVITE,
    SHARE,
    Visitor,
    find,
    find_invitee,
    link_fault,
    needs_passphrase,
)
from ftrack_review.server.rules.reviews import is_open

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request

__all__ = [
    "ask_passphrase",
    "check_origin",
    "claims_of",
    "enter",
    "enter_passphrase",
    "join_shared",
    "page",
    "read_body",
    "show_shared",
    "visitor_of",
]

#: For how long a browser stays recognised after the link was opened, in seconds.
VISIT_LIFETIME_S = 30 * 24 * 3600

#: The name of the cookie. Each review has its own, by the path.
COOKIE = "ftrack-review"

_LONGEST_FORM_BYTES = 16 * 1024
_LONGEST_NAME = 200
_LONGEST_EMAIL = 254

# Who joined already and enters the same address again gets a mail, but not at every press of a button.
_MAIL_AGAIN_S = 300

_BLANKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\s]+")

Record = Dict[str, Any]

#: The headers of every page.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; "
        "script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    # Forms of ours say where they come from; nobody else is told.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}


def page(template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Return the page made from *template*. Its headers are those of all pages."""
    from ftrack_review.server.template import render

    return Response(render(template, values), status_code=status, media_type="text/html", headers=HEADERS)


def claims_of(server: Any, connection: HTTPConnection) -> Record:
    """Return what the cookie carries. Raise the fault for who has none."""
    try:
        claims: Record = server.signer.verify(connection.cookies.get(COOKIE), "visit")
    except ServerFault as fault:
        raise link_fault() from fault
    return claims


async def visitor_of(server: Any, connection: HTTPConnection) -> Visitor:
    """Return who asks, by the cookie. Raise a fault for anybody else, and where the passphrase is missing."""
    claims = claims_of(server, connection)
    visitor = await run_in_threadpool(find, server, claims)
    if visitor is None or visitor.session_id != connection.path_params["session_id"]:
        raise link_fault()
    return visitor


# Personal links


async def enter(server: Any, request: Request) -> Response:
    """Exchange the token in the address for a cookie, and go to the review."""
    found = await run_in_threadpool(_find_personal, server, request.path_params["token"])
    if found is None:
        raise link_fault()
    session_id, claims = found
    return _go(server, session_id, {**claims, **_remembered(server, request, session_id)})


def _find_personal(server: Any, token: str) -> Optional[Tuple[str, Record]]:
    with server.store.read() as connection:
        link = access.find_link(connection, token, now=utc_now())
        invitee = find_invitee(server, connection, link["subject"]) if link else None
    if link is None or invitee is None or not invitee["review_session_id"]:
        return None
    return invitee["review_session_id"], {"s": invitee["id"], "link": link["hash"], "via": INVITE}


def _remembered(server: Any, request: Request, session_id: str) -> Record:
    """Return what the browser keeps of the passphrase, so that the link in the mail can be opened again."""
    try:
        claims = server.signer.verify(request.cookies.get(_pass_cookie(session_id)), "pass", session_id)
    except ServerFault:
        return {}
    return {"pass": claims["pass"]}


def _pass_cookie(session_id: str) -> str:
    # The cookie of a visit is sent to its review only, and the entrance of links lies elsewhere.
    return f"ftrack-review-{access.hash_secret(session_id)[:16]}"


def _go(server: Any, session_id: str, claims: Mapping[str, Any]) -> Response:
    """Return the way to the review, with the cookie that opens it."""
    path = review_path(session_id)
    response = RedirectResponse(path, status_code=303, headers={"cache-control": "no-store"})
    response.headers["referrer-policy"] = "no-referrer"
    rest = {name: value for name, value in claims.items() if name in ("link", "via", "pass")}
    visit = server.signer.sign("visit", claims["s"], lifetime_s=VISIT_LIFETIME_S, **rest)
    _set_cookie(server, response, COOKIE, visit, path)
    if "pass" in claims:
        known = server.signer.sign(
            "pass", session_id, lifetime_s=VISIT_LIFETIME_S, **{"pass": claims["pass"]}
        )
        _set_cookie(server, response, _pass_cookie(session_id), known, "/review")
    return response


def _set_cookie(server: Any, response: Response, name: str, value: str, path: str) -> None:
    response.set_cookie(
        name,
        value,
        path=path,
        max_age=VISIT_LIFETIME_S,
        secure=server.base_url().startswith("https:"),
        httponly=True,
        # Not strict: who comes from a mail on the web must be known after the redirect.
        samesite="lax",
    )


def review_path(session_id: str) -> str:
    """Return the path of the page of a review session."""
    return f"/review/session/{urllib.parse.quote(session_id, safe='')}"


# Passphrases


async def ask_passphrase(
    server: Any, request: Request, *, problem: Optional[str] = None, status: int = 200
) -> Response:
    """Return the page that asks who came by a link for the passphrase."""
    session_id = request.path_params["session_id"]
    session = await run_in_threadpool(_find_session, server, session_id)
    values = {
        "title": session["name"] if session else "Review",
        "action": f"{review_path(session_id)}/passphrase",
        "problem": problem,
    }
    return page("passphrase.html", values, status)


async def enter_passphrase(server: Any, request: Request) -> Response:
    """Let the visitor in whose link is good and who knows the passphrase."""
    check_origin(server, request)
    claims = claims_of(server, request)
    form = await _read_form(request)
    session_id = request.path_params["session_id"]
    # With the passphrase there is, so that nothing but the link is looked at.
    known = await run_in_threadpool(_present_pass, server, session_id)
    visitor = await run_in_threadpool(find, server, {**claims, **known})
    if visitor is None or visitor.session_id != session_id:
        raise link_fault()
    try:
        await run_in_threadpool(
            _check_passphrase, server, session_id, form.get("passphrase", ""), _who(request, visitor.link)
        )
    except ServerFault as fault:
        if fault.status not in (403, 429):
            raise
        return await ask_passphrase(server, request, problem=fault.content, status=fault.status)
    return _go(server, session_id, {**claims, **known})


def _present_pass(server: Any, session_id: str) -> Record:
    session = _find_session(server, session_id)
    if session is None or not needs_passphrase(session):
        return {}
    return {"pass": server.signer.fingerprint(f"{session_id}:{session['passphrase']}")}


def _check_passphrase(server: Any, session_id: str, text: str, who: str) -> None:
    """Raise the fault for a wrong passphrase, or for too many of them. The passphrase is never logged."""
    known = _present_pass(server, session_id)
    if not known:
        return
    with server.store.write() as connection:
        attempts = review_attempts.Attempts(connection, session_id, who, now=utc_now())
        attempts.check()
        given = server.signer.fingerprint(f"{session_id}:{text[:1000]}")
        if hmac.compare_digest(given.encode(), known["pass"].encode()):
            attempts.forget()
            return
        attempts.count()
    raise ServerFault("PermissionError", "That is not the passphrase. Capital letters matter.", 403)


def _who(request: Request, link: str) -> str:
    """Return by what attempts are counted: the link, and where they come from."""
    return f"{link}@{request.client.host if request.client else ''}"


# Shared links


async def show_shared(server: Any, request: Request) -> Response:
    """Return the page on which who came by a shared link says who it is."""
    session, _ = await run_in_threadpool(_find_shared, server, request.path_params["token"])
    return _shared_page(request, session)


async def join_shared(server: Any, request: Request) -> Response:
    """Make an invitee of who came by a shared link, and go to the review."""
    check_origin(server, request)
    form = await _read_form(request)
    session, link = await run_in_threadpool(_find_shared, server, request.path_params["token"])
    try:
        claims = await run_in_threadpool(_join, server, session, link, form, _who(request, link))
    except ServerFault as fault:
        if fault.status not in (403, 409, 422, 429):
            raise
        return _shared_page(request, session, form, fault.content, fault.status)
    return _go(server, session["id"], claims)


def _shared_page(
    request: Request,
    session: Mapping[str, Any],
    form: Optional[Mapping[str, str]] = None,
    problem: Optional[str] = None,
    status: int = 200,
) -> Response:
    values = {
        "title": session["name"],
        "description": session["description"] or "",
        "owner": session["owner"],
        "action": f"/review/shared/{urllib.parse.quote(request.path_params['token'], safe='')}",
        "passphrase_needed": needs_passphrase(session),
        "values": {name: (form or {}).get(name, "") for name in ("name", "email")},
        "problem": problem,
    }
    return page("shared.html", values, status)


def _find_shared(server: Any, token: str) -> Tuple[Record, str]:
    """Return the review session that a shared link leads to, and the hash of the link. Raise the fault for none."""
    with server.store.read() as connection:
        link = access.find_link(connection, token, now=utc_now(), purpose=SHARE)
        if link is None:
            raise link_fault()
        session = ledger.find_entity(connection, server.catalogue, "ReviewSession", link["subject"])
        if session is None or not session.get("shareable_url_enabled"):
            raise link_fault()
        owner = None
        if session.get("created_by_id"):
            owner = ledger.find_entity(connection, server.catalogue, "User", session["created_by_id"])
    names = (owner["first_name"], owner["last_name"]) if owner else ()
    session["owner"] = " ".join(name for name in names if name) or (owner["username"] if owner else "Someone")
    return session, link["hash"]


def _join(server: Any, session: Mapping[str, Any], link: str, form: Mapping[str, str], who: str) -> Record:
    name, email = _read_person(form)
    session_id = session["id"]
    _check_passphrase(server, session_id, form.get("passphrase", ""), who)
    claims: Record = {"link": link, "via": SHARE, **_present_pass(server, session_id)}
    with server.store.write() as connection:
        review_attempts.Attempts(
            connection, session_id, f"join {who}", now=utc_now(), free=20
        ).count_and_check()
        invitees = ledger.list_entities(
            connection, server.catalogue, "ReviewSessionInvitee", "review_session_id", session_id
        )
        is_known = ledger.has_account(connection, server.catalogue, email)
    for invitee in invitees:
        if (invitee["email"] or "").lower() == email.lower():
            _remind(server, session, invitee["id"])
    _check_open(session)
    invitee_id = _invite(server, session, name, email)
    if is_known:
        # Who has an account is somebody in the studio, and nobody becomes that by entering an address.
        _remind(server, session, invitee_id)
    return {**claims, "s": invitee_id}


def _check_open(session: Mapping[str, Any]) -> None:
    """Raise the fault for a review that is over: nobody new is added to what was said in it."""
    now = utc_now()
    has_begun = (session.get("start_date") or now) <= now
    if not is_open(session, now) and (has_begun or session.get("availability") == "closed"):
        raise ServerFault(
            "PermissionError",
            f"This review is closed, and only who took part can still look at it. Ask {session['owner']} to open it "
            "again.",
            403,
            error_code="review_session_closed",
        )


def _invite(server: Any, session: Mapping[str, Any], name: str, email: str) -> str:
    """Add a person to the list of a review session, as one who came by a shared link. Return the id."""
    invitee_id = str(uuid.uuid4())
    values = {
        "__entity_type__": "ReviewSessionInvitee",
        "id": invitee_id,
        "name": name,
        "email": email,
        "review_session_id": session["id"],
        "created_from_shared_url": True,
    }
    action = {"action": "create", "entity_type": "ReviewSessionInvitee", "entity_data": values}
    server.dispatch([action], _owner(server, session), Options(strict=True))
    return invitee_id


def _remind(server: Any, session: Mapping[str, Any], invitee_id: str) -> None:
    """Mail the personal link to an invitee, and raise the fault that says so.

    Nobody becomes somebody by entering their address.
    """
    with server.store.read() as connection:
        mails = ledger.list_mail(connection, subject_id=invitee_id)
    now = utc_now()
    if not any(
        mail["kind"] == "invitation" and _age_s(mail["created_at"], now) < _MAIL_AGAIN_S for mail in mails
    ):
        action = {"action": "send_review_session_invite", "review_session_invitee_id": invitee_id}
        server.dispatch([action], _owner(server, session), Options(strict=True))
    raise ServerFault(
        "PermissionError",
        "This address is known here already. Its personal link has been sent to it by mail; open that one.",
        409,
        error_code="already_invited",
    )


def _owner(server: Any, session: Mapping[str, Any]) -> Caller:
    """Return who acts where a guest lets themselves in: who made the review session."""
    user_id = session.get("created_by_id")
    return Caller(user_id, "", is_system=True) if user_id else server.administrator()


def _read_person(form: Mapping[str, str]) -> Tuple[str, str]:
    name = _BLANKS.sub(" ", form.get("name", "")).strip()
    email = form.get("email", "").strip()
    if not name or len(name) > _LONGEST_NAME:
        raise validation_error("Enter your name, so that the others know who writes.", "name")
    if not email or len(email) > _LONGEST_EMAIL or "@" not in email:
        raise validation_error("Enter your e-mail address.", "email")
    return name, email


# Requests


def check_origin(server: Any, connection: HTTPConnection) -> None:
    """Raise the fault for a request that was sent by a page of another site."""
    headers = connection.headers
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    own = {server.base_url(), f"{scheme}://{headers.get('host', '')}"}
    # A browser keeps the cookie from other sites (SameSite); this is for those that do not.
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin", "none") or origin not in (None, *own):
        raise permission_error("This was sent from another page.")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of *request*. Raise the fault for one of more than *limit* bytes."""
    chunks = []
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise ServerFault("ValidationError", "This is more than can be taken at once.", 413)
        chunks.append(chunk)
    return b"".join(chunks)


async def _read_form(request: Request) -> Dict[str, str]:
    body = await read_body(request, _LONGEST_FORM_BYTES)
    try:
        return dict(urllib.parse.parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise validation_error("The form cannot be read.") from error


def _find_session(server: Any, session_id: str) -> Optional[Record]:
    with server.store.read() as connection:
        found: Optional[Record] = ledger.find_entity(
            connection, server.catalogue, "ReviewSession", session_id
        )
    return found


def _age_s(time: str, now: str) -> float:
    import datetime as dt

    return (dt.datetime.fromisoformat(now) - dt.datetime.fromisoformat(time)).total_seconds()
