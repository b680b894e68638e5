"""What a visitor does on the review page: votes, comments with drawings, and second thoughts.

Everything goes through ``dispatch`` like the actions of any other client, in the visitor's name, so that the rules of
the API hold: a closed session takes nothing, a person has one vote on an object. Beyond them a visitor reaches the
objects of one review session alone, changes nobody else's words, and an observer only watches.

A comment with a drawing is a Note with ``frame_number``, whose metadata names the ReviewSessionObjectAnnotation that
holds the drawing (``protocol.remark``). The flattened picture is a component in ftrack.server that the note has as
NoteAnnotationComponent, with the drawing as ``data`` once more, and the object as
ReviewSessionObjectAnnotationComponent.

Called by ``pages``, which speaks HTTP.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any, Dict, List, Mapping, Optional

from ftrack_review.protocol import presentation, remark, settlement
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote
from ftrack_review.server import review_drawing, review_state
from ftrack_review.server.context import Options, utc_now
from ftrack_review.server.errors import ServerFault, describe, not_found, validation_error
from ftrack_review.server.review_notes import is_visible, mapping
from ftrack_review.server.review_visitor import Visitor, conventions_of, query, roles_in
from ftrack_review.symbol import SERVER_LOCATION_ID

__all__ = ["comment", "delete", "edit", "release", "vote"]

# What the names of pictures begin with.
_PICTURE_NAME = "annotation-"

Record = Dict[str, Any]


def vote(server: Any, visitor: Visitor, body: Mapping[str, Any]) -> str:
    """Record the visitor's vote, with a comment where *body* has one. Return the id of the object.

    A vote of None takes the visitor's vote back.
    """
    object_id = _object_id(body)
    _check_may(server, visitor, object_id, "vote")
    status = body.get("status")
    actions: List[Record] = []
    if status is None:
        rows = query(
            server,
            visitor,
            f"select id from ReviewSessionObjectStatus where review_session_object_id is {quote(object_id)} "
            f"and review_session_invitee_id is {quote(visitor.invitee_id)}",
        )[0]
        actions.extend(_action("delete", "ReviewSessionObjectStatus", key=row["id"]) for row in rows)
        if rows:
            actions.append(_settle(server, visitor, object_id))
    else:
        values = {
            "id": str(uuid.uuid4()),
            "status": status,
            "review_session_object_id": object_id,
            "review_session_invitee_id": visitor.invitee_id,
        }
        actions.append(_action("create", "ReviewSessionObjectStatus", values))
    if body.get("content"):
        note = _Note(server, visitor, object_id)
        note.write(_read_content(body.get("content")), _read_frame(body.get("frame")), None)
        actions.extend(note.actions)
    _perform(server, visitor, actions)
    return object_id


def comment(server: Any, visitor: Visitor, body: Mapping[str, Any]) -> str:
    """Write the visitor's comment as *body* has it. Return the id of the object that it is on."""
    object_id = _object_id(body)
    drawing = review_drawing.read(body.get("drawing"))
    picture = review_drawing.read_picture(body.get("picture"))
    content = _read_content(body.get("content"), may_be_empty=drawing is not None)
    frame = _read_frame(body.get("frame"))
    if drawing is not None and frame is None:
        # A still has one frame.
        frame = 0
    _check_may(server, visitor, object_id, "comment")
    reply_to = body.get("reply_to")
    if reply_to is not None:
        answered = _find_note(server, visitor, reply_to)
        if answered["parent_id"] != object_id:
            raise not_found("The comment that is answered is not on this object.")
    note_id = _note_id(visitor, body.get("client_id"))
    if _exists(server, visitor, note_id):
        # The page did not hear that it had been written.
        return object_id
    note = _Note(server, visitor, object_id, note_id)
    note.write(content, frame, reply_to)
    component_id = str(uuid.uuid4()) if drawing is not None and picture is not None else None
    if drawing is not None:
        note.draw(drawing, frame or 0, component_id, len(picture or b""))
    try:
        if component_id is not None and picture is not None:
            with server.files.receive(component_id, size=len(picture)) as incoming:
                incoming.write(picture)
                incoming.finish()
        _perform(server, visitor, note.actions)
    except BaseException as error:
        if component_id is not None:
            server.files.remove(component_id)
        # Sent twice at the same time, and the other one was first.
        if isinstance(error, ServerFault) and error.status == 409 and _exists(server, visitor, note_id):
            return object_id
        raise
    return object_id


