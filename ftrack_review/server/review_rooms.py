"""Which open pages a change concerns: one room for each review session that somebody looks at.

While a page is open, the rooms are a client of the event hub like any other: they hear ``ftrack.update`` for whatever
is committed, through the API or on a page, at this server or another of the site, and :data:`TOPIC` for what no
change of an entity tells: where a presenter is, who is there, and that links were revoked. A thread of their own,
which is there only while pages are open, works out what it means; it looks into the database again for everybody who
may have been turned out.

Called by ``review_live``, and by ``review_calls`` to announce.
"""

from __future__ import annotations

import collections
import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Deque, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ftrack_review.exception import Error
from ftrack_review.protocol import packet
from ftrack_review.server import ledger
from ftrack_review.server.access import Caller
from ftrack_review.server.announcement import TOPIC as UPDATE
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import ServerFault
from ftrack_review.server.relay import SUBSCRIBE
from ftrack_review.server.review_visitor import find, role_of
from ftrack_review.server.rules.reviews import is_open

if TYPE_CHECKING:
    from ftrack_review.server.relay import Peer
    from ftrack_review.server.review_live import Page

__all__ = ["TOPIC", "Rooms", "announce"]

#: The topic of the events by which the servers of one site tell each other of pages. Nothing secret is in them.
TOPIC = "ftrack.review.live"

#: How many pages may be open of one review session, and by one person.
MAXIMUM_PAGES = 500
MAXIMUM_PAGES_EACH = 20

#: How many events may wait. Beyond, all pages are told to ask for everything.
_MOST_EVENTS = 2_000

# How often the rooms look at the clock, and tell other servers who is here, in seconds.
_LOOK_S = 20.0
_SAY_AGAIN_S = 30.0
_FORGET_S = 100.0

# What may turn somebody out, or let them do more or less.
_ABOUT_PEOPLE = frozenset({"ReviewSession", "ReviewSessionInvitee"})

_CLOSE_REMOVED = 4001
_CLOSE_GONE = 4004

_logger = logging.getLogger(__name__)

Record = Dict[str, Any]


def announce(server: Any, session_id: str, kind: str = "check", **values: Any) -> None:
    """Tell the pages of a review session, at all servers of the site, what no change of an entity tells."""
    server.relay.publish(_event(TOPIC, {**values, "session_id": session_id, "kind": kind}))


def _event(topic: str, data: Record) -> Record:
    return {
        "id": uuid.uuid4().hex,
        "topic": topic,
        "target": "",
        "sent": None,
        "in_reply_to_event": None,
        "source": {"applicationId": "ftrack.review"},
        "data": data,
    }


