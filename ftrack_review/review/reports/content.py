"""What a report says: plain values, put together from what was said in a review.

Everything in the content is text, whole numbers, true and false, lists and mappings, so that it has one canonical
form. Pictures are named by their SHA-256 and kept beside it.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from ftrack_review.protocol import role as roles
from ftrack_review.review import showing
from ftrack_review.review.opinion import plain_time, word_for

if TYPE_CHECKING:
    from ftrack_review.review.opinion import Comment, Feedback, ObjectFeedback
    from ftrack_review.review.showing import Footage, Shown

__all__ = [
    "FORMAT",
    "VERSION",
    "Pictures",
    "build",
    "contradictions",
    "picture_names",
    "threads",
    "without_addresses",
]

FORMAT = "ftrack-review-report"
#: The second one says of comments whether they are open.
VERSION = 2

#: Returns the frame of a comment with its drawing, as a picture, None where there is none.
DrawnFrame = Callable[["Comment", "Shown"], Optional[bytes]]


class Pictures(Dict[str, bytes]):
    """Pictures by the SHA-256 of their bytes."""

    def keep(self, picture: Optional[bytes]) -> Optional[str]:
        """Keep a picture and return its name, None for none."""
        if not picture:
            return None
        name = hashlib.sha256(picture).hexdigest()
        self[name] = picture
        return name


def build(
    feedback: Feedback,
    footage: Footage,
    pictures: Pictures,
    *,
    made_at: Any,
    made_by: str,
    server: str,
    thumbnail: Callable[[str], Optional[bytes]],
    drawn_frame: DrawnFrame,
    include_held: bool,
) -> Dict[str, Any]:
    """Return the content of a report, and keep its pictures in *pictures*."""
    objects = [
        _object(item, footage.of(item.version_id), pictures, thumbnail, drawn_frame, include_held)
        for item in feedback.objects
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": plain_time(made_at),
        "made_by": made_by,
        "server": server,
        "session": {
            "id": feedback.id,
            "name": feedback.name,
            "description": feedback.description,
            "project": feedback.project,
            "owner": feedback.owner,
            "created_at": plain_time(feedback.created_at),
            "start_date": plain_time(feedback.start_date),
            "end_date": plain_time(feedback.end_date),
            "is_open": feedback.is_open,
            "is_moderated": feedback.is_moderated,
        },
        "state": _state(objects),
        "objects": objects,
        "open_points": list(_open_points(objects)),
        "invitees": _invitees(feedback, objects),
        "activity": _activity(objects),
    }


def _object(
    item: ObjectFeedback,
    shown: Shown,
    pictures: Pictures,
    thumbnail: Callable[[str], Optional[bytes]],
    drawn_frame: DrawnFrame,
    include_held: bool,
) -> Dict[str, Any]:
    votes = [vote.to_dict() for vote in item.votes]
    deciding = _deciding(item)
    open_ids = {comment.id for comment in item.open_comments}
    return {
        "id": item.id,
        "name": item.name,
        "version": item.version,
        "version_id": item.version_id,
        "description": item.description,
        "status": item.status,
        "decided_by": deciding["name"] if deciding else None,
        "decided_at": deciding["created_at"] if deciding else None,
        "votes": votes,
        "history": [vote.to_dict() for vote in item.history],
        "former": [former.to_dict() for former in item.former],
        "thumbnail": pictures.keep(thumbnail(shown.thumbnail_id) if shown.thumbnail_id else None),
        "media": {
            "kind": shown.seen.kind,
            "state": shown.seen.state,
            "message": shown.seen.message,
            "fps": shown.rate,
            "frames": shown.seen.frames,
            "first_frame": shown.first_frame,
            "width": shown.seen.width,
            "height": shown.seen.height,
        },
        "comments": [
            {**_comment(comment, shown, pictures, drawn_frame, include_held), "open": comment.id in open_ids}
            for comment in item.comments
            if comment.released or include_held
        ],
    }


def _deciding(item: ObjectFeedback) -> Any:
    """Return the vote that settled the status: the newest with it, an approver's before others."""
    return _settling([vote.to_dict() for vote in item.votes], item.status)


def _settling(votes: List[Dict[str, Any]], status: Optional[str]) -> Optional[Dict[str, Any]]:
    same = [vote for vote in votes if vote["status"] == status and vote["role"] != roles.OBSERVER]
    return max(
        same, key=lambda vote: (vote["role"] == roles.APPROVER, vote["created_at"] or ""), default=None
    )


def _comment(
    comment: Comment, shown: Shown, pictures: Pictures, drawn_frame: DrawnFrame, include_held: bool
) -> Dict[str, Any]:
    frame = comment.frame
    return {
        "id": comment.id,
        "author": comment.author,
        "author_email": comment.author_email,
        "invitee_id": comment.invitee_id,
        "text": comment.text,
        "created_at": plain_time(comment.created_at),
        "completed": comment.completed,
        "todo": comment.is_todo,
        # Only what begins a thread is a point of its own.
        "open": False,
        "released": comment.released,
        "version": comment.version,
        "frame": frame,
        # A still has no other frame to tell it from.
        "frame_number": None if shown.seen.kind == "image" else shown.number_of(frame),
        "timecode": showing.timecode(frame, shown.fps) if frame is not None and shown.fps else None,
        "labels": list(comment.labels),
        "attachments": [
            f"{file.name}{file.file_type}" for file in comment.attachments if not file.is_drawing
        ],
        "has_drawing": comment.drawing is not None or comment.picture is not None,
        "picture": pictures.keep(drawn_frame(comment, shown)),
        "replies": [
            _comment(reply, shown, pictures, drawn_frame, include_held)
            for reply in comment.replies
            if reply.released or include_held
        ],
    }


