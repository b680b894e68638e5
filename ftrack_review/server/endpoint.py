"""HTTP in front of the server: routes, bodies, uploads, downloads, CORS and the request log.

It moves bytes and turns faults into answers; what they mean is decided in ``application``, ``files`` and
``access``. The pages for people are in ``pages``. Credentials may stand in the query of some addresses, as
the protocol wants it, and tokens in paths; neither is ever logged.

Called by ``serving``, which runs the application made here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from typing import TYPE_CHECKING, Awaitable, Callable, Dict, List, Mapping, Optional, Tuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from ftrack_review.server import access, application, health, pages, thumbnail
from ftrack_review.server.errors import (
    UNAVAILABLE,
    ServerFault,
    describe,
    not_found,
    server_error,
    unavailable,
)
from ftrack_review.server.event_socket import EventSocket
from ftrack_review.server.files import content_type, upload_fault, upload_name
from ftrack_review.server.transfer import check_put_token, check_replaceable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["make_application"]

_logger = logging.getLogger("ftrack_review.server.request")

# How much goes to the disk at a time.
_WRITE_BYTES = 1024 * 1024

# A client that is refused is heard out for so long and so much, since one that still sends does not listen.
_DRAIN_S = 20.0
_DRAIN_PAUSE_S = 2.0
_DRAIN_BYTES = 10 * application.MAXIMUM_BODY_BYTES

_SHARED_WITH_OTHER_ORIGINS = ("/api", "/upload/", "/component/", "/img/", "/socket.io/")
_ALLOWED_HEADERS = (
    "accept, authorization, content-disposition, content-md5, content-type, ftrack-api-key, ftrack-api-options, "
    "ftrack-clienttoken, ftrack-pushtoken, ftrack-strict-api, ftrack-user, range, x-requested-with"
)

_HEADER_NAMES = re.compile(r"[A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*\Z")

_PLACEHOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static", "thumbnail2.png")

# Shown in the page; everything else is offered for saving, as it could run as a page of this server.
_SHOWN = ("audio/", "image/", "video/", "application/pdf")


def make_application(server: application.Server) -> ASGIApp:
    """Return the ASGI application of *server*."""
    events = EventSocket(server)
    routes = [
        Route("/api", _Endpoint(server, _api), methods=["POST"]),
        Route("/upload/{name}", _Endpoint(server, _upload), methods=["PUT"]),
        Route("/component/get", _Endpoint(server, _get), methods=["GET"]),
        Route("/component/thumbnail", _Endpoint(server, _thumbnail), methods=["GET"]),
        Route("/component/remove", _Endpoint(server, _remove), methods=["GET", "DELETE"]),
        Route("/img/thumbnail2.png", _placeholder, methods=["GET"]),
        Route("/healthz", _Endpoint(server, _health), methods=["GET"]),
        Route("/socket.io/1/", _Endpoint(server, events.shake_hands), methods=["GET"]),
        WebSocketRoute("/socket.io/1/websocket/{session_id}", events.connect),
        *pages.make_routes(server),
    ]

    async def fail(_request: Request, _error: Exception) -> Response:
        return _respond(server.refuse(server_error()))

    async def refuse(_request: Request, fault: Exception) -> Response:
        assert isinstance(fault, ServerFault)
        return _respond(server.refuse(fault))

    async def miss(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        content = f"There is nothing at {request.url.path} for {request.method}."
        headers = dict(error.headers or {})
        answer = ServerFault("NotFound", content, error.status_code).answer()
        return JSONResponse(answer, status_code=error.status_code, headers=headers)

    starlette = Starlette(
        routes=routes, exception_handlers={ServerFault: refuse, HTTPException: miss, Exception: fail}
    )
    return _Outermost(starlette)


class _Endpoint:
    """A handler of requests, bound to the server. Starlette calls an object as ASGI, so this is one."""

    def __init__(
        self,
        server: application.Server,
        handler: Callable[[application.Server, Request], Awaitable[Response]],
    ) -> None:
        self._server = server
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._handler(self._server, request)
        except ClientDisconnect:
            return  # Nobody is left who could be answered.
        except (ServerFault, *UNAVAILABLE) as error:
            await _drain(request)
            fault = error if isinstance(error, ServerFault) else unavailable(error)
            response = _respond(self._server.refuse(fault))
        await response(scope, receive, send)


class _Outermost:
    """CORS and the log, around everything, so that errors carry them too."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        origin = _origin(scope)
        plain: Optional[Message] = None  # The beginning of an answer of Starlette's own that is no JSON.

        async def answer(message: Message) -> None:
            nonlocal status, plain
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 and _is_plain(message):
                    plain = message
                    return
                headers: List[Tuple[bytes, bytes]] = list(message.get("headers", ()))
                headers.append((b"x-content-type-options", b"nosniff"))
                headers.extend(_cors(origin))
                message = {**message, "headers": headers}
            elif plain is not None:
                refused, kept, plain = (
                    ServerFault("ValidationError", _text_of(message), status),
                    _range(plain),
                    None,
                )
                response = JSONResponse(refused.answer(), status_code=refused.status, headers=kept)
                await response(scope, receive, answer)
                return
            await send(message)

        try:
            if origin is not None and scope["method"] == "OPTIONS":
                await Response(status_code=204, headers=_preflight(scope))(scope, receive, answer)
            else:
                await self._inner(scope, receive, answer)
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            entry = {
                "method": scope["method"],
                "path": redact(scope["path"]),
                "status": status or None,
                "milliseconds": round(milliseconds, 1),
            }
            # As fields too, for a log that is read by machines.
            _logger.info(
                "%s %s %s %.1f ms",
                entry["method"],
                entry["path"],
                status or "aborted",
                milliseconds,
                extra=entry,
            )


