"""What an object of a review was before the next version took its place: a convention of ours.

ftrack's schema knows the present version of a ReviewSessionObject alone. Its former versions, each with the votes
that were about it, are kept as JSON text in the metadata of the ReviewSession (of the Project, where reviews have
none) under :func:`key`: a list, oldest first.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

__all__ = ["PREFIX", "decode", "encode", "key"]

#: What all keys begin with.
PREFIX = "ftrack_review.history."

_TEXTS = ("version_id", "label", "name", "replaced_at")
_VOTE_TEXTS = ("invitee_id", "name", "email", "role", "status", "created_at")


def key(object_id: str) -> str:
    """Return the key under which the former versions of an object are kept."""
    return f"{PREFIX}{object_id}"


def decode(text: Optional[str]) -> List[Dict[str, Any]]:
    """Return the former versions, oldest first. What is no such thing is left out, as anyone may edit it.

    Each has ``version_id``, ``label``, ``name``, ``replaced_at`` (ISO 8601, UTC) and ``votes``, whose members have
    ``invitee_id``, ``name``, ``email``, ``role``, ``status`` and ``created_at``.
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


def _read(entry: Dict[str, Any]) -> Dict[str, Any]:
    votes = entry.get("votes")
    texts: Dict[str, Any] = {name: str(entry.get(name) or "") for name in _TEXTS}
    texts["votes"] = [
        {name: str(vote.get(name) or "") for name in _VOTE_TEXTS}
        for vote in (votes if isinstance(votes, list) else ())
        if isinstance(vote, dict)
    ]
    return texts
