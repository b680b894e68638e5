"""What the review page shows: the review session, its objects in order and everything said about them.

All of it is read by queries of the protocol, in the visitor's name, so that the page knows nothing that the API does
not tell. The number of queries depends on the kinds of things there are, never on how many. In a moderated session
the comments of guests that were not released are shown to who wrote them, and to people with an account.

Called by ``pages``, and by ``review_writing`` for what became of one object.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set

from ftrack_review.protocol import remark, succession
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import review_drawing, review_media
from ftrack_review.server.errors import not_found
from ftrack_review.server.review_media import list_of, quote_path
from ftrack_review.server.review_visitor import Visitor, conventions_of, query, roles_in

__all__ = ["STATUSES", "assemble", "is_shown", "is_visible", "rights", "shows_picture"]

Record = Dict[str, Any]

#: The votes, as people call them.
STATUSES = (
    (roles.APPROVED, "Approved"),
    (roles.REQUIRE_CHANGES, "Changes required"),
    (roles.SEEN, "Seen"),
)

_SESSION = (
    "select name, description, is_open, start_date, end_date, availability, is_moderated, project_id, "
    "project.full_name, project.name, created_by.first_name, created_by.last_name, created_by.username "
    "from ReviewSession where id is {session}"
)
_INVITEES = (
    "select name, email, resource.id from ReviewSessionInvitee where review_session_id is {session} "
    "order by created_at"
)
_OBJECTS = (
    "select name, description, version, version_id, asset_version.thumbnail_id, asset_version.version, "
    "asset_version.asset_id from ReviewSessionObject where review_session_id is {session}{some} "
    "order by sort_order, created_at"
)
_ORDER = (
    "select id from ReviewSessionObject where review_session_id is {session} order by sort_order, created_at"
)
_VOTES = (
    "select status, created_at, review_session_invitee_id, review_session_object_id, resource.id "
    "from ReviewSessionObjectStatus where review_session_object_id in {objects} order by created_at"
)
_NOTES = (
    "select content, date, in_reply_to_id, parent_id, completed_at{frame}, author.first_name, author.last_name, "
    "author.email, metadata.key, metadata.value, note_components.component_id, "
    "note_components.component.name, note_components.component.file_type from Note "
    "where parent_id in {objects} order by date"
)
_NOTE_DRAWINGS = (
    "select data, note_id, component_id from NoteAnnotationComponent where note.parent_id in {objects}"
)
_DRAWINGS = (
    "select data, frame_number, created_at, review_session_object_id from ReviewSessionObjectAnnotation "
    "where review_session_object_id in {objects} order by created_at"
)


def assemble(server: Any, visitor: Visitor, only: Optional[Iterable[str]] = None) -> Record:
    """Return the state of the visitor's review session; with *only*, of the objects with these ids alone.

    Raise the fault for a review that was deleted.
    """
    # Before anything is read: what changes from now on has a later one.
    revision = int(time.time() * 1000)
    found = _read(server, visitor, only)
    session = found["session"]
    kept = conventions_of(server, visitor, session["project_id"])
    role_of = roles_in(kept, visitor)
    history = _History(kept, found["objects"])
    people = _People(visitor, found["invitees"], role_of)
    notes = _Notes(visitor, session, people, history, found)
    versions = _Versions(server, visitor, found["objects"], history)
    votes: Dict[str, List[Record]] = {}
    for vote in found["votes"]:
        votes.setdefault(vote["review_session_object_id"], []).append(vote)
    responded = {vote["review_session_invitee_id"] for vote in found["votes"]} | notes.authors
    return {
        "session": _session(session),
        "me": _me(visitor, session, role_of),
        "people": people.listed(responded),
        "statuses": [{"value": value, "label": label} for value, label in STATUSES],
        "objects": [
            _object(visitor, record, votes.get(record["id"], []), people, notes, versions)
            for record in found["objects"]
        ],
        "order": [row["id"] for row in found["order"]],
        "revision": revision,
    }


def rights(visitor: Visitor, role: str, is_open: bool) -> Dict[str, bool]:
    """Return what a visitor with *role* may do in a review session that is open, or not."""
    takes_part = role != roles.OBSERVER
    may_write = takes_part and is_open
    return {
        "comment": may_write,
        "draw": may_write,
        "vote": may_write,
        "lead": takes_part,
        "release": visitor.is_user and takes_part,
    }


def is_visible(visitor: Visitor, is_moderated: bool, metadata: Mapping[str, str]) -> bool:
    """Return whether the visitor may see a note with this *metadata*."""
    return (
        not remark.is_held(metadata, is_moderated=is_moderated)
        or visitor.is_user
        or metadata.get(remark.INVITEE_KEY) == visitor.invitee_id
    )


def is_shown(server: Any, visitor: Visitor, component_id: str) -> bool:
    """Return whether the component belongs to a version that the visitor's review session shows."""
    sessions, objects, components, thumbnails = query(
        server,
        visitor,
        f"select project_id from ReviewSession where id is {quote(visitor.session_id)}",
        "select version_id, asset_version.version, asset_version.asset_id from ReviewSessionObject "
        f"where review_session_id is {quote(visitor.session_id)}",
        f"select version_id from Component where id is {quote(component_id)}",
        f"select id from AssetVersion where thumbnail_id is {quote(component_id)}",
    )
    if not components or not sessions:
        return False
    # A thumbnail may belong to no version and still be shown for one.
    own = components[0]["version_id"]
    candidates = {own} if own else {version["id"] for version in thumbnails}
    if not candidates:
        return False
    if candidates & {item["version_id"] for item in objects}:
        return True
    history = _History(conventions_of(server, visitor, sessions[0]["project_id"]), objects)
    return bool(candidates & _Versions(server, visitor, objects, history, media=False).ids)


