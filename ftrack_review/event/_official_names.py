"""The private names of the official event hub that programs override and call.

Servers that share one hub between processes subclass it, look at each packet in ``_handle_packet`` and answer with
``_send_packet``. What the hub here does goes through the same names, so that they work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, Optional, Tuple

from ftrack_review.event.base import Event
from ftrack_review.exception import EventHubConnectionError
from ftrack_review.protocol import packet

if TYPE_CHECKING:
    from ftrack_review.event._connection import Connection
    from ftrack_review.event._outbox import Outbox, PacketCallback
    from ftrack_review.event._registry import Registry
    from ftrack_review.event.subscriber import Subscriber

__all__ = ["OfficialNames"]

_NAMES = {
    packet.DISCONNECT: "disconnect",
    packet.CONNECT: "connect",
    packet.HEARTBEAT: "heartbeat",
    packet.MESSAGE: "message",
    packet.JSON: "json",
    packet.EVENT: "event",
    packet.ACKNOWLEDGE: "acknowledge",
    packet.ERROR: "error",
}


class OfficialNames:
    """What a hub has for the sake of programs that know the official one from within."""

    _connection: Optional[Connection]
    _outbox: Outbox
    _registry: Registry

    #: Names of packets by their codes, and codes by their names.
    _code_name_mapping: ClassVar[Dict[str, str]] = {**_NAMES, **{name: code for code, name in _NAMES.items()}}
    _event_namespace = packet.EVENT_NAME

    @property
    def _subscribers(self) -> List[Subscriber]:
        """Those who subscribed, in the order in which they came."""
        return self._registry.all()

    def _encode(self, data: Any) -> str:
        """Return *data*, with events in it, as JSON text with the names of the wire."""
        return json.dumps(data, default=_encode_event)

    def _decode(self, string: str) -> Any:
        """Return the value of a JSON text by the names of programs."""
        return json.loads(string, object_pairs_hook=_decode_pairs)

    def _send_packet(self, code: str, data: str = "", callback: Optional[PacketCallback] = None) -> None:
        """Send a packet with *code*; *callback* is called with the server's answer to an event.

        Raise EventHubConnectionError where there is no connection.
        """
        if code == packet.EVENT and callback is not None:
            if self._outbox.send_now(data, callback):
                return
            raise EventHubConnectionError("The event could not be sent.")
        connection = self._connection
        if connection is None:
            raise EventHubConnectionError("There is no connection.")
        connection.send(packet.encode(code, data))

    def _acknowledge_packet(self, packet_identifier: str, *args: Any) -> None:
        """Acknowledge the packet with *packet_identifier*, with *args*."""
        text = packet.encode_acknowledgement(packet_identifier, *args)
        self._send_packet(packet.ACKNOWLEDGE, packet.decode(text).data)


def _encode_event(item: Any) -> Any:
    if isinstance(item, Event):
        data = dict(item)
        data["inReplyToEvent"] = data.pop("in_reply_to_event")
        return data
    raise TypeError(f"{item!r} cannot be sent as part of an event.")


def _decode_pairs(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    return {"in_reply_to_event" if name == "inReplyToEvent" else name: value for name, value in pairs}
