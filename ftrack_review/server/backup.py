"""Copy all that a server keeps while it runs: its database, media and outbox, to a folder or a zip file.

What is written is a data folder of its own: a server started on it goes on from the moment of the backup. The
database is copied first, as it is at one moment and into a file whatever it is itself, and the files after it, so
that no file that it knows of is missing, other than those deleted in between. The target appears at the end, whole
or not at all. Called by the command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
import zipfile
from typing import Callable, Iterator, List, Optional, Tuple

from ftrack_review.exception import ConfigurationError, Error
from ftrack_review.server import ledger
from ftrack_review.server.context import utc_now
from ftrack_review.server.copying import copy_database
from ftrack_review.server.store import Store

__all__ = ["back_up"]

_DATABASE = "ftrack.sqlite"


def back_up(
    *,
    data: str,
    to: str,
    database: Optional[str] = None,
    media: Optional[str] = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Tuple[int, int]:
    """Copy the server in the folder *data* to *to*, a zip file where it ends in ``.zip``, else a folder.

    Where *to* is a URL, the database is copied into the empty database there, and no file. *database* and *media* are
    where they are when not in *data*. *progress* is told how many bytes of files are copied, of how many. Return the
    number of files and of bytes.

    Raise :exc:`~ftrack_review.exception.ConfigurationError` for a target that exists or a database that cannot be
    copied.
    """
    location = database or os.path.join(data, _DATABASE)
    if "://" not in location and not os.path.isfile(location):
        raise ConfigurationError(f"There is no database {location}.")
    if "://" in to:
        _copy_between(location, to)
        return 0, 0
    target = os.path.abspath(to)
    if os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise ConfigurationError(f"{target} exists already. A backup does not overwrite anything.")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # Beside the target, so that it is renamed and not copied; for its owner alone, as it holds what signs tokens.
    scratch = os.path.join(os.path.dirname(target), f".{uuid.uuid4().hex}.backup")
    os.mkdir(scratch, 0o700)
    try:
        _copy_database(location, os.path.join(scratch, _DATABASE))
        with open(os.path.join(scratch, "backup.json"), "w", encoding="utf-8") as stream:
            json.dump({"made_at": utc_now(), "source": os.path.abspath(data)}, stream)
        folders = [(media or os.path.join(data, "media"), "media"), (os.path.join(data, "outbox"), "outbox")]
        found = [entry for folder, name in folders for entry in _find_files(folder, name)]
        if target.lower().endswith(".zip"):
            copied = _pack(scratch, found, target, progress)
        else:
            copied = _copy_files(scratch, found, progress)
            if os.path.isdir(target):
                os.rmdir(target)
            os.replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return copied


def _copy_database(location: str, path: str) -> None:
    if "://" in location and not location.startswith("sqlite"):
        _copy_between(location, path)
        return
    store = Store(location)
    try:
        store.copy_to(path)
    finally:
        store.close()
    # The key of the running server must not work on a copy that starts elsewhere.
    copy = Store(path)
    try:
        with copy.write() as connection:
            ledger.revoke_keys(connection, run=True, now=utc_now())
    finally:
        copy.close()
    if os.path.exists(f"{path}-wal"):
        raise Error(f"The copy of the database is in use by somebody else: {path}.")


def _copy_between(location: str, to: str) -> None:
    """Copy the database at *location* into the new one at *to*, of the same or of another kind."""
    with contextlib.ExitStack() as stack:
        stores = []
        for place in (location, to):
            store = Store(place)
            stack.callback(store.close)
            stores.append(store)
        copy_database(*stores)


def _find_files(folder: str, name: str) -> Iterator[Tuple[str, str, int]]:
    """Yield path, name within the backup and size in bytes of what lies in *folder*, without work in progress."""
    for parent, folders, files in os.walk(folder):
        # What begins with a dot is unfinished, or can be made again.
        folders[:] = sorted(entry for entry in folders if not entry.startswith("."))
        for entry in sorted(files):
            path = os.path.join(parent, entry)
            relative = os.path.relpath(path, folder).replace(os.sep, "/")
            with contextlib.suppress(FileNotFoundError):
                yield path, f"{name}/{relative}", os.path.getsize(path)


def _copy_files(
    scratch: str, found: List[Tuple[str, str, int]], progress: Callable[[int, int], None]
) -> Tuple[int, int]:
    total, count, done = sum(size for _, _, size in found), 0, 0
    for path, name, size in found:
        target = os.path.join(scratch, *name.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # One that was deleted meanwhile is no part of what is to be kept.
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(path, target)
            count += 1
        done += size
        progress(done, total)
    return count, done


def _pack(
    scratch: str, found: List[Tuple[str, str, int]], target: str, progress: Callable[[int, int], None]
) -> Tuple[int, int]:
    total, count, done = sum(size for _, _, size in found), 0, 0
    path = os.path.join(scratch, "packed")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w") as archive:
        for name in (_DATABASE, "backup.json"):
            archive.write(os.path.join(scratch, name), name, zipfile.ZIP_DEFLATED)
        for source, name, size in found:
            # Media is compressed already.
            with contextlib.suppress(FileNotFoundError):
                archive.write(source, name, zipfile.ZIP_STORED)
                count += 1
            done += size
            progress(done, total)
    os.replace(path, target)
    return count, done
