"""What the review page shows, and what a visitor may do there.

A visitor is an invitee who came by a personal link. Everything is read and written by the actions of the
protocol, as any client does it, so that the page knows nothing that the API does not tell, and the rules of
the API hold here too. Beyond them, a visitor reaches the objects and media of one review session alone, and an
observer only watches.

Called by ``pages``, which speaks HTTP.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import access, ledger
from ftrack_review.server.access import Caller
from ftrack_review.server.context import Options
from ftrack_review.server.errors import not_found, permission_error, validation_error

__all__ = [
    "Visitor",
    "comment",
    "find_invitee",
    "is_shown",
    "review",
    "visitor",
    "visitor_of_link",
    "vote",
    "widget",
]

#: The longest comment, in characters.
LONGEST_COMMENT = 20_000

# The best there is comes first (protocol.md 7.5).
_SHOWN_COMPONENTS = (
    ("ftrackreview-mp4", "video"),
    ("ftrackreview-webm", "video"),
    ("ftrackreview-image", "image"),
    ("ftrackreview-pdf", "pdf"),
)
_STATUS_WORDS = {"approved": "Approved", "require_changes": "Changes required", "seen": "Seen"}

# Under these keys a note says who of the invited wrote it, and about which frame (protocol.md 8.5).
_INVITEE_KEY = "inviteeId"
_FRAME_KEY = "reviewFrame"

Record = Dict[str, Any]


@dataclass(frozen=True)
class Visitor:
    """Who came by a link: an invitee, the review session, and the hash of the link."""

    invitee_id: str
    session_id: str
    resource_id: Optional[str]
    name: str
    link: str

    @property
    def caller(self) -> Caller:
        """The visitor as one who makes requests."""
        return Caller(user_id=self.resource_id or "", username="", invitee_id=self.invitee_id)


def find_invitee(server: Any, connection: Any, invitee_id: str) -> Optional[Record]:
    """Return the stored attributes of an invitee, or None."""
    return ledger.find_entity(connection, server.catalogue, "ReviewSessionInvitee", invitee_id)


def visitor_of_link(server: Any, token: str) -> Optional[Visitor]:
    """Return who the link with *token* belongs to, or None where it is no link (any more)."""
    with server.store.read() as connection:
        found = access.find_invitee(connection, token)
        return _visitor(server, connection, found) if found else None


def visitor(server: Any, invitee_id: str, link: str) -> Optional[Visitor]:
    """Return the visitor who came earlier by the *link* with this hash, or None if it does not hold any more."""
    with server.store.read() as connection:
        found = ledger.find_token(connection, hash=link, purpose="invite")
        return _visitor(server, connection, found) if found and found["subject"] == invitee_id else None


def _visitor(server: Any, connection: Any, found: Mapping[str, Any]) -> Optional[Visitor]:
    invitee = find_invitee(server, connection, found["subject"])
    if invitee is None or not invitee["review_session_id"]:
        return None
    return Visitor(
        invitee_id=invitee["id"],
        session_id=invitee["review_session_id"],
        resource_id=invitee.get("resource_id"),
        name=invitee["name"] or invitee["email"],
        link=found["hash"],
    )


def is_shown(server: Any, visitor: Visitor, component_id: str) -> bool:
    """Return whether the component belongs to a version that the visitor's review session shows."""
    with server.store.read() as connection:
        catalogue = server.catalogue
        component = ledger.find_entity(connection, catalogue, "Component", component_id)
        objects = ledger.list_entities(
            connection, catalogue, "ReviewSessionObject", "review_session_id", visitor.session_id
        )
        versions = {item["version_id"] for item in objects}
        if component is None:
            return False
        if component["version_id"] is not None:
            return component["version_id"] in versions
        # A thumbnail may belong to no version and still be shown for one.
        shown = (ledger.find_entity(connection, catalogue, "AssetVersion", key) for key in versions if key)
        return any(version is not None and version["thumbnail_id"] == component_id for version in shown)


