"""What client and server both speak: pure functions and values, without a socket, file, thread or clock."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(__name__, ("action", "batch", "grammar", "packet", "role", "schema", "tree", "wire"))
