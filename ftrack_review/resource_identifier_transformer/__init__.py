"""Changes made to resource identifiers on their way to and from the server."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(__name__, ("base",))
