"""Values as they travel."""

import datetime as dt
import json
import subprocess
import sys

import arrow
import pytest

from ftrack_review.exception import Error, TimeError
from ftrack_review.protocol import wire

TIMES = {
    "2022-10-10T10:12:09": "2022-10-10T10:12:09",
    "2022-10-10 10:12:09": "2022-10-10T10:12:09",
    "2022-10-10T10:12": "2022-10-10T10:12:00",
    "2022-10-10T10": "2022-10-10T10:00:00",
    "2022-10-10": "2022-10-10T00:00:00",
    " 2022-10-10 ": "2022-10-10T00:00:00",
    "2022-10-10T10:12:09Z": "2022-10-10T10:12:09",
    "2022-10-10T10:12:09.999Z": "2022-10-10T10:12:09",
    "2022-10-10T10:12:09.123456+02:00": "2022-10-10T08:12:09",
    "2022-10-10T10:12:09.1234567891": "2022-10-10T10:12:09",
    "2022-10-10T10:12:09-0330": "2022-10-10T13:42:09",
    "2022-10-10T10:12:09+01": "2022-10-10T09:12:09",
    "2022-12-31T23:30:00-01:00": "2023-01-01T00:30:00",
    "20221010T101209Z": "2022-10-10T10:12:09",
    "2024-02-29": "2024-02-29T00:00:00",
}


@pytest.mark.parametrize("text", TIMES)
def test_every_form_of_time_is_read(text):
    assert wire.parse_time(text) == TIMES[text]
    decoded = wire.decode_time(text)
    assert isinstance(decoded, arrow.Arrow)
    assert decoded.utcoffset() == dt.timedelta(0)
    assert decoded.floor("second").isoformat() == TIMES[text] + "+00:00"


def test_fractions_are_kept_by_the_client():
    assert wire.decode_time("2022-10-10T10:12:09.5Z").microsecond == 500_000


@pytest.mark.parametrize(
    "text",
    ["", "x", "10:12", "2022", "2022-13-01", "2023-02-29", "2022-02-30T00:00:00", "2022-10-10T25:00:00", "2022-10-10T10:12:09+",
     "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-01:00", "٢٠٢٢-10-10", "2022-10-10T10:12:09 and more", "{x}"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text):
    for read in (wire.parse_time, wire.decode_time):
        with pytest.raises(TimeError) as caught:
            read(text)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, Error)
        assert text in str(caught.value)


def test_times_are_sent_as_they_are():
    zone = dt.timezone(dt.timedelta(hours=2))
    moment = dt.datetime(2024, 2, 29, 12, 0, 0, 5, tzinfo=zone)
    expected = {"__type__": "datetime", "value": "2024-02-29T12:00:00.000005+02:00"}
    assert wire.encode_time(moment) == wire.encode_time(arrow.get(moment)) == expected
    assert wire.encode_time(dt.date(2024, 2, 29)) == {"__type__": "datetime", "value": "2024-02-29"}
    assert wire.format_time(moment) == "2024-02-29T10:00:00"


def test_a_batch_as_text():
    class Reference:
        pass

    data = {"b": (1, 2.5), "a": Reference(), "t": dt.date(2024, 2, 29), "s": {"x"}, "n": None}

    def encode(value):
        return wire.reference("Task", {"id": "1"}) if isinstance(value, Reference) else list(value)

    text = wire.dumps([data], encode)
    assert text == (
        '[{"a":{"__entity_type__":"Task","id":"1"},"b":[1,2.5],"n":null,"s":["x"],'
        '"t":{"__type__":"datetime","value":"2024-02-29"}}]'
    )
    assert wire.encode_value([data], encode) == json.loads(text)


def test_containers_of_other_kinds_are_encoded():
    import collections.abc

    class Names(collections.abc.Mapping):
        def __getitem__(self, key):
            return {"a": 1}[key]

        def __iter__(self):
            return iter(["a"])

        def __len__(self):
            return 1

    assert wire.loads(wire.dumps([Names(), frozenset(["x"]), (n for n in (1, 2))])) == [
        {"a": 1},
        ["x"],
        [1, 2],
    ]


@pytest.mark.parametrize("value", [object(), b"bytes", float("nan"), float("inf")])
def test_what_json_does_not_have_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        wire.dumps({"a": value})


def test_decoding_goes_deep_and_leaves_the_rest():
    value = {
        "a": [{"__type__": "datetime", "value": "2024-02-29T00:00:00"}],
        "b": {"__type__": "other", "value": 1},
    }
    assert wire.decode_value(value) == {
        "a": [arrow.get("2024-02-29")],
        "b": {"__type__": "other", "value": 1},
    }
    assert wire.decode_value({"__type__": "date", "value": "2024-02-29"}) == arrow.get("2024-02-29")


def test_references_are_known():
    assert wire.is_reference({"__entity_type__": "Task", "id": "1"})
    assert not wire.is_reference({"id": "1"})
    assert not wire.is_reference("Task")
    assert wire.is_time({"__type__": "date", "value": ""})
    assert not wire.is_time([])


def test_encoding_loads_no_arrow():
    program = """
import datetime as dt, sys
from ftrack_review.protocol import wire
wire.dumps([{"a": dt.datetime(2024, 2, 29)}])
wire.parse_time("2024-02-29")
assert "arrow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
