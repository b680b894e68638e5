"""A client for ftrack with reviews first, and a server of its own to develop and test against.

``import ftrack_review`` loads nothing but this file; every module loads when it is first used::

    with ftrack_review.Session("embedded://") as session:
        project = session.create("Project", {"name": "demo", "full_name": "Demo"})
        session.commit()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ftrack_review._submodule import loader

if TYPE_CHECKING:
    from ftrack_review.entity.factory import mixin as mixin
    from ftrack_review.session import Session as Session

#: Begins with the version of ``ftrack_api`` whose surface is mirrored, as scripts compare it under that name.
__version__ = "3.1.0"

__all__ = ["Session", "__version__", "mixin"]

_LAZY_NAMES = {
    "Session": "ftrack_review.session",
    "mixin": "ftrack_review.entity.factory",
}

_LAZY_SUBMODULES = (
    "accessor",
    "attribute",
    "cache",
    "collection",
    "compat",
    "data",
    "entity",
    "event",
    "exception",
    "exceptions",
    "formatter",
    "inspection",
    "logging",
    "media",
    "operation",
    "plugin",
    "protocol",
    "query",
    "resource_identifier_transformer",
    "review",
    "server",
    "session",
    "structure",
    "symbol",
    "testing",
    "transport",
    "typing",
)


_load_submodule = loader(__name__, _LAZY_SUBMODULES)


def __getattr__(name: str) -> Any:
    """Load a public name or sub-module when it is first asked for."""
    if name in _LAZY_NAMES:
        value = getattr(importlib.import_module(_LAZY_NAMES[name]), name)
        globals()[name] = value
        return value
    return _load_submodule(name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    return sorted({*globals(), *_LAZY_NAMES, *_LAZY_SUBMODULES})
