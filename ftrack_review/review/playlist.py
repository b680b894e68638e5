"""The objects of a review session: what is put up for review, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ftrack_review.exception import ReviewError

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["add"]


def add(
    review_session: Entity,
    version: Entity,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    label: Optional[str] = None,
) -> Entity:
    """Put an asset *version* into *review_session* and return the new ReviewSessionObject.

    *name* is what reviewers see, the asset's name by default; *label* is the text that stands for the
    version, ``Version 3`` by default; *description* stands below both. The object goes to the end of the
    list. It is queued like any other creation: :meth:`Session.commit` sends it.

    Raise :exc:`~ftrack_review.exception.ReviewError` when *version* is not an AssetVersion.

    Example::

        review_session.add(version)
        session.commit()

    .. versionadded:: 3.1.0
    """
    if getattr(version, "entity_type", None) != "AssetVersion":
        raise ReviewError(
            f"Only an AssetVersion can be put up for review, not {version!r}. Query one with "
            "session.query('AssetVersion where …'), or publish a file with review_session.publish(path)."
        )
    data: dict[str, Any] = {
        "review_session": review_session,
        "asset_version": version,
        "name": name if name is not None else _describe_asset(version),
        "version": label if label is not None else f"Version {version['version'] or 1}",
    }
    if description is not None:
        data["description"] = description
    return review_session.session.create("ReviewSessionObject", data)


def _describe_asset(version: Entity) -> str:
    asset = version["asset"]
    return str(asset["name"]) if asset else ""