def shows_picture(server: Any, visitor: Visitor, component_id: str) -> bool:
    """Return whether the component is a picture in what was said, and the visitor may see it."""
    key = quote(component_id)
    sessions, notes, frames = query(
        server,
        visitor,
        f"select is_moderated from ReviewSession where id is {quote(visitor.session_id)}",
        "select metadata.key, metadata.value, parent_id from Note "
        f"where note_components any (component_id is {key})",
        "select review_session_object.review_session_id from ReviewSessionObjectAnnotationComponent "
        f"where component_id is {key}",
    )
    if not sessions:
        return False
    if not notes:
        return any(row["review_session_object"]["review_session_id"] == visitor.session_id for row in frames)
    objects = query(
        server,
        visitor,
        f"select id from ReviewSessionObject where review_session_id is {quote(visitor.session_id)} "
        f"and id in {list_of(note['parent_id'] for note in notes)}",
    )[0]
    inside = {item["id"] for item in objects}
    return any(
        note["parent_id"] in inside and is_visible(visitor, bool(sessions[0]["is_moderated"]), _mapping(note))
        for note in notes
    )


# Reading


def _read(server: Any, visitor: Visitor, only: Optional[Iterable[str]]) -> Dict[str, Any]:
    attributes = server.catalogue.schema["Note"].attributes
    session = quote(visitor.session_id)
    some = "" if only is None else f" and id in {list_of(only)}"
    objects = f"(select id from ReviewSessionObject where review_session_id is {session}{some})"
    values = {
        "session": session,
        "some": some,
        "objects": objects,
        "frame": ", frame_number" if "frame_number" in attributes else "",
    }
    expressions = [
        (name, text.format(**values))
        for name, text in (
            ("session", _SESSION),
            ("invitees", _INVITEES),
            ("objects", _OBJECTS),
            ("votes", _VOTES),
            ("notes", _NOTES),
            ("order", _ORDER),
        )
    ]
    schema = server.catalogue.schema
    if "data" in getattr(schema.get("NoteAnnotationComponent"), "attributes", ()):
        expressions.append(("note_drawings", _NOTE_DRAWINGS.format(**values)))
    if "ReviewSessionObjectAnnotation" in schema:
        expressions.append(("drawings", _DRAWINGS.format(**values)))
    answers = query(server, visitor, *(text for _, text in expressions))
    found: Dict[str, Any] = {"note_drawings": [], "drawings": []}
    found.update(zip((name for name, _ in expressions), answers))
    if not found["session"]:
        raise not_found("This review was deleted.")
    found["session"] = found["session"][0]
    return found


