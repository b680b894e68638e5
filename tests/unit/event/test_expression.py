"""The expressions that subscriptions and targets are written in."""

import subprocess
import sys
import uuid

import pytest

from ftrack_review.event.base import Event
from ftrack_review.event.expression import MAXIMUM_DEPTH, All, Any, Condition, Not, Parser
from ftrack_review.event.subscriber import Subscriber
from ftrack_review.event.subscription import Subscription
from ftrack_review.exception import ParseError

EVENT = Event(
    "ftrack.update",
    data={"n": 5, "text": "5", "none": None, "list": [1], "flag": True, "rate": 2.5, "a-b": "x"},
    source={"user": {"username": "jane", "id": "u1"}, "applicationId": "ftrack.api"},
)

MATCHES = {
    "topic=ftrack.update": True,
    " topic = ftrack.update ": True,
    'topic="ftrack.update"': True,
    "topic='ftrack.update'": True,
    "topic=FTRACK.UPDATE": False,
    "topic=other": False,
    "topic!=other": True,
    "topic=*": True,
    "topic=ftrack.*": True,
    'topic="ftrack.*"': True,
    "topic=update*": False,
    "topic=f*e": False,
    "topic!=ftrack.*": True,
    "source.user.username=jane": True,
    "source.user.username=j*": True,
    "source.user.email=jane": False,
    "source.user=jane": False,
    "source.user.username.first=jane": False,
    "missing=1": False,
    "missing!=1": False,
    "not missing=1": True,
    "data.n=5": True,
    "data.n=5.0": True,
    "data.n=x": False,
    "data.n!=4": True,
    "data.n>4": True,
    "data.n>10": False,
    "data.n>=5": True,
    "data.n<=4": False,
    "data.n<6": True,
    "data.n=*": True,
    "data.rate<3": True,
    "data.text>4": True,
    "data.text>x": False,
    "data.flag=True": True,
    "data.flag=true": True,
    "data.flag!=false": True,
    "data.none=None": False,
    "data.none!=x": True,
    "data.list=1": False,
    "data.a-b=x": True,
    'target=""': True,
    "topic=ftrack.update and data.n=5": True,
    "topic=ftrack.update AND data.n=6": False,
    "topic=x or data.n=5": True,
    "topic=x OR data.n=6": False,
    "topic=x and data.n=5 or data.n=5": True,
    "data.n=5 or topic=x and topic=y": True,
    "(data.n=5 or topic=x) and topic=y": False,
    "not topic=x": True,
    "not not topic=x": False,
    "not (topic=x or data.n=6)": True,
    "Not(topic=x)and(data.n=5)": True,
    '((topic="ftrack.update"))': True,
    "topic=ftrack.update\n and\tdata.n=5": True,
}


@pytest.mark.parametrize("text", MATCHES)
def test_matches(text):
    assert Subscription(text).includes(EVENT) is MATCHES[text]
    # Without the short way for rows of conditions, the answer is the same.
    assert Parser().parse(f"({text})").match(EVENT) is MATCHES[text]


FAULTS = {
    "": 0,
    "  ": 2,
    "topic": 0,
    "topic=": 0,
    "topic=a b": 8,
    "topic=a and": 8,
    "(topic=a": 8,
    "topic=a)": 7,
    "topic==a": 0,
    'topic="a': 0,
    "and topic=a": 0,
    "topic=a {x}": 8,
    "topic=a andb=c": 8,
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_place(text):
    with pytest.raises(ParseError) as caught:
        Subscription(text)
    assert f"character {FAULTS[text]}:" in str(caught.value)


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", "")])
def test_deep_nesting_is_refused(opening, closing):
    def nested(depth):
        return opening * depth + "topic=a" + closing * depth

    Parser().parse(nested(MAXIMUM_DEPTH))
    for depth in (MAXIMUM_DEPTH + 1, 20_000):
        with pytest.raises(ParseError, match="nests deeper"):
            Parser().parse(nested(depth))


def test_expressions_can_be_built():
    import operator

    first, second = Condition("a", operator.eq, "1"), Condition("b.c", operator.gt, "2")
    assert All([first, second]).match({"a": "1", "b": {"c": 3}})
    assert not All([first, second]).match({"a": "1", "b": {"c": 1}})
    assert Any([first, second]).match({"b": {"c": 3}})
    assert Not(first).match({"a": "2"})
    assert All().match({})
    assert not Any().match({})
    assert repr(Not(All([first, second]))) == "<Not <All [<Condition a=1> <Condition b.c>2>]>>"


def test_the_only_topic_is_known():
    for text, topic in {
        "topic=a": "a",
        "data.x=1 and topic=a": "a",
        "topic=a*": None,
        "topic!=a": None,
        "not topic=a": None,
        "topic=a or topic=b": None,
        "(topic=a or topic=b) and data.x=1": None,
        "(topic=a and data.y=2) and data.x=1": "a",
    }.items():
        assert Subscription(text).topic == topic, text


def test_rows_of_conditions_need_no_pyparsing():
    program = """
import sys
from ftrack_review.event.subscription import Subscription
Subscription("topic=ftrack.update")
Subscription("topic=ftrack.action.launch and data.actionIdentifier=x and source.user.username='y z'")
assert "pyparsing" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class TestEvent:
    def test_it_is_a_mapping_with_seven_keys(self):
        event = Event("a", id="1", data={"x": 1}, target="id=2", in_reply_to_event="0")
        assert dict(event) == {
            "id": "1",
            "data": {"x": 1},
            "topic": "a",
            "sent": None,
            "source": {},
            "target": "id=2",
            "in_reply_to_event": "0",
        }
        event["data"] = 3
        assert event["data"] == 3
        del event["sent"]
        assert len(event) == 6
        assert repr(event).startswith("<Event {'id': '1'")

    def test_ids_are_made_up(self):
        ids = {Event("a")["id"] for _ in range(1_000)}
        assert len(ids) == 1_000
        for made_up in ids:
            parsed = uuid.UUID(made_up)
            assert parsed.hex == made_up
            assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)

    def test_a_copy_of_the_process_makes_up_others(self):
        program = (
            "import os\n"
            "from ftrack_review.event.base import Event\n"
            "Event('first')\n"
            "child = os.fork()\n"
            "os.write(1, (Event('a')['id'] + '\\n').encode())\n"
            "if not child: os._exit(0)\n"
            "os.waitpid(child, 0)\n"
        )
        output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
        assert len(set(output.stdout.split())) == 2

    def test_it_can_be_stopped(self):
        event = Event("a")
        assert not event.is_stopped()
        event.stop()
        assert event.is_stopped()


def test_a_subscriber_knows_what_it_wants():
    subscriber = Subscriber("topic=a", print, {"id": "1"}, 5)
    assert subscriber.interested_in(Event("a", target="id=2"))
    assert not subscriber.interested_in(Event("b"))
    assert repr(subscriber) == "<Subscriber metadata={'id': '1'} subscription=\"topic=a\">"
    with pytest.raises(ParseError):
        Subscriber("nonsense", print, {"id": "1"}, 5)
