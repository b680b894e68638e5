"""The pages for people: the review behind a link, its private calls, and a page for widgets.

The review is one page with its state in it; its script talks to the calls below in JSON. Who asks is told by a
cookie (``review_visitor``), which ``review_entry`` gives to those who come by a link. Requests that change something
are taken from pages of this server only. What the page shows is put together by ``review_state``, what is done there
by ``review_writing``.

Called by ``endpoint`` for its routes.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Mapping, Tuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ftrack_review.server import (
    review_calls,
    review_entry,
    review_live,
    review_notes,
    review_state,
    review_versions,
    review_writing,
    widget,
)
from ftrack_review.server.errors import UNAVAILABLE, ServerFault, not_found, unavailable
from ftrack_review.server.widget import handle_get_widget_url

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from ftrack_review.server.review_visitor import Visitor

__all__ = ["handle_get_widget_url", "make_routes"]

#: The largest comment with its drawing and picture, and the largest of anything else, in bytes.
LONGEST_COMMENT_BYTES = 18 * 1024 * 1024
LONGEST_BODY_BYTES = 256 * 1024

# So many objects may be asked for by name at once.
_MOST_OBJECTS = 500

# Below this, compression saves less than it costs.
_COMPRESS_FROM_BYTES = 2048

_STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Handler = Callable[[Any, Request], Awaitable[Response]]


def make_routes(server: Any) -> List[BaseRoute]:
    """Return the routes of the pages of *server*."""

    def page(path: str, handler: Handler, method: str = "GET") -> Route:
        return Route(path, _Handling(server, handler, _notice), methods=[method])

    def call(path: str, handler: Handler, method: str = "GET") -> Route:
        return Route(path, _Handling(server, handler, _refuse), methods=[method])

    review = "/review/session/{session_id}"
    return [
        page("/widget", _widget),
        page("/review/static/{name}", _static),
        *(
            Route(path, review_calls.Call(server, handler), methods=["POST"])
            for path, handler in review_calls.CALLS
        ),
        page(review, _show),
        page(f"{review}/passphrase", review_entry.enter_passphrase, "POST"),
        call(f"{review}/state", _state),
        call(f"{review}/vote", _vote, "POST"),
        call(f"{review}/comment", _comment, "POST"),
        call(f"{review}/comment/{{note_id}}/edit", _edit, "POST"),
        call(f"{review}/comment/{{note_id}}/delete", _delete, "POST"),
        call(f"{review}/comment/{{note_id}}/release", _release, "POST"),
        call(f"{review}/media/{{component_id}}", _media),
        call(f"{review}/thumbnail/{{component_id}}", _thumbnail),
        call(f"{review}/annotation/{{component_id}}", _annotation),
        WebSocketRoute(f"{review}/live", review_live.Live(server).connect),
        page("/review/shared/{token}", review_entry.show_shared),
        page("/review/shared/{token}", review_entry.join_shared, "POST"),
        page("/review/{token}", review_entry.enter),
    ]


class _Handling:
    """A handler of requests, and *refuse*, which makes the answer that tells a fault."""

    def __init__(self, server: Any, handler: Handler, refuse: Callable[[ServerFault], Response]) -> None:
        self._server = server
        self._handler = handler
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._handler(self._server, request)
        except ClientDisconnect:
            return
        except ServerFault as fault:
            response = self._refuse(fault)
        except UNAVAILABLE as error:
            response = self._refuse(unavailable(error))
        await response(scope, receive, send)


def _notice(fault: ServerFault) -> Response:
    """Tell people, by a page of its own."""
    # There is nothing to authenticate with: whoever has no good link has no business here. And to people a server
    # whose disk is full is one that cannot be used for a while.
    status = {401: 403, 507: 503}.get(fault.status, fault.status)
    return review_entry.page("notice.html", {"content": fault.content, "title": _title(fault)}, status)


def _refuse(fault: ServerFault) -> Response:
    """Tell the script of the page, in JSON."""
    code = fault.error_code or {
        403: "forbidden",
        404: "not_found",
        409: "conflict",
        413: "too_large",
        422: "invalid",
        503: "busy",
    }.get(fault.status, "failed")
    error = {"code": code, "message": _readable(fault), "retry": fault.status in (429, 503)}
    headers = {"cache-control": "no-store"}
    if fault.status == 429 and fault.hint:
        headers["retry-after"] = fault.hint
    return JSONResponse({"error": error}, status_code=fault.status, headers=headers)


def _readable(fault: ServerFault) -> str:
    if fault.error_code == "review_session_closed":
        # The API tells programs which row could not be written and how to reopen; a guest can do neither.
        if fault.attribute == "start_date":
            return "This review has not begun yet. You can watch and read everything; votes and comments come later."
        return "This review is closed. You can watch and read everything; votes and comments are no longer taken."
    return fault.content


async def _widget(server: Any, request: Request) -> Response:
    claims = server.signer.verify(request.query_params.get("token"), "widget")
    return review_entry.page("widget.html", await run_in_threadpool(widget.contents, server, claims))


async def _static(_server: Any, request: Request) -> Response:
    name = request.path_params["name"]
    kind = _STATIC_TYPES.get(os.path.splitext(name)[1])
    # Only what is in the list of the folder: nothing in an address becomes part of a path.
    if kind is None or name not in os.listdir(_STATIC):
        raise not_found("There is no such file.")
    path = os.path.join(_STATIC, name)
    content, packed, tag = _read_static(path, os.stat(path).st_mtime_ns)
    headers = {"cache-control": "public, max-age=300", "etag": tag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if _takes_gzip(request):
        return Response(packed, media_type=kind, headers={**headers, "content-encoding": "gzip"})
    return Response(content, media_type=kind, headers=headers)


@functools.lru_cache(maxsize=64)
def _read_static(path: str, _changed_at: int) -> Tuple[bytes, bytes, str]:
    """Return a file as it is, compressed, and the tag that stands for its content."""
    with open(path, "rb") as stream:
        content = stream.read()
    return content, gzip.compress(content, 9, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _packed(response: Response, request: Request) -> Response:
    """Return *response* compressed, where that saves something and the browser can read it."""
    response.headers["vary"] = "accept-encoding"
    if len(response.body) >= _COMPRESS_FROM_BYTES and _takes_gzip(request):
        response.body = gzip.compress(bytes(response.body), 5, mtime=0)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-length"] = str(len(response.body))
    return response


async def _show(server: Any, request: Request) -> Response:
    try:
        visitor = await review_entry.visitor_of(server, request)
    except ServerFault as fault:
        if fault.error_code != "passphrase_required":
            raise
        return await review_entry.ask_passphrase(server, request)
    state = await run_in_threadpool(review_state.assemble, server, visitor)
    values = {"title": state["session"]["name"], "state": _embed(state)}
    return _packed(review_entry.page("review.html", values), request)


def _embed(state: Mapping[str, Any]) -> str:
    """Return *state* as JSON that may stand in a page: nothing in it can end the element around it."""
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


async def _state(server: Any, request: Request) -> Response:
    visitor = await review_entry.visitor_of(server, request)
    text = request.query_params.get("objects")
    only = None if text is None else text.split(",")[:_MOST_OBJECTS]
    state = await run_in_threadpool(review_state.assemble, server, visitor, only)
    return _packed(_json(state), request)


async def _vote(server: Any, request: Request) -> Response:
    visitor, body = await _submitted(server, request)
    return await _carry_out(server, visitor, review_writing.vote, body)


async def _comment(server: Any, request: Request) -> Response:
    visitor, body = await _submitted(server, request, LONGEST_COMMENT_BYTES)
    return await _carry_out(server, visitor, review_writing.comment, body)


async def _edit(server: Any, request: Request) -> Response:
    visitor, body = await _submitted(server, request)
    return await _carry_out(server, visitor, review_writing.edit, request.path_params["note_id"], body)


async def _delete(server: Any, request: Request) -> Response:
    visitor, _ = await _submitted(server, request)
    return await _carry_out(server, visitor, review_writing.delete, request.path_params["note_id"])


async def _release(server: Any, request: Request) -> Response:
    visitor, _ = await _submitted(server, request)
    return await _carry_out(server, visitor, review_writing.release, request.path_params["note_id"])


async def _carry_out(
    server: Any, visitor: Visitor, function: Callable[..., str], *arguments: Any
) -> Response:
    """Do what was asked for and answer with what became of the object."""

    def work() -> Dict[str, Any]:
        object_id = function(server, visitor, *arguments)
        state = review_state.assemble(server, visitor, [object_id])
        return {"object": next(iter(state["objects"]), None), "revision": state["revision"]}

    return _json(await run_in_threadpool(work))


async def _media(server: Any, request: Request) -> Response:
    visitor = await review_entry.visitor_of(server, request)
    component_id: str = request.path_params["component_id"]
    await _check(review_versions.is_shown, server, visitor, component_id)
    return await run_in_threadpool(_file, server, component_id)


async def _annotation(server: Any, request: Request) -> Response:
    visitor = await review_entry.visitor_of(server, request)
    component_id: str = request.path_params["component_id"]
    await _check(review_notes.shows_picture, server, visitor, component_id)
    return await run_in_threadpool(_file, server, component_id)


def _file(server: Any, component_id: str) -> Response:
    from ftrack_review.server.endpoint import file_response

    response = file_response(server, component_id)
    if response.media_type == "application/pdf":
        # Shown inside the page, and in nobody else's.
        response.headers["content-security-policy"] = "frame-ancestors 'self'"
        response.headers["x-frame-options"] = "SAMEORIGIN"
    response.headers["cross-origin-resource-policy"] = "same-origin"
    return response


async def _thumbnail(server: Any, request: Request) -> Response:
    from ftrack_review.server import thumbnail

    visitor = await review_entry.visitor_of(server, request)
    component_id: str = request.path_params["component_id"]
    await _check(review_versions.is_shown, server, visitor, component_id)
    size = thumbnail.read_size(request.query_params.get("size"))
    path = await run_in_threadpool(thumbnail.make, server, component_id, size)
    if path is None:
        return RedirectResponse("/img/thumbnail2.png", status_code=302)
    headers = {"cache-control": "private, max-age=300", "cross-origin-resource-policy": "same-origin"}
    return FileResponse(path, media_type="image/jpeg", headers=headers)


async def _check(is_allowed: Callable[..., bool], server: Any, visitor: Visitor, component_id: str) -> None:
    """Raise the fault for a component that does not belong to what the visitor was invited to."""
    if not await run_in_threadpool(is_allowed, server, visitor, component_id):
        raise not_found("This review holds no such media.")


async def _submitted(server: Any, request: Request, limit: int = LONGEST_BODY_BYTES) -> Any:
    """Return the visitor and the JSON object that the page sent, if it was a page of ours."""
    from ftrack_review.server.application import read_object

    visitor = await review_entry.visitor_of(server, request)
    review_entry.check_origin(server, request)
    body = await review_entry.read_body(request, limit)
    value = read_object(body or b"{}")
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ServerFault("ValidationError", "The text holds half a character.", 422) from None
    return visitor, value


def _json(value: Any) -> Response:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers={"cache-control": "no-store"})


def _title(fault: ServerFault) -> str:
    return {
        401: "No entry",
        403: "No entry",
        404: "Not here",
        413: "Too long",
        429: "Too many attempts",
        503: "Try again in a moment",
        507: "Try again in a moment",
    }.get(fault.status, "That did not work")
