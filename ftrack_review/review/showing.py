"""What there is to see of versions: the component that plays, its frames and rate, the thumbnail, and their bytes.

Read for all versions at once, in a fixed number of requests. Files are fetched one by one, as they are wanted.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ftrack_review.exception import Error, MediaError
from ftrack_review.media.rate import parse_rate
from ftrack_review.protocol.grammar import quote
from ftrack_review.protocol.remark import FIRST_FRAME_KEY, HAS_AUDIO_KEY
from ftrack_review.symbol import SERVER_LOCATION_ID

if TYPE_CHECKING:
    from fractions import Fraction

    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["Footage", "Shown", "fetch", "fetch_to", "timecode"]

# The best there is comes first.
_ENCODED = (
    ("ftrackreview-mp4", "movie"),
    ("ftrackreview-webm", "movie"),
    ("ftrackreview-image", "image"),
    ("ftrackreview-pdf", "pdf"),
)
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


@dataclass(frozen=True)
class Shown:
    """What there is to see of one version. *kind* is ``movie``, ``image``, ``pdf``, ``other`` or ``none``."""

    version_id: str
    kind: str = "none"
    component_id: Optional[str] = None
    file_type: str = ""
    original_id: Optional[str] = None
    original_name: str = ""
    thumbnail_id: Optional[str] = None
    fps: Optional[Fraction] = None
    frames: Optional[int] = None
    first_frame: int = 1
    width: Optional[int] = None
    height: Optional[int] = None
    has_audio: bool = False
    asset_id: Optional[str] = None
    number: Optional[int] = None

    @property
    def rate(self) -> Optional[str]:
        """The frame rate as text: ``24000/1001``."""
        return None if self.fps is None else f"{self.fps.numerator}/{self.fps.denominator}"

    def number_of(self, frame: Optional[int]) -> Optional[int]:
        """Return the number that a frame, given by its index, is shown with."""
        return None if frame is None else self.first_frame + frame


class Footage:
    """The media of several versions, read once."""

    def __init__(self, session: Session, version_ids: Iterable[Optional[str]]) -> None:
        """Read what there is of the versions with *version_ids*."""
        self._session = session
        ids = sorted({key for key in version_ids if key})
        self._shown: Dict[str, Shown] = {}
        if ids:
            self._read("({})".format(", ".join(quote(key) for key in ids)))

    def of(self, version_id: Optional[str]) -> Shown:
        """Return what there is of a version."""
        return self._shown.get(version_id or "") or Shown(version_id or "")

    def _read(self, keys: str) -> None:
        session = self._session
        versions = session.query(
            "select version, asset_id, thumbnail_id, metadata.key, metadata.value from AssetVersion "
            f"where id in {keys}"
        ).all()
        components = session.query(
            "select name, file_type, version_id, metadata.key, metadata.value, component_locations.location_id "
            f"from FileComponent where version_id in {keys}"
        ).all()
        present: Dict[str, List[Entity]] = {}
        for component in components:
            if any(place["location_id"] == SERVER_LOCATION_ID for place in component["component_locations"]):
                present.setdefault(component["version_id"], []).append(component)
        for version in versions:
            self._shown[version["id"]] = _describe(version, present.get(version["id"], []))


def fetch(session: Session, component_id: str) -> Optional[bytes]:
    """Return what is in a component on the server, or None where the server does not have it."""
    try:
        with contextlib.closing(_open(session, component_id)) as stream:
            content: bytes = stream.read()
    except Error:
        return None
    return content


def fetch_to(session: Session, component_id: str, path: str) -> None:
    """Write what is in a component on the server to *path*. Raise the accessor's error where it is not there."""
    with contextlib.closing(_open(session, component_id)) as stream, open(path, "wb") as target:
        stream.read(1)  # Downloads.
        stream.seek(0)
        shutil.copyfileobj(stream.wrapped_file, target, 1024 * 1024)


def timecode(frame: int, fps: Fraction) -> str:
    """Return the time of a frame, given by its index, as ``HH:MM:SS:FF`` without dropped numbers."""
    whole = max(round(float(fps)), 1)
    seconds, frames = divmod(frame, whole)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def _open(session: Session, component_id: str) -> Any:
    location: Any = session.get("Location", SERVER_LOCATION_ID)
    # The server's location names what it keeps by the component's id.
    return location.accessor.open(component_id, "rb")


def _describe(version: Entity, components: List[Entity]) -> Shown:
    kind, best = _best(components)
    originals = [
        component
        for component in components
        if component["name"] != "thumbnail" and not (component["name"] or "").startswith("ftrackreview-")
    ]
    original = originals[0] if originals else best
    meta = _json(best["metadata"].get("ftr_meta")) if best is not None else {}
    fps, frames = _timing(meta) if kind == "movie" else (None, None)
    return Shown(
        version_id=version["id"],
        kind=kind if best is not None or not originals else "other",
        component_id=best["id"] if best is not None else None,
        file_type=best["file_type"] or "" if best is not None else "",
        original_id=original["id"] if original is not None else None,
        original_name=f"{original['name']}{original['file_type'] or ''}" if original is not None else "",
        thumbnail_id=version["thumbnail_id"],
        fps=fps,
        frames=frames,
        first_frame=_whole(version["metadata"].get(FIRST_FRAME_KEY), 1),
        width=_whole(meta.get("width"), None),
        height=_whole(meta.get("height"), None),
        has_audio=kind == "movie" and best is not None and best["metadata"].get(HAS_AUDIO_KEY) != "false",
        asset_id=version["asset_id"],
        number=version["version"],
    )


def _best(components: List[Entity]) -> Tuple[str, Optional[Entity]]:
    for name, kind in _ENCODED:
        # The plain name before those with a size.
        for component in sorted(components, key=lambda found: len(found["name"] or "")):
            if (component["name"] or "").startswith(name):
                return kind, component
    for component in components:
        kind = _PLAIN.get((component["file_type"] or "").lower(), "")
        if kind and component["name"] != "thumbnail":
            return kind, component
    return "none", None


def _timing(meta: Mapping[str, Any]) -> Tuple[Optional[Fraction], Optional[int]]:
    fps = None
    if meta.get("frameRate") is not None:
        try:
            fps = parse_rate(meta["frameRate"])
        except MediaError:
            fps = None  # Of another tool; without a rate there is no time code.
    first, last = _whole(meta.get("frameIn"), None), _whole(meta.get("frameOut"), None)
    frames = last - first + 1 if first is not None and last is not None and last >= first else None
    return fps, frames


def _json(text: Optional[str]) -> Dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: Any, default: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default
