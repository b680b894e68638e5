"""Bring back what people did in a review that travelled: a file of answers, by person and object, safe to repeat.

The file comes from outside, so nothing in it is taken on trust: it is for one review session, by one person who
is invited, and about objects that are there.
"""

from __future__ import annotations

import os
import unicodedata
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Union

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import remark, settlement
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering, invitation, keeping, noting, schedule
from ftrack_review.review.answering import Answers
from ftrack_review.review.opinion import shortened, threads, word_for

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.review.opinion import Comment, Feedback, InviteeState, ObjectFeedback, Vote
    from ftrack_review.session import Session

__all__ = ["Answer", "Merge", "merge"]

# From this and the ids in the file come the ids of notes, so that one file makes the same notes each time.
_NAMESPACE = uuid.UUID("6f6e5f3c-52c1-4c0f-9d1e-6f2f0c6b7a11")


@dataclass(frozen=True)
class Answer:
    """One vote or comment of the file: *action* is ``added``, ``changed``, ``present``, ``kept`` or ``skipped``.

    ``kept`` is a vote or comment that was changed on the server since; it and ``skipped`` say why in *reason*.
    """

    action: str
    kind: str
    object_name: str
    text: str
    reason: str = ""

    def __str__(self) -> str:
        """Return it as people read it."""
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.action}: {self.kind} on {self.object_name}: {shortened(self.text)}{why}"


@dataclass(frozen=True)
class Merge:
    """What merging a file did."""

    review_session_id: str
    person: str
    answers: Tuple[Answer, ...]

    def __str__(self) -> str:
        """Return it as people read it."""
        return "\n".join([f"{self.person}:", *(f"  {answer}" for answer in self.answers or ("nothing",))])

    def count(self, action: str) -> int:
        """Return how many answers were ``added``, ``changed``, ``present``, ``kept`` or ``skipped``."""
        return sum(1 for answer in self.answers if answer.action == action)


def merge(
    session: Session,
    path: Union[str, os.PathLike[str]],
    *,
    review_session: Optional[Entity] = None,
    invite: bool = False,
    skip_unknown: bool = False,
    dry_run: bool = False,
) -> Merge:
    """Write the votes and comments of the file of answers *path* to the review session it is for.

    The person is found among the invited by id, e-mail or name; *invite* invites who is not. Repeating it adds
    nothing; a later file of the same person adds and changes what is new, in whatever order they are merged. Votes and
    comments keep the time when they were given. A vote that the person has given or withdrawn since stays so, and a
    vote on a version that was replaced since is skipped. *skip_unknown* skips answers about
    objects that are not in the review any more. *review_session* refuses answers to any other. With *dry_run*
    nothing is written. Pending operations of the session are committed.

    Raise :exc:`~ftrack_review.exception.ReviewError` for a file that is damaged, for another review, by
    somebody who is not invited or only watches, or about unknown objects, and
    :exc:`~ftrack_review.exception.ReviewClosedError` when the review session is closed. Nothing is written then.

    Example::

        print(ftrack_review.review.merge(session, "answers-Ada.json"))

    .. versionadded:: 3.1.0
    """
    answers = Answers(os.fspath(path))
    target = _find_session(session, answers, review_session)
    schedule.require_open(target)
    feedback = gathering.feedback(target)
    objects = {item.id: item for item in feedback.objects}
    entries = (*answers.votes, *answers.notes, *answers.edits)
    unknown = sorted({entry["object_id"] for entry in entries} - objects.keys())
    if unknown and not skip_unknown:
        raise ReviewError(
            f"{answers.path} is about {len(unknown)} objects that are not in {feedback.name!r} (any more), such as "
            f"{unknown[0]}. Leave them out with skip_unknown=True (--skip-unknown)."
        )
    invitee = _find_person(target, feedback, answers, invite=invite, dry_run=dry_run)
    work = _Merging(session, feedback, objects, answers, invitee, dry_run=dry_run)
    work.upload_pictures()
    work.merge_votes(target)
    work.merge_notes()
    work.merge_edits()
    if not dry_run:
        session.commit()
    name = str(invitee["name"]) if invitee is not None else answers.name
    return Merge(target["id"], name, tuple(work.done))


