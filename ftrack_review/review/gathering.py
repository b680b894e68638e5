"""Read what was said in a review, in a number of requests that does not grow with it."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ftrack_review.protocol import remark, succession
from ftrack_review.protocol import role as roles
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import keeping
from ftrack_review.review.opinion import (
    Annotation,
    Attachment,
    Comment,
    Feedback,
    FormerVersion,
    InviteeState,
    ObjectFeedback,
    Vote,
    plain_time,
)

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = [
    "build_comment",
    "build_vote",
    "feedback",
    "feedback_of",
    "frame_of",
    "has",
    "label_of",
    "name_of",
    "project_name",
    "read_annotations",
    "read_notes",
    "read_notes_on",
    "roles_of",
]

# The action of the events by which the embedded server keeps votes that were replaced.
_FORMER_VOTE = "review_session_object_status.replaced"


def feedback(review_session: Entity, *, since: Any = None, open_only: bool = False) -> Feedback:
    """Return everything that was said in *review_session*, as typed values.

    It is read from the server, so what is still queued is not in it. The number of requests depends on the
    kinds of things there are, never on how many.

    *since* (:class:`arrow.Arrow`, :class:`datetime.datetime` or ISO 8601 text) leaves what was said from then on,
    *open_only* the objects that are not approved yet or have open points
    (:meth:`~ftrack_review.review.opinion.Feedback.only`).

    Example::

        for item in review_session.feedback().objects:
            print(item.name, item.status, [comment.text for comment in item.comments])

    .. versionadded:: 3.1.0
    """
    session, key = review_session.session, review_session["id"]
    found = session.query(
        "select name, description, is_open, start_date, end_date, created_at, is_moderated, "
        "project.full_name, project.name, "
        f"created_by.first_name, created_by.last_name from ReviewSession where id is {quote(key)}"
    ).one()
    invitees = session.query(
        "select name, email, last_sent_at, created_at from ReviewSessionInvitee "
        f"where review_session_id is {quote(key)} order by created_at"
    ).all()
    objects = session.query(
        "select name, version, version_id, description, sort_order, asset_version.version from ReviewSessionObject "
        f"where review_session_id is {quote(key)} order by sort_order"
    ).all()
    role_of, read = _read_objects(review_session, found, objects, invitees)
    counts: Dict[Optional[str], int] = defaultdict(int)
    for item in read:
        for given in item.votes:
            counts[given.invitee_id] += 1
    result = Feedback(
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
                created_at=invitee["created_at"],
            )
            for invitee in invitees
        ),
        description=found["description"] or "",
        project=project_name(found["project"]),
        owner=_full_name(found["created_by"]),
        created_at=found["created_at"],
        start_date=found["start_date"],
        end_date=found["end_date"],
        is_moderated=bool(found["is_moderated"]),
    )
    return result.only(since=since, open_only=open_only)


def feedback_of(review_session_object: Entity) -> ObjectFeedback:
    """Return everything that was said about one object."""
    review_session = review_session_object["review_session"]
    session = review_session_object.session
    invitees = session.query(
        f"select name, email from ReviewSessionInvitee where review_session_id is {quote(review_session['id'])}"
    ).all()
    return _read_objects(review_session, review_session, [review_session_object], invitees)[1][0]


def roles_of(review_session: Entity) -> Mapping[str, str]:
    """Return the roles of the invitees of *review_session* by their ids; who is missing is a reviewer."""
    return keeping.roles_in(review_session, keeping.read(review_session))


def has(session: Session, entity_type: str, attribute: str) -> bool:
    """Return whether the server's *entity_type* exists and has *attribute*."""
    return entity_type in session.schema and attribute in session.schema[entity_type].attributes


def _read_objects(
    review_session: Entity,
    found: Entity,
    objects: Sequence[Entity],
    invitees: Iterable[Entity],
) -> Tuple[Mapping[str, str], List[ObjectFeedback]]:
    """Return the roles of people and everything about *objects*; *found* is the session with what was read."""
    kept, first_frames = keeping.read_with_versions(review_session, (item["version_id"] for item in objects))
    role_of = keeping.roles_in(review_session, kept)
    if not objects:
        return role_of, []
    session = review_session.session
    people = {invitee["id"]: invitee for invitee in invitees}
    keys = quote_list(item["id"] for item in objects)
    votes_of = _read_votes(session, keys, people, role_of)
    history_of = _read_history(session, keys, people, role_of)
    annotations_of = read_annotations(session, keys)
    drawings = {drawn.id: drawn for found in annotations_of.values() for drawn in found}
    entries_of = {item["id"]: succession.decode(kept.get(succession.key(item["id"]))) for item in objects}
    moderated = bool(found["is_moderated"])
    notes = read_notes_on(session, (item["id"] for item in objects))
    comments_of = _build_comments(notes, people, drawings, moderated)
    read = []
    for item in objects:
        key, entries = item["id"], entries_of[item["id"]]
        former = _former(entries)
        label, first_frame = label_of(item), first_frames.get(item["version_id"] or "", 1)
        read.append(
            ObjectFeedback(
                id=key,
                name=item["name"] or "",
                version=label,
                status=roles.overall_status(
                    [(given.role, given.status, given.created_at) for given in votes_of[key]]
                ),
                votes=tuple(votes_of[key]),
                comments=tuple(
                    _labelled(comment, entries, label, first_frame) for comment in comments_of[key]
                ),
                annotations=tuple(annotations_of[key]),
                version_id=item["version_id"],
                description=item["description"] or "",
                history=tuple(_same_version(history_of[key], former)),
                former=former,
                first_frame=first_frame,
            )
        )
    return role_of, read


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
        # Other tools may leave several rows for one person; the newest is the one that counts.
        current[(row["review_session_object_id"], invitee_id or row["id"])] = build_vote(
            invitee_id, row["status"], row["created_at"], people, role_of
        )
    found: Dict[str, List[Vote]] = defaultdict(list)
    for (object_id, _), given in current.items():
        found[object_id].append(given)
    for given_votes in found.values():
        given_votes.sort()
    return found


