"""The packets of the event socket: Socket.IO 0.9, ``code:id:endpoint:data``.

Both sides build and read packets, event envelopes and the answer to the handshake here. It does no I/O::

    5:1+::{"name":"ftrack.event","args":[{...}]}     an event that wants an acknowledgement
    6:::1+[{"success":true}]                         the acknowledgement
    2::                                              a heartbeat

"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ftrack_review.exception import EventHubPacketError

__all__ = [
    "ACKNOWLEDGE",
    "CONNECT",
    "DISCONNECT",
    "ERROR",
    "EVENT",
    "EVENT_NAME",
    "HEARTBEAT",
    "JSON",
    "MESSAGE",
    "Acknowledgement",
    "Handshake",
    "Packet",
    "decode",
    "decode_acknowledgement",
    "decode_event",
    "decode_handshake",
    "encode",
    "encode_acknowledgement",
    "encode_event",
    "encode_handshake",
]

DISCONNECT = "0"
CONNECT = "1"
HEARTBEAT = "2"
MESSAGE = "3"
JSON = "4"
EVENT = "5"
ACKNOWLEDGE = "6"
ERROR = "7"

#: What the events of ftrack are called in packets.
EVENT_NAME = "ftrack.event"

#: The keys of an event on the wire, and their names in programs. Exactly these may be delivered.
_KEYS = {
    "id": "id",
    "topic": "topic",
    "data": "data",
    "sent": "sent",
    "source": "source",
    "target": "target",
    "inReplyToEvent": "in_reply_to_event",
}


class Packet(NamedTuple):
    """One packet. *identifier* ends with ``+`` where the sender wants an acknowledgement."""

    code: str
    identifier: str = ""
    endpoint: str = ""
    data: str = ""

    @property
    def wants_acknowledgement(self) -> bool:
        """Whether the sender waits for an acknowledgement."""
        return self.identifier.endswith("+")


class Acknowledgement(NamedTuple):
    """The answer to the packet with *identifier*, and its *arguments*."""

    identifier: str
    arguments: Tuple[Any, ...] = ()


class Handshake(NamedTuple):
    """The answer to the handshake: the session's id, two times in seconds, and the ways to connect."""

    session_id: str
    heartbeat_s: int
    close_s: int
    transports: Tuple[str, ...] = ("websocket",)


def encode(code: str, data: str = "", *, identifier: str = "", endpoint: str = "") -> str:
    """Return the text of a packet. Without data it has three parts, ``2::``, as some clients count them."""
    head = f"{code}:{identifier}:{endpoint}"
    return f"{head}:{data}" if data else head


def decode(text: str) -> Packet:
    """Return the packet that *text* spells.

    Raise :exc:`~ftrack_review.exception.EventHubPacketError` where it is none.
    """
    parts = text.split(":", 3)
    # Two parts are not possible: the identifier and the endpoint come together.
    if len(parts) == 2 or len(parts[0]) != 1 or parts[0] not in "01234567":
        raise EventHubPacketError(f"Not a packet of the event socket: {text[:80]!r}")
    return Packet(*parts)


def encode_event(event: Mapping[str, Any], *, name: str = EVENT_NAME) -> str:
    """Return the data of an event packet. *event* may use the names of the wire or of programs."""
    envelope = {key: event.get(attribute, event.get(key)) for key, attribute in _KEYS.items()}
    return json.dumps({"name": name, "args": [envelope]}, ensure_ascii=False, separators=(",", ":"))


def decode_event(data: str) -> Optional[Dict[str, Any]]:
    """Return the event in the *data* of an event packet, by the names of programs, or None for another's.

    Keys that events do not have are dropped. Raise EventHubPacketError where *data* is malformed.
    """
    try:
        payload = json.loads(data)
        if payload["name"] != EVENT_NAME:
            return None
        envelope = payload["args"][0]
        event = {attribute: envelope.get(key) for key, attribute in _KEYS.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EventHubPacketError(f"Not an event: {data[:80]!r}") from error
    if event["in_reply_to_event"] is None:
        event["in_reply_to_event"] = envelope.get("in_reply_to_event")
    if not isinstance(event["topic"], str):
        raise EventHubPacketError(f"An event without a topic: {data[:80]!r}")
    return event


def encode_acknowledgement(identifier: str, *arguments: Any) -> str:
    """Return the whole packet that answers the packet with *identifier*, such as ``6:::1+[{"success":true}]``."""
    identifier = identifier.rstrip("+")
    if not arguments:
        return encode(ACKNOWLEDGE, identifier)
    return encode(ACKNOWLEDGE, f"{identifier}+{json.dumps(arguments, separators=(',', ':'))}")


def decode_acknowledgement(data: str) -> Acknowledgement:
    """Return what the *data* of an acknowledgement says. Raise EventHubPacketError where it is malformed."""
    identifier, plus, text = data.partition("+")
    try:
        arguments: Sequence[Any] = json.loads(text) if text else []
    except ValueError as error:
        raise EventHubPacketError(f"Not an acknowledgement: {data[:80]!r}") from error
    if not identifier or not isinstance(arguments, list) or (plus and not text):
        raise EventHubPacketError(f"Not an acknowledgement: {data[:80]!r}")
    return Acknowledgement(identifier, tuple(arguments))


def encode_handshake(handshake: Handshake) -> str:
    """Return the text that answers a handshake, ``a1b2c3:10:25:websocket``."""
    return (
        f"{handshake.session_id}:{handshake.heartbeat_s}:{handshake.close_s}:{','.join(handshake.transports)}"
    )


def decode_handshake(text: str) -> Handshake:
    """Return what the answer to a handshake says. Raise EventHubPacketError where it is none."""
    parts: List[str] = text.strip().split(":")
    try:
        session_id, heartbeat, close, transports = parts
        return Handshake(session_id, int(heartbeat or 0), int(close or 0), tuple(transports.split(",")))
    except ValueError as error:
        # The text holds the id of a session, which is as good as a key for a minute.
        raise EventHubPacketError("The answer to the handshake cannot be read.") from error
