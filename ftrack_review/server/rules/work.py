"""Rules for timers, assignments and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping

from ftrack_review.server.errors import duplicate_error
from ftrack_review.server.rules.stamps import fill

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH"]


def _complete_appointment(context: RequestContext, row: Row) -> None:
    if row.added:
        fill(context, row, "type", "assignment")


def _finish_timers(context: RequestContext, rows: List[Row]) -> None:
    """Let one timer run for each user. Clients look for the name of the error in its text."""
    timer = rows[0].entity
    column = timer.columns["user_id"]
    users = [row.get("user_id") for row in rows if row.added or column.name in row.before]
    seen: Dict[Any, Row] = {}
    for row in context.rows.having(timer, column, users):
        user_id = row.get("user_id")
        if user_id in seen:
            raise duplicate_error(
                f"a timer is running for the user {user_id} already", "user_id", hint="Stop it first"
            )
        seen[user_id] = row


def _complete_job(context: RequestContext, row: Row) -> None:
    if row.get("status") in ("done", "failed"):
        fill(context, row, "finished_at", context.now)


def _change_job(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    if "status" in old:
        _complete_job(context, row)


COMPLETE = {"Appointment": _complete_appointment, "Job": _complete_job}
CHANGED = {"Job": _change_job}
FINISH = {"Timer": _finish_timers}
