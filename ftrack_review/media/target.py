"""Write a file beside its place and move it there when it is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import Iterator, Union

from ftrack_review import exception

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(target: Union[str, os.PathLike[str]]) -> Iterator[str]:
    """Give a path to write to; afterwards move what was written there to *target*, at once.

    The path lies in a folder of its own beside *target* (a move between two disks is not one step) and ends like it.
    After an error nothing is left, and a former *target* is untouched. Raise
    :exc:`~ftrack_review.exception.MediaError` if the folder cannot be written to.
    """
    place = os.path.abspath(os.fspath(target))
    try:
        folder = tempfile.mkdtemp(prefix=".ftrack-review-", dir=os.path.dirname(place))
    except OSError as error:
        raise exception.MediaError(
            f"{place} cannot be written: {error.strerror or error}. Choose a folder that exists and may be written to."
        ) from error
    try:
        temporary = os.path.join(folder, os.path.basename(place))
        yield temporary
        try:
            os.replace(temporary, place)
        except OSError as error:
            raise exception.MediaError(f"{place} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
