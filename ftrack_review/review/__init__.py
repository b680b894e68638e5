"""Reviews from publishing media to sign-off, built on the public Session surface.

Each function takes the entity it is about first, and is a method of that entity as well::

    review_session.publish("shot_010.mov")
    ftrack_review.review.publish(review_session, "shot_010.mov")

Nothing here knows where the server is or what runs on it, so all of it works against a real ftrack server.
What only the embedded server offers is reached by its address.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ftrack_review.review.gathering import feedback
    from ftrack_review.review.invitation import invite, link, send_invitations, send_invite
    from ftrack_review.review.opinion import (
        Annotation,
        Attachment,
        Comment,
        Feedback,
        FormerVersion,
        InviteeState,
        ObjectFeedback,
        Vote,
    )
    from ftrack_review.review.playlist import add
    from ftrack_review.review.publishing import publish
    from ftrack_review.review.reporting import summarise
    from ftrack_review.review.responding import comment, comments, overall_status, reply, vote, votes
    from ftrack_review.review.schedule import close, reopen

__all__ = [
    "Annotation",
    "Attachment",
    "Comment",
    "Feedback",
    "FormerVersion",
    "InviteeState",
    "ObjectFeedback",
    "Vote",
    "add",
    "close",
    "comment",
    "comments",
    "feedback",
    "invite",
    "link",
    "overall_status",
    "publish",
    "reopen",
    "reply",
    "send_invitations",
    "send_invite",
    "summarise",
    "vote",
    "votes",
]

_HOMES = {
    name: module
    for module, names in {
        "opinion": (
            "Annotation",
            "Attachment",
            "Comment",
            "Feedback",
            "FormerVersion",
            "InviteeState",
            "ObjectFeedback",
            "Vote",
        ),
        "gathering": ("feedback",),
        "invitation": ("invite", "link", "send_invitations", "send_invite"),
        "playlist": ("add",),
        "publishing": ("publish",),
        "reporting": ("summarise",),
        "responding": ("comment", "comments", "overall_status", "reply", "vote", "votes"),
        "schedule": ("close", "reopen"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    """Load a function when it is first asked for."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
