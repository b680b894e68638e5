"""Access to data in the file system."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any, Iterator, Optional, Type, Union

import ftrack_review.data as data
import ftrack_review.exception as exception
from ftrack_review.accessor.base import Accessor

if TYPE_CHECKING:
    import builtins

__all__ = ["DiskAccessor", "error_handler"]


class DiskAccessor(Accessor):
    """Access to files and folders below a *prefix*.

    Resource identifiers are paths, relative to the prefix or absolute and below it. Without a prefix every
    path is accepted as it is.
    """

    def __init__(self, prefix: Optional[str], **kw: Any) -> None:
        """Initialise for the folder *prefix*, in which ``~`` and variables are expanded."""
        if prefix:
            prefix = os.path.abspath(os.path.expanduser(os.path.expandvars(prefix)))
        self.prefix = prefix
        super().__init__(**kw)

    def list(self, resource_identifier: str) -> builtins.list[str]:
        """Return the paths of what is in the folder *resource_identifier*."""
        path = self.get_filesystem_path(resource_identifier)
        with error_handler(operation="list", resource_identifier=resource_identifier):
            names = os.listdir(path)
        return [os.path.join(resource_identifier, name) for name in names]

    def exists(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* exists."""
        return os.path.exists(self.get_filesystem_path(resource_identifier))

    def is_file(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* is a file."""
        return os.path.isfile(self.get_filesystem_path(resource_identifier))

    def is_container(self, resource_identifier: str) -> bool:
        """Return whether *resource_identifier* is a folder."""
        return os.path.isdir(self.get_filesystem_path(resource_identifier))

    def is_sequence(self, resource_identifier: str) -> bool:
        """Raise AccessorUnsupportedOperationError, as a path alone does not tell."""
        raise exception.AccessorUnsupportedOperationError(
            "is_sequence", resource_identifier=resource_identifier
        )

    def open(self, resource_identifier: str, mode: str = "rb") -> data.File:
        """Return the file *resource_identifier*, opened with *mode*."""
        path = self.get_filesystem_path(resource_identifier)
        with error_handler(operation="open", resource_identifier=resource_identifier):
            return data.File(path, mode)

    def remove(self, resource_identifier: str) -> None:
        """Remove *resource_identifier*, a file or an empty folder."""
        path = self.get_filesystem_path(resource_identifier)
        with error_handler(operation="remove", resource_identifier=resource_identifier):
            # A link to a folder is removed as the link that it is.
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.remove(path)

    def make_container(self, resource_identifier: str, recursive: bool = True) -> None:
        """Make the folder *resource_identifier*, and with *recursive* those above it."""
        path = self.get_filesystem_path(resource_identifier)
        with error_handler(operation="make_container", resource_identifier=resource_identifier):
            try:
                if recursive:
                    os.makedirs(path)
                else:
                    os.mkdir(path)
            except FileExistsError as error:
                if not os.path.isdir(path):
                    raise exception.AccessorResourceInvalidError(
                        operation="make_container", resource_identifier=resource_identifier, error=error
                    ) from error
            except FileNotFoundError as error:
                raise exception.AccessorParentResourceNotFoundError(
                    operation="make_container", resource_identifier=resource_identifier, error=error
                ) from error

    def get_container(self, resource_identifier: str) -> str:
        """Return the folder that *resource_identifier* lies in, relative to the prefix."""
        path = self.get_filesystem_path(resource_identifier)
        container = os.path.dirname(path)
        if not self.prefix:
            return container
        if not _is_within(container, self.prefix):
            raise exception.AccessorParentResourceNotFoundError(
                operation="get_container",
                resource_identifier=resource_identifier,
                message="What holds {resource_identifier!r} lies outside of the prefix of the accessor.",
            )
        relative = os.path.relpath(container, self.prefix)
        return "" if relative == os.curdir else relative

    def get_filesystem_path(self, resource_identifier: str) -> str:
        """Return the path of *resource_identifier*.

        Raise :exc:`~ftrack_review.exception.AccessorFilesystemPathError` if it lies outside of the prefix.
        """
        path = resource_identifier
        if self.prefix:
            if not os.path.isabs(path):
                path = os.path.join(self.prefix, path)
            path = os.path.normpath(path)
            if not _is_within(path, self.prefix):
                raise exception.AccessorFilesystemPathError(
                    resource_identifier=resource_identifier,
                    message="{resource_identifier!r} lies outside of the prefix of the accessor.",
                )
            return path
        return os.path.normpath(path) if path else path


@contextlib.contextmanager
def error_handler(**kw: Any) -> Iterator[None]:
    """Turn the errors of the operating system within into :exc:`~ftrack_review.exception.AccessorError`.

    *kw* is for the error: the *operation* and the *resource_identifier* that it is for.
    """
    try:
        yield
    except OSError as error:
        raise _map(error)(error=error, **kw) from error


def _map(error: OSError) -> _ErrorClass:
    # On Windows a folder opened as a file gives EACCES; winerror 145 is a folder that is not empty.
    path = error.filename
    if error.errno == errno.EACCES and os.name == "nt" and isinstance(path, str) and os.path.isdir(path):
        return exception.AccessorResourceInvalidError
    if getattr(error, "winerror", None) == 145:
        return exception.AccessorContainerNotEmptyError
    return _CLASSES.get(error.errno or 0, exception.AccessorOperationFailedError)


_ErrorClass = Union[Type[exception.AccessorOperationFailedError], Type[exception.AccessorResourceError]]

_CLASSES: dict[int, _ErrorClass] = {
    errno.ENOENT: exception.AccessorResourceNotFoundError,
    errno.EPERM: exception.AccessorPermissionDeniedError,
    errno.EACCES: exception.AccessorPermissionDeniedError,
    errno.EROFS: exception.AccessorPermissionDeniedError,
    errno.ENOTEMPTY: exception.AccessorContainerNotEmptyError,
    errno.ENOTDIR: exception.AccessorResourceInvalidError,
    errno.EISDIR: exception.AccessorResourceInvalidError,
    errno.EINVAL: exception.AccessorResourceInvalidError,
}


def _is_within(path: str, folder: str) -> bool:
    """Return whether *path* is *folder* or below it. Names are compared whole: /a/bc is not below /a/b."""
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
