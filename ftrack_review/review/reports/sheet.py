"""A report as a table for spreadsheets: a row for each vote, comment and invitation."""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, Iterator, Mapping

from ftrack_review.review.reports.content import threads
from ftrack_review.review.reports.legible import legible

__all__ = ["COLUMNS", "render"]

#: The columns, from left to right.
COLUMNS = (
    "kind",
    "object",
    "version",
    "status",
    "person",
    "email",
    "role",
    "vote",
    "frame",
    "timecode",
    "text",
    "done",
    "open",
    "labels",
    "when",
)

# What makes a spreadsheet take a text for a formula. The apostrophe tells it not to.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(content: Mapping[str, Any], digest: str) -> bytes:
    """Return the report as CSV, not sealed yet: UTF-8 with a mark, as spreadsheets expect it."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(content, digest):
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return b"\xef\xbb\xbf" + stream.getvalue().encode("utf-8", "replace")


def _rows(content: Mapping[str, Any], digest: str) -> Iterator[Dict[str, Any]]:
    session = content["session"]
    yield {
        "kind": "review",
        "object": session["name"],
        "status": "open" if session["is_open"] else "closed",
        "person": content["made_by"],
        "text": f"digest {digest}",
        "when": content["made_at"],
    }
    for item in content["objects"]:
        about = {"object": item["name"], "version": item["version"], "status": item["status"] or ""}
        yield {"kind": "object", **about, "text": item["description"], "when": item["decided_at"]}
        for kind, votes in (("vote", item["votes"]), ("former vote", item["history"])):
            for vote in votes:
                yield {**about, **_vote(kind, vote)}
        for former in item["former"]:
            for vote in former["votes"]:
                yield {**about, **_vote("former vote", vote), "version": former["label"]}
        for comment in item["comments"]:
            for said in threads([comment]):
                yield {
                    **about,
                    "kind": "comment" if said is comment else "reply",
                    "version": said["version"],
                    "person": said["author"],
                    "email": said["author_email"],
                    "frame": said["frame_number"],
                    "timecode": said["timecode"],
                    "text": said["text"],
                    "done": "yes" if said["completed"] else "",
                    "open": "yes" if said["open"] else "",
                    "labels": ", ".join(said["labels"]),
                    "when": said["created_at"],
                }
    for person in content["invitees"]:
        yield {
            "kind": "invited",
            "person": person["name"],
            "email": person["email"],
            "role": person["role"],
            "when": person["last_sent_at"],
        }


def _vote(kind: str, vote: Mapping[str, Any]) -> Dict[str, Any]:
    return {
        "kind": kind,
        "person": vote["name"],
        "email": vote["email"],
        "role": vote["role"],
        "vote": vote["status"],
        "when": vote["created_at"],
    }


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return "" if value is None else value
    text = legible(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
