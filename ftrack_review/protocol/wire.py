"""Values as they travel: JSON text, times and references.

Used by both sides. It knows what a value looks like on the wire, but nothing of sessions, entities or tables:
who has objects of his own to send passes a function that encodes them. Times are decoded one by one, when
they are read, as most are never looked at.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Mapping, Optional, Sequence

from ftrack_review.exception import TimeError
from ftrack_review.protocol._pattern import late

if TYPE_CHECKING:
    import arrow

__all__ = [
    "decode_time",
    "decode_value",
    "dumps",
    "encode_time",
    "encode_value",
    "format_time",
    "is_reference",
    "is_time",
    "loads",
    "parse_time",
    "reference",
]

#: Encodes an object that is neither JSON nor a time nor a plain container.
Encoder = Callable[[Any], Any]

# Every form seen on the wire or in scripts: a date alone, a blank or T, without seconds, any zone.
_TIME = late(
    r"\s*(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[Tt ]\s*(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?)?"
    r"\s*(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?)?\s*",
    re.ASCII,
)

# What fromisoformat of every Python reads the same way: naive seconds, the server's own form.
_PLAIN_TIME = late(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", re.ASCII)


def dumps(value: Any, encode_entity: Optional[Encoder] = None) -> str:
    """Return *value* as JSON text with sorted keys.

    Times become :func:`encode_time`. Any other object that JSON does not have is handed to *encode_entity*,
    whose result may hold further such objects. Raise :exc:`TypeError` for an object that cannot be encoded
    and :exc:`ValueError` for a number that JSON does not have.
    """

    def encode(item: Any) -> Any:
        return _encode_object(item, encode_entity)

    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=encode)


def loads(text: str | bytes) -> Any:
    """Return the value of a JSON *text*. Times stay as they travel, see :func:`decode_time`."""
    return json.loads(text)


def encode_value(value: Any, encode_entity: Optional[Encoder] = None) -> Any:
    """Return *value* as plain dictionaries, lists and scalars, as :func:`dumps` would write them."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {key: encode_value(item, encode_entity) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode_value(item, encode_entity) for item in value]
    return encode_value(_encode_object(value, encode_entity), encode_entity)


def decode_value(value: Any) -> Any:
    """Return *value* with every time in it decoded, however deep."""
    if isinstance(value, dict):
        if "__type__" in value and is_time(value):
            return decode_time(value["value"])
        return {key: decode_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    return value


def encode_time(value: dt.date) -> Dict[str, Any]:
    """Return a time as it travels, ``{"__type__": "datetime", "value": "2024-02-29T12:00:00+00:00"}``.

    *value* is an :class:`arrow.Arrow`, a datetime or a date. The zone and the fraction of a second are
    sent as they are; servers keep whole seconds of UTC.
    """
    return {"__type__": "datetime", "value": value.isoformat()}


def is_time(value: Any) -> bool:
    """Return whether *value* is a time or date as it travels."""
    return isinstance(value, dict) and value.get("__type__") in ("datetime", "date")


def decode_time(text: str) -> arrow.Arrow:
    """Return the time that *text* says, in UTC. A time without a zone is UTC, a date is its midnight.

    Raise :exc:`~ftrack_review.exception.TimeError` where *text* is no time.
    """
    import arrow.arrow

    value = _read_time(text)
    return arrow.arrow.Arrow(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        _zone(),
    )


def parse_time(text: str) -> str:
    """Return the time that *text* says as it is stored: whole seconds of UTC, ``2024-02-29T12:00:00``.

    Fractions are cut off, not rounded. Raise :exc:`~ftrack_review.exception.TimeError`, a ValueError, where
    *text* is no time.
    """
    if len(text) == 19 and text[10] == "T" and _PLAIN_TIME.fullmatch(text):
        try:
            dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise TimeError(f"Not a time: {text!r} ({error}).") from error
        return text
    return _read_time(text).replace(microsecond=0).isoformat()


def format_time(value: dt.date) -> str:
    """Return a time as it is stored, whole seconds of UTC. *value* is as for :func:`encode_time`."""
    return parse_time(value.isoformat())


def reference(entity_type: str, key: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the reference to an entity: its type and *key*, a mapping of attribute names to values."""
    return {"__entity_type__": entity_type, **key}


def is_reference(value: Any) -> bool:
    """Return whether *value* is an entity or a reference to one as it travels."""
    return isinstance(value, Mapping) and "__entity_type__" in value


def _encode_object(value: Any, encode_entity: Optional[Encoder]) -> Any:
    if isinstance(value, dt.date) or _is_arrow(value):
        return encode_time(value)
    if encode_entity is not None:
        return encode_entity(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return list(value)
    if isinstance(value, Iterable) and hasattr(value, "__next__"):
        return list(value)
    raise TypeError(f"A value of type {type(value).__name__} cannot be sent to a server: {value!r:.100}")


def _is_arrow(value: Any) -> bool:
    # By its shape, as importing arrow to ask would cost more than the rest of a request.
    return hasattr(value, "isoformat") and hasattr(value, "datetime")


def _read_time(text: str) -> dt.datetime:
    """Return the time as naive UTC."""
    try:
        if _PLAIN_TIME.fullmatch(text):
            return dt.datetime.fromisoformat(text)
        match = _TIME.fullmatch(text)
        if match is None:
            raise TimeError(f"Not a time: {text[:100]!r}. Write it as 2024-02-29T12:00:00.")
        year, month, day, hour, minute, second, fraction, _, sign, zone_hour, zone_minute = match.groups()
        value = dt.datetime(  # noqa: DTZ001 - naive on purpose, in UTC.
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
        )
        if sign:
            offset = dt.timedelta(hours=int(zone_hour), minutes=int(zone_minute or 0))
            value = value - offset if sign == "+" else value + offset
        return value
    except TimeError:
        raise
    except (ValueError, OverflowError, TypeError) as error:
        raise TimeError(f"Not a time: {text!r} ({error}).") from error


_zone_of_arrow: Optional[dt.tzinfo] = None


def _zone() -> dt.tzinfo:
    # Arrow went from dateutil to the standard library; its own choice prints as users know it.
    global _zone_of_arrow  # noqa: PLW0603 - made once, when arrow is loaded.
    if _zone_of_arrow is None:
        import arrow

        _zone_of_arrow = arrow.get(0).tzinfo
    return _zone_of_arrow
