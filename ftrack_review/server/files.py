"""The media folder: one file per component, put there whole or not at all.

A file is written beside its place under another name and moved there once its size and MD5 are what was
announced, so that neither a broken connection nor a full disk leaves half a file behind. The name of a file
is made from the component's id alone; nothing that a client says becomes part of a path.

This module knows files and nothing of HTTP: ``endpoint`` moves the bytes, ``transfer`` hands out the addresses.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import mimetypes
import os
import re
import shutil
import time
import uuid
from typing import Any, BinaryIO, Iterable, Iterator, List, Mapping, Optional

from ftrack_review.server.errors import ServerFault, validation_error

__all__ = [
    "THUMBNAIL_SIZES",
    "Files",
    "Incoming",
    "content_type",
    "disk_full",
    "upload_fault",
    "upload_name",
]

#: The sizes of thumbnails in pixels. They are few, so that nobody can fill the disk with every size there is.
THUMBNAIL_SIZES = (64, 100, 150, 300, 600, 1200)

# Ids that can be file names everywhere; upper case is not, as some file systems ignore it.
_PLAIN_ID = re.compile(r"[0-9a-z][0-9a-z_-]{3,99}\Z")
_STALE_S = 2 * 24 * 3600
_COPY_BYTES = 4 * 1024 * 1024

# What browsers need to be told and the tables of some platforms lack.
_CONTENT_TYPES = {
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mxf": "application/mxf",
    ".webp": "image/webp",
    ".exr": "image/x-exr",
    ".dpx": "image/x-dpx",
    ".otio": "application/json",
}


def content_type(name: str) -> str:
    """Return the media type of a file called *name*, ``application/octet-stream`` where it says nothing."""
    extension = os.path.splitext(name)[1].lower()
    return _CONTENT_TYPES.get(extension) or mimetypes.guess_type(name)[0] or "application/octet-stream"


class Files:
    """The files of all components, in one folder."""

    def __init__(self, folder: str, *, is_durable: bool = True) -> None:
        """Initialise with *folder*, which is made if need be.

        *is_durable* waits until the disk has what is written, which a folder that will be thrown away can
        do without.
        """
        self.folder = os.path.abspath(folder)
        self._is_durable = is_durable
        self._incoming = os.path.join(self.folder, ".incoming")
        self._thumbnails = os.path.join(self.folder, ".thumbnails")
        self.work = os.path.join(self.folder, ".work")
        for path in (self.folder, self._incoming, self._thumbnails, self.work):
            os.makedirs(path, exist_ok=True)
        self._sweep()

    def path(self, component_id: str) -> str:
        """Return where the file of the component *component_id* is or would be."""
        name = _file_name(component_id)
        return os.path.join(self.folder, name[:2], name)

    def has(self, component_id: str) -> bool:
        """Return whether there is a file for *component_id*."""
        return os.path.isfile(self.path(component_id))

    def size(self, component_id: str) -> Optional[int]:
        """Return the size of the file of *component_id* in bytes, or None where there is none."""
        try:
            return os.path.getsize(self.path(component_id))
        except OSError:
            return None

    def receive(
        self,
        component_id: str,
        *,
        size: Optional[int] = None,
        checksum: Optional[str] = None,
        part: Optional[int] = None,
        upload_id: Optional[str] = None,
    ) -> Incoming:
        """Return the way in for the file of *component_id*, or for one *part* of the upload *upload_id*.

        *size* in bytes and *checksum*, the MD5 in base64, are what was announced and will be checked.
        """
        if part is None:
            target = self.path(component_id)
        else:
            folder = self._parts_folder(component_id, upload_id or "")
            os.makedirs(folder, exist_ok=True)
            target = os.path.join(folder, str(part))
        if size is not None and shutil.disk_usage(self.folder).free < size:
            raise disk_full()
        scratch = os.path.join(self._incoming, uuid.uuid4().hex)
        return Incoming(scratch, target, size=size, checksum=checksum, is_durable=self._is_durable)

    def adopt(self, component_id: str, source: str) -> int:
        """Move the file *source*, made on this disk, to the place of *component_id*. Return its size."""
        target = self.path(component_id)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        self.forget_thumbnails(component_id)
        size = os.path.getsize(source)
        try:
            os.replace(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with open(source, "rb") as stream, self.receive(component_id, size=size) as incoming:
                incoming.copy(stream)
                incoming.finish()
            os.remove(source)
        return size

    def remove(self, component_id: str) -> bool:
        """Remove the file of *component_id* and what was made from it. Return whether there was one."""
        self.forget_thumbnails(component_id)
        try:
            os.remove(self.path(component_id))
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def named(self, component_id: str, extension: str) -> Iterator[str]:
        """Give a path of the file of *component_id* that ends in *extension*, by which readers tell formats.

        It is a second name of the file where the disk allows it, a copy otherwise, and gone afterwards.
        """
        safe = "".join(c for c in extension if c.isascii() and (c.isalnum() or c == "."))[:16]
        folder = os.path.join(self.work, uuid.uuid4().hex)
        os.mkdir(folder)
        try:
            path = os.path.join(folder, f"source{safe}")
            try:
                os.link(self.path(component_id), path)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(self.path(component_id), path)
            yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def thumbnail_path(self, component_id: str, size: int) -> str:
        """Return where the thumbnail of *component_id* in *size* pixels, one of THUMBNAIL_SIZES, is kept."""
        return os.path.join(self._thumbnails, f"{_file_name(component_id)}.{size}.jpg")

    def assemble(
        self,
        component_id: str,
        upload_id: str,
        parts: Iterable[Mapping[str, Any]],
        *,
        size: Optional[int] = None,
        checksum: Optional[str] = None,
    ) -> int:
        """Put the *parts* of an upload together as the file of *component_id*. Return its size in bytes.

        *parts* hold ``part_number`` and ``e_tag`` in any order. *size* and *checksum* are as for :meth:`receive`.
        Doing it twice is the same as doing it once.
        """
        folder = self._parts_folder(component_id, upload_id)
        numbers = sorted((int(part["part_number"]), str(part["e_tag"]).strip('"')) for part in parts)
        if not os.path.isdir(folder):
            if self.has(component_id):
                return self.size(component_id) or 0
            raise validation_error("There is no such upload, or none of its parts has arrived.", "upload_id")
        with self.receive(component_id, size=size, checksum=checksum) as incoming:
            for number, e_tag in numbers:
                try:
                    stream = open(os.path.join(folder, str(number)), "rb")  # noqa: SIM115 - closed below.
                except OSError as error:
                    raise validation_error(
                        f"Part {number} of the upload has not arrived.", "parts"
                    ) from error
                with stream:
                    if incoming.copy(stream) != e_tag:
                        raise validation_error(f"Part {number} of the upload is not what was sent.", "parts")
            received = incoming.finish()
        self.forget_thumbnails(component_id)
        shutil.rmtree(folder, ignore_errors=True)
        return received

    def _parts_folder(self, component_id: str, upload_id: str) -> str:
        return os.path.join(self._incoming, "parts-" + _file_name(f"{component_id}/{upload_id}"))

    def forget_thumbnails(self, component_id: str) -> None:
        """Remove the thumbnails of *component_id*, whose file is another now."""
        for size in THUMBNAIL_SIZES:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.thumbnail_path(component_id, size))

    def _sweep(self) -> None:
        """Remove what interrupted uploads and jobs left behind long ago."""
        limit = time.time() - _STALE_S
        entries: List[os.DirEntry[str]] = []
        for folder in (self._incoming, self.work):
            with os.scandir(folder) as found:
                entries.extend(found)
        for entry in entries:
            # Another process may be at it, too.
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime >= limit:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.remove(entry.path)


class Incoming:
    """A file on its way in. Leaving it as a context manager before :meth:`finish` discards it."""

    def __init__(
        self, scratch: str, target: str, *, size: Optional[int], checksum: Optional[str], is_durable: bool
    ) -> None:
        """Initialise. What is written goes to *scratch* and moves to *target* at the end."""
        self._scratch = scratch
        self._target = target
        self._expected_size = size
        self._expected_checksum = checksum
        self._is_durable = is_durable
        self._digest = hashlib.md5(usedforsecurity=False)
        self._received = 0
        self._stream: Optional[BinaryIO] = open(scratch, "xb")  # noqa: SIM115 - closed by discard and finish.

    def __enter__(self) -> Incoming:
        """Return the way in."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Discard what was written unless it was finished."""
        self.discard()

    @property
    def e_tag(self) -> str:
        """The MD5 of what has arrived so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append *data*. Raise a fault as soon as there is more than was announced, or no room."""
        self._received += len(data)
        if self._expected_size is not None and self._received > self._expected_size:
            raise upload_fault(
                f"More arrived than the {self._expected_size} bytes that were announced.", status=413
            )
        assert self._stream is not None
        try:
            self._stream.write(data)
        except OSError as error:
            raise _translate(error) from error
        self._digest.update(data)

    def copy(self, stream: BinaryIO) -> str:
        """Append all of *stream*. Return the MD5 of that stream alone, in hexadecimal."""
        digest = hashlib.md5(usedforsecurity=False)
        while True:
            data = stream.read(_COPY_BYTES)
            if not data:
                return digest.hexdigest()
            digest.update(data)
            self.write(data)

    def finish(self) -> int:
        """Check the file and move it to its place. Return its size in bytes."""
        if self._expected_size is not None and self._received != self._expected_size:
            raise upload_fault(
                f"The upload ended after {self._received} of {self._expected_size} announced bytes. "
                "Nothing was kept; send it again."
            )
        if self._expected_checksum is not None:
            arrived = base64.b64encode(self._digest.digest()).decode("ascii")
            if arrived != self._expected_checksum:
                raise upload_fault(
                    f"The MD5 of what arrived is {arrived}, not {self._expected_checksum} as announced. "
                    "Nothing was kept; send it again.",
                    status=422,
                )
        assert self._stream is not None
        try:
            self._stream.flush()
            if self._is_durable:
                os.fsync(self._stream.fileno())
            self._stream.close()
            self._stream = None
            os.makedirs(os.path.dirname(self._target), exist_ok=True)
            os.replace(self._scratch, self._target)
        except OSError as error:
            raise _translate(error) from error
        return self._received

    def discard(self) -> None:
        """Remove what was written, if it was not finished. May be called twice."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            # A full disk shows when the buffer is written out; the file goes anyway.
            with contextlib.suppress(OSError):
                stream.close()
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._scratch)


def upload_fault(content: str, *, status: int = 400) -> ServerFault:
    """Return the fault for an upload that is not what was announced."""
    return ServerFault("ValidationError", content, status)


def disk_full() -> ServerFault:
    """Return the fault for a disk without room."""
    return ServerFault(
        "ServerError", "The server's disk is full. Nothing was kept; make room and send it again.", 507
    )


def upload_name(component_id: str) -> str:
    """Return what stands for *component_id* in the path of an upload. The token says what is meant."""
    return _file_name(component_id).lstrip("~")


def _file_name(component_id: str) -> str:
    if _PLAIN_ID.match(component_id):
        return component_id
    # No plain id begins with a tilde, so that nobody can choose an id whose file is another's.
    return "~" + hashlib.sha256(component_id.encode("utf-8", "surrogatepass")).hexdigest()


def _translate(error: OSError) -> ServerFault:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return disk_full()
    return ServerFault("ServerError", f"The server could not store the file: {error.strerror}.", 500)
