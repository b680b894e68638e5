"""A summary of a review for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftrack_review.review import gathering
from ftrack_review.review.opinion import STATUS_WORDS

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["STATUS_WORDS", "summarise"]


def summarise(review_session: Entity) -> str:
    """Return the state of *review_session* as text: every object, who voted what and when, every comment.

    .. versionadded:: 3.1.0
    """
    return str(gathering.feedback(review_session))
