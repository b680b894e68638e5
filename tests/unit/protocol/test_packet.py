"""The packets of the event socket, as clients and servers of every kind write them."""

import json

import pytest

from ftrack_review.exception import EventHubPacketError
from ftrack_review.protocol import packet
from ftrack_review.protocol.packet import Acknowledgement, Handshake, Packet

PACKETS = {
    "0": Packet("0"),
    "1::": Packet("1"),
    "2::": Packet("2"),
    "2:::": Packet("2"),
    "1::/x": Packet("1", "", "/x"),
    '5:::{"a":"b:c"}': Packet("5", "", "", '{"a":"b:c"}'),
    "5:12+::{}": Packet("5", "12+", "", "{}"),
    '6:::1+[{"success":true}]': Packet("6", "", "", '1+[{"success":true}]'),
}


@pytest.mark.parametrize("text", PACKETS)
def test_packets_are_read(text):
    found = packet.decode(text)
    assert found == PACKETS[text]
    assert (
        packet.decode(
            packet.encode(found.code, found.data, identifier=found.identifier, endpoint=found.endpoint)
        )
        == found
    )
    assert found.wants_acknowledgement == ("+" in found.identifier)


@pytest.mark.parametrize("text", ["", "2:", "8::", "x::", "55::", "hello", "::", "{}"])
def test_what_is_no_packet_is_refused(text):
    with pytest.raises(EventHubPacketError):
        packet.decode(text)


def test_a_heartbeat_has_three_parts():
    assert packet.encode(packet.HEARTBEAT) == "2::"


EVENT = {
    "id": "1",
    "topic": "ftrack.update",
    "data": {"ä": 1},
    "sent": None,
    "source": {"id": "h"},
    "target": "",
    "in_reply_to_event": "0",
}


def test_events_have_their_seven_keys_on_the_wire():
    text = packet.encode_event(EVENT)
    envelope = json.loads(text)
    assert envelope["name"] == "ftrack.event"
    assert set(envelope["args"][0]) == {"id", "topic", "data", "sent", "source", "target", "inReplyToEvent"}
    assert envelope["args"][0]["inReplyToEvent"] == "0"
    assert "ä" in text
    assert packet.decode_event(text) == EVENT


def test_events_of_other_clients_are_completed():
    wire = {"topic": "x", "data": {}, "inReplyToEvent": None, "extra": 1}
    found = packet.decode_event(json.dumps({"name": "ftrack.event", "args": [wire]}))
    assert found == {
        "id": None,
        "topic": "x",
        "data": {},
        "sent": None,
        "source": None,
        "target": None,
        "in_reply_to_event": None,
    }
    assert json.loads(packet.encode_event(wire))["args"][0]["topic"] == "x"


def test_other_socket_events_are_passed_over():
    assert packet.decode_event('{"name":"something","args":[]}') is None


@pytest.mark.parametrize(
    "data", ["", "[]", "{}", '{"name":"ftrack.event"}', '{"name":"ftrack.event","args":[]}', '{"name":"ftrack.event","args":[1]}',
             '{"name":"ftrack.event","args":[{"topic":null}]}', "{"]
)  # fmt: skip
def test_malformed_events_are_refused(data):
    with pytest.raises(EventHubPacketError):
        packet.decode_event(data)


def test_acknowledgements():
    text = packet.encode_acknowledgement("3+", {"success": True})
    assert text == '6:::3+[{"success":true}]'
    assert packet.decode_acknowledgement(packet.decode(text).data) == Acknowledgement(
        "3", ({"success": True},)
    )
    assert packet.decode_acknowledgement(
        packet.decode(packet.encode_acknowledgement("3")).data
    ) == Acknowledgement("3")
    for data in ("", "+[]", "3+", "3+{", "3+{}"):
        with pytest.raises(EventHubPacketError):
            packet.decode_acknowledgement(data)


def test_handshakes():
    assert packet.encode_handshake(Handshake("a1", 10, 25)) == "a1:10:25:websocket"
    assert packet.decode_handshake("a1:15:25:websocket,xhr-polling\n") == Handshake(
        "a1", 15, 25, ("websocket", "xhr-polling")
    )
    assert packet.decode_handshake("a1:::websocket") == Handshake("a1", 0, 0)
    for text in ("", "<html>", "secret:x:y:z", "secret:1:2"):
        with pytest.raises(EventHubPacketError) as caught:
            packet.decode_handshake(text)
        assert "secret" not in str(caught.value)
