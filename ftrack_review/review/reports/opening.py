"""Take the file of a report apart: its seal, its content and its pictures, and what in it can be read in two ways.

Nothing is believed here: a file may come from anybody, be damaged, or have been saved again by another program.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Type

from ftrack_review.exception import MissingDependencyError
from ftrack_review.review import reports
from ftrack_review.review.reports import editorial, page, seal
from ftrack_review.review.reports.content import Pictures, picture_names
from ftrack_review.review.reports.hushing import hushed

__all__ = ["NOT_A_REPORT", "Opened", "open_report"]

#: What reading something that only looks like the content of a report comes to.
NOT_A_REPORT = (
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    ValueError,
    ArithmeticError,
    RecursionError,
)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# One of these is in every report, with its seal or without.
_MARKS = (b"ftrack-review-seal", b"ftrack-review-report", b"report-content")
_PICTURE = re.compile(rb'src="data:image/(?:jpeg|png);base64,([A-Za-z0-9+/=]+)"')


@dataclass(frozen=True)
class Opened:
    """A file taken apart.

    *content* is that of the report, None where the file does not hold it; *pictures* are by their SHA-256; *media* has
    the addresses in a timeline. *faults* are what can be read in two ways, a sentence each.
    """

    format: str
    data: bytes
    sealed: seal.Sealed
    content: Any = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    faults: Tuple[str, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Whether it was a report once, with its seal or without."""
        return any(mark in self.data for mark in _MARKS)

    @property
    def holds_content(self) -> bool:
        """Whether files of this format hold what the report says for programs to read."""
        return self.format != "csv"

    def is_written_again(self) -> Optional[bool]:
        """Return whether the same file comes out when the content in it is written again; None where nobody can tell.

        Then all that the file shows is what its content says.
        """
        if self.format not in ("html", "json", "otio") or self.content is None or self.sealed.seal is None:
            return None
        try:
            reports.require(self.format)
        except MissingDependencyError:
            return None
        report = reports.Report(self.content, _Kept(self.pictures))
        errors: Tuple[Type[Exception], ...] = (*NOT_A_REPORT, *_errors_of(self.format))
        try:
            with hushed():
                again = report.render_with(self.format, self.sealed.seal, self.media)
        except errors:
            return False
        if again == self.data:
            return True
        # Another version may write it otherwise. What this one claims to have written, it has not.
        return False if self.sealed.seal.get("writer") == reports.writer_of(self.format) else None

    def picture_faults(self) -> Iterator[str]:
        """Yield which pictures are not those that the content names by their SHA-256."""
        if self.format not in ("html", "json") or self.content is None:
            return
        try:
            wanted = set(picture_names(self.content))
            lacking = sorted(wanted - set(self.pictures))
        except NOT_A_REPORT:
            return  # Which is said of the content.
        for name in lacking:
            yield f"The picture {name[:12]}\u2026 of the content is not in the file, or another is in its place."
        for name, picture in sorted(self.pictures.items()):
            if hashlib.sha256(picture).hexdigest() != name:
                yield f"The picture {name[:12]}\u2026 was exchanged: it has another SHA-256."
            elif self.format == "json" and name not in wanted:
                yield f"The picture {name[:12]}\u2026 is in the file, and the content has none of that name."

    def has_other_line_ends(self) -> bool:
        """Return whether the file is whole but for the ends of its lines, which programs for mail change."""
        again = _csv_lines(self.data) if self.format == "csv" else self.data.replace(b"\r\n", b"\n")
        if again is None or again == self.data:
            return False
        other = open_report(again)
        found = other.sealed.seal
        return found is not None and hashlib.sha256(other.sealed.body).hexdigest() == found["document"]


class _Kept(Pictures):
    """Pictures to write a report with: one that is not there is no picture."""

    def __missing__(self, name: str) -> bytes:
        return b""


def open_report(data: bytes) -> Opened:
    """Take a file apart."""
    start = data[:200].lstrip(_BYTE_ORDER_MARK + b" \t\r\n").lower()
    if start.startswith(b"%pdf"):
        return _open_pdf(data)
    if start.startswith(b"{"):
        return _open_json(data)
    if start.startswith((b"<!doctype", b"<html")):
        return _open_html(data)
    return Opened("csv", data, seal.split("csv", data))


