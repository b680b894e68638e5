"""The event hub without a server: synchronous events, and what refuses to work."""

import copy
import logging
import pickle

import pytest

from ftrack_review.event.base import Event
from ftrack_review.event.hub import EventHub
from ftrack_review.event.subscription import Subscription
from ftrack_review.exception import (
    EventHubConnectionError,
    EventHubError,
    NotFoundError,
    NotUniqueError,
    ParseError,
)


@pytest.fixture
def hub():
    return EventHub("https://studio.example", "jane", "secret-key")


def test_results_come_in_the_order_of_priority(hub):
    hub.subscribe("topic=a", lambda event: "late", priority=200)
    hub.subscribe("topic=a", lambda event: "early", priority=1)
    hub.subscribe("topic=a", lambda event: "first")
    hub.subscribe("topic=a", lambda event: None)
    hub.subscribe("topic=b", lambda event: "other")
    hub.subscribe("not topic=b", lambda event: "second")
    assert hub.publish(Event("a"), synchronous=True) == ["early", "first", None, "second", "late"]
    assert hub.publish(Event("c"), synchronous=True) == ["second"]


def test_a_stopped_event_goes_no_further(hub):
    def stop(event):
        event.stop()
        return "stopped"

    hub.subscribe("topic=a", lambda event: "before", priority=1)
    hub.subscribe("topic=a", stop, priority=2)
    hub.subscribe("topic=a", lambda event: pytest.fail("called"), priority=3)
    assert hub.publish(Event("a"), synchronous=True) == ["before", "stopped"]


def test_a_fault_of_one_keeps_nobody_from_the_event(hub, caplog):
    hub.subscribe("topic=a", lambda event: 1 / 0, {"id": "broken"}, priority=1)
    hub.subscribe("topic=a", lambda event: "fine")
    with caplog.at_level(logging.ERROR):
        assert hub.publish(Event("a"), synchronous=True) == ["fine"]
    assert "broken" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_target_chooses_by_metadata(hub):
    hub.subscribe("topic=a", lambda event: 1, {"id": "one", "application": {"name": "x"}})
    hub.subscribe("topic=a", lambda event: 2, {"id": "two"})
    assert hub.publish(Event("a", target="id=two"), synchronous=True) == [2]
    assert hub.publish(Event("a", target="application.name=x"), synchronous=True) == [1]
    assert hub.publish(Event("a", target="id=nobody"), synchronous=True) == []
    assert hub.publish(Event("a", target="no sense"), synchronous=True) == []


def test_the_sender_is_told(hub):
    event = Event("a", source={"id": "me", "extra": 1})
    hub.publish(event, synchronous=True)
    assert event["source"]["id"] == "me"
    assert event["source"]["extra"] == 1
    assert event["source"]["user"] == {"username": "jane"}
    assert event["source"]["host"]
    plain = Event("a")
    hub.publish(plain, synchronous=True)
    assert plain["source"]["id"] == hub.id


def test_subscribers_are_found_and_removed(hub):
    identifier = hub.subscribe("topic=a", print, {"id": "x", "name": "y"})
    assert identifier == "x"
    subscriber = hub.get_subscriber_by_identifier("x")
    assert subscriber.metadata == {"id": "x", "name": "y"}
    assert subscriber.priority == 100
    assert str(subscriber.subscription) == "topic=a"
    with pytest.raises(NotUniqueError):
        hub.subscribe("topic=b", print, {"id": "x"})
    hub.unsubscribe("x")
    assert hub.get_subscriber_by_identifier("x") is None
    with pytest.raises(NotFoundError):
        hub.unsubscribe("x")
    assert hub.publish(Event("a"), synchronous=True) == []


def test_subscribing_during_an_event_takes_effect_with_the_next(hub):
    def add(event):
        hub.subscribe("topic=a", lambda event: "new")
        hub.unsubscribe("once")

    hub.subscribe("topic=a", add, {"id": "once"})
    assert hub.publish(Event("a"), synchronous=True) == [None]
    assert hub.publish(Event("a"), synchronous=True) == ["new"]


def test_a_subscription_for_a_while(hub):
    with hub.subscription("topic=a", lambda event: 1, subscriber={"id": "x"}) as identifier:
        assert identifier == "x"
        assert hub.publish(Event("a"), synchronous=True) == [1]
    assert hub.publish(Event("a"), synchronous=True) == []
    with pytest.raises(RuntimeError), hub.subscription("topic=a", print, {"id": "x"}):
        raise RuntimeError
    assert hub.get_subscriber_by_identifier("x") is None


def test_the_caller_keeps_his_metadata(hub):
    metadata = {"name": "x"}
    hub.subscribe("topic=a", print, metadata)
    assert metadata == {"name": "x"}


def test_nonsense_is_refused(hub):
    with pytest.raises(ParseError):
        hub.subscribe("no sense", print, {"id": "x"})
    assert hub.get_subscriber_by_identifier("x") is None


def test_without_connection_only_synchronous_events_work(hub):
    assert not hub.connected
    with pytest.raises(EventHubConnectionError):
        hub.publish(Event("a"))
    assert hub.publish(Event("a"), on_error="ignore") is None
    with pytest.raises(EventHubConnectionError):
        hub.wait(1)
    with pytest.raises(EventHubConnectionError):
        hub.disconnect()
    hub.close()
    hub.close()


def test_while_a_connection_is_made_events_wait(hub):
    hub.init_connection()
    assert hub.publish(Event("a")) is None
    hub.wait(0.01)
    with pytest.raises(TypeError):
        hub.publish(Event("a", data={"x": object()}))