class _History:
    """The former versions of objects that the next one took the place of, newest first."""

    def __init__(self, kept: Mapping[str, str], objects: Iterable[Mapping[str, Any]]) -> None:
        self._entries = {
            record["id"]: list(reversed(succession.decode(kept.get(succession.key(record["id"])))))
            for record in objects
        }

    def of(self, object_id: str) -> List[Record]:
        return self._entries[object_id]

    def label_at(self, object_id: str, time: Optional[str]) -> Optional[str]:
        """Return the label of the former version that was shown at *time*, None where it is the present one."""
        label = None
        for entry in self._entries.get(object_id, ()):
            if time is None or entry["replaced_at"][:19] <= time[:19]:
                break
            label = entry["label"]
        return label


class _Versions:
    """The versions that are shown beside the present ones, and the media of all."""

    def __init__(
        self,
        server: Any,
        visitor: Visitor,
        objects: List[Record],
        history: _History,
        *,
        media: bool = True,
    ) -> None:
        pairs = (_asset_and_number(record) for record in objects)
        self._history = history
        self._previous = review_media.previous_of(server, visitor, pairs)
        former = {entry["version_id"] for record in objects for entry in history.of(record["id"])}
        shown = {record["version_id"] for record in objects if record["version_id"]}
        #: The ids of all versions that are shown.
        self.ids = shown | former | {row["id"] for row in self._previous.values()}
        self._thumbnails = {row["id"]: row["thumbnail_id"] for row in self._previous.values()}
        if media:
            self.media = review_media.read(server, visitor, self.ids)
            if former:
                expression = f"select thumbnail_id from AssetVersion where id in {list_of(former)}"
                for row in query(server, visitor, expression)[0]:
                    self._thumbnails[row["id"]] = row["thumbnail_id"]

    def before(self, record: Mapping[str, Any]) -> List[Record]:
        """Return what to compare an object with, newest first."""
        found = {
            entry["version_id"]: entry["label"]
            for entry in self._history.of(record["id"])
            if entry["version_id"] in self._thumbnails
        }
        earlier = self._previous.get(_asset_and_number(record))
        if earlier:
            found.setdefault(earlier["id"], f"Version {earlier['version']}")
        found.pop(record["version_id"], None)
        return [
            {"version_id": key, "label": label, "media": self.media.of(key, self._thumbnails.get(key))}
            for key, label in found.items()
        ]


def _asset_and_number(record: Mapping[str, Any]) -> Any:
    version = record.get("asset_version") or {}
    return version.get("asset_id"), version.get("version")


# Writing down


class _People:
    """Who was invited, by what names they are called."""

    def __init__(self, visitor: Visitor, invitees: List[Record], role_of: Mapping[str, str]) -> None:
        self._visitor = visitor
        self._invitees = invitees
        self._role_of = role_of
        self._names = {invitee["id"]: invitee["name"] or "Someone" for invitee in invitees}
        # An account that several people share says nothing about who acted.
        accounts: Dict[str, List[str]] = {}
        for invitee in invitees:
            account = (invitee.get("resource") or {}).get("id")
            if account:
                accounts.setdefault(account, []).append(invitee["id"])
        self._by_account = {account: ids[0] for account, ids in accounts.items() if len(ids) == 1}

    def invitee_of(self, invitee_id: Optional[str], account: Optional[Mapping[str, Any]]) -> Optional[str]:
        """Return the id of the invitee who acted, None where it was nobody of them."""
        if invitee_id in self._names:
            return invitee_id
        return self._by_account.get((account or {}).get("id") or "")

    def name_of(self, invitee_id: Optional[str], account: Optional[Mapping[str, Any]]) -> str:
        """Return what to call who acted."""
        return self._names.get(invitee_id or "") or _person(account)

    def role_of(self, invitee_id: Optional[str]) -> str:
        """Return the role of an invitee."""
        return self._role_of.get(invitee_id or "", roles.REVIEWER)

    def listed(self, responded: Iterable[Optional[str]]) -> List[Record]:
        """Return the list of who was invited, and who of them has *responded*. Addresses are nobody's business."""
        answered = set(responded)
        return [
            {
                "id": invitee["id"],
                "name": self._names[invitee["id"]],
                "role": self.role_of(invitee["id"]),
                "responded": invitee["id"] in answered,
            }
            for invitee in self._invitees
        ]


