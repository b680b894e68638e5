"""What every structure can do: place an entity."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Mapping, Optional

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["Structure"]


class Structure(abc.ABC):
    """A rule that gives each component its resource identifier."""

    def __init__(self, prefix: str = "") -> None:
        """Initialise with the *prefix* of every resource identifier."""
        self.prefix = prefix
        self.path_separator = "/"
        super().__init__()

    @abc.abstractmethod
    def get_resource_identifier(self, entity: Entity, context: Optional[Mapping[str, Any]] = None) -> str:
        """Return the resource identifier of *entity*.

        *context* may hold what the location knows, such as ``source_resource_identifier``.
        """

    def _get_sequence_expression(self, sequence: Entity) -> str:
        """Return the frame number of *sequence* as a pattern, such as ``%04d``."""
        padding = sequence["padding"]
        return f"%0{padding}d" if padding else "%d"