def test_an_event_from_nobody_cannot_be_answered(hub):
    hub.init_connection()
    with pytest.raises(EventHubError, match="who sent it"):
        hub.publish_reply(Event("a"), {"x": 1})
    hub.publish_reply(Event("a", source={"id": "x"}), {"x": 1}, {"id": "y"})


@pytest.mark.parametrize(
    ("url", "server_url", "location", "secure"),
    [
        ("https://studio.example", "https://studio.example", "studio.example", True),
        ("https://studio.example:8443/path", "https://studio.example:8443", "studio.example:8443", True),
        ("http://localhost:8090/", "http://localhost:8090", "localhost:8090", False),
        ("http://[::1]:8090", "http://[::1]:8090", "[::1]:8090", False),
    ],
)
def test_addresses(url, server_url, location, secure):
    hub = EventHub(url, "u", "k")
    assert hub.get_server_url() == server_url
    assert hub.get_network_location() == location
    assert hub.secure is secure
    assert hub.server.scheme == url.partition(":")[0]


@pytest.mark.parametrize("url", ["", "studio.example", "https://", "/path"])
def test_bad_addresses_are_refused(url):
    with pytest.raises(ValueError, match="server address"):
        EventHub(url, "u", "k")


def test_the_key_is_not_shown(hub):
    assert "secret-key" not in repr(hub)


def test_finding_subscribers_does_not_ask_those_of_other_topics(hub):
    """10,000 events through 20 subscribers beside 1,000 others are 200,000 calls and not 10,000,000."""
    asked = []

    for number in range(1_000):
        identifier = hub.subscribe(f"topic=other.{number} and data.x=1", print)
        subscription = hub.get_subscriber_by_identifier(identifier).subscription
        subscription._expression = Counting(asked)
    calls = []
    for _ in range(20):
        hub.subscribe("topic=a", calls.append)
    for _ in range(100):
        hub.publish(Event("a"), synchronous=True)
    assert len(calls) == 2_000
    assert asked == []


class Counting:
    def __init__(self, asked):
        self.asked = asked

    def match(self, event):
        self.asked.append(event)
        return False


def test_a_topic_that_changes_on_the_way_counts_for_those_who_come_later(hub):
    seen = []

    def rename(event):
        event["topic"] = "other"
        seen.append("renamed")

    hub.subscribe("topic=first and data.n=1", rename, priority=1)
    hub.subscribe("topic=first and data.n=1", lambda event: seen.append("first"), priority=2)
    hub.subscribe("data.n=1", lambda event: seen.append("any"), priority=3)
    hub.publish(Event("first", data={"n": 1}), synchronous=True)
    assert seen == ["renamed", "any"]


@pytest.mark.parametrize(
    ("subscription", "is_wanted"),
    [
        ("topic=a", True),
        ("topic=a and topic=a", True),
        ("topic=a and topic=b", False),
        ("topic=a and topic=*", True),
        ("topic=a and topic!=a", False),
        ("topic=a and (topic=b or data.n=1)", True),
        ("(topic=b and data.n=1) or topic=a", True),
        ("not topic=b and data.n=1", True),
        ("not topic=a", False),
        ("topic=a and data.n=1 and data.m=2", True),
        ("topic=a and data.n=1 and data.m=3", False),
    ],
)
def test_conditions_on_the_topic_and_others(hub, subscription, is_wanted):
    hub.subscribe(subscription, lambda event: True)
    event = Event("a", data={"n": 1, "m": 2})
    assert hub.publish(event, synchronous=True) == ([True] if is_wanted else [])
    assert Subscription(subscription).includes(event) is is_wanted


def test_values_of_events_are_written_with_the_names_of_the_wire(hub):
    event = Event("a", id="1", in_reply_to_event="0")
    text = hub._encode({"name": "ftrack.event", "args": [event]})
    assert '"inReplyToEvent": "0"' in text
    assert "in_reply_to_event" not in text
    assert hub._decode(text)["args"] == [dict(event)]
    with pytest.raises(TypeError):
        hub._encode({"x": object()})


def test_what_an_event_makes_late_is_there_for_everyone(hub):
    """The id and source of a local event are made when they are looked at, also by a subscription."""
    seen = []
    hub.subscribe("topic=a and source.user.username=jane", lambda event: seen.append(event["id"]))
    hub.subscribe("topic=a and not source.user.username=joe", lambda event: seen.append(event["id"]))
    hub.subscribe("topic=a and (id=nothing or source.id=nothing)", lambda event: pytest.fail("called"))
    event = Event("a")
    hub.publish(event, synchronous=True)
    assert seen == [event["id"]] * 2
    hub.subscribe(f"topic=a and id={event['id']}", lambda event: "by id")
    assert hub.publish(Event("a", id=event["id"]), synchronous=True) == [None, None, "by id"]


@pytest.mark.parametrize(
    "make_copy", [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))]
)
def test_a_copy_of_an_event_has_its_id_and_source(hub, make_copy):
    event = Event("a")
    hub.publish(event, synchronous=True)
    duplicate = make_copy(event)
    assert duplicate == event
    assert duplicate["source"]["user"] == {"username": "jane"}
    assert repr(duplicate) == repr(event)
    assert list(event) == ["id", "data", "topic", "sent", "source", "target", "in_reply_to_event"]


def test_events_share_no_source(hub):
    one, other = Event("a"), Event("a")
    hub.publish(one, synchronous=True)
    hub.publish(other, synchronous=True)
    one["source"]["user"]["username"] = "joe"
    assert other["source"]["user"] == {"username": "jane"}


def test_an_event_of_another_class_gets_a_plain_source(hub):
    class Recorded(Event):
        def __setitem__(self, key, value):
            super().__setitem__(key, {"recorded": value})

    event = Recorded("a")
    hub.publish(event, synchronous=True)
    assert event["source"]["recorded"]["id"] == hub.id
