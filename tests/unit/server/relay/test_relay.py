"""Who receives which event, and what clients are told."""

import json
import threading

import pytest

from ftrack_review.exception import EventHubPacketError
from ftrack_review.server import relay as relay_module

KEYS = {"id", "topic", "data", "sent", "source", "target", "inReplyToEvent"}


class TestDelivery:
    def test_an_event_goes_to_who_subscribes_to_its_topic(self, connect):
        jane, john = connect("jane"), connect("john")
        jane.subscribe("topic=studio.hello")
        john.subscribe("topic=studio.other")
        assert connect("ada").send(topic="studio.hello", data={"text": "grüße"}) == {"success": True}
        assert [event["data"] for event in jane.events] == [{"text": "grüße"}]
        assert john.events == []

    def test_it_comes_back_to_its_sender(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello")
        jane.send(topic="studio.hello")
        assert len(jane.events) == 1

    def test_once_for_a_connection_with_several_subscribers(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello", id="a")
        jane.subscribe("topic=studio.*", id="b")
        jane.subscribe("topic=studio.hello and data.x=1", id="c")
        jane.send(topic="studio.hello", data={"x": 1})
        assert len(jane.events) == 1

    def test_once_for_each_connection_of_a_user(self, connect):
        first, second = connect(), connect()
        first.subscribe("topic=studio.hello")
        second.subscribe("topic=studio.hello")
        connect().send(topic="studio.hello")
        assert (len(first.events), len(second.events)) == (1, 1)

    def test_with_exactly_the_seven_keys(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello")
        jane.send(topic="studio.hello", colour="red")
        jane.send(
            id="e1",
            topic="studio.hello",
            sent="2024-01-01",
            target="",
            data=[1, None],
            source={"id": "h", "applicationId": "maya"},
            inReplyToEvent="e0",
        )
        first, second = jane.events
        assert set(first) == set(second) == KEYS
        assert (first["target"], first["inReplyToEvent"], first["sent"], first["data"]) == (
            "",
            None,
            None,
            {},
        )
        assert len(first["id"]) == 32
        assert second["id"] == "e1"
        assert (second["sent"], second["data"], second["inReplyToEvent"]) == ("2024-01-01", [1, None], "e0")

    def test_packets_with_events_carry_no_number_and_text_as_it_is(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello")
        jane.send(topic="studio.hello", data={"text": "grüße: a:b"})
        (text,) = [text for text in jane.packets if text.startswith("5")]
        assert text.startswith('5:::{"name":"ftrack.event","args":[{')
        assert "grüße: a:b" in text

    @pytest.mark.parametrize(
        ("subscription", "is_received"),
        [
            ("topic=studio.hello", True),
            ('TOPIC="studio.hello"', False),
            ('topic="studio.hello" AND data.size>9', True),
            ("topic=studio.*", True),
            ("topic=stud*", True),
            ("topic=studio", False),
            ("topic=studio.hello and data.user.name=ada", True),
            ("topic=studio.hello and data.user.missing=ada", False),
            ("topic=studio.hello and not data.user.missing=ada", True),
            ("(topic=x or topic=studio.hello) and source.user.username=ada", True),
            ("source.user.id=u2 and source.applicationId=maya", True),
            ("source.user.username=jane", False),
            ("target=x", False),
        ],
    )
    def test_subscriptions_are_evaluated_by_the_server(self, connect, subscription, is_received):
        jane, ada = connect(), connect("ada", "u2")
        assert jane.subscribe(subscription) == {"success": True}
        data = {"size": 10, "user": {"name": "ada"}}
        ada.send(topic="studio.hello", data=data, source={"applicationId": "maya"})
        assert any(event["topic"] == "studio.hello" for event in jane.events) is is_received

    def test_everybody_sees_events_in_the_same_order(self, connect):
        readers = [connect(), connect()]
        for reader in readers:
            reader.subscribe("topic=studio.*")
        writers = [connect(), connect(), connect()]

        def write(name):
            for number in range(200):
                writers[name].send(topic="studio.count", data=[name, number])

        threads = [threading.Thread(target=write, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        first, second = ([event["data"] for event in reader.events] for reader in readers)
        assert first == second
        assert len(first) == 600
        assert [number for name, number in first if name == 0] == list(range(200))


class TestTargets:
    def test_are_matched_with_what_subscribers_tell_of_themselves(self, connect):
        jane, john = connect(), connect()
        jane.subscribe("topic=studio.hello", id="a", applicationId="web")
        john.subscribe("topic=studio.hello", id="b")
        connect().send(topic="studio.hello", target="applicationId=web and id=a")
        assert (len(jane.events), len(john.events)) == (1, 0)

    def test_and_subscription_must_be_met_by_the_same_subscriber(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello", id="a")
        jane.subscribe("topic=studio.other", id="b")
        jane.send(topic="studio.hello", target="id=b")
        assert jane.events == []

    def test_a_reply_reaches_the_one_who_asked(self, connect):
        asking, answering, other = connect(), connect(), connect()
        for client, name in ((asking, "hub1"), (answering, "hub2"), (other, "hub3")):
            client.subscribe("topic=ftrack.meta.reply", id=name)
        answering.subscribe("topic=studio.ask", id="handler")
        asking.send(id="e1", topic="studio.ask", source={"id": "hub1"})
        (question,) = answering.events
        answering.send(
            topic="ftrack.meta.reply",
            data={"answer": 42},
            target=f"id={question['source']['id']}",
            inReplyToEvent=question["id"],
        )
        (reply,) = asking.events
        assert (reply["data"], reply["inReplyToEvent"]) == ({"answer": 42}, "e1")
        assert other.events == []
        assert len(answering.events) == 1

    @pytest.mark.parametrize("target", ["id", "id=", "((id=a)", 5, {"id": "a"}, "a=b and " * 2000 + "a=b"])
    def test_that_make_no_sense_are_told(self, connect, target):
        answer = connect().send(topic="studio.hello", target=target)
        assert answer["success"] is False
        assert answer["message"]


class TestSource:
    def test_the_user_is_who_the_server_knows(self, connect):
        jane, ada = connect(), connect("ada", "u2")
        jane.subscribe("topic=studio.hello")
        ada.send(
            topic="studio.hello", source={"id": "h", "host": "pc", "user": {"username": "jane", "id": "u1"}}
        )
        ada.send(topic="studio.hello")
        ada.send(topic="studio.hello", source={"user": "jane"})
        first, *others = [event["source"] for event in jane.events]
        assert first == {"id": "h", "host": "pc", "user": {"username": "ada", "id": "u2"}}
        assert others == [{"user": {"username": "ada", "id": "u2"}}] * 2

    def test_other_keys_of_the_user_pass_through(self, connect):
        jane = connect()
        jane.subscribe("topic=studio.hello")
        jane.send(topic="studio.hello", source={"user": {"role": "lead"}})
        assert jane.events[0]["source"]["user"] == {"role": "lead", "id": "u1", "username": "jane"}


class TestSubscribing:
    def test_again_with_the_same_id_replaces(self, connect):
        jane = connect()
        assert jane.subscribe("topic=studio.a") == {"success": True}
        assert jane.subscribe("topic=studio.b") == {"success": True}
        jane.send(topic="studio.a")
        assert jane.events == []
        jane.send(topic="studio.b")
        assert len(jane.events) == 1

    def test_the_same_id_on_another_connection_is_another_subscriber(self, connect):
        jane, john = connect(), connect()
        jane.subscribe("topic=studio.a", id="same")
        assert john.subscribe("topic=studio.a", id="same") == {"success": True}
        john.unsubscribe("same")
        connect().send(topic="studio.a")
        assert (len(jane.events), len(john.events)) == (1, 0)

    def test_unsubscribing_ends_it(self, connect, relay):
        jane = connect()
        jane.subscribe("topic=studio.a")
        assert relay.wants("studio.a")
        assert jane.unsubscribe("subscriber") == {"success": True}
        assert not relay.wants("studio.a")
        jane.send(topic="studio.a")
        assert jane.events == []

    def test_unsubscribing_an_unknown_id_is_fine(self, connect):
        assert connect().unsubscribe("nobody") == {"success": True}

    def test_disconnecting_drops_the_subscribers(self, connect, relay):
        jane = connect()
        jane.subscribe("topic=studio.a")
        relay.disconnect(jane.peer)
        relay.disconnect(jane.peer)
        connect().send(topic="studio.a")
        assert jane.events == []
        assert not relay.wants("studio.a")

    def test_after_disconnecting_has_no_effect(self, connect, relay):
        jane = connect()
        relay.disconnect(jane.peer)
        jane.subscribe("topic=studio.a")
        assert not relay.wants("studio.a")

    def test_is_itself_an_event_for_who_wants_it(self, connect):
        watcher = connect()
        watcher.subscribe("topic=ftrack.meta.subscribe", id="watcher")
        connect().subscribe("topic=studio.a", id="a")
        assert [event["data"]["subscriber"]["id"] for event in watcher.events] == ["watcher", "a"]

    @pytest.mark.parametrize(
        "data",
        [
            None,
            "topic=x",
            {},
            {"subscriber": {}, "subscription": "topic=x"},
            {"subscriber": {"id": ["x"]}, "subscription": "topic=x"},
            {"subscriber": "x", "subscription": "topic=x"},
            {"subscriber": {"id": "x"}},
            {"subscriber": {"id": "x"}, "subscription": 5},
            {"subscriber": {"id": "x"}, "subscription": "topic"},
            {"subscriber": {"id": "x"}, "subscription": "{topic} and"},
            {"subscriber": {"id": "x"}, "subscription": "(" * 5000 + "a=b" + ")" * 5000},
            {"subscriber": {"id": "x"}, "subscription": "(" * 200 + "a=b" + ")" * 200},
        ],
    )
    def test_that_makes_no_sense_is_told(self, connect, relay, data):
        jane = connect()
        answer = jane.send(topic="ftrack.meta.subscribe", data=data)
        assert answer["success"] is False
        assert answer["message"]
        assert not {"{", "}"} & set(answer["message"])
        assert not relay.wants("x")

    def test_has_a_limit_for_each_connection(self, connect, monkeypatch):
        monkeypatch.setattr(relay_module, "MAXIMUM_SUBSCRIBERS", 3)
        jane = connect()
        answers = [jane.subscribe("topic=studio.a", id=name)["success"] for name in "abcda"]
        # The last replaces one.
        assert answers == [True, True, True, False, True]


class TestPackets:
    @pytest.mark.parametrize(
        "text", ["2::", "2:::", "2", "1::", "3:::hello", "4:::{}", "6:::1", "7:::no", "8::"]
    )
    def test_that_ask_for_nothing_get_nothing(self, connect, text):
        jane = connect()
        jane.send_text(text)
        assert jane.packets == []

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ":",
            "2:",
            "nonsense",
            "55:1+::{}",
            "5",
            "5:::",
            "5:::{",
            "5:1+:",
            "5:x+::{}",
            "5:1+[]::{}",
            '5:::{"name":"ftrack.event"}',
            '5:::{"name":"ftrack.event","args":[]}',
            '5:::{"name":"ftrack.event","args":[5]}',
            '5:::{"name":"ftrack.event","args":[{}]}',
            "5:::[]",
            "5:::null",
            "\x00",
            "😀",
        ],
    )
    def test_that_are_malformed_hurt_nobody(self, connect, text):
        jane = connect()
        jane.subscribe("topic=studio.a")
        jane.send_text(text)
        assert jane.send(topic="studio.a") == {"success": True}
        assert len(jane.events) == 1

    @pytest.mark.parametrize(
        "data",
        [
            "{",
            '{"name":"other","args":[{"topic":"x"}]}',
            '{"name":"ftrack.event","args":[{"topic":5}]}',
            '{"name":"ftrack.event","args":[{"topic":"x","source":5}]}',
            '{"name":"ftrack.event","args":[{"topic":"x","data":NaN}]}',
            '{"name":"ftrack.event","args":[{"topic":"x","data":1e999}]}',
            '{"name":"ftrack.event","args":[{"topic":"x","data":"\\ud800"}]}',
            '{"name":"ftrack.event","args":[{"topic":"x","data":' + "[" * 100_000 + "]" * 100_000 + "}]}",
        ],
    )
    def test_with_events_that_cannot_be_delivered_are_answered(self, connect, data):
        jane = connect()
        jane.subscribe("topic=x")
        answer = jane.send_text(f"5:7+::{data}")
        assert answer["success"] is False
        assert answer["message"]
        assert not {"{", "}"} & set(answer["message"])
        assert jane.events == []

    def test_words_that_look_like_numbers_that_are_none_are_text(self, connect):
        jane = connect()
        jane.subscribe("topic=x")
        assert jane.send(topic="x", data={"text": "NaN and Infinity"}) == {"success": True}
        assert jane.events[0]["data"] == {"text": "NaN and Infinity"}

    def test_an_acknowledgement_has_one_dictionary_and_the_number(self, connect):
        jane = connect()
        jane.send_text('5:41+::{"name":"ftrack.event","args":[{"topic":"x"}]}')
        jane.send_text('5:42::{"name":"ftrack.event","args":[{"topic":"x"}]}')
        assert jane.packets == ['6:::41+[{"success":true}]', '6:::42+[{"success":true}]']

    def test_without_a_number_there_is_none(self, connect):
        jane = connect()
        jane.send_text('5:::{"name":"ftrack.event","args":[{"topic":"x"}]}')
        assert jane.packets == []

    def test_a_client_may_say_goodbye(self, connect, relay):
        assert relay.receive(connect().peer, "0::") is False


class TestEventsOfTheServer:
    EVENT = {"id": "e", "topic": "ftrack.update", "data": {}, "source": {}, "target": "", "sent": None}

    def test_reach_who_wants_them(self, connect, relay):
        jane = connect()
        jane.subscribe("topic=ftrack.update")
        connect().subscribe("topic=other")
        assert relay.publish(self.EVENT) == 1
        assert set(jane.events[0]) == KEYS

    def test_are_wanted_where_somebody_may_want_them(self, connect, relay):
        assert not relay.wants("ftrack.update")
        jane = connect()
        jane.subscribe("topic=other")
        assert not relay.wants("ftrack.update")
        jane.subscribe("topic=ftrack.*")
        assert relay.wants("ftrack.update")

    def test_must_be_json(self, relay):
        with pytest.raises(EventHubPacketError):
            relay.publish({**self.EVENT, "data": float("nan")})


def test_the_number_of_connections_is_known(connect, relay):
    jane = connect()
    connect()
    assert relay.connected == 2
    relay.disconnect(jane.peer)
    assert relay.connected == 1


def test_json_on_the_wire_can_be_read_by_others(connect):
    jane = connect()
    jane.subscribe("topic=x")
    jane.send(topic="x", data={"a": '\u2028 \\ " \x01'})
    (text,) = [text for text in jane.packets if text.startswith("5")]
    assert json.loads(text[4:])["args"][0]["data"] == {"a": '\u2028 \\ " \x01'}