class _Merging:
    """One merge while it is made."""

    def __init__(
        self,
        session: Session,
        feedback: Feedback,
        objects: Mapping[str, ObjectFeedback],
        answers: Answers,
        invitee: Optional[Entity],
        *,
        dry_run: bool,
    ) -> None:
        self._session = session
        self._feedback = feedback
        self._objects = objects
        self._answers = answers
        self._invitee = invitee
        self._dry_run = dry_run
        self._ids = {entry["id"]: self._note_id(entry["id"]) for entry in answers.notes}
        self._present = self._known(self._ids.values()) if self._ids else {}
        self._pictures: Dict[str, str] = {}
        self._settled: Dict[str, str] = {}
        self.done: List[Answer] = []

    def upload_pictures(self) -> None:
        """Upload the pictures of new comments before anything is queued, so that the rest goes in one request."""
        for entry in self._answers.notes:
            is_new = self._ids[entry["id"]] not in self._present and entry["object_id"] in self._objects
            if entry["picture"] is not None and is_new and not self._dry_run:
                self._pictures[entry["id"]] = noting.upload_picture(self._session, entry["picture"])["id"]

    def merge_votes(self, review_session: Entity) -> None:
        """Queue the votes, of several on one object the last, and up to when they are settled."""
        key = settlement.key(self._invitee["id"] if self._invitee is not None else "")
        kept = keeping.read(review_session).get(key) if self._answers.votes else None
        self._settled = settlement.decode(kept)
        votes = sorted(self._answers.votes, key=lambda entry: entry["created_at"])
        for entry in {entry["object_id"]: entry for entry in votes}.values():
            item = self._objects.get(entry["object_id"])
            word = word_for(entry["status"]) if entry["status"] else "withdrawn"
            if item is None:
                self._note("skipped", "vote", entry["object_id"], word, "not in the review any more")
                continue
            present = next(
                (v for v in item.votes if self._invitee and v.invitee_id == self._invitee["id"]), None
            )
            action, reason = self._judge(entry, item, present)
            if action in ("added", "changed"):
                self._vote(entry)
            if action != "skipped" and not (action == "present" and entry["is_ahead"]):
                settlement.settle(self._settled, item.id, _settled_time(entry))
            self._note(action, "vote", item.name, word, reason)
        text = settlement.encode(self._settled)
        if self._settled and text != kept and self._invitee is not None and not self._dry_run:
            keeping.write(review_session, key, text)

    def _judge(
        self, entry: Mapping[str, Any], item: ObjectFeedback, present: Optional[Vote]
    ) -> Tuple[str, str]:
        """Return what becomes of a vote where the person has the vote *present*, and why."""
        given_at, time = present.created_at if present is not None else None, entry["created_at"]
        # Servers keep whole seconds. Who votes the same again, later, may thereby outvote another approver.
        is_known = given_at is None or entry["is_ahead"] or time.floor("second") <= given_at
        if (present.status if present is not None else None) == entry["status"] and is_known:
            return "present", ""
        replaced_at = item.former[-1].replaced_at if item.former else None
        if replaced_at is not None and time < replaced_at:
            return "skipped", f"{item.version} has taken its place"
        is_settled = _settled_time(entry) <= self._settled.get(item.id, "")
        if is_settled or (given_at is not None and given_at > time):
            since = f"voted {word_for(present.status)} since" if present is not None else "withdrawn since"
            return "kept", since
        return ("changed" if present is not None else "added"), ""

    def _vote(self, entry: Mapping[str, Any]) -> None:
        if self._dry_run or self._invitee is None:
            return
        data: Dict[str, Any] = {
            "review_session_object_id": entry["object_id"],
            "review_session_invitee_id": self._invitee["id"],
        }
        if entry["status"] is not None:
            self._session.create(
                "ReviewSessionObjectStatus",
                {**data, "status": entry["status"], "created_at": entry["created_at"]},
            )
            return
        criteria = " and ".join(f"{name} is {quote(value)}" for name, value in data.items())
        for row in self._session.query(f"select id from ReviewSessionObjectStatus where {criteria}").all():
            self._session.delete(row)

    def merge_notes(self) -> None:
        """Queue the comments."""
        entries = self._answers.notes
        if not entries:
            return
        ids, known = self._ids, self._present
        parents = self._parents(entries, ids)
        author = noting.author_id(self._session, self._invitee) if not self._dry_run else ""
        # The first of a thread first, as the others refer to it.
        for entry in sorted(entries, key=lambda entry: (entry["reply_to"] is not None, entry["created_at"])):
            item = self._objects.get(entry["object_id"])
            text = entry["content"] or "(a drawing)"
            if item is None:
                self._note("skipped", "comment", entry["object_id"], text, "not in the review any more")
                continue
            present = known.get(ids[entry["id"]])
            if present is not None:
                self._renew(present, entry, item)
                continue
            if not self._dry_run:
                self._write(entry, item, ids[entry["id"]], parents[entry["id"]], author)
            self._note("added", "comment", item.name, text)

    def _parents(self, entries: List[Dict[str, Any]], ids: Mapping[str, str]) -> Dict[str, Optional[str]]:
        """Return the id of the note that each comment answers, None where that is not there: what was said stays.

        An answer is about the same object as what it answers, and no comment answers itself by way of others.
        """
        own = {entry["id"]: entry for entry in entries}
        there = {comment.id: item.id for item in self._feedback.objects for comment in threads(item.comments)}

        def ends(entry: Mapping[str, Any]) -> bool:
            seen = set()
            while entry["reply_to"] in own and entry["id"] not in seen:
                seen.add(entry["id"])
                entry = own[entry["reply_to"]]
            return entry["id"] not in seen

        found: Dict[str, Optional[str]] = {}
        for entry in entries:
            parent = entry["reply_to"]
            about = own[parent]["object_id"] if parent in own else there.get(parent)
            is_sound = about == entry["object_id"] and ends(entry)
            found[entry["id"]] = ids.get(parent, parent) if parent is not None and is_sound else None
        return found

    def _write(
        self,
        entry: Mapping[str, Any],
        item: ObjectFeedback,
        note_id: str,
        reply_to: Optional[str],
        author: str,
    ) -> None:
        parent: Any = self._session.get("ReviewSessionObject", item.id)
        noting.write(
            parent,
            entry["content"],
            user_id=author,
            frame=entry["frame"],
            invitee_id=self._invitee["id"] if self._invitee is not None else None,
            in_reply_to_id=reply_to,
            drawing=entry["drawing"],
            picture_id=self._pictures.get(entry["id"]),
            note_id=note_id,
            date=entry["created_at"],
        )

    def _renew(self, present: Entity, entry: Mapping[str, Any], item: ObjectFeedback) -> None:
        text = entry["content"] or "(a drawing)"
        if present["content"] == entry["content"]:
            self._note("present", "comment", item.name, text)
            return
        self._say(present, entry["content"])
        self._note("changed", "comment", item.name, text)

    def _say(self, note: Entity, text: str) -> None:
        """Queue another text of a note, which in a moderated review has to be released again."""
        if not self._dry_run:
            note["content"] = text
            note["metadata"].pop(remark.RELEASED_KEY, None)

    def merge_edits(self) -> None:
        """Queue the changes to what the person had said before the review travelled."""
        for entry in self._answers.edits:
            item = self._objects.get(entry["object_id"])
            if item is None:
                reason = "not in the review any more"
                self._note("skipped", "comment", entry["object_id"], entry["content"] or "deleted", reason)
                continue
            present = next((comment for comment in threads(item.comments) if comment.id == entry["id"]), None)
            self._edit(entry, item, present)

    def _edit(self, entry: Mapping[str, Any], item: ObjectFeedback, present: Optional[Comment]) -> None:
        content, text = entry["content"], entry["content"] or "deleted"
        if present is None or present.text == content:
            # Gone on the server, or there already.
            gone = "" if content is None or present is not None else "it was deleted on the server since"
            self._note("skipped" if gone else "present", "comment", item.name, text, gone)
        elif self._invitee is None or present.invitee_id != self._invitee["id"]:
            self._note("skipped", "comment", item.name, text, f"{present.author or 'somebody else'} wrote it")
        elif present.text not in entry["was"]:
            self._note("kept", "comment", item.name, present.text, "changed on the server since")
        elif content is None and any(
            reply.invitee_id != present.invitee_id for reply in threads(present.replies)
        ):
            self._note("kept", "comment", item.name, present.text, "others have replied to it")
        else:
            note: Any = self._session.get("Note", present.id)
            if content is not None:
                self._say(note, content)
            elif not self._dry_run:
                self._session.delete(note)
            self._note("changed", "comment", item.name, text)

    def _known(self, ids: Any) -> Dict[str, Entity]:
        rows = self._session.query(f"select content from Note where id in {quote_list(ids)}")
        return {row["id"]: row for row in rows}

    def _note_id(self, identifier: str) -> str:
        """Return the id of a note: of the person's own, so that no file can speak of another's."""
        whose = self._answers.email.lower() or self._answers.person_id or ""
        return str(uuid.uuid5(_NAMESPACE, f"{self._feedback.id}\n{whose}\n{identifier}"))

    def _note(self, action: str, kind: str, name: str, text: str, reason: str = "") -> None:
        self.done.append(Answer(action, kind, name, text, reason))


