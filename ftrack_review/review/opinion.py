"""The values that feedback comes in: votes, comments, objects, invited people and the review they belong to.

They hold what was read and ask for nothing. Each prints as one line or a few, ``to_dict()`` makes plain values of
it, ready for JSON, and votes and comments sort by when they were given. :mod:`~ftrack_review.review.gathering` reads
them from the server.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, Optional, Tuple

__all__ = [
    "STATUS_WORDS",
    "Annotation",
    "Attachment",
    "Comment",
    "Feedback",
    "FormerVersion",
    "InviteeState",
    "ObjectFeedback",
    "Vote",
]

#: How the votes are called when spoken to people.
STATUS_WORDS = {
    "approved": "approved",
    "require_changes": "changes required",
    "seen": "seen",
    None: "no vote",
}


_LONGEST_LINE = 120


class _Value:
    """What all values can do."""

    def to_dict(self) -> Dict[str, Any]:
        """Return the value as a dictionary of plain values: times are ISO 8601 texts in UTC, tuples are lists."""
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
        }


class _Dated(_Value):
    """A value that sorts by its ``created_at``; what has no time comes first."""

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, _Dated):
            return NotImplemented
        return _time_key(self) < _time_key(other)


@dataclass(frozen=True)
class Vote(_Dated):
    """What one invitee decided about one object, and when (:class:`arrow.Arrow`, UTC)."""

    invitee_id: Optional[str]
    name: str
    email: str
    role: str
    status: str
    created_at: Any

    def __str__(self) -> str:
        """Return it as people read it."""
        return (
            f"{self.name or 'someone'} ({self.role}): {word_for(self.status)}, {time_text(self.created_at)}"
        )


@dataclass(frozen=True)
class Attachment(_Value):
    """A file that goes with a comment. *is_drawing* tells a frame that was drawn on from other files."""

    component_id: str
    name: str
    file_type: str
    is_drawing: bool


@dataclass(frozen=True)
class Comment(_Dated):
    """A note on an object, with its replies from first to last.

    *frame* is the index of the frame in the media, 0 for the first, and None for the whole object; *frame_number* is
    the number that reviewers see for it, counted from 1 or from what the version begins with. *is_todo* says that it
    was marked as something to do, *completed* that it was done. *drawing* is the drawing on it as JSON text,
    *attachments* are its files. *released* is False while a moderated review holds it back from other guests.
    *version* is the label of the version that it was about.
    """

    id: str
    text: str
    frame: Optional[int]
    author: str
    created_at: Any
    completed: bool
    replies: Tuple[Comment, ...]
    author_email: str = ""
    author_id: Optional[str] = None
    invitee_id: Optional[str] = None
    drawing: Optional[str] = None
    attachments: Tuple[Attachment, ...] = ()
    labels: Tuple[str, ...] = ()
    released: bool = True
    version: str = ""
    first_frame: int = 1
    is_todo: bool = False

    def __str__(self) -> str:
        """Return it as people read it."""
        where = f" at frame {self.frame_number}" if self.frame is not None else ""
        done = " (done)" if self.completed else " (to do)" if self.is_todo else ""
        held = "" if self.released else " (not released)"
        text = " ".join(self.text.split())
        return f"{self.author or 'someone'}{where}, {time_text(self.created_at)}{done}{held}: {text}"

    @property
    def frame_number(self) -> Optional[int]:
        """The number that reviewers see for the frame."""
        return None if self.frame is None else self.first_frame + self.frame

    @property
    def picture(self) -> Optional[Attachment]:
        """The frame with the drawing on it, as a picture, None where there is none."""
        return next((attachment for attachment in self.attachments if attachment.is_drawing), None)

    def lines(self, indent: str = "", shown: Optional[str] = None) -> Iterator[str]:
        """Yield the comment and its replies as text, a line each; *shown* is the version that is up now."""
        about = f"on {self.version}: " if shown is not None and self.version not in ("", shown) else ""
        yield f"{indent}{about}{self}"
        for reply in self.replies:
            yield from reply.lines(indent + "  ")


@dataclass(frozen=True)
class Annotation(_Value):
    """A drawing on a frame. *data* is the drawing as it is stored, JSON text."""

    frame: int
    data: str
    created_at: Any
    id: str = ""


@dataclass(frozen=True)
class FormerVersion(_Value):
    """A version that an object had before, until *replaced_at*, and the votes about it."""

    version_id: str
    label: str
    name: str
    replaced_at: Any
    votes: Tuple[Vote, ...]


@dataclass(frozen=True)
class ObjectFeedback(_Value):
    """Everything said about one object. *status* is what the votes come to, None while nobody has voted.

    *votes* has the present vote of each person, *history* the earlier ones of the same version, oldest first, and
    *former* the versions that were replaced, oldest first, with the votes about them.
    """

    id: str
    name: str
    version: str
    status: Optional[str]
    votes: Tuple[Vote, ...]
    comments: Tuple[Comment, ...]
    annotations: Tuple[Annotation, ...]
    version_id: Optional[str] = None
    description: str = ""
    history: Tuple[Vote, ...] = ()
    former: Tuple[FormerVersion, ...] = ()
    first_frame: int = 1

    def __str__(self) -> str:
        """Return it as people read it."""
        return "\n".join(self.lines())

    @property
    def is_open(self) -> bool:
        """Whether it still needs something: it is not approved, or has an open point."""
        return self.status != "approved" or bool(self.open_comments)

    @property
    def open_comments(self) -> Tuple[Comment, ...]:
        """The open points: comments that still ask for something.

        None of them is done. Each was marked as something to do, or is about an object that is not approved and
        by somebody who has not approved it either.
        """
        content = {vote.invitee_id for vote in self.votes if vote.status == "approved" and vote.invitee_id}

        def asks(comment: Comment) -> bool:
            if comment.completed or comment.is_todo:
                return not comment.completed
            return self.status != "approved" and comment.invitee_id not in content

        return tuple(comment for comment in self.comments if asks(comment))

    def lines(self) -> Iterator[str]:
        """Yield the object with votes and comments as text, a line each."""
        label = f" ({self.version})" if self.version else ""
        yield f"{self.name}{label}: {word_for(self.status)}"
        for vote in self.votes:
            yield f"  {vote}"
        for entry in self.former:
            for vote in entry.votes:
                yield f"  on {entry.label}: {vote}"
        for comment in self.comments:
            yield from comment.lines("  ", self.version)
        if self.annotations:
            frames = sorted({self.first_frame + drawn.frame for drawn in self.annotations})
            yield f"  drawn on: {', '.join(map(str, frames))}"


@dataclass(frozen=True)
class InviteeState(_Value):
    """One invited person, and when the invitation was last sent, None where it never was."""

    id: str
    name: str
    email: str
    role: str
    last_sent_at: Any
    votes: int
    created_at: Any = None

    def __str__(self) -> str:
        """Return it as people read it."""
        sent = f"mailed {time_text(self.last_sent_at)}" if self.last_sent_at else "not mailed yet"
        votes = f"{self.votes} {'vote' if self.votes == 1 else 'votes'}"
        return f"{self.name} <{self.email}>, {self.role}: {sent}, {votes}"


@dataclass(frozen=True)
class Feedback(_Value):
    """The state of a review session: its objects in order, with what was said, and who was invited."""

    id: str
    name: str
    is_open: bool
    objects: Tuple[ObjectFeedback, ...]
    invitees: Tuple[InviteeState, ...]
    description: str = ""
    project: str = ""
    owner: str = ""
    created_at: Any = None
    start_date: Any = None
    end_date: Any = None
    is_moderated: bool = False

    def __str__(self) -> str:
        """Return it as people read it."""
        return "\n".join(self.lines())

    @property
    def votes(self) -> Tuple[Vote, ...]:
        """The votes on all objects."""
        return tuple(vote for item in self.objects for vote in item.votes)

    @property
    def comments(self) -> Tuple[Comment, ...]:
        """The comments on all objects, without their replies."""
        return tuple(comment for item in self.objects for comment in item.comments)

    @property
    def counts(self) -> Dict[Optional[str], int]:
        """How many objects have come to each status; None stands for those without a vote."""
        found: Dict[Optional[str], int] = dict.fromkeys(STATUS_WORDS, 0)
        for item in self.objects:
            found[item.status] = found.get(item.status, 0) + 1
        return found

    def only(self, *, since: Any = None, open_only: bool = False) -> Feedback:
        """Return the feedback with less in it.

        *since* (:class:`arrow.Arrow`, :class:`datetime.datetime` or ISO 8601 text) leaves what was said from then on:
        comments with a newer reply stay, objects without anything new go. *open_only* leaves the objects that still
        need something, and of their comments the open points (:attr:`ObjectFeedback.open_comments`).
        """
        objects = self.objects
        if since is not None:
            import arrow

            moment = arrow.get(since)
            objects = tuple(kept for kept in (_since(item, moment) for item in objects) if kept is not None)
        if open_only:
            objects = tuple(
                dataclasses.replace(item, comments=item.open_comments) for item in objects if item.is_open
            )
        return dataclasses.replace(self, objects=objects)

    def lines(self) -> Iterator[str]:
        """Yield the feedback as text for people, a line each."""
        counts = self.counts
        state = ", ".join(f"{count} {word_for(status)}" for status, count in counts.items() if count)
        yield f"{self.name}: {'open' if self.is_open else 'closed'}"
        total = len(self.objects)
        yield f"{total} {'object' if total == 1 else 'objects'}{': ' + state if state else ''}"
        for item in self.objects:
            yield ""
            yield from item.lines()
        if self.invitees:
            yield ""
            yield "invited:"
            for invitee in self.invitees:
                yield f"  {invitee}"


def word_for(status: Optional[str]) -> str:
    """Return how a vote is called when spoken to people."""
    return STATUS_WORDS.get(status, str(status))


def threads(comments: Iterable[Comment]) -> Iterator[Comment]:
    """Yield the comments and all replies to them."""
    for comment in comments:
        yield comment
        yield from threads(comment.replies)


def shortened(text: str) -> str:
    """Return a text in one line of a list, no longer than such a line should be."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1].rstrip()}\u2026"


