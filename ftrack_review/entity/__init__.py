"""Live entities: the base of all, the factory that makes their classes, and the types with methods."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(
    __name__,
    (
        "asset_version",
        "base",
        "component",
        "factory",
        "job",
        "location",
        "note",
        "project_schema",
        "review_session",
        "user",
    ),
)
