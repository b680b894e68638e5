"""Hear of what happens in a review session while it happens: votes, comments, drawings, objects, its end.

The event hub tells that something was committed; what it was is then read from the server, in one request for each
kind of thing that an event is about, so that it means the same on every ftrack server.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Set

from ftrack_review.exception import Error, EventHubError
from ftrack_review.protocol.grammar import quote
from ftrack_review.review import gathering
from ftrack_review.review.opinion import Annotation, Comment, Vote, time_text

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = [
    "CommentWritten",
    "DrawingMade",
    "ObjectAdded",
    "ObjectReplaced",
    "ReviewEvent",
    "SessionClosed",
    "SessionReopened",
    "VoteGiven",
    "Watch",
    "watch",
]

logger = logging.getLogger(__name__)

# For how long the hub is waited for before it is looked whether the watch was stopped, in seconds.
_STEP_S = 0.25

#: How long a background watch waits before it tries again to connect, in seconds.
_RETRY_S = 5.0

_TYPES = {
    "ReviewSessionObjectStatus": "votes",
    "Note": "notes",
    "Metadata": "metadata",
    "ReviewSessionObjectAnnotation": "annotations",
    "ReviewSessionObject": "objects",
    "ReviewSession": "sessions",
}
# What the server notes on a note when it is answered.
_ACTIVITY = "triggerdate"

_TABLES = {name.lower(): kind for name, kind in _TYPES.items()}


@dataclass(frozen=True)
class ReviewEvent:
    """Something that happened in a review session."""

    review_session_id: str


@dataclass(frozen=True)
class _OnObject(ReviewEvent):
    object_id: str
    object_name: str


@dataclass(frozen=True)
class VoteGiven(_OnObject):
    """Somebody voted, or voted anew."""

    vote: Vote

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: {self.vote}"


@dataclass(frozen=True)
class CommentWritten(_OnObject):
    """Somebody wrote a comment or a reply; with *is_new* False it was changed, completed or released."""

    comment: Comment
    is_new: bool

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: {self.comment}{'' if self.is_new else ' (changed)'}"


@dataclass(frozen=True)
class DrawingMade(_OnObject):
    """Somebody drew on a frame."""

    annotation: Annotation

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: drawn on frame {self.annotation.frame}"


@dataclass(frozen=True)
class ObjectAdded(_OnObject):
    """Something was put up for review."""

    version: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name} ({self.version}) was put up for review"


@dataclass(frozen=True)
class ObjectReplaced(_OnObject):
    """An object shows another version now, or was renamed or moved."""

    version: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name} is {self.version} now"


@dataclass(frozen=True)
class SessionClosed(ReviewEvent):
    """The review session was closed, ended by its date, or (*is_deleted*) is gone."""

    is_deleted: bool = False

    def __str__(self) -> str:
        """Return it as people read it."""
        return "The review session was deleted" if self.is_deleted else "The review session is closed"


@dataclass(frozen=True)
class SessionReopened(ReviewEvent):
    """The review session was opened again."""

    def __str__(self) -> str:
        """Return it as people read it."""
        return "The review session is open again"


class Watch:
    """What :func:`watch` returns: it goes on until :meth:`stop`, or the end of a ``with`` block."""

    def __init__(self, review_session: Entity, callback: Callable[[ReviewEvent], Any]) -> None:
        self._review_session = review_session
        self._session = review_session.session
        self._id: str = review_session["id"]
        self._callback = callback
        self._stopped = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._subscriber: Optional[str] = None
        self._versions: Dict[str, Optional[str]] = {}
        self._is_open = True
        self._end: Any = None

    def __enter__(self) -> Watch:
        """Return the watch."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop."""
        self.stop()

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped.is_set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop, and wait for a callback that is under way, for at most *timeout_s* seconds."""
        self._stopped.set()
        subscriber, self._subscriber = self._subscriber, None
        if subscriber is not None:
            self._session.event_hub.unsubscribe(subscriber)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def wait(self, duration: Optional[float] = None) -> None:
        """Call the callback with what happens, for *duration* seconds or until :meth:`stop`.

        With a watch in the background this only waits.
        """
        end = None if duration is None else time.monotonic() + duration
        while not self._stopped.is_set():
            step = _STEP_S if end is None else min(_STEP_S, end - time.monotonic())
            if step <= 0:
                return
            if self._thread is not None and self._thread is not threading.current_thread():
                self._stopped.wait(step)
            else:
                self._session.event_hub.wait(step)
                self._look_at_the_clock()

    def _begin(self, *, background: bool) -> None:
        self._read_state()
        hub = self._session.event_hub
        self._subscriber = hub.subscribe("topic=ftrack.update", self._handle)
        self._connect()
        if background:
            self._thread = threading.Thread(target=self._run, name="ftrack_review-watch", daemon=True)
            self._thread.start()

    def _connect(self) -> None:
        hub = self._session.event_hub
        if hub.connected:
            return
        try:
            hub.connect()
        except EventHubError:
            # The session connects it in the background and was first.
            if not hub.connected:
                raise

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._connect()
                self.wait()
            except Error:
                logger.warning("Nothing is heard of the review session %s for now.", self._id, exc_info=True)
                self._stopped.wait(_RETRY_S)

    def _read_state(self) -> None:
        rows = self._session.query(
            f"select version_id from ReviewSessionObject where review_session_id is {quote(self._id)}"
        )
        self._versions = {row["id"]: row["version_id"] for row in rows}
        self._read_session()

    def _read_session(self) -> bool:
        """Read when the session is open. Return False where it is gone."""
        found = self._session.query(
            f"select is_open, end_date, is_moderated from ReviewSession where id is {quote(self._id)}"
        ).first()
        if found is None:
            return False
        self._is_open, self._end = bool(found["is_open"]), found["end_date"]
        return True

    def _look_at_the_clock(self) -> None:
        """Notice that the session has ended by its date, of which nothing is told."""
        if self._is_open and self._end is not None and self._end.timestamp() <= time.time():
            self._end = None
            self._tell_of_session()

    def _tell_of_session(self) -> None:
        was_open = self._is_open
        if not self._read_session():
            self._tell(SessionClosed(self._id, is_deleted=True))
        elif was_open and not self._is_open:
            self._tell(SessionClosed(self._id))
        elif self._is_open and not was_open:
            self._tell(SessionReopened(self._id))

    def _tell(self, event: ReviewEvent) -> None:
        if not self._stopped.is_set():
            self._callback(event)

    def _handle(self, event: Mapping[str, Any]) -> None:
        """Tell what an ``ftrack.update`` was about, as far as it concerns this review session."""
        if self._stopped.is_set():
            return
        found = self._sort_out(event)
        for told in self._read(found):
            self._tell(told)
        if self._id in found.get("sessions", {}):
            self._tell_of_session()

    def _sort_out(self, event: Mapping[str, Any]) -> Dict[str, Dict[str, str]]:
        """Return the ids of what may belong to this review session, and what happened, by kind."""
        found: Dict[str, Dict[str, str]] = {}
        mine: Set[str] = {self._id, *self._versions}
        for entity in event["data"].get("entities") or ():
            kind = _TYPES.get(entity.get("entity_type") or "") or _TABLES.get(
                str(entity.get("entityType")).lower()
            )
            chain = {link.get("entityId") for link in entity.get("parents") or ()}
            chain.update((entity.get("entityId"), entity.get("parentId")))
            # Servers tell the chain of parents to different depths; where it is short, the query decides.
            if kind is None or (len(chain) > 2 and mine.isdisjoint(chain)):
                continue
            identifier, action = str(entity.get("entityId")), str(entity.get("action"))
            if kind == "metadata":
                found.setdefault("notes", {}).setdefault(str(entity.get("parentId")), "update")
            elif kind == "notes" and action == "update" and set(entity.get("keys") or ()) == {_ACTIVITY}:
                continue  # Of an answer to it, which is told itself.
            elif action != "remove" or kind == "sessions":
                told = found.setdefault(kind, {})
                told[identifier] = "add" if told.get(identifier) == "add" else action
        return found

    def _read(self, found: Mapping[str, Mapping[str, str]]) -> Iterator[ReviewEvent]:
        if found.get("objects"):
            yield from self._read_objects(found["objects"])
        if not (found.get("votes") or found.get("notes") or found.get("annotations")):
            return
        invitees = self._session.query(
            f"select name, email from ReviewSessionInvitee where review_session_id is {quote(self._id)}"
        )
        people = {invitee["id"]: invitee for invitee in invitees}
        if found.get("votes"):
            yield from self._read_votes(found["votes"], people)
        annotations: List[_Drawn] = []
        if found.get("notes") or found.get("annotations"):
            annotations = self._read_annotations(found)
        if found.get("notes"):
            drawings = {drawn.annotation.id: drawn.annotation for drawn in annotations}
            yield from self._read_comments(found["notes"], people, drawings)
        for drawn in annotations:
            if drawn.annotation.id in found.get("annotations", {}):
                yield DrawingMade(self._id, drawn.object_id, drawn.object_name, drawn.annotation)

    def _read_objects(self, ids: Mapping[str, str]) -> Iterator[ReviewEvent]:
        rows = self._session.query(
            "select name, version, version_id from ReviewSessionObject "
            f"where {self._among(ids)} and review_session_id is {quote(self._id)} order by sort_order"
        )
        for row in rows:
            key = row["id"]
            kind = ObjectReplaced if key in self._versions else ObjectAdded
            self._versions[key] = row["version_id"]
            yield kind(self._id, key, row["name"] or "", row["version"] or "")

    def _read_votes(self, ids: Mapping[str, str], people: Mapping[str, Entity]) -> Iterator[ReviewEvent]:
        role_of = gathering.roles_of(self._review_session)
        rows = self._session.query(
            "select status, created_at, review_session_invitee_id, review_session_object_id, "
            f"review_session_object.name from ReviewSessionObjectStatus where {self._among(ids)} "
            f"and review_session_object.review_session_id is {quote(self._id)} order by created_at"
        )
        for row in rows:
            vote = gathering.build_vote(
                row["review_session_invitee_id"], row["status"], row["created_at"], people, role_of
            )
            item = row["review_session_object"]
            yield VoteGiven(self._id, row["review_session_object_id"], item["name"] or "", vote)

    def _read_annotations(self, found: Mapping[str, Mapping[str, str]]) -> List[_Drawn]:
        """Return the drawings that were made, and those that the notes may go with."""
        if "ReviewSessionObjectAnnotation" not in self._session.schema:
            return []
        criteria = f"review_session_object.review_session_id is {quote(self._id)}"
        if not found.get("notes"):
            criteria += f" and {self._among(found['annotations'])}"
        rows = self._session.query(
            "select frame_number, data, created_at, review_session_object_id, review_session_object.name "
            f"from ReviewSessionObjectAnnotation where {criteria} order by created_at"
        )
        return [
            _Drawn(
                row["review_session_object_id"],
                row["review_session_object"]["name"] or "",
                Annotation(row["frame_number"], row["data"] or "", row["created_at"], row["id"]),
            )
            for row in rows
        ]

    def _read_comments(
        self, ids: Mapping[str, str], people: Mapping[str, Entity], drawings: Mapping[str, Annotation]
    ) -> Iterator[ReviewEvent]:
        names = {
            row["id"]: row["name"] or ""
            for row in self._session.query(
                f"select name from ReviewSessionObject where review_session_id is {quote(self._id)}"
            )
        }
        for row in gathering.read_notes(self._session, self._among(ids)):
            parent = row["in_reply_to"]["parent_id"] if row["in_reply_to_id"] else row["parent_id"]
            if parent not in names:
                continue
            comment = gathering.build_comment(
                row, people, drawings, moderated=bool(self._review_session["is_moderated"]), replies={}
            )
            yield CommentWritten(self._id, parent, names[parent], comment, is_new=ids[row["id"]] == "add")

    @staticmethod
    def _among(ids: Mapping[str, str]) -> str:
        return "id in ({})".format(", ".join(quote(key) for key in ids))


@dataclass(frozen=True)
class _Drawn:
    object_id: str
    object_name: str
    annotation: Annotation


def watch(
    review_session: Entity,
    callback: Optional[Callable[[ReviewEvent], Any]] = None,
    *,
    background: bool = True,
) -> Watch:
    """Call *callback* with everything that happens in *review_session* from now on, and return a handle.

    It is called with one :class:`ReviewEvent` at a time: :class:`VoteGiven`, :class:`CommentWritten`,
    :class:`DrawingMade`, :class:`ObjectAdded`, :class:`ObjectReplaced`, :class:`SessionClosed` or
    :class:`SessionReopened`. Without a callback the events are printed. The event hub of the session is connected if
    it is not yet.

    With *background* the callback is called in a thread of its own until ``handle.stop()``. Otherwise it is called
    in ``handle.wait()``, or wherever ``session.event_hub.wait()`` is called.

    Raise :exc:`~ftrack_review.exception.EventHubConnectionError` where the hub cannot be connected.

    Example::

        def tell(event):
            if isinstance(event, ftrack_review.review.VoteGiven) and event.vote.status == "require_changes":
                print(event)

        with review_session.watch(tell, background=False) as handle:
            handle.wait(60)

    .. versionadded:: 3.1.0
    """
    handle = Watch(review_session, callback or _print)
    try:
        handle._begin(background=background)
    except BaseException:
        handle.stop()
        raise
    return handle


def _print(event: ReviewEvent) -> None:
    import arrow

    print(f"{time_text(arrow.utcnow())}  {event}", flush=True)  # noqa: T201 - what it is for.
