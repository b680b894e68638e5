"""Names for the shapes that appear in signatures, for programs that check their types.

Nothing here does anything::

    from ftrack_review.typing import EntityKey, Progress

"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Protocol, Sequence, Union

if TYPE_CHECKING:
    from ftrack_review.event.base import Event

__all__ = ["Entity", "EntityData", "EntityKey", "EventCallback", "JSONValue", "Progress"]

#: What JSON can say.
JSONValue = Union[None, bool, int, float, str, List["JSONValue"], Dict[str, "JSONValue"]]

#: The key of an entity: one value, or several in the order of the schema.
EntityKey = Union[str, Sequence[Any], Mapping[str, Any]]

#: Attribute names and values, for :meth:`Session.create` and the like.
EntityData = Mapping[str, Any]

#: What handles an event. Its result is the reply.
EventCallback = Callable[["Event"], Any]

#: Told how far something is: the stage, what is done and what there is to do.
Progress = Callable[[str, int, int], None]


class Entity(Protocol):
    """What every entity offers, for functions that take any."""

    @property
    def session(self) -> Any:
        """The session that the entity belongs to."""

    @property
    def entity_type(self) -> str:
        """The name of the entity type."""

    def __getitem__(self, key: str) -> Any:
        """Return the value of an attribute."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Set the value of an attribute."""
