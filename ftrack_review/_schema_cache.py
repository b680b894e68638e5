"""Keep schema documents on disk between sessions: one file per server and hash, written atomically.

The hash that the server announces is part of the file's name, so that a file is never stale and need not be
hashed again. It does not fetch anything; the session does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

import ftrack_review.exception as exception

__all__ = ["Documents", "folder_for", "read", "write"]

_Document = List[Dict[str, Any]]

#: Files of one server that are kept: sites with several schemas, such as a test copy, change back and forth.
_KEPT = 4

# Path -> (time of change, size, documents), so that a second session of the process does not read it again.
_read_before: Dict[str, Tuple[int, int, Documents]] = {}
_lock = threading.Lock()

_BEGIN = '{"id": "'


class Documents(Mapping[str, Dict[str, Any]]):
    """The document of each entity type by name, decoded when it is first asked for.

    A program uses a few of the 130, and all together are 5,000 dictionaries and lists for the collector to look at.
    """

    def __init__(self, path: str, texts: Dict[str, str]) -> None:
        """Initialise with the JSON *texts* by name, from the file at *path*."""
        self._path = path
        self._texts = texts
        self._decoded: Dict[str, Dict[str, Any]] = {}

    def __getitem__(self, name: str) -> Dict[str, Any]:
        """Return the document of the type *name*. Raise :exc:`KeyError` where there is none.

        Raise :exc:`~ftrack_review.exception.ConfigurationError` where the file is damaged, which it is not any more
        at the next start.
        """
        found = self._decoded.get(name)
        if found is None:
            try:
                found = self._decoded.setdefault(name, json.loads(self._texts[name]))
            except ValueError as error:
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
                raise exception.ConfigurationError(
                    f"The schema of {name} in {self._path} was damaged. The file is removed: start the session "
                    f"again, and it is fetched from the server."
                ) from error
        return found

    def __contains__(self, name: object) -> bool:
        """Return whether there is a type *name*, without decoding its document."""
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order of the server."""
        return iter(self._texts)

    def __len__(self) -> int:
        """Return the number of types."""
        return len(self._texts)


def folder_for(schema_cache_path: Union[str, bool, None]) -> Optional[str]:
    """Return the folder for schema files, None where they are not to be kept.

    *schema_cache_path* is a folder, False for none, or None for the one in FTRACK_API_SCHEMA_CACHE_PATH or, without
    that, the user's folder for caches.
    """
    if schema_cache_path is False:
        return None
    if schema_cache_path and schema_cache_path is not True:
        return os.fspath(schema_cache_path)
    from_environment = os.environ.get("FTRACK_API_SCHEMA_CACHE_PATH")
    if from_environment:
        return from_environment
    import platformdirs

    return platformdirs.user_cache_dir("ftrack-review", appauthor=False)


def path_for(folder: str, server_url: str, schema_hash: str) -> str:
    """Return the path of the file for the schema *schema_hash* of *server_url*."""
    server = hashlib.md5(server_url.encode("utf-8"), usedforsecurity=False).hexdigest()[:12]
    # The hash is a server's text, and becomes part of a path.
    schema = hashlib.md5(schema_hash.encode("utf-8"), usedforsecurity=False).hexdigest()
    return os.path.join(folder, f"ftrack_review_schema_{server}_{schema}.json")


def read(path: str) -> Optional[Documents]:
    """Return the documents in the file at *path*, None where there is none that can be read."""
    try:
        status = os.stat(path)
        with _lock:
            before = _read_before.get(path)
        if before is not None and before[:2] == (status.st_mtime_ns, status.st_size):
            return before[2]
        with open(path, encoding="utf-8") as file:
            documents = _find(path, file.read().split("\n"))
    except (OSError, ValueError):
        return None
    if documents is not None:
        with _lock:
            _read_before[path] = (status.st_mtime_ns, status.st_size, documents)
    return documents


def _find(path: str, lines: List[str]) -> Optional[Documents]:
    """Return the documents in the *lines* of the file at *path*, None where they are not as :func:`write` made them."""
    if len(lines) < 3 or lines[0] != "[" or lines[-1] != "]":
        return None
    texts: Dict[str, str] = {}
    for line in lines[1:-1]:
        text = line.removesuffix(",")
        name, quote, _ = text[len(_BEGIN) :].partition('"')
        if not (text.startswith(_BEGIN) and quote and text.endswith("}")):
            return None
        texts[json.loads(f'"{name}"') if "\\" in name else name] = text
    return Documents(path, texts)


def is_document(value: Any) -> bool:
    """Return whether *value* can be a schema document."""
    return isinstance(value, list) and all(isinstance(entry, dict) and "id" in entry for entry in value)


def write(path: str, document: _Document) -> None:
    """Put *document* in the file at *path*, whole or not at all. Raise :exc:`OSError` where that fails.

    Each entity type has a line of its own, in which its name comes first.
    """
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            lines = ",\n".join(json.dumps({"id": entry["id"], **entry}) for entry in document)
            file.write(f"[\n{lines}\n]")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _remove_old(folder, name)


def _remove_old(folder: str, name: str) -> None:
    """Remove the oldest schemas of the server that the file *name* belongs to."""
    prefix = name.rsplit("_", 1)[0] + "_"
    paths = [os.path.join(folder, each) for each in os.listdir(folder) if each.startswith(prefix)]
    try:
        paths.sort(key=os.path.getmtime)
        for path in paths[:-_KEPT]:
            os.unlink(path)
    except FileNotFoundError:
        # Another process is at it as well.
        return
