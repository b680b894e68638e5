"""Publishing media straight into a review session: read, convert, upload, encode, put up."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Union

from ftrack_review.exception import Error, MediaError, MissingDependencyError, ReviewError
from ftrack_review.protocol.grammar import quote
from ftrack_review.protocol.remark import FIRST_FRAME_KEY
from ftrack_review.review import playlist, schedule
from ftrack_review.symbol import SERVER_LOCATION_ID

if TYPE_CHECKING:
    from fractions import Fraction

    from ftrack_review.entity.base import Entity

__all__ = ["publish"]

#: Called with a stage (``convert``, ``upload``, ``encode``), how much is done and how much there is.
Progress = Callable[[str, int, int], None]

#: The frame rate of a sequence where nothing else tells one, in frames per second.
DEFAULT_FPS = 24

# How often the state of an encoding job is asked for, in seconds: soon at first, then less often.
_SHORTEST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0


def publish(
    review_session: Entity,
    media: Union[str, os.PathLike[str]],
    *,
    name: Optional[str] = None,
    version: Optional[Entity] = None,
    asset: Optional[Entity] = None,
    asset_type: str = "Upload",
    task: Optional[Entity] = None,
    comment: Optional[str] = None,
    description: Optional[str] = None,
    fps: Optional[Union[int, float, str, Fraction]] = None,
    hold_missing: bool = False,
    wait: bool = True,
    timeout_s: float = 600.0,
    progress: Optional[Progress] = None,
) -> Entity:
    """Publish *media* into *review_session* and return the new ReviewSessionObject.

    *media* is the path of a movie or a still, an image sequence such as ``beachball.%04d.exr [1-8]``, or a
    folder that holds one sequence. A sequence is read, colour-converted and made into a movie here; the server
    encodes what is uploaded for the web.

    The media goes into *version*; without one a new version of *asset* is made; without that an asset called
    *name* (by default the file's name) of type *asset_type*, under the parent of *task* or else under the
    project. *comment* is the version's comment, *description* what reviewers read below the name.

    *fps* is the frame rate of a sequence in frames per second (``24``, ``23.976``, ``"24000/1001"``). By
    default it is what the files say, else the project's custom attribute ``fps``, else 24. *hold_missing*
    repeats the frame before a missing one instead of refusing the sequence.

    *wait* waits until the server has encoded the media, for at most *timeout_s* seconds. *progress* is called
    with a stage (``convert``, ``upload``, ``encode``), how much is done and how much there is (frames, bytes,
    percent).

    Pending operations of the session are committed. When publishing fails, what it made is removed again.

    Raise :exc:`~ftrack_review.exception.MediaError` for media that cannot be read or encoded,
    :exc:`~ftrack_review.exception.MissingFramesError` for a sequence with holes,
    :exc:`~ftrack_review.exception.ReviewClosedError` when the review session is closed.

    Example::

        item = review_session.publish("/shots/sh010/comp.%04d.exr [1001-1100]", fps=24)

    .. versionadded:: 3.1.0
    """
    session = review_session.session
    schedule.require_open(review_session)
    report: Progress = progress or _report_nothing
    with ExitStack() as stack:
        source = _find_source(os.fspath(media))
        path, stem = source.path, name or source.stem
        if source.is_sequence:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ftrack_review-"))
            path = _convert(source, folder, _project_fps(review_session), fps, hold_missing, report)
        made: List[Entity] = stack.enter_context(_removed_on_failure(session))
        if version is None:
            version = _create_version(review_session, stem, asset, asset_type, task, comment, made)
        if source.first_frame is not None:
            # A movie counts from nothing; people go on calling frames by their numbers in the sequence.
            version["metadata"][FIRST_FRAME_KEY] = str(source.first_frame)
        session.commit()
        component = _upload(version, path, source.stem, made, report)
        job = session.encode_media(component, version_id=version["id"], keep_original=True)
        if wait:
            _wait_for(job, path, timeout_s, report)
        item = playlist.add(review_session, version, name=name, description=description)
        made.append(item)
        session.commit()
        made.clear()
    return item


class _Source:
    """What is to be published: a file, or a sequence of pictures that has to become one."""

    def __init__(self, path: str, stem: str, *, is_sequence: bool, first_frame: Optional[int] = None) -> None:
        self.path = path
        self.first_frame = first_frame
        self.stem = stem
        self.is_sequence = is_sequence


def _find_source(media: str) -> _Source:
    """Return what *media* names, having looked into it as far as this machine can."""
    if os.path.isfile(media):
        if os.path.getsize(media) == 0:
            raise MediaError(f"{media} is empty: 0 bytes. Render or copy it again.")
        _probe(media)
        return _Source(media, os.path.splitext(os.path.basename(media))[0], is_sequence=False)
    from ftrack_review import media as media_module

    if not media_module.is_sequence(media):
        raise MediaError(
            f"{media} does not exist. Give the path of a movie, a still, a sequence or a folder."
        )
    sequence = media_module.parse_sequence(media)
    stem = os.path.basename(sequence.head).rstrip("._- ") or os.path.basename(os.path.abspath(media))
    return _Source(media, stem, is_sequence=True, first_frame=sequence.first)


def _probe(path: str) -> None:
    """Refuse a damaged file before anything is made for it, where the media packages are installed."""
    from ftrack_review import media as media_module

    try:
        media_module.isolated("probe", {"path": path})
    except MissingDependencyError:
        return  # The server looks at it when it encodes.


def _convert(
    source: _Source,
    folder: str,
    default_fps: Any,
    fps: Any,
    hold_missing: bool,
    report: Progress,
) -> str:
    from ftrack_review import media as media_module

    target = os.path.join(folder, f"{source.stem}.mp4")
    media_module.isolated(
        "encode_sequence",
        {
            "sequence": source.path,
            "target": target,
            "fps": fps,
            "default_fps": default_fps or DEFAULT_FPS,
            "hold_missing": hold_missing,
        },
        progress=lambda done, total: report("convert", done, total),
    )
    return target


def _project_fps(review_session: Entity) -> Optional[Any]:
    custom = review_session["project"]["custom_attributes"]
    return custom.get("fps")


@contextmanager
def _removed_on_failure(session: Any) -> Iterator[List[Entity]]:
    """Yield a list; the entities in it are deleted, last made first, when the block fails."""
    made: List[Entity] = []
    try:
        yield made
    except BaseException:
        session.rollback()
        for entity in reversed(made):
            session.delete(entity)
        if made:
            try:
                session.commit()
            except Error:
                # The server is out of reach: the first error says so, and a second one would hide it.
                session.rollback()
        raise


def _create_version(
    review_session: Entity,
    name: str,
    asset: Optional[Entity],
    asset_type: str,
    task: Optional[Entity],
    comment: Optional[str],
    made: List[Entity],
) -> Entity:
    session = review_session.session
    if asset is None:
        parent = task["parent"] if task is not None else review_session["project"]
        asset = session.query(
            f"Asset where name is {quote(name)} and context_id is {quote(parent['id'])}"
        ).first()
        if asset is None:
            kind = session.query(f"AssetType where name is {quote(asset_type)}").first()
            if kind is None:
                raise ReviewError(f"There is no asset type {asset_type!r}. Give one with asset_type=….")
            asset = session.create("Asset", {"name": name, "parent": parent, "type": kind})
            made.append(asset)
    data: dict[str, Any] = {"asset": asset}
    if task is not None:
        data["task"] = task
    if comment is not None:
        data["comment"] = comment
    version = session.create("AssetVersion", data)
    made.append(version)
    return version


def _upload(version: Any, path: str, name: str, made: List[Entity], report: Progress) -> Entity:
    session = version.session
    size = os.path.getsize(path)
    report("upload", 0, size)
    location = session.get("Location", SERVER_LOCATION_ID)
    component = version.create_component(path, data={"name": name}, location=location)
    made.append(component)
    session.commit()
    report("upload", size, size)
    return component


def _wait_for(job: Entity, path: str, timeout_s: float, report: Progress) -> None:
    """Wait until the encoding *job* is done. Raise MediaError when it fails or takes too long."""
    session, deadline, pause_s = job.session, time.monotonic() + timeout_s, _SHORTEST_WAIT_S
    name, pause = os.path.basename(path), threading.Event()
    while True:
        found = session.query(f"select status, data from Job where id is {quote(job['id'])}").one()
        details = _details_of(found)
        if found["status"] == "done":
            report("encode", 100, 100)
            return
        if found["status"] == "failed":
            raise MediaError(f"The server could not encode {name}. {_reason(details)}")
        report("encode", int(details.get("progress") or 0), 100)
        if time.monotonic() > deadline:
            raise MediaError(
                f"The server has not encoded {name} within {timeout_s:.0f} seconds. Give it longer with "
                "timeout_s=…, or do not wait with wait=False."
            )
        pause.wait(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_WAIT_S)


def _details_of(job: Entity) -> dict[str, Any]:
    try:
        details = json.loads(job["data"] or "{}")
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _reason(details: dict[str, Any]) -> str:
    return str(details.get("error") or "It gave no reason").rstrip(". ") + "."


def _report_nothing(stage: str, done: int, total: int) -> None:
    """Take progress that nobody wants."""
