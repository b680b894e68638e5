"""Move or copy notes between objects of a review, versions and tasks, with everything that belongs to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ftrack_review.exception import ReviewError
from ftrack_review.protocol import remark
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.review import gathering, noting
from ftrack_review.review.opinion import shortened

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["COPIED_KEY", "Transfer", "TransferredNote", "transfer", "transfer_feedback"]

#: Under this key the metadata of a copy has the id of the note that it was made from.
COPIED_KEY = "ftrack_review.copied_from"

_KINDS = ("ReviewSessionObject", "AssetVersion")


@dataclass(frozen=True)
class TransferredNote:
    """What became of one note: *action* is ``copied``, ``moved``, ``present`` or ``differs``.

    ``present`` was copied before, ``differs`` too, and its text was changed on either side since.
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

    *to* is ``version`` or ``task``; objects whose version has no task are left out. Author, date, frame, drawing,
    attachments, labels, to-do state and replies go along. A note that was copied before is not copied again, so that
    it can be run after each round; new replies to it are. With *move* the notes leave the review, which has to be
    open, and take the place of copies made before, with what was answered to those. Comments that a moderated review
    holds back stay where they are.

    Everything is queued: :meth:`Session.commit` sends it. With *dry_run* nothing is queued.

    Example::

        print(review_session.transfer_feedback(to="task"))
        session.commit()

    .. versionadded:: 3.1.0
    """
    if to not in ("version", "task"):
        raise ReviewError(f"Feedback goes to the version or the task, not to {to!r}.")
    session = review.session
    criteria = "id" if review.entity_type == "ReviewSessionObject" else "review_session_id"
    objects = session.query(
        "select name, version_id, review_session.is_moderated, asset_version.asset.name, asset_version.version, "
        "asset_version.task.name, asset_version.task.parent.name "
        f"from ReviewSessionObject where {criteria} is {quote(review['id'])} order by sort_order"
    ).all()
    pairs = []
    for item in objects:
        version = item["asset_version"]
        target = version["task"] if to == "task" and version is not None else version
        if target is not None:
            pairs.append((item, target))
    return _transfer(pairs, move=move, dry_run=dry_run)


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
    return _transfer([(source, target)], move=move, dry_run=dry_run)


def _transfer(pairs: Sequence[Tuple[Entity, Entity]], *, move: bool, dry_run: bool) -> Transfer:
    if not pairs:
        return Transfer(())
    session = pairs[0][0].session
    sources = [source["id"] for source, _ in pairs]
    notes = gathering.read_notes_on(session, sources)
    work = _Work(session, notes, quote_list(sources), dry_run=dry_run)
    for source, target in pairs:
        moderated = source.entity_type == "ReviewSessionObject" and source["review_session"]["is_moderated"]
        for note in notes:
            if note["in_reply_to_id"] or note["parent_id"] != source["id"]:
                continue
            if remark.is_held(note["metadata"], is_moderated=moderated):
                continue
            work.carry(note, source, target, move=move, moderated=bool(moderated))
    return Transfer(tuple(work.done))


class _Work:
    """The notes to transfer, what was copied before, and what was done."""

    def __init__(self, session: Any, notes: Sequence[Entity], keys: str, *, dry_run: bool) -> None:
        self._session = session
        self._dry_run = dry_run
        self._replies: Dict[str, List[Entity]] = defaultdict(list)
        for note in notes:
            if note["in_reply_to_id"]:
                self._replies[note["in_reply_to_id"]].append(note)
        self._copies: Dict[Tuple[str, str], Entity] = self._find_copies(notes)
        self._drawings = {
            drawn.id: drawn.data
            for found in gathering.read_annotations(session, keys).values()
            for drawn in found
        }
        self.done: List[TransferredNote] = []

    def _find_copies(self, notes: Sequence[Entity]) -> Dict[Tuple[str, str], Entity]:
        """Return the copies by the id of the note they were made from and of the entity they are on."""
        if not notes:
            return {}
        keys = quote_list(note["id"] for note in notes)
        rows = self._session.query(
            f'select parent_id, value from Metadata where key is "{COPIED_KEY}" and value in {keys}'
        ).all()
        copies = {row["parent_id"]: row["value"] for row in rows}
        if not copies:
            return {}
        found = self._session.query(
            "select content, is_todo, completed_at, parent_id, in_reply_to_id, in_reply_to.parent_id "
            f"from Note where id in {quote_list(copies)}"
        )
        return {(copies[note["id"]], _parent_of(note)): note for note in found}

    def carry(self, note: Entity, source: Entity, target: Entity, *, move: bool, moderated: bool) -> None:
        """Copy or move a note with its replies."""
        if move:
            self._move(note, source, target)
            return
        copy_id = self._copy(note, source, target, None)
        for reply in self._thread(note):
            if not remark.is_held(reply["metadata"], is_moderated=moderated):
                self._copy(reply, source, target, copy_id)

    def _thread(self, note: Entity) -> List[Entity]:
        found = []
        for reply in self._replies.get(note["id"], ()):
            found.append(reply)
            found.extend(self._thread(reply))
        return found

    def _copy(self, note: Entity, source: Entity, target: Entity, in_reply_to_id: Optional[str]) -> str:
        known = self._copies.get((note["id"], target["id"]))
        if known is not None:
            action = "present" if known["content"] == note["content"] else "differs"
            self._note(action, note, known["id"], source, target)
            return str(known["id"])
        if self._dry_run:
            self._note("copied", note, "", source, target)
            return ""
        links = list(note["note_components"])
        drawn = [link["component_id"] for link in links if link.entity_type == "NoteAnnotationComponent"]
        made = noting.write(
            target,
            note["content"] or "",
            user_id=note["user_id"],
            frame=gathering.frame_of(note),
            in_reply_to_id=in_reply_to_id,
            drawing=self._drawing(note),
            picture_id=drawn[0] if drawn else None,
            attachment_ids=[link["component_id"] for link in links if link["component_id"] not in drawn[:1]],
            label_ids=_label_ids(note),
            metadata=self._marked(note),
            date=note["date"],
        )
        for name in ("is_todo", "completed_at"):
            if note[name]:
                made[name] = note[name]
        self._note("copied", note, made["id"], source, target)
        return str(made["id"])

    def _marked(self, note: Entity) -> Dict[str, str]:
        kept: Dict[str, str] = {COPIED_KEY: note["id"]}
        invitee_id = note["metadata"].get(remark.INVITEE_KEY)
        if invitee_id:
            kept[remark.INVITEE_KEY] = invitee_id
        return kept

    def _drawing(self, note: Entity) -> Optional[str]:
        metadata: Mapping[str, str] = note["metadata"]
        drawn = self._drawings.get(metadata.get(remark.ANNOTATION_KEY) or "")
        return drawn if drawn is not None else metadata.get(remark.DRAWING_KEY)

    def _move(self, note: Entity, source: Entity, target: Entity) -> None:
        thread = [note, *self._thread(note)]
        if not self._dry_run:
            self._replace_copies(thread, target)
        for moved in thread:
            if not self._dry_run:
                self._move_drawing(moved, source, target)
                if moved["parent_id"]:
                    moved["parent_id"] = target["id"]
                    moved["parent_type"] = target.entity_type
            self._note("moved", moved, moved["id"], source, target)

    def _replace_copies(self, thread: Sequence[Entity], target: Entity) -> None:
        """Let the notes of *thread* take the place of what was copied of them to *target* before."""
        found = [(note, self._copies.get((note["id"], target["id"]))) for note in thread]
        copies = {copy["id"]: (note, copy) for note, copy in found if copy is not None}
        if not copies:
            return
        keys = quote_list(copies)
        for reply in self._session.query(
            f"select in_reply_to_id from Note where in_reply_to_id in {keys}"
        ).all():
            if reply["id"] not in copies:
                # Said where the copy is.
                reply["in_reply_to_id"] = copies[reply["in_reply_to_id"]][0]["id"]
        # Replies before what they answer.
        for note, copy in reversed(list(copies.values())):
            for name in ("is_todo", "completed_at"):
                if copy[name] and not note[name]:
                    note[name] = copy[name]
            self._session.delete(copy)

    def _move_drawing(self, note: Entity, source: Entity, target: Entity) -> None:
        """Take the drawing of a note along, and leave none behind on the object that it was on."""
        drawing, metadata = self._drawing(note), note["metadata"]
        if source.entity_type != "ReviewSessionObject":
            return
        drawn_id = metadata.get(remark.ANNOTATION_KEY) or ""
        if drawn_id in self._drawings:
            row = self._session.get("ReviewSessionObjectAnnotation", drawn_id)
            if target.entity_type == "ReviewSessionObject":
                row["review_session_object_id"] = target["id"]
            else:
                self._session.delete(row)
                del metadata[remark.ANNOTATION_KEY]
        if drawing is not None and target.entity_type != "ReviewSessionObject":
            metadata[remark.DRAWING_KEY] = drawing
        self._move_pictures(note, source, target)

    def _move_pictures(self, note: Entity, source: Entity, target: Entity) -> None:
        kind = "ReviewSessionObjectAnnotationComponent"
        ids = [link["component_id"] for link in note["note_components"]]
        if kind not in self._session.types or not ids:
            return
        keys = quote_list(ids)
        rows = self._session.query(
            f"select component_id, frame_number from {kind} where component_id in {keys} "
            f"and review_session_object_id is {quote(source['id'])}"
        ).all()
        for row in rows:
            if target.entity_type == "ReviewSessionObject":
                data = {"component_id": row["component_id"], "frame_number": row["frame_number"]}
                self._session.create(kind, {**data, "review_session_object_id": target["id"]})
            self._session.delete(row)

    def _note(self, action: str, note: Entity, note_id: str, source: Entity, target: Entity) -> None:
        self.done.append(
            TransferredNote(
                action,
                note["id"],
                note_id,
                gathering.name_of(source),
                gathering.name_of(target),
                note["content"] or "",
            )
        )


def _parent_of(note: Entity) -> str:
    parent = note["parent_id"]
    if not parent and note["in_reply_to"] is not None:
        parent = note["in_reply_to"]["parent_id"]
    return str(parent)


def _label_ids(note: Entity) -> List[str]:
    return [link["label_id"] for link in note["note_label_links"]] if "note_label_links" in note else []
