"""The private tables: API keys, link tokens, queued mail and settings.

They hold what the server needs and no client may see. One function for each thing that is asked of them or
done to them, each on a connection that the caller brings, so that it becomes part of the caller's
transaction.

Called by ``access``, ``mail``, ``jobs`` and ``application``; what the columns mean is said in ``tables``.
"""

from __future__ import annotations

import functools
import uuid
from typing import Any, Dict, List, Mapping, Optional, Sequence

import sqlalchemy as sa

from ftrack_review.server.statements import folded

__all__ = [
    "add_key",
    "add_mail",
    "add_token",
    "claim_mail",
    "drop_tokens",
    "find_entity",
    "find_key",
    "find_setting",
    "find_token",
    "find_user",
    "has_account",
    "keep_token",
    "list_ended",
    "list_entities",
    "list_interrupted_mail",
    "list_jobs",
    "list_keys",
    "list_mail",
    "lock_user",
    "next_mail_at",
    "revoke_keys",
    "revoke_tokens",
    "set_setting",
    "update_mail",
]

_KEY = sa.table(
    "_api_key",
    *map(sa.column, ("id", "user_id", "hash", "name", "created_at", "revoked_at")),
    sa.column("run", sa.Boolean),
)
_TOKEN = sa.table(
    "_token",
    *map(sa.column, ("hash", "purpose", "subject", "data", "created_at", "expires_at", "revoked_at")),
)
_MAIL = sa.table(
    "_mail",
    *map(
        sa.column,
        (
            "id",
            "kind",
            "subject_id",
            "recipient",
            "subject",
            "message",
            "state",
            "next_attempt_at",
            "error",
            "created_at",
            "sent_at",
        ),
    ),
    sa.column("attempts", sa.Integer),
)
_SETTING = sa.table("_setting", sa.column("name"), sa.column("value"))

# The setting that is there while a user's keys are refused, followed by the id of the user.
_LOCKED = "locked_user:"


def add_key(connection: Any, *, user_id: str, hash: str, name: str, run: bool, now: str) -> str:
    """Store the *hash* of a new API key of *user_id*. Return the id of the key."""
    key_id = str(uuid.uuid4())
    values = {"id": key_id, "user_id": user_id, "hash": hash, "name": name, "created_at": now, "run": run}
    connection.change(sa.insert(_KEY).values(**values))
    return key_id


def find_key(connection: Any, catalogue: Any, hash: str) -> Optional[Dict[str, Any]]:
    """Return id, user_id, hash and username of the valid key with *hash*, or None.

    The key of a deleted user is not valid, nor is that of one who is locked out.
    """
    return _first(connection.run(_key_statement(catalogue), {"wanted": hash}))


@functools.lru_cache(maxsize=4)
def _key_statement(catalogue: Any) -> Any:
    """Return the statement that every request begins with, made once, as making it takes longer than running it."""
    user = catalogue.types["User"]
    columns = user.columns
    return (
        sa.select(_KEY.c.id, _KEY.c.user_id, _KEY.c.hash, columns["username"].label("username"))
        .join_from(_KEY, user.table, columns["id"] == _KEY.c.user_id)
        .where(
            _KEY.c.hash == sa.bindparam("wanted"),
            _KEY.c.revoked_at.is_(None),
            ~sa.exists().where(_SETTING.c.name == sa.literal(_LOCKED) + _KEY.c.user_id),
        )
    )


def lock_user(connection: Any, user_id: str, *, is_locked: bool) -> None:
    """Refuse all keys of the user *user_id* from now on, or take those that are not revoked again."""
    name = _LOCKED + user_id
    if is_locked:
        set_setting(connection, name, "true")
    else:
        connection.change(sa.delete(_SETTING).where(_SETTING.c.name == name))


def list_keys(connection: Any, catalogue: Any, *, run: Optional[bool] = None) -> List[Dict[str, Any]]:
    """Return id, name, created_at, run and username of the valid keys; of running servers alone where asked."""
    user = catalogue.types["User"]
    columns = user.columns
    statement = (
        sa.select(
            _KEY.c.id, _KEY.c.name, _KEY.c.created_at, _KEY.c.run, columns["username"].label("username")
        )
        .join_from(_KEY, user.table, columns["id"] == _KEY.c.user_id)
        .where(_KEY.c.revoked_at.is_(None))
        .order_by(_KEY.c.created_at)
    )
    if run is not None:
        statement = statement.where(_KEY.c.run == run)
    return [dict(row._mapping) for row in connection.run(statement)]


def find_user(connection: Any, catalogue: Any, username: str) -> Optional[Dict[str, Any]]:
    """Return id and username of the user called *username*, or None."""
    user = catalogue.types["User"]
    columns = [user.columns[name].label(name) for name in ("id", "username")]
    return _first(connection.run(sa.select(*columns).where(user.columns["username"] == username)))


