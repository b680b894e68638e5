"""The pages for people: the review behind a personal link, and a page for widgets.

The token of the link is exchanged for a cookie at once, so that it neither stays in the address bar nor goes to
other hosts. The cookie names the invitee and the link; both are looked up at every request, so that a
removed invitee is out with the next one. Votes and comments go through ``dispatch`` like those of any other
client, in the invitee's name, and the same rules hold. What the pages show is put together in ``screening``.

Called by ``endpoint`` for its routes, and by ``dispatch`` for ``get_widget_url``.
"""

from __future__ import annotations

import os
import urllib.parse
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Mapping, Optional

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ftrack_review.server import access, screening
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import ServerFault, describe, not_found, permission_error, validation_error

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["handle_get_widget_url", "make_routes"]

#: For how long the address of a widget is good, in seconds (protocol.md 2.9).
WIDGET_LIFETIME_S = 6 * 60

#: For how long a browser stays recognised after the link was opened, in seconds.
VISIT_LIFETIME_S = 30 * 24 * 3600

_WIDGETS = ("info", "tasks", "tasks_browser")
_LONGEST_FORM_BYTES = 256 * 1024
_STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_STATIC_TYPES = {"review.css": "text/css", "review.js": "text/javascript"}

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}

Handler = Callable[[Any, Request], Awaitable[Response]]


def make_routes(server: Any) -> List[Route]:
    """Return the routes of the pages of *server*."""

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        return Route(path, _Page(server, handler), methods=[method])

    return [
        route("/widget", _widget),
        route("/review/link", _make_link, "POST"),
        route("/review/static/{name}", _static),
        route("/review/session/{session_id}", _show),
        route("/review/session/{session_id}/vote", _vote, "POST"),
        route("/review/session/{session_id}/comment", _comment, "POST"),
        route("/review/session/{session_id}/media/{component_id}", _media),
        route("/review/session/{session_id}/thumbnail/{component_id}", _picture),
        route("/review/{token}", _enter),
    ]


class _Page:
    """A handler of page requests; what it refuses is shown as a page."""

    def __init__(self, server: Any, handler: Handler) -> None:
        self._server = server
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._handler(self._server, request)
        except ClientDisconnect:
            return
        except ServerFault as fault:
            response = _page("notice.html", {"content": fault.content, "title": _title(fault)}, fault.status)
        await response(scope, receive, send)