def _is_plain(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/plain")
        for name, value in message.get("headers", ())
    )


def _range(message: Message) -> Dict[str, str]:
    """Return the header that tells who asked for a range beyond the end how long the file is."""
    headers = dict(message.get("headers", ()))
    return {"content-range": headers[b"content-range"].decode()} if b"content-range" in headers else {}


def _text_of(message: Message) -> str:
    text: str = message.get("body", b"").decode("utf-8", "replace")
    return text or "The request cannot be answered."


def _preflight(scope: Scope) -> Dict[str, str]:
    """Return what a page of another origin is allowed: the headers that clients send, and those it asks for besides.

    The JavaScript client takes additional headers, of any name. None of them has a meaning here.
    """
    asked = next(
        (value for name, value in scope["headers"] if name == b"access-control-request-headers"), b""
    )
    extra = asked.decode("latin-1")
    more = f", {extra}" if _HEADER_NAMES.match(extra) else ""
    return {
        "access-control-allow-methods": "GET, POST, PUT, OPTIONS",
        "access-control-allow-headers": _ALLOWED_HEADERS + more,
        "access-control-max-age": "600",
    }


def redact(path: str) -> str:
    """Return *path* as it may be logged: without the token of a personal link or the id of a socket."""
    parts = path.split("/")
    if len(parts) == 3 and parts[1] == "review" and len(parts[2]) >= 20:
        parts[2] = "..."
    if len(parts) > 3 and parts[1:3] == ["review", "shared"]:
        parts[3] = "..."
    if len(parts) > 4 and parts[1] == "socket.io":
        parts[4] = "..."
    return "/".join(parts)


def _origin(scope: Scope) -> Optional[bytes]:
    """Return the origin of a request from a page of another server, where such requests are welcome."""
    if not scope["path"].startswith(_SHARED_WITH_OTHER_ORIGINS):
        return None
    for name, value in scope["headers"]:
        if name == b"origin":
            return bytes(value)
    return None


def _cors(origin: Optional[bytes]) -> List[Tuple[bytes, bytes]]:
    if origin is None:
        return []
    # The JavaScript client sends credentials, so that a star is not allowed. Nothing here is
    # authenticated by cookies; those of the review page do not reach these paths.
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"ETag, Content-Disposition, Content-Range, Accept-Ranges"),
        (b"vary", b"Origin"),
    ]


async def _api(server: application.Server, request: Request) -> Response:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        raise ServerFault("ValidationError", f"A body in the encoding {describe(encoding)} is not read.", 415)
    body = await _read_body(request)
    return _respond(await run_in_threadpool(server.handle, body, read_headers(request)))


def read_headers(request: Request) -> Dict[str, str]:
    """Return the headers of *request* by their names in lower case.

    Names of users beyond ASCII come as UTF-8 from our client and as Latin-1 from others.
    """
    headers = dict(request.headers)
    name = headers.get("ftrack-user", "")
    if not name.isascii():
        with contextlib.suppress(UnicodeError):
            headers["ftrack-user"] = name.encode("latin-1").decode("utf-8")
    return headers


async def _read_body(request: Request) -> bytes:
    length = _content_length(request)
    if length is not None and length > application.MAXIMUM_BODY_BYTES:
        raise application.too_large()
    chunks: List[bytes] = []
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > application.MAXIMUM_BODY_BYTES:
            raise application.too_large()
        chunks.append(chunk)
    return b"".join(chunks)


async def _upload(server: application.Server, request: Request) -> Response:
    claims = server.signer.verify(request.query_params.get("token"), "put")
    component_id = claims["s"]
    if request.path_params["name"] != upload_name(component_id):
        raise access.token_fault()
    check_put_token(claims, _content_length(request))
    if claims.get("part") is None:
        await run_in_threadpool(check_replaceable, server, component_id)
    checksum = claims.get("md5")
    sent_checksum = request.headers.get("content-md5")
    if checksum and sent_checksum and sent_checksum != checksum:
        raise upload_fault("The header Content-MD5 is not the MD5 that was announced.", status=422)
    incoming = await run_in_threadpool(
        server.files.receive,
        component_id,
        size=claims.get("size"),
        checksum=checksum or sent_checksum,
        part=claims.get("part"),
        upload_id=claims.get("upload"),
    )
    try:
        buffer = bytearray()
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= _WRITE_BYTES:
                data, buffer = bytes(buffer), bytearray()
                await run_in_threadpool(incoming.write, data)
        await run_in_threadpool(incoming.write, bytes(buffer))
        size = await run_in_threadpool(incoming.finish)
    finally:
        await run_in_threadpool(incoming.discard)
    if claims.get("part") is None:
        await run_in_threadpool(server.files.forget_thumbnails, component_id)
    answer = {"component_id": component_id, "size": size}
    return JSONResponse(answer, headers={"etag": f'"{incoming.e_tag}"'})


