"""Rules that turn a component into the place of its data within a location."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(__name__, ("base", "entity_id", "id", "origin", "standard"))
