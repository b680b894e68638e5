"""Mails about reviews: the invitation with its pictures, and the digest of what was said.

The digest goes to who made the review session: on request, when somebody closes the session, and when it ends by the
clock, once for each time it ends. It is written from the same state as the page, so that both say the same. Mails
are queued with a transaction and sent by ``mail``.

Called by ``mail`` for the invitation, by the rules of review sessions when one is closed, by ``review_calls`` on
request, and by ``application``, which keeps the clock.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ftrack_review.exception import Error
from ftrack_review.server import ledger
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import ServerFault, describe, not_found, validation_error
from ftrack_review.server.values import is_key

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["Clock", "attach_pictures", "picture_of", "prepare", "queue_digest", "send_digest_of_closed"]

#: How many objects a mail shows with pictures, and the size of the pictures in pixels.
MOST_PICTURES = 6
PICTURE_SIZE = 300

#: How often it is looked whether a review has ended, in seconds, and for how long afterwards it is told of.
LOOK_S = 60.0
LATE_S = 7 * 24 * 3600

_LARGEST_PICTURE_BYTES = 120 * 1024
_TIME = "%Y-%m-%dT%H:%M:%S"
_LOOKED_AT = "review_ends_looked_at"
_WORDS = {"approved": "Approved", "require_changes": "Changes required", "seen": "Seen"}
_COUNTED = (
    ("approved", "approved", "approved"),
    ("require_changes", "needs changes", "need changes"),
    ("seen", "seen", "seen"),
    ("open", "without a vote", "without a vote"),
)

_logger = logging.getLogger(__name__)

Record = Dict[str, Any]


# Pictures


def prepare(server: Any, actions: Iterable[Any]) -> None:
    """Make the pictures for the invitations among *actions*.

    It happens before their transaction, as shrinking pictures must not keep other writers waiting.
    """
    invited: Set[str] = {
        action["review_session_invitee_id"]
        for action in actions
        if isinstance(action, dict)
        and action.get("action") == "send_review_session_invite"
        and isinstance(action.get("review_session_invitee_id"), str)
        and is_key(action["review_session_invitee_id"])
    }
    if not invited:
        return
    with server.store.read() as connection:
        found = (
            ledger.find_entity(connection, server.catalogue, "ReviewSessionInvitee", invitee_id)
            for invitee_id in invited
        )
        sessions = {invitee["review_session_id"] for invitee in found if invitee}
        pictures = [
            key
            for session_id in sessions
            if session_id
            for key in _picture_ids(server, connection, session_id)
        ]
    _make(server, pictures)


def _make(server: Any, component_ids: Iterable[str]) -> None:
    from ftrack_review.server import thumbnail

    for component_id in component_ids:
        thumbnail.make(server, component_id, PICTURE_SIZE)


def _picture_ids(server: Any, connection: Any, session_id: str) -> List[str]:
    """Return the components that picture the first objects of a review session."""
    catalogue = server.catalogue
    objects = ledger.list_entities(
        connection, catalogue, "ReviewSessionObject", "review_session_id", session_id
    )
    objects = sorted(objects, key=lambda item: item["sort_order"] or 0)[:MOST_PICTURES]
    versions = (
        ledger.find_entity(connection, catalogue, "AssetVersion", item["version_id"])
        for item in objects
        if item["version_id"]
    )
    return [version["thumbnail_id"] for version in versions if version and version["thumbnail_id"]]


def picture_of(server: Any, component_id: Optional[str]) -> Optional[bytes]:
    """Return the JPEG of a component that was made before, None where there is none."""
    if not component_id:
        return None
    path = server.files.thumbnail_path(component_id, PICTURE_SIZE)
    try:
        if os.path.getsize(path) > _LARGEST_PICTURE_BYTES:
            return None
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def attach_pictures(message: EmailMessage, pictures: Mapping[str, bytes]) -> None:
    """Put *pictures*, by the name with which the HTML refers to them (``cid:NAME``), into *message*."""
    if not pictures:
        return
    for part in message.iter_parts():
        if part.get_content_subtype() == "html":
            for name, content in pictures.items():
                part.add_related(  # type: ignore[attr-defined]
                    content,
                    "image",
                    "jpeg",
                    cid=f"<{name}>",
                    disposition="inline",
                    filename=f"{name.partition('@')[0]}.jpg",
                )
            return


# The digest


def queue_digest(server: Any, session_id: str) -> List[str]:
    """Queue the digest of a review session for who made it. Return the addresses it goes to.

    Raise the fault for a session that there is not, or whose owner has no e-mail address.
    """
    from ftrack_review.server import mail

    state, owner = _read(server, session_id)
    if owner is None or not mail.is_address(owner["email"]):
        name = _name_of(owner) if owner else "who made the review session"
        raise validation_error(f"{describe(name)} has no e-mail address, so nothing was sent.", "email")
    keys = _thumbnail_keys(state["objects"][:MOST_PICTURES])
    _make(server, keys.values())
    pictures = {}
    for object_id, key in keys.items():
        content = picture_of(server, key)
        if content is not None:
            pictures[f"{object_id}@ftrack-review"] = content
    values = _digest_values(state, pictures)
    values["recipient_name"] = _name_of(owner)
    message = mail.compose(
        "digest",
        values,
        subject=f"Feedback on {state['session']['name']}: {values['summary']}",
        sender=("ftrack-review", server.mailer.sender),
        recipient=(_name_of(owner), owner["email"]),
        reply_to=None,
    )
    attach_pictures(message, pictures)
    with server.store.write() as connection:
        server.mailer.add(
            connection,
            message,
            kind="digest",
            subject_id=session_id,
            recipient=owner["email"],
            now=utc_now(),
        )
    server.mailer.wake()
    return [owner["email"]]


def send_digest_of_closed(server: Any, session_id: str) -> None:
    """Queue the digest of a review session that was closed, where there is something to tell. It never fails."""
    try:
        state, _ = _read(server, session_id)
        if any(item["votes"] or item["notes"] for item in state["objects"]):
            queue_digest(server, session_id)
    except ServerFault as fault:
        _logger.info("There is no digest of review session %s: %s", session_id, fault.content)
    except (Error, OSError):
        _logger.exception("The digest of review session %s could not be queued.", session_id)


def _read(server: Any, session_id: str) -> Tuple[Record, Optional[Record]]:
    """Return the state of a review session as who made it would see it, and that user."""
    from ftrack_review.server import review_state
    from ftrack_review.server.review_visitor import Visitor

    with server.store.read() as connection:
        session = ledger.find_entity(connection, server.catalogue, "ReviewSession", session_id)
        if session is None:
            raise not_found(f"There is no review session {describe(session_id)}.")
        owner_id = session.get("created_by_id")
        owner = ledger.find_entity(connection, server.catalogue, "User", owner_id) if owner_id else None
    reader = Visitor("", session_id, owner_id, "", "", "", is_user=True)
    return review_state.assemble(server, reader), owner


def _digest_values(state: Record, pictures: Mapping[str, bytes]) -> Record:
    objects = []
    for item in state["objects"]:
        name = f"{item['id']}@ftrack-review"
        objects.append(
            {
                "name": item["name"],
                "version": item["version"],
                "status": item["overall"] or "open",
                "status_word": _WORDS.get(item["overall"] or "", "No vote yet"),
                "votes": [
                    {"person": vote["person"], "word": _WORDS.get(vote["status"], vote["status"])}
                    for vote in item["votes"]
                ],
                "notes": [
                    _note(entry, item["media"], is_reply)
                    for note in item["notes"]
                    for entry, is_reply in _flat(note, False)
                ],
                "picture": name if name in pictures else None,
            }
        )
    missing = [
        person["name"]
        for person in state["people"]
        if not person["responded"] and person["role"] != "observer"
    ]
    return {
        "session": state["session"],
        "end": _readable(state["session"]["end_date"]),
        "objects": objects,
        "summary": _summarise([item["status"] for item in objects]),
        "silent": missing,
    }


def _summarise(statuses: Sequence[str]) -> str:
    """Return what the votes on all objects come to, in a few words."""
    found = []
    for status, one, several in _COUNTED:
        count = statuses.count(status)
        if count:
            found.append(f"{count} {one if count == 1 else several}")
    return ", ".join(found) or "nothing to review"


def _flat(note: Record, is_reply: bool) -> Iterable[Tuple[Record, bool]]:
    yield note, is_reply
    for reply in note["replies"]:
        yield from _flat(reply, True)


def _note(note: Record, media: Mapping[str, Any], is_reply: bool) -> Record:
    frame = note["frame"]
    return {
        "author": note["author"],
        "content": note["content"],
        "frame": None if frame is None or media["kind"] == "image" else media["first_frame"] + frame,
        "has_drawing": note["drawing"] is not None or note["picture_url"] is not None,
        "is_reply": is_reply,
        "is_held": not note["released"],
    }


def _thumbnail_keys(objects: Sequence[Mapping[str, Any]]) -> Dict[str, str]:
    """Return the components that picture *objects*, by the objects' ids."""
    import urllib.parse

    found = {}
    for item in objects:
        url = item["media"]["thumbnail_url"]
        if url:
            found[item["id"]] = urllib.parse.unquote(url.rpartition("/")[2])
    return found


