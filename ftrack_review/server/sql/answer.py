"""What a response holds already.

Within one response each attribute of an entity is written once (protocol.md 3.4): where the entity occurs again,
it is a bare reference, with what was not written yet. Clients put the pieces together; a cycle of projections
ends there. With *denormalize* every occurrence is complete.

Made by ``dispatch`` for each request, used by ``fetching``.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet

__all__ = ["Answer"]


class Answer:
    """The attributes that a response holds, by family of entity types and key."""

    __slots__ = ("_written", "denormalize")

    def __init__(self, *, denormalize: bool = False) -> None:
        """Initialise empty."""
        self.denormalize = denormalize
        self._written: Dict[str, Dict[Any, FrozenSet[str]]] = {}

    def written(self, family: str) -> Dict[Any, FrozenSet[str]]:
        """Return what was written of the entities of *family*, by key. The dictionary is to be changed."""
        return self._written.setdefault(family, {})
