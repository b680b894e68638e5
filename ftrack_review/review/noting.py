"""Write one note of a review with everything that belongs to it: frame, drawing, picture, files, labels.

Notes are queued. Files are uploaded at once, as the bytes have to be somewhere when the note arrives.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, Mapping, Optional, Union

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import drawing as drawings
from ftrack_review.protocol import remark
from ftrack_review.protocol.grammar import quote
from ftrack_review.symbol import SERVER_LOCATION_ID

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["author_id", "upload_picture", "write"]

_DRAWING = (
    '{"version": 1, "shapes": [{"tool": "pen", "colour": "#ff3b30", "width": 0.004, "points": [[0.1, 0.2], [0.3, 0.4]]}'
    "]}, with fractions of the picture's width and height."
)

#: A file by its path, or what is in it.
Picture = Union[str, "os.PathLike[str]", bytes]


def write(
    parent: Entity,
    text: str,
    *,
    user_id: str,
    frame: Optional[int] = None,
    invitee_id: Optional[str] = None,
    in_reply_to_id: Optional[str] = None,
    drawing: Optional[str] = None,
    picture_id: Optional[str] = None,
    is_picture_known: bool = False,
    attachment_ids: Iterable[str] = (),
    label_ids: Iterable[str] = (),
    metadata: Optional[Mapping[str, str]] = None,
    note_id: Optional[str] = None,
    date: Any = None,
) -> Entity:
    """Queue a note on *parent* and return it. *drawing* is JSON text; components and labels are given by id.

    With *is_picture_known* the picture is among those of the object already.
    """
    session = parent.session
    attributes = session.schema["Note"].attributes
    kept: Dict[str, str] = dict(metadata or {})
    data: Dict[str, Any] = {
        "content": text,
        "parent_id": parent["id"],
        "parent_type": parent.entity_type,
        "user_id": user_id,
        **({"id": note_id} if note_id else {}),
        **({"date": date} if date is not None else {}),
        **({"in_reply_to_id": in_reply_to_id} if in_reply_to_id else {}),
    }
    if invitee_id is not None:
        kept[remark.INVITEE_KEY] = invitee_id
    if frame is not None:
        kept[remark.FRAME_KEY] = remark.encode_frame(frame)
        if "frame_number" in attributes:
            data["frame_number"] = frame
    if drawing is not None:
        kept.update(_draw(parent, drawing, frame))
    if kept:
        data["metadata"] = kept
    note = session.create("Note", data)
    if picture_id is not None:
        _attach_picture(parent, note, picture_id, frame, is_known=is_picture_known)
    for component_id in attachment_ids:
        session.create("NoteComponent", {"note_id": note["id"], "component_id": component_id})
    if "NoteLabelLink" in session.types:
        for label_id in label_ids:
            session.create("NoteLabelLink", {"note_id": note["id"], "label_id": label_id})
    return note


def author_id(session: Session, invitee: Optional[Entity]) -> str:
    """Return the account that a note is written by: the guest's where there is one, else the caller's."""
    if invitee is not None and "resource_id" in session.schema["ReviewSessionInvitee"].attributes:
        resource = invitee["resource_id"]
        if resource and session.schema["Note"].attributes["author"].target == "BaseUser":
            return str(resource)
    user = session.query(f"select id from User where username is {quote(session.api_user)}").one()
    return str(user["id"])


def upload_picture(session: Session, picture: Picture, *, name: str = "annotation") -> Entity:
    """Upload a picture to the server and return its FileComponent. Pending operations are committed with it."""
    with _as_file(picture) as path:
        location = session.get("Location", SERVER_LOCATION_ID)
        component = session.create_component(path, data={"name": name}, location=location)
        session.commit()
    return component


def read_drawing(drawing: Any) -> str:
    """Return a drawing as the JSON text that is kept. Raise ReviewError for what the review page could not show."""
    try:
        return drawings.encode(json.loads(drawing) if isinstance(drawing, str) else drawing)
    except ValueError as error:
        raise ReviewError(f"This is no drawing: {error} It is JSON such as {_DRAWING}") from error


def _draw(parent: Entity, drawing: str, frame: Optional[int]) -> Dict[str, str]:
    """Queue the drawing and return what the note's metadata has to say about it."""
    session = parent.session
    if parent.entity_type != "ReviewSessionObject" or "ReviewSessionObjectAnnotation" not in session.types:
        return {remark.DRAWING_KEY: drawing}
    row = session.create(
        "ReviewSessionObjectAnnotation",
        {"review_session_object_id": parent["id"], "frame_number": frame or 0, "data": drawing},
    )
    return {remark.ANNOTATION_KEY: row["id"]}


def _attach_picture(
    parent: Entity, note: Entity, component_id: str, frame: Optional[int], *, is_known: bool
) -> None:
    session = parent.session
    drawn = "NoteAnnotationComponent" if "NoteAnnotationComponent" in session.types else "NoteComponent"
    session.create(drawn, {"note_id": note["id"], "component_id": component_id})
    if (
        parent.entity_type == "ReviewSessionObject"
        and not is_known
        and "ReviewSessionObjectAnnotationComponent" in session.types
    ):
        session.create(
            "ReviewSessionObjectAnnotationComponent",
            {
                "review_session_object_id": parent["id"],
                "component_id": component_id,
                "frame_number": frame or 0,
            },
        )


@contextlib.contextmanager
def _as_file(picture: Picture) -> Iterator[str]:
    if isinstance(picture, bytes):
        with tempfile.TemporaryDirectory(prefix="ftrack_review-") as folder:
            path = os.path.join(folder, "annotation.png")
            with open(path, "wb") as stream:
                stream.write(picture)
            yield path
    else:
        path = os.fspath(picture)
        if not os.path.isfile(path):
            raise ReviewError(f"There is no picture {path}.")
        yield path
