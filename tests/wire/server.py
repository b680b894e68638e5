"""A server with the rows of the site, answering without a socket."""

from __future__ import annotations

import shutil
from typing import Any

from ftrack_review.server import access, ledger
from ftrack_review.server.application import Server
from ftrack_review.server.context import utc_now
from ftrack_review.server.endpoint import make_application
from tests.wire import asgi, site
from tests.wire.client import ADDRESS


def make_template(folder: Any) -> None:
    """Make a server in *folder* whose rows are those of the site, and close it."""
    with Server(data=str(folder), is_temporary=True) as server:
        site.build(server)
        with server.store.write() as connection:
            ledger.add_key(
                connection,
                user_id=server.administrator().user_id,
                hash=access.hash_secret("secret"),
                name="tests",
                run=False,
                now=utc_now(),
            )


class WiredServer:
    """A server on a copy of a template."""

    def __init__(self, template: Any, folder: Any) -> None:
        shutil.copytree(template, folder)
        self._server = Server(data=str(folder), is_temporary=True, base_url=ADDRESS)
        # Jobs stay queued, so that what is asked about them has one answer.
        self._server.jobs.close(0)
        self._application = make_application(self._server)

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request."""
        headers = {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}
        headers.setdefault("content-length", str(len(body)))
        status, _, content = asgi.request(self._application, method, target, headers, body)
        return status, content

    def close(self) -> None:
        """Close the server."""
        self._server.close()
