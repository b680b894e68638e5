"""Access to the data of components, wherever it lies."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(__name__, ("base", "disk", "server"))
