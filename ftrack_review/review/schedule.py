"""When a review session is open, and how it is closed and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ftrack_review.exception import ReviewClosedError, ReviewError

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["close", "reopen", "require_open"]


def close(review_session: Entity) -> None:
    """Close *review_session* now: nothing in it can be changed until it is opened again.

    Its end date becomes the present, which is what closes a review session on every ftrack server. Pending
    operations of the session are committed with it.

    Raise :exc:`~ftrack_review.exception.ReviewError` when the server still calls it open afterwards.

    .. versionadded:: 3.1.0
    """
    review_session["status"] = "Closed"
    _commit_and_check(review_session, is_open=False)


def reopen(review_session: Entity, until: Optional[Any] = None) -> None:
    """Open *review_session* again, *until* a time (:class:`arrow.Arrow` or :class:`datetime.datetime`).

    By default it stays open for a week, or until its end date where that is later. A start date in the
    future becomes the present. Pending operations of the session are committed with it.

    Raise :exc:`~ftrack_review.exception.ReviewError` when *until* is past, or when the server still calls
    the session closed afterwards.

    .. versionadded:: 3.1.0
    """
    end = None
    if until is not None:
        import arrow

        end = arrow.get(until)
        if end <= arrow.utcnow():
            raise ReviewError(f"A review session cannot be opened until {end}, which is past.")
    review_session["status"] = "Open"
    if end is not None:
        review_session["end_date"] = end
    _commit_and_check(review_session, is_open=True)


def require_open(review_session: Entity) -> None:
    """Raise :exc:`~ftrack_review.exception.ReviewClosedError` unless *review_session* is open."""
    if review_session["is_open"] is False:
        raise ReviewClosedError(
            f"The review session {review_session['name']!r} is closed, so nothing in it can be changed. "
            "Open it with review_session.reopen()."
        )


def _commit_and_check(review_session: Entity, *, is_open: bool) -> None:
    session = review_session.session
    session.commit()
    found = session.query(f'select is_open from ReviewSession where id is "{review_session["id"]}"').one()
    if bool(found["is_open"]) is not is_open:
        wanted, present = ("open", "closed") if is_open else ("closed", "open")
        raise ReviewError(
            f"The review session {review_session['name']!r} was to be {wanted} and the server still calls it "
            f"{present}. Its availability is {review_session['availability']!r}, which seems to override its "
            "dates; change that in ftrack."
        )
