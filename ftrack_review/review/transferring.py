"""Move or copy notes between objects of a review, versions and tasks, with everything that belongs to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import remark, succession
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering, keeping, noting, tracing
from ftrack_review.review.opinion import plain_time, shortened
from ftrack_review.review.uniting import Uniting

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["COPIED_KEY", "Transfer", "TransferredNote", "transfer", "transfer_feedback"]

#: Under this key the metadata of a copy has the id of the note that it ultimately came from.
COPIED_KEY = remark.COPIED_KEY

# The pictures of drawings on an object of a review.
_PICTURES = "ReviewSessionObjectAnnotationComponent"


@dataclass(frozen=True)
class TransferredNote:
    """What became of one note: *action* is ``copied``, ``moved``, ``present`` or ``differs``.

    ``present`` is there already, as the note itself or a copy of it, ``differs`` too, and its text was changed on
    either side since.
    """

    action: str
    source_id: str
    note_id: str
    source: str
    target: str
    text: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.action}: {self.source} -> {self.target}: {shortened(self.text)}"


@dataclass(frozen=True)
class Transfer:
    """What a transfer did, note by note."""

    notes: Tuple[TransferredNote, ...]

    def __str__(self) -> str:
        """Return it as people read it."""
        return "\n".join(map(str, self.notes)) or "nothing to transfer"

    def having(self, action: str) -> Tuple[TransferredNote, ...]:
        """Return those that were ``copied`` or ``moved``, are ``present``, or ``differs``."""
        return tuple(note for note in self.notes if note.action == action)


def transfer_feedback(
    review: Entity, *, to: str = "version", move: bool = False, dry_run: bool = False
) -> Transfer:
    """Copy the notes of a review session, or of one of its objects, to the version or task that they are about.

    *to* is ``version`` or ``task``; objects whose version has no task are left out. A note that was written before
    :meth:`replace` goes to the version, or its task, that was shown then. Author, date, frame, drawing, attachments,
    labels, to-do state and replies go along. A note is not copied to where it came from or where it was copied to
    before, in whatever direction, so that it can be run after each round; new replies to it are.

    With *move* the notes leave the review, which has to be open, and take the place of copies made before, with what
    was answered to those; where the note itself is there, what was copied from it goes into it. Where the text of a
    copy that would end was changed, the thread stays, which is told as ``differs``, and what is new in it is copied.
    Comments that a moderated review holds back stay where they are.

    Everything is queued: :meth:`Session.commit` sends it. With *dry_run* nothing is queued.

    Example::

        print(review_session.transfer_feedback(to="task"))
        session.commit()

    .. versionadded:: 3.1.0
    """
    if to not in ("version", "task"):
        raise ReviewError(f"Feedback goes to the version or the task, not to {to!r}.")
    session = review.session
    is_object = review.entity_type == "ReviewSessionObject"
    criteria = f"{'id' if is_object else 'review_session_id'} is {quote(review['id'])}"
    objects = session.query(
        "select name, version_id, review_session.is_moderated, review_session.project_id "
        f"from ReviewSessionObject where {criteria} order by sort_order"
    ).all()
    if not objects:
        return Transfer(())
    review_session = objects[0]["review_session"]
    return _transfer(objects, _aim(review_session, objects, to), move=move, dry_run=dry_run)


def transfer(source: Entity, target: Entity, *, move: bool = False, dry_run: bool = False) -> Transfer:
    """Copy, or *move*, the notes of *source* to *target*: review objects, versions, tasks, whatever has notes.

    See :func:`transfer_feedback`, which finds the targets itself.

    .. versionadded:: 3.1.0
    """
    for entity in (source, target):
        if "notes" not in entity.session.schema[entity.entity_type].attributes:
            raise ReviewError(f"{entity!r} cannot have notes.")
    if source["id"] == target["id"]:
        raise ReviewError("Notes cannot be transferred to where they are.")
    return _transfer([source], lambda note, source: target, move=move, dry_run=dry_run)  # noqa: ARG005 - one for all.


# Which entity a note on another one goes to, None for none.
_Aim = Callable[["Entity", "Entity"], Optional["Entity"]]


def _aim(review_session: Entity, objects: Sequence[Entity], to: str) -> _Aim:
    """Return what finds the version, or its task, that a note on one of *objects* is about."""
    kept = keeping.read(review_session)
    former = {item["id"]: succession.decode(kept.get(succession.key(item["id"]))) for item in objects}
    ids = {item["version_id"] for item in objects}
    ids.update(entry["version_id"] for entries in former.values() for entry in entries)
    rows = review_session.session.query(
        "select version, asset.name, task.name, task.parent.name from AssetVersion "
        f"where id in {quote_list(sorted(key for key in ids if key))}"
    )
    versions = {row["id"]: row for row in rows}

    def aim(note: Entity, item: Entity) -> Optional[Entity]:
        entry = succession.entry_at(former[item["id"]], note["id"], plain_time(note["date"]))
        version = versions.get(entry["version_id"] if entry is not None else item["version_id"])
        return version["task"] if to == "task" and version is not None else version

    return aim


class _Step(NamedTuple):
    """A note that begins a thread, and where it goes."""

    note: Entity
    source: Entity
    target: Entity


def _transfer(sources: Sequence[Entity], aim: _Aim, *, move: bool, dry_run: bool) -> Transfer:
    session = sources[0].session
    notes = gathering.read_notes_on(session, (source["id"] for source in sources))
    begun: Dict[str, List[Entity]] = defaultdict(list)
    for note in notes:
        if not note["in_reply_to_id"]:
            begun[note["parent_id"]].append(note)
    steps = []
    for source in sources:
        for note in begun[source["id"]]:
            target = aim(note, source)
            if target is not None and not remark.is_held(
                note["metadata"], is_moderated=_is_moderated(source)
            ):
                steps.append(_Step(note, source, target))
    if not steps:
        return Transfer(())
    work = _Work(session, steps, notes, dry_run=dry_run)
    for step in steps:
        if move:
            work.move(step)
        else:
            work.copy(step)
    if not dry_run:
        work.finish()
    return Transfer(tuple(work.done))


def _is_moderated(entity: Entity) -> bool:
    return bool(entity.entity_type == "ReviewSessionObject" and entity["review_session"]["is_moderated"])


class _Work:
    """The notes to transfer, what is at their targets already, and what was done."""

    def __init__(
        self, session: Any, steps: Sequence[_Step], notes: Sequence[Entity], *, dry_run: bool
    ) -> None:
        self._session = session
        self._dry_run = dry_run
        self._replies: Dict[str, List[Entity]] = defaultdict(list)
        for note in notes:
            if note["in_reply_to_id"]:
                self._replies[note["in_reply_to_id"]].append(note)
        there = gathering.read_notes_on(session, sorted({step.target["id"] for step in steps}))
        self._origins = tracing.origins(session, [*notes, *there])
        #: What is at a target already, by the note that it ultimately came from and the target: that, or a copy.
        self._at: Dict[Tuple[str, str], Entity] = {}
        for note in there:
            origin = self._origins[note["id"]]
            key = (origin, _parent_of(note))
            if key not in self._at or note["id"] == origin:
                self._at[key] = note
        places = [place for step in steps for place in (step.source, step.target)]
        objects = sorted({place["id"] for place in places if place.entity_type == "ReviewSessionObject"})
        self._drawings = _read_drawings(session, objects)
        self._pictures = _read_pictures(session, objects)
        self._uniting = Uniting(session, self._origins)
        self.done: List[TransferredNote] = []

    def copy(self, step: _Step) -> None:
        """Copy a note with its replies."""
        copy_id = self._copy(step.note, step, None)
        for reply in self._thread(step.note):
            if not remark.is_held(reply["metadata"], is_moderated=_is_moderated(step.source)):
                self._copy(reply, step, copy_id)

    def move(self, step: _Step) -> None:
        """Move a note with its replies, unless the changed text of a copy would end."""
        thread = [step.note, *self._thread(step.note)]
        if any(self._is_loss(note, step.target) for note in thread):
            self.copy(step)
            return
        for note in thread:
            twin = self._twin(note, step.target)
            is_first = twin is not None and twin["id"] == self._origins[note["id"]]
            stays = twin if is_first and twin is not None else note
            if not self._dry_run:
                if is_first:
                    self._uniting.add(note, stays)
                    self._drop_drawing(note)
                    self._drop_pictures(note, step.source)
                else:
                    self._move(note, step)
                    if twin is not None:
                        # Its pictures are those of the note that takes its place.
                        self._uniting.add(twin, stays)
                        self._drop_drawing(twin)
            self._at[(self._origins[note["id"]], step.target["id"])] = stays
            self._tell("moved", note, stays["id"], step)

    def finish(self) -> None:
        """Queue what can only be done once it is known what became of all notes."""
        self._uniting.finish()

    def _twin(self, note: Entity, target: Entity) -> Optional[Entity]:
        """Return what is at the *target* already of the note that *note* ultimately came from."""
        return self._at.get((self._origins[note["id"]], target["id"]))

    def _is_loss(self, note: Entity, target: Entity) -> bool:
        twin = self._twin(note, target)
        if twin is None or twin["content"] == note["content"]:
            return False
        return tracing.is_changed_copy(note if twin["id"] == self._origins[note["id"]] else twin)

    def _thread(self, note: Entity) -> Iterator[Entity]:
        for reply in self._replies.get(note["id"], ()):
            yield reply
            yield from self._thread(reply)

    def _copy(self, note: Entity, step: _Step, in_reply_to_id: Optional[str]) -> str:
        target, origin = step.target, self._origins[note["id"]]
        twin = self._twin(note, target)
        if twin is not None:
            action = "present" if twin["content"] == note["content"] else "differs"
            self._tell(action, note, twin["id"], step)
            return str(twin["id"])
        if self._dry_run:
            self._at[(origin, target["id"])] = note
            self._tell("copied", note, "", step)
            return ""
        links = list(note["note_components"])
        drawn = [link["component_id"] for link in links if link.entity_type == "NoteAnnotationComponent"]
        picture_id = drawn[0] if drawn else None
        made = noting.write(
            target,
            note["content"] or "",
            user_id=note["user_id"],
            frame=gathering.frame_of(note),
            invitee_id=note["metadata"].get(remark.INVITEE_KEY) or None,
            in_reply_to_id=in_reply_to_id,
            drawing=self._drawing(note),
            picture_id=picture_id,
            is_picture_known=(target["id"], picture_id) in self._pictures,
            attachment_ids=[link["component_id"] for link in links if link["component_id"] != picture_id],
            label_ids=_label_ids(note),
            metadata=tracing.mark(note, origin),
            date=note["date"],
        )
        for name in ("is_todo", "completed_at"):
            if note[name]:
                made[name] = note[name]
        if picture_id is not None:
            self._pictures.setdefault((target["id"], picture_id), None)
        self._at[(origin, target["id"])] = made
        self._tell("copied", note, made["id"], step)
        return str(made["id"])

    def _drawing(self, note: Entity) -> Optional[str]:
        metadata: Mapping[str, str] = note["metadata"]
        drawn = self._drawings.get(metadata.get(remark.ANNOTATION_KEY) or "")
        return drawn if drawn is not None else metadata.get(remark.DRAWING_KEY)

    def _move(self, note: Entity, step: _Step) -> None:
        """Let a note be on the target, with its drawing and its pictures."""
        source, target = step.source, step.target
        if source.entity_type == "ReviewSessionObject":
            drawing, metadata = self._drawing(note), note["metadata"]
            drawn_id = metadata.get(remark.ANNOTATION_KEY) or ""
            if target.entity_type == "ReviewSessionObject":
                if drawn_id in self._drawings:
                    row = self._session.get("ReviewSessionObjectAnnotation", drawn_id)
                    row["review_session_object_id"] = target["id"]
            else:
                self._drop_drawing(note)
                metadata.pop(remark.ANNOTATION_KEY, None)
                if drawing is not None:
                    metadata[remark.DRAWING_KEY] = drawing
            self._move_pictures(note, source, target)
        if note["parent_id"]:
            note["parent_id"] = target["id"]
            note["parent_type"] = target.entity_type

    def _move_pictures(self, note: Entity, source: Entity, target: Entity) -> None:
        for link in note["note_components"]:
            key = (source["id"], link["component_id"])
            row = self._pictures.pop(key, None)
            if row is None:
                continue
            there = (target["id"], link["component_id"])
            if target.entity_type == "ReviewSessionObject" and there not in self._pictures:
                data = {"component_id": row["component_id"], "frame_number": row["frame_number"]}
                made = self._session.create(_PICTURES, {**data, "review_session_object_id": target["id"]})
                self._pictures[there] = made
            self._session.delete(row)

    def _drop_drawing(self, note: Entity) -> None:
        """Leave no drawing of a note behind that ends, or that takes it along in its metadata."""
        drawn_id = note["metadata"].get(remark.ANNOTATION_KEY) or ""
        if self._drawings.pop(drawn_id, None) is not None:
            self._session.delete(self._session.get("ReviewSessionObjectAnnotation", drawn_id))

    def _drop_pictures(self, note: Entity, place: Entity) -> None:
        for link in note["note_components"]:
            row = self._pictures.pop((place["id"], link["component_id"]), None)
            if row is not None:
                self._session.delete(row)

    def _tell(self, action: str, note: Entity, note_id: str, step: _Step) -> None:
        names = (gathering.name_of(step.source), gathering.name_of(step.target))
        self.done.append(TransferredNote(action, note["id"], note_id, *names, note["content"] or ""))


def _read_drawings(session: Any, objects: Sequence[str]) -> Dict[str, str]:
    """Return the drawings on *objects* by their ids."""
    if not objects:
        return {}
    found = gathering.read_annotations(session, quote_list(objects))
    return {drawn.id: drawn.data for drawings in found.values() for drawn in drawings}


def _read_pictures(session: Any, objects: Sequence[str]) -> Dict[Tuple[str, str], Optional[Entity]]:
    """Return the pictures of drawings on *objects* by the ids of the object and of the picture."""
    if not objects or _PICTURES not in session.types:
        return {}
    rows = session.query(
        f"select component_id, frame_number, review_session_object_id from {_PICTURES} "
        f"where review_session_object_id in {quote_list(objects)}"
    )
    return {(row["review_session_object_id"], row["component_id"]): row for row in rows}


def _parent_of(note: Entity) -> str:
    answered = note["in_reply_to"] if note["in_reply_to_id"] else None
    return str((answered["parent_id"] if answered is not None else None) or note["parent_id"])


def _label_ids(note: Entity) -> List[str]:
    return [link["label_id"] for link in note["note_label_links"]] if "note_label_links" in note else []