def has_account(connection: Any, catalogue: Any, email: str) -> bool:
    """Return whether a User, not a guest, has the e-mail address *email*."""
    user = catalogue.types["User"]
    statement = sa.select(user.table.c["_type"]).where(folded(user.columns["email"]) == email.lower())
    return any(row[0] == "User" for row in connection.run(statement))


def revoke_keys(
    connection: Any,
    *,
    now: str,
    key_id: Optional[str] = None,
    user_id: Optional[str] = None,
    run: Optional[bool] = None,
) -> int:
    """End the keys that fit every argument given. Return how many."""
    statement = sa.update(_KEY).values(revoked_at=now).where(_KEY.c.revoked_at.is_(None))
    if key_id is not None:
        statement = statement.where(_KEY.c.id == key_id)
    if user_id is not None:
        statement = statement.where(_KEY.c.user_id == user_id)
    if run is not None:
        statement = statement.where(_KEY.c.run == run)
    return int(connection.change(statement))


def add_token(
    connection: Any,
    *,
    hash: str,
    purpose: str,
    subject: str,
    now: str,
    expires_at: Optional[str] = None,
    data: Optional[str] = None,
) -> None:
    """Store the *hash* of a token that is good for *purpose*, until *expires_at*, and belongs to *subject*."""
    values = {"hash": hash, "purpose": purpose, "subject": subject, "created_at": now}
    connection.change(sa.insert(_TOKEN).values(**values, expires_at=expires_at, data=data))


def find_token(connection: Any, *, hash: str, purpose: str, now: str) -> Optional[Dict[str, Any]]:
    """Return hash, purpose, subject, data and creation of the token with *hash* that is valid at *now*, or None."""
    columns = (_TOKEN.c.hash, _TOKEN.c.purpose, _TOKEN.c.subject, _TOKEN.c.data, _TOKEN.c.created_at)
    statement = sa.select(*columns).where(
        _TOKEN.c.hash == hash,
        _TOKEN.c.purpose == purpose,
        _TOKEN.c.revoked_at.is_(None),
        sa.or_(_TOKEN.c.expires_at.is_(None), _TOKEN.c.expires_at > now),
    )
    return _first(connection.run(statement))


def revoke_tokens(connection: Any, *, subject: str, now: str) -> int:
    """End every token of *subject*. Return how many."""
    statement = sa.update(_TOKEN).values(revoked_at=now)
    return int(connection.change(statement.where(_TOKEN.c.subject == subject, _TOKEN.c.revoked_at.is_(None))))


def keep_token(
    connection: Any, *, hash: str, purpose: str, subject: str, now: str, expires_at: str, data: str
) -> None:
    """Give the token with *hash*, which is added if need be, new *data* and a new end."""
    statement = sa.update(_TOKEN).values(data=data, expires_at=expires_at).where(_TOKEN.c.hash == hash)
    if not connection.change(statement):
        add_token(
            connection, hash=hash, purpose=purpose, subject=subject, now=now, expires_at=expires_at, data=data
        )


def drop_tokens(
    connection: Any, *, purpose: str, hash: Optional[str] = None, before: Optional[str] = None
) -> None:
    """Forget the token with *hash*, or those whose time was over *before*."""
    statement = sa.delete(_TOKEN).where(_TOKEN.c.purpose == purpose)
    if hash is not None:
        statement = statement.where(_TOKEN.c.hash == hash)
    if before is not None:
        statement = statement.where(_TOKEN.c.expires_at < before)
    connection.change(statement)


def add_mail(
    connection: Any, *, kind: str, subject_id: str, recipient: str, subject: str, message: str, now: str
) -> str:
    """Queue a *message*, the text of a whole mail. Return the id of the mail."""
    mail_id = str(uuid.uuid4())
    values = {
        "id": mail_id,
        "kind": kind,
        "subject_id": subject_id,
        "recipient": recipient,
        "subject": subject,
        "message": message,
        "state": "queued",
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }
    connection.change(sa.insert(_MAIL).values(**values))
    return mail_id


def claim_mail(connection: Any, *, now: str, until: str) -> Optional[Dict[str, Any]]:
    """Return the queued mail that is due at *now*, or None, and keep others from it until *until*."""
    statement = (
        sa.select(*_MAIL.c)
        .where(_MAIL.c.state == "queued", _MAIL.c.next_attempt_at <= now)
        .order_by(_MAIL.c.next_attempt_at, _MAIL.c.created_at)
        .limit(1)
    )
    mail = _first(connection.run(statement))
    if mail is not None:
        mail["attempts"] += 1
        update_mail(connection, mail["id"], attempts=mail["attempts"], next_attempt_at=until)
    return mail


