"""Who was invited, and what was said on the objects of a review: notes, replies, drawings, files.

In a moderated session the comments of guests that were not released are shown to who wrote them, and to people with
an account.

Called by ``review_state`` for what the page is told, by ``review_writing`` for whose comment is whose, and by ``pages``
to tell whether a picture belongs to what a visitor may see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Set

from ftrack_review.protocol import remark
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import review_drawing
from ftrack_review.server.review_media import list_of, quote_path
from ftrack_review.server.review_visitor import Visitor, query

if TYPE_CHECKING:
    from ftrack_review.server.review_versions import History

__all__ = ["Notes", "People", "is_visible", "iso_time", "mapping", "person_name", "shows_picture"]

Record = Dict[str, Any]


class People:
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
        return self._names.get(invitee_id or "") or person_name(account)

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


class Notes:
    """The notes of all objects, with their replies and drawings."""

    def __init__(
        self,
        visitor: Visitor,
        session: Mapping[str, Any],
        people: People,
        history: History,
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
            metadata = mapping(note)
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
                        "created_at": iso_time(row["created_at"]),
                    }
                )
        return found

    def _make(self, note: Mapping[str, Any], metadata: Mapping[str, str]) -> Record:
        author = note.get("author")
        invitee_id = self._people.invitee_of(metadata.get(remark.INVITEE_KEY), author)
        if invitee_id is not None:
            self.authors.add(invitee_id)
        drawn = self._drawn.get(note["id"]) or {}
        picture_id = drawn.get("component_id") or _picture_of(note)
        row = self._rows.get(metadata.get(remark.ANNOTATION_KEY) or "") or {}
        return {
            "id": note["id"],
            "author": self._people.name_of(invitee_id, author),
            "author_id": invitee_id or (author or {}).get("id"),
            "role": self._people.role_of(invitee_id) if invitee_id else None,
            "mine": metadata.get(remark.INVITEE_KEY) == self._visitor.invitee_id,
            "content": note["content"] or "",
            "created_at": iso_time(note["date"]),
            "frame": _frame(note, metadata),
            "done": note["completed_at"] is not None,
            "released": not remark.is_held(metadata, is_moderated=self._is_moderated),
            "version_label": self._history.label_for(note["parent_id"], note["id"], iso_time(note["date"])),
            "drawing": review_drawing.readable(
                row.get("data") or drawn.get("data") or metadata.get(remark.DRAWING_KEY)
            ),
            "picture_url": self._picture_url(picture_id),
            "attachments": self._attachments(note, picture_id),
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


def is_visible(visitor: Visitor, is_moderated: bool, metadata: Mapping[str, str]) -> bool:
    """Return whether the visitor may see a note with this *metadata*."""
    return (
        not remark.is_held(metadata, is_moderated=is_moderated)
        or visitor.is_user
        or metadata.get(remark.INVITEE_KEY) == visitor.invitee_id
    )


def shows_picture(server: Any, visitor: Visitor, component_id: str) -> bool:
    """Return whether the component is a picture in what was said, and the visitor may see it."""
    key = quote(component_id)
    expressions = [
        f"select is_moderated from ReviewSession where id is {quote(visitor.session_id)}",
        (
            "select metadata.key, metadata.value, parent_id from Note "
            f"where note_components any (component_id is {key})"
        ),
    ]
    if "ReviewSessionObjectAnnotationComponent" in server.catalogue.schema:
        expressions.append(
            "select review_session_object.review_session_id from ReviewSessionObjectAnnotationComponent "
            f"where component_id is {key}"
        )
    sessions, notes, *frames = query(server, visitor, *expressions)
    if not sessions:
        return False
    if not notes:
        rows = [row for rows in frames for row in rows]
        return any(row["review_session_object"]["review_session_id"] == visitor.session_id for row in rows)
    objects = query(
        server,
        visitor,
        f"select id from ReviewSessionObject where review_session_id is {quote(visitor.session_id)} "
        f"and id in {list_of(note['parent_id'] for note in notes)}",
    )[0]
    inside = {item["id"] for item in objects}
    return any(
        note["parent_id"] in inside and is_visible(visitor, bool(sessions[0]["is_moderated"]), mapping(note))
        for note in notes
    )


def _picture_of(note: Mapping[str, Any]) -> Optional[str]:
    """Return the picture of a drawing by its name, as servers of 2021 had no type for it."""
    for row in note.get("note_components") or ():
        if str((row.get("component") or {}).get("name")).startswith("annotation-"):
            return str(row["component_id"])
    return None


def _frame(note: Mapping[str, Any], metadata: Mapping[str, str]) -> Optional[int]:
    frame = note.get("frame_number")
    return remark.decode_frame(metadata.get(remark.FRAME_KEY)) if frame is None else frame


def mapping(record: Mapping[str, Any]) -> Dict[str, str]:
    """Return the metadata in *record*, an answer to a query, by key."""
    return {row["key"]: row["value"] for row in record.get("metadata") or ()}


def person_name(record: Optional[Mapping[str, Any]]) -> str:
    """Return what to call the account in *record*."""
    if not record:
        return "Someone"
    name = " ".join(part for part in (record.get("first_name"), record.get("last_name")) if part)
    return name or record.get("username") or "Someone"


def iso_time(value: Any) -> Optional[str]:
    """Return a time of the wire as ISO 8601 in UTC."""
    text = value["value"] if isinstance(value, dict) else value
    return f"{text[:19]}Z" if text else None
