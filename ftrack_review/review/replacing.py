"""Put the next version of an object in its place, and keep what was said about the former one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import succession
from ftrack_review.protocol.grammar import quote
from ftrack_review.review import gathering, keeping, schedule
from ftrack_review.review.opinion import Vote, plain_time, threads

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["replace"]


def replace(
    review_session_object: Entity,
    version: Entity,
    *,
    name: Optional[str] = None,
    label: Optional[str] = None,
) -> Entity:
    """Let the object show *version* instead of the one it shows now, and return it.

    It keeps its place in the list, its notes and its drawings. The votes were about the former version: they leave the
    object and stay in its history (``feedback().objects[…].former``), and the review page compares with the former
    version. *name* and *label* (``Version 3``) change what reviewers read.

    Everything is queued: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` when *version* is not an AssetVersion or is shown already,
    :exc:`~ftrack_review.exception.ReviewClosedError` when the review session is closed.

    .. versionadded:: 3.1.0
    """
    if getattr(version, "entity_type", None) != "AssetVersion":
        raise ReviewError(f"Only an AssetVersion can take the place of another, not {version!r}.")
    former_id = review_session_object["version_id"]
    if former_id == version["id"]:
        raise ReviewError(f"{review_session_object['name']!r} shows this version already.")
    review_session = review_session_object["review_session"]
    schedule.require_open(review_session)
    _keep(review_session, review_session_object)
    review_session_object["asset_version"] = version
    review_session_object["version"] = label if label is not None else f"Version {version['version'] or 1}"
    if name is not None:
        review_session_object["name"] = name
    return review_session_object


def _keep(review_session: Entity, item: Entity) -> None:
    """Queue that the present version and the votes about it become history."""
    import arrow

    session, key = item.session, succession.key(item["id"])
    said = gathering.feedback_of(item)
    kept = keeping.read(review_session)
    entries = succession.decode(kept.get(key))
    replaced_at = plain_time(arrow.utcnow()) or ""
    entries.append(
        {
            "version_id": item["version_id"],
            "label": gathering.label_of(item),
            "name": item["name"] or "",
            "replaced_at": replaced_at,
            "votes": [_vote(vote) for vote in sorted((*said.history, *said.votes))],
            # Written in this second, or by a clock that is ahead of ours, or not sent yet.
            "notes": [
                *(note.id for note in threads(said.comments) if _is_later(note.created_at, replaced_at)),
                *_queued(item),
            ],
        }
    )
    keeping.write(review_session, key, succession.encode(entries))
    rows = session.query(
        f"select id from ReviewSessionObjectStatus where review_session_object_id is {quote(item['id'])}"
    )
    for row in rows.all():
        session.delete(row)


def _is_later(written: Any, replaced_at: str) -> bool:
    return (plain_time(written) or "") >= replaced_at


def _queued(item: Entity) -> Iterator[str]:
    """Yield the ids of the notes on the object that the session has not sent yet."""
    for entity in item.session.created:
        if entity.entity_type == "Note" and entity["parent_id"] == item["id"]:
            yield entity["id"]


def _vote(vote: Vote) -> Dict[str, Any]:
    return {
        "invitee_id": vote.invitee_id or "",
        "name": vote.name,
        "email": vote.email,
        "role": vote.role,
        "status": vote.status,
        "created_at": plain_time(vote.created_at) or "",
    }
