"""What there is to watch of a version: the component for browsers, its frames, and how far it is.

Called by ``review_state`` for all versions of a review at once, and by ``pages`` to tell whether a component belongs
to what a visitor may see.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ftrack_review.media.rate import find_rate
from ftrack_review.protocol import presentation
from ftrack_review.protocol.grammar import quote, quote_list
from ftrack_review.protocol.presentation import Component, Job, Presentation
from ftrack_review.protocol.remark import FIRST_FRAME_KEY
from ftrack_review.server.review_visitor import Visitor, query

__all__ = ["Media", "list_of", "previous_of", "read"]

Record = Dict[str, Any]

_COMPONENTS = "select name, file_type, version_id, metadata.key, metadata.value from FileComponent where {}"


def list_of(values: Iterable[Optional[str]]) -> str:
    """Return the ids *values* as a list for a query."""
    return quote_list(sorted({value for value in values if value}))


def previous_of(
    server: Any, visitor: Visitor, shown: Iterable[Tuple[Optional[str], Any]]
) -> Dict[Tuple[str, int], Record]:
    """Return the version before each of the versions in *shown*, given by asset id and number."""
    wanted = [pair for pair in shown if pair[0] and pair[1] is not None]
    if not wanted:
        return {}
    expression = presentation.VERSIONS_OF.format(assets=list_of(asset for asset, _ in wanted))
    return presentation.versions_before(query(server, visitor, expression)[0], wanted)


def read(server: Any, visitor: Visitor, version_ids: Iterable[str]) -> Media:
    """Return what there is to watch of the versions *version_ids*."""
    ids = set(version_ids)
    if not ids:
        return Media(server, visitor, {}, {}, {}, {})
    components, jobs, metadata = query(
        server,
        visitor,
        _COMPONENTS.format(f"version_id in {list_of(ids)}"),
        presentation.JOBS,
        f"select value, parent_id from Metadata where parent_id in {list_of(ids)} and key is {quote(FIRST_FRAME_KEY)}",
    )
    by_version: Dict[str, List[Component]] = {}
    for record in components:
        by_version.setdefault(record["version_id"], []).append(_component(record))
    latest = presentation.jobs_by_version(((job["status"], job["data"]) for job in jobs), ids)
    sources: Dict[str, Component] = {}
    wanted = {job.source_id for job in latest.values() if job.status == "failed"}
    if wanted:
        expression = _COMPONENTS.format(f"id in {list_of(wanted)} and version_id is none")
        sources = {record["id"]: _component(record) for record in query(server, visitor, expression)[0]}
    first_frames = {row["parent_id"]: row["value"] for row in metadata}
    return Media(server, visitor, by_version, latest, sources, first_frames)


class Media:
    """The media of some versions, read once."""

    def __init__(
        self,
        server: Any,
        visitor: Visitor,
        components: Mapping[str, List[Component]],
        jobs: Mapping[str, Job],
        sources: Mapping[str, Component],
        first_frames: Mapping[str, str],
    ) -> None:
        """Initialise with the *components*, the latest job and the first frame by version, and sources by id."""
        self._files = server.files
        self._base = f"/review/session/{visitor.session_id}"
        self._components = components
        self._jobs = jobs
        self._sources = sources
        self._first_frames = first_frames

    def of(self, version_id: Optional[str], thumbnail_id: Optional[str]) -> Record:
        """Return what the page is told of the media of a version."""
        seen = self._present(version_id or "")
        picture = thumbnail_id or (seen.component.id if seen.component else None)
        rate = find_rate(seen.frame_rate)
        return {
            "kind": seen.kind,
            "state": seen.state,
            "progress": seen.progress,
            "message": seen.message,
            "url": self._url("media", seen.component),
            "original_url": self._url("media", seen.original),
            "original_name": seen.original.file_name if seen.original else None,
            "thumbnail_url": f"{self._base}/thumbnail/{quote_path(picture)}" if picture else None,
            "width": seen.width,
            "height": seen.height,
            "fps": None if rate is None else f"{rate.numerator}/{rate.denominator}",
            "frames": seen.frames,
            "first_frame": presentation.whole(self._first_frames.get(version_id or ""), 1),
            "has_audio": seen.has_audio,
        }

    def offers(self, component_id: str) -> bool:
        """Return whether the component, which belongs to no version, is offered as what could not be encoded."""
        if component_id not in self._sources:
            return False
        found = (self._present(key).original for key in self._jobs)
        return any(part is not None and part.id == component_id for part in found)

    def _present(self, version_id: str) -> Presentation:
        listed = self._components.get(version_id, [])
        job = self._jobs.get(version_id)
        source = self._sources.get(job.source_id or "") if job else None
        return presentation.present(
            [part for part in listed if self._files.has(part.id)],
            is_listed=bool(listed),
            job=job,
            source=source if source is not None and self._files.has(source.id) else None,
        )

    def _url(self, route: str, component: Optional[Component]) -> Optional[str]:
        return None if component is None else f"{self._base}/{route}/{quote_path(component.id)}"


def quote_path(identifier: str) -> str:
    """Return an id as it may stand in the path of an address."""
    import urllib.parse

    return urllib.parse.quote(identifier, safe="")


def _component(record: Mapping[str, Any]) -> Component:
    metadata = {row["key"]: row["value"] for row in record.get("metadata") or ()}
    return Component(record["id"], record["name"] or "", record["file_type"] or "", metadata)