def next_mail_at(connection: Any) -> Optional[str]:
    """Return when the next mail that is on its way is due, or None where there is none."""
    statement = sa.select(sa.func.min(_MAIL.c.next_attempt_at)).where(
        _MAIL.c.state.in_(["queued", "sending"])
    )
    found: Optional[str] = connection.run(statement)[0][0]
    return found


def list_interrupted_mail(connection: Any, *, now: str) -> List[Dict[str, Any]]:
    """Return the mails whose sending was to be over before *now*, and of which nobody has told what became."""
    statement = sa.select(*_MAIL.c).where(_MAIL.c.state == "sending", _MAIL.c.next_attempt_at <= now)
    return [dict(row._mapping) for row in connection.run(statement)]


def update_mail(connection: Any, mail_id: str, **values: Any) -> None:
    """Change what is stored of the mail *mail_id*."""
    connection.change(sa.update(_MAIL).values(**values).where(_MAIL.c.id == mail_id))


def list_mail(
    connection: Any, *, subject_id: Optional[str] = None, subject_ids: Sequence[str] = ()
) -> List[Dict[str, Any]]:
    """Return the mails about *subject_id* and *subject_ids* without their text, oldest first."""
    # All but the text, which may hold a personal link.
    columns = [column for column in _MAIL.c if column.name != "message"]
    wanted = [*subject_ids, *((subject_id,) if subject_id is not None else ())]
    found: List[Dict[str, Any]] = []
    for start in range(0, len(wanted), 500):
        statement = sa.select(*columns).where(_MAIL.c.subject_id.in_(wanted[start : start + 500]))
        found.extend(dict(row._mapping) for row in connection.run(statement))
    return sorted(found, key=lambda mail: str(mail["created_at"]))


def list_ended(connection: Any, catalogue: Any, *, after: str, until: str) -> List[str]:
    """Return the ids of the review sessions whose end lies after *after* and not after *until*."""
    session = catalogue.types["ReviewSession"]
    end = session.columns["end_date"]
    statement = sa.select(session.columns["id"]).where(end > after, end <= until)
    availability = session.columns.get("availability")
    if availability is not None:
        statement = statement.where(
            sa.or_(availability.is_(None), availability.notin_(["always_open", "closed"]))
        )
    return [str(row[0]) for row in connection.run(statement)]


def find_setting(connection: Any, name: str) -> Optional[str]:
    """Return the value of the setting *name*, or None."""
    found = connection.run(sa.select(_SETTING.c.value).where(_SETTING.c.name == name))
    return str(found[0][0]) if found else None


def set_setting(connection: Any, name: str, value: str) -> None:
    """Give the setting *name* a *value*."""
    if not connection.change(sa.update(_SETTING).values(value=value).where(_SETTING.c.name == name)):
        connection.change(sa.insert(_SETTING).values(name=name, value=value))


def find_entity(
    connection: Any, catalogue: Any, entity_type: str, entity_id: str
) -> Optional[Dict[str, Any]]:
    """Return the stored attributes of one entity with the key ``id``, or None where there is none.

    ``__entity_type__`` holds its own type.
    """
    found = catalogue.types[entity_type]
    columns = [column.label(name) for name, column in found.columns.items()]
    type_column = found.table.c["_type"].label("__entity_type__")
    statement = sa.select(type_column, *columns).where(found.columns["id"] == entity_id)
    return _first(connection.run(statement))


def list_jobs(connection: Any, catalogue: Any, *, statuses: List[str]) -> List[Dict[str, Any]]:
    """Return id, user_id, status and data of the jobs that have one of *statuses*, oldest first."""
    job = catalogue.types["Job"]
    columns = [job.columns[name].label(name) for name in ("id", "user_id", "status", "data")]
    statement = sa.select(*columns).where(job.columns["status"].in_(statuses)).order_by(job.table.c["_row"])
    return [dict(row._mapping) for row in connection.run(statement)]


def list_entities(
    connection: Any, catalogue: Any, entity_type: str, attribute: str, value: str
) -> List[Mapping[str, Any]]:
    """Return the stored attributes of the entities whose *attribute* is *value*, in the order of creation."""
    found = catalogue.types[entity_type]
    columns = [column.label(name) for name, column in found.columns.items()]
    statement = sa.select(*columns).where(found.columns[attribute] == value).order_by(found.table.c["_row"])
    return [dict(row._mapping) for row in connection.run(statement)]


def _first(rows: List[Any]) -> Optional[Dict[str, Any]]:
    return dict(rows[0]._mapping) if rows else None
