"""The event: a topic with data, where it comes from and whom it is for."""

from __future__ import annotations

import os
import threading
from collections.abc import MutableMapping
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

__all__ = ["DEFERRED_KEYS", "Deferred", "Event"]

#: The keys whose values may be :class:`Deferred`.
DEFERRED_KEYS = ("id", "source")


# Random hexadecimal digits for the next ids: to ask the system for those of many at once takes a fraction of the time.
_spare_digits: List[str] = []
_SPARE = 128
# The digit that tells the variant of a UUID keeps two random bits.
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4))

# Two threads that look at an event at once must see the same id. A signal handler may look in the middle of it.
_making = threading.RLock()


if hasattr(os, "register_at_fork"):
    # Otherwise a process and its copy would give the same ids to different events.
    os.register_at_fork(after_in_child=_spare_digits.clear)
    # Otherwise a copy made while another thread holds the lock would wait for it without an end.
    os.register_at_fork(
        before=_making.acquire, after_in_parent=_making.release, after_in_child=_making.release
    )


def _make_id() -> str:
    """Return a random UUID without dashes. Of uuid.uuid4 most of the time goes by in parsing."""
    try:
        digits = _spare_digits.pop()
    except IndexError:
        text = os.urandom(16 * _SPARE).hex()
        digits, *spare = [text[start : start + 32] for start in range(0, len(text), 32)]
        _spare_digits.extend(spare)
    return f"{digits[:12]}4{digits[13:16]}{_VARIANTS[digits[16]]}{digits[17:]}"


class Deferred:
    """A value of an event that is made when somebody looks at it, as few look at the id or source of a local event.

    What is not made is not seen by the collector either, whose share of publishing is the largest
    (``python -m tests.benchmarks compare --only publish``).
    """

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        """Initialise with the function that returns a new value."""
        self.make = make


_NEW_ID = Deferred(_make_id)


class Event(MutableMapping):  # type: ignore[type-arg]
    """Something that happened or is asked for, as a mapping.

    Its keys are ``id``, ``data``, ``topic``, ``sent``, ``source``, ``target`` and ``in_reply_to_event``.
    """

    __slots__ = ("__weakref__", "_content", "_stopped")

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
        self._content: Dict[str, Any] = {
            "id": _NEW_ID if id is None else id,
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
        value = self._content[key]
        return self._make(key) if type(value) is Deferred else value

    def __setitem__(self, key: str, value: Any) -> None:
        """Set *key* to *value*."""
        self._content[key] = value

    def __delitem__(self, key: str) -> None:
        """Remove *key*."""
        del self._content[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._content)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._content)

    def __repr__(self) -> str:
        """Return the type and content."""
        return f"<{type(self).__name__} {self._data}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return what copies are made from: they have the same id."""
        self._data  # noqa: B018 - makes what is deferred.
        return super().__reduce_ex__(protocol)

    @property
    def _data(self) -> Dict[str, Any]:
        """All keys and values, as programs that know the official class from within expect."""
        for key in DEFERRED_KEYS:
            self.get(key)
        return self._content

    def _make(self, key: str) -> Any:
        with _making:
            value = self._content[key]
            if type(value) is Deferred:
                value = self._content[key] = value.make()
        return value