def edit(server: Any, visitor: Visitor, note_id: str, body: Mapping[str, Any]) -> str:
    """Give the visitor's own comment another text. Return the id of the object that it is on.

    In a moderated session the new text has to be released again.
    """
    note = _find_own(server, visitor, note_id)
    content = _read_content(body.get("content"), may_be_empty=bool(note["note_components"]))
    actions = [_action("update", "Note", {"content": content}, note_id)]
    if remark.RELEASED_KEY in mapping(note) and not visitor.is_user:
        actions.append(_action("delete", "Metadata", key=[note_id, remark.RELEASED_KEY]))
    _perform(server, visitor, actions)
    return str(note["parent_id"])


def delete(server: Any, visitor: Visitor, note_id: str) -> str:
    """Delete the visitor's own comment with its drawing. Return the id of the object that it was on.

    Raise the fault for a comment that others have answered, as their words would go along.
    """
    note = _find_own(server, visitor, note_id)
    object_id = str(note["parent_id"])
    expressions = [
        f"select metadata.key, metadata.value from Note where in_reply_to_id is {quote(note_id)}",
        (
            "select component_id, component.name, component.version_id from NoteComponent "
            f"where note_id is {quote(note_id)}"
        ),
    ]
    drawing_id = mapping(note).get(remark.ANNOTATION_KEY)
    if drawing_id:
        expressions.append(
            f"select id from ReviewSessionObjectAnnotation where id is {quote(drawing_id)} "
            f"and review_session_object_id is {quote(object_id)}"
        )
    answers, files, *drawings = query(server, visitor, *expressions)
    if any(mapping(answer).get(remark.INVITEE_KEY) != visitor.invitee_id for answer in answers):
        raise ServerFault(
            "PermissionError",
            "This comment has been answered. Change its text instead, or write that it is settled.",
            409,
            error_code="comment_answered",
        )
    actions = [
        _action("delete", "ReviewSessionObjectAnnotation", key=row["id"]) for rows in drawings for row in rows
    ]
    actions.append(_action("delete", "Note", key=note_id))
    # What others attached may be of use elsewhere.
    actions.extend(
        _action("delete", "FileComponent", key=row["component_id"])
        for row in files
        if (row.get("component") or {}).get("version_id") is None
        and str((row.get("component") or {}).get("name")).startswith(_PICTURE_NAME)
    )
    _perform(server, visitor, actions)
    return object_id


def release(server: Any, visitor: Visitor, note_id: str) -> str:
    """Show a guest's comment to everybody, which people with an account can. Return the id of the object."""
    note = _find_note(server, visitor, note_id)
    object_id = str(note["parent_id"])
    _check_may(server, visitor, object_id, "release")
    if not mapping(note).get(remark.RELEASED_KEY):
        values = {
            "parent_id": note_id,
            "parent_type": "Note",
            "key": remark.RELEASED_KEY,
            "value": f"{utc_now()}Z",
        }
        _perform(server, visitor, [_action("create", "Metadata", values)])
    return object_id


