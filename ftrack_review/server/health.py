"""Whether the server can do its work: what ``/healthz`` answers.

The reasons are for the log; whoever asks learns which part fails and nothing about paths or contents, as the
route needs no credentials. Called by ``endpoint``.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from typing import Any, Callable, Dict, Tuple

from ftrack_review.exception import DatabaseError, DatabaseFullError, Error
from ftrack_review.server import ledger

__all__ = ["check"]

#: Less room than this on a disk is reported before requests begin to fail, in bytes.
SPARE_BYTES = 32 * 1024 * 1024

_logger = logging.getLogger(__name__)


def check(server: Any) -> Tuple[bool, Dict[str, str]]:
    """Return whether all parts of *server* work, and ``ok`` or ``failing`` for each of them by name."""
    parts: Dict[str, Callable[[Any], None]] = {"database": _check_database, "media": _check_media}
    found = {}
    for name, examine in parts.items():
        try:
            examine(server)
            found[name] = "ok"
        except (Error, OSError):
            _logger.exception("The check of the %s failed.", name)
            found[name] = "failing"
    return all(state == "ok" for state in found.values()), found


def _check_database(server: Any) -> None:
    with server.store.read() as connection:
        # Every prepared database has it, so that a file that was replaced or emptied shows.
        if ledger.find_setting(connection, "signing_secret") is None:
            raise DatabaseError("The database is not the one that was opened.")
    if server.store.path is not None:
        _check_room(os.path.dirname(server.store.path))


def _check_media(server: Any) -> None:
    # Asking for permission is not enough: a disk that has become read-only grants it.
    with tempfile.TemporaryFile(dir=server.files.work) as file:
        file.write(b"ok")
    _check_room(server.files.folder)


def _check_room(folder: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < SPARE_BYTES:
        raise DatabaseFullError(f"Only {free} bytes are free where {folder} is.")
