"""What there is to see of versions: the component that plays, its frames and rate, the thumbnail, and their bytes.

Read for all versions at once, in a fixed number of requests. Files are fetched one by one, as they are wanted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Set

from ftrack_review.exception import Error
from ftrack_review.media.rate import find_rate
from ftrack_review.protocol import presentation
from ftrack_review.protocol.grammar import quote_list
from ftrack_review.protocol.presentation import Component, Presentation
from ftrack_review.protocol.remark import FIRST_FRAME_KEY
from ftrack_review.symbol import SERVER_LOCATION_ID

if TYPE_CHECKING:
    from fractions import Fraction

    from ftrack_review.entity.base import Entity
    from ftrack_review.session import Session

__all__ = ["Footage", "Shown", "fetch", "fetch_to", "timecode"]

_COMPONENTS = (
    "select name, file_type, version_id, metadata.key, metadata.value, component_locations.location_id "
    "from FileComponent where {}"
)


@dataclass(frozen=True)
class Shown:
    """What there is to see of one version: *seen* says what plays, or why nothing does."""

    version_id: str
    seen: Presentation = dataclasses.field(default_factory=Presentation)
    thumbnail_id: Optional[str] = None
    fps: Optional[Fraction] = None
    first_frame: int = 1

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
        self._shown: Dict[str, Shown] = {}
        ids = {key for key in version_ids if key}
        if ids:
            self._read(ids)

    def of(self, version_id: Optional[str]) -> Shown:
        """Return what there is of a version."""
        return self._shown.get(version_id or "") or Shown(version_id or "")

    def _read(self, ids: Set[str]) -> None:
        session, keys = self._session, quote_list(sorted(ids))
        versions = session.query(
            f"select thumbnail_id, metadata.key, metadata.value from AssetVersion where id in {keys}"
        ).all()
        parts = session.query(_COMPONENTS.format(f"version_id in {keys}")).all()
        rows = [(job["status"], job["data"]) for job in session.query(presentation.JOBS).all()]
        jobs = presentation.jobs_by_version(rows, ids)
        failed = {job.source_id for job in jobs.values() if job.status == "failed" and job.source_id}
        sources: Dict[str, Component] = {}
        if failed:
            loose = session.query(
                _COMPONENTS.format(f"id in {quote_list(sorted(failed))} and version_id is none")
            )
            sources = {part["id"]: _component(part) for part in loose if _is_held(part)}
        listed: Dict[str, List[Entity]] = {}
        for part in parts:
            listed.setdefault(part["version_id"], []).append(part)
        for version in versions:
            key, job = version["id"], jobs.get(version["id"])
            own = listed.get(key, [])
            seen = presentation.present(
                [_component(part) for part in own if _is_held(part)],
                is_listed=bool(own),
                job=job,
                source=sources.get(job.source_id or "") if job else None,
            )
            picture = seen.component.id if seen.component and seen.kind == "image" else None
            self._shown[key] = Shown(
                version_id=key,
                seen=seen,
                thumbnail_id=version["thumbnail_id"] or picture,
                fps=find_rate(seen.frame_rate),
                first_frame=presentation.whole(version["metadata"].get(FIRST_FRAME_KEY), 1),
            )


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


def _is_held(component: Entity) -> bool:
    """Return whether the server holds the file of a component."""
    return any(place["location_id"] == SERVER_LOCATION_ID for place in component["component_locations"])


def _component(component: Entity) -> Component:
    return Component(
        component["id"], component["name"] or "", component["file_type"] or "", component["metadata"]
    )
