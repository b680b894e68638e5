"""Hear of what happens in a review session while it happens: votes, comments, drawings, objects, its end.

The event hub tells that something was committed; what it was is then read from the server, in one request for each
kind of thing that an event is about, so that it means the same on every ftrack server. What was removed is known from
before.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from ftrack_review._terminal import harmless
from ftrack_review.exception import Error, EventHubError
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering, keeping
from ftrack_review.review.happening import (
    CommentDeleted,
    CommentWritten,
    DrawingMade,
    ObjectAdded,
    ObjectRemoved,
    ObjectReplaced,
    ReviewEvent,
    SessionClosed,
    SessionReopened,
    VoteGiven,
    VoteWithdrawn,
)
from ftrack_review.review.opinion import Annotation

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.happening import _OnObject

__all__ = ["Watch", "watch"]

logger = logging.getLogger(__name__)

# For how long the hub is waited for before it is looked whether the watch was stopped, in seconds.
_STEP_S = 0.25

#: How long a background watch waits before it tries again to connect, in seconds.
_RETRY_S = 5.0

# What is said about objects; the drawings first, as the notes go with them.
_SAID = {
    "annotations": "ReviewSessionObjectAnnotation",
    "votes": "ReviewSessionObjectStatus",
    "notes": "Note",
}
_PROJECTIONS = {"annotations": "frame_number, data", "votes": "status, review_session_invitee_id"}

_TYPES = {
    **{name: kind for kind, name in _SAID.items()},
    "Metadata": "metadata",
    "ReviewSessionObject": "objects",
    "ReviewSession": "sessions",
}
# What the server notes on a note when it is answered.
_ACTIVITY = "triggerdate"

_TABLES = {name.lower(): kind for name, kind in _TYPES.items()}


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
        self._memory = _Memory(review_session)
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
        hub = self._session.event_hub
        self._subscriber = hub.subscribe("topic=ftrack.update", self._handle)
        self._connect()
        # Once it is told of everything, so that nothing is missed; what is told meanwhile waits for the hub.
        self._read_session()
        self._memory.fill()
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
                if not self._session.event_hub.connected:
                    self._connect()
                    self._memory.fill()
                self.wait()
            except Error:
                logger.warning("Nothing is heard of the review session %s for now.", self._id, exc_info=True)
                self._stopped.wait(_RETRY_S)

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
        sessions = found.pop("sessions", {})
        if sessions.get(self._id) != "remove":
            for told in self._memory.take(found):
                self._tell(told)
        if self._id in sessions:
            self._tell_of_session()

    def _sort_out(self, event: Mapping[str, Any]) -> Dict[str, Dict[str, str]]:
        """Return the ids of what may belong to this review session, and what happened, by kind."""
        found: Dict[str, Dict[str, str]] = {}
        mine: Set[str] = {self._id, *self._memory.objects}
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
            else:
                told = found.setdefault(kind, {})
                told[identifier] = "add" if told.get(identifier) == "add" else action
        return found


class _Memory:
    """What was said in a review session so far, as what is removed can be read no more."""

    def __init__(self, review_session: Entity) -> None:
        self._review_session = review_session
        self._session = review_session.session
        self._id: str = review_session["id"]
        #: Name, label and id of the version by the ids of objects.
        self.objects: Dict[str, _Object] = {}
        self._said: Dict[str, _Said] = {kind: {} for kind in _SAID}
        self._people: Dict[str, Entity] = {}
        self._roles: Mapping[str, str] = {}
        self._first_frames: Mapping[str, int] = {}

    def fill(self) -> None:
        """Read everything that there is."""
        self.objects = self._read_objects("")
        self._read_people()
        for kind in _SAID:
            self._said[kind] = self._read(kind, "")

    def take(self, found: Mapping[str, Mapping[str, str]]) -> Iterator[ReviewEvent]:
        """Take in what happened to the ids in *found*, which are by kind, and yield what is to be told of it."""
        moved: Set[str] = set()
        for event, is_moved in self._take_objects(found.get("objects", {})):
            yield event
            if is_moved:
                moved.add(event.object_id)
        if not any(found.get(kind) for kind in _SAID):
            return
        self._read_people()
        told: Dict[str, List[ReviewEvent]] = {}
        # The drawings first, as the notes go with them.
        for kind in _SAID:
            told[kind] = list(self._take(kind, found.get(kind, {}), moved))
        yield from (*told["votes"], *told["notes"], *told["annotations"])

    def _take_objects(self, actions: Mapping[str, str]) -> Iterator[Tuple[_OnObject, bool]]:
        """Yield what happened to objects, and whether what was said about the version before has gone with it."""
        if not actions:
            return
        present = self._read_objects(f" and {_among(actions)}")
        for key in actions:
            former, now = self.objects.pop(key, None), present.get(key)
            if now is not None:
                self.objects[key] = now
                kind = ObjectAdded if former is None else ObjectReplaced
                is_moved = former is not None and former.version_id != now.version_id
                yield kind(self._id, key, now.name, now.version), is_moved
            elif former is not None:
                yield ObjectRemoved(self._id, key, former.name), True

    def _take(self, kind: str, actions: Mapping[str, str], moved: Set[str]) -> Iterator[ReviewEvent]:
        if not actions:
            return
        known = self._said[kind]
        criteria = _among(actions)
        if kind == "votes":
            # Who votes anew may do so by removing the former vote.
            others = {known[key][0]: "" for key in actions if key in known}
            criteria += f" or {_among(others, 'review_session_object_id')}" if others else ""
        present = self._read(kind, f" and ({criteria})")
        former = {key: known.pop(key) for key in actions if key in known}
        known.update(present)
        for key, (object_id, value) in present.items():
            if key in actions:
                is_new = actions[key] == "add" or key not in former
                yield self._tell(kind, object_id, value, is_new=is_new)
        for key, (object_id, value) in former.items():
            if key not in present and object_id not in moved and object_id in self.objects:
                yield from self._tell_gone(kind, object_id, value)

    def _tell(self, kind: str, object_id: str, value: Any, *, is_new: bool) -> ReviewEvent:
        about = (self._id, object_id, self.objects[object_id].name)
        if kind == "votes":
            return VoteGiven(*about, value)
        if kind == "notes":
            return CommentWritten(*about, value, is_new=is_new)
        return DrawingMade(*about, value, frame_number=self._first_frame(object_id) + value.frame)

    def _tell_gone(self, kind: str, object_id: str, value: Any) -> Iterator[ReviewEvent]:
        about = (self._id, object_id, self.objects[object_id].name)
        if kind == "notes":
            yield CommentDeleted(*about, value)
        elif kind == "votes":
            given = [vote for where, vote in self._said[kind].values() if where == object_id]
            if value.invitee_id not in {vote.invitee_id for vote in given}:
                yield VoteWithdrawn(*about, value)

    def _read_people(self) -> None:
        rows = self._session.query(
            f"select name, email from ReviewSessionInvitee where review_session_id is {quote(self._id)}"
        )
        self._people = {row["id"]: row for row in rows}
        versions = (item.version_id for item in self.objects.values())
        kept, self._first_frames = keeping.read_with_versions(self._review_session, versions)
        self._roles = keeping.roles_in(self._review_session, kept)

    def _read_objects(self, criteria: str) -> Dict[str, _Object]:
        rows = self._session.query(
            "select name, version, version_id, asset_version.version from ReviewSessionObject "
            f"where review_session_id is {quote(self._id)}{criteria} order by sort_order"
        )
        return {
            row["id"]: _Object(row["name"] or "", gathering.label_of(row), row["version_id"]) for row in rows
        }

    def _read(self, kind: str, criteria: str) -> _Said:
        """Return what was said of one *kind*, as far as it meets *criteria*, by id and with the id of its object."""
        if not self.objects or _SAID[kind] not in self._session.schema:
            return {}
        if kind == "notes":
            objects = _among(self.objects, "parent_id")
            rows = gathering.read_notes(self._session, f"({objects} or in_reply_to.{objects}){criteria}")
        else:
            rows = self._session.query(
                f"select {_PROJECTIONS[kind]}, created_at, review_session_object_id from {_SAID[kind]} "
                f"where review_session_object.review_session_id is {quote(self._id)}{criteria} order by created_at"
            ).all()
        found = {row["id"]: (_object_of(row), self._build(kind, row)) for row in rows}
        return {key: said for key, said in found.items() if said[0] in self.objects}

    def _build(self, kind: str, row: Entity) -> Any:
        if kind == "votes":
            invitee_id = row["review_session_invitee_id"]
            return gathering.build_vote(
                invitee_id, row["status"], row["created_at"], self._people, self._roles
            )
        if kind == "annotations":
            return Annotation(row["frame_number"], row["data"] or "", row["created_at"], row["id"])
        drawings = {key: drawn for key, (_, drawn) in self._said["annotations"].items()}
        moderated = bool(self._review_session["is_moderated"])
        comment = gathering.build_comment(row, self._people, drawings, moderated=moderated, replies={})
        return dataclasses.replace(comment, first_frame=self._first_frame(_object_of(row)))

    def _first_frame(self, object_id: str) -> int:
        item = self.objects.get(object_id)
        return self._first_frames.get(item.version_id or "", 1) if item is not None else 1


class _Object(NamedTuple):
    """What an object is called, and what it shows."""

    name: str
    version: str
    version_id: Optional[str]


#: A vote, comment or drawing by its id, with the id of the object that it is about.
_Said = Dict[str, Tuple[str, Any]]


def _among(ids: Iterable[str], attribute: str = "id") -> str:
    return f"{attribute} in {quote_list(ids)}"


def _object_of(row: Entity) -> str:
    if row.entity_type != "Note":
        return str(row["review_session_object_id"])
    return str(row["in_reply_to"]["parent_id"] if row["in_reply_to_id"] else row["parent_id"])


def watch(
    review_session: Entity,
    callback: Optional[Callable[[ReviewEvent], Any]] = None,
    *,
    background: bool = True,
) -> Watch:
    """Call *callback* with everything that happens in *review_session* from now on, and return a handle.

    It is called with one :class:`ReviewEvent` at a time: :class:`VoteGiven`, :class:`VoteWithdrawn`,
    :class:`CommentWritten`, :class:`CommentDeleted`, :class:`DrawingMade`, :class:`ObjectAdded`,
    :class:`ObjectReplaced`, :class:`ObjectRemoved`, :class:`SessionClosed` or :class:`SessionReopened`. Without a
    callback the events are printed. The event hub of the session is connected if it is not yet.

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

    print(harmless(f"{arrow.utcnow():HH:mm:ss}  {event}"), flush=True)  # noqa: T201 - what it is for.