def review(server: Any, visitor: Visitor, chosen: Optional[str]) -> Record:
    """Return what the page of the visitor's review session shows, with the object *chosen*, or the first one."""
    key = quote(visitor.session_id)
    sessions, objects, invitees = _query(
        server,
        visitor,
        "select name, description, is_open, start_date, end_date, project_id, project.full_name, project.name, "
        f"created_by.first_name, created_by.last_name, created_by.username from ReviewSession where id is {key}",
        "select name, description, version, version_id, asset_version.thumbnail_id, statuses.status, "
        "statuses.created_at, statuses.review_session_invitee_id from ReviewSessionObject "
        f"where review_session_id is {key} order by sort_order, created_at",
        f"select name, email from ReviewSessionInvitee where review_session_id is {key}",
    )
    if not sessions:
        raise not_found("This review was deleted.")
    session = sessions[0]
    role_of = _roles(server, visitor, session)
    names = {invitee["id"]: invitee["name"] or invitee["email"] for invitee in invitees}
    items = [_item(visitor, record, names, role_of) for record in objects]
    current = next((item for item in items if item["id"] == chosen), items[0] if items else None)
    role = role_of.get(visitor.invitee_id, roles.REVIEWER)
    return {
        "session": _session(session),
        "visitor": visitor,
        "role": role,
        "can_write": bool(session["is_open"]) and role != roles.OBSERVER,
        "items": items,
        "current": current,
        "media": _media(server, visitor, current) if current else None,
        "comments": _comments(server, visitor, current, names) if current else [],
        "statuses": [("approved", "Approve"), ("require_changes", "Require changes")],
    }


def vote(server: Any, visitor: Visitor, object_id: str, status: str) -> None:
    """Record the visitor's vote on an object. Raise a fault where that is not theirs to do."""
    _check_may_write(server, visitor, object_id)
    _write(
        server,
        visitor,
        (
            "ReviewSessionObjectStatus",
            {
                "id": str(uuid.uuid4()),
                "status": status,
                "review_session_object_id": object_id,
                "review_session_invitee_id": visitor.invitee_id,
            },
        ),
    )


def comment(server: Any, visitor: Visitor, object_id: str, *, content: str, frame: str) -> None:
    """Write the visitor's comment on an object, about the frame with the number *frame* unless that is empty."""
    _check_may_write(server, visitor, object_id)
    text = content.replace("\r\n", "\n").strip()
    if not text:
        raise validation_error("The comment is empty.", "content")
    if len(text) > LONGEST_COMMENT:
        raise validation_error(f"The comment is longer than {LONGEST_COMMENT} characters.", "content")
    number = _read_frame(frame)
    note_id = str(uuid.uuid4())
    note: Record = {
        "id": note_id,
        "content": text,
        "parent_id": object_id,
        "parent_type": "ReviewSessionObject",
        "user_id": visitor.resource_id,
    }
    metadata = {_INVITEE_KEY: visitor.invitee_id}
    if number is not None:
        metadata[_FRAME_KEY] = json.dumps({"number": number})
        if "frame_number" in server.catalogue.schema["Note"].attributes:
            note["frame_number"] = number
    rows: List[Tuple[str, Record]] = [("Note", note)]
    for key, value in metadata.items():
        rows.append(("Metadata", {"parent_id": note_id, "parent_type": "Note", "key": key, "value": value}))
    _write(server, visitor, *rows)


def widget(server: Any, claims: Mapping[str, Any]) -> Record:
    """Return what the widget with the *claims* of its token shows."""
    values: Record = {"title": "Tasks", "theme": claims.get("theme", "dark"), "rows": []}
    caller = Caller(claims["s"], "")
    if claims["name"] == "info":
        values["title"] = "Info"
        entity_type, key = str(claims.get("type")), claims.get("key")
        if key and entity_type in server.catalogue.types:
            with server.store.read() as connection:
                row = ledger.find_entity(connection, server.catalogue, entity_type, key)
            if row is None:
                raise not_found("What this shows was deleted.")
            values["title"] = str(row.get("name") or row["__entity_type__"])
            shown = ("__entity_type__", "name", "description", "comment", "version", "created_at", "date")
            values["rows"] = [
                (name.strip("_").replace("_", " "), row[name])
                for name in shown
                if row.get(name) not in (None, "")
            ]
        return values
    expression = (
        "select name, parent.name, status.name from Task "
        f"where assignments any (resource_id is {quote(claims['s'])}) order by name limit 200"
    )
    action = {"action": "query", "expression": expression}
    tasks = server.dispatch([action], caller, Options(strict=True, denormalize=True))[0]["data"]
    values["rows"] = [
        (
            f"{(task.get('parent') or {}).get('name') or ''} / {task['name']}".lstrip(" /"),
            (task.get("status") or {}).get("name") or "",
        )
        for task in tasks
    ]
    return values


