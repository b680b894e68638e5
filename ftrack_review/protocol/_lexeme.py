"""The words of the query language: their patterns, how a literal is read, and how a fault is told.

Shared by the full grammar (:mod:`._phrases`) and the recogniser of common shapes (:mod:`._recogniser`), so
that both mean the same by a path or a value. Every pattern reads a text in one pass: no quantifier stands
over another that could share its characters.
"""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

from ftrack_review.exception import QueryError
from ftrack_review.protocol._pattern import late
from ftrack_review.protocol.tree import Path, Segment, Value

IDENTIFIER = r"[^\W\d]\w*"
SEGMENT = rf"{IDENTIFIER}(?:\s*\[\s*{IDENTIFIER}\s*\])?"
PATH = rf"{SEGMENT}(?:\s*\.\s*{SEGMENT})*"
QUOTED = r"""(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')"""
BARE = r"[\w\-.:+@/*%]+"
VALUE = rf"(?:{QUOTED}|{BARE})"
LIST = rf"""\([^()"']*(?:{QUOTED}[^()"']*)*\)"""
NUMBER = r"[0-9]{1,18}(?![\w.])"
DIRECTION = r"(?:ascending|asc|descending|desc)(?!\w)"
FUNCTION = r"(?:count|sum|avg|min|max)(?=\s*\()"
WORD_OPERATOR = r"\b(?:is_not|is|not_like|like|after|before|greater_than|less_than)(?!\w)"
SIGN_OPERATOR = r"(?:!=|>=|<=|=|>|<)"

#: Every spelling of an operator and the one that trees use.
OPERATORS = {
    "is": "is",
    "=": "is",
    "is_not": "is_not",
    "!=": "is_not",
    "like": "like",
    "not_like": "not_like",
    ">": ">",
    "after": ">",
    "greater_than": ">",
    ">=": ">=",
    "<": "<",
    "before": "<",
    "less_than": "<",
    "<=": "<=",
}

FLAGS = re.IGNORECASE | re.DOTALL

_IDENTIFIER = late(IDENTIFIER)
_BARE = late(BARE)
_PATH = late(PATH)

_SEGMENT_PARTS = late(rf"({IDENTIFIER})(?:\s*\[\s*({IDENTIFIER})\s*\])?")
_ESCAPE = late(r"\\([\"'\\])")
# The double quoted string first, as lists of ids are written so.
_ITEM = late(rf"""\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)'|({BARE}))\s*""", re.DOTALL)
_FOUND = late(r"\s*(\S{1,40})")
_new = object.__new__
_HINTS = (
    (late(r"\bis\s+not\s*$", re.IGNORECASE), None, 'Write "is_not".'),
    (None, late(r"\s*not\s+in\b", re.IGNORECASE), 'Write "not_in".'),
    (None, late(r"\s*not\s+like\b", re.IGNORECASE), 'Write "not_like".'),
    (None, late(r"\s*<>"), 'Write "!=".'),
    (late(r"=\s*$"), late(r"\s*="), 'Write "=".'),
)


def is_identifier(text: str) -> bool:
    """Return whether *text* has the form of a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_bare(text: str) -> bool:
    """Return whether *text* can be a value without quotes."""
    return _BARE.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Return whether *text* has the form of a path."""
    return (text.isascii() and text.isidentifier()) or _PATH.fullmatch(text) is not None


def read_path(text: str, position: int = 0) -> Path:
    """Return the path that *text*, which has its form, spells. It begins at *position* of the query."""
    if text.isidentifier():
        return Path((Segment(text, None, position),))
    return Path(
        tuple(
            Segment(match[1], match[2], position + match.start()) for match in _SEGMENT_PARTS.finditer(text)
        )
    )


def read_value(text: str, position: int = 0) -> Value:
    """Return the literal that *text*, quoted or bare, spells.

    A backslash before a quote or another backslash is an escape. Before a per cent sign both stay, because only
    ``like`` gives it a meaning; any other backslash is one of a Windows path.
    """
    if text[0] in "\"'":
        return Value(unescape(text[1:-1]), True, position)
    return Value(text, False, position)


def unescape(text: str) -> str:
    """Return the content of a quoted string without its escapes."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def escape(text: str) -> str:
    """Return *text* as the content of a string in double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def read_list(expression: str, start: int, end: int) -> Tuple[Value, ...]:
    """Return the literals between the parentheses at *start* and before *end* of *expression*.

    Blanks around commas and one comma at the end are fine. Raise QueryError for anything else.
    """
    quoted_values = _read_quoted(expression, start, end)
    if quoted_values is not None:
        return quoted_values
    # Anchored matches one after the other: searching would go over a faulty text again and again.
    values: List[Value] = []
    position = start + 1
    match_item = _ITEM.match
    while True:
        match = match_item(expression, position)
        if match is None:
            break
        double, single, bare = match.groups()
        if bare is not None:
            text, quoted = bare, False
        else:
            text, quoted = unescape(single if double is None else double), True
        at = match.start(3) if bare else match.start(match.lastindex or 0) - 1
        values.append(Value(text, quoted, at))
        position = match.end()
        if expression[position] != ",":
            break
        position += 1
    if expression[position : end - 1].strip():
        raise fault("a comma" if match else "a value", expression, position)
    return tuple(values)


def _read_quoted(expression: str, start: int, end: int) -> Optional[Tuple[Value, ...]]:
    """Return the literals of a list of texts in double quotes without escapes, as ids are; None for any other list.

    What is between two quotes is a comma or a text by turns, so that the list need not be matched item by item, which
    takes three times as long (``python -m tests.benchmarks compare --only embedded-list``).
    """
    parts = expression[start + 1 : end - 1].split('"')
    if len(parts) < 3 or len(parts) % 2 == 0 or "\\" in expression[start:end]:
        return None
    between = {part.strip() for part in set(parts[2:-1:2])}
    if not between <= {","} or parts[0].strip() or parts[-1].strip() not in ("", ","):
        return None
    values: List[Value] = []
    position = start + 1 + len(parts[0])
    for text, gap in zip(parts[1::2], parts[2::2]):
        # What the constructor does, without the call.
        value = _new(Value)
        fields = value.__dict__
        fields["text"] = text
        fields["quoted"] = True
        fields["position"] = position
        values.append(value)
        position += len(text) + len(gap) + 2
    return tuple(values)


def fault(expected: str, expression: str, position: int) -> QueryError:
    """Return the error for an *expression* that should go on with what is *expected* at *position*."""
    position += len(expression[position:]) - len(expression[position:].lstrip())
    found = _FOUND.match(expression, position)
    what = f"found {found[1]!r}" if found else "but the query ends"
    message = f"The query cannot be read at character {position}: expected {expected}, {what}."
    hint = _hint(expression, position)
    return QueryError(f"{message} {hint}" if hint else message, expression=expression, position=position)


def _hint(expression: str, position: int) -> Optional[str]:
    before = expression[max(0, position - 40) : position]
    for behind, ahead, hint in _HINTS:
        if (behind is None or behind.search(before)) and (ahead is None or ahead.match(expression, position)):
            return hint
    return None
