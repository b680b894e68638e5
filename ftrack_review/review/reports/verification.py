"""Check a report that was kept: whether the file is as it was made, who says so, and whether the server still agrees.

What that proves is said in the guide to reports. Anybody can write a report and seal it, so a file is proven only where
the server has a record of it, or a key has signed it. Everything else found here says what is wrong with a file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Tuple, Union

from ftrack_review.exception import ReviewError
from ftrack_review.protocol.grammar import quote
from ftrack_review.review.reports import comparison, recording
from ftrack_review.review.reports.content import contradictions
from ftrack_review.review.reports.legible import on_one_line
from ftrack_review.review.reports.opening import NOT_A_REPORT, Opened, open_report
from ftrack_review.review.reports.seal import digest_of, signature_of

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.reports.recording import Entry
    from ftrack_review.session import Session

__all__ = ["Verification", "verify"]

RECORDED, SIGNED, UNPROVEN, ALTERED, UNSEALED = "recorded", "signed", "unproven", "altered", "unsealed"

_SPOKEN = {
    RECORDED: "recorded on the server",
    SIGNED: "signed with the key",
    UNPROVEN: "whole, but not proven",
    ALTERED: "altered",
    UNSEALED: "not sealed",
}


@dataclass(frozen=True)
class Verification:
    """What checking a report came to.

    *outcome* is ``recorded`` (the server recorded this very file, or its content, from which all that it shows
    follows), ``signed`` (with the key that was given), ``unproven`` (nothing is wrong with the file itself, but anybody
    could have made it), ``altered`` or ``unsealed`` (it has no seal, or what it has is no report).

    *findings* say what was checked and what was not, a sentence each. *server* is None where no server was asked or it
    had nothing to compare with, True where it agrees and False where it does not. *content* is that of the report, None
    where the file does not hold it, and *contradictions* are what in it does not follow from the votes and comments.
    """

    path: str
    outcome: str
    findings: Tuple[str, ...]
    server: Optional[bool] = None
    digest: Optional[str] = None
    content: Optional[Mapping[str, Any]] = None
    contradictions: Tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong. That proves nothing yet about who made the file: see :attr:`is_proven`."""
        return not self.is_wrong

    @property
    def is_proven(self) -> bool:
        """Whether nothing is wrong and a record or signature proves that the file is what was made."""
        return self.outcome in (RECORDED, SIGNED) and not self.is_wrong

    @property
    def is_wrong(self) -> bool:
        """Whether something is wrong: the file is altered or not sealed, contradicts itself, or the server differs."""
        is_broken = self.outcome in (ALTERED, UNSEALED)
        return is_broken or self.server is False or bool(self.contradictions)

    def __str__(self) -> str:
        """Return it as people read it."""
        wrong = ["it contradicts itself"] if self.contradictions else []
        if self.server is False:
            wrong.append("it differs from the server")
        head = f"{on_one_line(self.path)}: {'; '.join([_SPOKEN[self.outcome], *wrong])}"
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])