def _settled_time(entry: Mapping[str, Any]) -> str:
    return str(entry["created_at"].datetime.strftime(settlement.TIME_FORMAT))


def _find_session(session: Session, answers: Answers, expected: Optional[Entity]) -> Entity:
    if expected is not None and expected["id"] != answers.session_id:
        raise ReviewError(
            f"{answers.path} answers another review session ({answers.session_id}), not {expected['name']!r}."
        )
    found = session.query(
        f"select name, is_open, project_id from ReviewSession where id is {quote(answers.session_id)}"
    ).first()
    if found is None:
        raise ReviewError(
            f"{answers.path} answers the review session {answers.session_id}, which {session.server_url} does not "
            "have. Name the server that it was exported from."
        )
    return found


def _find_person(
    review_session: Entity, feedback: Feedback, answers: Answers, *, invite: bool, dry_run: bool
) -> Optional[Entity]:
    """Return the invitee whose answers they are, None for one who would be invited in a dry run."""
    state = _invited(feedback, answers)
    if state is not None:
        if state.role == roles.OBSERVER:
            raise ReviewError(f"{state.name} is an observer of {feedback.name!r} and takes no part in it.")
        found: Entity = review_session.session.get("ReviewSessionInvitee", state.id)
        return found
    if not invite:
        raise ReviewError(
            f"{answers.name} <{answers.email}> is not invited to {feedback.name!r}. Invite the person, or merge with "
            "invite=True (--invite)."
        )
    if dry_run:
        return None
    made: Any = invitation.invite(review_session, answers.name, answers.email)
    review_session.session.commit()
    return made  # type: ignore[no-any-return]


def _invited(feedback: Feedback, answers: Answers) -> Optional[InviteeState]:
    """Return who it is by id, e-mail or, where one alone is called so, name: whom the page takes the person for."""
    for state in feedback.invitees:
        if answers.person_id is not None and state.id == answers.person_id:
            return state
    for state in feedback.invitees:
        if answers.email and (state.email or "").lower() == answers.email.lower():
            return state
    called = [state for state in feedback.invitees if _plain(state.name) == _plain(answers.name)]
    return called[0] if len(called) == 1 else None


def _plain(name: Optional[str]) -> str:
    return " ".join(unicodedata.normalize("NFKC", name or "").lower().split())
