"""The frames that notes and drawings of a review are about: none beyond the end of what the review shows.

How long media is, is known once it was encoded (``ftr_meta``); what is about media of unknown length is taken as it is.
Of an object whose version was replaced, the longest of its versions counts, as a note may be about a former one. A
copy keeps the frame of the note it was made from. Frames are counted from 0, as everywhere but on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, NamedTuple, Optional, Set

from ftrack_review.protocol import presentation, remark, succession
from ftrack_review.server.errors import validation_error

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["FINISH"]

# Where the frame is kept, by entity type.
_FRAMES = {
    "Metadata": "value",
    "Note": "frame_number",
    "ReviewSessionObjectAnnotation": "frame_number",
    "ReviewSessionObjectAnnotationComponent": "frame_number",
}


class _Said(NamedTuple):
    """That *row* is about a *frame* of the media of an object of a review."""

    row: Row
    frame: int
    object_id: str


def _finish(context: RequestContext, rows: List[Row]) -> None:
    """Check the frames that this request gives."""
    said = [found for found in (_read(context, row) for row in rows) if found is not None]
    for entry in said:
        if entry.frame < 0:
            raise validation_error(
                f"{entry.row.name}.frame_number is {entry.frame}; frames are counted from 0", "frame_number"
            )
    if not said:
        return
    lengths = _lengths(context, {entry.object_id for entry in said})
    for entry in said:
        frames = lengths.get(entry.object_id)
        if frames is not None and entry.frame >= frames and not _is_of_copy(context, entry.row):
            raise validation_error(
                f"There is no frame {entry.frame}: what is reviewed has {frames} frames, and the last is "
                f"{frames - 1}, counted from 0 ({entry.row.label})",
                "frame_number",
            )


def _read(context: RequestContext, row: Row) -> Optional[_Said]:
    """Return what *row* says of a frame, None where it says nothing new."""
    name = next(name for name in row.entity.lineage if name in _FRAMES)
    column = row.entity.columns.get(_FRAMES[name])
    if column is None or not (row.added or column.name in row.before):
        return None
    note: Optional[Row] = None
    value = row.values[column.name]
    if name == "Metadata":
        if row.get("key") != remark.FRAME_KEY:
            return None
        value = remark.decode_frame(value)
        note = context.rows.get(context.catalogue.types["Note"], (row.get("parent_id"),))
    elif name == "Note":
        note = row
    frame = _whole(value)
    if frame is None:
        return None
    if name in ("Metadata", "Note"):
        object_id = None if note is None else _object_of(context, note)
    else:
        object_id = row.get("review_session_object_id")
    return None if object_id is None else _Said(row, frame, object_id)


def _whole(value: Any) -> Optional[int]:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return None  # Other tools write other things; it is no frame that anybody is shown.


def _is_of_copy(context: RequestContext, row: Row) -> bool:
    """Return whether *row* is, or belongs to, a note that was copied from elsewhere."""
    types = context.catalogue.types
    metadata, attached = types["Metadata"], types["NoteComponent"]
    if row.entity.is_a("Note"):
        notes = [row.key[0]]
    elif row.name == "Metadata":
        notes = [row.get("parent_id")]
    elif row.name == "ReviewSessionObjectAnnotation":
        told = metadata.columns["key"] == remark.ANNOTATION_KEY
        found = context.rows.having(metadata, metadata.columns["value"], [row.key[0]], told)
        notes = [entry.get("parent_id") for entry in found]
    else:
        column = attached.columns["component_id"]
        found = context.rows.having(attached, column, [row.get("component_id")])
        notes = [entry.get("note_id") for entry in found]
    values = ({"parent_id": note, "key": remark.COPIED_KEY} for note in notes)
    keys = [tuple(value[name] for name in metadata.primary_key) for value in values]
    return any(context.rows.get(metadata, key) is not None for key in keys)


def _object_of(context: RequestContext, note: Row) -> Optional[str]:
    """Return the key of the object that a note is on, also by what it answers."""
    types = context.catalogue.types
    seen: Set[Any] = set()
    while note.key not in seen:
        seen.add(note.key)
        key = note.get("parent_id")
        if key is not None and context.rows.get(types["ReviewSessionObject"], (key,)) is not None:
            return str(key)
        above = None if key is None else context.rows.get(types["Note"], (key,))
        if above is None:
            return None
        note = above
    return None


def _lengths(context: RequestContext, object_ids: Iterable[str]) -> Dict[str, int]:
    """Return the number of frames of the longest media of each object, as far as all of it is known."""
    types = context.catalogue.types
    shown, metadata = types["ReviewSessionObject"], types["Metadata"]
    context.rows.load(shown, [(key,) for key in object_ids])
    versions: Dict[str, Set[str]] = {}
    for key in object_ids:
        found = context.rows.get(shown, (key,))
        if found is not None and found.get("version_id") is not None:
            versions[key] = {found.get("version_id")}
    kept = [succession.key(key) for key in versions]
    for row in context.rows.having(metadata, metadata.columns["key"], kept):
        owner = row.get("key")[len(succession.PREFIX) :]
        versions[owner].update(entry["version_id"] for entry in succession.decode(row.get("value")))
    known = _frames_of(context, {version for wanted in versions.values() for version in wanted})
    return {
        key: max(known[version] for version in wanted)
        for key, wanted in versions.items()
        if all(version in known for version in wanted)
    }


def _frames_of(context: RequestContext, version_ids: Set[str]) -> Dict[str, int]:
    """Return the number of frames of each version that a browser plays as a movie of known length."""
    types, files = context.catalogue.types, context.files
    component, metadata = types["Component"], types["Metadata"]
    rows = context.rows.having(component, component.columns["version_id"], version_ids)
    held = [row for row in rows if files is None or files.has(row.key[0])]
    told = metadata.columns["key"] == "ftr_meta"
    texts = {
        row.get("parent_id"): row.get("value")
        for row in context.rows.having(
            metadata, metadata.columns["parent_id"], [row.key[0] for row in held], told
        )
    }
    by_version: Dict[str, List[presentation.Component]] = {}
    for row in held:
        text = texts.get(row.key[0])
        part = presentation.Component(
            row.key[0],
            row.get("name") or "",
            row.get("file_type") or "",
            {} if text is None else {"ftr_meta": text},
        )
        by_version.setdefault(row.get("version_id"), []).append(part)
    lengths = {key: presentation.present(parts).frames for key, parts in by_version.items()}
    return {key: frames for key, frames in lengths.items() if frames is not None}


FINISH = dict.fromkeys(_FRAMES, _finish)
