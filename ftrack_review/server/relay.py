"""The event hub: who is connected, what they subscribe to, and who receives an event.

:class:`Relay` knows packets, subscriptions and targets, and no sockets: what a client sends is handed to
:meth:`Relay.receive`, and what it shall receive goes to the function it was connected with. Nothing that a
client sends ends anything but its own connection. Events are not kept; who is not connected misses them.

Called by ``event_socket`` for clients, and by ``announcer`` for the events of the server itself.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NoReturn, Optional, Tuple

from ftrack_review.event.expression import Expression, Parser
from ftrack_review.event.subscription import Subscription
from ftrack_review.exception import EventHubPacketError, ParseError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    from ftrack_review.server.context import CallerLike

__all__ = ["MAXIMUM_EXPRESSION", "MAXIMUM_SUBSCRIBERS", "Peer", "Relay"]

#: How many subscribers one connection may have, and how many characters a subscription or target.
MAXIMUM_SUBSCRIBERS = 10_000
MAXIMUM_EXPRESSION = 10_000

SUBSCRIBE = "ftrack.meta.subscribe"
UNSUBSCRIBE = "ftrack.meta.unsubscribe"

# What an acknowledgement may name: the number of a packet, which goes back into a packet.
_IDENTIFIER = re.compile(r"\d{1,18}\+?")

_logger = logging.getLogger(__name__)


class Peer:
    """One connected client: who it is, and where its packets go."""

    __slots__ = ("__weakref__", "caller", "deliver", "subscribers")

    def __init__(self, caller: CallerLike, deliver: Callable[[str], object]) -> None:
        """Initialise for *caller*. *deliver* takes packets; it must neither wait nor fail."""
        self.caller = caller
        self.deliver = deliver
        self.subscribers: Dict[str, _Subscriber] = {}


class _Subscriber:
    """What one subscriber of a client wants, and what it tells of itself."""

    __slots__ = ("metadata", "peer", "subscription")

    def __init__(self, peer: Peer, metadata: Mapping[str, Any], subscription: Subscription) -> None:
        self.peer = peer
        self.metadata = metadata
        self.subscription = subscription


class Relay:
    """Takes events from clients and gives them to those who want them. Any thread may call it."""

    def __init__(
        self,
        *,
        expect: Callable[[], object] = lambda: None,
        forward: Callable[[Mapping[str, Any]], object] = lambda _event: None,
    ) -> None:
        """Initialise with nobody connected.

        Where other processes serve the same database, *expect* is called before a client is connected, and *forward*
        takes each event to them; it must neither wait nor fail.
        """
        self._expect = expect
        self._forward = forward
        # Held while an event is handed out, so that everybody receives events in the same order.
        self._lock = threading.Lock()
        self._peers: Dict[Peer, None] = {}
        # By the topic that subscribers insist on, None for those who may want several.
        self._by_topic: Dict[Optional[str], Dict[Tuple[Peer, str], _Subscriber]] = {}

    @property
    def connected(self) -> int:
        """How many clients are connected."""
        return len(self._peers)

    def connect(self, caller: CallerLike, deliver: Callable[[str], object]) -> Peer:
        """Add a client that is *caller* and receives packets by *deliver*."""
        self._expect()
        peer = Peer(caller, deliver)
        with self._lock:
            self._peers[peer] = None
        return peer

    def disconnect(self, peer: Peer) -> None:
        """Remove a client and its subscribers. Doing it again does nothing."""
        with self._lock:
            self._peers.pop(peer, None)
            for identifier in list(peer.subscribers):
                self._remove(peer, identifier)

    def wants(self, topic: str) -> bool:
        """Return whether there may be somebody who wants events of *topic*."""
        return bool(self._by_topic.get(topic) or self._by_topic.get(None))

    def receive(self, peer: Peer, text: str) -> bool:
        """Do what the packet *text* of a client asks for. Return whether it wants to stay connected."""
        try:
            received = packet.decode(text)
        except EventHubPacketError as error:
            _logger.debug("A packet was ignored: %s", error)
            return True
        if received.code == packet.EVENT:
            answer = self._handle(peer, received.data)
            if _IDENTIFIER.fullmatch(received.identifier):
                # The official client takes an acknowledgement without an argument badly: its thread ends.
                peer.deliver(packet.encode_acknowledgement(received.identifier, answer))
        return received.code != packet.DISCONNECT

    def publish(self, event: Mapping[str, Any]) -> int:
        """Hand out an *event* of the server itself, everywhere. Return how many clients here receive it.

        Raise EventHubPacketError where it cannot be sent, and ParseError where its target makes no sense.
        """
        received = self._route(event, _encode(event))
        self._forward(event)
        return received

    def hand_out(self, event: Mapping[str, Any]) -> int:
        """Hand out an *event* that another process knows of to the clients here. Return how many receive it."""
        return self._route(event, _encode(event))

    def _handle(self, peer: Peer, data: str) -> Dict[str, Any]:
        """Take an event from a client and return the answer for it."""
        try:
            event = packet.decode_event(data)
            if event is None:
                raise EventHubPacketError(f"Only packets with the name {packet.EVENT_NAME} are understood.")
            _complete(event, peer.caller)
            text = _encode(event)
            if event["topic"] == SUBSCRIBE:
                self._subscribe(peer, event["data"])
            elif event["topic"] == UNSUBSCRIBE:
                self._unsubscribe(peer, event["data"])
            self._route(event, text)
            self._forward(event)
        except (EventHubPacketError, ParseError) as error:
            # Without braces, as the official client formats what it is told.
            return {"success": False, "message": str(error).replace("{", "(").replace("}", ")")}
        except RecursionError:
            return {"success": False, "message": "The event is nested too deeply."}
        except Exception:
            _logger.exception("An event could not be handled.")
            return {"success": False, "message": "The server failed. Its log says why."}
        return {"success": True}

    def _subscribe(self, peer: Peer, data: Any) -> None:
        metadata = _read_subscriber(data)
        expression = data.get("subscription")
        if not isinstance(expression, str):
            raise EventHubPacketError("A subscription must be an expression such as topic=ftrack.update.")
        _check_length(expression)
        subscriber = _Subscriber(peer, metadata, Subscription(expression))
        identifier = str(metadata["id"])
        with self._lock:
            if peer not in self._peers:
                return
            # The JavaScript client announces the same subscriber again whenever it likes.
            self._remove(peer, identifier)
            if len(peer.subscribers) >= MAXIMUM_SUBSCRIBERS:
                raise EventHubPacketError(
                    f"A connection cannot have more than {MAXIMUM_SUBSCRIBERS} subscribers."
                )
            peer.subscribers[identifier] = subscriber
            interested = self._by_topic.setdefault(subscriber.subscription.topic, {})
            interested[peer, identifier] = subscriber

    def _unsubscribe(self, peer: Peer, data: Any) -> None:
        metadata = _read_subscriber(data)
        with self._lock:
            self._remove(peer, str(metadata["id"]))

    def _remove(self, peer: Peer, identifier: str) -> None:
        subscriber = peer.subscribers.pop(identifier, None)
        if subscriber is None:
            return
        topic = subscriber.subscription.topic
        interested = self._by_topic[topic]
        del interested[peer, identifier]
        if not interested:
            del self._by_topic[topic]

    def _route(self, event: Mapping[str, Any], text: str) -> int:
        target = _read_target(event["target"])
        with self._lock:
            receivers = self._receivers(event, target)
            for peer in receivers:
                peer.deliver(text)
        return len(receivers)

    def _receivers(self, event: Mapping[str, Any], target: Optional[Expression]) -> List[Peer]:
        """Return the clients with a subscriber that wants *event* and is meant by *target*, each once."""
        found: Dict[Peer, None] = {}
        for topic in (event["topic"], None):
            for subscriber in self._by_topic.get(topic, {}).values():
                if subscriber.peer in found:
                    continue
                if target is not None and not target.match(subscriber.metadata):
                    continue
                if subscriber.subscription.includes(event):
                    found[subscriber.peer] = None
        return list(found)


def _complete(event: Dict[str, Any], caller: CallerLike) -> None:
    """Bring an event of a client into the form in which it is delivered.

    Who sends it is what the server knows, whatever the event says: handlers act in the name of that user.
    """
    source = event["source"] if event["source"] is not None else {}
    if not isinstance(source, dict):
        raise EventHubPacketError("The source of an event must be an object.")
    user = source.get("user")
    user = dict(user) if isinstance(user, dict) else {}
    user.update(id=caller.user_id, username=caller.username)
    event["source"] = {**source, "user": user}
    event["target"] = event["target"] or ""
    if not isinstance(event["id"], str) or not event["id"]:
        event["id"] = uuid.uuid4().hex
    if event["data"] is None:
        event["data"] = {}


def _encode(event: Mapping[str, Any]) -> str:
    """Return the packet with *event*. Raise EventHubPacketError for what no client could read."""
    # Without a number: the JavaScript client cannot read a packet that has one.
    text = packet.encode(packet.EVENT, packet.encode_event(event))
    try:
        if "NaN" in text or "Infinity" in text:
            json.loads(text.partition(":::")[2], parse_constant=_refuse_constant)
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EventHubPacketError("An event holds half a surrogate pair, which is no character.") from error
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise EventHubPacketError(f"An event holds {name}, which is not JSON.")


def _read_subscriber(data: Any) -> Mapping[str, Any]:
    metadata = data.get("subscriber") if isinstance(data, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("id"), (str, int)):
        raise EventHubPacketError("A subscriber must be an object with an id.")
    return metadata


def _read_target(target: Any) -> Optional[Expression]:
    if not target:
        return None
    if not isinstance(target, str):
        raise EventHubPacketError("The target of an event must be an expression.")
    _check_length(target)
    return _parse_target(target)


def _check_length(expression: str) -> None:
    if len(expression) > MAXIMUM_EXPRESSION:
        raise EventHubPacketError(f"An expression cannot be longer than {MAXIMUM_EXPRESSION} characters.")


@lru_cache(maxsize=512)
def _parse_target(target: str) -> Expression:
    return Parser().parse(target)
