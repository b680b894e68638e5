"""Values that a caller sends, checked by the kind of their attribute and turned into what is stored.

Times become whole seconds of UTC, objects JSON text, and everything else stays what it is or is refused with
the attribute and the value in the error. Text is what a database can hold: no NUL, no half of a surrogate
pair. A string that a client mistook for a time arrives wrapped as one and is unwrapped again.

Pure; called by ``forms`` and ``custom_values``.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable, Dict

from ftrack_review.protocol import wire
from ftrack_review.server.errors import ServerFault, describe, validation_error

__all__ = ["Converter", "check_boolean", "check_number", "check_text", "check_time", "converter_of", "is_key"]

#: Takes what the caller sent and the name of the attribute for the error. Never called with None.
Converter = Callable[[Any, str], Any]

# Beyond these a database would refuse the number, or answer with another one.
_LARGEST_INTEGER = 2**63 - 1

# What every client can read. It leaves room for the keys and versions that are counted up from what was written.
_LARGEST_WRITTEN = 2**53

# Texts that scripts fill with numbers and flags, which servers keep as text.
_LENIENT_TEXT = frozenset(
    {
        ("EntitySetting", "value"),
        ("Metadata", "value"),
        ("ReviewSessionObject", "version"),
        ("ReviewSessionObjectAnnotationComponent", "frame_number"),
        ("Setting", "value"),
        ("UserApplicationState", "value"),
    }
)


def converter_of(entity_type: str, attribute: Any) -> Converter:
    """Return the function that checks and converts values of *attribute*, a scalar of *entity_type*."""
    if attribute.enum:
        return _one_of(attribute.enum)
    if attribute.is_time:
        return check_time
    if attribute.format == "json" and attribute.kind == "string":
        return _check_json_text
    if (entity_type, attribute.name) in _LENIENT_TEXT:
        return _make_text
    return _BY_KIND.get(attribute.kind, check_text)


def wrong_type(name: str, wanted: str, value: Any) -> ServerFault:
    """Return the fault for a *value* that is not what *wanted* says."""
    return validation_error(f"{name} must be {wanted}, not {describe(value)}", name.rpartition(".")[2])


def is_key(value: Any) -> bool:
    """Return whether *value* can be part of a key: a text or number that a database can look for."""
    if isinstance(value, str):
        return "\x00" not in value and (value.isascii() or _is_unicode(value))
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_INTEGER


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_text(value: Any, name: str) -> str:
    """Return *value* as text. Raise the fault for anything that is not text."""
    if isinstance(value, dict) and wire.is_time(value):
        value = value.get("value")
    if not isinstance(value, str):
        raise wrong_type(name, "a text", value)
    if "\x00" in value:
        raise validation_error(f"{name} must not hold a NUL character: {describe(value)}", name)
    if not value.isascii() and not _is_unicode(value):
        raise validation_error(f"{name} is not valid Unicode: {value.encode('unicode_escape')!r}", name)
    return value


def check_boolean(value: Any, name: str) -> bool:
    """Return *value* as a boolean; 0 and 1 are taken for one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise wrong_type(name, "true or false", value)


def check_number(value: Any, name: str) -> float:
    """Return *value* as a number that is finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(name, "a number", value)
    if abs(value) > _LARGEST_INTEGER if isinstance(value, int) else not math.isfinite(value):
        raise wrong_type(name, "a number that can be stored", value)
    return value


def check_time(value: Any, name: str) -> str:
    """Return *value* as the time that is stored. It may be wrapped or a plain text."""
    text = value.get("value") if isinstance(value, dict) and wire.is_time(value) else value
    if isinstance(text, str):
        try:
            return wire.parse_time(text)
        except ValueError:
            pass
    raise wrong_type(name, "a time such as 2024-02-29T12:00:00", value)


def _check_integer(value: Any, name: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "a whole number", value)
    if abs(value) > _LARGEST_WRITTEN:
        raise wrong_type(name, "a number that can be stored", value)
    return value


def _check_float(value: Any, name: str) -> float:
    return float(check_number(value, name))


def _make_text(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return check_text(value, name)


def _check_json_text(value: Any, name: str) -> str:
    text = check_text(value, name)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong_type(name, "JSON as text", value) from error
    return text


def _make_json(value: Any, name: str) -> str:
    try:
        text = json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise wrong_type(name, "a JSON value", value) from error
    return text


def _one_of(allowed: Any) -> Converter:
    def check(value: Any, name: str) -> str:
        text = check_text(value, name)
        if text not in allowed:
            raise wrong_type(name, f"one of {', '.join(allowed)}", value)
        return text

    return check


_BY_KIND: Dict[str, Converter] = {
    "boolean": check_boolean,
    "integer": _check_integer,
    "number": _check_float,
    "object": _make_json,
    "string": check_text,
    "variable": _make_json,
}