class _Notes:
    """The notes of all objects, with their replies and drawings."""

    def __init__(
        self,
        visitor: Visitor,
        session: Mapping[str, Any],
        people: _People,
        history: _History,
        found: Mapping[str, Any],
    ) -> None:
        self._visitor = visitor
        self._history = history
        self._is_moderated = bool(session.get("is_moderated"))
        self._people = people
        self._base = f"/review/session/{visitor.session_id}"
        #: The ids of the invitees who wrote something.
        self.authors: Set[Optional[str]] = set()
        self._drawn = {row["note_id"]: row for row in found["note_drawings"]}
        self._rows = {row["id"]: row for row in found["drawings"]}
        claimed = set()
        self._by_object: Dict[str, List[Record]] = {}
        made: Dict[str, Record] = {}
        hidden = set()
        for note in found["notes"]:
            metadata = _mapping(note)
            claimed.add(metadata.get(remark.ANNOTATION_KEY))
            if not is_visible(visitor, self._is_moderated, metadata):
                hidden.add(note["id"])
                continue
            made[note["id"]] = self._make(note, metadata)
        for note in found["notes"]:
            answered = note["in_reply_to_id"]
            if note["id"] not in made:
                continue
            if answered in made:
                made[answered]["replies"].append(made[note["id"]])
            elif answered not in hidden:
                self._by_object.setdefault(note["parent_id"], []).append(made[note["id"]])

        self._loose = self._drawings(row for row in found["drawings"] if row["id"] not in claimed)

    def of(self, object_id: str) -> List[Record]:
        """Return the notes on an object, oldest first."""
        return self._by_object.get(object_id, [])

    def drawings_of(self, object_id: str) -> List[Record]:
        """Return the drawings on an object that belong to no note."""
        return self._loose.get(object_id, [])

    @staticmethod
    def _drawings(rows: Iterable[Mapping[str, Any]]) -> Dict[str, List[Record]]:
        found: Dict[str, List[Record]] = {}
        for row in rows:
            drawing = review_drawing.readable(row["data"])
            if drawing is not None:
                found.setdefault(row["review_session_object_id"], []).append(
                    {
                        "id": row["id"],
                        "frame": row["frame_number"],
                        "drawing": drawing,
                        "created_at": _time(row["created_at"]),
                    }
                )
        return found

    def _make(self, note: Mapping[str, Any], metadata: Mapping[str, str]) -> Record:
        author = note.get("author")
        invitee_id = self._people.invitee_of(metadata.get(remark.INVITEE_KEY), author)
        if invitee_id is not None:
            self.authors.add(invitee_id)
        drawn = self._drawn.get(note["id"]) or {}
        row = self._rows.get(metadata.get(remark.ANNOTATION_KEY) or "") or {}
        return {
            "id": note["id"],
            "author": self._people.name_of(invitee_id, author),
            "author_id": invitee_id or (author or {}).get("id"),
            "role": self._people.role_of(invitee_id) if invitee_id else None,
            "mine": metadata.get(remark.INVITEE_KEY) == self._visitor.invitee_id,
            "content": note["content"] or "",
            "created_at": _time(note["date"]),
            "frame": _frame(note, metadata),
            "done": note["completed_at"] is not None,
            "released": not remark.is_held(metadata, is_moderated=self._is_moderated),
            "version_label": self._history.label_at(note["parent_id"], _time(note["date"])),
            "drawing": review_drawing.readable(row.get("data") or drawn.get("data")),
            "picture_url": self._picture_url(drawn.get("component_id")),
            "attachments": self._attachments(note, drawn.get("component_id")),
            "replies": [],
        }

    def _attachments(self, note: Mapping[str, Any], picture_id: Optional[str]) -> List[Record]:
        found = []
        for row in note.get("note_components") or ():
            if row["component_id"] != picture_id:
                component = row.get("component") or {}
                name = f"{component.get('name') or 'file'}{component.get('file_type') or ''}"
                found.append({"name": name, "url": self._picture_url(row["component_id"])})
        return found

    def _picture_url(self, component_id: Optional[str]) -> Optional[str]:
        return f"{self._base}/annotation/{quote_path(component_id)}" if component_id else None


