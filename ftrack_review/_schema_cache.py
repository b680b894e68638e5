"""Keep schema documents on disk between sessions: one file per server and hash, written atomically.

The hash that the server announces is part of the file's name, so that a file is never stale and need not be
hashed again. It does not fetch anything; the session does.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from typing import Any, Dict, List, Optional, Tuple, Union

__all__ = ["folder_for", "read", "write"]

_Document = List[Dict[str, Any]]

#: Files of one server that are kept: sites with several schemas, such as a test copy, change back and forth.
_KEPT = 4

# Path -> (time of change, size, document), so that a second session of the process does not read it again.
_read_before: Dict[str, Tuple[int, int, _Document]] = {}
_lock = threading.Lock()


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


def read(path: str) -> Optional[_Document]:
    """Return the document in the file at *path*, None where there is none that can be read."""
    try:
        status = os.stat(path)
        with _lock:
            before = _read_before.get(path)
        if before is not None and before[:2] == (status.st_mtime_ns, status.st_size):
            return before[2]
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    if not is_document(document):
        return None
    with _lock:
        _read_before[path] = (status.st_mtime_ns, status.st_size, document)
    return document  # type: ignore[no-any-return]


def is_document(value: Any) -> bool:
    """Return whether *value* can be a schema document."""
    return isinstance(value, list) and all(isinstance(entry, dict) and "id" in entry for entry in value)


def write(path: str, document: _Document) -> None:
    """Put *document* in the file at *path*, whole or not at all. Raise :exc:`OSError` where that fails."""
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            # Not json.dump, which writes member by member.
            file.write(json.dumps(document))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    status = os.stat(path)
    with _lock:
        _read_before[path] = (status.st_mtime_ns, status.st_size, document)
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
