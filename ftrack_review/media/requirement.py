"""Load the packages of the ``media`` extra on first use, and say which one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from ftrack_review import exception

__all__ = ["require"]

#: What a module is called where it is installed from.
_DISTRIBUTIONS = {
    "av": "av",
    "OpenImageIO": "openimageio",
    "PyOpenColorIO": "opencolorio",
    "PIL": "pillow",
    "numpy": "numpy",
}


def require(module: str) -> Any:
    """Return *module*, such as ``av`` or ``PIL.Image``, importing it on first use.

    Raise :exc:`~ftrack_review.exception.MissingDependencyError` with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        root = module.partition(".")[0]
        message = (
            f"Reading and encoding media needs the package {_DISTRIBUTIONS.get(root, root)!r}, which cannot be "
            f"imported ({error}). Install it with: pip install 'ftrack-review[media]'"
        )
        raise exception.MissingDependencyError(message) from error