def _name_of(user: Mapping[str, Any]) -> str:
    names = (user.get("first_name"), user.get("last_name"))
    return " ".join(name for name in names if name) or str(user.get("username") or "")


def _readable(stamp: Optional[str]) -> Optional[str]:
    if not stamp:
        return None
    parsed = dt.datetime.fromisoformat(stamp[:19])
    return f"{parsed.day} {parsed:%B %Y, %H:%M} UTC"


# The clock


class Clock:
    """Notices that reviews have ended, and sends their digests. One process of a site does it for all."""

    def __init__(self, server: Any, *, look_s: float = LOOK_S) -> None:
        """Initialise for *server*, to look every *look_s* seconds once it was started."""
        self._server = server
        self._look_s = look_s
        self._is_closed = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Begin to look, from a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ftrack-review-clock", daemon=True)
            self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Stop, waiting up to *timeout_s*."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def look(self) -> List[str]:
        """Send the digests of the reviews that have ended since the last look. Return their ids."""
        server, now = self._server, utc_now()
        with server.store.read() as connection:
            looked_at = ledger.find_setting(connection, _LOOKED_AT)
            since = max(looked_at or now, _earlier(now, LATE_S))
            ended = ledger.list_ended(connection, server.catalogue, after=since, until=now)
        # Nobody else needs to know that nothing happened; once an hour is enough to begin from.
        if not ended and looked_at is not None and looked_at > _earlier(now, 3600):
            return []
        with server.store.write() as connection:
            # Another process may have looked meanwhile; who writes first tells of it.
            latest = ledger.find_setting(connection, _LOOKED_AT)
            if latest != looked_at:
                return []
            ledger.set_setting(connection, _LOOKED_AT, now)
            told = {
                mail["subject_id"]
                for mail in ledger.list_mail(connection, subject_ids=ended)
                # Who closes a session by hand sets its end to the present.
                if mail["kind"] == "digest" and mail["created_at"] >= since
            }
        due = [session_id for session_id in ended if session_id not in told]
        for session_id in due:
            send_digest_of_closed(server, session_id)
        return due

    def _work(self) -> None:
        while not self._is_closed.wait(self._look_s):
            try:
                self.look()
            except Error:
                # The database may be busy or gone; there is another look.
                _logger.warning("It could not be looked which reviews have ended.", exc_info=True)


def _earlier(stamp: str, seconds: float) -> str:
    return (dt.datetime.fromisoformat(stamp) - dt.timedelta(seconds=seconds)).strftime(_TIME)
