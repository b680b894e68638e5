"""Reads the common shapes of queries, without a grammar.

Nearly all queries are ``select paths from Type where criterion and criterion order by … limit n``, with
parentheses one deep. Those are read here, in some tens of microseconds and without importing pyparsing; for
anything else :func:`recognise` returns None and the full grammar decides, also on what is wrong.
``tests/property/test_query_grammar.py`` holds the two to the same trees.
"""

from __future__ import annotations

import re
from typing import List, Optional, Tuple, Union

from ftrack_review.protocol import _lexeme as lexeme
from ftrack_review.protocol._pattern import late
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Or,
    Order,
    Path,
    Projection,
    Relation,
    Statement,
)

_HEAD = late(
    rf"\s*(?:select\s+({lexeme.PATH}(?:\s*,\s*{lexeme.PATH})*)\s+from\s+)?({lexeme.IDENTIFIER})"
    r"(\s+where(?!\w))?",
    lexeme.FLAGS,
)
_CRITERION = late(
    rf"\s*({lexeme.PATH})\s*(?:(?:({lexeme.WORD_OPERATOR})|({lexeme.SIGN_OPERATOR}))\s*({lexeme.VALUE})"
    rf"|\b(not_in|in)\s*({lexeme.LIST})"
    r"|\b(has|any)\s*\((\s*\))?)",
    lexeme.FLAGS,
)
_NESTED = late(r"\(\s*[^\W\d]\w*\s+[\w*]")
_CONNECTIVE = late(r"\s*(?:(and|or)(?!\w)|(\)))", lexeme.FLAGS)
_OPEN = re.compile(r"\s*\(")
_CLAUSE = late(
    rf"\s*(?:(order)\s+by\s+({lexeme.PATH}(?:\s+{lexeme.DIRECTION})?"
    rf"(?:\s*,\s*{lexeme.PATH}(?:\s+{lexeme.DIRECTION})?)*)"
    rf"|(limit|offset)\s+({lexeme.NUMBER}))",
    lexeme.FLAGS,
)
_PATHS = late(lexeme.PATH)
_ORDER = late(rf"({lexeme.PATH})(?:\s+({lexeme.DIRECTION}))?", lexeme.FLAGS)
_END = re.compile(r"\s*\Z")


def recognise(expression: str) -> Optional[Statement]:
    """Return the tree of *expression*, or None where it is not one of the common shapes."""
    head = _HEAD.match(expression)
    if head is None:
        return None
    selected, entity_type, where = head.groups()
    if entity_type.lower() == "select":
        return None
    criteria: Optional[Criteria] = None
    position = head.end()
    if where:
        found = _read_criteria(expression, position)
        if found is None:
            return None
        criteria, position = found
    order_by: Tuple[Order, ...] = ()
    page = {}
    while not _END.match(expression, position):
        clause = _CLAUSE.match(expression, position)
        if clause is None:
            return None
        ordered, keys, name, number = clause.groups()
        if ordered:
            if order_by:
                return None
            order_by = _read_order(keys, clause.start(2))
        else:
            name = name.lower()
            if name in page:
                return None
            page[name] = int(number)
        position = clause.end()
    projections: Tuple[Projection, ...] = ()
    if selected:
        start = head.start(1)
        projections = tuple(
            Projection(lexeme.read_path(match[0], start + match.start()))
            for match in _PATHS.finditer(selected)
        )
    return Statement(
        entity_type,
        projections,
        criteria,
        (),
        order_by,
        page.get("offset"),
        page.get("limit"),
        head.start(2),
    )


def _read_order(keys: str, start: int) -> Tuple[Order, ...]:
    return tuple(
        Order(lexeme.read_path(match[1], start + match.start()), (match[2] or "a").lower().startswith("d"))
        for match in _ORDER.finditer(keys)
    )


#: What a parenthesis belongs to: a path and its quantifier, or nothing.
_Opening = Optional[Tuple[Path, str]]


def _read_criteria(expression: str, position: int) -> Optional[Tuple[Criteria, int]]:
    """Return the criteria that begin at *position* and where they end."""
    outer: Optional[List[List[Criteria]]] = None
    opening: _Opening = None
    branches: List[List[Criteria]] = [[]]
    while True:
        parenthesis = _OPEN.match(expression, position)
        if parenthesis:
            if outer is not None:
                return None
            outer, branches, opening = branches, [[]], None
            position = parenthesis.end()
        match = _CRITERION.match(expression, position)
        if match is None:
            return None
        item = _read_criterion(expression, match)
        if item is None:
            return None
        position = match.end()
        if isinstance(item, tuple):
            if outer is not None:
                return None
            outer, branches, opening = branches, [[]], item
            continue
        branches[-1].append(item)
        connective = _CONNECTIVE.match(expression, position)
        if connective and connective[2]:
            if outer is None:
                return None
            inner = _join(branches)
            outer[-1].append(Relation(opening[0], opening[1], inner) if opening else inner)
            branches, outer = outer, None
            position = connective.end()
            connective = _CONNECTIVE.match(expression, position)
            if connective and connective[2]:
                return None
        if connective is None:
            return None if outer is not None else (_join(branches), position)
        position = connective.end()
        if connective[1].lower() == "or":
            branches.append([])


def _read_criterion(expression: str, match: re.Match[str]) -> Union[Criteria, Tuple[Path, str], None]:
    """Return a criterion, or path and quantifier where a parenthesis opens."""
    words, word, sign, value, within, values, quantifier, empty = match.groups()
    path = lexeme.read_path(words, match.start(1))
    if path.segments[0].name.lower() == "not":
        return None
    if value is not None:
        operator = lexeme.OPERATORS[(word or sign).lower()]
        return Comparison(path, operator, lexeme.read_value(value, match.start(4)))
    if within is not None:
        if _NESTED.match(values):
            return None
        items = lexeme.read_list(expression, match.start(6), match.end(6))
        return Membership(path, items, within.lower() == "not_in")
    if empty is not None:
        return Relation(path, quantifier.lower())
    return path, quantifier.lower()


def _join(branches: List[List[Criteria]]) -> Criteria:
    items = [And(tuple(branch)) if len(branch) > 1 else branch[0] for branch in branches]
    return Or(tuple(items)) if len(items) > 1 else items[0]