def time_text(time: Any) -> str:
    """Return a time for people to read."""
    return f"{time:YYYY-MM-DD HH:mm} UTC" if time is not None else "at an unknown time"


def _since(item: ObjectFeedback, moment: Any) -> Optional[ObjectFeedback]:
    votes = tuple(vote for vote in item.votes if _is_new(vote, moment))
    comments = tuple(comment for comment in item.comments if _is_new(comment, moment))
    annotations = tuple(drawn for drawn in item.annotations if _is_new(drawn, moment))
    history = tuple(vote for vote in item.history if _is_new(vote, moment))
    if not (votes or comments or annotations or history):
        return None
    return dataclasses.replace(item, votes=votes, comments=comments, annotations=annotations, history=history)


def _is_new(value: Any, moment: Any) -> bool:
    if value.created_at is not None and value.created_at >= moment:
        return True
    return any(_is_new(reply, moment) for reply in getattr(value, "replies", ()))


def _time_key(value: Any) -> Tuple[bool, float]:
    time = value.created_at
    return (time is not None, time.timestamp() if time is not None else 0.0)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, _Value):
        return value.to_dict()
    if hasattr(value, "isoformat"):
        return plain_time(value)
    return value


def plain_time(time: Any) -> Optional[str]:
    """Return a time as ISO 8601 text in UTC, to the second, None for none."""
    return time.to("utc").format("YYYY-MM-DDTHH:mm:ss") + "Z" if time is not None else None
