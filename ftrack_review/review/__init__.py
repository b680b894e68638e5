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
    from ftrack_review.review.applying import StatusChange, apply
    from ftrack_review.review.cloning import Clone, ObjectChange, clone
    from ftrack_review.review.gathering import feedback
    from ftrack_review.review.happening import (
        CommentDeleted,
        CommentWritten,
        DrawingMade,
        ObjectAdded,
        ObjectRemoved,
        ObjectReplaced,
        ReviewEvent,
        SessionClosed,
        SessionReopened,
        VoteGiven,
        VoteWithdrawn,
    )
    from ftrack_review.review.invitation import invite, link, send_invitations, send_invite
    from ftrack_review.review.merging import Answer, Merge, merge
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
    from ftrack_review.review.packing import Package, export
    from ftrack_review.review.playlist import add
    from ftrack_review.review.publishing import publish
    from ftrack_review.review.releasing import hold, release, send_digest
    from ftrack_review.review.replacing import replace
    from ftrack_review.review.reporting import summarise
    from ftrack_review.review.reports import Report, report
    from ftrack_review.review.reports.verification import Verification, verify
    from ftrack_review.review.responding import comment, comments, overall_status, reply, vote, votes
    from ftrack_review.review.schedule import close, reopen
    from ftrack_review.review.sharing import Mail, mails, revoke_link, revoke_links, share_link
    from ftrack_review.review.transferring import Transfer, TransferredNote, transfer, transfer_feedback
    from ftrack_review.review.watching import Watch, watch

__all__ = [
    "Annotation",
    "Answer",
    "Attachment",
    "Clone",
    "Comment",
    "CommentDeleted",
    "CommentWritten",
    "DrawingMade",
    "Feedback",
    "FormerVersion",
    "InviteeState",
    "Mail",
    "Merge",
    "ObjectAdded",
    "ObjectChange",
    "ObjectFeedback",
    "ObjectRemoved",
    "ObjectReplaced",
    "Package",
    "Report",
    "ReviewEvent",
    "SessionClosed",
    "SessionReopened",
    "StatusChange",
    "Transfer",
    "TransferredNote",
    "Verification",
    "Vote",
    "VoteGiven",
    "VoteWithdrawn",
    "Watch",
    "add",
    "apply",
    "clone",
    "close",
    "comment",
    "comments",
    "export",
    "feedback",
    "hold",
    "invite",
    "link",
    "mails",
    "merge",
    "overall_status",
    "publish",
    "release",
    "reopen",
    "replace",
    "reply",
    "report",
    "revoke_link",
    "revoke_links",
    "send_digest",
    "send_invitations",
    "send_invite",
    "share_link",
    "summarise",
    "transfer",
    "transfer_feedback",
    "verify",
    "vote",
    "votes",
    "watch",
]

_HOMES = {
    name: module
    for module, names in {
        "applying": ("StatusChange", "apply"),
        "cloning": ("Clone", "ObjectChange", "clone"),
        "gathering": ("feedback",),
        "happening": (
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
        ),
        "invitation": ("invite", "link", "send_invitations", "send_invite"),
        "merging": ("Answer", "Merge", "merge"),
        "packing": ("Package", "export"),
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
        "playlist": ("add",),
        "publishing": ("publish",),
        "releasing": ("hold", "release", "send_digest"),
        "replacing": ("replace",),
        "reporting": ("summarise",),
        "reports": ("Report", "report"),
        "reports.verification": ("Verification", "verify"),
        "responding": ("comment", "comments", "overall_status", "reply", "vote", "votes"),
        "schedule": ("close", "reopen"),
        "sharing": ("Mail", "mails", "revoke_link", "revoke_links", "share_link"),
        "transferring": ("Transfer", "TransferredNote", "transfer", "transfer_feedback"),
        "watching": ("Watch", "watch"),
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
