"""Moderation: which comments of guests others may see, and a digest of the feedback by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Tuple

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import remark
from ftrack_review.protocol.grammar import quote
from ftrack_review.review import gathering
from ftrack_review.review.opinion import plain_time

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["hold", "release", "send_digest"]


def release(review_session: Entity, comments: Optional[Iterable[Any]] = None) -> List[Entity]:
    """Let the other guests of a moderated review see *comments*, and return the notes that were held.

    *comments* are notes, values from ``feedback()`` or ids, by default all that wait; a comment's replies are named
    themselves. Notes that are released already are left alone. It is queued: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` for a note that is not in *review_session*.

    .. versionadded:: 3.1.0
    """
    import arrow

    notes = [
        note
        for note in _find(review_session, comments)
        if remark.is_held(note["metadata"], is_moderated=True)
    ]
    moment = plain_time(arrow.utcnow())
    for note in notes:
        note["metadata"][remark.RELEASED_KEY] = moment
    return notes


def hold(review_session: Entity, comments: Iterable[Any]) -> List[Entity]:
    """Take *comments* back that were released, and return the notes. It is queued like :func:`release`.

    .. versionadded:: 3.1.0
    """
    notes = [note for note in _find(review_session, comments) if remark.RELEASED_KEY in note["metadata"]]
    for note in notes:
        del note["metadata"][remark.RELEASED_KEY]
    return notes


def send_digest(review_session: Entity) -> Tuple[str, ...]:
    """Mail what was said in *review_session* to its owner, and return the addresses it goes to.

    Pending operations of the session are committed first.

    Raise :exc:`~ftrack_review.exception.ReviewError` where the server sends no digests, as ftrack's own servers do
    not: ``print(review_session.feedback())`` has the same content.

    .. versionadded:: 3.1.0
    """
    session = review_session.session
    session.commit()
    address = f"{session.server_url}/review/digest"
    response = session._request.post(
        address, json={"session_id": review_session["id"]}, timeout=session.timeout
    )
    if response.status_code == 200 and "json" in response.headers.get("content-type", ""):
        return tuple(str(sent) for sent in response.json().get("sent_to") or ())
    raise ReviewError(
        f"The server {session.server_url} sent no digest of {review_session['name']!r} (status "
        f"{response.status_code}). print(review_session.feedback()) shows the same."
    )


def _find(review_session: Entity, comments: Optional[Iterable[Any]]) -> List[Entity]:
    """Return the notes of the review session, or those of *comments*."""
    session, key = review_session.session, quote(review_session["id"])
    objects = session.query(f"select id from ReviewSessionObject where review_session_id is {key}").all()
    if not objects:
        return []
    notes = gathering.read_notes_on(session, (item["id"] for item in objects))
    found = {note["id"]: note for note in notes}
    if comments is None:
        return list(found.values())
    chosen = []
    for comment in comments:
        identifier = comment if isinstance(comment, str) else _id_of(comment)
        if identifier not in found:
            raise ReviewError(
                f"The note {identifier} is not in the review session {review_session['name']!r}."
            )
        chosen.append(found[identifier])
    return chosen


def _id_of(comment: Any) -> str:
    # A value of feedback() has an attribute, an entity an item.
    return str(getattr(comment, "id", None) or comment["id"])
