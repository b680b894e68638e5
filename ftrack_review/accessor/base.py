"""What every accessor can do: read, write, list and remove the data behind resource identifiers."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Optional

import ftrack_review.exception as exception

if TYPE_CHECKING:
    import builtins

    from ftrack_review.data import Data

__all__ = ["Accessor"]


class Accessor(abc.ABC):
    """Access to data by resource identifier.

    A *container* is what holds other resources, such as a folder. All methods raise
    :exc:`~ftrack_review.exception.AccessorError` or a class below it when they fail.
    """

    def __init__(self) -> None:
        """Initialise the accessor."""
        super().__init__()

    @abc.abstractmethod
    def list(self, resource_identifier: str) -> builtins.list[str]:
        """Return the resource identifiers of what is in the container *resource_identifier*.

        Raise :exc:`~ftrack_review.exception.AccessorResourceNotFoundError` if it does not exist and
        :exc:`~ftrack_review.exception.AccessorResourceInvalidError` if it is no container.
        """

    @abc.abstractmethod
    def exists(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* exists."""

    @abc.abstractmethod
    def is_file(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* is a file."""

    @abc.abstractmethod
    def is_container(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* is a container."""

    @abc.abstractmethod
    def is_sequence(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* is a sequence of files."""

    @abc.abstractmethod
    def open(self, resource_identifier: str, mode: str = "rb") -> Data:
        """Return the data of *resource_identifier*, opened with *mode*, which is that of files.

        Raise :exc:`~ftrack_review.exception.AccessorResourceNotFoundError` if it does not exist.
        """

    @abc.abstractmethod
    def remove(self, resource_identifier: str) -> None:
        """Remove *resource_identifier*, a resource or an empty container.

        Raise :exc:`~ftrack_review.exception.AccessorResourceNotFoundError` if it does not exist and
        :exc:`~ftrack_review.exception.AccessorContainerNotEmptyError` if it still holds something.
        """

    @abc.abstractmethod
    def make_container(self, resource_identifier: str, recursive: bool = True) -> None:
        """Make the container *resource_identifier*, and with *recursive* those that it lies in.

        Nothing happens if it exists. Raise
        :exc:`~ftrack_review.exception.AccessorParentResourceNotFoundError` if what it lies in is missing.
        """

    @abc.abstractmethod
    def get_container(self, resource_identifier: str) -> Optional[str]:
        """Return the resource identifier of the container that *resource_identifier* lies in.

        Neither has to exist. Raise :exc:`~ftrack_review.exception.AccessorParentResourceNotFoundError` if
        there can be none.
        """

    def remove_container(self, resource_identifier: str) -> None:
        """Remove the empty container *resource_identifier*."""
        return self.remove(resource_identifier)

    def get_filesystem_path(self, resource_identifier: str) -> str:
        """Return the path of *resource_identifier* in the file system.

        Raise :exc:`~ftrack_review.exception.AccessorFilesystemPathError` if it has none and
        :exc:`~ftrack_review.exception.AccessorUnsupportedOperationError` if nothing here has one.
        """
        raise exception.AccessorUnsupportedOperationError(
            "get_filesystem_path", resource_identifier=resource_identifier
        )

    def get_url(self, resource_identifier: str) -> str:
        """Return a URL from which *resource_identifier* can be fetched.

        Raise :exc:`~ftrack_review.exception.AccessorUnsupportedOperationError` if nothing here has one.
        """
        raise exception.AccessorUnsupportedOperationError("get_url", resource_identifier=resource_identifier)
