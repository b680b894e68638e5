"""Place every entity by its own key, as the server does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ftrack_review.structure.base import Structure

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["EntityIdStructure"]


class EntityIdStructure(Structure):
    """Use the key of an entity as its resource identifier."""

    def get_resource_identifier(self, entity: Entity, context: Optional[Mapping[str, Any]] = None) -> str:  # noqa: ARG002
        """Return the key of *entity*."""
        return str(entity["id"])
