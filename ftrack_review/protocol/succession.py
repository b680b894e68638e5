"""What an object of a review was before the next version took its place: a convention of ours.

ftrack's schema knows the present version of a ReviewSessionObject alone. Its former versions, each with the votes
that were about it, are kept as JSON text in the metadata of the ReviewSession (of the Project, where reviews have
none) under :func:`key`: a list, oldest first. Which of them a note is about follows from when it was written;
as times are whole seconds and clocks differ, the list also has the ids of notes that were there and seem later.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence

__all__ = ["PREFIX", "decode", "encode", "entry_at", "key"]

#: What all keys begin with.
PREFIX = "ftrack_review.history."

_TEXTS = ("version_id", "label", "name", "replaced_at")
_VOTE_TEXTS = ("invitee_id", "name", "email", "role", "status", "created_at")


def key(object_id: str) -> str:
    """Return the key under which the former versions of an object are kept."""
    return f"{PREFIX}{object_id}"


def decode(text: Optional[str]) -> List[Dict[str, Any]]:
    """Return the former versions, oldest first. What is no such thing is left out, as anyone may edit it.

    Each has ``version_id``, ``label``, ``name``, ``replaced_at`` (ISO 8601, UTC), ``votes``, whose members have
    ``invitee_id``, ``name``, ``email``, ``role``, ``status`` and ``created_at``, and ``notes``, the ids of notes that
    were there when it was replaced although their dates do not say so.
    """
    try:
        content = json.loads(text) if text else []
    except ValueError:
        return []
    entries = content if isinstance(content, list) else []
    return [_read(entry) for entry in entries if isinstance(entry, dict) and entry.get("version_id")]


def encode(entries: Sequence[Dict[str, Any]]) -> str:
    """Return the text to keep for former versions, oldest first."""
    return json.dumps([_read(entry) for entry in entries], sort_keys=True)


def entry_at(
    entries: Sequence[Mapping[str, Any]], note_id: str, written: Optional[str]
) -> Optional[Mapping[str, Any]]:
    """Return the former version, of *entries*, oldest first, that a note is about, None where it is the present one.

    *written* is the note's date as ISO 8601 text in UTC, of which whole seconds count.
    """
    for entry in entries:
        if note_id in entry["notes"] or (written and written[:19] < entry["replaced_at"][:19]):
            return entry
    return None


def _read(entry: Dict[str, Any]) -> Dict[str, Any]:
    votes, notes = entry.get("votes"), entry.get("notes")
    texts: Dict[str, Any] = {name: str(entry.get(name) or "") for name in _TEXTS}
    texts["votes"] = [
        {name: str(vote.get(name) or "") for name in _VOTE_TEXTS}
        for vote in (votes if isinstance(votes, list) else ())
        if isinstance(vote, dict)
    ]
    texts["notes"] = [str(note) for note in (notes if isinstance(notes, list) else ())]
    return texts
