"""What people see of a version in a browser: which component plays, what it says of itself, and why there is none.

A convention that both sides read: the embedded server for its page, scripts for reports and reviews that travel. They
differ in where the components come from, and in how files are reached.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, TypeVar

from ftrack_review.protocol.remark import HAS_AUDIO_KEY

__all__ = [
    "JOBS",
    "LARGEST",
    "VERSIONS_OF",
    "Component",
    "Job",
    "Presentation",
    "can_play",
    "jobs_by_version",
    "present",
    "versions_before",
    "whole",
]

_THUMBNAIL = "thumbnail"
_ENCODED_PREFIX = "ftrackreview-"

# The best there is comes first (protocol.md 7.5).
_ENCODED = (
    ("ftrackreview-mp4", "movie"),
    ("ftrackreview-webm", "movie"),
    ("ftrackreview-image", "image"),
    ("ftrackreview-pdf", "pdf"),
)

# What browsers show without being encoded.
_PLAIN = {
    ".gif": "image",
    ".jpeg": "image",
    ".jpg": "image",
    ".mp4": "movie",
    ".pdf": "pdf",
    ".png": "image",
    ".webm": "movie",
    ".webp": "image",
}

#: The query for what becomes of media: the latest jobs that are not done.
JOBS = (
    'select status, data from Job where status in ("queued", "running", "failed") '
    "order by created_at desc limit 500"
)

#: The query for the versions of *assets*, a list in the words of queries, that others may be compared with: those that
#: are published and have media for reviews. No other version is shown beside the ones under review.
VERSIONS_OF = (
    "select version, thumbnail_id, asset_id from AssetVersion where asset_id in {assets} and is_published is True "
    'and components any (name like "ftrackreview-%") order by version'
)


#: The largest frame, size or progress that is believed, as anyone may write metadata: ten million frames are four days.
LARGEST = 10_000_000


#: An entity, or a record of one.
Row = TypeVar("Row", bound=Mapping[str, Any])


class Component(NamedTuple):
    """What has to be known of a component."""

    id: str
    name: str
    file_type: str
    metadata: Mapping[str, str] = {}

    @property
    def file_name(self) -> str:
        """What its file is called when it is saved."""
        return f"{self.name}{self.file_type}"


class Job(NamedTuple):
    """What became of encoding media: *status*, and what its data say. *progress* is in hundredths."""

    status: str
    version_id: str
    source_id: Optional[str]
    progress: int
    error: str


@dataclass(frozen=True)
class Presentation:
    """What there is to see of a version.

    *kind* is ``movie``, ``image``, ``pdf``, ``other`` or ``none``; *state* ``ready``, ``encoding``, ``failed`` or
    ``missing``, with *message* for people and, while it is encoded, *progress* from 0 to 1. *component* is the one to
    play, *original* the one to download. *frame_rate* is as it was written.
    """

    kind: str = "none"
    state: str = "missing"
    message: Optional[str] = "Nothing was published for this version yet."
    progress: Optional[float] = None
    component: Optional[Component] = None
    original: Optional[Component] = None
    width: Optional[int] = None
    height: Optional[int] = None
    frame_rate: Any = None
    frames: Optional[int] = None
    has_audio: bool = False


def can_play(name: str, file_type: str) -> bool:
    """Return whether a component called so may be what a browser shows of its version."""
    return name.startswith(_ENCODED_PREFIX) or (name != _THUMBNAIL and file_type.lower() in _PLAIN)


def jobs_by_version(rows: Iterable[Tuple[str, Optional[str]]], version_ids: Set[str]) -> Dict[str, Job]:
    """Return the latest job about each version of *version_ids*; *rows* are status and data, latest first."""
    found: Dict[str, Job] = {}
    for status, text in rows:
        data = _read_mapping(text)
        version_id, source_id = data.get("version_id"), data.get("source_component_id")
        # Anyone who may create jobs writes their data.
        if isinstance(version_id, str) and version_id in version_ids and version_id not in found:
            found[version_id] = Job(
                status,
                version_id,
                source_id if isinstance(source_id, str) else None,
                whole(data.get("progress"), 0),
                str(data.get("error") or ""),
            )
    return found


def versions_before(
    rows: Iterable[Row], shown: Iterable[Tuple[Optional[str], Optional[int]]]
) -> Dict[Tuple[str, int], Row]:
    """Return the version before each of those in *shown*, given by asset and number: the latest earlier one.

    *rows* are the answers to :data:`VERSIONS_OF`.
    """
    by_asset: Dict[str, List[Row]] = {}
    for row in rows:
        by_asset.setdefault(row["asset_id"], []).append(row)
    found = {}
    for asset_id, number in shown:
        if asset_id and number is not None:
            earlier = [row for row in by_asset.get(asset_id, ()) if row["version"] < number]
            if earlier:
                found[asset_id, number] = earlier[-1]
    return found


def present(
    held: Sequence[Component],
    *,
    is_listed: bool = False,
    job: Optional[Job] = None,
    source: Optional[Component] = None,
) -> Presentation:
    """Return what there is to see of a version.

    *held* are its components whose files the server holds; *is_listed* says whether it has components at all. *job*
    is the latest about it, and *source* what that one was to encode, where it belongs to no version: an upload that
    becomes the version's only once it is encoded.
    """
    # What other servers still write to is marked so.
    finished = [part for part in held if part.metadata.get("ftr_meta") != "encoding"]
    originals = [
        part for part in finished if part.name != _THUMBNAIL and not part.name.startswith(_ENCODED_PREFIX)
    ]
    kind, best = _best(finished)
    if best is not None:
        return _ready(kind, best, originals[0] if originals else best)
    original = originals[0] if originals else source
    kind = "other" if is_listed or job is not None else "none"
    if job is not None and job.status != "failed":
        return Presentation(kind, "encoding", "The media is being prepared.", job.progress / 100)
    if job is None and len(finished) < len(held):
        return Presentation(kind, "encoding", "The media is being prepared.")
    if job is not None:
        reason = (job.error or "it gave no reason").rstrip(". ")
        message = f"The media could not be prepared for the web: {reason}."
        return Presentation(kind, "failed", message, original=original)
    if original is not None:
        message = "There is no media that a browser can play."
        return Presentation(kind, "failed", message, original=original)
    if is_listed:
        return Presentation(kind, message="The server does not hold the files of this version.")
    return Presentation()


def _best(held: Sequence[Component]) -> Tuple[str, Optional[Component]]:
    """Return the kind of the component that a browser should play, and the component."""
    # The plain name before those with a size.
    ordered: List[Component] = sorted(held, key=lambda part: len(part.name))
    for name, kind in _ENCODED:
        for part in ordered:
            if part.name.startswith(name):
                return kind, part
    for part in held:
        kind = _PLAIN.get(part.file_type.lower(), "")
        if kind and part.name != _THUMBNAIL:
            return kind, part
    return "none", None


def _ready(kind: str, best: Component, original: Component) -> Presentation:
    meta = _read_mapping(best.metadata.get("ftr_meta"))
    first, last = whole(meta.get("frameIn"), None), whole(meta.get("frameOut"), None)
    is_movie = kind == "movie"
    has_frames = is_movie and first is not None and last is not None and last >= first
    return Presentation(
        kind=kind,
        state="ready",
        message=None,
        component=best,
        original=original,
        width=_positive(meta.get("width")),
        height=_positive(meta.get("height")),
        frame_rate=meta.get("frameRate") if is_movie else None,
        frames=last - first + 1 if has_frames else None,
        # Of media that others encoded nothing is known: it may have sound.
        has_audio=is_movie and best.metadata.get(HAS_AUDIO_KEY) != "false",
    )


def _positive(value: Any) -> Optional[int]:
    number: Optional[int] = whole(value, None)
    return number if number is not None and number > 0 else None


def _read_mapping(text: Optional[str]) -> Dict[str, Any]:
    """Return the JSON object in *text*, an empty one where there is none, as anyone may write it."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def whole(value: Any, default: Any) -> Any:
    """Return *value* as a whole number, *default* for what is none, or one that no frame, size or progress has."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if abs(number) <= LARGEST else default
