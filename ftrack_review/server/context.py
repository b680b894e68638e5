"""What one request carries along: who asks, on which connection, and what it has done so far.

:class:`RequestContext` is made by ``dispatch`` for every request and handed to every handler. It holds no
logic of its own.

Called by ``dispatch`` and, as a type, by every handler.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Protocol, Tuple

if TYPE_CHECKING:
    from ftrack_review.server.rows import Rows

__all__ = ["CallerLike", "Change", "Options", "RequestContext", "ServerContext", "utc_now"]


class CallerLike(Protocol):
    """Who makes a request. ``access.Caller`` is one."""

    @property
    def user_id(self) -> Optional[str]:
        """The id of the User, or of the Resource that stands for a guest, None where there is neither."""

    @property
    def username(self) -> str:
        """The name of the user."""

    @property
    def key_id(self) -> Optional[str]:
        """The id of the API key that was used, if any."""


class ServerContext(Protocol):
    """What a request needs of the server around it. ``application.Server`` is one."""

    @property
    def store(self) -> Any:
        """The :class:`~ftrack_review.server.store.Store`."""

    @property
    def catalogue(self) -> Any:
        """The present :class:`~ftrack_review.server.catalogue.Catalogue`."""

    @property
    def files(self) -> Any:
        """Where the media is kept."""

    def base_url(self) -> str:
        """Return the address under which clients reach the server, without a trailing slash."""

    def component_url(self, component_id: str) -> str:
        """Return an address from which the component can be read without credentials."""

    def thumbnail_url(self, component_id: str) -> str:
        """Return an address of a small picture of the component."""


@dataclass(frozen=True)
class Options:
    """How the caller wants its answer, from the headers of the request.

    *strict* asks for HTTP status codes, *denormalize* for complete entities wherever they occur. The tokens
    are echoed in the events that the request causes.
    """

    strict: bool = False
    denormalize: bool = False
    client_token: Optional[str] = None
    push_token: Optional[str] = None


@dataclass(frozen=True)
class Change:
    """What a request did to one entity, in the names of the schema.

    *action* is ``add``, ``update``, ``move`` (the parent changed) or ``remove``. *values* maps each changed
    attribute to its old and new value as stored (times as ``YYYY-MM-DDTHH:MM:SS``). *row* holds every stored
    attribute as it is now, or was last.
    """

    entity_type: str
    key: Tuple[str, ...]
    action: str
    values: Mapping[str, Tuple[Any, Any]]
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class RequestContext:
    """Everything that the handlers of one request share.

    *connection* belongs to the transaction of the request. *now* is the time of the request in UTC as stored.
    *answer* remembers what the response holds already, so that nothing is written twice. *changes* is filled
    when the transaction is about to be committed; the callables in *after_commit* run once it was. *memory* is
    where rules keep what they need again within the request (counters, statuses of a project schema).
    """

    server: ServerContext
    catalogue: Any
    connection: Any
    caller: CallerLike
    options: Options
    now: str
    answer: Any = None
    changes: List[Change] = field(default_factory=list)
    after_commit: List[Callable[[], None]] = field(default_factory=list)
    memory: Dict[Any, Any] = field(default_factory=dict)
    _perform: Optional[Callable[[RequestContext, Mapping[str, Any]], Any]] = None
    _rows: Optional[Rows] = None

    @property
    def rows(self) -> Rows:
        """The rows that this request has read and changed."""
        if self._rows is None:
            from ftrack_review.server.rows import Rows

            self._rows = Rows(self)
        return self._rows

    @property
    def files(self) -> Any:
        """Where the media is kept."""
        return self.server.files

    def execute(self, action: Mapping[str, Any]) -> Any:
        """Carry out one more *action* as part of this request, and return its result."""
        assert self._perform is not None
        return self._perform(self, action)

    def flush(self) -> None:
        """Write what is pending, so that statements on *connection* see it."""
        if self._rows is not None:
            self._rows.flush()

    def base_url(self) -> str:
        """Return the address under which clients reach the server, without a trailing slash."""
        return self.server.base_url()

    def component_url(self, component_id: str) -> str:
        """Return an address from which the component can be read without credentials."""
        return self.server.component_url(component_id)

    def thumbnail_url(self, component_id: str) -> str:
        """Return an address of a small picture of the component."""
        return self.server.thumbnail_url(component_id)


def utc_now() -> str:
    """Return the present time as the database keeps it: UTC, without zone, in whole seconds."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