class _Room:
    """The open pages of one review session."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.pages: Dict[str, Page] = {}
        # The objects that show a version.
        self.objects_of: Dict[str, List[str]] = {}
        self.is_open = True
        self.changes_at: Optional[str] = None
        self.leader: Optional[str] = None
        self.lead: Optional[Record] = None
        # Who is at other servers, and when they were last heard of.
        self.elsewhere: Dict[str, Tuple[List[Record], float]] = {}
        self.told: Optional[List[Record]] = None

    def people(self) -> List[Record]:
        """Return who has the page open at this server."""
        found: Dict[str, Record] = {}
        for page in self.pages.values():
            entry = found.setdefault(
                page.visitor.invitee_id,
                {
                    "id": page.visitor.invitee_id,
                    "name": page.visitor.name,
                    "role": page.role,
                    "leading": False,
                },
            )
            entry["leading"] = entry["leading"] or page.id == self.leader
        return list(found.values())

    def everybody(self) -> List[Record]:
        """Return who has the page open anywhere."""
        found = {person["id"]: person for person in self.people()}
        for people, _ in self.elsewhere.values():
            for person in people:
                known = found.setdefault(person["id"], person)
                if person["leading"]:
                    found[person["id"]] = {**known, "leading": True}
        return sorted(found.values(), key=lambda person: (person["name"], person["id"]))


class _Touched:
    """What some events concern in one room."""

    def __init__(self) -> None:
        self.objects: Set[str] = set()
        self.everything = False
        self.people = False


class Rooms:
    """All rooms of a server."""

    def __init__(self, server: Any) -> None:
        """Initialise for *server*, with nobody there."""
        self._server = server
        self._node = uuid.uuid4().hex
        # Held around the rooms. Who hands out events may wait for neither it nor anything else, so that
        # what comes in has a lock of its own, inside of which nothing else is called.
        self._changed = threading.RLock()
        self._rooms: Dict[str, _Room] = {}
        self._heard = threading.Condition()
        self._waiting: Deque[str] = collections.deque()
        self._missed = False
        self._peer: Optional[Peer] = None
        self._thread: Optional[threading.Thread] = None
        self._said_at = 0.0

    # What pages do

    def enter(self, page: Page) -> bool:
        """Add a page. Return False where there are too many already."""
        session_id = page.visitor.session_id
        with self._changed:
            room = self._rooms.get(session_id)
            if room is not None and _is_crowded(room, page):
                return False
            # Before anything is looked up, so that nothing that happens meanwhile is missed.
            self._listen()
            is_new = room is None
            if room is None:
                room = self._rooms[session_id] = _Room(session_id)
            room.pages[page.id] = page
            page.tell({"type": "hello", "now_ms": _now_ms(), "me": page.visitor.invitee_id})
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="ftrack-review-rooms", daemon=True)
                self._thread.start()
        if is_new:
            session = self._refresh(room)
            room.is_open = session is not None and is_open(session, utc_now())
            announce(self._server, session_id, "who", node=self._node)
        with self._changed:
            if room.lead is not None:
                page.tell({**room.lead, "now_ms": _now_ms()})
            page.tell({"type": "people", "people": room.everybody()})
        self._say_people(room)
        return True

    def leave(self, page: Page) -> None:
        """Remove a page. Doing it again does nothing."""
        with self._changed:
            room = self._rooms.get(page.visitor.session_id)
            if room is None or room.pages.pop(page.id, None) is None:
                return
            if not room.pages:
                del self._rooms[room.session_id]
            if not self._rooms and self._peer is not None:
                self._server.relay.disconnect(self._peer)
                self._peer = None
            was_leading = room.leader == page.id
        with self._heard:
            self._heard.notify_all()
        if was_leading:
            self._announce(room, "unlead", page=page.id, **{"from": _name_of(page)})
        self._say_people(room)

    def lead(self, page: Page, lead: Mapping[str, Any]) -> None:
        """Tell everybody where the presenter is."""
        values = {**lead, "at_ms": _now_ms(), "from": _name_of(page), "page": page.id}
        announce(self._server, page.visitor.session_id, "lead", **values)

    def unlead(self, page: Page) -> None:
        """Tell everybody that the presenter leads no longer."""
        announce(self._server, page.visitor.session_id, "unlead", page=page.id, **{"from": _name_of(page)})

    # What the event hub tells

    def _listen(self) -> None:
        """Become a client of the event hub."""
        if self._peer is not None:
            return
        relay = self._server.relay
        self._peer = peer = relay.connect(Caller("", "", is_system=True), self._hear)
        for topic in (UPDATE, TOPIC):
            subscriber = {"subscriber": {"id": uuid.uuid4().hex}, "subscription": f"topic={topic}"}
            event = _event(SUBSCRIBE, subscriber)
            relay.receive(peer, packet.encode(packet.EVENT, packet.encode_event(event)))

    def _hear(self, text: str) -> None:
        """Take a packet. It neither waits nor fails, as everybody else's events are behind it."""
        with self._heard:
            if len(self._waiting) >= _MOST_EVENTS:
                self._waiting.clear()
                self._missed = True
            self._waiting.append(text)
            self._heard.notify_all()

    def _work(self) -> None:
        while True:
            wait_s = self._wait_s()
            with self._heard:
                if not self._waiting and self._rooms:
                    self._heard.wait(wait_s)
                texts, missed = list(self._waiting), self._missed
                self._waiting.clear()
                self._missed = False
            with self._changed:
                if not self._rooms:
                    self._thread = None
                    return
            try:
                self._handle(texts, missed)
                self._look_at_clock()
            except Exception:
                # The thread serves everybody; one event less must not keep the others.
                _logger.exception("Review pages could not be told what happened.")

    def _wait_s(self) -> float:
        """Return how long there is nothing to do: until a review begins or ends, or it is time to look."""
        wait_s = _LOOK_S
        now = time.time()
        for room in list(self._rooms.values()):
            if room.changes_at is not None:
                wait_s = min(wait_s, _seconds(room.changes_at) - now)
        return max(0.05, wait_s)

    def _handle(self, texts: Iterable[str], missed: bool) -> None:
        touched: Dict[str, _Touched] = {}
        for text in texts:
            event = _read_event(text)
            if event is None:
                continue
            data = event.get("data")
            if event.get("topic") == TOPIC and isinstance(data, dict):
                self._handle_live(data)
            elif event.get("topic") == UPDATE and isinstance(data, dict):
                for entity in data.get("entities") or ():
                    self._touch(entity, touched)
        with self._changed:
            rooms = dict(self._rooms)
        for session_id, room in rooms.items():
            found = touched.get(session_id) or _Touched()
            if missed:
                found.everything = found.people = True
            if found.everything:
                self._refresh(room)
            if found.everything or found.objects:
                objects = None if found.everything else sorted(found.objects)
                self._tell(room, {"type": "changed", "objects": objects, "revision": _now_ms()})
            if found.people:
                self._check(room)

    def _touch(self, entity: Mapping[str, Any], touched: Dict[str, _Touched]) -> None:
        """Note which rooms a changed *entity* concerns, as an event describes it."""
        kind = str(entity.get("entity_type"))
        chain = {str(link.get("entityId")): link.get("entity_type") for link in entity.get("parents") or ()}
        sessions = [key for key, name in chain.items() if name == "ReviewSession"]
        for session_id in sessions:
            if session_id not in self._rooms:
                continue
            found = touched.setdefault(session_id, _Touched())
            objects = [key for key, name in chain.items() if name == "ReviewSessionObject"]
            if objects and kind != "ReviewSessionObject":
                found.objects.update(objects)
            else:
                found.everything = True
                found.people = found.people or kind in _ABOUT_PEOPLE or kind == "Metadata"
        if sessions:
            return
        version_id = _version_of_job(entity) if kind == "Job" else None
        for session_id, room in list(self._rooms.items()):
            shown = [key for key in (*chain, version_id or "") if key in room.objects_of]
            for key in shown:
                touched.setdefault(session_id, _Touched()).objects.update(room.objects_of[key])
            if kind == "Metadata" and session_id in str(entity.get("entityId")):
                # Where review sessions have no metadata, that of the project names them.
                touched.setdefault(session_id, _Touched()).everything = True
                touched[session_id].people = True

    def _handle_live(self, data: Mapping[str, Any]) -> None:
        room = self._rooms.get(str(data.get("session_id")))
        if room is None:
            return
        kind = data.get("kind")
        if kind == "check":
            self._check(room)
        elif kind == "lead":
            self._handle_lead(room, data)
        elif kind == "unlead" and room.leader == data.get("page"):
            room.leader = room.lead = None
            self._tell(room, {"type": "unlead", "from": data.get("from")})
            self._say_people(room)
        elif kind == "people" and data.get("node") != self._node and isinstance(data.get("people"), list):
            room.elsewhere[str(data.get("node"))] = (data["people"], time.monotonic())
            self._tell_people(room)
        elif kind == "who" and data.get("node") != self._node:
            self._say_people(room, again=True)

    def _handle_lead(self, room: _Room, data: Mapping[str, Any]) -> None:
        names = ("from", "object_id", "frame", "playing", "rate", "at_ms")
        message = {"type": "lead", **{name: data.get(name) for name in names}}
        is_new = room.leader != data.get("page")
        room.leader, room.lead = data.get("page"), message
        self._tell(room, {**message, "now_ms": _now_ms()}, but=str(data.get("page")))
        if is_new:
            self._say_people(room)

    # What rooms tell

    def _tell(self, room: _Room, message: Mapping[str, Any], but: Optional[str] = None) -> None:
        for page in list(room.pages.values()):
            if page.id != but:
                page.tell(message)

    def _tell_people(self, room: _Room) -> None:
        with self._changed:
            people = room.everybody()
            if people == room.told:
                return
            room.told = people
        self._tell(room, {"type": "people", "people": people})

    def _say_people(self, room: _Room, *, again: bool = False) -> None:
        """Tell the pages here and the other servers who is here."""
        before = room.told
        self._tell_people(room)
        if again or room.told is not before:
            with self._changed:
                people = room.people()
            self._announce(room, "people", node=self._node, people=people)

    def _announce(self, room: _Room, kind: str, **values: Any) -> None:
        announce(self._server, room.session_id, kind, **values)

    def _look_at_clock(self) -> None:
        """Do what is due: a review has begun or ended, other servers have fallen silent or must hear of us."""
        now, stamp = time.monotonic(), utc_now()
        with self._changed:
            rooms = list(self._rooms.values())
        says = now - self._said_at >= _SAY_AGAIN_S
        self._said_at = now if says else self._said_at
        for room in rooms:
            silent = [node for node, (_, heard_at) in room.elsewhere.items() if now - heard_at > _FORGET_S]
            for node in silent:
                del room.elsewhere[node]
            if silent:
                self._tell_people(room)
            if says and room.elsewhere:
                self._say_people(room, again=True)
            if room.changes_at is not None and room.changes_at <= stamp:
                self._refresh(room)
                self._check(room)
                self._tell(room, {"type": "changed", "objects": None, "revision": _now_ms()})

    # What the database says

    def _refresh(self, room: _Room) -> Optional[Record]:
        """Look up which versions the review session shows, and when it begins or ends. Return the session."""
        server = self._server
        with server.store.read() as connection:
            session = ledger.find_entity(connection, server.catalogue, "ReviewSession", room.session_id)
            objects = ledger.list_entities(
                connection, server.catalogue, "ReviewSessionObject", "review_session_id", room.session_id
            )
        shown: Dict[str, List[str]] = {}
        for row in objects:
            shown.setdefault(str(row["version_id"]), []).append(row["id"])
        room.objects_of = shown
        room.changes_at = None
        if session is not None:
            now = utc_now()
            times = [session[name] for name in ("start_date", "end_date") if session[name]]
            room.changes_at = min((moment for moment in times if moment > now), default=None)
        return session

    def _check(self, room: _Room) -> None:
        """Turn out who has no business here any more, and tell of a review that was closed or deleted."""
        server = self._server
        with server.store.read() as connection:
            session = ledger.find_entity(connection, server.catalogue, "ReviewSession", room.session_id)
        if session is None:
            for page in list(room.pages.values()):
                page.end(_CLOSE_GONE, {"type": "gone", "message": "This review was deleted."})
            return
        for page in list(room.pages.values()):
            reason = self._reason_to_go(page)
            if reason is not None:
                page.end(_CLOSE_REMOVED, {"type": "removed", "message": reason})
            else:
                page.role = role_of(server, page.visitor)
        was_open, room.is_open = room.is_open, is_open(session, utc_now())
        if was_open and not room.is_open:
            text = "This review was closed. You can watch and read everything; votes and comments are no longer taken."
            self._tell(room, {"type": "closed", "message": text})
        self._say_people(room)

    def _reason_to_go(self, page: Page) -> Optional[str]:
        """Return why the visitor of *page* may not stay, None where they may."""
        try:
            return (
                None
                if find(self._server, page.claims)
                else "Your link to this review does not hold any more."
            )
        except ServerFault as fault:
            return fault.content
        except Error:
            # The database may be busy. Nobody is sent away for that, and every request is looked at anyway.
            _logger.warning("A visitor could not be looked up.", exc_info=True)
            return None


def _is_crowded(room: _Room, page: Page) -> bool:
    own = sum(other.visitor.invitee_id == page.visitor.invitee_id for other in room.pages.values())
    return len(room.pages) >= MAXIMUM_PAGES or own >= MAXIMUM_PAGES_EACH


def _name_of(page: Page) -> Record:
    return {"id": page.visitor.invitee_id, "name": page.visitor.name}


def _read_event(text: str) -> Optional[Mapping[str, Any]]:
    try:
        return packet.decode_event(packet.decode(text).data)
    except Error:
        return None  # A heartbeat, or the answer to what was subscribed to.


def _version_of_job(entity: Mapping[str, Any]) -> Optional[str]:
    """Return the id of the version that a changed job encodes media for."""
    change = (entity.get("changes") or {}).get("data") or {}
    try:
        data = json.loads(change.get("new") or "null")
    except ValueError:
        return None
    return data.get("version_id") if isinstance(data, dict) else None


def _now_ms() -> int:
    return int(time.time() * 1000)


def _seconds(stamp: str) -> float:
    import calendar

    return float(calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))
