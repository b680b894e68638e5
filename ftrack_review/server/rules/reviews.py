"""Rules for review sessions: their dates, who may still write, one vote each, and invited people."""

# ruff: noqa: ARG001 - all rules of a kind take the same arguments.

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Union

from ftrack_review.protocol import remark, role
from ftrack_review.server import statements
from ftrack_review.server.adding import add_row
from ftrack_review.server.errors import ServerFault, describe, duplicate_error, validation_error
from ftrack_review.server.rules.notes import parent_of
from ftrack_review.server.rules.stamps import caller_as, fill
from ftrack_review.server.rules.versions import next_number, note_number

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["CHANGED", "COMPLETE", "FINISH", "GUARD", "derived_equals", "is_open"]

#: What the Event that keeps a former vote says as its ``action``.
FORMER_VOTE = "review_session_object_status.replaced"

_DURATION = dt.timedelta(weeks=1)

# What ends a line, and what no line shows.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_TIME = "%Y-%m-%dT%H:%M:%S"

# No blanks, no brackets or commas (a mail header would take them for more addresses), a domain with a dot.
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")


# Sessions


def is_open(session: Union[Row, Mapping[str, Any]], now: str) -> bool:
    """Return whether *session*, a row or its attributes, takes votes, notes and changes at *now*.

    It ends before its end date.
    """
    availability = session.get("availability")
    if availability in ("closed", "always_open"):
        return bool(availability == "always_open")
    start, end = session.get("start_date"), session.get("end_date")
    return (start is None or start <= now) and (end is None or now < end)


def derived_equals(row: Row, name: str, value: Any) -> bool:
    """Return whether an attribute that is worked out has the *value* already."""
    if row.name == "ReviewSession" and name == "is_open":
        now = dt.datetime.now(dt.timezone.utc).strftime(_TIME)
        return is_open(row, now) is value
    return False


def _complete_session(context: RequestContext, row: Row) -> None:
    # What is made to be over, as a copy is, began no later.
    fill(context, row, "start_date", min(context.now, row.get("end_date") or context.now))
    if row.get("end_date") is None:
        start = max(row.get("start_date"), context.now) if row.added else context.now
        try:
            end = dt.datetime.fromisoformat(start) + _DURATION
        except OverflowError:
            end = dt.datetime.max  # noqa: DTZ901 - stored without a zone.
        fill(context, row, "end_date", end.strftime(_TIME))


def _finish_sessions(context: RequestContext, rows: List[Row]) -> None:
    """Check sessions, and send the digest of those that this request closes, once it is committed."""
    for row in rows:
        _check_name(row)
        _order_dates(context, row)
        if row.added or row.removed or is_open(row, context.now):
            continue
        names = ("availability", "end_date", "start_date")
        columns = {name: row.entity.columns[name].name for name in names if row.has(name)}
        before = {name: row.before.get(column, row.values[column]) for name, column in columns.items()}
        if is_open(before, context.now) and getattr(context.server, "mailer", None) is not None:
            context.after_commit.append(functools.partial(_send_digest, context.server, row.key[0]))


def _order_dates(context: RequestContext, row: Row) -> None:
    """Refuse a start after the end. To give an end alone is to close a review, whenever it was to begin."""
    start, end = (row.entity.columns[name].name for name in ("start_date", "end_date"))
    is_changed = row.added or start in row.before or end in row.before
    begins, ends = row.values[start], row.values[end]
    if not is_changed or begins is None or ends is None or begins <= ends:
        return
    if start in row.given:
        raise validation_error(
            f"ReviewSession.end_date is {describe(ends)}, before the start_date {describe(begins)}: nobody could take "
            f"part ({describe(row.get('name'))}). Give an end that is later than the start, or leave one out.",
            "end_date",
        )
    context.rows.set_column(row, start, ends)


