"""Leave everything where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ftrack_review.structure.base import Structure

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["OriginStructure"]


class OriginStructure(Structure):
    """Use the resource identifier that the source has."""

    def get_resource_identifier(self, entity: Entity, context: Optional[Mapping[str, Any]] = None) -> str:
        """Return ``source_resource_identifier`` of *context*. Raise ValueError if it has none."""
        identifier = (context or {}).get("source_resource_identifier")
        if identifier is None:
            raise ValueError(
                "There is no place to take from the source: "
                f"{entity} is not in its source, or the context does not tell where."
            )
        return str(identifier)
