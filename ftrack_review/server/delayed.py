"""Delayed jobs that a review needs: the feedback of a review session as a file, made in the background.

``delayed_job`` answers with the Job at once. The worker of ``jobs`` makes the file and puts it into the server's own
location, attached to the Job. The formatted report is made by clients; this is the table for spreadsheets.

Called by ``dispatch`` for the action, and by ``jobs``.
"""

from __future__ import annotations

import csv
import json
import uuid
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ftrack_review.protocol import grammar
from ftrack_review.server.errors import describe, not_found, validation_error

__all__ = ["FEEDBACK", "KINDS", "handle_delayed_job", "make", "queue"]

#: The job that writes what was said and decided in a review session. Its data names the ``review_session_id``.
FEEDBACK = "EXPORT_REVIEW_SESSION_FEEDBACK"

#: The jobs that can be asked for.
KINDS = (FEEDBACK,)

_HEADINGS = ("object", "version", "kind", "person", "time", "frame", "text", "done")

# Spreadsheets take a text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def handle_delayed_job(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Write the Job that an action asks for, and start it after the commit."""
    asked = action.get("job_type")
    kind = str(asked).strip().upper().replace(" ", "_").replace("-", "_") if isinstance(asked, str) else None
    if kind not in KINDS:
        raise validation_error(
            f"There is no delayed job {describe(asked)} here. Choose from: {', '.join(KINDS)}", "job_type"
        )
    given = action.get("data")
    session_id = given.get("review_session_id") if isinstance(given, Mapping) else None
    if not isinstance(session_id, str) or not session_id:
        raise validation_error(f"{kind} needs a review_session_id in data, not {describe(given)}", "data")
    session = context.rows.get(context.catalogue.types["ReviewSession"], (session_id,))
    if session is None:
        raise not_found(f"There is no ReviewSession {describe(session_id)}.")
    data = {
        "job_type": kind,
        "review_session_id": session_id,
        "output": [{"format": "text/csv", "component_id": str(uuid.uuid4())}],
        "description": f"Feedback of {session.get('name')}",
        "progress": 0,
    }
    created = {"__type__": "datetime", "value": context.now}
    return {"action": "delayed_job", "data": {**queue(context, data), "created_at": created}}


def queue(context: Any, data: Mapping[str, Any]) -> Dict[str, Any]:
    """Write a Job with *data* in the transaction of *context*, to be done when it was committed. Return its values."""
    values = {
        "__entity_type__": "Job",
        "id": str(uuid.uuid4()),
        "type": "api_job",
        "status": "queued",
        "user_id": context.caller.user_id,
        "data": json.dumps(data),
    }
    context.execute({"action": "create", "entity_type": "Job", "entity_data": values})
    context.after_commit.append(lambda: context.server.jobs.submit(values["id"]))
    return values


def make(server: Any, data: Mapping[str, Any], target: str) -> Tuple[str, str, str]:
    """Write what the job with *data* is for to the file *target*. Return its name, file type and format.

    Raise NotFoundError where the review session is gone.
    """
    rows = list(_rows(server, data["review_session_id"]))
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    with open(target, "w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADINGS)
        writer.writerows([_harmless(value) for value in row] for row in rows)
    return "feedback", ".csv", "text/csv"


def _rows(server: Any, session_id: str) -> Iterator[List[Any]]:
    """Yield the rows of the table: for each object its votes, and its notes with their replies."""
    for found in _query(
        server, "ReviewSessionObject", _OBJECT, f"review_session_id is {grammar.quote(session_id)}"
    ):
        about = [found.get("name"), found.get("version")]
        for vote in sorted(found["statuses"], key=_time_of):
            person = (vote.get("invitee") or {}).get("name")
            yield [*about, "vote", person, _time_of(vote), None, vote.get("status"), None]
        where = f"parent_id is {grammar.quote(found['id'])}"
        notes = _query(server, "Note", _NOTE, where)
        replies: Dict[Optional[str], List[Dict[str, Any]]] = {}
        for note in sorted(notes, key=_time_of):
            replies.setdefault(note.get("in_reply_to_id"), []).append(note)
        for note in replies.get(None, []):
            yield _note(about, "note", note)
            for reply in replies.get(note["id"], []):
                yield _note(about, "reply", reply)


_OBJECT = ("name", "version", "sort_order", "statuses.status", "statuses.created_at", "statuses.invitee.name")
_NOTE = (
    "content",
    "date",
    "in_reply_to_id",
    "author.first_name",
    "author.last_name",
    "frame_number",
    "completed_at",
)


def _query(server: Any, entity_type: str, names: Tuple[str, ...], where: str) -> List[Dict[str, Any]]:
    # Servers made after an older schema lack some.
    attributes = server.catalogue.types[entity_type].schema.attributes
    known = [name for name in names if name.split(".")[0] in attributes]
    order = " order by sort_order" if "sort_order" in known else ""
    expression = f"select {', '.join(known)} from {entity_type} where {where}{order}"
    (answer,) = server.perform({"action": "query", "expression": expression})
    return list(answer["data"])


def _note(about: List[Any], kind: str, note: Mapping[str, Any]) -> List[Any]:
    author = note.get("author") or {}
    person = " ".join(part for part in (author.get("first_name"), author.get("last_name")) if part)
    done = "yes" if note.get("completed_at") else None
    return [*about, kind, person or None, _time_of(note), note.get("frame_number"), note.get("content"), done]


def _time_of(row: Mapping[str, Any]) -> str:
    time = row.get("created_at") or row.get("date") or {}
    return str(time.get("value", ""))


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
