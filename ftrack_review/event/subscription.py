"""What a subscriber wants: an expression that events meet or not."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ftrack_review.event.expression import Expression, Parser

__all__ = ["Subscription"]


class Subscription:
    """An expression on events, read once."""

    __slots__ = ("_expression", "_subscription", "topic")

    parser = Parser()

    def __init__(self, subscription: str) -> None:
        """Initialise from an expression such as ``topic=ftrack.update and source.user.username=jane``.

        Raise :exc:`~ftrack_review.exception.ParseError` where it makes no sense.
        """
        self._subscription = subscription
        self._expression = self.parser.parse(subscription)
        #: The only topic of which events can be included, None if there are several.
        self.topic: Optional[str] = self._expression.topic()

    def __str__(self) -> str:
        """Return the expression as it was written."""
        return self._subscription

    def __repr__(self) -> str:
        """Return the type and the expression."""
        return f"<{type(self).__name__} {self._subscription}>"

    def includes(self, event: Mapping[str, Any]) -> bool:
        """Return whether *event* meets the expression."""
        return self._expression.match(event)

    def beyond(self, topic: str) -> Optional[Expression]:
        """Return what an event of *topic* has yet to meet to be included, None for nothing."""
        return self._expression.beyond(topic)
