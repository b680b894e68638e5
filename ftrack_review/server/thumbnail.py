"""Small pictures of components, made when first asked for and kept.

Common picture formats are shrunk here; everything else, movies above all, goes to the readers of ``media``
in a child process. What cannot be shown has no thumbnail, and the caller shows the placeholder.

Called by ``endpoint`` and ``pages``.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
import warnings
from typing import Any, Optional

from ftrack_review.exception import Error
from ftrack_review.server.errors import describe, validation_error
from ftrack_review.server.files import THUMBNAIL_SIZES

__all__ = ["make", "read_size"]

_TIMEOUT_S = 60.0
_MOST_PIXELS = 60_000_000
_COMMON = {"JPEG", "PNG", "WEBP", "GIF", "BMP"}

# Decoding takes memory and processors; two at a time is enough for people.
_slots = threading.BoundedSemaphore(2)
_logger = logging.getLogger(__name__)


def read_size(text: Optional[str]) -> int:
    """Return the size in pixels that *text* asks for, rounded up to one that is made. The default is 300."""
    if not text:
        return 300
    if not text.isdigit() or len(text) > 6:
        raise validation_error(f"size must be a number of pixels, not {describe(text)}.", "size")
    wanted = int(text)
    return next((size for size in THUMBNAIL_SIZES if size >= wanted), THUMBNAIL_SIZES[-1])


def make(server: Any, component_id: str, size: int) -> Optional[str]:
    """Return the path of a JPEG of *component_id* that fits *size* x *size* pixels, or None if it has none."""
    files = server.files
    target = str(files.thumbnail_path(component_id, size))
    if os.path.exists(target):
        return target
    if not files.has(component_id):
        return None
    scratch = os.path.join(files.work, f"{uuid.uuid4().hex}.jpg")
    if not _slots.acquire(timeout=_TIMEOUT_S):
        return None
    try:
        if not _shrink(files.path(component_id), scratch, size):
            extension = os.path.splitext(server.component_name(component_id))[1]
            with files.named(component_id, extension) as source:
                _convert(source, scratch, size)
        os.replace(scratch, target)
    except (Error, OSError) as error:
        _logger.info("There is no thumbnail of component %s: %s", component_id, error)
        return None
    finally:
        _slots.release()
        if os.path.exists(scratch):
            os.remove(scratch)
    return target


def _shrink(source: str, target: str, size: int) -> bool:
    """Shrink a picture of a common format. Return False where *source* is none."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=sorted(_COMMON)) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    return False
                picture.draft("RGB", (size, size))
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((size, size))
                upright.convert("RGB").save(target, "JPEG", quality=85)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True


def _convert(source: str, target: str, size: int) -> None:
    from ftrack_review import media

    arguments = {"source": source, "target": target, "size": size}
    media.isolated("thumbnail", arguments, timeout_s=_TIMEOUT_S)