def handle_get_widget_url(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Answer with the address of a page that shows an entity or the caller's tasks, good for six minutes."""
    name = action.get("name")
    if name not in _WIDGETS:
        raise validation_error(
            f"There is no widget {describe(name)}; there are {', '.join(_WIDGETS)}.", "name"
        )
    key = action.get("entity_key")
    if isinstance(key, list):
        key = key[0] if key else None
    if key is not None and not isinstance(key, str):
        raise validation_error(f"entity_key must be the key of an entity, not {describe(key)}.", "entity_key")
    token = context.server.signer.sign(
        "widget",
        context.caller.user_id,
        lifetime_s=WIDGET_LIFETIME_S,
        name=name,
        theme="light" if action.get("theme") == "light" else "dark",
        type=action.get("entity_type"),
        key=key,
    )
    return {"widget_url": f"{context.base_url()}/widget?{urllib.parse.urlencode({'token': token})}"}


async def _widget(server: Any, request: Request) -> Response:
    claims = server.signer.verify(request.query_params.get("token"), "widget")
    values = await run_in_threadpool(screening.widget, server, claims)
    return _page("widget.html", values)


async def _make_link(server: Any, request: Request) -> Response:
    """Answer ``{"invitee_id": ...}``, sent with the headers of the API, with the invitee's personal link."""
    from ftrack_review.server.endpoint import read_headers

    try:
        body = await _read_form_body(request)
        url = await run_in_threadpool(_issue_link, server, body, read_headers(request))
    except ServerFault as fault:
        return JSONResponse(fault.answer(), status_code=fault.status, headers={"cache-control": "no-store"})
    return JSONResponse({"url": url}, headers={"cache-control": "no-store"})


def _issue_link(server: Any, body: bytes, headers: Mapping[str, str]) -> str:
    from ftrack_review.server.application import read_object

    server.authenticate(headers.get("ftrack-user"), headers.get("ftrack-api-key"))
    invitee_id = read_object(body).get("invitee_id")
    if not isinstance(invitee_id, str):
        raise validation_error(
            f"invitee_id must be the id of an invitee, not {describe(invitee_id)}.", "invitee_id"
        )
    with server.store.write() as connection:
        if screening.find_invitee(server, connection, invitee_id) is None:
            raise not_found(f"There is no invitee {describe(invitee_id)}.")
        token = access.issue_link(connection, invitee_id, now=utc_now())
    return f"{server.base_url()}/review/{token}"


async def _static(_server: Any, request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC_TYPES:
        raise not_found("There is no such file.")
    headers = {"cache-control": "public, max-age=300"}
    return FileResponse(os.path.join(_STATIC, name), media_type=_STATIC_TYPES[name], headers=headers)


async def _enter(server: Any, request: Request) -> Response:
    """Exchange the token in the address for a cookie, and go to the review."""
    visitor = await run_in_threadpool(screening.visitor_of_link, server, request.path_params["token"])
    if visitor is None:
        raise _unknown_link()
    path = f"/review/session/{urllib.parse.quote(visitor.session_id, safe='')}"
    response = RedirectResponse(path, status_code=303, headers=_HEADERS)
    value = server.signer.sign("visit", visitor.invitee_id, lifetime_s=VISIT_LIFETIME_S, link=visitor.link)
    response.set_cookie(
        "ftrack-review",
        value,
        path=path,
        max_age=VISIT_LIFETIME_S,
        secure=server.base_url().startswith("https:"),
        httponly=True,
        # Not strict: who comes from a mail on the web must be known after the redirect.
        samesite="lax",
    )
    return response


async def _show(server: Any, request: Request) -> Response:
    visitor = await _visitor(server, request)
    chosen = request.query_params.get("object")
    return await _review_page(server, visitor, chosen)


async def _review_page(
    server: Any,
    visitor: screening.Visitor,
    chosen: Optional[str],
    *,
    problem: Optional[str] = None,
    draft: Optional[Mapping[str, str]] = None,
    status: int = 200,
) -> Response:
    values = await run_in_threadpool(screening.review, server, visitor, chosen)
    draft = draft or {"content": "", "frame": ""}
    return _page("review.html", {**values, "problem": problem, "draft": draft}, status)


async def _vote(server: Any, request: Request) -> Response:
    visitor, form = await _submitted(server, request)
    try:
        await run_in_threadpool(
            screening.vote, server, visitor, form.get("object", ""), form.get("status", "")
        )
    except ServerFault as fault:
        return await _review_page(
            server, visitor, form.get("object"), problem=fault.content, status=fault.status
        )
    return _back(visitor, form.get("object", ""))


async def _comment(server: Any, request: Request) -> Response:
    visitor, form = await _submitted(server, request)
    draft = {"content": form.get("content", ""), "frame": form.get("frame", "")}
    try:
        await run_in_threadpool(screening.comment, server, visitor, form.get("object", ""), **draft)
    except ServerFault as fault:
        # What was typed must not be lost.
        return await _review_page(
            server, visitor, form.get("object"), problem=fault.content, draft=draft, status=fault.status
        )
    return _back(visitor, form.get("object", ""))


async def _media(server: Any, request: Request) -> Response:
    from ftrack_review.server.endpoint import file_response

    component_id = await _shown_component(server, request)
    return await run_in_threadpool(file_response, server, component_id)


async def _picture(server: Any, request: Request) -> Response:
    from ftrack_review.server import thumbnail

    component_id = await _shown_component(server, request)
    size = thumbnail.read_size(request.query_params.get("size"))
    path = await run_in_threadpool(thumbnail.make, server, component_id, size)
    if path is None:
        return RedirectResponse("/img/thumbnail2.png", status_code=302)
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, max-age=300"})


async def _shown_component(server: Any, request: Request) -> str:
    """Return the component of the address if it belongs to what the visitor was invited to."""
    visitor = await _visitor(server, request)
    component_id: str = request.path_params["component_id"]
    if not await run_in_threadpool(screening.is_shown, server, visitor, component_id):
        raise not_found("This review holds no such media.")
    return component_id


async def _visitor(server: Any, request: Request) -> screening.Visitor:
    """Return who asks, by the cookie. Raise a fault for anybody else."""
    try:
        claims = server.signer.verify(request.cookies.get("ftrack-review"), "visit")
    except ServerFault as fault:
        raise _unknown_link() from fault
    visitor = await run_in_threadpool(screening.visitor, server, claims["s"], claims["link"])
    if visitor is None or visitor.session_id != request.path_params["session_id"]:
        raise _unknown_link()
    return visitor


async def _submitted(server: Any, request: Request) -> Any:
    """Return the visitor and what the form holds, if the form is on a page of ours."""
    visitor = await _visitor(server, request)
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {server.base_url(), f"{request.url.scheme}://{request.headers.get('host', '')}"}
    # A browser keeps the cookie from other sites (SameSite); this is for those that do not.
    if site not in (None, "same-origin", "none") or origin not in (None, "null", *own):
        raise permission_error("The form was sent from another page.")
    body = await _read_form_body(request)
    try:
        pairs = urllib.parse.parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise validation_error("The form cannot be read.") from error
    return visitor, dict(pairs)


async def _read_form_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM_BYTES:
            raise ServerFault("ValidationError", "The text is too long.", 413)
    return body


def _back(visitor: screening.Visitor, object_id: str) -> Response:
    query = urllib.parse.urlencode({"object": object_id})
    path = f"/review/session/{urllib.parse.quote(visitor.session_id, safe='')}?{query}"
    return RedirectResponse(path, status_code=303, headers=_HEADERS)


def _unknown_link() -> ServerFault:
    return permission_error(
        "This link does not lead to a review, or does not any more. Open the link in your latest invitation, "
        "or ask who invited you for a new one."
    )


def _title(fault: ServerFault) -> str:
    return {403: "No entry", 404: "Not here", 413: "Too long"}.get(fault.status, "That did not work")


def _page(template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    from ftrack_review.server.template import render

    return Response(render(template, values), status_code=status, media_type="text/html", headers=_HEADERS)
