"""The report of a review: what was decided, by whom and when, in a form that can be kept and checked.

:func:`report` reads a review and returns a :class:`Report`, which is written as ``html``, ``pdf``, ``csv``, ``json`` or
``otio``. :mod:`~ftrack_review.review.reports.verification` checks such a file later, against what
:mod:`~ftrack_review.review.reports.recording` kept on the server. HTML needs Jinja2, PDF fpdf2
and OTIO OpenTimelineIO: the ``report`` extra.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Union

from ftrack_review.exception import MissingDependencyError, ReviewError
from ftrack_review.protocol.schema import nearest
from ftrack_review.review import gathering, showing
from ftrack_review.review.reports import content as content_
from ftrack_review.review.reports import recording, seal
from ftrack_review.review.reports.content import Pictures

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["FORMATS", "WRITERS", "Report", "report"]

#: The formats, and the modules that each needs.
FORMATS: Dict[str, tuple[str, ...]] = {
    "html": ("jinja2",),
    "pdf": ("fpdf", "PIL", "fontTools"),
    "csv": (),
    "json": (),
    "otio": ("opentimelineio",),
}

#: What writes each format, as the seal names it. Who changes how one looks gives it the next number, so that files of
#: before are not taken for forged: what is written again from their content is not the same then.
WRITERS: Dict[str, str] = {
    "html": "html 2",
    "pdf": "pdf 2",
    "csv": "csv 2",
    "json": "json 2",
    "otio": "otio 2",
}


class Report:
    """The report of a review. *content* is what it says, plain values; *pictures* are by their SHA-256."""

    def __init__(self, content: Mapping[str, Any], pictures: Pictures) -> None:
        self.content = content
        self.pictures = pictures

    @property
    def digest(self) -> str:
        """The SHA-256 over the content in its canonical form, the same for every format."""
        return seal.digest_of(self.content)

    def __str__(self) -> str:
        """Return what the report is about, and its digest."""
        return f"{self.content['session']['name']}, {self.content['made_at']}, sha256:{self.digest}"

    def render(
        self, format: str, *, key: Optional[bytes] = None, media: Optional[Mapping[str, str]] = None
    ) -> bytes:
        """Return the report in *format*, sealed, and signed with *key* where one is given.

        *media* has addresses of media by the ids of objects, for a timeline (``otio``) that plays.

        Raise :exc:`~ftrack_review.exception.ReviewError` for a format there is not, and
        :exc:`~ftrack_review.exception.MissingDependencyError` where its packages are missing.
        """
        require(format)
        return self._write(
            format, media, lambda body: seal.make(self.digest, body, key, writer=writer_of(format))
        )

    def render_with(
        self, format: str, found: Mapping[str, Any], media: Optional[Mapping[str, str]] = None
    ) -> bytes:
        """Return the report in *format* with the seal *found*, of a file that has to be the same, byte by byte."""
        return self._write(format, media, lambda _: found)

    def _write(
        self,
        format: str,
        media: Optional[Mapping[str, str]],
        make_seal: Callable[[bytes], Mapping[str, Any]],
    ) -> bytes:
        if format == "json":
            document = self._document()
            return _pretty({**document, "seal": make_seal(seal.canonical(document))})
        if format == "otio":
            return _pretty(self._timeline(media, make_seal))
        body = self._body(format)
        return seal.attach_made(format, body, make_seal(body))

    def _body(self, format: str) -> bytes:
        if format == "html":
            from ftrack_review.review.reports import page

            return page.render(self.content, self.pictures, self.digest)
        if format == "pdf":
            from ftrack_review.review.reports import paper

            return paper.render(self.content, self.pictures, self.digest)
        from ftrack_review.review.reports import sheet

        return sheet.render(self.content, self.digest)

    def _timeline(
        self, media: Optional[Mapping[str, str]], make_seal: Callable[[bytes], Mapping[str, Any]]
    ) -> Dict[str, Any]:
        """Put content and seal where programs that know OpenTimelineIO leave them alone: into the metadata."""
        from ftrack_review.review.reports import editorial

        document = editorial.render(self.content, media)
        metadata = document.setdefault("metadata", {}).setdefault(editorial.NAMESPACE, {})
        metadata["report"] = self.content
        metadata["seal"] = make_seal(seal.canonical(document))
        return document

    def save(
        self,
        path: Union[str, os.PathLike[str]],
        format: Optional[str] = None,
        *,
        key: Optional[bytes] = None,
        media: Optional[Mapping[str, str]] = None,
    ) -> str:
        """Write the report to *path* and return it. *format* is by default what the path ends with.

        *key* and *media* are those of :meth:`render`.
        """
        target = os.fspath(path)
        _save(target, self.render(_format_of(target, format), key=key, media=media))
        return target

    def _document(self) -> Dict[str, Any]:
        return {
            "format": content_.FORMAT,
            "content": self.content,
            "pictures": {
                name: base64.b64encode(picture).decode("ascii")
                for name, picture in sorted(self.pictures.items())
            },
        }


def report(
    review_session: Entity,
    path: Optional[Union[str, os.PathLike[str]]] = None,
    *,
    format: Optional[str] = None,
    pictures: bool = True,
    include_held: bool = False,
    key: Optional[bytes] = None,
    record: bool = False,
) -> Report:
    """Return the report of *review_session*: what was decided, by whom and when, and what is left open.

    With *path* it is written there as well, in *format*, by default what the path ends with: ``html``, ``pdf``,
    ``csv``, ``json`` or ``otio``. *pictures* False leaves thumbnails and drawn frames out, which saves fetching
    media. *include_held* shows comments that a moderated review holds back. *key*, a secret of yours, signs what
    is written.

    *record* keeps the digests of the report and of the file in the metadata of the review session, and commits, so that
    the file can be checked against the server later (:func:`~ftrack_review.review.reports.recording.record` does
    so for several files).

    The number of queries does not grow with the review; pictures are fetched one by one.

    Raise :exc:`~ftrack_review.exception.ReviewError` for a format there is not, and
    :exc:`~ftrack_review.exception.MissingDependencyError` where the ``report`` extra is needed and missing.

    Example::

        review_session.report("weekly.pdf")
        print(review_session.report(pictures=False).content["open_points"])

    .. versionadded:: 3.1.0
    """
    import arrow

    if path is not None:
        require(_format_of(path, format))
    made = _gather(review_session, arrow.utcnow(), pictures=pictures, include_held=include_held)
    files = {}
    if path is not None:
        chosen = _format_of(path, format)
        files[chosen] = made.render(chosen, key=key)
        _save(os.fspath(path), files[chosen])
    if record:
        recording.record(review_session, made, files)
    return made


def require(format: str) -> None:
    """Raise ReviewError for a format there is not, and MissingDependencyError where its packages are missing."""
    if format not in FORMATS:
        close = nearest(format, FORMATS)
        hint = f" Did you mean {close}?" if close else ""
        wrong = format or "a file without an ending"
        raise ReviewError(f"A report is written as {', '.join(FORMATS)}, not as {wrong!r}.{hint}")
    if not all(importlib.util.find_spec(name) for name in FORMATS[format]):
        raise MissingDependencyError(
            f"A report as {format} needs packages that are not installed. Install them with: "
            f"{sys.executable} -m pip install 'ftrack-review[report]'"
        )


def _format_of(path: Union[str, os.PathLike[str]], format: Optional[str]) -> str:
    return format or os.path.splitext(os.fspath(path))[1].lstrip(".").lower()


def writer_of(format: str) -> str:
    """Return what writes *format* here, as the seal names it: how a timeline is written depends on the library, too."""
    if format == "otio":
        import opentimelineio

        return f"{WRITERS[format]}, opentimelineio {opentimelineio.__version__}"
    return WRITERS[format]


def _save(path: str, data: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(data)


def _gather(review_session: Entity, made_at: Any, *, pictures: bool, include_held: bool) -> Report:
    session = review_session.session
    feedback = gathering.feedback(review_session)
    footage = showing.Footage(session, (item.version_id for item in feedback.objects))
    kept = Pictures()

    def put_together(thumbnail: Any, drawn_frame: Any) -> Dict[str, Any]:
        return content_.build(
            feedback,
            footage,
            kept,
            made_at=made_at,
            made_by=session.api_user,
            server=session.server_url,
            thumbnail=thumbnail,
            drawn_frame=drawn_frame,
            include_held=include_held,
        )

    if not pictures or importlib.util.find_spec("PIL") is None:
        return Report(put_together(lambda _: None, lambda *_: None), kept)
    from ftrack_review.review.reports import picturing

    # Several objects may show one version.
    fetched: Dict[str, Optional[bytes]] = {}

    def thumbnail(component_id: str) -> Optional[bytes]:
        if component_id not in fetched:
            found = showing.fetch(session, component_id)
            fetched[component_id] = picturing.shrink(found, 480) if found else None
        return fetched[component_id]

    with picturing.DrawnFrames(session) as frames:
        return Report(put_together(thumbnail, frames.picture), kept)


def _pretty(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"
