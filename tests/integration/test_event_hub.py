"""The event hub over real sockets."""

import logging
import subprocess
import sys
import threading
import time

import pytest

from ftrack_review.event import _connection
from ftrack_review.event.base import Event
from ftrack_review.event.hub import EventHub
from ftrack_review.exception import EventHubConnectionError
from tests.integration.event_relay import EventRelay


@pytest.fixture
def relay():
    opened = EventRelay()
    yield opened
    opened.close()


@pytest.fixture
def make_hub(relay):
    hubs = []

    def make(**options):
        hub = EventHub(relay.url, "jane", "secret-key", **options)
        hub._auto_reconnect_delay = 0.05
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        hub.close()


@pytest.fixture
def hub(make_hub, relay):
    opened = make_hub()
    opened.connect()
    relay.wait_for(lambda: relay.knows(opened.id))
    return opened


def wait_until(hub, condition, timeout_s=15):
    """Handle events until *condition* holds."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        hub.wait(0.05)


def test_an_event_comes_back_to_its_sender(hub):
    seen = []
    hub.subscribe("topic=studio.hello and data.to=world", seen.append)
    hub.publish(Event("studio.hello", data={"to": "world", "text": "grüße: a:b"}))
    hub.publish(Event("studio.hello", data={"to": "nobody"}))
    wait_until(hub, lambda: seen)
    (event,) = seen
    assert event["data"] == {"to": "world", "text": "grüße: a:b"}
    assert event["source"]["id"] == hub.id
    assert event["source"]["user"]["username"] == "jane"
    assert set(event) == {"id", "topic", "data", "sent", "source", "target", "in_reply_to_event"}


def test_events_go_from_one_hub_to_another_and_replies_come_back(hub, make_hub, relay):
    other = make_hub()
    other.connect()
    other.subscribe("topic=studio.ask", lambda event: {"answer": event["data"]["n"] + 1}, {"id": "answerer"})
    other.subscribe("topic=studio.ask", lambda event: None)
    relay.wait_for(lambda: relay.knows("answerer"))
    replies = []
    hub.publish(Event("studio.ask", data={"n": 41}), on_reply=replies.append)

    def answered():
        other.wait(0.05)
        return replies

    wait_until(hub, answered)
    (reply,) = replies
    assert reply["data"] == {"answer": 42}
    assert reply["topic"] == "ftrack.meta.reply"
    assert reply["source"]["id"] == "answerer"


def test_targets_choose_among_hubs(hub, make_hub, relay):
    other = make_hub()
    other.connect()
    seen = []
    hub.subscribe("topic=studio.x", lambda event: seen.append("hub"), {"id": "a"})
    other.subscribe("topic=studio.x", lambda event: seen.append("other"), {"id": "b"})
    relay.wait_for(lambda: relay.knows("a") and relay.knows("b"))
    hub.publish(Event("studio.x", target="id=b"))
    wait_until(other, lambda: seen)
    hub.wait(0.2)
    assert seen == ["other"]


def test_connected_is_told_to_those_who_wait(hub):
    seen = []
    hub.subscribe("topic=ftrack.meta.connected", seen.append)
    wait_until(hub, lambda: seen)


def test_the_key_travels_in_the_headers_of_the_handshake_only(make_hub, relay):
    hub = make_hub(headers={"X-Studio": "north"}, cookies={"a": "1", "b": "2"})
    hub.connect()
    (shake_path, shake_headers), (socket_path, socket_headers) = relay.requests
    assert shake_headers["ftrack-api-key"] == "secret-key"
    assert shake_headers["X-Studio"] == socket_headers["X-Studio"] == "north"
    assert shake_headers["Cookie"] == socket_headers["Cookie"] == "a=1; b=2"
    assert "secret-key" not in shake_path + socket_path + repr(socket_headers)


def test_what_is_published_before_the_connection_is_sent_after_it(make_hub, relay):
    hub = make_hub()
    hub.init_connection()
    for number in range(5):
        hub.publish(Event("studio.early", data=number))
    assert not hub.connected
    hub.connect()
    relay.wait_for(lambda: len(relay.events("studio.early")) == 5)
    assert [event["data"] for event in relay.events("studio.early")] == [0, 1, 2, 3, 4]


def test_heartbeats_are_answered(relay, make_hub):
    relay.heartbeat_s = 0.05
    make_hub().connect()
    relay.wait_for(lambda: sum(item.code == "2" for item in relay.received) >= 3)


def test_a_subclass_looks_at_packets_and_answers_itself(relay):
    class Looking(EventHub):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.names = []

        def _handle_packet(self, code, packet_identifier, path, data):
            name = self._code_name_mapping[code]
            self.names.append(name)
            if name == "heartbeat":
                return self._send_packet(self._code_name_mapping["heartbeat"])
            return super()._handle_packet(code, packet_identifier, path, data)

    relay.heartbeat_s = 0.05
    hub = Looking(relay.url, "jane", "secret-key")
    hub.connect()
    try:
        relay.wait_for(lambda: sum(item.code == "2" for item in relay.received) >= 2)
        seen = []
        hub.subscribe("topic=a", seen.append)
        hub.publish(Event("a"))
        wait_until(hub, lambda: seen)
        assert {"connect", "heartbeat", "event", "acknowledge"} <= set(hub.names)
        assert hub._subscribers[0].metadata["id"] == hub.id
    finally:
        hub.close()
    with pytest.raises(EventHubConnectionError):
        hub._send_packet("2")


def test_a_server_without_web_sockets_is_told(make_hub):
    hub = make_hub()
    answer = hub._get_socket_io_session()
    hub._get_socket_io_session = lambda: answer._replace(supportedTransports=("xhr-polling",))
    with pytest.raises(EventHubConnectionError, match="web sockets"):
        hub.connect()
    assert not hub.connected


def test_whatever_opening_a_socket_raises_is_a_connection_error(make_hub, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("of a proxy's library")

    monkeypatch.setattr("websocket.create_connection", fail)
    with pytest.raises(EventHubConnectionError):
        make_hub().connect()


def test_a_lost_connection_is_made_again(hub, relay, caplog):
    seen = []
    hub.subscribe("topic=studio.x", seen.append, {"id": "mine"})
    relay.wait_for(lambda: relay.knows("mine"))
    first = set(relay.connections)
    with caplog.at_level(logging.WARNING):
        relay.drop_all()
        relay.wait_for(
            lambda: any(
                "mine" in subscribers
                for socket, subscribers in relay.connections.items()
                if socket not in first
            )
        )
    wait_until(hub, lambda: hub.connected)
    hub.publish(Event("studio.x"))
    wait_until(hub, lambda: seen)
    assert "connection" in caplog.text


def test_events_published_while_the_connection_is_lost_arrive(hub, relay):
    relay.handshake_answer = (503, "restarting", {})
    relay.drop_all()
    relay.wait_for(lambda: len(relay.requests) > 3)
    hub.publish(Event("studio.meanwhile"))
    assert not hub.connected
    relay.handshake_answer = None
    relay.wait_for(lambda: relay.events("studio.meanwhile"))


def test_reconnecting_ends_after_its_attempts(hub, relay):
    hub._auto_reconnect_attempts = 2
    seen = []
    hub.subscribe("topic=ftrack.meta.disconnected", seen.append)
    relay.handshake_answer = (503, "gone", {})
    relay.drop_all()
    hub.wait(30)  # Returns when the hub gives up.
    assert seen
    with pytest.raises(EventHubConnectionError):
        hub.publish(Event("studio.x"))
    relay.handshake_answer = None
    hub.connect()
    assert hub.connected


def test_a_silent_server_is_left(relay, make_hub, monkeypatch):
    monkeypatch.setattr(_connection, "SILENCE_TIMEOUT_S", 0.2)
    relay.heartbeat_s = 60
    make_hub().connect()
    relay.wait_for(lambda: len(relay.requests) >= 4)


def test_disconnecting_ends_waiting_and_the_thread(hub, relay):
    hub.subscribe("topic=studio.x", print, {"id": "mine"})
    thread = hub._thread
    timer = threading.Timer(0.2, hub.disconnect)
    timer.start()
    hub.wait()
    timer.join()
    assert not hub.connected
    thread.join(10)
    assert not thread.is_alive()
    assert hub.get_subscriber_by_identifier("mine") is None
    relay.wait_for(lambda: not relay.connections)
    topics = [event["data"]["subscriber"]["id"] for event in relay.events("ftrack.meta.unsubscribe")]
    assert "mine" in topics
    with pytest.raises(EventHubConnectionError):
        hub.disconnect()


def test_the_last_events_are_not_lost_by_disconnecting(make_hub, relay):
    for number in range(1, 6):
        hub = make_hub()
        hub.connect()
        for _ in range(50):
            hub.publish(Event("studio.last"))
        hub.close()
        relay.wait_for(lambda number=number: len(relay.events("studio.last")) == 50 * number)


def test_subscribers_can_stay(hub, relay):
    hub.subscribe("topic=studio.x", print, {"id": "mine"})
    hub.disconnect(unsubscribe=False)
    assert hub.get_subscriber_by_identifier("mine") is not None
    hub.connect()
    relay.wait_for(lambda: relay.knows("mine"))


def test_reconnecting_on_demand(hub, relay):
    seen = []
    hub.subscribe("topic=studio.x", seen.append, {"id": "mine"})
    hub.reconnect(attempts=2, delay=0.01)
    assert hub.connected
    hub.publish(Event("studio.x"))
    wait_until(hub, lambda: seen)
    relay.handshake_answer = (503, "gone", {})
    with pytest.raises(EventHubConnectionError, match="after 3 attempts"):
        hub.reconnect(attempts=3, delay=0.01)
    with pytest.raises(EventHubConnectionError):
        hub.publish(Event("studio.x"))


def test_closing_while_connecting_leaves_no_connection(make_hub, relay):
    hub = make_hub()
    open_connection = hub._open_connection

    def open_slowly():
        connection = open_connection()
        hub.close()
        return connection

    hub._open_connection = open_slowly
    with pytest.raises(EventHubConnectionError, match="closed"):
        hub.connect()
    assert not hub.connected
    relay.wait_for(lambda: not relay.connections)


def test_connecting_twice_is_refused(hub):
    with pytest.raises(EventHubConnectionError, match="Already"):
        hub.connect()


def test_unsubscribing_reaches_the_server(hub, relay):
    identifier = hub.subscribe("topic=studio.x", print)
    relay.wait_for(lambda: relay.knows(identifier))
    hub.unsubscribe(identifier)
    relay.wait_for(lambda: not relay.knows(identifier))


@pytest.mark.parametrize("arguments", [[], [{"success": False, "message": "why {not}"}], [True]])
def test_any_acknowledgement_is_borne(make_hub, relay, arguments, caplog):
    relay.acknowledgement = arguments
    hub = make_hub()
    seen = []
    with caplog.at_level(logging.WARNING):
        hub.connect()
        hub.subscribe("topic=studio.x", seen.append)
        hub.publish(Event("studio.x"))
        wait_until(hub, lambda: seen)
    assert ("why {not}" in caplog.text) == bool(arguments and arguments[0] is not True)


def test_packets_without_sense_are_passed_over(hub, relay):
    for text in (
        "hello",
        "9::",
        "5:::{",
        "6:::x",
        "6:::99+[1]",
        '5:::{"name":"other","args":[]}',
        "3:::message",
        "8",
    ):
        relay.send_all(text)
    seen = []
    hub.subscribe("topic=studio.x", seen.append)
    hub.publish(Event("studio.x"))
    wait_until(hub, lambda: seen)
    assert len(relay.connections) == 1


def test_a_server_that_asks_to_disconnect_is_dialled_again(hub, relay):
    relay.send_all("0::")
    relay.wait_for(lambda: len(relay.requests) >= 4)
    wait_until(hub, lambda: hub.connected)


REFUSALS = [
    ((401, "no", {}), "did not accept the user and API key"),
    (
        (302, "", {"Location": "https://elsewhere.example/login?token=x"}),
        "moved to https://elsewhere.example;",
    ),
    ((200, "<html>login</html>", {}), "is not an event server"),
    ((200, "id:1:2:xhr-polling", {}), "does not offer web sockets"),
    ((502, "bad gateway", {}), "status 502"),
    ((200, "unknown-id:1:2:websocket", {}), "does not take web sockets: status 404"),
]


@pytest.mark.parametrize(("answer", "message"), REFUSALS)
def test_refusals_say_what_to_do(make_hub, relay, answer, message):
    relay.handshake_answer = answer
    hub = make_hub()
    with pytest.raises(EventHubConnectionError) as caught:
        hub.connect()
    assert message in str(caught.value)
    assert "secret-key" not in str(caught.value)
    assert "unknown-id" not in str(caught.value)
    assert not hub.connected
    with pytest.raises(EventHubConnectionError):
        hub.publish(Event("studio.x"))


def test_no_server_is_told():
    relay = EventRelay()
    relay.close()
    hub = EventHub(relay.url, "jane", "secret-key")
    with pytest.raises(EventHubConnectionError, match="cannot be reached"):
        hub.connect()


def test_no_secret_is_logged(make_hub, relay, caplog):
    with caplog.at_level(logging.DEBUG):
        hub = make_hub(cookies={"session": "secret-cookie"})
        hub.connect()
        hub.publish(Event("studio.x"))
        relay.wait_for(lambda: relay.events("studio.x"))
        relay.drop_all()
        relay.wait_for(lambda: len(relay.requests) >= 4)
        hub.close()
    for secret in ("secret-key", "secret-cookie", "session-1"):
        assert secret not in "".join(
            record.getMessage() for record in caplog.records if record.name.startswith("ftrack_review")
        )


def test_many_threads_may_publish(hub, relay):
    def publish():
        for _ in range(50):
            hub.publish(Event("studio.busy"))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    relay.wait_for(lambda: len(relay.events("studio.busy")) == 200)


def test_a_program_ends_while_it_is_connected(relay):
    program = f"""
from ftrack_review.event.hub import EventHub
hub = EventHub({relay.url!r}, "jane", "secret-key")
hub.connect()
print("connected", flush=True)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=30, capture_output=True, text=True
    )
    assert result.stdout == "connected\n"
    assert result.stderr == ""


def test_a_forgotten_hub_is_not_kept_alive(relay):
    import gc
    import weakref

    relay.heartbeat_s = 0.1
    hub = EventHub(relay.url, "jane", "secret-key")
    hub.connect()
    thread, gone = hub._thread, weakref.ref(hub)
    del hub
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
    assert gone() is None
