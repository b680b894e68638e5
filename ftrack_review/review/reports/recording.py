"""Keep on the server which reports were made, and find them again: the digests of contents and of whole files.

They are in the metadata of the review session. Who may write that may also write a digest there, so a record is
as good as the rights on the server are.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, NamedTuple, Optional, Tuple

from ftrack_review.protocol.grammar import quote
from ftrack_review.review import keeping

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.reports import Report
    from ftrack_review.session import Session

__all__ = ["RECORD_KEY", "Entry", "find", "record", "recorded"]

#: Under this key the metadata of a review session has the digests of reports that were recorded.
RECORD_KEY = "ftrack_review.reports"

#: Of the reports of one review session the newest stay on record.
MOST_RECORDED = 50


class Entry(NamedTuple):
    """A report that was recorded: when and for whom it says it was made, and the SHA-256 of its files, by format."""

    made_at: str
    made_by: str
    files: Mapping[str, Tuple[str, ...]]


def record(review_session: Entity, made: Report, files: Optional[Mapping[str, bytes]] = None) -> None:
    """Keep the digest of the report *made* in the metadata of *review_session*, and commit.

    *files* are what it was written as, by format (what :meth:`~ftrack_review.review.reports.Report.render` returned):
    their digests are kept as well, so that each can be told from any other file later.

    Example::

        made = review_session.report()
        data = made.render("pdf")
        recording.record(review_session, made, {"pdf": data})

    .. versionadded:: 3.1.0
    """
    known = recorded(review_session)
    former = known.get(made.digest)
    kept = dict(former.files) if former else {}
    for written_as, data in (files or {}).items():
        digest = hashlib.sha256(data).hexdigest()
        kept[written_as] = tuple(dict.fromkeys((*kept.get(written_as, ()), digest)))
    known[made.digest] = Entry(str(made.content["made_at"]), str(made.content["made_by"]), kept)
    newest = sorted(known.items(), key=lambda item: item[1].made_at)[-MOST_RECORDED:]
    text = json.dumps({digest: entry._asdict() for digest, entry in newest})
    keeping.write(review_session, _key_of(review_session), text)
    review_session.session.commit()


def recorded(review_session: Entity) -> Dict[str, Entry]:
    """Return the reports that were recorded by the digests of their contents, oldest first."""
    return _decode(keeping.read(review_session).get(_key_of(review_session)))


def find(session: Session, digest: str) -> Iterator[Tuple[Entity, Entry]]:
    """Yield the review sessions that have a record of *digest*, and the record, without knowing which they are."""
    if len(digest) != 64 or not digest.isalnum():
        return
    rows = session.query(
        f'select key, value, parent_id from Metadata where key like "{RECORD_KEY}%" and value like "%{digest}%"'
    ).all()
    for row in rows:
        # On older servers the project has it, under a key that tells the review session.
        key = row["key"][len(RECORD_KEY) + 1 :] or row["parent_id"]
        entry = _decode(row["value"]).get(digest)
        found = session.query(f"select name, project_id from ReviewSession where id is {quote(key)}").first()
        if entry is not None and found is not None:
            yield found, entry


def _key_of(review_session: Entity) -> str:
    return RECORD_KEY if keeping.has_metadata(review_session) else f"{RECORD_KEY}.{review_session['id']}"


def _decode(text: Optional[str]) -> Dict[str, Entry]:
    try:
        found: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}  # As anyone may write metadata.
    if not isinstance(found, dict):
        return {}
    return {
        str(digest): Entry(str(entry.get("made_at")), str(entry.get("made_by")), _files(entry.get("files")))
        for digest, entry in found.items()
        if isinstance(entry, dict)
    }


def _files(found: Any) -> Dict[str, Tuple[str, ...]]:
    if not isinstance(found, dict):
        return {}
    return {
        str(written_as): tuple(map(str, digests))
        for written_as, digests in found.items()
        if isinstance(digests, (list, tuple))
    }
