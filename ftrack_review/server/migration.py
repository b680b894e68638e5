"""Upgrade a database that an older version of this library made.

There is one step for each version, which changes the tables or rows of the one before. All steps that a database
needs run in one transaction, after a copy of it was made, so that it is either of the new version or untouched.
A change of ``tables``, of the private tables or of what the standard definition stores needs a step here, and the next
``DATABASE_VERSION`` in ``preparation``, which calls this.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Callable, Mapping, Optional

from ftrack_review.exception import DatabaseError, DatabaseVersionError
from ftrack_review.server import ledger

if TYPE_CHECKING:
    from ftrack_review.server.store import Connection, Store

__all__ = ["STEPS", "VERSION_SETTING", "migrate"]

Step = Callable[["Connection"], None]

#: The setting that holds the version of the tables.
VERSION_SETTING = "database_version"

#: By version: what makes the next version of it.
STEPS: Mapping[int, Step] = {}

_logger = logging.getLogger(__name__)


def migrate(store: Store, found: Optional[str], wanted: int, steps: Mapping[int, Step]) -> None:
    """Bring the database of *store* from the version *found* to *wanted* with *steps*. The same one needs nothing.

    Raise :exc:`~ftrack_review.exception.DatabaseVersionError`, with the database as it was, where that cannot be
    done.
    """
    if found == str(wanted):
        return
    version = int(found) if found is not None and found.isdigit() else None
    if version is None or version > wanted:
        raise DatabaseVersionError(
            f"The database has version {found}, this server uses {wanted}. "
            "Use the version of ftrack-review that it was made with, or a newer one."
        )
    missing = [number for number in range(version, wanted) if number not in steps]
    if missing:
        raise DatabaseVersionError(
            f"The database has version {version}, this server uses {wanted}, and there is no upgrade from version "
            f"{missing[0]}. Use an older version of ftrack-review first, which has it."
        )
    copy = _copy(store, version)
    try:
        _run(store, version, wanted, steps)
    except Exception as error:
        if copy is not None:
            os.remove(copy)
        raise DatabaseVersionError(
            f"The database could not be upgraded from version {version} to {wanted} and is as it was: {error}"
        ) from error
    _logger.warning(
        "The database was upgraded from version %d to %d. A copy from before is at %s.", version, wanted, copy
    )


def _run(store: Store, version: int, wanted: int, steps: Mapping[int, Step]) -> None:
    with store.write() as connection:
        # Another process may have been faster, since the copy took its time.
        if ledger.find_setting(connection, VERSION_SETTING) == str(wanted):
            return
        for number in range(version, wanted):
            steps[number](connection)
        ledger.set_setting(connection, VERSION_SETTING, str(wanted))


def _copy(store: Store, version: int) -> Optional[str]:
    """Copy the database beside itself. Return the path, or None for one that is no file, which is dumped by others."""
    if store.path is None:
        return None
    stem, extension = os.path.splitext(store.path)
    path, number = f"{stem}.version-{version}{extension}", 1
    while os.path.exists(path):
        number += 1
        path = f"{stem}.version-{version}.{number}{extension}"
    try:
        store.copy_to(path)
    except DatabaseError as error:
        raise DatabaseVersionError(
            f"The database has version {version} and cannot be upgraded, as there is no room for a copy: {error}"
        ) from error
    return path