def _check_name(row: Row) -> None:
    """Refuse a new name that does not fit into one line, as names stand in mails and lists."""
    column = row.entity.columns["name"].name
    name = row.values[column]
    if (row.added or column in row.before) and name is not None and _CONTROL.search(name):
        raise validation_error(
            f"{row.name}.name must be one line without control characters, not {describe(name)}", "name"
        )


def _send_digest(server: Any, session_id: str) -> None:
    from ftrack_review.server import review_mail

    review_mail.send_digest_of_closed(server, session_id)


# Roles


def _guard_author(context: RequestContext, row: Row, removing: bool) -> None:
    """Refuse a note in the name of somebody who only watches."""
    if row.get("key") != remark.INVITEE_KEY or removing:
        return
    note = context.rows.get(context.catalogue.types["Note"], (row.get("parent_id"),))
    for session_key in () if note is None else _sessions_of_note(context, note):
        _check_takes_part(context, session_key, row.get("value"))


def _sessions_of_note(context: RequestContext, row: Row) -> List[Any]:
    """Return the keys of the review sessions that a note was written in, also by answering another note."""
    types = context.catalogue.types
    found, seen, waiting = [], set(), [row]
    while waiting:
        note = waiting.pop()
        if note.key in seen:
            continue
        seen.add(note.key)
        answered = note.get("in_reply_to_id")
        above = [None if answered is None else context.rows.get(types["Note"], (answered,))]
        if context.catalogue.type_named(note.get("parent_type") or "") in (
            None,
            "ReviewSessionObject",
            "Note",
        ):
            above.append(parent_of(context, note))
        for parent in above:
            if parent is not None and parent.name == "ReviewSessionObject":
                found.append(parent.get("review_session_id"))
            elif parent is not None and parent.name == "Note":
                waiting.append(parent)
    return found


def _check_takes_part(context: RequestContext, session_key: Any, invitee_key: Any) -> None:
    """Raise the fault where something is said in the name of somebody who only watches."""
    types = context.catalogue.types
    session = context.rows.get(types["ReviewSession"], (session_key,))
    if session is None:
        return
    kept = context.rows.having(
        types["Metadata"],
        types["Metadata"].columns["parent_id"],
        [key for key in (session_key, session.get("project_id")) if key is not None],
        types["Metadata"].columns["key"].in_([role.SESSION_KEY, role.project_key(session_key)]),
    )
    if any(role.decode(row.get("value")).get(invitee_key) == role.OBSERVER for row in kept):
        invitee = context.rows.get(types["ReviewSessionInvitee"], (invitee_key,))
        name = describe(invitee_key if invitee is None else invitee.get("name"))
        raise ServerFault(
            "PermissionError",
            f"{name} is an observer of the review session {describe(session.get('name'))}, who watches and "
            f"neither votes nor writes notes. Give another role first: invitee['role'] = 'reviewer'.",
            403,
            error_code="role_forbidden",
        )


# Objects


def _complete_object(context: RequestContext, row: Row) -> None:
    if row.get("review_session_id") is None or not row.has("sort_order"):
        return
    if row.get("sort_order") is None:
        number = float(next_number(context, row, "sort_order", "review_session_id"))
        context.rows.set(row, "sort_order", number)
    elif row.added:
        note_number(context, row, "sort_order", "review_session_id")


