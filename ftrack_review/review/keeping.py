"""What a review session keeps about itself beside its attributes: in its metadata, or in that of its project.

Review sessions have metadata on servers since 2024; before, the project's is used, under keys that tell the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Tuple

from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.protocol.remark import FIRST_FRAME_KEY

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["has_metadata", "read", "read_with_versions", "roles_in", "write"]

#: What all keys of ours begin with.
PREFIX = "ftrack_review."


def has_metadata(review_session: Entity) -> bool:
    """Return whether the server's review sessions have metadata."""
    return "metadata" in review_session.session.schema["ReviewSession"].attributes


def read(review_session: Entity) -> Dict[str, str]:
    """Return what is kept, by key, asked of the server in one request."""
    return read_with_versions(review_session, ())[0]


def read_with_versions(
    review_session: Entity, version_ids: Iterable[Optional[str]]
) -> Tuple[Dict[str, str], Dict[str, int]]:
    """Return what is kept, by key, and the number of the first frame of versions that say so, in one request."""
    parent = review_session["id"] if has_metadata(review_session) else review_session["project_id"]
    criteria = f'(parent_id is {quote(parent)} and key like "{PREFIX}%")'
    versions = sorted({key for key in version_ids if key})
    if versions:
        criteria += f" or (key is {quote(FIRST_FRAME_KEY)} and parent_id in {quote_list(versions)})"
    kept, first_frames = {}, {}
    for row in review_session.session.query(f"select key, value, parent_id from Metadata where {criteria}"):
        if row["parent_id"] == parent:
            kept[row["key"]] = row["value"]
        else:
            first_frames[row["parent_id"]] = _whole(row["value"])
    return kept, first_frames


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 1  # As anyone may write metadata.


def roles_in(review_session: Entity, kept: Dict[str, str]) -> Dict[str, str]:
    """Return the roles of the invitees by their ids, from what :func:`read` returned."""
    key = roles.SESSION_KEY if has_metadata(review_session) else roles.project_key(review_session["id"])
    return roles.decode(kept.get(key))


def write(review_session: Entity, key: str, text: str) -> None:
    """Keep *text* under *key*, which is queued like any other change."""
    metadata, _ = place(review_session)
    metadata[key] = text


def place(review_session: Entity) -> Tuple[Any, Entity]:
    """Return the metadata to write into and the entity that has it."""
    owner = review_session if has_metadata(review_session) else review_session["project"]
    return owner["metadata"], owner
