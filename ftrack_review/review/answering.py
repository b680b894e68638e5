"""A file of answers, as the page of a review that travelled saves it, read and checked without the server.

It comes from outside, so nothing in it is taken on trust. :mod:`~ftrack_review.review.merging` writes what it says.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any, Dict, List, Mapping, Optional

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import drawing as drawings
from ftrack_review.protocol import remark
from ftrack_review.protocol import role as roles

__all__ = ["ANSWERS_FORMAT", "ANSWERS_VERSIONS", "Answers"]

ANSWERS_FORMAT = "ftrack-review-answers"

#: The second one has ``edits``, changes to what the person had said before the review travelled, and votes whose status
#: is null, which were withdrawn.
ANSWERS_VERSIONS = (1, 2)
_WITHDRAWALS_SINCE = 2

#: The largest file of answers, in bytes.
LARGEST_FILE_BYTES = 200 * 1024 * 1024

#: The last frame that there is room for.
LAST_FRAME = 2**31 - 1

_PICTURES = {"data:image/png;base64,": b"\x89PNG", "data:image/jpeg;base64,": b"\xff\xd8"}


class Answers:
    """What a file of answers says: whose they are, and the votes, comments and changes in it."""

    def __init__(self, path: str) -> None:
        self.path = path
        content = self._load()
        self._version: int = content["version"]
        person = content.get("person")
        if not isinstance(person, dict):
            raise self._damaged("it does not say whose they are")
        self.session_id = self._text(content, "session_id")
        self.person_id = person["id"] if isinstance(person.get("id"), str) else None
        self.name = self._text(person, "name")
        email = person.get("email")
        self.email = email.strip() if isinstance(email, str) else ""
        self.votes = [self._vote(entry) for entry in self._list(content, "votes")]
        self.notes = [self._note(entry) for entry in self._list(content, "notes")]
        self.edits = [self._edit(entry) for entry in self._list(content, "edits")]
        if len({entry["id"] for entry in self.notes}) < len(self.notes):
            raise self._damaged("two comments have one id")

    def _load(self) -> Dict[str, Any]:
        try:
            if os.path.getsize(self.path) > LARGEST_FILE_BYTES:
                raise self._damaged("it is larger than answers are")
            with open(self.path, encoding="utf-8") as stream:
                content = json.load(stream)
            is_clean = _is_clean(content)
        except OSError as error:
            raise ReviewError(f"The answers {self.path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise self._damaged("it is no JSON") from error
        if not is_clean:
            raise self._damaged("it holds characters that are none")
        if not isinstance(content, dict) or content.get("format") != ANSWERS_FORMAT:
            raise self._damaged("it does not say that it holds answers to a review")
        version = content.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version < ANSWERS_VERSIONS[0]:
            raise self._damaged(f"its version is {version!r}")
        if version not in ANSWERS_VERSIONS:
            raise ReviewError(
                f"{self.path} was written by a later version of the page. Update ftrack-review."
            )
        return content

    def _vote(self, entry: Any) -> Dict[str, Any]:
        found = self._entry(entry)
        status = entry.get("status")
        is_withdrawn = status is None and "status" in entry and self._version >= _WITHDRAWALS_SINCE
        if not is_withdrawn and status not in roles.STATUSES:
            raise self._damaged(f"a vote is {status!r}" if "status" in entry else "a vote has no status")
        return {**found, "status": status}

    def _note(self, entry: Any) -> Dict[str, Any]:
        found = self._entry(entry)
        content, frame, reply_to = entry.get("content") or "", entry.get("frame"), entry.get("reply_to")
        if not isinstance(content, str) or len(content) > remark.LONGEST_COMMENT:
            raise self._damaged(f"a comment is no text of at most {remark.LONGEST_COMMENT} characters")
        is_index = isinstance(frame, int) and not isinstance(frame, bool) and 0 <= frame <= LAST_FRAME
        if frame is not None and not is_index:
            raise self._damaged(f"a frame is {frame!r}")
        drawing = self._drawing(entry.get("drawing"))
        if not content.strip() and drawing is None:
            raise self._damaged("a comment is empty")
        return {
            **found,
            "id": self._text(entry, "id"),
            "content": content,
            "frame": frame,
            "reply_to": reply_to if isinstance(reply_to, str) else None,
            "drawing": drawing,
            "picture": self._picture(entry.get("picture")),
        }

    def _edit(self, entry: Any) -> Dict[str, Any]:
        found = self._entry(entry)
        content, was = entry.get("content"), entry.get("was")
        if content is not None and (not isinstance(content, str) or len(content) > remark.LONGEST_COMMENT):
            raise self._damaged(f"a comment is no text of at most {remark.LONGEST_COMMENT} characters")
        if content is not None and not content.strip():
            raise self._damaged("a comment is empty")
        if not isinstance(was, list):
            raise self._damaged("it does not say what a comment was")
        return {**found, "id": self._text(entry, "id"), "content": content, "was": was}

    def _entry(self, entry: Any) -> Dict[str, Any]:
        if not isinstance(entry, dict):
            raise self._damaged("an answer is none")
        import arrow

        time, now = self._time(self._text(entry, "created_at")), arrow.utcnow()
        # The clock of a laptop may be ahead of ours.
        return {
            "object_id": self._text(entry, "object_id"),
            "created_at": min(time, now),
            "is_ahead": time > now,
        }

    def _drawing(self, drawing: Any) -> Optional[str]:
        if not drawing:
            return None
        try:
            text = drawings.encode(drawing)
        except ValueError as error:
            raise self._damaged(f"a drawing is none ({error})") from error
        return text if drawing["shapes"] else None

    def _picture(self, picture: Any) -> Optional[bytes]:
        if not picture:
            return None
        for start, magic in _PICTURES.items():
            if isinstance(picture, str) and picture.startswith(start):
                try:
                    content = base64.b64decode(picture[len(start) :], validate=True)
                except binascii.Error as error:
                    raise self._damaged("a picture is none") from error
                if content.startswith(magic):
                    return content
        raise self._damaged("a picture is none")

    def _time(self, text: str) -> Any:
        import arrow

        try:
            return arrow.get(text).to("utc")
        except (ValueError, OverflowError, arrow.parser.ParserError) as error:
            raise self._damaged(f"a time is {text!r}") from error

    def _text(self, content: Mapping[str, Any], name: str) -> str:
        value = content.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > 1000:
            raise self._damaged(f"{name} is missing")
        return value

    def _list(self, content: Mapping[str, Any], name: str) -> List[Any]:
        value = content.get(name, [])
        if not isinstance(value, list):
            raise self._damaged(f"{name} is no list")
        return value

    def _damaged(self, why: str) -> ReviewError:
        return ReviewError(
            f"{self.path} is no file of answers, or a damaged one: {why}. Ask for it again: the page keeps the answers "
            "until they are saved."
        )


def _is_clean(value: Any) -> bool:
    """Return whether all texts in *value* can be kept: a zero or half a character cannot."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_is_clean(part) for pair in value.items() for part in pair)
    return all(map(_is_clean, value)) if isinstance(value, list) else True
