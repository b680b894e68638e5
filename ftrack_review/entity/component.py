"""Components, and the thumbnails made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping, Optional

import ftrack_review.symbol as symbol
from ftrack_review.entity.base import Entity

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["Component", "CreateThumbnailMixin"]


class Component(Entity):
    """A file, a sequence of files or another container of files."""

    def get_availability(self, locations: Optional[Iterable[Entity]] = None) -> Dict[str, float]:
        """Return how much of the component is in each of *locations*, in percent by key.

        All locations are asked where none are given.
        """
        availability: Dict[str, float] = self.session.get_component_availability(self, locations=locations)
        return availability


class CreateThumbnailMixin:
    """Thumbnails for every entity type that can have one."""

    if TYPE_CHECKING:
        session: Session

        def __setitem__(self, key: str, value: Any) -> None: ...  # noqa: D105

    def create_thumbnail(self, path: str, data: Optional[Mapping[str, Any]] = None) -> Entity:
        """Make the image at *path* the thumbnail and return its component.

        *data* is for the component, whose name is ``thumbnail`` where it does not say. The image is
        uploaded to the server and the session committed. Raise
        :exc:`~ftrack_review.exception.LocationError` if it cannot be uploaded; the thumbnail is then the
        one from before.
        """
        values = {"name": "thumbnail", **(data or {})}
        location = self.session.get("Location", symbol.SERVER_LOCATION_ID)
        component: Entity = self.session.create_component(path, values, location=location)
        # The reference of the same name may be read only; the server fills it from the key.
        self["thumbnail_id"] = component["id"]
        self.session.commit()
        return component
