"""Several server processes on one PostgreSQL database: events for the clients of all, jobs for one of them.

An event is a row of the private table ``_event``; ``NOTIFY`` tells its key, and a thread of every process reads the
row and hands it to its own clients. What a batch did becomes an event in the batch's own transaction, so that it is
told if and only if the batch is committed, and PostgreSQL delivers notifications in the order of commits: clients
of every process receive the updates in one order. An event of a client goes to those of its own process at once, and
to the others after it.

Made by ``application`` for a database that is no file; used by it, ``relay``, ``event_socket`` and ``jobs``.
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Deque, Iterator, List, Mapping, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.exception import DatabaseError
from ftrack_review.server.announcement import Batch, describe
from ftrack_review.server.engine import GONE_SETTINGS, translated

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext

__all__ = ["Neighbours"]

#: What is notified: the key of an event.
CHANNEL = "ftrack_review_event"

#: How often a process shows that it is there, in seconds, and how long it counts as there.
BEAT_S = 5.0
GONE_AFTER_S = 60.0

#: How long a job belongs to who does it, if that is not said again, in seconds.
LEASE_S = 30.0

# How long events are kept for processes that lost their connection, in seconds.
_KEEP_EVENTS_S = 600.0

# How many events of clients may wait to be passed on, and how many keys are remembered as handed out.
_MAXIMUM_WAITING = 10_000
_REMEMBERED = 10_000

# How long to wait before the database is tried again, and for what is noticed without being told, in seconds.
_AGAIN_S = 1.0
_WAIT_S = 0.5

_NOW = "extract(epoch FROM clock_timestamp())"
_POST = sa.text(
    "WITH made AS (INSERT INTO _event (origin, kind, body, created_at) "
    f"VALUES (:origin, :kind, :body, {_NOW}) RETURNING id) "
    f"SELECT pg_notify('{CHANNEL}', CAST(id AS TEXT)) FROM made"
)
_SHOW = sa.text(
    f"INSERT INTO _process (id, name, listens, seen_at) VALUES (:id, :name, :listens, {_NOW}) "
    "ON CONFLICT (id) DO UPDATE SET listens = excluded.listens, seen_at = excluded.seen_at"
)
_TAKE = sa.text(
    f"INSERT INTO _lease (name, holder, until) VALUES (:name, :holder, {_NOW} + :lease_s) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
    f"WHERE _lease.holder = excluded.holder OR _lease.until < {_NOW}"
)

_logger = logging.getLogger(__name__)


class Neighbours:
    """One process, and all others that serve the database of *server*."""

    def __init__(self, server: Any, *, lease_s: float = LEASE_S) -> None:
        """Initialise for *server*. A job is taken over when its process was silent for *lease_s* seconds."""
        self._server = server
        self._store = server.store
        self._lease_s = lease_s
        self.id = uuid.uuid4().hex
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._listens = False
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: Deque[Mapping[str, Any]] = collections.deque()
        self._is_closed = threading.Event()
        self._is_listening = threading.Event()
        self._threads: List[threading.Thread] = []
        # Keys of events that were handed out, the newest last, and the highest of them.
        self._seen: collections.OrderedDict[int, None] = collections.OrderedDict()
        self._highest: Optional[int] = None

    def start(self, timeout_s: float = 10.0) -> None:
        """Begin to listen. Return when events of others arrive from now on, after *timeout_s* at the latest."""
        for work in (self._listen, self._pass_on):
            thread = threading.Thread(target=work, name="ftrack-review-neighbours", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._is_listening.wait(timeout_s)

    def close(self, timeout_s: float) -> None:
        """Pass on what waits, at most for about *timeout_s*, and be gone for the others."""
        self._is_closed.set()
        with self._changed:
            self._changed.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(DatabaseError), self._store.write_aside() as connection:
            connection.change(sa.text("DELETE FROM _process WHERE id = :id"), {"id": self.id})
            connection.change(sa.text("DELETE FROM _lease WHERE holder = :id"), {"id": self.id})

    # Events

    def expect_clients(self) -> None:
        """Let the others know that clients of this process want events, before the first of them says so."""
        if self._listens:
            return
        with self._lock:
            if not self._listens:
                with self._store.write_aside() as connection:
                    self._show(connection, listens=True)
                self._listens = True

    def record(self, context: RequestContext) -> None:
        """Make what the request *context* did an event, as part of its transaction, if anybody wants to know."""
        if not context.changes or not self._is_wanted(context.connection):
            return
        batch = Batch(tuple(context.changes), context.catalogue, context.caller, context.options)
        try:
            event = describe(batch, context.connection)
            body = None if event is None else json.dumps(event)
        except DatabaseError:
            raise  # The transaction is lost with it.
        except Exception:
            # The batch is good; one event less must not undo it.
            _logger.exception("An event for a batch could not be made.")
            return
        if body is not None:
            self._post(context.connection, "update", body)

    def forward(self, event: Mapping[str, Any]) -> None:
        """Hand an *event*, which the clients of this process have, to those of others. It neither waits nor fails."""
        with self._changed:
            if self._is_closed.is_set():
                return
            if len(self._waiting) >= _MAXIMUM_WAITING:
                _logger.error("An event was not passed on, as %d wait already.", _MAXIMUM_WAITING)
                return
            self._waiting.append(event)
            self._changed.notify()

    def _is_wanted(self, connection: Any, *, by_others: bool = False) -> bool:
        others = f"AND id <> '{self.id}' " if by_others else ""
        text = f"SELECT 1 FROM _process WHERE listens {others}AND seen_at > {_NOW} - {GONE_AFTER_S} LIMIT 1"
        return connection.run_aside(text) is not None

    def _post(self, connection: Any, kind: str, body: str) -> None:
        connection.run(_POST, {"origin": self.id, "kind": kind, "body": body})

    def _show(self, connection: Any, *, listens: bool) -> None:
        connection.change(_SHOW, {"id": self.id, "name": self._name, "listens": listens})

    def _pass_on(self) -> None:
        """Write the events of clients for the other processes, all that wait in one transaction."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed.is_set(), BEAT_S)
                events = list(self._waiting)
                self._waiting.clear()
            if not events:
                if self._is_closed.is_set():
                    return
                continue
            try:
                with self._store.write_aside() as connection:
                    if self._is_wanted(connection, by_others=True):
                        for event in events:
                            self._post(connection, "client", json.dumps(event))
            except Exception:
                _logger.exception("%d events were not passed on to other processes.", len(events))

    # Listening

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                with self._connected() as connection:
                    self._receive(connection)
            except DatabaseError as error:
                _logger.warning("Events of other processes wait for the database: %s", error)
            except Exception:
                _logger.exception("Events of other processes wait.")
            self._is_closed.wait(_AGAIN_S)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        """Give a connection of its own, on which every statement is a transaction."""
        import psycopg

        url = self._store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with (
            translated(),
            contextlib.closing(
                psycopg.connect(
                    url,
                    autocommit=True,
                    connect_timeout=10,
                    application_name="ftrack-review events",
                    **GONE_SETTINGS,
                )
            ) as connection,
        ):
            yield connection

    def _receive(self, connection: Any) -> None:
        if self._highest is None:
            # Before anything is listened to: what happened before this process was there is nothing that it missed.
            self._highest = self._remember_past(connection)
        connection.execute(f"LISTEN {CHANNEL}")
        # What was told while nobody listened. Keys may come in another order than they were given.
        self._hand_out(connection, "id > %s", self._highest - _REMEMBERED)
        beaten_at = 0.0
        while not self._is_closed.is_set():
            if time.monotonic() - beaten_at >= min(BEAT_S, self._lease_s / 3):
                self._beat(connection)
                beaten_at = time.monotonic()
                self._is_listening.set()
            keys = [int(notice.payload) for notice in connection.notifies(timeout=_WAIT_S, stop_after=1)]
            # What has arrived meanwhile comes along.
            keys.extend(int(notice.payload) for notice in connection.notifies(timeout=0))
            if keys:
                self._hand_out(connection, "id = ANY(%s)", keys)

    def _remember_past(self, connection: Any) -> int:
        """Take the events that there are for handed out. Return the highest of their keys."""
        rows = connection.execute(
            "SELECT id FROM _event ORDER BY id DESC LIMIT %s", (_REMEMBERED,)
        ).fetchall()
        self._seen.update((key, None) for (key,) in reversed(rows))
        return int(rows[0][0]) if rows else 0

    def _hand_out(self, connection: Any, condition: str, value: Any) -> None:
        statement = f"SELECT id, origin, kind, body FROM _event WHERE {condition} ORDER BY id"
        rows = connection.execute(statement, (value,)).fetchall()
        if isinstance(value, list):
            places = {key: place for place, key in enumerate(value)}
            rows.sort(key=lambda row: places[row[0]])
        for key, origin, kind, body in rows:
            if key in self._seen:
                continue
            self._seen[key] = None
            self._highest = max(self._highest or 0, key)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            if kind == "client" and origin == self.id:
                continue
            try:
                self._server.relay.hand_out(json.loads(body))
            except Exception:
                _logger.exception("An event of another process could not be handed out.")

    def _beat(self, connection: Any) -> None:
        """Show that this process is there, keep its jobs, and clear away what nobody needs any more."""
        with self._store.write_aside() as writer:
            self._show(writer, listens=self._listens)
        connection.execute(
            f"UPDATE _lease SET until = {_NOW} + %s WHERE holder = %s", (self._lease_s, self.id)
        )
        connection.execute(f"DELETE FROM _process WHERE seen_at < {_NOW} - {GONE_AFTER_S}")
        connection.execute(f"DELETE FROM _event WHERE created_at < {_NOW} - {_KEEP_EVENTS_S}")
        connection.execute(f"DELETE FROM _lease WHERE until < {_NOW} - {_KEEP_EVENTS_S}")
        self._server.jobs.look()

    # Jobs

    def take(self, name: str) -> bool:
        """Take, or keep, the job *name*. Return False where another process has it."""
        with self._store.write_aside() as connection:
            values = {"name": name, "holder": self.id, "lease_s": self._lease_s}
            return bool(connection.change(_TAKE, values))

    def leave(self, name: str) -> None:
        """Leave the job *name* to who wants it."""
        with self._store.write_aside() as connection:
            statement = sa.text("DELETE FROM _lease WHERE name = :name AND holder = :holder")
            connection.change(statement, {"name": name, "holder": self.id})

    def untaken(self, names: Sequence[str]) -> List[str]:
        """Return those of *names* that no process has at present."""
        with self._store.read() as connection:
            rows = connection.run(sa.text(f"SELECT name FROM _lease WHERE until >= {_NOW}"))
        taken = {row[0] for row in rows}
        return [name for name in names if name not in taken]

    # Handshakes

    def keep_handshake(self, session_id: str, values: Tuple[Any, ...], lifetime_s: float) -> None:
        """Remember for *lifetime_s* whose event session *session_id* is: its socket may be opened elsewhere."""
        with self._store.write_aside() as connection:
            connection.change(
                sa.text(
                    f"INSERT INTO _lease (name, holder, until) VALUES (:name, :holder, {_NOW} + :lifetime_s)"
                ),
                {
                    "name": _handshake_name(session_id),
                    "holder": json.dumps(values),
                    "lifetime_s": lifetime_s,
                },
            )

    def take_handshake(self, session_id: str) -> Optional[List[Any]]:
        """Return what was remembered of *session_id*, once, and None where that is nothing (any more)."""
        with self._store.write_aside() as connection:
            rows = connection.run(
                sa.text(f"DELETE FROM _lease WHERE name = :name RETURNING holder, until >= {_NOW}"),
                {"name": _handshake_name(session_id)},
            )
        return list(json.loads(rows[0][0])) if rows and rows[0][1] else None


def _handshake_name(session_id: str) -> str:
    from ftrack_review.server.access import hash_secret

    # As with keys, the database does not hold what would open anything.
    return f"socket:{hash_secret(session_id)}"
