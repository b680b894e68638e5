"""Invitations as mail: written from templates, queued with the batch, sent after its commit.

A mail is queued in the transaction that asks for it, so that a batch that fails invites nobody. It goes out
through SMTP, again and again for about an hour where the other side cannot take it, or at once into the outbox
folder as an ``.eml`` file where no SMTP server is configured. ``last_sent_at`` of who is invited is the time when it
went out. What cannot be delivered is logged and leaves a failed Job that says why.

A mail is ``queued``, ``sending`` once the other side takes its content, and then ``sent`` or ``failed``, or
``unconfirmed`` where it was sent as a whole and nobody said whether it was taken. Such a mail may have arrived; it is
sent again only when somebody asks for it.

Called by ``dispatch`` for the two actions that invite, and by ``application`` to start and stop.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import smtplib
import threading
import uuid
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, formataddr, make_msgid
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ftrack_review.exception import Error
from ftrack_review.server import access, ledger, review_mail
from ftrack_review.server.context import utc_now
from ftrack_review.server.errors import ServerFault, describe, not_found, validation_error
from ftrack_review.server.rules import permissions
from ftrack_review.server.smtp import TIMEOUTS, Delivery, UnconfirmedError

if TYPE_CHECKING:
    from ftrack_review.server.smtp import MailServer

__all__ = [
    "Mailer",
    "compose",
    "handle_send_review_session_invite",
    "handle_send_user_invite",
    "is_address",
]

#: How long to wait after each failed attempt, in seconds. There is one attempt more than there are waits.
RETRY_AFTER_S = (5, 30, 120, 600, 3000)

# An attempt that has not reported back after this long was interrupted. Before the content the mail is due again; after
# that it is unconfirmed. There are about eight commands before the content.
_CLAIM_S = TIMEOUTS.connect + 8 * TIMEOUTS.command + 60
_SENDING_S = TIMEOUTS.content + TIMEOUTS.end + 60

# How long a stop waits for a mail that is on its way. Most take less than a second.
_GRACE_S = 3.0

# What is still on its way.
_OPEN = ("queued", "sending")

_UNHEARD = "the server stopped before it heard whether the mail was taken"
_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s<>()\[\],;:\\\"]+\Z")


class Mailer:
    """Sends what is queued: by SMTP on a thread of its own, or at once into the outbox folder.

    What failed is left to the thread either way.
    """

    def __init__(
        self,
        server: Any,
        *,
        outbox: str,
        smtp: Optional[MailServer] = None,
        sender: Optional[str] = None,
    ) -> None:
        """Initialise for *server*. *smtp* is who takes the mail; without it mail is kept in the folder *outbox*.

        *sender* is the address that mail comes from.
        """
        self._server = server
        self._outbox = outbox
        self._smtp = smtp
        self.sender = sender or "ftrack-review@localhost"
        self._logger = logging.getLogger(__name__)
        self._condition = threading.Condition()
        self._is_due = False
        self._is_closed = False
        self._thread: Optional[threading.Thread] = None
        self._delivery: Optional[Delivery] = None

    def start(self) -> None:
        """Go on with what an earlier run left in the queue."""
        with self._server.store.read() as connection:
            waiting = ledger.next_mail_at(connection) is not None
        if waiting:
            self.wake()

    def wake(self) -> None:
        """Send what is due: now where it goes into the outbox, else soon and elsewhere."""
        if self._smtp is None:
            try:
                self._deliver_due()
            except Error:
                # What asked for the mail is committed already; the mail stays queued.
                self._logger.exception("The mail queue could not be worked on.")
            return
        self._deliver_later(is_due=True)

    def _deliver_later(self, *, is_due: bool = False) -> None:
        """Have the thread look after the queue, at once where something *is_due*."""
        with self._condition:
            if self._is_closed:
                return
            self._is_due = self._is_due or is_due
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="ftrack-review-mail", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # No more threads. What asked for the mail is committed already; the next one tries again.
                    self._logger.exception("Mail waits, as no thread could be started.")
                else:
                    self._thread = thread
            self._condition.notify_all()

    def close(self, timeout_s: float) -> None:
        """Stop after the mail that is on its way, if it does not take long. The queue is kept.

        A connection that waits for an answer is ended: it may wait for minutes, and *timeout_s* is seconds.
        """
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(min(timeout_s, _GRACE_S))
            delivery = self._delivery
            if thread.is_alive() and delivery is not None:
                delivery.interrupt()
                thread.join(min(timeout_s, _GRACE_S))

    def queue(
        self, context: Any, message: EmailMessage, *, kind: str, subject_id: str, recipient: str
    ) -> None:
        """Queue *message* in the transaction of *context*, to be sent when it was committed."""
        self.add(
            context.connection,
            message,
            kind=kind,
            subject_id=subject_id,
            recipient=recipient,
            now=context.now,
        )
        if self.wake not in context.after_commit:
            context.after_commit.append(self.wake)

    def add(
        self, connection: Any, message: EmailMessage, *, kind: str, subject_id: str, recipient: str, now: str
    ) -> None:
        """Queue *message* in the transaction of *connection*. Who does it calls :meth:`wake` after the commit."""
        ledger.add_mail(
            connection,
            kind=kind,
            subject_id=subject_id,
            recipient=recipient,
            subject=str(message["Subject"]),
            message=message.as_bytes(policy=policy.SMTP).decode("utf-8", "surrogateescape"),
            now=now,
        )

    def _run(self) -> None:
        while True:
            try:
                self._deliver_due()
                wait_s = self._wait_s()
            except Exception:
                # The thread serves every later mail too. What went wrong is in the log, and is tried again.
                self._logger.exception("The mail queue could not be worked on.")
                wait_s = float(RETRY_AFTER_S[0])
            with self._condition:
                if not self._is_due and not self._is_closed:
                    self._condition.wait(wait_s)
                if self._is_closed:
                    return
                self._is_due = False

    def _wait_s(self) -> float:
        """Return how long there is nothing to do, at most an hour, as another process may queue a mail."""
        with self._server.store.read() as connection:
            due = ledger.next_mail_at(connection)
        if due is None:
            return 3600.0
        return min(max((_parse(due) - _parse(utc_now())).total_seconds(), 0.2), 3600.0)

    def _deliver_due(self) -> None:
        with self._server.store.read() as connection:
            unheard = ledger.list_interrupted_mail(connection, now=utc_now())
        for interrupted in unheard:
            self._keep_unconfirmed(interrupted, UnconfirmedError(_UNHEARD))
        while not self._is_closed:
            now = utc_now()
            with self._server.store.write() as connection:
                mail = ledger.claim_mail(connection, now=now, until=_later(now, _CLAIM_S))
            if mail is None:
                return
            try:
                self._deliver(mail)
            except UnconfirmedError as error:
                self._keep_unconfirmed(mail, error)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                self._fail(mail, error)
            else:
                self._note_sent(mail, state="sent", error=None)

    def _note_sent(self, mail: Mapping[str, Any], **values: Any) -> None:
        """Note that a mail went out, and of an invitation also with who is invited."""
        now = utc_now()
        if mail["kind"] == "invitation":
            data = {"__entity_type__": "ReviewSessionInvitee", "last_sent_at": now}
            try:
                self._server.perform(
                    {
                        "action": "update",
                        "entity_type": "ReviewSessionInvitee",
                        "entity_key": [mail["subject_id"]],
                        "entity_data": data,
                    }
                )
            except ServerFault as fault:
                # Who was removed meanwhile.
                if fault.status != 404:
                    raise
        with self._server.store.write() as connection:
            # The text holds the personal link, which only its recipient should have.
            ledger.update_mail(connection, mail["id"], sent_at=now, message="", **values)

    def _keep_unconfirmed(self, mail: Mapping[str, Any], error: UnconfirmedError) -> None:
        """Note that a mail may have arrived. It is left to people to send it again."""
        reason = _describe_failure(error, self._smtp)
        self._logger.error("Mail %s to %s may have arrived: %s", mail["id"], mail["recipient"], reason)
        self._note_sent(mail, state="unconfirmed", error=reason)
        self._server.report_failure(
            f"The mail {mail['subject']!r} to {mail['recipient']} may have arrived or not. It is not sent again by "
            "itself",
            reason,
        )

    def _deliver(self, mail: Mapping[str, Any]) -> None:
        content = mail["message"].encode("utf-8", "surrogateescape")
        if self._smtp is None:
            self._keep(mail, content)
            return
        message: Any = BytesParser(policy=policy.SMTP).parsebytes(content)

        def begin() -> None:
            with self._server.store.write() as connection:
                until = _later(utc_now(), _SENDING_S)
                ledger.update_mail(connection, mail["id"], state="sending", next_attempt_at=until)

        self._delivery = Delivery(self._smtp, sending=begin)
        try:
            self._delivery.send(message, self.sender, mail["recipient"])
        finally:
            self._delivery = None

    def _keep(self, mail: Mapping[str, Any], content: bytes) -> None:
        """Write the mail into the outbox; others see it whole or not at all."""
        os.makedirs(self._outbox, mode=0o700, exist_ok=True)
        stamp = re.sub(r"\D", "", mail["created_at"])
        recipient = re.sub(r"[^A-Za-z0-9.@_-]", "_", mail["recipient"])[:80]
        name = f"{stamp}-{mail['kind']}-{recipient}-{mail['id'][:8]}.eml"
        scratch = os.path.join(self._outbox, f".{uuid.uuid4().hex}.part")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(scratch, os.path.join(self._outbox, name))

    def _fail(self, mail: Mapping[str, Any], error: Exception) -> None:
        reason = _describe_failure(error, self._smtp)
        attempts = mail["attempts"]
        if attempts <= len(RETRY_AFTER_S) and not _is_final(error):
            wait_s = RETRY_AFTER_S[attempts - 1]
            self._logger.warning(
                "Mail %s to %s failed and is tried again in %d s: %s",
                mail["id"],
                mail["recipient"],
                wait_s,
                reason,
            )
            with self._server.store.write() as connection:
                due = _later(utc_now(), wait_s)
                ledger.update_mail(connection, mail["id"], state="queued", next_attempt_at=due, error=reason)
            # Who puts mail into the outbox at once does not come back for it.
            self._deliver_later()
            return
        self._logger.error("Mail %s to %s was given up: %s", mail["id"], mail["recipient"], reason)
        with self._server.store.write() as connection:
            ledger.update_mail(connection, mail["id"], state="failed", message="", error=reason)
        self._server.report_failure(
            f"The mail {mail['subject']!r} to {mail['recipient']} could not be delivered", reason
        )


def handle_send_review_session_invite(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Queue the invitation with the personal link of an invitee. One that is still on its way is not doubled."""
    invitee = _find(context, "ReviewSessionInvitee", action.get("review_session_invitee_id"), "invitee")
    session = _find(context, "ReviewSession", invitee.get("review_session_id"), "review session")
    project = context.rows.get(context.catalogue.types["Project"], (session.get("project_id"),))
    recipient = _check_recipient(invitee.get("email"))
    underway = ledger.list_mail(context.connection, subject_id=invitee.key[0])
    if any(mail["state"] in _OPEN and mail["recipient"] == recipient for mail in underway):
        return {"sent": True}
    inviter = _person(context, context.caller.user_id)
    token = access.issue_link(context.connection, invitee.key[0], now=context.now)
    objects = context.rows.having(
        context.catalogue.types["ReviewSessionObject"],
        context.catalogue.types["ReviewSessionObject"].columns["review_session_id"],
        [session.key[0]],
    )
    objects = sorted(objects, key=lambda row: row.get("sort_order") or 0)
    pictures = _pictures(context, objects)
    values = {
        "invitee_name": _one_line(invitee.get("name") or ""),
        "session_name": session.get("name"),
        "description": session.get("description"),
        "project_name": (project.get("full_name") or project.get("name")) if project else None,
        "inviter_name": inviter["name"],
        "start": _readable(session.get("start_date")),
        "end": _readable(session.get("end_date")),
        "titles": [row.get("name") for row in objects if row.get("name")][:12],
        "pictures": [{"name": name, "title": title} for name, title, _ in pictures],
        "object_count": len(objects),
        "needs_passphrase": bool(session.get("passphrase_enabled") and session.get("passphrase")),
        "link": f"{context.base_url()}/review/{token}",
    }
    message = compose(
        "invitation",
        values,
        subject=f"{inviter['name']} invites you to review {session.get('name')}",
        sender=(f"{inviter['name']} (ftrack-review)", context.server.mailer.sender),
        recipient=(invitee.get("name"), recipient),
        reply_to=inviter["email"],
    )
    review_mail.attach_pictures(message, {name: content for name, _, content in pictures})
    context.server.mailer.queue(
        context, message, kind="invitation", subject_id=invitee.key[0], recipient=recipient
    )
    return {"sent": True}


