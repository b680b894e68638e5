"""Literals of query expressions, read by the kind of the attribute that they are compared with.

``is_latest_version is "True"`` compares a boolean, ``version is "3"`` a number and ``value is 4`` a text:
the attribute decides, not the spelling. A reader takes a :class:`~ftrack_review.protocol.tree.Value` and
returns what the database compares with, None for what can match nothing.

Called by ``criterion``; the readers run whenever a plan is bound to the values of one expression.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from ftrack_review.protocol.tree import Value
from ftrack_review.protocol.wire import parse_time
from ftrack_review.server.errors import ServerFault, describe
from ftrack_review.server.sql.fault import query_fault

__all__ = ["Reader", "json_list", "like_pattern", "reader_for", "storable", "variants"]

#: What reads one literal.
Reader = Callable[[Value], Any]

_TRUE = frozenset(("true", "1", "yes"))
_FALSE = frozenset(("false", "0", "no"))

# Beyond this, an integer does not fit the database's and nothing stored can be equal to it.
_LARGEST_INTEGER = 2**63 - 1
_MOST_DIGITS = 20


def read_text(value: Value) -> str:
    r"""Return the text. Only ``like`` gives ``%`` a meaning, so ``\%`` is a plain percent sign here."""
    return storable(value.text.replace("\\%", "%"))


def storable(text: str) -> str:
    """Return *text* as a database can take it. NUL is never stored, so something else that is not stands for it."""
    return text.replace("\x00", "\ufdd0") if "\x00" in text else text


def read_integer(value: Value) -> Optional[Union[int, float]]:
    """Return the number, None for an empty text. Raise a fault for what is no number."""
    return _number(value, "a whole number")


def read_number(value: Value) -> Optional[Union[int, float]]:
    """Return the number, None for an empty text. Raise a fault for what is no number."""
    return _number(value, "a number")


def read_key(value: Value) -> Optional[Union[int, float]]:
    """Return the number, None for what is no number, as no key is equal to it."""
    found: Optional[Union[int, float]] = _quietly(read_integer, value)
    return found


def read_boolean(value: Value) -> Optional[bool]:
    """Return the truth value, None for an empty text. Raise a fault for anything but true and false."""
    text = value.text.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if not text:
        return None
    raise _unreadable(value, "true or false")


def read_time(value: Value) -> Optional[str]:
    """Return the time as stored, None for an empty text. Raise a fault for what is no time."""
    if not value.text.strip():
        return None
    try:
        return parse_time(value.text.strip())
    except (ValueError, OverflowError) as error:
        raise _unreadable(value, "a time such as 2024-01-31 or 2024-01-31T12:00:00") from error


def reader_for(kind: str, *, is_time: bool) -> Reader:
    """Return what reads a literal for an attribute of this *kind*."""
    return read_time if is_time else _READERS.get(kind, read_text)


_READERS: Dict[str, Reader] = {
    "integer": read_integer,
    "number": read_number,
    "numbered key": read_key,
    "boolean": read_boolean,
}


def like_pattern(value: Value) -> str:
    r"""Return the pattern for SQL with the escape character ``\``: ``%`` is any run, ``_`` is itself."""
    parts: List[str] = []
    text = value.text
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] == "%":
            parts.append("\\%")
            position += 2
            continue
        parts.append("\\" + character if character in "\\_" else character)
        position += 1
    return storable("".join(parts))


def json_list(reader: Reader) -> Callable[[Sequence[Value]], str]:
    """Return a reader of whole value lists that gives them as one JSON text. Nulls are left out."""
    plain = list_of(reader)

    def read(values: Sequence[Value]) -> str:
        return json.dumps(plain(values))

    return read


def list_of(reader: Reader) -> Callable[[Sequence[Value]], List[Any]]:
    """Return a reader of whole value lists. Nulls are left out, as no row is found by them."""
    if reader is read_text:
        # Lists of thousands of ids are read often, and hardly ever hold a backslash.
        def read_texts(values: Sequence[Value]) -> List[Any]:
            texts = [value.text for value in values if value.quoted or not value.is_null]
            everything = "".join(texts)
            if "\\%" in everything or "\x00" in everything:
                return [storable(text.replace("\\%", "%")) for text in texts]
            return texts

        return read_texts

    def read(values: Sequence[Value]) -> List[Any]:
        found = (reader(value) for value in values if not value.is_null)
        return [item for item in found if item is not None]

    return read


def variants(value: Value) -> Tuple[str, Optional[Union[int, float]], Optional[bool], Optional[str]]:
    """Return what *value* may mean where the kind is not known: text, number, truth value and time."""
    return (
        read_text(value),
        _quietly(read_number, value),
        _quietly(read_boolean, value),
        _quietly(read_time, value),
    )


def _quietly(reader: Reader, value: Value) -> Any:
    try:
        return reader(value)
    except ServerFault:
        return None


def _number(value: Value, expected: str) -> Optional[Union[int, float]]:
    text = value.text.strip()
    if not text:
        return None
    digits = text.lstrip("+-")
    try:
        # One of more digits is no integer of the database's, and may be none that Python makes a float of.
        is_short = digits.isdigit() and len(digits) < _MOST_DIGITS
        number: Union[int, float] = int(text) if is_short else float(text)
    except ValueError as error:
        raise _unreadable(value, expected) from error
    if isinstance(number, int):
        return number if abs(number) <= _LARGEST_INTEGER else float(number)
    if math.isnan(number):
        raise _unreadable(value, expected)
    # JSON has no infinity, and nothing stored lies beyond the largest number.
    return max(-sys.float_info.max, min(number, sys.float_info.max))


def _unreadable(value: Value, expected: str) -> ServerFault:
    return query_fault(f"{describe(value.text)} is not {expected}.", value.position)
