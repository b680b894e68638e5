"""Send a large file in parts, several at a time, each again where it fails.

A server that takes parts gives an address for each. Workers read their part of the open file in chunks, so that memory
holds a chunk per worker however large the file is. Progress is told in the thread that uploads, and what it raises ends
the upload. Nothing of this knows of sessions or components: called by :mod:`ftrack_review.accessor.server`.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from typing import IO, TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import ftrack_review.exception as exception
import ftrack_review.symbol as symbol

if TYPE_CHECKING:
    import requests

__all__ = ["count_parts", "send"]

_MEBIBYTE = 1024 * 1024

# Up to a size of the file -> the size of a part. That of the JavaScript client (protocol.md 7.3), so that servers
# meet one habit.
_PART_SIZES: Tuple[Tuple[int, int], ...] = (
    (128 * _MEBIBYTE, 8 * _MEBIBYTE),
    (1024 * _MEBIBYTE, 16 * _MEBIBYTE),
    (8 * 1024 * _MEBIBYTE, 32 * _MEBIBYTE),
    (64 * 1024 * _MEBIBYTE, 64 * _MEBIBYTE),
)
_LARGEST_PART = 128 * _MEBIBYTE
#: Fewer parts than this are not worth it.
_FEWEST = 3
#: The most parts that object stores take.
_MOST = 10_000
#: How many parts are on their way at a time.
PARALLEL = 6
#: Answers after which the same part may be sent again with hope.
_PASSING_STATUS = frozenset((408, 425, 429, 500, 502, 503, 504))
#: How long to wait for the workers after an error, in seconds. They look up after every chunk.
_FAREWELL_S = 10.0

#: Sends the bytes of a body to an address and returns the answer.
Put = Callable[[str, Any], "requests.Response"]


def count_parts(size: int) -> Optional[int]:
    """Return in how many parts to send a file of *size* bytes, None for one that is better sent whole."""
    count = -(-size // _part_size(size))
    return count if count >= _FEWEST else None


def _part_size(size: int) -> int:
    for limit, part_size in _PART_SIZES:
        if size <= limit:
            return part_size
    return max(_LARGEST_PART, -(-size // _MOST))


def send(
    source: IO[bytes],
    size: int,
    urls: Sequence[Mapping[str, Any]],
    put: Put,
    *,
    is_trusted: Callable[[str], bool],
    pauses_s: Sequence[float],
    wait: Callable[[float], object],
    timeout_s: float,
    progress: Optional[Callable[[int, int], None]] = None,
) -> List[Dict[str, Any]]:
    """Send the *size* bytes of *source* to *urls*, and return the number and tag of each part.

    *urls* hold ``part_number`` and ``signed_url``, as the server gave them. A part is tried again after each of
    *pauses_s*, for which *wait* is called, when the connection breaks, the server is busy, or the tag that comes back
    from an address that *is_trusted* is not the MD5 of what was sent. *progress* is called in this thread with the
    bytes that have arrived and *size*.

    Raise the :exc:`~ftrack_review.exception.ServerError` of the first part that cannot be sent, or what *progress* or
    reading *source* raises. The other parts are given up then.
    """
    upload = _Upload(source, size, urls, put, is_trusted, pauses_s, wait, timeout_s)
    return upload.run(progress)


class _Stopped(Exception):
    """Another part has failed, so that this one need not go on."""


class _Upload:
    """One file on its way."""

    def __init__(
        self,
        source: IO[bytes],
        size: int,
        urls: Sequence[Mapping[str, Any]],
        put: Put,
        is_trusted: Callable[[str], bool],
        pauses_s: Sequence[float],
        wait: Callable[[float], object],
        timeout_s: float,
    ) -> None:
        self.source = source
        self.size = size
        self.put = put
        self.is_trusted = is_trusted
        self.pauses_s = pauses_s
        self.wait = wait
        self.timeout_s = timeout_s
        self.reading = threading.Lock()
        self.stopped = threading.Event()
        self.events: queue.Queue[Tuple[int, Any]] = queue.Queue()
        ordered = sorted(urls, key=lambda each: int(each["part_number"]))
        # A server may give another number of parts than was asked for.
        length = _part_size(size) if len(ordered) == count_parts(size) else -(-size // max(1, len(ordered)))
        self.waiting: queue.Queue[_Part] = queue.Queue()
        for index, each in enumerate(ordered):
            begin = min(index * length, size)
            self.waiting.put(
                _Part(
                    self, int(each["part_number"]), str(each["signed_url"]), begin, min(length, size - begin)
                )
            )
        self.count = len(ordered)

    def run(self, progress: Optional[Callable[[int, int], None]]) -> List[Dict[str, Any]]:
        workers = [
            threading.Thread(target=self._work, name="ftrack-review-upload", daemon=True)
            for _ in range(min(PARALLEL, self.count))
        ]
        for worker in workers:
            worker.start()
        try:
            return self._follow(workers, progress)
        finally:
            self.stopped.set()
            for worker in workers:
                worker.join(_FAREWELL_S)

    def _follow(
        self, workers: List[threading.Thread], progress: Optional[Callable[[int, int], None]]
    ) -> List[Dict[str, Any]]:
        """Tell *progress* what arrives until every part has a tag."""
        tags: Dict[int, str] = {}
        sent: Dict[int, int] = {}
        told = -1
        while len(tags) < self.count:
            try:
                number, what = self.events.get(timeout=1.0)
            except queue.Empty:
                if any(worker.is_alive() for worker in workers):
                    continue
                raise exception.ServerConnectionError("The upload ended without a reason.") from None
            if isinstance(what, BaseException):
                raise what
            if isinstance(what, str):
                tags[number] = what
                continue
            # A part that is sent again begins anew; the sum does not go back.
            sent[number] = max(what, sent.get(number, 0))
            total = sum(sent.values())
            if progress is not None and total > told:
                told = total
                progress(total, self.size)
        return [{"part_number": number, "e_tag": tag} for number, tag in sorted(tags.items())]

    def _work(self) -> None:
        """Send part after part until none is left. What goes wrong is raised where the upload was asked for."""
        while not self.stopped.is_set():
            try:
                part = self.waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self.events.put((part.number, self._send(part)))
            except _Stopped:
                return
            except BaseException as error:  # noqa: BLE001 - raised again by the one who waits.
                self.events.put((part.number, error))
                return

    def _send(self, part: _Part) -> str:
        """Return the tag of *part* once it has arrived."""
        for pause_s in (*self.pauses_s, None):
            tag, error = self._try(part)
            if tag is not None:
                return tag
            assert error is not None
            if pause_s is None:
                raise error
            self.wait(pause_s)
            if self.stopped.is_set():
                raise _Stopped
        raise AssertionError  # The last round returns or raises.

    def _try(self, part: _Part) -> Tuple[Optional[str], Optional[exception.ServerError]]:
        """Send *part* once. Return its tag, or the error where another try may help; raise other errors."""
        from ftrack_review._http_error import FOREIGN_ERRORS, connection_error, is_broken
        from ftrack_review.transport import _response_error, display_url

        try:
            response = self.put(part.url, part)
        except FOREIGN_ERRORS as error:
            # The original shows the whole address, whose token is a credential.
            described = connection_error(part.url, self.timeout_s, error)
            if is_broken(error) or isinstance(described, exception.ServerTimeoutError):
                return None, described
            raise described from None
        with response:
            status = response.status_code
            if not 200 <= status < 300:
                refused = _response_error(part.url, response.content, status=status)
                if status in _PASSING_STATUS:
                    return None, refused
                raise refused
            tag = response.headers.get("etag", "").strip('"')
        shown = display_url(part.url)
        if not tag:
            raise exception.ServerResponseError(
                f"The server at {shown} took part {part.number} and did not say how it names it (header ETag)."
            )
        if self.is_trusted(part.url) and tag != part.digest:
            return None, exception.ServerResponseError(
                f"The MD5 of part {part.number} at {shown} is {tag}, and {part.digest} was sent."
            )
        return tag, None


class _Part:
    """A part of a file as the body of a request: its length is known, and it is read in chunks."""

    __slots__ = ("begin", "digest", "length", "number", "upload", "url")

    def __init__(self, upload: _Upload, number: int, url: str, begin: int, length: int) -> None:
        self.upload = upload
        self.number = number
        self.url = url
        self.begin = begin
        self.length = length
        #: The MD5 of what was sent the last time, in hexadecimal.
        self.digest = ""

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[bytes]:
        upload = self.upload
        # Most of the time of an upload would go by in hashing: only where somebody looks at it.
        digest = hashlib.md5(usedforsecurity=False) if upload.is_trusted(self.url) else None
        sent = 0
        while sent < self.length:
            if upload.stopped.is_set():
                raise _Stopped
            chunk = self._read(sent)
            if digest is not None:
                digest.update(chunk)
            yield chunk
            sent += len(chunk)
            upload.events.put((self.number, sent))
        if digest is not None:
            self.digest = digest.hexdigest()

    def _read(self, sent: int) -> bytes:
        position = self.begin + sent
        try:
            with self.upload.reading:
                self.upload.source.seek(position)
                chunk = self.upload.source.read(min(symbol.CHUNK_SIZE, self.length - sent))
            if not chunk:
                raise OSError(
                    f"the file ended after {position} of {self.upload.size} bytes; it was changed meanwhile"
                )
        except OSError as error:
            # requests raises errors of the network as the same class.
            raise exception.AccessorOperationFailedError(operation="reading", error=error) from error
        return chunk
