"""The event: a topic with data, where it comes from and whom it is for."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any, Dict, Iterator, Mapping, Optional

__all__ = ["Event"]


def _make_id() -> str:
    """Return a random UUID without dashes. Of uuid.uuid4 most of the time goes by in parsing."""
    number = int.from_bytes(os.urandom(16), "big")
    number = number & ~(0xF000 << 64) | (4 << 76)
    number = number & ~(0xC000 << 48) | (0x8000 << 48)
    return f"{number:032x}"


class Event(MutableMapping):  # type: ignore[type-arg]
    """Something that happened or is asked for, as a mapping.

    Its keys are ``id``, ``data``, ``topic``, ``sent``, ``source``, ``target`` and ``in_reply_to_event``.
    """

    __slots__ = ("__weakref__", "_data", "_stopped")

    def __init__(
        self,
        topic: str,
        id: Optional[str] = None,
        data: Optional[Mapping[str, Any]] = None,
        sent: Any = None,
        source: Optional[Mapping[str, Any]] = None,
        target: str = "",
        in_reply_to_event: Optional[str] = None,
    ) -> None:
        """Initialise with *topic* and what else is known.

        *id* is made up where it is None. *sent* is when it was sent. *source* tells who sends it; the hub adds
        what it lacks. *target* is an expression that the metadata of a subscriber must meet to receive the
        event; empty, it is for everybody. *in_reply_to_event* is the id of the event that this one answers.
        """
        self._data: Dict[str, Any] = {
            "id": _make_id() if id is None else id,
            "data": {} if data is None else data,
            "topic": topic,
            "sent": sent,
            "source": {} if source is None else source,
            "target": target,
            "in_reply_to_event": in_reply_to_event,
        }
        self._stopped = False

    def stop(self) -> None:
        """Keep the event from subscribers that come later in the order of priority."""
        self._stopped = True

    def is_stopped(self) -> bool:
        """Return whether the event was stopped."""
        return self._stopped

    def __getitem__(self, key: str) -> Any:
        """Return the value of *key*."""
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Set *key* to *value*."""
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        """Remove *key*."""
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._data)

    def __repr__(self) -> str:
        """Return the type and content."""
        return f"<{type(self).__name__} {self._data}>"
