"""Versions of assets, their components and what is encoded for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from ftrack_review.entity.base import Entity

if TYPE_CHECKING:
    import os

__all__ = ["AssetVersion"]


class AssetVersion(Entity):
    """A version of an asset."""

    def create_component(
        self, path: str, data: Optional[Mapping[str, Any]] = None, location: Any = None
    ) -> Entity:
        """Return a new component of this version for the data at *path*.

        *data* holds further values, such as its name. Where *location* is given, ``"auto"`` for the first
        that can take it, the data is added to it and the session committed. See
        :meth:`~ftrack_review.session.Session.create_component`.
        """
        values = {**(data or {}), "version": self}
        # Of two that say the same the reference counts.
        values.pop("version_id", None)
        component: Entity = self.session.create_component(path, values, location=location)
        return component

    def encode_media(
        self, media: Union[str, os.PathLike[str], Entity], keep_original: Union[bool, str] = "auto"
    ) -> Entity:
        """Return the job that encodes *media*, a path or component, for this version.

        The results become components of the version. See
        :meth:`~ftrack_review.session.Session.encode_media`.
        """
        job: Entity = self.session.encode_media(media, version_id=self["id"], keep_original=keep_original)
        return job