def _pictures(context: Any, objects: List[Any]) -> List[Tuple[str, str, bytes]]:
    """Return the name, the title and the JPEG of the first *objects* that have one, made before the transaction."""
    found = []
    version = context.catalogue.types["AssetVersion"]
    for row in objects[: review_mail.MOST_PICTURES]:
        shown = context.rows.get(version, (row.get("version_id"),)) if row.get("version_id") else None
        content = review_mail.picture_of(context.server, shown.get("thumbnail_id") if shown else None)
        if content is not None:
            found.append((f"{row.key[0]}@ftrack-review", row.get("name") or "", content))
    return found


def handle_send_user_invite(context: Any, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Queue the mail that tells a user of the server's address and their name there."""
    permissions.require_administrator(context, "invite users")
    user = _find(context, "User", action.get("user_id"), "user")
    recipient = _check_recipient(user.get("email"))
    inviter = _person(context, context.caller.user_id)
    person = _person(context, user.key[0])
    values = {
        "user_name": person["name"],
        "username": user.get("username"),
        "inviter_name": inviter["name"],
        "server_url": context.base_url(),
    }
    message = compose(
        "welcome",
        values,
        subject=f"{inviter['name']} invites you to ftrack",
        sender=(f"{inviter['name']} (ftrack-review)", context.server.mailer.sender),
        recipient=(person["name"], recipient),
        reply_to=inviter["email"],
    )
    context.server.mailer.queue(context, message, kind="welcome", subject_id=user.key[0], recipient=recipient)
    return {"sent": True}


def _find(context: Any, entity_type: str, entity_id: Any, word: str) -> Any:
    """Return the row of an entity that the action names."""
    if not isinstance(entity_id, str) or not entity_id:
        raise validation_error(f"The id of the {word} is missing: {describe(entity_id)}.")
    entity = context.catalogue.types[entity_type]
    row = context.rows.get(entity, (entity_id,))
    if row is None or row.name not in entity.concrete_types:
        raise not_found(f"There is no {word} {describe(entity_id)}.")
    return row


def _person(context: Any, user_id: Optional[str]) -> Dict[str, Optional[str]]:
    """Return the name, as people write it, and the e-mail of the user *user_id*."""
    row = context.rows.get(context.catalogue.types["User"], (user_id,)) if user_id else None
    if row is None:
        return {"name": "Someone", "email": None}
    name = " ".join(part for part in (row.get("first_name"), row.get("last_name")) if part)
    return {"name": name or row.get("username") or row.get("email") or "Someone", "email": row.get("email")}


def is_address(text: Optional[str]) -> bool:
    """Return whether *text* can be an e-mail address."""
    return bool(text and _ADDRESS.match(text))


def _check_recipient(email: Optional[str]) -> str:
    if not email or not is_address(email):
        raise validation_error(f"{describe(email)} is no e-mail address, so nothing was sent.", "email")
    return email


def compose(
    template: str,
    values: Mapping[str, Any],
    *,
    subject: str,
    sender: Tuple[str, str],
    recipient: Tuple[Optional[str], str],
    reply_to: Optional[str],
) -> EmailMessage:
    """Return the mail made from the text and the HTML *template*."""
    from ftrack_review.server.template import render

    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = _one_line(subject)
    message["From"] = formataddr((_one_line(sender[0]), sender[1]))
    message["To"] = formataddr((_one_line(recipient[0] or ""), recipient[1]))
    if reply_to and _ADDRESS.match(reply_to):
        message["Reply-To"] = reply_to
    message["Date"] = format_datetime(dt.datetime.now(dt.timezone.utc))
    message["Message-ID"] = make_msgid(domain=sender[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render(f"{template}.txt", values))
    message.add_alternative(render(f"{template}.html", values), subtype="html")
    return message


def _one_line(text: str) -> str:
    """Return *text* as it may stand in a header: without line breaks and other control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", " ", text).split())[:200]


def _readable(time: Optional[str]) -> Optional[str]:
    """Return a stored time as people read it."""
    if not time:
        return None
    parsed = _parse(time)
    return f"{parsed.day} {parsed:%B %Y, %H:%M} UTC"


def _parse(time: str) -> dt.datetime:
    return dt.datetime.fromisoformat(time)


def _later(time: str, seconds: float) -> str:
    return (_parse(time) + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def _is_final(error: Exception) -> bool:
    """Return whether trying again cannot help: the other side said never (5xx), or the text is no mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return isinstance(error, ValueError)


def _describe_failure(error: Exception, smtp: Optional[MailServer]) -> str:
    where = f"{smtp.host}:{smtp.port}" if smtp else "the outbox folder"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{where} did not take the user name and password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers: List[str] = []
        for code, text in error.recipients.values():
            answers.append(f"{code} {text.decode('utf-8', 'replace')}")
        return f"{where} refused the recipient ({'; '.join(answers)})"
    return f"{where}: {error or type(error).__name__}"


def failure_data(title: str, reason: str) -> str:
    """Return the ``data`` of a Job that tells of a failure."""
    return json.dumps({"description": f"{title}: {reason}", "error": reason})
