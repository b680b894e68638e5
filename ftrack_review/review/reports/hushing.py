"""Keep libraries that read and write documents from talking: what is odd about a file is said by who uses them."""

from __future__ import annotations

import contextlib
import logging
from typing import Iterator

__all__ = ["hushed"]

_LOGGERS = ("pypdf", "fpdf", "fontTools")


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Let nothing that these libraries log reach a terminal while the block runs, unless it is an error."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