class _Note:
    """The actions that write one note and what belongs to it."""

    def __init__(self, server: Any, visitor: Visitor, object_id: str, note_id: Optional[str] = None) -> None:
        self._schema = server.catalogue.schema
        self._visitor = visitor
        self._object_id = object_id
        self._note_id = note_id or str(uuid.uuid4())
        #: What has been asked for so far.
        self.actions: List[Record] = []

    def write(self, content: str, frame: Optional[int], reply_to: Optional[str]) -> None:
        """Add the note itself."""
        note: Record = {
            "id": self._note_id,
            "content": content,
            "parent_id": self._object_id,
            "parent_type": "ReviewSessionObject",
            "user_id": self._visitor.resource_id,
        }
        if reply_to is not None:
            note["in_reply_to_id"] = reply_to
        if frame is not None and "frame_number" in self._schema["Note"].attributes:
            note["frame_number"] = frame
        self.actions.append(_action("create", "Note", note))
        self._tell(remark.INVITEE_KEY, self._visitor.invitee_id)
        if frame is not None:
            self._tell(remark.FRAME_KEY, remark.encode_frame(frame))

    def _tell(self, key: str, value: str) -> None:
        values = {"parent_id": self._note_id, "parent_type": "Note", "key": key, "value": value}
        self.actions.append(_action("create", "Metadata", values))

    def draw(self, drawing: Record, frame: int, component_id: Optional[str], size: int) -> None:
        """Add the *drawing* on a *frame*, and the component that holds its picture of *size* bytes."""
        if "ReviewSessionObjectAnnotation" in self._schema:
            drawing_id = str(uuid.uuid4())
            values = {
                "id": drawing_id,
                "review_session_object_id": self._object_id,
                "frame_number": frame,
                "data": json.dumps(drawing, separators=(",", ":")),
            }
            self.actions.append(_action("create", "ReviewSessionObjectAnnotation", values))
            self._tell(remark.ANNOTATION_KEY, drawing_id)
        else:
            self._tell(remark.DRAWING_KEY, json.dumps(drawing, separators=(",", ":")))
        if component_id is None:
            return
        component = {
            "id": component_id,
            "name": f"{_PICTURE_NAME}{frame}",
            "file_type": ".png",
            "size": size,
            "system_type": "file",
        }
        location = {
            "id": str(uuid.uuid4()),
            "component_id": component_id,
            "location_id": SERVER_LOCATION_ID,
            "resource_identifier": component_id,
        }
        self.actions.append(_action("create", "FileComponent", component))
        self.actions.append(_action("create", "ComponentLocation", location))
        picture: Record = {"component_id": component_id, "note_id": self._note_id}
        # Servers of 2021 had pictures with notes, and no drawings.
        kind = "NoteAnnotationComponent" if "NoteAnnotationComponent" in self._schema else "NoteComponent"
        if "data" in self._schema[kind].attributes:
            picture["data"] = drawing
        self.actions.append(_action("create", kind, picture))
        kind = "ReviewSessionObjectAnnotationComponent"
        if kind in self._schema:
            shown = {
                "component_id": component_id,
                "review_session_object_id": self._object_id,
                "frame_number": str(frame),
            }
            self.actions.append(_action("create", kind, shown))


def _check_may(server: Any, visitor: Visitor, object_id: str, right: str) -> None:
    """Raise the fault for an object of another review, and for what the visitor may not do."""
    sessions, objects = query(
        server,
        visitor,
        f"select is_open, project_id from ReviewSession where id is {quote(visitor.session_id)}",
        f"select id from ReviewSessionObject where id is {quote(object_id)} "
        f"and review_session_id is {quote(visitor.session_id)}",
    )
    if not sessions or not objects:
        raise not_found("This review has no such object.")
    kept = conventions_of(server, visitor, sessions[0]["project_id"])
    role = roles_in(kept, visitor).get(visitor.invitee_id, roles.REVIEWER)
    # That a session is closed is said by the rules of the API, which know why.
    if not review_state.rights(visitor, role, True)[right]:
        raise ServerFault(
            "PermissionError",
            "You are invited to watch this review; voting and commenting is for others."
            if role == roles.OBSERVER
            else "This is for people with an account.",
            403,
            error_code="role_forbidden",
        )


