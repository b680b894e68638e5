"""Events: what they are, who wants which, and the hub that carries them."""

from __future__ import annotations

from ftrack_review._submodule import loader

__getattr__ = loader(__name__, ("base", "expression", "hub", "subscriber", "subscription"))
