"""What reviewers say about an object: votes and comments, given and read.

Giving feedback queues operations, as creating an entity does; reading it asks the server, in a number of
requests that does not grow with the review (:mod:`~ftrack_review.review.gathering`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple

from ftrack_review.exception import ReviewError
from ftrack_review.review import gathering, noting

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.opinion import Comment, Vote

__all__ = ["STATUSES", "comment", "comments", "overall_status", "reply", "vote", "votes"]

#: The votes that a reviewer can give.
STATUSES = ("approved", "require_changes", "seen")


def vote(review_session_object: Entity, status: str, invitee: Entity) -> Entity:
    """Record the vote of *invitee* and return the new ReviewSessionObjectStatus.

    *status* is ``approved``, ``require_changes`` or ``seen``. A later vote of the same person on the same
    object replaces this one. It is queued: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` for another status, or for an invitee of another
    review session.

    .. versionadded:: 3.1.0
    """
    if status not in STATUSES:
        raise ReviewError(f"A vote is one of {', '.join(STATUSES)}, not {status!r}.")
    if getattr(invitee, "entity_type", None) != "ReviewSessionInvitee":
        raise ReviewError(f"Only a ReviewSessionInvitee can vote, not {invitee!r}. Invite the person first.")
    theirs, ours = invitee["review_session"], review_session_object["review_session"]
    if theirs is not ours:
        raise ReviewError(
            f"{invitee['name']} is invited to {_name(theirs)!r}, not to {_name(ours)!r}. "
            "Invite the person to this review session as well."
        )
    data = {"review_session_object": review_session_object, "invitee": invitee, "status": status}
    return review_session_object.session.create("ReviewSessionObjectStatus", data)


def comment(
    review_session_object: Entity,
    text: str,
    *,
    frame: Optional[int] = None,
    invitee: Optional[Entity] = None,
    drawing: Any = None,
    picture: Optional[noting.Picture] = None,
) -> Entity:
    """Write a note on the object and return it.

    *frame* is the index of the frame it is about, 0 for the first, None for the whole object. With *invitee* the
    note is theirs, otherwise it is the session user's. *drawing* is what was drawn on the frame, a mapping or JSON
    text as the review page makes it, and *picture* the frame with the drawing on it, the path of a PNG or its
    bytes. The note is queued: :meth:`Session.commit` sends it. A picture is uploaded at once, which commits
    what is pending.

    Raise :exc:`~ftrack_review.exception.ReviewError` for an empty *text*, a *frame* that is no index and a
    *drawing* that is none.

    .. versionadded:: 3.1.0
    """
    return _write(review_session_object, text, frame, invitee, None, drawing, picture)


def reply(
    review_session_object: Entity, note: Entity, text: str, *, invitee: Optional[Entity] = None
) -> Entity:
    """Answer a *note* on the object and return the answer, a note as well.

    With *invitee* the answer is theirs, otherwise it is the session user's. It is queued:
    :meth:`Session.commit` sends it.

    .. versionadded:: 3.1.0
    """
    return _write(review_session_object, text, None, invitee, note, None, None)


def votes(review_session_object: Entity) -> Tuple[Vote, ...]:
    """Return the current vote of each invitee on the object, oldest first.

    .. versionadded:: 3.1.0
    """
    return gathering.feedback_of(review_session_object).votes


def comments(review_session_object: Entity) -> Tuple[Comment, ...]:
    """Return the notes on the object with their replies, oldest first.

    .. versionadded:: 3.1.0
    """
    return gathering.feedback_of(review_session_object).comments


def overall_status(review_session_object: Entity) -> Optional[str]:
    """Return what the votes on the object come to, None while nobody has voted.

    Where the session has approvers, they decide; otherwise one ``require_changes`` outweighs everything
    and ``approved`` needs all votes (:func:`ftrack_review.protocol.role.overall_status`).

    .. versionadded:: 3.1.0
    """
    return gathering.feedback_of(review_session_object).status


def _write(
    review_session_object: Entity,
    text: str,
    frame: Optional[int],
    invitee: Optional[Entity],
    in_reply_to: Optional[Entity],
    drawing: Any,
    picture: Optional[noting.Picture],
) -> Entity:
    if not text or not text.strip():
        raise ReviewError("A comment needs a text.")
    if frame is not None and (isinstance(frame, bool) or not isinstance(frame, int) or frame < 0):
        raise ReviewError(f"A comment is about a frame given by its index, 0 for the first, not {frame!r}.")
    drawn = None if drawing is None else noting.read_drawing(drawing)
    session = review_session_object.session
    return noting.write(
        review_session_object,
        text,
        user_id=noting.author_id(session, invitee),
        frame=frame,
        invitee_id=invitee["id"] if invitee is not None else None,
        in_reply_to_id=in_reply_to["id"] if in_reply_to is not None else None,
        drawing=drawn,
        picture_id=None if picture is None else noting.upload_picture(session, picture)["id"],
    )


def _name(review_session: Optional[Entity]) -> str:
    return str(review_session["name"]) if review_session else "no review session"
