"""The event: a topic with data, where it comes from and whom it is for."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any, Dict, Iterator, List, Mapping, Optional

__all__ = ["Event"]


# Random hexadecimal digits for the next ids: to ask the system for those of many at once takes a fraction of the time.
_spare_digits: List[str] = []
_SPARE = 128
# The digit that tells the variant of a UUID keeps two random bits.
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4))

if hasattr(os, "register_at_fork"):
    # Otherwise a process and its copy would give the same ids to different events.
    os.register_at_fork(after_in_child=_spare_digits.clear)


def _make_id() -> str:
    """Return a random UUID without dashes. Of uuid.uuid4 most of the time goes by in parsing."""
    try:
        digits = _spare_digits.pop()
    except IndexError:
        text = os.urandom(16 * _SPARE).hex()
        digits, *spare = [text[start : start + 32] for start in range(0, len(text), 32)]
        _spare_digits.extend(spare)
    return f"{digits[:12]}4{digits[13:16]}{_VARIANTS[digits[16]]}{digits[17:]}"


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
