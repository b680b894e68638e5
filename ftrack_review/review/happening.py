"""The values that a watch tells of: what happened in a review session. Each prints as one line."""

from __future__ import annotations

from dataclasses import dataclass

from ftrack_review.review.opinion import Annotation, Comment, Vote, word_for

__all__ = [
    "CommentDeleted",
    "CommentWritten",
    "DrawingMade",
    "ObjectAdded",
    "ObjectRemoved",
    "ObjectReplaced",
    "ReviewEvent",
    "SessionClosed",
    "SessionReopened",
    "VoteGiven",
    "VoteWithdrawn",
]


@dataclass(frozen=True)
class ReviewEvent:
    """Something that happened in a review session."""

    review_session_id: str


@dataclass(frozen=True)
class _OnObject(ReviewEvent):
    """Something that happened to an object of it."""

    object_id: str
    object_name: str


@dataclass(frozen=True)
class VoteGiven(_OnObject):
    """Somebody voted, or voted anew."""

    vote: Vote

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: {self.vote}"


@dataclass(frozen=True)
class VoteWithdrawn(_OnObject):
    """Somebody took a vote back; *vote* is the one that was given."""

    vote: Vote

    def __str__(self) -> str:
        """Return it as people read it."""
        who = f"{self.vote.name or 'someone'} ({self.vote.role})"
        return f"{self.object_name}: {who} withdrew the vote: {word_for(self.vote.status)}"


@dataclass(frozen=True)
class CommentWritten(_OnObject):
    """Somebody wrote a comment or a reply; with *is_new* False it was changed, completed or released."""

    comment: Comment
    is_new: bool

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: {self.comment}{'' if self.is_new else ' (changed)'}"


@dataclass(frozen=True)
class CommentDeleted(_OnObject):
    """A comment or a reply was deleted; *comment* is as it was last heard of, without its replies."""

    comment: Comment

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: deleted: {self.comment}"


@dataclass(frozen=True)
class DrawingMade(_OnObject):
    """Somebody drew on a frame. *frame_number* is the number that reviewers see for it."""

    annotation: Annotation
    frame_number: int

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name}: drawn on frame {self.frame_number}"


@dataclass(frozen=True)
class ObjectAdded(_OnObject):
    """Something was put up for review."""

    version: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name} ({self.version}) was put up for review"


@dataclass(frozen=True)
class ObjectReplaced(_OnObject):
    """An object shows another version now, or was renamed or moved."""

    version: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name} is {self.version} now"


@dataclass(frozen=True)
class ObjectRemoved(_OnObject):
    """An object was taken out of the review, with everything that was said about it."""

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.object_name} was taken out of the review"


@dataclass(frozen=True)
class SessionClosed(ReviewEvent):
    """The review session was closed, ended by its date, or (*is_deleted*) is gone."""

    is_deleted: bool = False

    def __str__(self) -> str:
        """Return it as people read it."""
        return "The review session was deleted" if self.is_deleted else "The review session is closed"


@dataclass(frozen=True)
class SessionReopened(ReviewEvent):
    """The review session was opened again."""

    def __str__(self) -> str:
        """Return it as people read it."""
        return "The review session is open again"