def _object(
    visitor: Visitor,
    record: Mapping[str, Any],
    votes: List[Record],
    people: _People,
    notes: _Notes,
    versions: _Versions,
) -> Record:
    version = record.get("asset_version") or {}
    given: Dict[Any, Record] = {}
    for vote in votes:
        invitee_id = people.invitee_of(vote["review_session_invitee_id"], vote.get("resource"))
        # Other tools may leave several rows for one person; the newest is the one that counts.
        given[invitee_id or vote["id"]] = {
            "person": people.name_of(invitee_id, vote.get("resource")),
            "person_id": invitee_id,
            "role": people.role_of(invitee_id),
            "status": vote["status"],
            "created_at": _time(vote["created_at"]),
        }
    return {
        "id": record["id"],
        "name": record["name"] or "Untitled",
        "version": record["version"] or "",
        "description": record["description"] or "",
        "version_id": record["version_id"],
        "media": versions.media.of(record["version_id"], version.get("thumbnail_id")),
        "previous": versions.before(record),
        "overall": roles.overall_status(
            [(vote["role"], vote["status"], vote["created_at"]) for vote in given.values()]
        ),
        "my_vote": given.get(visitor.invitee_id, {}).get("status"),
        "votes": list(given.values()),
        "notes": notes.of(record["id"]),
        "drawings": notes.drawings_of(record["id"]),
    }


def _session(record: Mapping[str, Any]) -> Record:
    project = record.get("project") or {}
    return {
        "id": record["id"],
        "name": record["name"],
        "description": record["description"] or "",
        "project": project.get("full_name") or project.get("name") or "",
        "owner": _person(record.get("created_by")),
        "start_date": _time(record["start_date"]),
        "end_date": _time(record["end_date"]),
        "is_open": bool(record["is_open"]),
        "closed_reason": _closed_reason(record),
        "is_moderated": bool(record.get("is_moderated")),
    }


def _closed_reason(record: Mapping[str, Any]) -> Optional[str]:
    if record["is_open"]:
        return None
    start = _time(record["start_date"])
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if record.get("availability") != "closed" and start is not None and start > now:
        return "This review has not begun yet. You can look at it already; votes and comments are taken once it begins."
    return "This review is closed. You can watch and read everything; votes and comments are no longer taken."


def _me(visitor: Visitor, session: Mapping[str, Any], role_of: Mapping[str, str]) -> Record:
    role = role_of.get(visitor.invitee_id, roles.REVIEWER)
    return {
        "id": visitor.invitee_id,
        "name": visitor.name,
        "email": visitor.email,
        "role": role,
        "can": rights(visitor, role, bool(session["is_open"])),
    }


def _frame(note: Mapping[str, Any], metadata: Mapping[str, str]) -> Optional[int]:
    frame = note.get("frame_number")
    return remark.decode_frame(metadata.get(remark.FRAME_KEY)) if frame is None else frame


def _mapping(record: Mapping[str, Any]) -> Dict[str, str]:
    return {row["key"]: row["value"] for row in record.get("metadata") or ()}


def _person(record: Optional[Mapping[str, Any]]) -> str:
    if not record:
        return "Someone"
    name = " ".join(part for part in (record.get("first_name"), record.get("last_name")) if part)
    return name or record.get("username") or "Someone"


def _time(value: Any) -> Optional[str]:
    """Return a time of the wire as ISO 8601 in UTC."""
    text = value["value"] if isinstance(value, dict) else value
    return f"{text[:19]}Z" if text else None