def _errors_of(format: str) -> Tuple[Type[Exception], ...]:
    """Return what the library that writes *format* raises for what it cannot write."""
    if format == "html":
        import jinja2

        return (jinja2.TemplateError,)
    if format == "otio":
        import opentimelineio

        return (opentimelineio.exceptions.OTIOError,)
    return ()


def _open_html(data: bytes) -> Opened:
    sealed = seal.split("html", data)
    parts = sealed.body.split(page.BEGIN)
    content, faults = _load(parts[1].partition(page.END)[0]) if len(parts) > 1 else (None, [])
    if len(parts) > 2:
        faults.append("There are several contents in it, so that it can be read in two ways.")
    pictures = {}
    for found in _PICTURE.finditer(sealed.body):
        picture = _decode(found.group(1))
        if picture is not None:
            pictures[hashlib.sha256(picture).hexdigest()] = picture
    return Opened("html", data, sealed, content, pictures, faults=tuple(faults))


def _open_json(data: bytes) -> Opened:
    document, faults = _load(data)
    if not isinstance(document, dict):
        return Opened("json", data, seal.Sealed(data, None), faults=tuple(faults))
    try:
        metadata = document.get("metadata")
        ours = metadata.get(editorial.NAMESPACE) if isinstance(metadata, dict) else None
        if isinstance(ours, dict) and "seal" in ours:
            return _open_timeline(data, document, ours, faults)
        sealed = seal.split_inside(document)
    except NOT_A_REPORT:
        return Opened("json", data, seal.Sealed(data, None), faults=tuple(faults))
    pictures = {}
    found = document.get("pictures")
    for name, text in (found if isinstance(found, dict) else {}).items():
        pictures[str(name)] = _decode(text) or b""
    return Opened("json", data, sealed, document.get("content"), pictures, faults=tuple(faults))


def _open_timeline(data: bytes, document: Dict[str, Any], ours: Dict[str, Any], faults: List[str]) -> Opened:
    found = ours.pop("seal")
    sealed = seal.Sealed(seal.canonical(document), found if seal.is_seal(found) else None)
    try:
        media = editorial.media_of(document)
    except NOT_A_REPORT:
        media = {}
    return Opened("otio", data, sealed, ours.get("report"), media=media, faults=tuple(faults))


def _open_pdf(data: bytes) -> Opened:
    sealed = seal.split("pdf", data)
    try:
        import pypdf
    except ImportError as error:
        raise MissingDependencyError(
            "Checking a PDF needs pypdf. Install it with: pip install 'ftrack-review[report]'"
        ) from error
    from ftrack_review.review.reports.paper import ATTACHMENT

    try:
        with hushed():
            files = pypdf.PdfReader(io.BytesIO(sealed.body)).attachments.get(ATTACHMENT) or []
    except (pypdf.errors.PyPdfError, *NOT_A_REPORT):
        files = []  # Damaged, which the digest of the document shows.
    content, faults = _load(files[0]) if files else (None, [])
    if len(files) > 1:
        faults.append("There are several contents in it, so that it can be read in two ways.")
    return Opened("pdf", data, sealed, content, faults=tuple(faults))


def _load(text: bytes) -> Tuple[Any, List[str]]:
    """Return what a text of JSON says, None for none, and what is odd about it."""
    try:
        return seal.load(text), []
    except seal.AmbiguousError as error:
        faults = [str(error)]
    except (ValueError, RecursionError):
        return None, []
    try:
        return json.loads(text), faults
    except (ValueError, RecursionError):
        return None, faults


def _decode(text: Any) -> Optional[bytes]:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None


def _csv_lines(data: bytes) -> Optional[bytes]:
    """Return a spreadsheet with the ends of lines that it is written with here: CR and LF between rows, LF within."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except (ValueError, csv.Error):
        return None
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerows([cell.replace("\r\n", "\n") for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8")
