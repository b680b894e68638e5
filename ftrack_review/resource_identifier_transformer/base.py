"""Change resource identifiers on their way to and from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["ResourceIdentifierTransformer"]


class ResourceIdentifierTransformer:
    """Leave resource identifiers as they are; the base of those that change them.

    A location calls :meth:`encode` before it records a resource identifier on the server and
    :meth:`decode` after it read one, so that for example a path can be kept without its drive.
    """

    def __init__(self, session: Session) -> None:
        """Initialise for *session*."""
        self.session = session
        super().__init__()

    def encode(self, resource_identifier: str, context: Optional[Mapping[str, Any]] = None) -> str:  # noqa: ARG002
        """Return *resource_identifier* as it is to be recorded.

        *context* holds the ``component`` that it is for.
        """
        return resource_identifier

    def decode(self, resource_identifier: str, context: Optional[Mapping[str, Any]] = None) -> str:  # noqa: ARG002
        """Return *resource_identifier*, as it was recorded, for use with an accessor.

        *context* holds the ``component`` that it is for.
        """
        return resource_identifier