def _change_object(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    note_number(context, row, "sort_order", "review_session_id")


# Votes


def _finish_votes(context: RequestContext, rows: List[Row]) -> None:
    """Check the votes of this request and let each take the place of a former one."""
    for row in rows:
        _check_vote(context, row)
        _keep_changed(context, row)
    latest: Dict[Tuple[Any, Any], Row] = {}
    for row in rows:
        latest[_pair(row)] = row
    vote = rows[0].entity
    column = vote.columns["review_session_object_id"]
    if not any(row.added or _pair_changed(row) for row in rows):
        return
    replaced = []
    for row in context.rows.having(vote, column, [row.get("review_session_object_id") for row in rows]):
        current = latest.get(_pair(row))
        if current is not None and current is not row:
            if not row.added:
                _keep(context, row, row.get("status"), current.key[0])
            replaced.append(row)
    context.rows.remove(replaced)


def _pair(row: Row) -> Tuple[Any, Any]:
    return row.get("review_session_object_id"), row.get("review_session_invitee_id") or row.get("resource_id")


def _pair_changed(row: Row) -> bool:
    names = ("review_session_object_id", "review_session_invitee_id", "resource_id")
    return any(row.entity.columns[name].name in row.before for name in names if row.has(name))


def _check_vote(context: RequestContext, row: Row) -> None:
    types = context.catalogue.types
    status = row.get("status")
    if status not in role.STATUSES:
        raise validation_error(
            f"ReviewSessionObjectStatus.status must be one of {', '.join(role.STATUSES)}, not {describe(status)}",
            "status",
        )
    if row.get("review_session_object_id") is None:
        raise validation_error(
            f"ReviewSessionObjectStatus.review_session_object_id is required ({row.label})",
            "review_session_object_id",
        )
    key = row.get("review_session_invitee_id")
    if key is None:
        if row.get("resource_id") is None:
            raise validation_error(
                f"ReviewSessionObjectStatus.review_session_invitee_id is required: who votes? ({row.label})",
                "review_session_invitee_id",
            )
        return
    invitee = context.rows.get(types["ReviewSessionInvitee"], (key,))
    voted = context.rows.get(types["ReviewSessionObject"], (row.get("review_session_object_id"),))
    if invitee is None or voted is None:
        return  # Dangling, which is found and said for every entity type alike.
    if invitee.get("review_session_id") != voted.get("review_session_id"):
        raise validation_error(
            f"ReviewSessionObjectStatus.review_session_invitee_id is {describe(key)}, who is not invited to the "
            f"review session of {voted.label}",
            "review_session_invitee_id",
        )
    if row.added or _has_new_status(row):
        _check_takes_part(context, voted.get("review_session_id"), key)
    fill(context, row, "resource_id", invitee.get("resource_id"))


def _has_new_status(row: Row) -> bool:
    column = row.entity.columns["status"].name
    return bool(row.before.get(column, row.values[column]) != row.values[column])


def _keep_changed(context: RequestContext, row: Row) -> None:
    """Keep what a vote said before it was changed in place."""
    if not row.added and _has_new_status(row):
        _keep(context, row, row.before[row.entity.columns["status"].name], row.key[0])


def _keep(context: RequestContext, row: Row, status: Any, successor: Any) -> None:
    """Keep a former vote as an Event of the object it was on."""
    types = context.catalogue.types
    voted = context.rows.get(types["ReviewSessionObject"], (row.get("review_session_object_id"),))
    session_key = None if voted is None else voted.get("review_session_id")
    session = None if session_key is None else context.rows.get(types["ReviewSession"], (session_key,))
    former = {
        "id": row.key[0],
        "status": status,
        "review_session_invitee_id": row.get("review_session_invitee_id"),
        "resource_id": row.get("resource_id"),
        "created_at": row.get("created_at"),
        "replaced_by": successor,
    }
    add_row(
        context,
        "Event",
        {
            "action": FORMER_VOTE,
            "created_at": context.now,
            "data": json.dumps(former, sort_keys=True),
            "insert": "update",
            "parent_id": row.get("review_session_object_id"),
            "parent_type": "ReviewSessionObject",
            "project_id": None if session is None else session.get("project_id"),
            "user_id": caller_as(context, "User"),
        },
    )


# Annotations


def _change_annotation(context: RequestContext, row: Row, old: Mapping[str, Any]) -> None:
    if "updated_at" not in old:
        context.rows.set(row, "updated_at", context.now)


# Invited people


def _complete_invitee(context: RequestContext, row: Row) -> None:
    """Let the address stand for a name that nobody gave, as scripts and lists may know no more."""
    if row.added and row.get("name") is None and row.get("email"):
        context.rows.set(row, "name", row.get("email"))


def _finish_invitees(context: RequestContext, rows: List[Row]) -> None:
    column = rows[0].entity.columns["email"].name
    for row in rows:
        _check_invited_name(row)
    changed = [row for row in rows if row.added or column in row.before]
    for row in changed:
        email = row.get("email")
        if email is not None and not _EMAIL.fullmatch(email):
            raise validation_error(
                f"ReviewSessionInvitee.email is not an e-mail address: {describe(email)}", "email"
            )
    moved = rows[0].entity.columns["review_session_id"].name
    _refuse_twice(context, [row for row in rows if row.added or column in row.before or moved in row.before])
    if rows[0].has("resource_id"):
        _find_resources(context, changed, column)


def _check_invited_name(row: Row) -> None:
    column = row.entity.columns["name"].name
    name = row.values[column]
    if (row.added or column in row.before) and name is not None and not name.strip():
        raise validation_error(
            f"ReviewSessionInvitee.name must not be empty ({describe(name)}). Leave it out of a new invitee to have "
            "the e-mail address stand for it",
            "name",
        )
    _check_name(row)


def _refuse_twice(context: RequestContext, rows: List[Row]) -> None:
    if not rows:
        return
    entity = rows[0].entity
    sessions = [key for key in (row.get("review_session_id") for row in rows) if key is not None]
    seen: Dict[Tuple[Any, str], Row] = {}
    for row in context.rows.having(entity, entity.columns["review_session_id"], sessions):
        pair = row.get("review_session_id"), (row.get("email") or "").lower()
        if pair[1] and pair in seen and (row in rows or seen[pair] in rows):
            raise duplicate_error(
                f"{describe(row.get('email'))} is invited to the review session {pair[0]} already "
                f"({seen[pair].get('name')})",
                "email",
            )
        seen[pair] = row


def _find_resources(context: RequestContext, rows: List[Row], column: str) -> None:
    """Link invited people to their accounts by e-mail; who has none becomes a Collaborator."""
    open_ones = []
    for row in rows:
        if column in row.before and "resource_id" not in row.given:
            context.rows.set(row, "resource_id", None)
        if row.get("resource_id") is None and row.get("email"):
            open_ones.append(row)
    if not open_ones:
        return
    found = _accounts(context, [row.get("email") for row in open_ones])
    for row in open_ones:
        email = row.get("email").lower()
        account = found.get(email)
        if account is None and "Collaborator" in context.catalogue.types:
            first, _, last = (row.get("name") or "").partition(" ")
            values = {"email": row.get("email"), "first_name": first, "last_name": last}
            account = found[email] = add_row(context, "Collaborator", values)
        if account is not None:
            context.rows.set(row, "resource_id", account.key[0])


def _accounts(context: RequestContext, emails: List[str]) -> Dict[str, Row]:
    """Return the account for each of *emails*, by e-mail in lower case: a User before a Collaborator."""
    user = context.catalogue.types["User"]
    folded = statements.folded(user.columns["email"])
    found: Dict[str, Row] = {}
    for row in context.rows.having(user, folded, [email.lower() for email in emails]):
        email = row.get("email").lower()
        if row.name in ("User", "Collaborator") and (email not in found or row.name == "User"):
            former: Optional[Row] = found.get(email)
            if former is None or former.name != "User":
                found[email] = row
    return found


GUARD = {"Metadata": _guard_author}
COMPLETE = {
    "ReviewSession": _complete_session,
    "ReviewSessionInvitee": _complete_invitee,
    "ReviewSessionObject": _complete_object,
}
CHANGED = {"ReviewSessionObject": _change_object, "ReviewSessionObjectAnnotation": _change_annotation}
FINISH = {
    "ReviewSession": _finish_sessions,
    "ReviewSessionInvitee": _finish_invitees,
    "ReviewSessionObjectStatus": _finish_votes,
}