def _query(server: Any, visitor: Visitor, *expressions: str) -> List[List[Record]]:
    actions = [{"action": "query", "expression": expression} for expression in expressions]
    results = server.dispatch(actions, visitor.caller, Options(strict=True, denormalize=True))
    return [result["data"] for result in results]


def _write(server: Any, visitor: Visitor, *rows: Tuple[str, Record]) -> None:
    actions = [
        {"action": "create", "entity_type": name, "entity_data": {"__entity_type__": name, **values}}
        for name, values in rows
    ]
    server.dispatch(actions, visitor.caller, Options(strict=True))


def _check_may_write(server: Any, visitor: Visitor, object_id: str) -> None:
    with server.store.read() as connection:
        item = ledger.find_entity(connection, server.catalogue, "ReviewSessionObject", object_id)
        session = ledger.find_entity(connection, server.catalogue, "ReviewSession", visitor.session_id)
    if item is None or session is None or item["review_session_id"] != visitor.session_id:
        raise not_found("This review has no such object.")
    if _roles(server, visitor, session).get(visitor.invitee_id) == roles.OBSERVER:
        raise permission_error("You are invited to watch this review; voting and commenting is for others.")


def _roles(server: Any, visitor: Visitor, session: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the roles of the invitees by their ids; who is missing is a reviewer."""
    on_session = "metadata" in server.catalogue.schema["ReviewSession"].attributes
    parent = visitor.session_id if on_session else session["project_id"]
    key = roles.SESSION_KEY if on_session else roles.project_key(visitor.session_id)
    expression = f"select value from Metadata where parent_id is {quote(parent)} and key is {quote(key)}"
    rows = _query(server, visitor, expression)[0]
    return roles.decode(rows[0]["value"] if rows else None)


def _session(record: Mapping[str, Any]) -> Record:
    project = record.get("project") or {}
    return {
        "id": record["id"],
        "name": record["name"],
        "description": record["description"],
        "project": project.get("full_name") or project.get("name") or "",
        "owner": _person(record.get("created_by")),
        "is_open": bool(record["is_open"]),
        "start": _readable(record["start_date"]),
        "end": _readable(record["end_date"]),
    }


def _item(
    visitor: Visitor, record: Mapping[str, Any], names: Mapping[str, str], role_of: Mapping[str, str]
) -> Record:
    votes = sorted(record["statuses"], key=lambda status: _time(status["created_at"]))
    shown = [
        {
            "name": names.get(vote["review_session_invitee_id"], "Someone"),
            "status": vote["status"],
            "word": _STATUS_WORDS.get(vote["status"], vote["status"]),
            "at": _readable(vote["created_at"]),
            "is_own": vote["review_session_invitee_id"] == visitor.invitee_id,
        }
        for vote in votes
    ]
    own = [vote["status"] for vote in shown if vote["is_own"]]
    overall = roles.overall_status(
        [
            (
                role_of.get(vote["review_session_invitee_id"], roles.REVIEWER),
                vote["status"],
                _time(vote["created_at"]),
            )
            for vote in votes
        ]
    )
    version = record.get("asset_version") or {}
    return {
        "id": record["id"],
        "name": record["name"] or "Untitled",
        "description": record["description"] or "",
        "label": record["version"] or "",
        "version_id": record["version_id"],
        "thumbnail_id": version.get("thumbnail_id"),
        "votes": shown,
        "own": own[-1] if own else None,
        "overall": overall,
        "overall_word": _STATUS_WORDS.get(overall or "", overall or "No votes yet"),
    }


def _media(server: Any, visitor: Visitor, item: Mapping[str, Any]) -> Record:
    """Return what there is to watch of an object: its kind, the component and what is known of its frames."""
    components, jobs = _query(
        server,
        visitor,
        "select name, file_type, metadata.key, metadata.value from FileComponent "
        f"where version_id is {quote(item['version_id'] or '')}",
        'select data from Job where status in ("queued", "running")',
    )
    present = [component for component in components if server.files.has(component["id"])]
    for name, kind in _SHOWN_COMPONENTS:
        for component in sorted(present, key=lambda found: len(found["name"] or "")):
            if (component["name"] or "").startswith(name):
                return {"kind": kind, "component_id": component["id"], **_read_meta(component)}
    ids = {component["id"] for component in components}
    waiting = [job for job in jobs if _source_of(job) in ids]
    originals = [
        {"component_id": component["id"], "name": f"{component['name']}{component['file_type'] or ''}"}
        for component in present
        if component["name"] != "thumbnail"
    ]
    return {"kind": "encoding" if waiting else "none", "originals": originals}


def _read_meta(component: Mapping[str, Any]) -> Record:
    stored = {row["key"]: row["value"] for row in component.get("metadata") or ()}
    try:
        meta = json.loads(stored.get("ftr_meta") or "{}")
    except ValueError:
        meta = {}
    if not isinstance(meta, dict):
        meta = {}
    return {
        "rate": meta.get("frameRate") or 24,
        "first": meta.get("frameIn") or 0,
        "last": meta.get("frameOut") or 0,
        "width": meta.get("width"),
        "height": meta.get("height"),
    }


def _source_of(job: Mapping[str, Any]) -> Optional[str]:
    try:
        data = json.loads(job["data"] or "{}")
    except ValueError:
        return None
    return data.get("source_component_id") if isinstance(data, dict) else None


def _comments(
    server: Any, visitor: Visitor, item: Mapping[str, Any], names: Mapping[str, str]
) -> List[Record]:
    has_frame = "frame_number" in server.catalogue.schema["Note"].attributes
    frame = ", frame_number" if has_frame else ""
    expression = (
        f"select content, date, in_reply_to_id, completed_at{frame}, author.first_name, author.last_name, "
        "author.email, metadata.key, metadata.value from Note "
        f"where parent_id is {quote(item['id'])} order by date"
    )
    notes = _query(server, visitor, expression)[0]
    shown = [_comment(note, names) for note in notes]
    by_id = {entry["id"]: entry for entry in shown}
    top: List[Record] = []
    for entry in shown:
        parent = by_id.get(entry["in_reply_to_id"])
        (parent["replies"] if parent else top).append(entry)
    return top


def _comment(note: Mapping[str, Any], names: Mapping[str, str]) -> Record:
    metadata = {row["key"]: row["value"] for row in note.get("metadata") or ()}
    invitee = names.get(metadata.get(_INVITEE_KEY, ""))
    frame = note.get("frame_number")
    if frame is None and _FRAME_KEY in metadata:
        try:
            frame = json.loads(metadata[_FRAME_KEY])["number"]
        except (ValueError, KeyError, TypeError):
            frame = None
    return {
        "id": note["id"],
        "in_reply_to_id": note["in_reply_to_id"],
        "text": note["content"],
        "author": invitee or _person(note.get("author")),
        "at": _readable(note["date"]),
        "frame": frame,
        "is_done": note["completed_at"] is not None,
        "replies": [],
    }


def _person(record: Optional[Mapping[str, Any]]) -> str:
    if not record:
        return "Someone"
    name = " ".join(part for part in (record.get("first_name"), record.get("last_name")) if part)
    return name or record.get("username") or record.get("email") or "Someone"


def _read_frame(text: str) -> Optional[int]:
    if not text.strip():
        return None
    try:
        number = int(text)
    except ValueError:
        raise validation_error("The frame must be a whole number.", "frame") from None
    if abs(number) > 10_000_000:
        raise validation_error("There is no such frame.", "frame")
    return number


def _time(value: Any) -> str:
    return value["value"] if isinstance(value, dict) else (value or "")


def _readable(value: Any) -> str:
    text = _time(value)
    if not text:
        return ""
    parsed = dt.datetime.fromisoformat(text)
    return f"{parsed.day} {parsed:%b %Y, %H:%M} UTC"
