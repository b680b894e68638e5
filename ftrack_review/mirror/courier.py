"""Copy the files of components from one server to another, or put pictures that tell nothing in their place."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from typing import Any, Dict, List, Mapping, Optional

from ftrack_review import symbol
from ftrack_review.mirror.copier import Copier, Row, Rows

__all__ = ["transfer"]

_MOVIES = (".mp4", ".mov", ".mkv")
_PICTURES = (".jpg", ".jpeg", ".png", ".exr", ".tif", ".tiff")

# More than that takes longer to render than a stand-in is worth.
_MAXIMUM_FRAMES = 2000


def transfer(copier: Copier, components: Rows, locations: Rows, metadata: Rows, *, anonymise: bool) -> int:
    """Copy what the source's own location holds of *components*, and return the number of files.

    *locations* are the rows of ComponentLocation. What the target has already is left alone. With *anonymise* a file
    is made instead; a component whose type of file cannot be made gets none.
    """
    kinds = {row["id"]: row for row in components}
    frames = {row["parent_id"]: row.get("value") for row in metadata if row.get("key") == "ftr_meta"}
    wanted = [
        row["component_id"]
        for row in locations
        if row["location_id"] == symbol.SERVER_LOCATION_ID and row["component_id"] in kinds
    ]
    present = _present(copier, wanted)
    missing = [component_id for component_id in wanted if component_id not in present]
    count = 0
    for index, component_id in enumerate(missing, 1):
        with tempfile.TemporaryDirectory(prefix="ftrack-review-mirror-") as folder:
            row = kinds[component_id]
            if anonymise:
                path = _render(folder, row, frames.get(component_id))
            else:
                path = _download(copier, folder, component_id)
            if path is not None:
                _upload(copier, path, component_id)
                count += 1
        copier.progress("copying media", index, len(missing))
    return count


def _present(copier: Copier, ids: List[str]) -> Any:
    from ftrack_review.mirror.plan import Step

    step = Step("ComponentLocation", "component_id", ("Component",))
    reader = Copier(copier.target, copier.target, anonymise=False, progress=lambda *_: None)
    rows = reader.read(step, ids)
    return {row["component_id"] for row in rows if row["location_id"] == symbol.SERVER_LOCATION_ID}


def _download(copier: Copier, folder: str, component_id: str) -> Optional[str]:
    path = os.path.join(folder, "file")
    source = _accessor(copier.source).open(component_id, "rb")
    with contextlib.closing(source), open(path, "wb") as target:
        shutil.copyfileobj(source, target, symbol.CHUNK_SIZE)
    return path


def _upload(copier: Copier, path: str, component_id: str) -> None:
    with open(path, "rb") as source:
        target = _accessor(copier.target).open(component_id, "wb")
        target.upload_from(source)
        target.close()


def _accessor(session: Any) -> Any:
    from ftrack_review.accessor.server import _ServerAccessor

    return _ServerAccessor(session)


def _render(folder: str, row: Row, meta: Optional[str]) -> Optional[str]:
    """Make a movie or picture of the kind and length of a component, without anything to see."""
    from ftrack_review.media import synthesis

    extension = (row.get("file_type") or "").lower()
    path = os.path.join(folder, f"picture{extension}")
    if extension in _PICTURES:
        return str(synthesis.make_picture(path))
    if extension not in _MOVIES:
        return None
    values = _read_meta(meta)
    length = int(values.get("frameOut", 24)) - int(values.get("frameIn", 1)) + 1
    frames = min(max(1, length), _MAXIMUM_FRAMES)
    return str(synthesis.make_movie(path, frames=frames, fps=values.get("frameRate") or 24))


def _read_meta(text: Optional[str]) -> Mapping[str, Any]:
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return {}
    found: Dict[str, Any] = content if isinstance(content, dict) else {}
    return found