def build_vote(
    invitee_id: Optional[str],
    status: str,
    created_at: Any,
    people: Mapping[str, Entity],
    role_of: Mapping[str, str],
) -> Vote:
    """Return a vote as a value; *people* are invitees and *role_of* their roles by id."""
    person = people.get(invitee_id) if invitee_id else None
    return Vote(
        invitee_id=invitee_id,
        name=person["name"] if person else "",
        email=person["email"] if person else "",
        role=role_of.get(invitee_id or "", roles.REVIEWER),
        status=status,
        created_at=created_at,
    )


def _read_history(
    session: Session, keys: str, people: Mapping[str, Entity], role_of: Mapping[str, str]
) -> Dict[str, List[Vote]]:
    """Return the votes that were replaced by later ones of the same person, where the server keeps them."""
    import arrow

    found: Dict[str, List[Vote]] = defaultdict(list)
    if not has(session, "Event", "parent_id"):
        return found
    rows = session.query(
        f'select data, parent_id from Event where action is "{_FORMER_VOTE}" and parent_id in {keys}'
    )
    for row in rows:
        try:
            former = json.loads(row["data"] or "")
            given_at = arrow.get(former["created_at"]) if former.get("created_at") else None
            vote = build_vote(
                former.get("review_session_invitee_id"), former["status"], given_at, people, role_of
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # Of another kind, as anyone may write events.
        found[row["parent_id"]].append(vote)
    for votes in found.values():
        votes.sort()
    return found


def _same_version(history: Iterable[Vote], former: Sequence[FormerVersion]) -> List[Vote]:
    """Return the earlier votes on the present version."""
    if not former or former[-1].replaced_at is None:
        return list(history)
    return [vote for vote in history if vote.created_at is None or vote.created_at >= former[-1].replaced_at]


def _former(entries: Iterable[Mapping[str, Any]]) -> Tuple[FormerVersion, ...]:
    return tuple(
        FormerVersion(
            version_id=entry["version_id"],
            label=entry["label"],
            name=entry["name"],
            replaced_at=_time(entry["replaced_at"]),
            votes=tuple(
                Vote(
                    invitee_id=vote["invitee_id"] or None,
                    name=vote["name"],
                    email=vote["email"],
                    role=vote["role"] or roles.REVIEWER,
                    status=vote["status"],
                    created_at=_time(vote["created_at"]),
                )
                for vote in entry["votes"]
            ),
        )
        for entry in entries
    )


def _time(text: str) -> Any:
    import arrow

    try:
        return arrow.get(text) if text else None
    except (ValueError, arrow.parser.ParserError):
        return None


def _labelled(
    comment: Comment, entries: Sequence[Mapping[str, Any]], label: str, first_frame: int
) -> Comment:
    """Return the comment, and its replies, with the label of the version that was up when it was written."""
    entry = succession.entry_at(entries, comment.id, plain_time(comment.created_at))
    replies = tuple(_labelled(reply, entries, label, first_frame) for reply in comment.replies)
    found = entry["label"] if entry is not None else label
    return dataclasses.replace(comment, version=found, replies=replies, first_frame=first_frame)


def read_notes_on(session: Session, ids: Iterable[str]) -> List[Entity]:
    """Return the notes on the entities with these *ids*, and the answers to them; see :func:`read_notes`."""
    keys = quote_list(ids)
    return read_notes(session, f"parent_id in {keys} or in_reply_to.parent_id in {keys}")


def read_notes(session: Session, criteria: str) -> List[Entity]:
    """Return the notes that meet *criteria* with everything that belongs to them, oldest first, in one request."""
    parts = [
        "content, date, completed_at, is_todo, parent_id, parent_type, in_reply_to_id, in_reply_to.parent_id, user_id",
        "author.first_name, author.last_name, metadata.key, metadata.value",
        "note_components.component_id, note_components.component.name, note_components.component.file_type",
    ]
    if has(session, "Note", "frame_number"):
        parts.append("frame_number")
    if has(session, "BaseUser", "email"):
        parts.append("author.email")
    if has(session, "Note", "note_label_links"):
        parts.append("note_label_links.label_id, note_label_links.label.name")
    query = f"select {', '.join(parts)} from Note where {criteria} order by date"
    return list(session.query(query).all())


def _build_comments(
    rows: Sequence[Entity],
    people: Mapping[str, Entity],
    drawings: Mapping[str, Annotation],
    moderated: bool,
) -> Dict[str, List[Comment]]:
    replies: Dict[str, List[Entity]] = defaultdict(list)
    for row in rows:
        if row["in_reply_to_id"]:
            replies[row["in_reply_to_id"]].append(row)

    found: Dict[str, List[Comment]] = defaultdict(list)
    for row in rows:
        if not row["in_reply_to_id"]:
            found[row["parent_id"]].append(
                build_comment(row, people, drawings, moderated=moderated, replies=replies)
            )
    return found


def build_comment(
    row: Entity,
    people: Mapping[str, Entity],
    drawings: Mapping[str, Annotation],
    *,
    moderated: bool,
    replies: Mapping[str, Sequence[Entity]],
) -> Comment:
    """Return a note as a value, with the replies that *replies* has by the ids of notes."""
    metadata = row["metadata"]
    invitee_id = metadata.get(remark.INVITEE_KEY)
    person = people.get(invitee_id) if invitee_id else None
    author = row["author"]
    drawn = drawings.get(metadata.get(remark.ANNOTATION_KEY) or "")
    return Comment(
        id=row["id"],
        text=row["content"] or "",
        frame=frame_of(row),
        author=person["name"] if person else _full_name(author),
        created_at=row["date"],
        completed=row["completed_at"] is not None,
        replies=tuple(
            build_comment(answer, people, drawings, moderated=moderated, replies=replies)
            for answer in replies.get(row["id"], ())
        ),
        author_email=_email(person or author),
        author_id=row["user_id"],
        invitee_id=invitee_id,
        drawing=drawn.data if drawn else metadata.get(remark.DRAWING_KEY),
        attachments=tuple(_attachments(row)),
        labels=tuple(_labels(row)),
        is_todo=bool(row["is_todo"]),
        released=not remark.is_held(metadata, is_moderated=moderated),
    )


def frame_of(row: Entity) -> Optional[int]:
    """Return the frame that a note is about, from the attribute or, on older servers, from its metadata."""
    frame = row.get("frame_number")
    if frame is None and remark.FRAME_KEY in row["metadata"]:
        frame = remark.decode_frame(row["metadata"][remark.FRAME_KEY])
    # Anybody may write what comes before the first one.
    return None if frame is None or int(frame) < 0 else int(frame)


def _attachments(row: Entity) -> Iterable[Attachment]:
    for link in row["note_components"]:
        component = link["component"]
        if component is not None:
            yield Attachment(
                component_id=link["component_id"],
                name=component["name"] or "",
                file_type=component["file_type"] or "",
                is_drawing=link.entity_type == "NoteAnnotationComponent",
            )


def _labels(row: Entity) -> Iterable[str]:
    if "note_label_links" in row:
        for link in row["note_label_links"]:
            label = link["label"]
            if label is not None:
                yield label["name"] or ""


def _email(person: Optional[Entity]) -> str:
    return str(person.get("email") or "") if person else ""


def read_annotations(session: Session, keys: str) -> Dict[str, List[Annotation]]:
    """Return the drawings on the objects whose ids are in *keys*, a list in the words of queries, by object."""
    found: Dict[str, List[Annotation]] = defaultdict(list)
    if "ReviewSessionObjectAnnotation" not in session.schema:
        return found
    for row in session.query(
        "select frame_number, data, created_at, review_session_object_id from ReviewSessionObjectAnnotation "
        f"where review_session_object_id in {keys} order by created_at"
    ):
        found[row["review_session_object_id"]].append(
            Annotation(
                frame=row["frame_number"], data=row["data"] or "", created_at=row["created_at"], id=row["id"]
            )
        )
    return found


def label_of(review_session_object: Entity) -> str:
    """Return what reviewers read for the version of an object: its label or, where nobody gave it one, the number."""
    label, version = review_session_object["version"], review_session_object["asset_version"]
    if label or version is None:
        return str(label or "")
    return f"Version {version['version'] or 1}"


def name_of(entity: Entity) -> str:
    """Return what people call a version (``comp v002``), a task (``sh010/comp``) or anything else with a name."""
    if entity.entity_type == "AssetVersion":
        asset = entity["asset"]
        return f"{asset['name'] if asset else 'version'} v{entity['version'] or 0:03d}"
    # One task of a shot is called like that of the next.
    parent = entity["parent"] if entity.entity_type == "Task" else None
    return f"{parent['name']}/{entity['name']}" if parent else str(entity["name"])


def project_name(project: Optional[Entity]) -> str:
    """Return what people call a project, as the review page does."""
    return str(project["full_name"] or project["name"] or "") if project else ""


def _full_name(author: Optional[Entity]) -> str:
    # The author of a review note may be gone, and a guest has no more than a first name.
    if not author:
        return ""
    return " ".join(part for part in (author["first_name"], author["last_name"]) if part)
