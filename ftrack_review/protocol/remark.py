"""What the notes and media of a review say about themselves in their metadata: conventions that both sides read.

ftrack's schema has no place for the guest who wrote a note (before 2021), for the drawing that goes with it, or for
its release in a moderated review. Each is one key in the note's metadata. ``inviteeId`` and ``reviewFrame``
are those of ftrack's own client reviews (ftrack-connect-spark, ``source/saga/note.js``); the others are ours.
"""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

__all__ = [
    "ANNOTATION_KEY",
    "COPIED_KEY",
    "COPIED_TEXT_KEY",
    "DRAWING_KEY",
    "FIRST_FRAME_KEY",
    "FRAME_KEY",
    "HAS_AUDIO_KEY",
    "INVITEE_KEY",
    "LONGEST_COMMENT",
    "RELEASED_KEY",
    "decode_frame",
    "encode_frame",
    "is_held",
]

#: With this key, an integer in the metadata of a version says which number its first frame is shown with.
FIRST_FRAME_KEY = "ftrack_review.first_frame"

#: With this key, "true" or "false" in the metadata of an encoded component says whether it has sound.
HAS_AUDIO_KEY = "ftrack_review.has_audio"

#: The longest comment that the pages of a review take, in characters.
LONGEST_COMMENT = 20_000

#: Who of the invited wrote the note: the id of the ReviewSessionInvitee.
INVITEE_KEY = "inviteeId"

#: Which frame it is about, as JSON: ``{"number": 12}``, counted from 0, for servers without Note.frame_number.
FRAME_KEY = "reviewFrame"

#: The drawing that goes with it: the id of the ReviewSessionObjectAnnotation.
ANNOTATION_KEY = "ftrack_review.annotation"

#: The drawing itself, JSON text, where the note is not on an object of a review and has no such row.
DRAWING_KEY = "ftrack_review.drawing"

#: Which note a copy ultimately came from: its id. (At first it was that of the note it was made from, perhaps a copy.)
COPIED_KEY = "ftrack_review.copied_from"

#: What a copy said when it was made: the beginning of the SHA-256 of its text, to tell whether it was changed since.
COPIED_TEXT_KEY = "ftrack_review.copied_text"

#: When it was released to the other guests of a moderated review, as ISO 8601 in UTC.
RELEASED_KEY = "ftrack_review.released"


def is_held(metadata: Mapping[str, str], *, is_moderated: Any) -> bool:
    """Return whether a note waits for its release: a guest's note in a moderated review, not released yet."""
    return bool(is_moderated) and bool(metadata.get(INVITEE_KEY)) and not metadata.get(RELEASED_KEY)


def encode_frame(number: int) -> str:
    """Return the text to keep under :data:`FRAME_KEY`."""
    return json.dumps({"number": number})


def decode_frame(text: Optional[str]) -> Optional[int]:
    """Return the number in a note's frame metadata, None where other tools wrote something else."""
    try:
        return int(json.loads(text)["number"]) if text else None
    except (ValueError, TypeError, KeyError):
        return None
