"""An HTTP request to the server's application, without a socket."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit


def request(
    application: Any, method: str, target: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer of *application*."""
    parts = urlsplit(target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("test", 0),
        "server": ("ftrack.test", 80),
    }
    answers: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            # The client stays until it has its answer; whoever waits for its going is cancelled then.
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    asyncio.run(application(scope, receive, send))
    answered = {name.decode().lower(): value.decode() for name, value in answers[0]["headers"]}
    return answers[0]["status"], answered, b"".join(message.get("body", b"") for message in answers[1:])
