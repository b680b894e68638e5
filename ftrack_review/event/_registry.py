"""The subscribers of a hub, and the delivery of an event to those who want it.

Pure memory: no socket and no thread. Finding the subscribers of a topic costs one look-up, however many there are
for other topics; which they are is worked out when a topic comes for the first time.
"""

from __future__ import annotations

import logging
import threading
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ftrack_review.event.base import DEFERRED_KEYS, Event
from ftrack_review.event.expression import Expression, Parser
from ftrack_review.event.subscriber import Subscriber
from ftrack_review.exception import NotUniqueError, ParseError

if TYPE_CHECKING:
    from ftrack_review.typing import EventCallback

__all__ = ["Registry"]

logger = logging.getLogger(__name__)

# Topics may come from outside; what is remembered of them stays small.
_MAXIMUM_TOPICS = 256


class _Interested(NamedTuple):
    """Those who may want a topic."""

    #: In the order in which they are called, each with what else he asks of an event.
    subscribers: Tuple[Tuple[Subscriber, Optional[Expression]], ...]
    #: Whether somebody asks for what an event makes only when it is looked at.
    reads_deferred: bool


class Registry:
    """Subscribers by their ids, in the order in which they came."""

    def __init__(self) -> None:
        """Initialise empty."""
        self._lock = threading.Lock()
        self._subscribers: Dict[str, Subscriber] = {}
        self._interested: Dict[str, _Interested] = {}

    def add(
        self,
        subscription: str,
        callback: EventCallback,
        metadata: Optional[Mapping[str, Any]],
        priority: int,
    ) -> Subscriber:
        """Add a subscriber and return it. Raise NotUniqueError where the id in its *metadata* is in use."""
        complete = dict(metadata or {})
        identifier = complete.setdefault("id", uuid.uuid4().hex)
        subscriber = Subscriber(subscription, callback, complete, priority)
        with self._lock:
            if identifier in self._subscribers:
                raise NotUniqueError(f"Subscriber with identifier {identifier} already exists.")
            self._subscribers[identifier] = subscriber
            self._interested.clear()
        return subscriber

    def remove(self, identifier: str) -> Optional[Subscriber]:
        """Remove a subscriber and return it, None if there is none."""
        with self._lock:
            self._interested.clear()
            return self._subscribers.pop(identifier, None)

    def get(self, identifier: str) -> Optional[Subscriber]:
        """Return the subscriber with an id, None if there is none."""
        return self._subscribers.get(identifier)

    def all(self) -> List[Subscriber]:
        """Return the subscribers in the order in which they came."""
        with self._lock:
            return list(self._subscribers.values())

    def deliver(
        self, event: Event, on_result: Optional[Callable[[Subscriber, Any], None]] = None
    ) -> List[Any]:
        """Call everybody who wants *event*, in the order of priority, and return what they return.

        *on_result* is called with each result at once. A subscriber that fails is logged, and the next one called.
        After :meth:`Event.stop` no one else is.
        """
        results: List[Any] = []
        topic = event["topic"]
        target: Optional[Expression] = None
        if event["target"]:
            try:
                target = _parse_target(event["target"])
            except ParseError as error:
                logger.warning("The event %s has a target that makes no sense: %s", topic, error)
                return results
        interested = self._interested.get(topic)
        if interested is None:
            interested = self._find_interested(topic)
        content: Mapping[str, Any] = event
        if type(event) is Event:
            # Matching a dictionary takes a third less (python -m tests.benchmarks compare --only publish-all).
            content = event._data if interested.reads_deferred else event._content
        for subscriber, rest in interested.subscribers:
            if target is not None and not target.match(subscriber.metadata):
                continue
            if content["topic"] is not topic:
                # The one before has changed it.
                if not subscriber.interested_in(event):
                    continue
            elif rest is not None and not rest.match(content):
                continue
            try:
                result = subscriber.callback(event)
            except Exception:
                # One subscriber's fault must not keep the others from the event.
                logger.exception("%r failed to handle the event %s.", subscriber, event["topic"])
                continue
            results.append(result)
            if on_result is not None:
                on_result(subscriber, result)
            if event.is_stopped():
                break
        return results

    def _find_interested(self, topic: str) -> _Interested:
        with self._lock:
            candidates = [
                subscriber
                for subscriber in self._subscribers.values()
                if subscriber.subscription.topic in (None, topic)
            ]
            candidates.sort(key=lambda subscriber: subscriber.priority)
            if len(self._interested) >= _MAXIMUM_TOPICS:
                self._interested.clear()
            subscribers = tuple(
                (subscriber, subscriber.subscription.beyond(topic)) for subscriber in candidates
            )
            reads_deferred = any(
                rest is not None and any(rest.reads(key) for key in DEFERRED_KEYS) for _, rest in subscribers
            )
            found = self._interested[topic] = _Interested(subscribers, reads_deferred)
        return found


@lru_cache(maxsize=256)
def _parse_target(target: str) -> Expression:
    return Parser().parse(target)