def _settle(server: Any, visitor: Visitor, object_id: str) -> Record:
    """Return the action that keeps when the visitor's vote was withdrawn (``protocol.settlement``)."""
    key = settlement.key(visitor.invitee_id)
    expression = f"select project_id from ReviewSession where id is {quote(visitor.session_id)}"
    project_id = query(server, visitor, expression)[0][0]["project_id"]
    on_session = "metadata" in server.catalogue.schema["ReviewSession"].attributes
    parent = ("ReviewSession", visitor.session_id) if on_session else ("Project", project_id)
    kept = conventions_of(server, visitor, project_id).get(key)
    times = settlement.decode(kept)
    settlement.settle(times, object_id, dt.datetime.now(dt.timezone.utc).strftime(settlement.TIME_FORMAT))
    values = {"value": settlement.encode(times)}
    if kept is not None:
        return _action("update", "Metadata", values, key=[parent[1], key])
    values.update(parent_type=parent[0], parent_id=parent[1], key=key)
    return _action("create", "Metadata", values)


def _find_note(server: Any, visitor: Visitor, note_id: Any) -> Record:
    """Return a note on an object of the visitor's review session that the visitor may see."""
    if not isinstance(note_id, str):
        raise validation_error(f"The id of a comment is a text, not {describe(note_id)}.", "reply_to")
    sessions, notes = query(
        server,
        visitor,
        f"select is_moderated from ReviewSession where id is {quote(visitor.session_id)}",
        "select parent_id, metadata.key, metadata.value, note_components.component_id from Note where "
        f"id is {quote(note_id)} and parent_id in (select id from ReviewSessionObject where "
        f"review_session_id is {quote(visitor.session_id)})",
    )
    if sessions and notes:
        note = notes[0]
        if is_visible(visitor, bool(sessions[0]["is_moderated"]), mapping(note)):
            return note
    raise not_found("This review has no such comment.")


def _find_own(server: Any, visitor: Visitor, note_id: str) -> Record:
    note = _find_note(server, visitor, note_id)
    if mapping(note).get(remark.INVITEE_KEY) != visitor.invitee_id:
        raise ServerFault(
            "PermissionError", "Only who wrote a comment can change it.", 403, error_code="not_yours"
        )
    _check_may(server, visitor, note["parent_id"], "comment")
    return note


def _perform(server: Any, visitor: Visitor, actions: List[Record]) -> None:
    if actions:
        server.dispatch(actions, visitor.caller, Options(strict=True))


def _action(name: str, entity_type: str, values: Optional[Record] = None, key: Any = None) -> Record:
    action: Record = {"action": name, "entity_type": entity_type}
    if key is not None:
        action["entity_key"] = key if isinstance(key, list) else [key]
    if values is not None:
        action["entity_data"] = {"__entity_type__": entity_type, **values}
    return action


def _note_id(visitor: Visitor, client_id: Any) -> str:
    """Return the id of a new note: always the same for what the page calls *client_id*, and never another's."""
    if client_id is None:
        return str(uuid.uuid4())
    if not isinstance(client_id, str) or not 8 <= len(client_id) <= 100:
        raise validation_error(
            f"client_id must be a text such as a UUID, not {describe(client_id)}.", "client_id"
        )
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{visitor.invitee_id}/{client_id}"))


def _exists(server: Any, visitor: Visitor, note_id: str) -> bool:
    return bool(query(server, visitor, f"select id from Note where id is {quote(note_id)}")[0])


def _object_id(body: Mapping[str, Any]) -> str:
    object_id = body.get("object_id")
    if not isinstance(object_id, str) or not object_id:
        raise validation_error(
            f"object_id must be the id of an object, not {describe(object_id)}.", "object_id"
        )
    return object_id


def _read_content(content: Any, *, may_be_empty: bool = False) -> str:
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise validation_error(f"A comment is a text, not {describe(content)}.", "content")
    text = content.replace("\r\n", "\n").strip()
    if not text and not may_be_empty:
        raise validation_error("The comment is empty.", "content")
    if len(text) > remark.LONGEST_COMMENT:
        raise validation_error(f"The comment is longer than {remark.LONGEST_COMMENT} characters.", "content")
    return text


def _read_frame(frame: Any) -> Optional[int]:
    if frame is None:
        return None
    if isinstance(frame, bool) or not isinstance(frame, int):
        raise validation_error(f"The frame must be a whole number, not {describe(frame)}.", "frame")
    if not 0 <= frame <= presentation.LARGEST:
        raise validation_error("There is no such frame.", "frame")
    return frame
