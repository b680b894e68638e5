"""A summary of a review for people to read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterator, Optional

from ftrack_review.review import responding as reading

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["STATUS_WORDS", "summarise"]

#: How the votes are called when spoken to people.
STATUS_WORDS = {
    "approved": "approved",
    "require_changes": "changes required",
    "seen": "seen",
    None: "no vote",
}


def summarise(review_session: Entity) -> str:
    """Return the state of *review_session* as text: every object, who voted what and when, every comment.

    .. versionadded:: 0.1
    """
    return "\n".join(_lines(reading.feedback(review_session)))


def _lines(feedback: reading.Feedback) -> Iterator[str]:
    counts = Counter(item.status for item in feedback.objects)
    state = ", ".join(f"{counts[status]} {STATUS_WORDS[status]}" for status in STATUS_WORDS if counts[status])
    yield f"{feedback.name}: {'open' if feedback.is_open else 'closed'}"
    total = len(feedback.objects)
    yield f"{total} {'object' if total == 1 else 'objects'}{': ' + state if state else ''}"
    for item in feedback.objects:
        label = f" ({item.version})" if item.version else ""
        yield ""
        yield f"{item.name}{label}: {STATUS_WORDS.get(item.status, item.status)}"
        for vote in item.votes:
            word = STATUS_WORDS.get(vote.status, vote.status)
            yield f"  {vote.name} ({vote.role}): {word}, {_time(vote.created_at)}"
        for comment in item.comments:
            yield from _comment_lines(comment, "  ")
        if item.annotations:
            frames = ", ".join(str(frame) for frame in sorted({note.frame for note in item.annotations}))
            yield f"  drawn on: {frames}"
    if feedback.invitees:
        yield ""
        yield "invited:"
        for invitee in feedback.invitees:
            sent = f"mailed {_time(invitee.last_sent_at)}" if invitee.last_sent_at else "not mailed yet"
            votes = f"{invitee.votes} {'vote' if invitee.votes == 1 else 'votes'}"
            yield f"  {invitee.name} <{invitee.email}>, {invitee.role}: {sent}, {votes}"


def _comment_lines(comment: reading.Comment, indent: str) -> Iterator[str]:
    where = f" at frame {comment.frame}" if comment.frame is not None else ""
    done = " (done)" if comment.completed else ""
    text = " ".join(comment.text.split())
    yield f"{indent}{comment.author or 'someone'}{where}, {_time(comment.created_at)}{done}: {text}"
    for reply in comment.replies:
        yield from _comment_lines(reply, indent + "  ")


def _time(time: Optional[object]) -> str:
    return f"{time:YYYY-MM-DD HH:mm} UTC" if time is not None else "at an unknown time"
