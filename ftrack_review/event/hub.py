"""The event hub: publishes events, and calls those who subscribed to them.

Synchronous events stay in the program. Others go over a web socket to the server, which hands them to every
hub with a matching subscription, this one included. A background thread reads the socket; callbacks run in the
thread that calls :meth:`EventHub.wait`.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
import uuid
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
)
from urllib.parse import urlsplit

from ftrack_review.event._connection import Connection, open_connection, shake_hands
from ftrack_review.event._official_names import OfficialNames
from ftrack_review.event._outbox import Outbox, PacketCallback
from ftrack_review.event._processor import ProcessorThread
from ftrack_review.event._registry import Registry
from ftrack_review.event._sender import name_sender
from ftrack_review.event.base import Event
from ftrack_review.exception import EventHubConnectionError, EventHubError, NotFoundError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    from types import TracebackType

    from ftrack_review.event.subscriber import Subscriber
    from ftrack_review.typing import EventCallback

__all__ = ["EventHub", "ServerDetails", "SocketIoSession"]

logger = logging.getLogger(__name__)

#: How often a lost connection is tried again, and how long in between, in seconds.
RECONNECT_ATTEMPTS = 30
RECONNECT_DELAY_S = 10.0

#: How many requests for replies are remembered. The oldest are forgotten; nobody answers after so many.
_MAXIMUM_REPLY_CALLBACKS = 10_000

_PLAIN = re.compile(r"[\w\-.]+")

# How long one step of a longer wait takes at most, in seconds, so that it can be interrupted on every system.
_STEP_S = 0.5
_JOIN_TIMEOUT_S = 5.0
# How long disconnecting waits for the server to have read what was published last, in seconds.
_ACKNOWLEDGE_TIMEOUT_S = 2.0


class ServerDetails(NamedTuple):
    """Where the server is."""

    scheme: str
    hostname: str
    port: Optional[int]


class SocketIoSession(NamedTuple):
    """The answer to a handshake, as ``ftrack_api`` names its parts."""

    id: str
    heartbeatTimeout: int  # noqa: N815 - the name that ftrack_api has.
    supportedTransports: Sequence[str]  # noqa: N815


class EventHub(OfficialNames):
    """Publish events and subscribe to them."""

    def __init__(
        self,
        server_url: str,
        api_user: str,
        api_key: str,
        headers: Optional[Mapping[str, str]] = None,
        cookies: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Initialise for the server at *server_url*, without connecting.

        *api_key* belongs to *api_user*. *headers* and *cookies* are sent when connecting. Raise ValueError for
        an address without scheme or host.
        """
        self.logger = logger
        self.id = uuid.uuid4().hex
        parts = urlsplit(server_url)
        if not parts.scheme:
            raise ValueError("The server address has no scheme such as https.")
        if not parts.hostname:
            raise ValueError("The server address names no host.")
        self.server = ServerDetails(parts.scheme, parts.hostname, parts.port)
        self._api_user = api_user
        self._api_key = api_key
        self._headers = dict(headers or {})
        self._cookies = dict(cookies or {})

        # Guards everything below. It is never held while anything is sent or received.
        self._lock = threading.RLock()
        self._connecting = threading.Lock()
        self._connection: Optional[Connection] = None
        self._connection_initialised = False
        self._thread: Optional[ProcessorThread] = None
        self._auto_reconnect_attempts = RECONNECT_ATTEMPTS
        self._auto_reconnect_delay = RECONNECT_DELAY_S
        self._outbox = Outbox()
        self._reply_callbacks: Dict[str, EventCallback] = {}
        self._event_queue: queue.Queue[Event] = queue.Queue()
        self._farewell_id: Optional[str] = None
        self._registry = Registry()

    def __repr__(self) -> str:
        """Return the type and address."""
        return f"<{type(self).__name__} {self.get_server_url()}>"

    def get_server_url(self) -> str:
        """Return the address of the server, without path."""
        return f"{self.server.scheme}://{self.get_network_location()}"

    def get_network_location(self) -> str:
        """Return the host of the server, with its port where one was given."""
        host = f"[{self.server.hostname}]" if ":" in self.server.hostname else self.server.hostname
        return host if self.server.port is None else f"{host}:{self.server.port}"

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.server.scheme == "https"

    @property
    def connected(self) -> bool:
        """Whether the hub is connected to the server."""
        connection = self._connection
        return connection is not None and connection.connected

    def init_connection(self) -> None:
        """Announce that a connection is being made: what is published until then is sent once it is."""
        self._connection_initialised = True

    def connect(self) -> None:
        """Connect to the server.

        Raise :exc:`~ftrack_review.exception.EventHubConnectionError` where that fails or was done before.
        """
        with self._connecting:
            if self.connected:
                raise EventHubConnectionError("Already connected.")
            self.init_connection()
            try:
                connection = self._open_connection()
            except EventHubConnectionError:
                self._connection_initialised = False
                raise
            if not self._connection_initialised:
                connection.close()
                raise EventHubConnectionError("The event hub was closed while it connected.")
            thread = ProcessorThread(self, connection)
            with self._lock:
                former, self._thread = self._thread, thread
            if former is not None:
                # It may be trying to reconnect; from now on that is not its business.
                former.cancel()
            self._use(connection, thread)
            thread.start()

    def disconnect(self, unsubscribe: bool = True, reconnect: bool = False) -> None:
        """Disconnect from the server.

        With *unsubscribe* all subscribers are removed first. *reconnect* says that a new connection follows, so
        that nobody who waits for events is sent home. Raise EventHubConnectionError where there is no connection.
        """
        thread = self._thread
        if not self.connected and (thread is None or thread.cancelled):
            raise EventHubConnectionError("Not currently connected.")
        if unsubscribe:
            for subscriber in self._registry.all():
                self.unsubscribe(subscriber.metadata["id"])
        if threading.current_thread() is not thread:
            # A server need not read on once a socket is being closed.
            self._outbox.wait(_ACKNOWLEDGE_TIMEOUT_S)
        with self._lock:
            connection, self._connection, self._thread = self._connection, None, None
        self._outbox.use(None)
        if thread is not None:
            thread.cancel()
        if connection is not None:
            connection.close()
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(_JOIN_TIMEOUT_S)
        if not reconnect:
            self._give_up()

    def close(self) -> None:
        """Disconnect where the hub is connected, and forget what was not sent. Closing again does nothing."""
        try:
            self.disconnect(unsubscribe=False)
        except EventHubConnectionError:
            self._connection_initialised = False
        self._outbox.clear()

    def reconnect(self, attempts: int = 10, delay: float = 5) -> None:
        """Connect anew, *attempts* times at most, with *delay* seconds in between.

        Subscribers stay. Raise EventHubConnectionError when all attempts have failed.
        """
        try:
            self.disconnect(unsubscribe=False, reconnect=True)
        except EventHubConnectionError:
            logger.debug("There was no connection to close before reconnecting.")
        pause = threading.Event()
        for attempt in range(1, attempts + 1):
            try:
                self.connect()
            except EventHubConnectionError as error:
                logger.debug("Attempt %d of %d to reconnect failed: %s", attempt, attempts, error)
                # Meanwhile events wait for the next attempt.
                self.init_connection()
                if attempt < attempts:
                    pause.wait(delay)
            else:
                return
        self._connection_initialised = False
        raise EventHubConnectionError(
            f"Failed to reconnect to event server at {self.get_server_url()} after {attempts} attempts."
        )

    def wait(self, duration: Optional[float] = None) -> None:
        """Handle events as they come in, for *duration* seconds or until the hub is disconnected.

        This is where callbacks are called. Raise EventHubConnectionError where the hub has no connection.
        """
        if not self.connected and not self._connection_initialised:
            raise EventHubConnectionError(
                "The event hub has no connection to the event server, so that only synchronous events reach it. "
                "Pass auto_connect_event_hub=True to the session, or call connect()."
            )
        end = None if duration is None else time.monotonic() + duration
        while True:
            step = _STEP_S if end is None else min(_STEP_S, end - time.monotonic())
            if step <= 0:
                return
            event = self._next_event(step)
            if event is None:
                if self._connection_initialised:
                    continue
                # The last event is queued before the connection is declared gone.
                event = self._next_event(0)
                if event is None:
                    return
            self._handle(event)
            if event["id"] == self._farewell_id:
                return

    def _next_event(self, timeout_s: float) -> Optional[Event]:
        try:
            return self._event_queue.get(block=timeout_s > 0, timeout=timeout_s)
        except queue.Empty:
            return None

    def get_subscriber_by_identifier(self, identifier: str) -> Optional[Subscriber]:
        """Return the subscriber whose metadata has *identifier* as ``id``, None if there is none."""
        return self._registry.get(identifier)

    def subscribe(
        self,
        subscription: str,
        callback: EventCallback,
        subscriber: Optional[Mapping[str, Any]] = None,
        priority: int = 100,
    ) -> str:
        """Call *callback* with every event that *subscription* includes, and return the subscriber's id.

        *subscription* is an expression such as ``topic=ftrack.update``. *subscriber* is metadata that tells
        others who subscribes; an ``id`` is made up where it has none. Of several subscribers the one with the
        lowest *priority* is called first. What *callback* returns is the reply to the event.

        Raise :exc:`~ftrack_review.exception.NotUniqueError` where the id is in use and
        :exc:`~ftrack_review.exception.ParseError` where *subscription* makes no sense.
        """
        added = self._registry.add(subscription, callback, subscriber, priority)
        if self.connected:
            self._notify_server_about_subscriber(added)
        identifier: str = added.metadata["id"]
        return identifier

    def unsubscribe(self, subscriber_identifier: str) -> None:
        """Remove a subscriber. Raise :exc:`~ftrack_review.exception.NotFoundError` where there is no such."""
        subscriber = self._registry.remove(subscriber_identifier)
        if subscriber is None:
            raise NotFoundError(
                f"Cannot unsubscribe missing subscriber with identifier {subscriber_identifier}"
            )
        if self.connected:
            event = Event("ftrack.meta.unsubscribe", data={"subscriber": dict(subscriber.metadata)})
            self._try_to_publish(event, partial(self._on_unsubscribed, subscriber))

    def subscription(
        self,
        subscription: str,
        callback: EventCallback,
        subscriber: Optional[Mapping[str, Any]] = None,
        priority: int = 100,
    ) -> _SubscriptionContext:
        """Return a context manager that subscribes as :meth:`subscribe` does, and unsubscribes at its end."""
        return _SubscriptionContext(self, subscription, callback, subscriber, priority)

    def _notify_server_about_subscriber(self, subscriber: Subscriber) -> None:
        event = Event(
            "ftrack.meta.subscribe",
            data={"subscriber": dict(subscriber.metadata), "subscription": str(subscriber.subscription)},
        )
        self._try_to_publish(event, partial(self._on_subscribed, subscriber))

    @staticmethod
    def _on_subscribed(subscriber: Subscriber, response: Any) -> None:
        if isinstance(response, Mapping) and response.get("success") is False:
            logger.warning("The server did not accept %r: %s", subscriber, response.get("message", ""))

    @staticmethod
    def _on_unsubscribed(subscriber: Subscriber, response: Any) -> None:
        if not isinstance(response, Mapping) or response.get("success") is not True:
            logger.warning("The server did not confirm that %r unsubscribed.", subscriber)

    def publish(
        self,
        event: Event,
        synchronous: bool = False,
        on_reply: Optional[EventCallback] = None,
        on_error: str = "raise",
    ) -> Optional[List[Any]]:
        """Publish *event*.

        With *synchronous* it goes to the subscribers of this hub only, at once, and their results are returned
        in the order in which they were called. Otherwise it is sent to the server, or kept until the hub is
        connected, and None is returned; *on_reply* is called with every event that answers it.

        With *on_error* ``"ignore"`` an error is logged and None returned; otherwise it is raised:
        :exc:`~ftrack_review.exception.EventHubConnectionError` where nothing was done to connect.
        """
        try:
            return self._publish(event, synchronous=synchronous, on_reply=on_reply)
        except Exception:
            if on_error != "ignore":
                raise
            logger.warning("The event %s could not be published.", event["topic"], exc_info=True)
            return None

    def publish_reply(
        self, source_event: Event, data: Any, source: Optional[Mapping[str, Any]] = None
    ) -> None:
        """Answer *source_event* with *data*. *source* tells who answers.

        Raise :exc:`~ftrack_review.exception.EventHubError` where the event does not say who sent it.
        """
        reply = Event("ftrack.meta.reply", data=data)
        self._prepare_reply_event(reply, source_event, source)
        self.publish(reply)

    def _publish(
        self,
        event: Event,
        synchronous: bool = False,
        callback: Optional[PacketCallback] = None,
        on_reply: Optional[EventCallback] = None,
    ) -> Optional[List[Any]]:
        self._prepare_event(event)
        if synchronous:
            return self._handle(event, synchronous=True)
        if not self._connection_initialised:
            raise EventHubConnectionError(
                "The event hub is not connected. Call connect() first, or publish with synchronous=True."
            )
        # Encoded here, so that the caller learns what cannot be sent.
        data = packet.encode_event(event)
        if on_reply is not None:
            with self._lock:
                self._reply_callbacks[event["id"]] = on_reply
                if len(self._reply_callbacks) > _MAXIMUM_REPLY_CALLBACKS:
                    del self._reply_callbacks[next(iter(self._reply_callbacks))]
        self._outbox.send(data, callback or partial(self._on_published, event["topic"]))
        return None

    def _try_to_publish(self, event: Event, callback: PacketCallback) -> None:
        """Publish what is sent again on the next connection anyway."""
        self._prepare_event(event)
        self._outbox.send_now(packet.encode_event(event), callback)

    @staticmethod
    def _on_published(topic: str, response: Any) -> None:
        success = response.get("success") if isinstance(response, Mapping) else response
        if not success:
            message = response.get("message", "") if isinstance(response, Mapping) else ""
            logger.error("The server did not take the event %s: %s", topic, message)

    def _prepare_event(self, event: Event) -> None:
        """Say in *event* who sends it, where it does not itself."""
        name_sender(event, self.id, self._api_user)

    def _prepare_reply_event(
        self, event: Event, source_event: Mapping[str, Any], source: Optional[Mapping[str, Any]] = None
    ) -> None:
        """Make *event* an answer to *source_event*."""
        sender = (source_event["source"] or {}).get("id")
        if not sender:
            raise EventHubError(f"Nobody can be answered: {source_event['topic']} does not say who sent it.")
        event["target"] = f"id={sender}" if _PLAIN.fullmatch(sender) else f'id="{sender}"'
        event["in_reply_to_event"] = source_event["id"]
        if source is not None:
            event["source"] = dict(source)
        self._prepare_event(event)

    def _handle(self, event: Event, synchronous: bool = False) -> List[Any]:
        """Call those who want *event*, in the order of their priority, and return their results."""
        if synchronous:
            return self._registry.deliver(event)

        def reply(subscriber: Subscriber, result: Any) -> None:
            if result is not None:
                self._reply(event, result, subscriber)

        self._registry.deliver(event, reply)
        return []

    def _reply(self, event: Event, result: Any, subscriber: Subscriber) -> None:
        try:
            self.publish_reply(event, result, subscriber.metadata)
        except (EventHubError, TypeError, ValueError):
            logger.exception("The reply of %r to the event %s could not be sent.", subscriber, event["topic"])

    def _handle_reply(self, event: Event) -> None:
        callback = self._reply_callbacks.get(event["in_reply_to_event"])
        if callback is not None:
            callback(event)

    def _get_socket_io_session(self) -> SocketIoSession:
        """Return what the server answers to a handshake."""
        handshake = shake_hands(
            self.get_server_url(), self._api_user, self._api_key, self._headers, self._cookies
        )
        return SocketIoSession(handshake.session_id, handshake.heartbeat_s, handshake.transports)

    def _open_connection(self) -> Connection:
        answer = self._get_socket_io_session()
        if "websocket" not in answer.supportedTransports:
            raise EventHubConnectionError(
                f"The event server at {self.get_server_url()} does not offer web sockets."
            )
        return open_connection(self.get_server_url(), answer.id, headers=self._headers, cookies=self._cookies)

    def _use(self, connection: Connection, thread: ProcessorThread) -> bool:
        """Go on with a new *connection*: tell the server who subscribes, and send what has waited.

        Return False, with the connection closed, where *thread* no longer is the one that serves the hub.
        """
        if self._registry.get(self.id) is None:
            self._registry.add("topic=ftrack.meta.reply", self._handle_reply, {"id": self.id}, 100)
        with self._lock:
            is_wanted = self._thread is thread and not thread.cancelled
            if is_wanted:
                self._connection = connection
                self._outbox.use(connection)
        if not is_wanted:
            connection.close()
            return False
        for subscriber in self._registry.all():
            self._notify_server_about_subscriber(subscriber)
        self._outbox.send_waiting()
        return True

    def _give_up(self) -> None:
        """Let those who wait for events go, as there will be no more."""
        farewell = Event("ftrack.meta.disconnected")
        self._farewell_id = farewell["id"]
        self._event_queue.put(farewell)
        self._connection_initialised = False

    def _handle_packet(self, code: str, packet_identifier: str, path: str, data: str) -> None:  # noqa: ARG002
        """Do what one packet asks for. Raise EventHubConnectionError where it ends the connection."""
        if code == packet.HEARTBEAT:
            self._send_packet(packet.HEARTBEAT)
        elif code == packet.EVENT:
            event = packet.decode_event(data)
            if packet_identifier and packet_identifier.endswith("+"):
                self._acknowledge_packet(packet_identifier, {"success": True})
            if event is not None:
                self._event_queue.put(Event(**event))
        elif code == packet.ACKNOWLEDGE:
            self._outbox.acknowledge(packet.decode_acknowledgement(data))
        elif code == packet.CONNECT:
            self._event_queue.put(Event("ftrack.meta.connected"))
        elif code == packet.DISCONNECT:
            raise EventHubConnectionError("The event server asked to disconnect.")
        elif code == packet.ERROR:
            logger.error("The event server reports an error: %s", data[:500])


class _SubscriptionContext:
    """Subscribes for as long as it is entered."""

    def __init__(
        self,
        hub: EventHub,
        subscription: str,
        callback: EventCallback,
        subscriber: Optional[Mapping[str, Any]],
        priority: int,
    ) -> None:
        self._hub = hub
        self._arguments = (subscription, callback, subscriber, priority)
        self._identifier: Optional[str] = None

    def __enter__(self) -> str:
        """Subscribe and return the subscriber's id."""
        self._identifier = self._hub.subscribe(*self._arguments)
        return self._identifier

    def __exit__(
        self,
        exception_type: Optional[type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Unsubscribe."""
        identifier, self._identifier = self._identifier, None
        if identifier is not None:
            self._hub.unsubscribe(identifier)