async def _get(server: application.Server, request: Request) -> Response:
    component_id = await run_in_threadpool(_check_reader, server, request)
    return await run_in_threadpool(file_response, server, component_id)


async def _thumbnail(server: application.Server, request: Request) -> Response:
    try:
        component_id = await run_in_threadpool(_check_reader, server, request)
        size = thumbnail.read_size(request.query_params.get("size"))
        path = await run_in_threadpool(thumbnail.make, server, component_id, size)
    except ServerFault as fault:
        if fault.status != 404:
            raise
        path = None
    if path is None:
        return RedirectResponse("/img/thumbnail2.png", status_code=302, headers={"cache-control": "no-store"})
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, max-age=300"})


async def _remove(server: application.Server, request: Request) -> Response:
    component_id = _component_id(request)
    # Clients of ftrack GET it with user and key in the address. DELETE is ours: it takes them from headers, which
    # proxies do not log.
    given, names = (
        (read_headers(request), ("ftrack-user", "ftrack-api-key"))
        if request.method == "DELETE"
        else (request.query_params, ("username", "apiKey"))
    )
    await run_in_threadpool(server.authenticate, *map(given.get, names))
    await run_in_threadpool(check_replaceable, server, component_id)
    is_removed = await run_in_threadpool(server.files.remove, component_id)
    return JSONResponse({"component_id": component_id, "removed": is_removed})


async def _health(server: application.Server, _request: Request) -> Response:
    is_healthy, checks = await run_in_threadpool(health.check, server)
    content = {"status": "ok" if is_healthy else "failing", "checks": checks}
    headers = {"cache-control": "no-store"}
    return JSONResponse(content, status_code=200 if is_healthy else 503, headers=headers)


async def _placeholder(_request: Request) -> Response:
    return FileResponse(
        _PLACEHOLDER, media_type="image/png", headers={"cache-control": "public, max-age=86400"}
    )


def file_response(server: application.Server, component_id: str) -> Response:
    """Return the file of *component_id* as a response that takes byte ranges."""
    if not server.files.has(component_id):
        raise not_found(f"The server holds no file of the component {describe(component_id)}.")
    name = server.component_name(component_id)
    kind = content_type(name)
    is_shown = kind.startswith(_SHOWN) and kind != "image/svg+xml"
    headers = {"cache-control": "private, max-age=300", "accept-ranges": "bytes"}
    if kind != "application/pdf":
        # Whatever it is, it must not run as a page of this server.
        headers["content-security-policy"] = "default-src 'none'; sandbox"
    return FileResponse(
        server.files.path(component_id),
        media_type=kind,
        filename=name,
        content_disposition_type="inline" if is_shown else "attachment",
        headers=headers,
    )


def _check_reader(server: application.Server, request: Request) -> str:
    """Return the id of the component that is asked for, if the token or the credentials in the query are good."""
    component_id = _component_id(request)
    query = request.query_params
    if query.get("token"):
        server.signer.verify(query["token"], "get", component_id)
    else:
        server.authenticate(query.get("username"), query.get("apiKey"))
    return component_id


def _component_id(request: Request) -> str:
    component_id = request.query_params.get("id")
    if not component_id:
        raise not_found("The address names no component; it needs id=...")
    return component_id


def _content_length(request: Request) -> Optional[int]:
    text = request.headers.get("content-length")
    return int(text) if text is not None and text.isdigit() else None


async def _drain(request: Request) -> None:
    """Read what the client still sends, within limits, so that it gets to read the answer."""
    total = 0
    with contextlib.suppress(ClientDisconnect, RuntimeError, asyncio.TimeoutError):
        deadline = time.monotonic() + _DRAIN_S
        stream = request.stream().__aiter__()
        while total < _DRAIN_BYTES:
            try:
                # One that announced more than it sends waits for the answer.
                pause_s = min(_DRAIN_PAUSE_S, max(0.1, deadline - time.monotonic()))
                chunk = await asyncio.wait_for(stream.__anext__(), pause_s)
            except StopAsyncIteration:
                return
            total += len(chunk)


def _respond(answer: Tuple[int, bytes, Mapping[str, str]]) -> Response:
    status, body, headers = answer
    complete: Dict[str, str] = {"cache-control": "no-store", **headers}
    return Response(body, status_code=status, headers=complete)
