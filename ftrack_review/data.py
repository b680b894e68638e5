"""Content that is read and written like a file, wherever it lies.

Accessors hand out :class:`Data`. A limit of None reads to the end; sizes and positions are bytes, for text
characters.
"""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from typing import IO, Any, Optional, Union

__all__ = ["Data", "File", "FileWrapper", "String"]


class Data(ABC):
    """Something with content, like an open file."""

    def __init__(self) -> None:
        """Initialise open."""
        self.closed = False

    @abstractmethod
    def read(self, limit: Optional[int] = None) -> Any:
        """Return content from the current position on, *limit* of it at most."""

    @abstractmethod
    def write(self, content: Any) -> None:
        """Write *content* at the current position."""

    def flush(self) -> None:  # noqa: B027 - not everything has something to flush.
        """Make sure that what was written is stored."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        """Move to *offset*, counted from the place that *whence* means, as for a file.

        Raise :exc:`NotImplementedError` where that is not possible.
        """
        raise NotImplementedError("Seek not supported.")

    def tell(self) -> int:
        """Return the current position. Raise :exc:`NotImplementedError` where there is none."""
        raise NotImplementedError("Tell not supported.")

    def close(self) -> None:
        """Flush and close. Closing again does nothing."""
        if not self.closed:
            self.flush()
        self.closed = True


class FileWrapper(Data):
    """The content of an open file."""

    def __init__(self, wrapped_file: IO[Any]) -> None:
        """Initialise with an open file, which is closed with this."""
        self.wrapped_file = wrapped_file
        # A file may only be written after reading once its position was set.
        self._read_since_last_write = False
        super().__init__()

    def read(self, limit: Optional[int] = None) -> Any:
        """Return content from the current position on, *limit* of it at most."""
        self._read_since_last_write = True
        return self.wrapped_file.read(-1 if limit is None else limit)

    def write(self, content: Any) -> None:
        """Write *content* at the current position."""
        if self._read_since_last_write:
            self.seek(self.tell())
            self._read_since_last_write = False
        self.wrapped_file.write(content)

    def flush(self) -> None:
        """Make sure that what was written is in the file."""
        super().flush()
        if hasattr(self.wrapped_file, "flush"):
            self.wrapped_file.flush()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        """Move to *offset*, counted from the place that *whence* means."""
        self.wrapped_file.seek(offset, whence)

    def tell(self) -> int:
        """Return the current position."""
        return self.wrapped_file.tell()

    def close(self) -> None:
        """Flush and close, the file too."""
        if not self.closed:
            super().close()
            if not self.wrapped_file.closed:
                self.wrapped_file.close()


class File(FileWrapper):
    """The content of the file at a path."""

    def __init__(self, path: str | os.PathLike[str], mode: str = "rb") -> None:
        """Open the file at *path* in *mode*, as :func:`open` does."""
        super().__init__(open(path, mode))  # noqa: SIM115 - close() closes it.


class String(FileWrapper):
    """Content in a temporary file, given and returned as text or as bytes.

    Text is stored as UTF-8. What is written decides what is read: bytes until the first text.
    """

    def __init__(self, content: Union[str, bytes, None] = None) -> None:
        """Initialise with *content*; reading begins at its start."""
        # Without content, reading gives bytes until some text is written.
        self.is_binary = True
        super().__init__(tempfile.TemporaryFile())  # noqa: SIM115 - close() closes it.
        if content is not None:
            self.write(content)
            self.seek(0)

    def write(self, content: Union[str, bytes]) -> None:
        """Write *content*, text or bytes, at the current position."""
        if isinstance(content, str):
            self.is_binary = False
            content = content.encode("utf-8")
        super().write(content)

    def read(self, limit: Optional[int] = None) -> Union[str, bytes]:
        """Return content from the current position on, *limit* bytes of it at most."""
        content: bytes = super().read(limit)
        return content if self.is_binary else content.decode("utf-8")
