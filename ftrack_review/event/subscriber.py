"""Who receives events: a subscription, what to call, and who that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from ftrack_review.event.subscription import Subscription

if TYPE_CHECKING:
    from ftrack_review.typing import EventCallback

__all__ = ["Subscriber"]


class Subscriber:
    """One who receives the events that his subscription includes.

    *metadata* identifies him to others (``id`` at least); targets of events are matched against it. Of several
    who want an event the one with the lowest *priority* is called first.
    """

    __slots__ = ("__weakref__", "callback", "metadata", "priority", "subscription")

    def __init__(
        self, subscription: str, callback: EventCallback, metadata: Mapping[str, Any], priority: int
    ) -> None:
        """Initialise with the *subscription*, an expression, the *callback*, *metadata* and *priority*."""
        self.subscription = Subscription(subscription)
        self.callback = callback
        self.metadata = metadata
        self.priority = priority

    def __repr__(self) -> str:
        """Return the type, metadata and subscription."""
        return f'<{type(self).__name__} metadata={self.metadata} subscription="{self.subscription}">'

    def interested_in(self, event: Mapping[str, Any]) -> bool:
        """Return whether the subscription includes *event*. Its target is not looked at."""
        return self.subscription.includes(event)
