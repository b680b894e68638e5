"""Access to the data that a server keeps, by upload and download."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import threading
import urllib.parse
import weakref
from typing import IO, TYPE_CHECKING, Any, Callable, Iterator, MutableMapping, Optional, Tuple, Union

import ftrack_review.exception as exception
import ftrack_review.symbol as symbol
from ftrack_review.accessor.base import Accessor
from ftrack_review.data import String
from ftrack_review.protocol import action

if TYPE_CHECKING:
    import builtins

    import requests

    from ftrack_review.session import Session

__all__ = ["Progress", "ServerFile"]

#: Called with the number of bytes that were sent and the number that there are.
Progress = Callable[[int, int], None]

# An upload or download is the same however often it is done, so a broken one is started again.
_BUSY_STATUS = frozenset((429, 502, 503))
# How slowly a server may put parts together before it is taken for dead.
_SLOWEST_BYTES_PER_S = 10_000_000


class ServerFile(String):
    """The data of a component on the server.

    What is written goes to a temporary file and is uploaded on :meth:`flush` or :meth:`close`. What is
    read is downloaded into a temporary file first. Either way memory holds no more than a chunk of it.
    """

    def __init__(self, resource_identifier: str, session: Session, mode: str = "rb") -> None:
        """Initialise for the component whose key is *resource_identifier*, opened with *mode*."""
        self.mode = mode
        self.resource_identifier = resource_identifier
        self.progress: Optional[Progress] = None
        self.wait: Callable[[float], object] = threading.Event().wait
        self._session = session
        self._has_read = False
        # Opening a file for writing empties it, also when nothing is written then.
        self._has_written = "w" in mode
        super().__init__()

    def read(self, limit: Optional[int] = None) -> Union[str, bytes]:
        """Return up to *limit* bytes, everything by default. The first call downloads the data."""
        if not self._has_read and not self._has_written:
            self._read()
            self._has_read = True
        return super().read(limit)

    def write(self, content: Union[str, bytes]) -> None:
        """Write *content*, to be uploaded on :meth:`flush`."""
        self._has_written = True
        super().write(content)

    def flush(self) -> None:
        """Upload what was written since the last time."""
        super().flush()
        if self._has_written and self.mode != "rb":
            self._write()
            # After an error it stays to be written, so that another flush tries again.
            self._has_written = False
            self._has_read = True

    def upload_from(self, source: IO[bytes]) -> None:
        """Upload the open file *source* from its beginning, without a copy of it.

        A file above 16 MiB goes in parts, several at a time, where the server takes parts.

        Raise :exc:`~ftrack_review.exception.AccessorOperationFailedError` if the server does not have it
        afterwards.
        """
        size = _measure(source)
        from ftrack_review.accessor import _multipart

        parts = _multipart.count_parts(size)
        if parts is None or not self._upload_in_parts(source, size, parts):
            self._upload_whole(source, size)
        self._has_written = False

    def _upload_whole(self, source: IO[bytes], size: int) -> None:
        """Upload *source* with one request."""
        metadata = self._session.get_upload_metadata(
            component_id=self.resource_identifier,
            file_name=self._get_file_name(),
            file_size=size,
            checksum=_hash(source),
        )
        url = metadata["url"]
        with self._named("upload"):

            def send() -> requests.Response:
                return _put(self._session, url, metadata["headers"], _Body(source, size, self.progress))

            response = self._repeat(url, send)
            with response:
                _check(response)

    def _upload_in_parts(self, source: IO[bytes], size: int, parts: int) -> bool:
        """Upload *source* in *parts*. Return whether the server takes parts; nothing was sent where it does not."""
        from ftrack_review._http import BACK_OFF_S
        from ftrack_review.accessor import _multipart

        session = self._session
        metadata = session.get_upload_metadata(
            component_id=self.resource_identifier,
            file_name=self._get_file_name(),
            file_size=size,
            parts=parts,
        )
        if not metadata.get("urls"):
            return False
        position = source.tell()
        with self._named("upload"):
            try:
                tags = _multipart.send(
                    source,
                    size,
                    metadata["urls"],
                    lambda url, body: _put(session, url, {}, body),
                    is_trusted=lambda url: _is_own(session, url),
                    pauses_s=BACK_OFF_S,
                    wait=self.wait,
                    timeout_s=_timeout_s(session),
                    progress=self.progress,
                )
            finally:
                source.seek(position)
            _complete(session, self.resource_identifier, metadata["upload_id"], tags, size)
        return True

    def _read(self) -> None:
        """Download the data of the component."""
        with self._named("download"):
            for url in _find_urls(self._session, self.resource_identifier):

                def fetch(url: str = url) -> requests.Response:
                    return _get(self._session, url, self.wrapped_file)

                response = self._repeat(url, fetch)
                if response.status_code not in (401, 403, 404):
                    break
            _check(response)
        self.wrapped_file.seek(0)

    def _write(self) -> None:
        """Upload what is in the temporary file, and leave the position where it was."""
        position = self.tell()
        try:
            self.upload_from(self.wrapped_file)
        finally:
            self.seek(position)

    def _get_size(self) -> int:
        """Return the size of what was written, in bytes."""
        return _measure(self.wrapped_file)

    def _compute_checksum(self) -> str:
        """Return the MD5 of what was written, in base64."""
        return _hash(self.wrapped_file)

    def _get_file_name(self) -> str:
        """Return the name under which people get the component."""
        component = self._session.get("FileComponent", self.resource_identifier)
        if component is None:
            raise exception.AccessorOperationFailedError(
                operation="upload",
                resource_identifier=self.resource_identifier,
                message="There is no component with the id {resource_identifier} to upload data for.",
            )
        return f"{component['name']}{component['file_type'] or ''}"

    @contextlib.contextmanager
    def _named(self, operation: str) -> Iterator[None]:
        """Name the *operation* and the component in the errors that come from the network."""
        try:
            yield
        except exception.ServerError as error:
            raise exception.AccessorOperationFailedError(
                operation=operation,
                resource_identifier=self.resource_identifier,
                error=error,
                message="The {operation} of component {resource_identifier} failed: {error}",
            ) from error

    def _repeat(self, url: str, attempt: Callable[[], requests.Response]) -> requests.Response:
        """Return the answer to *attempt*, made again a few times when the connection breaks."""
        from ftrack_review._http import BACK_OFF_S
        from ftrack_review._http_error import FOREIGN_ERRORS, connection_error, is_broken

        for pause_s in (*BACK_OFF_S, None):
            try:
                response = attempt()
            except FOREIGN_ERRORS as error:
                if pause_s is None or not is_broken(error):
                    # The original shows the whole URL, whose token is a credential.
                    raise connection_error(url, _timeout_s(self._session), error) from None
            else:
                if pause_s is None or response.status_code not in _BUSY_STATUS:
                    return response
                response.close()
            self.wait(pause_s)
        raise AssertionError  # The last round returns or raises.


class _ServerAccessor(Accessor):
    """Access to the data on the server of a session; resource identifiers are keys of components."""

    def __init__(self, session: Session, **kw: Any) -> None:
        """Initialise for *session*."""
        super().__init__(**kw)
        self._session = session
        self._reporting = threading.local()
        # Whether the server removes data with the key in a header; None until it was tried.
        self._takes_headers: Optional[bool] = None

    @contextlib.contextmanager
    def reporting(self, progress: Optional[Progress]) -> Iterator[None]:
        """Call *progress* with sent and total bytes during the uploads of this thread within."""
        before = getattr(self._reporting, "progress", None)
        self._reporting.progress = progress
        try:
            yield
        finally:
            self._reporting.progress = before

    def open(self, resource_identifier: str, mode: str = "rb") -> ServerFile:
        """Return the data of the component *resource_identifier*, opened with *mode*."""
        file = ServerFile(resource_identifier, session=self._session, mode=mode)
        file.progress = getattr(self._reporting, "progress", None)
        return file

    def remove(self, resourceIdentifier: str) -> None:  # noqa: N803 - the name that ftrack_api has.
        """Remove the data of the component *resourceIdentifier* from the server.

        The embedded server takes the key from a header; the route of others from the URL and from nowhere else.
        """
        from ftrack_review._http_error import map_errors

        session = self._session
        try:
            if self._takes_headers is not False:
                self._takes_headers = self._remove_by_headers(resourceIdentifier)
            if self._takes_headers:
                return
            # No message or log shows what is in it.
            url = self._get_url("remove", resourceIdentifier)
            with map_errors(url, _timeout_s(session)):
                response = session.transport.http.get(url, timeout=_timeout_s(session))
            _check(response)
        except exception.ServerError as error:
            raise exception.AccessorOperationFailedError(
                operation="remove",
                resource_identifier=resourceIdentifier,
                error=error,
                message="The data of component {resource_identifier} could not be removed: {error}",
            ) from error

    def _remove_by_headers(self, component_id: str) -> bool:
        """Remove the data of a component with the key in a header. Return whether this server knows that way."""
        from ftrack_review._http_error import map_errors

        session = self._session
        url = f"{session.server_url}/component/remove?{urllib.parse.urlencode({'id': component_id})}"
        with map_errors(url, _timeout_s(session)):
            response = session.transport.http.delete(url, timeout=_timeout_s(session), allow_redirects=False)
        if response.status_code != 200:
            return False
        try:
            answer = response.json()
        except ValueError:
            return False
        return isinstance(answer, dict) and answer.get("component_id") == component_id

    def get_container(self, resource_identifier: str) -> None:  # noqa: ARG002
        """Return None, as nothing contains the data of a component."""
        return

    def make_container(self, resource_identifier: str, recursive: bool = True) -> None:
        """Do nothing, as the server needs no containers."""

    def list(self, resource_identifier: str) -> builtins.list[str]:
        """Raise NotImplementedError, as a server does not list its data."""
        raise NotImplementedError(
            "The server does not list the data it keeps. Query ComponentLocation instead."
        )

    def exists(self, resource_identifier: str) -> bool:  # noqa: ARG002
        """Return False: what is uploaded may always take the place of what is there."""
        return False

    def is_file(self, resource_identifier: str) -> bool:
        """Raise NotImplementedError, as a server does not tell."""
        raise NotImplementedError("The server does not tell what it keeps. Query ComponentLocation instead.")

    def is_container(self, resource_identifier: str) -> bool:
        """Raise NotImplementedError, as a server does not tell."""
        raise NotImplementedError("The server does not tell what it keeps. Query ComponentLocation instead.")

    def is_sequence(self, resource_identifier: str) -> bool:
        """Raise NotImplementedError, as a server does not tell."""
        raise NotImplementedError("The server does not tell what it keeps. Query ComponentLocation instead.")

    def get_url(self, resource_identifier: str) -> str:
        """Return the URL of the component *resource_identifier*, which holds the user and key."""
        return self._get_url("get", resource_identifier)

    def get_thumbnail_url(self, resource_identifier: str, size: Optional[int] = None) -> str:
        """Return the URL of an image of the component, fitted into *size* by *size* pixels.

        The server chooses the size where none is given. The URL holds the user and key.
        """
        url = self._get_url("thumbnail", resource_identifier)
        return url if size is None else f"{url}&{urllib.parse.urlencode({'size': size})}"

    def _get_url(self, name: str, component_id: str) -> str:
        session = self._session
        query = {"id": component_id, "username": session.api_user, "apiKey": session.api_key}
        return f"{session.server_url}/component/{name}?{urllib.parse.urlencode(query)}"


class _Body:
    """An open file as the body of a request: read in chunks, and told apart from a stream by its length."""

    def __init__(self, source: IO[bytes], size: int, progress: Optional[Progress]) -> None:
        self._source = source
        self._size = size
        self._progress = progress

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self._source.seek(0)
        sent = 0
        while sent < self._size:
            with _naming_files("reading"):
                chunk = self._source.read(min(symbol.CHUNK_SIZE, self._size - sent))
                if not chunk:
                    raise OSError(
                        f"the file ended after {sent} of {self._size} bytes; it was changed meanwhile"
                    )
            yield chunk
            sent += len(chunk)
            if self._progress is not None:
                self._progress(sent, self._size)


def _complete(session: Session, component_id: str, upload_id: str, tags: Any, size: int) -> None:
    """Have the server put the parts of *size* bytes together, for which it may take its time."""
    completion = action.complete_multipart_upload(component_id, upload_id=upload_id, parts=tags)
    timeout_s = max(_timeout_s(session), size / _SLOWEST_BYTES_PER_S)
    answer = session.transport.call(json.dumps([completion], sort_keys=True), timeout_s)
    session._read_answer(answer, [completion])


def _put(session: Session, url: str, headers: Any, body: Any) -> requests.Response:
    from ftrack_review._http import without_credentials
    from ftrack_review._http_error import CONNECT_TIMEOUT_S

    timeout_s = _timeout_s(session)
    # requests would send an empty stream chunked, which object stores refuse.
    data: Any = body if len(body) else b""
    return _http_for(session, url).put(
        url,
        data=data,
        headers={name: str(value) for name, value in headers.items()},
        # The URL is signed. Another credential beside it is an error to an object store.
        auth=without_credentials,
        timeout=(min(timeout_s, CONNECT_TIMEOUT_S), timeout_s),
        allow_redirects=False,
    )


def _get(session: Session, url: str, target: IO[bytes]) -> requests.Response:
    """Write what is at *url* into *target*, from its beginning."""
    from ftrack_review._http import read_whole, without_credentials
    from ftrack_review._http_error import CONNECT_TIMEOUT_S

    timeout_s = _timeout_s(session)
    auth = None if _is_own(session, url) else without_credentials
    with _http_for(session, url).get(
        url, auth=auth, stream=True, timeout=(min(timeout_s, CONNECT_TIMEOUT_S), timeout_s)
    ) as response:
        if response.status_code >= 400:
            read_whole(response)
            return response
        target.seek(0)
        target.truncate()
        written = 0
        for chunk in response.iter_content(symbol.CHUNK_SIZE):
            with _naming_files("writing"):
                written += target.write(chunk)
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and "content-encoding" not in response.headers and written < int(announced):
            raise ConnectionResetError(f"{written} of {announced} bytes came")
        return response


@contextlib.contextmanager
def _naming_files(operation: str) -> Iterator[None]:
    """Tell errors of our own files from those of the network, which requests raises as the same class."""
    try:
        yield
    except OSError as error:
        raise exception.AccessorOperationFailedError(operation=operation, error=error) from error


def _find_urls(session: Session, component_id: str) -> Iterator[str]:
    """Return where to try to download *component_id* from, best first.

    A signed URL keeps the key out of proxies' logs. The plain route, which takes the key from the URL, is
    for servers that sign none and for data whose location is not recorded yet.
    """
    attribute = session.types["ComponentLocation"].attributes.get("url")
    if attribute is not None:
        expression = (
            f'select url from ComponentLocation where component_id is "{component_id}" '
            f'and location_id is "{symbol.SERVER_LOCATION_ID}" limit 1'
        )
        for record in session.call([{"action": "query", "expression": expression}])[0]["data"]:
            url = record["url"]
            address = url.get("url") if hasattr(url, "get") else url
            if isinstance(address, str) and address:
                yield urllib.parse.urljoin(session.server_url + "/", address)
    yield _ServerAccessor(session).get_url(component_id)


def _http_for(session: Session, url: str) -> requests.Session:
    """Return what to send a request for *url* with.

    Cookies and headers of the session are for its own server. What goes to another host, such as an object
    store, keeps its proxies and certificates only.
    """
    own: requests.Session = session.transport.http
    if _is_own(session, url):
        return own
    process, other = _elsewhere.get(own, (0, None))
    if other is None or process != os.getpid():
        import requests

        other = requests.Session()
        _elsewhere[own] = (os.getpid(), other)
    other.trust_env, other.proxies, other.verify, other.cert = (
        own.trust_env,
        own.proxies,
        own.verify,
        own.cert,
    )
    return other


# The pool for its own server -> the process and pool for other hosts, so that the files of a sequence share a
# connection. A child makes its own, as two processes on one encrypted connection break it.
_elsewhere: MutableMapping[requests.Session, Tuple[int, Optional[requests.Session]]] = (
    weakref.WeakKeyDictionary()
)


def _is_own(session: Session, url: str) -> bool:
    return _origin(url) == _origin(session.server_url)


def _origin(url: str) -> Tuple[str, Optional[str], Optional[int]]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _check(response: requests.Response) -> None:
    """Raise ServerResponseError unless *response* is a success."""
    if 200 <= response.status_code < 300:
        return
    from ftrack_review.transport import _response_error

    raise _response_error(response.url, response.content, status=response.status_code)


def _timeout_s(session: Session) -> float:
    from ftrack_review.transport import DEFAULT_TIMEOUT_S

    return float(getattr(session, "timeout", None) or DEFAULT_TIMEOUT_S)


def _measure(file: IO[bytes]) -> int:
    """Return the size of *file* in bytes, and leave its position as it is."""
    position = file.tell()
    try:
        return file.seek(0, os.SEEK_END)
    finally:
        file.seek(position)


def _hash(file: IO[bytes]) -> str:
    """Return the MD5 of *file* in base64, and leave its position as it is."""
    position = file.tell()
    digest = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    for chunk in iter(lambda: file.read(symbol.CHUNK_SIZE), b""):
        digest.update(chunk)
    file.seek(position)
    return base64.b64encode(digest.digest()).decode("ascii")
