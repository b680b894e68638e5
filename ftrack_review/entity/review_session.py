"""Review sessions, their objects and their invitees, with the methods that make reviewing short.

The methods are those of :mod:`ftrack_review.review`, which is loaded when one is called.
"""

from __future__ import annotations

from typing import Any, Callable

from ftrack_review.entity import factory
from ftrack_review.entity.base import Entity

__all__ = ["ReviewSession", "ReviewSessionInvitee", "ReviewSessionObject"]


class _Method:
    """A method that is a function of :mod:`ftrack_review.review`, found when it is first called."""

    def __init__(self, place: str) -> None:
        self.place = f"ftrack_review.review.{place}"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        function: Callable[..., Any] = factory.resolve(self.place)
        if instance is None:
            return function
        return function.__get__(instance, owner)


class ReviewSession(Entity):
    """A review session: what is shown, to whom, until when, and what they say."""

    add = _Method("playlist:add")
    publish = _Method("publishing:publish")
    invite = _Method("invitation:invite")
    send_invitations = _Method("invitation:send_invitations")
    close = _Method("schedule:close")
    reopen = _Method("schedule:reopen")
    feedback = _Method("gathering:feedback")
    summarise = _Method("reporting:summarise")
    report = _Method("reports:report")
    export = _Method("packing:export")
    watch = _Method("watching:watch")
    apply = _Method("applying:apply")
    transfer_feedback = _Method("transferring:transfer_feedback")
    clone = _Method("cloning:clone")
    release = _Method("releasing:release")
    hold = _Method("releasing:hold")
    send_digest = _Method("releasing:send_digest")
    share_link = _Method("sharing:share_link")
    revoke_links = _Method("sharing:revoke_links")
    mails = _Method("sharing:mails")


class ReviewSessionObject(Entity):
    """One version that is up for review."""

    vote = _Method("responding:vote")
    comment = _Method("responding:comment")
    reply = _Method("responding:reply")
    votes = _Method("responding:votes")
    comments = _Method("responding:comments")
    overall_status = _Method("responding:overall_status")
    replace = _Method("replacing:replace")
    transfer_feedback = _Method("transferring:transfer_feedback")


class ReviewSessionInvitee(Entity):
    """One person who is invited to a review session."""

    send_invite = _Method("invitation:send_invite")
    link = _Method("invitation:link")
    revoke_link = _Method("sharing:revoke_link")
