"""What the review page shows: the review session, its objects in order and everything said about them.

All of it is read by queries of the protocol, in the visitor's name, so that the page knows nothing that the API does
not tell. The number of queries depends on the kinds of things there are, never on how many.

Called by ``pages``, and by ``review_writing`` for what became of one object.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, List, Mapping, Optional

from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server.errors import not_found
from ftrack_review.server.review_media import list_of
from ftrack_review.server.review_notes import Notes, People, iso_time, person_name
from ftrack_review.server.review_versions import History, Versions
from ftrack_review.server.review_visitor import Visitor, conventions_of, query, roles_in

__all__ = ["STATUSES", "assemble", "rights"]

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
    "select name, email{resource} from ReviewSessionInvitee where review_session_id is {session} "
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
    "select status, created_at, review_session_invitee_id, review_session_object_id{voter} "
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
    history = History(kept, found["objects"])
    people = People(visitor, found["invitees"], role_of)
    notes = Notes(visitor, session, people, history, found)
    versions = Versions(server, visitor, found["objects"], history)
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


# Reading


def _read(server: Any, visitor: Visitor, only: Optional[Iterable[str]]) -> Dict[str, Any]:
    schema = server.catalogue.schema
    session = quote(visitor.session_id)
    some = "" if only is None else f" and id in {list_of(only)}"
    objects = f"(select id from ReviewSessionObject where review_session_id is {session}{some})"
    values = {
        "session": session,
        "some": some,
        "objects": objects,
        # What servers of 2021 did not have.
        "frame": ", frame_number" if "frame_number" in schema["Note"].attributes else "",
        "resource": ", resource.id" if "resource" in schema["ReviewSessionInvitee"].attributes else "",
        "voter": ", resource.id" if "resource" in schema["ReviewSessionObjectStatus"].attributes else "",
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


# Writing down


def _object(
    visitor: Visitor,
    record: Mapping[str, Any],
    votes: List[Record],
    people: People,
    notes: Notes,
    versions: Versions,
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
            "created_at": iso_time(vote["created_at"]),
        }
    return {
        "id": record["id"],
        "name": record["name"] or "Untitled",
        "version": record["version"] or (f"Version {version['version']}" if version.get("version") else ""),
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
        "owner": person_name(record.get("created_by")),
        "start_date": iso_time(record["start_date"]),
        "end_date": iso_time(record["end_date"]),
        "is_open": bool(record["is_open"]),
        "closed_reason": _closed_reason(record),
        "is_moderated": bool(record.get("is_moderated")),
    }


def _closed_reason(record: Mapping[str, Any]) -> Optional[str]:
    if record["is_open"]:
        return None
    start = iso_time(record["start_date"])
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
