"""What there is to watch of a version: the component for browsers, its frames, and how far it is.

Called by ``review_state`` for all versions of a review at once, and by ``pages`` to tell whether a component belongs
to what a visitor may see.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ftrack_review.protocol.grammar import quote
from ftrack_review.protocol.remark import FIRST_FRAME_KEY, HAS_AUDIO_KEY
from ftrack_review.server.files import content_type
from ftrack_review.server.review_visitor import Visitor, query

__all__ = ["Media", "list_of", "previous_of", "read"]

Record = Dict[str, Any]

# The best there is comes first (protocol.md 7.5).
_ENCODED = (
    ("ftrackreview-mp4", "movie"),
    ("ftrackreview-webm", "movie"),
    ("ftrackreview-image", "image"),
    ("ftrackreview-pdf", "pdf"),
)

# What browsers show without being encoded.
_PLAIN = {
    "application/pdf": "pdf",
    "image/gif": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "video/mp4": "movie",
    "video/webm": "movie",
}

# Rates that are written with a few decimals and mean an NTSC rate.
_NTSC = tuple(Fraction(whole * 1000, 1001) for whole in (24, 30, 48, 60, 120))

# Jobs that are looked through for what became of media: the latest.
_MOST_JOBS = 500


def list_of(values: Iterable[Optional[str]]) -> str:
    """Return the ids *values* as a list for a query."""
    return "({})".format(", ".join(quote(value) for value in sorted({v for v in values if v})) or quote(""))


def previous_of(
    server: Any, visitor: Visitor, shown: Iterable[Tuple[Optional[str], Any]]
) -> Dict[Tuple[str, Any], Record]:
    """Return the version before each of the versions in *shown*, given by asset id and number.

    That is the latest earlier version of the asset that is published and has media for reviews. No other version is
    shown beside the ones under review.
    """
    wanted = {(asset, number) for asset, number in shown if asset and number is not None}
    if not wanted:
        return {}
    rows = query(
        server,
        visitor,
        "select version, thumbnail_id, asset_id from AssetVersion where asset_id in "
        f"{list_of(asset for asset, _ in wanted)} and is_published is True "
        'and components any (name like "ftrackreview-%") order by version',
    )[0]
    by_asset: Dict[str, List[Record]] = {}
    for row in rows:
        by_asset.setdefault(row["asset_id"], []).append(row)
    found = {}
    for asset, number in wanted:
        earlier = [row for row in by_asset.get(asset, ()) if row["version"] < number]
        if earlier:
            found[asset, number] = earlier[-1]
    return found


def read(server: Any, visitor: Visitor, version_ids: Iterable[str]) -> Media:
    """Return what there is to watch of the versions *version_ids*."""
    ids = set(version_ids)
    if not ids:
        return Media(server, visitor, {}, {}, {})
    components, jobs, metadata = query(
        server,
        visitor,
        "select name, file_type, version_id, metadata.key, metadata.value from FileComponent "
        f"where version_id in {list_of(ids)}",
        'select status, data from Job where status in ("queued", "running", "failed") '
        f"order by created_at desc limit {_MOST_JOBS}",
        f"select value, parent_id from Metadata where parent_id in {list_of(ids)} and key is {quote(FIRST_FRAME_KEY)}",
    )
    by_version: Dict[str, List[Record]] = {}
    for component in components:
        by_version.setdefault(component["version_id"], []).append(component)
    latest: Dict[str, Record] = {}
    for job in jobs:
        data = _read_json(job["data"])
        if data.get("version_id") in ids:
            latest.setdefault(data["version_id"], {**data, "status": job["status"]})
    return Media(server, visitor, by_version, latest, {row["parent_id"]: row["value"] for row in metadata})


class Media:
    """The media of some versions, read once."""

    def __init__(
        self,
        server: Any,
        visitor: Visitor,
        components: Mapping[str, List[Record]],
        jobs: Mapping[str, Record],
        first_frames: Mapping[str, str],
    ) -> None:
        """Initialise with the *components*, the latest job and the first frame by version."""
        self._files = server.files
        self._base = f"/review/session/{visitor.session_id}"
        self._components = components
        self._jobs = jobs
        self._first_frames = first_frames

    def of(self, version_id: Optional[str], thumbnail_id: Optional[str]) -> Record:
        """Return what the page is told of the media of a version."""
        components = self._components.get(version_id or "", [])
        present = [component for component in components if self._files.has(component["id"])]
        kind, best = _best(present)
        originals = [
            component
            for component in present
            if component["name"] != "thumbnail" and not (component["name"] or "").startswith("ftrackreview-")
        ]
        original = originals[0] if originals else best
        picture = thumbnail_id or (best["id"] if best else None)
        record: Record = {
            "kind": kind,
            "state": "ready",
            "progress": None,
            "message": None,
            "url": self._url("media", best),
            "original_url": self._url("media", original),
            "original_name": f"{original['name']}{original['file_type'] or ''}" if original else None,
            "thumbnail_url": f"{self._base}/thumbnail/{quote_path(picture)}" if picture else None,
            "width": None,
            "height": None,
            "fps": None,
            "frames": None,
            "first_frame": _whole(self._first_frames.get(version_id or ""), 1),
            "has_audio": kind == "movie",
        }
        if best is None:
            self._explain(record, version_id, bool(components), bool(originals))
        else:
            _add_frames(record, best)
        return record

    def _explain(self, record: Record, version_id: Optional[str], is_listed: bool, is_present: bool) -> None:
        """Say why there is nothing to play."""
        job = self._jobs.get(version_id or "")
        if job is not None and job["status"] != "failed":
            progress = _whole(job.get("progress"), 0)
            record.update(state="encoding", progress=progress / 100, message="The media is being prepared.")
        elif job is not None:
            reason = str(job.get("error") or "it gave no reason").rstrip(". ")
            record.update(state="failed", message=f"The media could not be prepared for the web: {reason}.")
        elif is_present:
            record.update(state="failed", message="There is no media that a browser can play.")
        elif is_listed:
            record.update(state="missing", message="The server does not hold the files of this version.")
        else:
            record.update(state="missing", message="There is no media yet.")
        if is_listed or job is not None:
            record["kind"] = "other"

    def _url(self, route: str, component: Optional[Mapping[str, Any]]) -> Optional[str]:
        return None if component is None else f"{self._base}/{route}/{quote_path(component['id'])}"


def quote_path(identifier: str) -> str:
    """Return an id as it may stand in the path of an address."""
    import urllib.parse

    return urllib.parse.quote(identifier, safe="")


def _best(present: List[Record]) -> Tuple[str, Optional[Record]]:
    """Return the kind of the component that a browser should play, and the component."""
    for name, kind in _ENCODED:
        # The plain name before those with a size.
        for component in sorted(present, key=lambda found: len(found["name"] or "")):
            if (component["name"] or "").startswith(name) and _metadata(component).get(
                "ftr_meta"
            ) != "encoding":
                return kind, component
    for component in present:
        kind = _PLAIN.get(content_type(f"x{component['file_type'] or ''}"), "")
        if kind and component["name"] != "thumbnail":
            return kind, component
    return "none", None


def _add_frames(record: Record, component: Mapping[str, Any]) -> None:
    meta = _read_json(_metadata(component).get("ftr_meta"))
    record["width"], record["height"] = meta.get("width"), meta.get("height")
    if record["kind"] != "movie":
        return
    rate = _rate(meta.get("frameRate"))
    record["fps"] = None if rate is None else f"{rate.numerator}/{rate.denominator}"
    first, last = meta.get("frameIn"), meta.get("frameOut")
    if isinstance(first, int) and isinstance(last, int) and last >= first:
        record["frames"] = last - first + 1
    # Of media that others encoded nothing is known: it may have sound.
    record["has_audio"] = _metadata(component).get(HAS_AUDIO_KEY) != "false"


def _rate(value: Any) -> Optional[Fraction]:
    """Return a frame rate exactly: 23.976 is 24000/1001."""
    try:
        found = Fraction(str(value)).limit_denominator(1001)
    except (ValueError, ZeroDivisionError):
        return None
    if not 0 < found < 1000:
        return None
    for exact in _NTSC:
        if abs(float(found - exact)) < 0.006:
            return exact
    return found


def _metadata(component: Mapping[str, Any]) -> Dict[str, str]:
    return {row["key"]: row["value"] for row in component.get("metadata") or ()}


def _read_json(text: Optional[str]) -> Record:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default
