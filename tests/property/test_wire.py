"""What is encoded is what is decoded."""

import datetime as dt

import arrow
from hypothesis import given

from ftrack_review.protocol import wire
from tests import strategies


@given(strategies.json_values)
def test_plain_values_travel_unchanged(value):
    assert wire.decode_value(wire.loads(wire.dumps(value))) == value
    assert wire.encode_value(value) == wire.loads(wire.dumps(value))


@given(strategies.datetimes)
def test_times_keep_their_moment(value):
    decoded = wire.decode_value(wire.loads(wire.dumps([value])))[0]
    expected = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    assert decoded == arrow.get(expected)
    assert decoded.utcoffset() == dt.timedelta(0)


@given(strategies.datetimes)
def test_stored_times_are_whole_seconds_of_utc(value):
    stored = wire.parse_time(value.isoformat())
    assert len(stored) == 19
    assert stored == wire.parse_time(stored) == wire.format_time(value)
    difference = wire.decode_time(value.isoformat()) - wire.decode_time(stored)
    assert dt.timedelta(0) <= difference < dt.timedelta(seconds=1)


@given(strategies.datetimes)
def test_arrow_and_the_standard_library_are_encoded_alike(value):
    assert wire.encode_time(arrow.get(value))["value"] == arrow.get(value).isoformat()
    assert wire.parse_time(wire.encode_time(arrow.get(value))["value"]) == wire.format_time(value)
