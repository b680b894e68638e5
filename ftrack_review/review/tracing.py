"""Find out which note a copy ultimately came from, whatever way it went, and whether it was changed since.

A copy keeps the id of the first note (``remark.COPIED_KEY``). Copies of earlier versions of this library keep that of
the note they were made from, which may be a copy itself: those are followed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Optional

from ftrack_review.protocol import remark
from ftrack_review.protocol.grammar import quote, quote_list

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["is_changed_copy", "mark", "origins", "point_at_origins"]


def origins(session: Session, notes: Iterable[Entity]) -> Dict[str, str]:
    """Return the id of the note that each of *notes* ultimately came from by its id, which is that of no copy.

    It takes one request for each hop that is followed to notes that are not among *notes*.
    """
    sources: Dict[str, Optional[str]] = {
        note["id"]: note["metadata"].get(remark.COPIED_KEY) for note in notes
    }
    keys = list(sources)
    while True:
        unknown = {source for source in sources.values() if source and source not in sources}
        if not unknown:
            return {key: _follow(key, sources) for key in keys}
        rows = _markers(session, f"parent_id in {quote_list(sorted(unknown))}")
        found = {row["parent_id"]: row["value"] for row in rows}
        sources.update({key: found.get(key) for key in unknown})


def mark(note: Entity, origin: str) -> Dict[str, str]:
    """Return what the metadata of a copy of *note* has to say about where it came from."""
    return {remark.COPIED_KEY: origin, remark.COPIED_TEXT_KEY: _digest(note)}


def is_changed_copy(copy: Entity) -> bool:
    """Return whether the text of a copy was changed since it was made, or may have been, as nothing tells."""
    return bool(copy["metadata"].get(remark.COPIED_TEXT_KEY) != _digest(copy))


def point_at_origins(session: Session, gone: Mapping[str, str]) -> None:
    """Let what was copied from the copies *gone*, whose origins it has by their ids, name those instead."""
    for row in _markers(session, f"value in {quote_list(sorted(gone))}"):
        if row["parent_id"] not in gone:
            row["value"] = gone[row["value"]]


def _markers(session: Session, criteria: str) -> Any:
    return session.query(
        f"select parent_id, value from Metadata where key is {quote(remark.COPIED_KEY)} and {criteria}"
    ).all()


def _follow(key: str, sources: Mapping[str, Optional[str]]) -> str:
    seen = [key]
    while True:
        source = sources.get(key)
        if not source:
            return key
        if source in seen:
            # Somebody edited the metadata into a circle. All that lead into it come out at one place.
            return min(seen[seen.index(source) :])
        seen.append(source)
        key = source


def _digest(note: Entity) -> str:
    return hashlib.sha256((note["content"] or "").encode("utf-8", "surrogatepass")).hexdigest()[:16]