def verify(
    path: Union[str, os.PathLike[str]], *, session: Optional[Session] = None, key: Optional[bytes] = None
) -> Verification:
    """Check the report in the file *path* and return what that came to.

    With *session* the server is asked whether it recorded this file, and all that the report says and the server has,
    too, is compared with what it says now. With *key* the signature is checked.

    Raise :exc:`~ftrack_review.exception.ReviewError` where there is no such file.

    .. versionadded:: 3.1.0
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise ReviewError(f"The report {name} cannot be read: {error.strerror}.") from error
    return _Check(name, open_report(data), session, key).run()


class _Check:
    """One file while it is checked."""

    def __init__(self, name: str, opened: Opened, session: Optional[Session], key: Optional[bytes]) -> None:
        self._name = name
        self._opened = opened
        self._seal = opened.sealed.seal or {}
        self._session = session
        self._key = key
        self._findings: List[str] = []
        #: Whether what the file shows follows from the content in it, None where nobody can tell.
        self._is_shown: Optional[bool] = None

    def run(self) -> Verification:
        """Check everything there is to check."""
        if self._opened.sealed.seal is None:
            return self._without_seal()
        # All are asked, so that all that is wrong is said.
        checks = [self._is_whole(), self._is_sound(), self._has_its_content(), self._has_its_look()]
        is_signed = self._is_signed()
        is_intact = all(checks) and is_signed is not False
        senseless = self._senseless()
        for found in senseless:
            self._say(f"It contradicts itself: {found}")
        recorded, agrees = None, None
        if self._session is not None and is_intact:
            recorded, agrees = self._ask_server(self._session, is_signed=is_signed is True)
        outcome = ALTERED
        if is_intact:
            outcome = RECORDED if recorded else SIGNED if is_signed else UNPROVEN
        if outcome == UNPROVEN:
            self._say(
                "So nothing proves who made it: anybody can write such a file and seal it. A record on the server "
                "(--record) proves it, or a signature (--key-file)."
            )
        return self._come_to(outcome, agrees, senseless)

    def _say(self, finding: str) -> None:
        self._findings.append(on_one_line(finding))

    def _come_to(
        self, outcome: str, agrees: Optional[bool] = None, senseless: Tuple[str, ...] = ()
    ) -> Verification:
        digest, content = self._seal.get("report"), self._opened.content
        return Verification(
            self._name, outcome, tuple(self._findings), agrees, digest, content, tuple(senseless)
        )

    def _without_seal(self) -> Verification:
        if self._opened.is_marked:
            self._say(
                "Its seal is missing, or not as it was written: the file was changed or cut, or another program saved "
                "it again."
            )
            self._say_line_ends()
            return self._come_to(ALTERED)
        self._say("It has no seal and is no report, so nothing can be said about it.")
        return self._come_to(UNSEALED)

    def _say_line_ends(self) -> None:
        if self._opened.has_other_line_ends():
            self._say(
                "Only the ends of its lines were changed, as programs for mail do. Ask for the file itself, in an "
                "archive for example."
            )

    def _is_whole(self) -> bool:
        if hashlib.sha256(self._opened.sealed.body).hexdigest() == self._seal["document"]:
            self._say("The file is whole: it is as it was when it was last sealed, by whomever.")
            return True
        self._say("The file was changed after it was sealed: its digest is not the one in the seal.")
        self._say_line_ends()
        return False

    def _is_sound(self) -> bool:
        """Return whether there is one way to read it, and every picture is the one that the content names."""
        faults = [*self._opened.faults, *self._opened.picture_faults()]
        for fault in faults:
            self._say(fault)
        return not faults

    def _has_its_content(self) -> bool:
        opened, digest = self._opened, self._seal["report"]
        if opened.content is None:
            if opened.holds_content:
                self._say("The content of the report is not in the file, or cannot be read.")
                return False
            self._say("The file does not hold the report's content for programs, only its digest.")
            # A spreadsheet has it in a row, too.
            return digest.encode("utf-8", "replace") in opened.sealed.body
        try:
            is_same = digest_of(opened.content) == digest
        except NOT_A_REPORT:
            is_same = False
        self._say(
            f"The content has the digest {digest}."
            if is_same
            else "The content was changed: its digest is not the one in the seal."
        )
        return is_same

    def _has_its_look(self) -> bool:
        """Return whether nothing is known to be shown that the content does not say."""
        opened = self._opened
        if opened.content is None:
            return True
        self._is_shown = opened.is_written_again()
        if self._is_shown:
            self._say("What it shows is what its content says: written again, it is the same file.")
            if opened.media:
                self._say("Not checked: the media that its clips refer to.")
        elif self._is_shown is False:
            self._say(
                "What it shows is not what its content says: written again from the content it is another file."
            )
        elif opened.format == "pdf":
            self._say(
                "Only the content inside was checked: what the pages of a PDF show cannot be compared with it."
            )
        else:
            self._say(
                "Only the content inside was checked, not what the file shows: it says that it was written by another "
                f"version ({self._seal.get('writer', 'an early one')}), or the packages are missing to write it again."
            )
        return self._is_shown is not False

    def _is_signed(self) -> Optional[bool]:
        """Return whether it is signed with the key, None where that is not known."""
        signature = self._seal.get("signature")
        if signature is None:
            self._say("It is not signed." if self._key is None else "It is not signed, and a key was given.")
            return None if self._key is None else False
        if self._key is None:
            self._say("It has a signature. Give the key to check it (--key-file).")
            return None
        try:
            wanted = signature_of(self._seal["report"], self._seal["document"], self._key)
            is_same = hmac.compare_digest(wanted, signature)
        except (ValueError, TypeError):
            is_same = False  # Not of ASCII.
        self._say("The signature is that of the key." if is_same else "The signature is not that of the key.")
        return is_same

    def _senseless(self) -> Tuple[str, ...]:
        """Return what does not follow from the votes in it: who writes a seal anew may forget that."""
        if self._opened.content is None:
            return ()
        try:
            return tuple(contradictions(self._opened.content))
        except NOT_A_REPORT:
            return ("what is in it is no report.",)

    def _ask_server(self, session: Session, *, is_signed: bool) -> Tuple[bool, Optional[bool]]:
        """Return whether the server recorded it, and whether it agrees."""
        content = self._opened.content
        if content is None:
            return self._find_record(session)
        try:
            key, called = str(content["session"]["id"]), str(content["session"]["name"])
            review_session = session.query(
                f"select name, project_id from ReviewSession where id is {quote(key)}"
            ).first()
            if review_session is None:
                self._say(f"{session.server_url} has no review session {key} ({called}).")
                return False, False
            entry = recording.recorded(review_session).get(self._seal["report"])
            recorded, agrees = self._check_record(review_session, entry)
            same = self._compare(review_session, content, is_proven=recorded or is_signed)
        except NOT_A_REPORT:
            self._say("What is in it is no report, so the server cannot be asked.")
            return False, False
        return recorded, agrees and same

    def _find_record(self, session: Session) -> Tuple[bool, Optional[bool]]:
        """Look for a record of a file that does not say which review session it is about."""
        agrees = None
        for review_session, entry in recording.find(session, self._seal["report"]):
            recorded, agreed = self._check_record(review_session, entry)
            if recorded:
                self._say(
                    "Its votes and comments were not compared with the server's: that needs another format."
                )
                return True, None
            agrees = None if agreed else False
        if agrees is None:
            self._say(
                "The server has no record of it (--record makes one), and without the content nothing can be compared."
            )
        return False, agrees

    def _check_record(self, review_session: Entity, entry: Optional[Entry]) -> Tuple[bool, bool]:
        """Return whether this file is on record, and whether nothing on record speaks against it."""
        if entry is None:
            self._say("The server has no record of this report (--record makes one).")
            return False, True
        where = f"the review session {review_session['name']!r} ({review_session['id']})"
        files = entry.files.get(self._opened.format, ())
        if hashlib.sha256(self._opened.data).hexdigest() in files:
            self._say(
                f"The server recorded this very file in {where}, as made at {entry.made_at} by {entry.made_by}."
            )
            return True, True
        known = f"The server recorded this report in {where}, as made at {entry.made_at} by {entry.made_by}"
        if self._is_shown and not self._opened.media:
            self._say(f"{known}: its content, from which all that this file shows follows.")
            return True, True
        if files:
            self._say(
                f"{known}, but as another file: this is not the {self._opened.format.upper()} on record."
            )
            return False, False
        self._say(f"{known}, but not this file: what it shows may be something else than what was recorded.")
        return False, True

    def _compare(self, review_session: Entity, content: Mapping[str, Any], *, is_proven: bool) -> bool:
        """Return whether the server says the same as the content, or has only been changed since it was proven."""
        found = list(comparison.differences(review_session, content))
        changes = [difference for difference in found if difference.is_usual and is_proven]
        others = [difference for difference in found if difference not in changes]
        for difference in others:
            self._say(f"Differs from the server: {difference.text}")
        for difference in changes:
            self._say(f"Changed on the server since: {difference.text}")
        if not found:
            self._say(
                "Everything in it that the server has, too, is the same there: the review session, its objects, "
                "versions, votes, comments, people and times."
            )
        elif not is_proven and any(difference.is_usual for difference in others):
            self._say(
                "Whether that was changed on the server since, or in the file, only a record or a signature tells."
            )
        covered = ", which the record or signature covers" if is_proven else ""
        self._say(f"Not compared with the server: {comparison.not_compared(content)}{covered}.")
        return not others
