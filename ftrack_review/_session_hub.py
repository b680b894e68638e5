"""The event hub of a session, which finds out where its server is when it has to connect.

The address of an embedded server exists only once somebody needs it, as a port has to be opened for it, and most
sessions use their hub for events within the program alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional
from urllib.parse import urlsplit

from ftrack_review.event.hub import EventHub, ServerDetails

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["SessionHub"]

# What stands for the address until it is asked for. The name cannot be that of a host.
_NOT_ASKED_YET = "http://embedded.invalid"


class SessionHub(EventHub):
    """The event hub of a session."""

    def __init__(self, session: Session) -> None:
        """Initialise for the server of *session*, without connecting."""
        self._session = session
        self._details: Optional[ServerDetails] = None
        super().__init__(
            _NOT_ASKED_YET,
            session.api_user,
            session.api_key,
            headers=session._headers,
            cookies=session._cookies,
        )

    def __repr__(self) -> str:
        """Return the type and what it belongs to, without opening a port."""
        return f"<{type(self).__name__} of {self._session!r}>"

    @property  # type: ignore[override]
    def server(self) -> ServerDetails:
        """Where the server is."""
        if self._details is None:
            parts = urlsplit(self._session.server_url)
            self._details = ServerDetails(parts.scheme, parts.hostname or "", parts.port)
        return self._details

    @server.setter
    def server(self, value: ServerDetails) -> None:
        self._details = None if value.hostname == urlsplit(_NOT_ASKED_YET).hostname else value