def _state(objects: List[Dict[str, Any]]) -> Dict[str, int]:
    counts = Counter(item["status"] or "none" for item in objects)
    return {
        "objects": len(objects),
        "approved": counts["approved"],
        "require_changes": counts["require_changes"],
        "seen": counts["seen"],
        "none": counts["none"],
        "votes": sum(len(item["votes"]) for item in objects),
        "comments": sum(1 for item in objects for _ in threads(item["comments"])),
        "open_points": sum(1 for _ in _open_points(objects)),
    }


def _open_points(objects: List[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    for item in objects:
        for comment in item["comments"]:
            if comment["open"]:
                yield {
                    "object_id": item["id"],
                    "object": item["name"],
                    "comment_id": comment["id"],
                    "author": comment["author"],
                    "frame_number": comment["frame_number"],
                    "text": comment["text"],
                }


def without_addresses(content: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the content with neither the addresses of people nor that of the server, to be handed on."""
    bare: Dict[str, Any] = copy.deepcopy(dict(content))
    bare["server"] = ""
    for item in bare["objects"]:
        votes = [*item["votes"], *item["history"]]
        for vote in (*votes, *(vote for former in item["former"] for vote in former["votes"])):
            vote["email"] = ""
        for comment in threads(item["comments"]):
            comment["author_email"] = ""
    for invitee in bare["invitees"]:
        invitee["email"] = ""
    return bare


def contradictions(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the content says that does not follow from the votes and comments in it."""
    objects: List[Any] = list(content["objects"])
    for item in objects:
        votes = item["votes"]
        status = roles.overall_status([(vote["role"], vote["status"], vote["created_at"]) for vote in votes])
        deciding = _settling(votes, status) or {"name": None, "created_at": None}
        if item["status"] != status:
            yield f"{item['name']} is said to be {word_for(item['status'])}, and the votes come to {word_for(status)}."
        elif (item["decided_by"], item["decided_at"]) != (deciding["name"], deciding["created_at"]):
            yield f"{item['name']} was not decided by {item['decided_by']}."
        if content["version"] >= VERSION:
            yield from _wrongly_open(item, status)
    if content["version"] < VERSION:
        return
    if content["state"] != _state(objects):
        yield "the numbers are not those of its votes and comments."
    if content["open_points"] != list(_open_points(objects)):
        yield "the open points are not those of its comments."
    if content["activity"] != _activity(objects):
        yield "the activity is not that of its votes and comments."
    for person in content["invitees"]:
        given = sum(vote["invitee_id"] == person["id"] for item in objects for vote in item["votes"])
        if person["votes"] != given:
            yield f"{person['name']} is said to have given {person['votes']} votes, and gave {given}."
        written = _written(objects)[(person["email"] or "").lower()]
        # Without addresses nobody can tell who wrote what.
        if person["email"] and person["comments"] != written:
            yield f"{person['name']} is said to have written {person['comments']} comments, and wrote {written}."


def _wrongly_open(item: Mapping[str, Any], status: Optional[str]) -> Iterator[str]:
    votes = [vote for vote in item["votes"] if vote["status"] == roles.APPROVED]
    # Whose vote approves the object does not ask for more.
    content = {vote["invitee_id"] for vote in votes if vote["invitee_id"]}
    for comment in item["comments"]:
        asks = comment["todo"] or (status != roles.APPROVED and comment["invitee_id"] not in content)
        if comment["open"] != (bool(asks) and not comment["completed"]):
            word = "not open" if comment["open"] else "open"
            yield f"what {comment['author']} said about {item['name']} is {word}."


def picture_names(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the pictures that the content has, which are the SHA-256 of their bytes."""
    for item in content["objects"]:
        yield from (name for name in (item["thumbnail"],) if name)
        yield from (comment["picture"] for comment in threads(item["comments"]) if comment["picture"])


def threads(comments: Iterable[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    """Yield comments, each followed by its replies."""
    for comment in comments:
        yield comment
        yield from threads(comment["replies"])


def _invitees(feedback: Feedback, objects: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    written = _written(objects)
    return [
        {
            "id": invitee.id,
            "name": invitee.name,
            "email": invitee.email,
            "role": invitee.role,
            "invited_at": plain_time(invitee.created_at),
            "last_sent_at": plain_time(invitee.last_sent_at),
            "votes": invitee.votes,
            "comments": written[(invitee.email or "").lower()],
        }
        for invitee in feedback.invitees
    ]


def _written(objects: List[Dict[str, Any]]) -> Counter[str]:
    """Return how many comments and replies are by whom, by the address."""
    return Counter(
        comment["author_email"].lower() for item in objects for comment in threads(item["comments"])
    )


def _activity(objects: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return how much was said on each day (UTC) on which anything was."""
    days: Dict[str, Tuple[int, int]] = {}
    for item in objects:
        given = [*item["votes"], *item["history"]]
        for former in item["former"]:
            given.extend(former["votes"])
        for time, votes, comments in (
            *((vote["created_at"], 1, 0) for vote in given),
            *((comment["created_at"], 0, 1) for comment in threads(item["comments"])),
        ):
            if time:
                known = days.get(time[:10], (0, 0))
                days[time[:10]] = (known[0] + votes, known[1] + comments)
    return [
        {"day": day, "votes": votes, "comments": comments} for day, (votes, comments) in sorted(days.items())
    ]
