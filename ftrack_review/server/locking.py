"""Locks on files, which end with the process that holds them, however it ends.

Called by ``jobs`` for the work on one job, and by ``serving`` for the right to serve a database that is a file.
"""

from __future__ import annotations

import contextlib
import sys
from typing import IO, Iterator, Optional

from ftrack_review.exception import ConfigurationError

__all__ = ["alone", "take_lock"]


@contextlib.contextmanager
def alone(path: Optional[str]) -> Iterator[None]:
    """Hold the right to serve the database in the file *path*; None stands for one that several may serve.

    Raise :exc:`~ftrack_review.exception.ConfigurationError` where another process has it.
    """
    if path is None:
        yield
        return
    with open(f"{path}.serving", "ab") as lock:
        if not take_lock(lock):
            raise ConfigurationError(
                f"Another server serves {path} already, and clients of one would not hear of what happens at the "
                "other. Stop it first, or use --database postgresql://..., on which several work as one."
            )
        yield


def take_lock(lock: IO[bytes]) -> bool:
    """Lock a file for as long as it is open, or until the process dies. Return False if another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
