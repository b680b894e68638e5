"""The expressions that subscriptions and targets are written in: ``topic=ftrack.update and not data.x=1``.

A condition compares a dotted path into a mapping with a text. Conditions are joined by ``and``, ``or`` and
``not``, in any case, and parentheses. A path that does not exist meets no condition.

Both sides use it: a hub to find subscribers, a server to route events. Parsing is done once per expression; a
row of conditions joined by ``and``, which nearly all are, is read without pyparsing.
"""

from __future__ import annotations

import operator
import re
import typing
from typing import Callable, Dict, Iterable, List, Mapping, Optional

from ftrack_review.exception import ParseError

__all__ = ["MAXIMUM_DEPTH", "All", "Any", "Condition", "Expression", "Not", "Parser"]

#: How deep an expression may nest: parentheses and ``not`` count.
MAXIMUM_DEPTH = 100

_KEY = r"[\w\-]+(?:\.[\w\-]+)*"
_OPERATOR = r"!=|>=|<=|=|>|<"
_QUOTED = r"""(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')"""
_BARE = r"[\w\-,./*@+:]+"
_BLANKS = " \t\n\r\f\v\u00a0"

_OPERATORS: Dict[str, Callable[..., bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_SIGNS = {function: sign for sign, function in _OPERATORS.items()}

_CONDITION = re.compile(rf"\s*({_KEY})\s*({_OPERATOR})\s*({_QUOTED}|{_BARE})\s*", re.DOTALL)
_AND = re.compile(r"and(?!\w)", re.IGNORECASE)
_ESCAPED_QUOTE = re.compile(r"\\([\"'])")

# A quote that nobody closes goes to the end, so that the text is read once.
_BRACKETS = re.compile(r"""([()])|"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?""", re.DOTALL)


class Expression:
    """Something that a mapping can meet or not."""

    __slots__ = ()

    def match(self, candidate: Mapping[str, typing.Any]) -> bool:  # noqa: ARG002 - sub-classes look at it.
        """Return whether *candidate* meets the expression, as everything meets one without conditions."""
        return True

    def topic(self) -> Optional[str]:
        """Return the only topic whose events can meet the expression, None if there are several."""
        return None

    def reads(self, key: str) -> bool:  # noqa: ARG002 - sub-classes look at it.
        """Return whether it depends on what a mapping holds under *key*."""
        return False

    def beyond(self, topic: str) -> Optional[Expression]:  # noqa: ARG002 - conditions on it need it.
        """Return what an event of *topic* has yet to meet, None for nothing."""
        return self

    def __repr__(self) -> str:
        """Return the type."""
        return f"<{type(self).__name__}>"


class _Several(Expression):
    __slots__ = ("_expressions",)

    def __init__(self, expressions: Optional[Iterable[Expression]] = None) -> None:
        """Initialise with the *expressions* that are joined."""
        self._expressions: List[Expression] = list(expressions or ())

    def reads(self, key: str) -> bool:
        """Return whether one of the expressions depends on what a mapping holds under *key*."""
        return any(expression.reads(key) for expression in self._expressions)

    def __repr__(self) -> str:
        """Return the type and what is joined."""
        return f"<{type(self).__name__} [{' '.join(map(repr, self._expressions))}]>"


class All(_Several):
    """Met where all of its expressions are."""

    __slots__ = ()

    def match(self, candidate: Mapping[str, typing.Any]) -> bool:
        """Return whether *candidate* meets all expressions."""
        # Loops, as generators take twice the time (python -m tests.benchmarks compare --only publish).
        for expression in self._expressions:  # noqa: SIM110
            if not expression.match(candidate):
                return False
        return True

    def topic(self) -> Optional[str]:
        """Return the topic that one of the expressions insists on."""
        return next((topic for topic in (item.topic() for item in self._expressions) if topic), None)

    def beyond(self, topic: str) -> Optional[Expression]:
        """Return what an event of *topic* has yet to meet, None for nothing."""
        rest = [left for left in (item.beyond(topic) for item in self._expressions) if left is not None]
        if len(rest) < 2:
            return rest[0] if rest else None
        return All(rest)


class Any(_Several):
    """Met where at least one of its expressions is."""

    __slots__ = ()

    def match(self, candidate: Mapping[str, typing.Any]) -> bool:
        """Return whether *candidate* meets at least one expression."""
        for expression in self._expressions:  # noqa: SIM110
            if expression.match(candidate):
                return True
        return False


class Not(Expression):
    """Met where its expression is not."""

    __slots__ = ("_expression",)

    def __init__(self, expression: Expression) -> None:
        """Initialise with the *expression* to negate."""
        self._expression = expression

    def match(self, candidate: Mapping[str, typing.Any]) -> bool:
        """Return whether *candidate* does not meet the expression."""
        return not self._expression.match(candidate)

    def reads(self, key: str) -> bool:
        """Return whether the expression depends on what a mapping holds under *key*."""
        return self._expression.reads(key)

    def __repr__(self) -> str:
        """Return the type and what is negated."""
        return f"<{type(self).__name__} {self._expression!r}>"


class Condition(Expression):
    """Met where the value at a path compares to another as the operator says.

    Everything is compared as text, but a number by its size where the other is one too. With ``=`` a value
    that ends with ``*`` stands for everything that begins so.
    """

    __slots__ = ("_first", "_key", "_operator", "_prefix", "_rest", "_value")

    def __init__(self, key: str, operator: Callable[..., bool], value: str) -> None:
        """Initialise with the dotted *key*, a function of :mod:`operator` and the *value* to compare with."""
        self._key = key
        self._first, *self._rest = key.split(".")
        self._operator = operator
        self._value = value
        self._prefix: Optional[str] = None
        if value.endswith("*") and _SIGNS.get(operator) == "=":
            self._prefix = value[:-1]

    def match(self, candidate: Mapping[str, typing.Any]) -> bool:
        """Return whether the value in *candidate* compares as it should. One that is missing does not."""
        try:
            found = candidate[self._first]
            for name in self._rest:
                found = found[name]
        except (LookupError, TypeError):
            return False
        if not isinstance(found, str):
            return self._match_other(found)
        if self._prefix is not None:
            return found.startswith(self._prefix)
        return self._operator(found, self._value)

    def _match_other(self, found: object) -> bool:
        if isinstance(found, bool):
            found = "true" if found else "false"
            return self._operator(found, self._value.lower())
        if isinstance(found, (int, float)):
            if self._prefix is not None:
                return str(found).startswith(self._prefix)
            try:
                return self._operator(found, float(self._value))
            except ValueError:
                return self._operator(str(found), self._value)
        # Nothing, a list or a mapping is not equal to any text, and neither less nor more.
        return self._operator is operator.ne

    def reads(self, key: str) -> bool:
        """Return whether the path of the condition begins with *key*."""
        return self._first == key

    def topic(self) -> Optional[str]:
        """Return the topic, where the condition is on the topic and takes no other."""
        if self._key == "topic" and self._operator is operator.eq and self._prefix is None:
            return self._value
        return None

    def beyond(self, topic: str) -> Optional[Expression]:
        """Return the condition, or None where it is met by *topic*."""
        return None if self.topic() == topic else self

    def __repr__(self) -> str:
        """Return the type and the condition."""
        return f"<{type(self).__name__} {self._key}{_SIGNS.get(self._operator, '?')}{self._value}>"


class Parser:
    """Reads expressions. It holds no state, so one may serve all threads."""

    def parse(self, expression: str) -> Expression:
        """Return what *expression* says.

        Raise :exc:`~ftrack_review.exception.ParseError` where it makes no sense, with the position, and where
        it nests deeper than :data:`MAXIMUM_DEPTH`.
        """
        found = _recognise(expression)
        return found if found is not None else _assemble(expression)


def _recognise(expression: str) -> Optional[Expression]:
    """Return what a row of conditions joined by ``and`` says, None for any other expression."""
    conditions: List[Expression] = []
    position = 0
    while True:
        match = _CONDITION.match(expression, position)
        if match is None:
            return None
        conditions.append(_condition(*match.groups()))
        position = match.end()
        if position == len(expression):
            return conditions[0] if len(conditions) == 1 else All(conditions)
        joined = _AND.match(expression, position)
        if joined is None:
            return None
        position = joined.end()


def _condition(key: str, sign: str, value: str) -> Condition:
    if value[0] in "\"'":
        value = _ESCAPED_QUOTE.sub(r"\1", value[1:-1])
    return Condition(key, _OPERATORS[sign], value)


class _Token(typing.NamedTuple):
    kind: str
    position: int
    text: str


_grammar: List[typing.Any] = []


def _tokenise(expression: str) -> List[_Token]:
    """Return the tokens of *expression*, read without recursion, so that depth costs no stack."""
    import pyparsing

    if not _grammar:
        _grammar.append(_build(pyparsing))
    try:
        return list(_method(_grammar[0], "parse_string")(expression))
    except pyparsing.ParseException as error:
        raise _fault('a condition such as topic=x, "and" or "or"', expression, error.loc) from error


def _method(element: typing.Any, name: str) -> Callable[..., typing.Any]:
    # pyparsing 3 spells its methods with underscores, pyparsing 2 in camel case; each warns about the other's.
    found = getattr(element, name, None)
    if found is None:
        head, *tail = name.split("_")
        found = getattr(element, head + "".join(part.capitalize() for part in tail))
    return found  # type: ignore[no-any-return]


def _build(pp: typing.Any) -> typing.Any:
    def word(kind: str, pattern: str) -> typing.Any:
        element = pp.Regex(pattern, re.IGNORECASE | re.DOTALL)
        _method(element, "set_whitespace_chars")(_BLANKS)
        _method(element, "set_parse_action")(lambda _, position, found: _Token(kind, position, found[0]))
        return element

    condition = word("condition", rf"{_KEY}\s*(?:{_OPERATOR})\s*(?:{_QUOTED}|{_BARE})")
    opening = word("not", rf"not(?!\w)(?!\s*(?:{_OPERATOR}))") | word("open", r"\(")
    operand = pp.ZeroOrMore(opening) + condition + pp.ZeroOrMore(word("close", r"\)"))
    connective = word("and", r"and(?!\w)") | word("or", r"or(?!\w)")
    whole = operand + pp.ZeroOrMore(connective + operand) + word("end", r"\s*\Z").suppress()
    # Otherwise tabs in quotes become blanks.
    _method(whole, "parse_with_tabs")()
    return whole


class _Frame:
    """An open parenthesis, or the whole."""

    __slots__ = ("branches", "negations", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.branches: List[List[Expression]] = [[]]
        self.negations = 0

    def add(self, item: Expression) -> None:
        for _ in range(self.negations):
            item = Not(item)
        self.negations = 0
        self.branches[-1].append(item)

    def expression(self) -> Expression:
        items = [All(branch) if len(branch) > 1 else branch[0] for branch in self.branches]
        return Any(items) if len(items) > 1 else items[0]


def _assemble(expression: str) -> Expression:
    _check_depth(expression)
    stack = [_Frame(0)]
    depth = 0
    for kind, position, text in _tokenise(expression):
        if kind in ("open", "not"):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                raise _too_deep(expression, position)
        if kind == "condition":
            depth -= stack[-1].negations
            match = _CONDITION.fullmatch(text)
            assert match is not None
            stack[-1].add(_condition(*match.groups()))
        elif kind == "open":
            stack.append(_Frame(position))
        elif kind == "close":
            if len(stack) == 1:
                raise _fault("no parenthesis to be open", expression, position)
            item = stack.pop().expression()
            depth -= 1 + stack[-1].negations
            stack[-1].add(item)
        elif kind == "not":
            stack[-1].negations += 1
        elif kind == "or":
            stack[-1].branches.append([])
    if len(stack) > 1:
        raise _fault(
            f'")" for the parenthesis at character {stack[-1].position}', expression, len(expression)
        )
    return stack[0].expression()


def _check_depth(expression: str) -> None:
    """Refuse what is nested too deep before anything is made of it."""
    depth = 0
    for match in _BRACKETS.finditer(expression):
        if match[1]:
            depth += 1 if match[1] == "(" else -1
            if depth > MAXIMUM_DEPTH:
                raise _too_deep(expression, match.start())


def _too_deep(expression: str, position: int) -> ParseError:
    return ParseError(
        f"The expression nests deeper than {MAXIMUM_DEPTH} levels at character {position}: {expression[:80]}"
    )


def _fault(expected: str, expression: str, position: int) -> ParseError:
    shown = expression if len(expression) <= 200 else f"{expression[:200]}..."
    return ParseError(
        f"The expression cannot be read at character {position}: expected {expected}. It is: {shown}"
    )
