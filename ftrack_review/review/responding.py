"""What reviewers said: votes and comments, given and read.

Giving feedback queues operations, as creating an entity does; reading it asks the server, in a number of
requests that does not grow with the review.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = [
    "STATUSES",
    "Annotation",
    "Comment",
    "Feedback",
    "InviteeState",
    "ObjectFeedback",
    "Vote",
    "comment",
    "comments",
    "feedback",
    "overall_status",
    "reply",
    "vote",
    "votes",
]

#: The votes that a reviewer can give.
STATUSES = ("approved", "require_changes", "seen")

# Under these keys a note says who of the invited wrote it and for which frame; ftrack's own client reviews
# have written them since before Note.frame_number existed (ftrack-connect-spark, source/saga/note.js).
_INVITEE_KEY = "inviteeId"
_FRAME_KEY = "reviewFrame"


@dataclass(frozen=True)
class Vote:
    """What one invitee decided about one object, and when (:class:`arrow.Arrow`, UTC)."""

    invitee_id: Optional[str]
    name: str
    email: str
    role: str
    status: str
    created_at: Any


@dataclass(frozen=True)
class Comment:
    """A note on an object, with its replies from first to last. *frame* is None for the whole object."""

    id: str
    text: str
    frame: Optional[int]
    author: str
    created_at: Any
    completed: bool
    replies: Tuple[Comment, ...]


@dataclass(frozen=True)
class Annotation:
    """A drawing on a frame. *data* is the drawing as ftrack stores it, JSON text of no public form."""

    frame: int
    data: str
    created_at: Any


@dataclass(frozen=True)
class ObjectFeedback:
    """Everything said about one object. *status* is what the votes come to, None while nobody has voted."""

    id: str
    name: str
    version: str
    status: Optional[str]
    votes: Tuple[Vote, ...]
    comments: Tuple[Comment, ...]
    annotations: Tuple[Annotation, ...]


@dataclass(frozen=True)
class InviteeState:
    """One invited person, and when the invitation was last sent, None where it never was."""

    id: str
    name: str
    email: str
    role: str
    last_sent_at: Any
    votes: int


@dataclass(frozen=True)
class Feedback:
    """The state of a review session: its objects in order, with what was said, and who was invited."""

    id: str
    name: str
    is_open: bool
    objects: Tuple[ObjectFeedback, ...]
    invitees: Tuple[InviteeState, ...]

    @property
    def votes(self) -> Tuple[Vote, ...]:
        """The votes on all objects."""
        return tuple(vote for item in self.objects for vote in item.votes)

    @property
    def comments(self) -> Tuple[Comment, ...]:
        """The comments on all objects, without their replies."""
        return tuple(comment for item in self.objects for comment in item.comments)


def vote(review_session_object: Entity, status: str, invitee: Entity) -> Entity:
    """Record the vote of *invitee* and return the new ReviewSessionObjectStatus.

    *status* is ``approved``, ``require_changes`` or ``seen``. A later vote of the same person on the same
    object replaces this one. It is queued: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` for another status, or for an invitee of another
    review session.

    .. versionadded:: 0.1
    """
    if status not in STATUSES:
        raise ReviewError(f"A vote is one of {', '.join(STATUSES)}, not {status!r}.")
    if getattr(invitee, "entity_type", None) != "ReviewSessionInvitee":
        raise ReviewError(f"Only a ReviewSessionInvitee can vote, not {invitee!r}. Invite the person first.")
    theirs, ours = invitee["review_session"], review_session_object["review_session"]
    if theirs is not ours:
        raise ReviewError(
            f"{invitee['name']} is invited to {_name(theirs)!r}, not to {_name(ours)!r}. "
            "Invite the person to this review session as well."
        )
    data = {"review_session_object": review_session_object, "invitee": invitee, "status": status}
    return review_session_object.session.create("ReviewSessionObjectStatus", data)


def comment(
    review_session_object: Entity,
    text: str,
    *,
    frame: Optional[int] = None,
    invitee: Optional[Entity] = None,
) -> Entity:
    """Write a note on the object and return it.

    *frame* is the number of the frame it is about, as the reviewer sees it, None for the whole object.
    With *invitee* the note is theirs, otherwise it is the session user's. It is queued:
    :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` for an empty *text* or a *frame* that is no number.

    .. versionadded:: 0.1
    """
    return _write_note(review_session_object, review_session_object, text, frame, invitee, None)


def reply(
    review_session_object: Entity, note: Entity, text: str, *, invitee: Optional[Entity] = None
) -> Entity:
    """Answer a *note* on the object and return the answer, a note as well.

    With *invitee* the answer is theirs, otherwise it is the session user's. It is queued:
    :meth:`Session.commit` sends it.

    .. versionadded:: 0.1
    """
    return _write_note(review_session_object, review_session_object, text, None, invitee, note)


def votes(review_session_object: Entity) -> Tuple[Vote, ...]:
    """Return the current vote of each invitee on the object, oldest first.

    .. versionadded:: 0.1
    """
    return _feedback_of(review_session_object).votes


def comments(review_session_object: Entity) -> Tuple[Comment, ...]:
    """Return the notes on the object with their replies, oldest first.

    .. versionadded:: 0.1
    """
    return _feedback_of(review_session_object).comments


def overall_status(review_session_object: Entity) -> Optional[str]:
    """Return what the votes on the object come to, None while nobody has voted.

    Where the session has approvers, they decide; otherwise one ``require_changes`` outweighs everything
    and ``approved`` needs all votes (:func:`ftrack_review.protocol.role.overall_status`).

    .. versionadded:: 0.1
    """
    return _feedback_of(review_session_object).status


def feedback(review_session: Entity) -> Feedback:
    """Return everything that was said in *review_session*, as typed values.

    It is read from the server, so what is still queued is not in it. The number of requests depends on the
    kinds of things there are, never on how many.

    Example::

        for item in review_session.feedback().objects:
            print(item.name, item.status, [comment.text for comment in item.comments])

    .. versionadded:: 0.1
    """
    session, key = review_session.session, review_session["id"]
    found = session.query(f"select name, is_open from ReviewSession where id is {quote(key)}").one()
    role_of = roles_of(review_session)
    invitees = session.query(
        "select name, email, last_sent_at from ReviewSessionInvitee "
        f"where review_session_id is {quote(key)} order by created_at"
    ).all()
    objects = session.query(
        "select name, version, description, sort_order from ReviewSessionObject "
        f"where review_session_id is {quote(key)} order by sort_order"
    ).all()
    read = _read_objects(session, objects, invitees, role_of)
    counts: Dict[Optional[str], int] = defaultdict(int)
    for item in read:
        for given in item.votes:
            counts[given.invitee_id] += 1
    return Feedback(
        id=key,
        name=found["name"],
        is_open=bool(found["is_open"]),
        objects=tuple(read),
        invitees=tuple(
            InviteeState(
                id=invitee["id"],
                name=invitee["name"],
                email=invitee["email"],
                role=role_of.get(invitee["id"], roles.REVIEWER),
                last_sent_at=invitee["last_sent_at"],
                votes=counts[invitee["id"]],
            )
            for invitee in invitees
        ),
    )


def roles_of(review_session: Entity) -> Mapping[str, str]:
    """Return the roles of the invitees of *review_session* by their ids; who is missing is a reviewer."""
    schema = review_session.session.schema
    on_session = "metadata" in schema["ReviewSession"].attributes
    parent = review_session["id"] if on_session else review_session["project_id"]
    key = roles.SESSION_KEY if on_session else roles.project_key(review_session["id"])
    row = review_session.session.query(
        f"select value from Metadata where parent_id is {quote(parent)} and key is {quote(key)}"
    ).first()
    return roles.decode(row["value"] if row else None)


def _feedback_of(review_session_object: Entity) -> ObjectFeedback:
    review_session = review_session_object["review_session"]
    session = review_session_object.session
    invitees = session.query(
        f"select name, email from ReviewSessionInvitee where review_session_id is {quote(review_session['id'])}"
    ).all()
    return _read_objects(session, [review_session_object], invitees, roles_of(review_session))[0]


def _write_note(
    review_session_object: Entity,
    parent: Entity,
    text: str,
    frame: Optional[int],
    invitee: Optional[Entity],
    in_reply_to: Optional[Entity],
) -> Entity:
    session = review_session_object.session
    if not text or not text.strip():
        raise ReviewError("A comment needs a text.")
    if frame is not None and (isinstance(frame, bool) or not isinstance(frame, int)):
        raise ReviewError(f"A comment is about a frame given by its number, an integer, not {frame!r}.")
    note = session.schema["Note"].attributes
    data: Dict[str, Any] = {
        "content": text,
        "parent_id": parent["id"],
        "parent_type": parent.entity_type,
        "user_id": _author_id(session, invitee),
    }
    metadata: Dict[str, str] = {}
    if invitee is not None:
        metadata[_INVITEE_KEY] = invitee["id"]
    if frame is not None:
        metadata[_FRAME_KEY] = json.dumps({"number": frame})
        if "frame_number" in note:
            data["frame_number"] = frame
    if in_reply_to is not None:
        data["in_reply_to"] = in_reply_to
    if metadata:
        data["metadata"] = metadata
    return session.create("Note", data)


def _author_id(session: Session, invitee: Optional[Entity]) -> str:
    """Return the account that a note is written by: the guest's where there is one, else the caller's."""
    if invitee is not None and "resource_id" in session.schema["ReviewSessionInvitee"].attributes:
        resource = invitee["resource_id"]
        if resource and session.schema["Note"].attributes["author"].target == "BaseUser":
            return str(resource)
    user = session.query(f"select id from User where username is {quote(session.api_user)}").one()
    return str(user["id"])


def _read_objects(
    session: Session, objects: Sequence[Entity], invitees: Iterable[Entity], role_of: Mapping[str, str]
) -> List[ObjectFeedback]:
    if not objects:
        return []
    people = {invitee["id"]: invitee for invitee in invitees}
    keys = "({})".format(", ".join(quote(item["id"]) for item in objects))
    votes_of = _read_votes(session, keys, people, role_of)
    comments_of = _read_comments(session, keys, people)
    annotations_of = _read_annotations(session, keys)
    return [
        ObjectFeedback(
            id=item["id"],
            name=item["name"],
            version=item["version"],
            status=roles.overall_status(
                [(given.role, given.status, given.created_at) for given in votes_of[item["id"]]]
            ),
            votes=tuple(votes_of[item["id"]]),
            comments=tuple(comments_of[item["id"]]),
            annotations=tuple(annotations_of[item["id"]]),
        )
        for item in objects
    ]


def _read_votes(
    session: Session, keys: str, people: Mapping[str, Entity], role_of: Mapping[str, str]
) -> Dict[str, List[Vote]]:
    current: Dict[Tuple[str, str], Vote] = {}
    rows = session.query(
        "select status, created_at, review_session_object_id, review_session_invitee_id "
        f"from ReviewSessionObjectStatus where review_session_object_id in {keys} order by created_at"
    )
    for row in rows:
        invitee_id = row["review_session_invitee_id"]
        person = people.get(invitee_id)
        # Other tools may leave several rows for one person; the newest is the one that counts.
        current[(row["review_session_object_id"], invitee_id or row["id"])] = Vote(
            invitee_id=invitee_id,
            name=person["name"] if person else "",
            email=person["email"] if person else "",
            role=role_of.get(invitee_id, roles.REVIEWER),
            status=row["status"],
            created_at=row["created_at"],
        )
    found: Dict[str, List[Vote]] = defaultdict(list)
    for (object_id, _), given in current.items():
        found[object_id].append(given)
    for given_votes in found.values():
        given_votes.sort(key=lambda given: given.created_at)
    return found


def _read_comments(session: Session, keys: str, people: Mapping[str, Entity]) -> Dict[str, List[Comment]]:
    frame = "frame_number, " if "frame_number" in session.schema["Note"].attributes else ""
    rows = session.query(
        f"select content, {frame}date, completed_at, parent_id, in_reply_to_id, user_id, author.first_name, "
        "author.last_name, metadata.key, metadata.value from Note "
        f"where parent_id in {keys} or in_reply_to.parent_id in {keys} order by date"
    ).all()
    replies: Dict[str, List[Entity]] = defaultdict(list)
    for row in rows:
        if row["in_reply_to_id"]:
            replies[row["in_reply_to_id"]].append(row)
    found: Dict[str, List[Comment]] = defaultdict(list)
    for row in rows:
        if not row["in_reply_to_id"]:
            found[row["parent_id"]].append(_read_comment(row, replies, people))
    return found


def _read_comment(row: Entity, replies: Mapping[str, List[Entity]], people: Mapping[str, Entity]) -> Comment:
    metadata = row["metadata"]
    frame = row.get("frame_number")
    if frame is None and _FRAME_KEY in metadata:
        frame = _frame_of(metadata[_FRAME_KEY])
    person = people.get(metadata[_INVITEE_KEY]) if _INVITEE_KEY in metadata else None
    return Comment(
        id=row["id"],
        text=row["content"] or "",
        frame=frame,
        author=person["name"] if person else _full_name(row["author"]),
        created_at=row["date"],
        completed=row["completed_at"] is not None,
        replies=tuple(_read_comment(answer, replies, people) for answer in replies.get(row["id"], ())),
    )


def _read_annotations(session: Session, keys: str) -> Dict[str, List[Annotation]]:
    found: Dict[str, List[Annotation]] = defaultdict(list)
    if "ReviewSessionObjectAnnotation" not in session.schema:
        return found
    for row in session.query(
        "select frame_number, data, created_at, review_session_object_id from ReviewSessionObjectAnnotation "
        f"where review_session_object_id in {keys} order by created_at"
    ):
        found[row["review_session_object_id"]].append(
            Annotation(frame=row["frame_number"], data=row["data"] or "", created_at=row["created_at"])
        )
    return found


def _frame_of(text: str) -> Optional[int]:
    """Return the number in a note's frame metadata, None where other tools wrote something else."""
    try:
        return int(json.loads(text)["number"])
    except (ValueError, TypeError, KeyError):
        return None


def _full_name(author: Optional[Entity]) -> str:
    # The author of a review note may be gone, and a guest has no more than a first name.
    if not author:
        return ""
    return " ".join(part for part in (author["first_name"], author["last_name"]) if part)


def _name(review_session: Optional[Entity]) -> str:
    return str(review_session["name"]) if review_session else "no review session"
