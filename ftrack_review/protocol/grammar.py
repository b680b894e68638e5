"""The query language: text to tree and tree to text.

Both sides use it: the client to add projections and pages and to translate idioms, the server to compile
queries. Query text is never edited as text; it is parsed, a new tree is made, and that is formatted::

    >>> statement = parse('Task where name is "comp"')
    >>> format(with_page(with_projections(statement, ["id", "name"]), offset=0, limit=500))
    'select id, name from Task where name is "comp" offset 0 limit 500'

The grammar is as liberal as the scripts in the wild: blanks and line breaks anywhere, keywords in any case and
glued to a quote or parenthesis, either kind of quotes or none, ``=`` for ``is``, tuples with a trailing comma,
attributes that are named like keywords, ``limit`` and ``offset`` in either order. It knows nothing of a schema:
whether there is such a type or attribute is for the reader of the tree.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from ftrack_review.exception import QueryError
from ftrack_review.protocol import _lexeme as lexeme
from ftrack_review.protocol._pattern import late
from ftrack_review.protocol._recogniser import recognise
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Order,
    Path,
    Projection,
    Relation,
    Statement,
    Value,
    replace,
)

__all__ = [
    "MAXIMUM_DEPTH",
    "format",
    "format_criteria",
    "literal",
    "parse",
    "parse_criteria",
    "parse_path",
    "quote",
    "quote_list",
    "with_criteria",
    "with_page",
    "with_projections",
]

#: How deep criteria may nest: parentheses, ``not``, ``has (…)``, ``any (…)`` and queries within queries count.
MAXIMUM_DEPTH = 100

# A quote that nobody closes goes to the end, so that the text is read once.
_BRACKETS = late(r"""([()])|"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?""", re.DOTALL)


def parse(expression: str) -> Statement:
    """Return the tree of a query.

    Raise :exc:`~ftrack_review.exception.QueryError` with the position where *expression* stops making sense
    and what was expected there, also where it nests deeper than :data:`MAXIMUM_DEPTH`.

    Example::

        >>> parse("select name from Task where status.name is Done").criteria.value.text
        'Done'

    """
    statement = recognise(expression)
    if statement is not None:
        return statement
    result = _read(expression, whole=True)
    assert isinstance(result, Statement)
    return result


def parse_criteria(text: str) -> Criteria:
    """Return the tree of criteria alone, what stands behind ``where``. Raise QueryError as :func:`parse`."""
    result = _read(text, whole=False)
    assert not isinstance(result, Statement)
    return result


def parse_path(text: str) -> Path:
    """Return the tree of a dotted path, ``parent[Shot].status.name``. Raise QueryError for anything else."""
    text = text.strip()
    if not lexeme.is_path(text):
        raise QueryError(f'"{text}" is not the path of an attribute.', expression=text, position=0)
    return lexeme.read_path(text)


def quote(text: str) -> str:
    """Return *text* as a literal in double quotes, whatever it holds."""
    return f'"{lexeme.escape(text)}"'


def quote_list(texts: Iterable[str]) -> str:
    """Return *texts*, such as ids, as a list to stand behind ``in``. That of none has an empty text, which no id is.

    Example::

        >>> quote_list(["a", "b"])
        '("a", "b")'

    """
    return f"({', '.join(map(quote, texts)) or quote('')})"


def literal(value: Any) -> Value:
    """Return the literal for a Python value: None, a bool, a number, a text or a time.

    Raise :exc:`TypeError` for anything else and :exc:`ValueError` for a number that is not finite.
    """
    if value is None:
        return Value("none")
    if isinstance(value, str):
        return Value(value, quoted=True)
    if isinstance(value, (bool, int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"A query cannot hold the number {value}.")
        return Value(str(value))
    if isinstance(value, dt.date) or hasattr(value, "isoformat"):
        return Value(value.isoformat(), quoted=True)
    raise TypeError(f"A query cannot hold a value of type {type(value).__name__}: {value!r:.100}")


def with_projections(statement: Statement, projections: Iterable[Union[str, Path, Projection]]) -> Statement:
    """Return *statement* with *projections* added to what it already selects, each once."""
    wanted = dict.fromkeys(statement.projections)
    for item in projections:
        path = parse_path(item) if isinstance(item, str) else item
        wanted.setdefault(path if isinstance(path, Projection) else Projection(path))
    return replace(statement, projections=tuple(wanted))


def with_page(
    statement: Statement, *, offset: Optional[int] = None, limit: Optional[int] = None
) -> Statement:
    """Return *statement* cut to *limit* results from *offset* on, in place of the page it asked for."""
    return replace(statement, offset=offset, limit=limit)


def with_criteria(statement: Statement, criteria: Criteria) -> Statement:
    """Return *statement* with *criteria* that its results must meet too."""
    if statement.criteria is None:
        return replace(statement, criteria=criteria)
    former = statement.criteria.items if isinstance(statement.criteria, And) else (statement.criteria,)
    return replace(statement, criteria=And((*former, criteria)))


def format(statement: Statement) -> str:  # noqa: A001 - parse and format are a pair.
    """Return the text of *statement*, which parses to the same tree.

    A bare literal that only makes sense in quotes is put in quotes. Raise
    :exc:`~ftrack_review.exception.QueryError` for a name that is no identifier, so that no part of a tree can
    turn into another part of a query.
    """
    parts: List[str] = []
    if statement.projections:
        parts += ("select", ", ".join(map(_format_projection, statement.projections)), "from")
    parts.append(_name(statement.entity_type))
    if statement.criteria is not None:
        parts += ("where", format_criteria(statement.criteria))
    if statement.group_by:
        parts += ("group by", ", ".join(map(_format_path, statement.group_by)))
    if statement.order_by:
        keys = (
            _format_path(order.path) + (" descending" if order.descending else "")
            for order in statement.order_by
        )
        parts += ("order by", ", ".join(keys))
    if statement.offset is not None:
        parts += ("offset", str(int(statement.offset)))
    if statement.limit is not None:
        parts += ("limit", str(int(statement.limit)))
    return " ".join(parts)


def format_criteria(criteria: Criteria) -> str:
    """Return the text of criteria alone."""
    if isinstance(criteria, Comparison):
        return f"{_format_path(criteria.path)} {criteria.operator} {_format_value(criteria.value)}"
    if isinstance(criteria, And):
        return " and ".join(_enclose(item, (And, Or)) for item in criteria.items)
    if isinstance(criteria, Or):
        return " or ".join(_enclose(item, (Or,)) for item in criteria.items)
    if isinstance(criteria, Not):
        return f"not {_enclose(criteria.item, (And, Or))}"
    if isinstance(criteria, Relation):
        inner = "" if criteria.criteria is None else format_criteria(criteria.criteria)
        return f"{_format_path(criteria.path)} {criteria.quantifier} ({inner})"
    if isinstance(criteria.values, Statement):
        nested = criteria.values
        values = format(nested)
        if not nested.projections:
            # A lone type would read as a literal.
            values = f"select * from {values}"
    else:
        values = ", ".join(map(_format_value, criteria.values))
    return f"{_format_path(criteria.path)} {'not_in' if criteria.negated else 'in'} ({values})"


def _enclose(criteria: Criteria, types: Tuple[type, ...]) -> str:
    text = format_criteria(criteria)
    return f"({text})" if isinstance(criteria, types) else text


def _format_projection(projection: Projection) -> str:
    path = _format_path(projection.path)
    return path if projection.function is None else f"{_name(projection.function)}({path})"


def _format_path(path: Path) -> str:
    for segment in path.segments:
        _name(segment.name)
        if segment.cast is not None:
            _name(segment.cast)
    return str(path)


def _name(name: str) -> str:
    if not lexeme.is_identifier(name):
        raise QueryError(f"{name!r} cannot be the name of a type or attribute.", expression=name, position=0)
    return name


def _format_value(value: Value) -> str:
    if value.quoted or not lexeme.is_bare(value.text):
        return quote(value.text)
    return value.text


def _read(expression: str, *, whole: bool) -> Union[Statement, Criteria]:
    from ftrack_review.protocol import _phrases

    _check_depth(expression)
    tokens, failure = _phrases.tokenise(expression, whole=whole)
    if tokens is None:
        assert failure is not None
        raise lexeme.fault(_describe(failure.expected), expression, failure.position)
    return _Assembler(expression, whole=whole).assemble(tokens)


def _check_depth(expression: str) -> None:
    """Refuse what is nested too deep before anything is made of it."""
    depth = 0
    for match in _BRACKETS.finditer(expression):
        if match[1] == "(":
            depth += 1
            if depth > MAXIMUM_DEPTH:
                raise _too_deep(expression, match.start())
        elif match[1]:
            depth -= 1


def _too_deep(expression: str, position: int) -> QueryError:
    return QueryError(
        f"The query nests deeper than {MAXIMUM_DEPTH} levels at character {position}.",
        expression=expression,
        position=position,
    )


def _describe(expected: Iterable[str]) -> str:
    *others, last = dict.fromkeys(expected) or ("something else",)
    return f"{', '.join(others)} or {last}" if others else last


class _Frame:
    """What is open while a tree is assembled: the query, a query within it, or a parenthesis."""

    __slots__ = ("branches", "clauses", "kind", "negations", "path", "position", "word")

    def __init__(self, kind: str, position: int, path: Optional[Path] = None, word: str = "") -> None:
        self.kind = kind
        self.position = position
        self.path = path
        self.word = word
        self.branches: List[List[Criteria]] = [[]]
        self.negations = 0
        # Of a query: its type, projections and so on, by the names of the fields of Statement.
        self.clauses: Dict[str, Any] = {}

    def add(self, item: Criteria) -> None:
        for _ in range(self.negations):
            item = Not(item)
        self.negations = 0
        self.branches[-1].append(item)

    def criteria(self) -> Optional[Criteria]:
        items = [And(tuple(items)) if len(items) > 1 else items[0] for items in self.branches if items]
        if not items:
            return None
        return Or(tuple(items)) if len(items) > 1 else items[0]

    def statement(self) -> Statement:
        fields: Mapping[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.clauses.items()
        }
        return Statement(criteria=self.criteria(), **fields)


class _Assembler:
    """Makes a tree of the tokens of one text, with a stack instead of recursion."""

    def __init__(self, expression: str, *, whole: bool) -> None:
        self.expression = expression
        self.whole = whole
        self.stack = [_Frame("query" if whole else "criteria", 0)]
        self.depth = 0
        self.path: Optional[Path] = None  # The path of the criterion that is being read.
        self.word = ""  # The operator, quantifier or keyword before the next token.

    def assemble(self, tokens: List[Any]) -> Union[Statement, Criteria]:
        for token in tokens:
            getattr(self, "read_" + token.kind.replace(" ", "_"))(token)
        if len(self.stack) > 1:
            raise self.fault(
                f'")" for the parenthesis at character {self.stack[-1].position}', len(self.expression)
            )
        root = self.stack[0]
        criteria = root.statement() if self.whole else root.criteria()
        assert criteria is not None
        return criteria

    def fault(self, expected: str, position: int) -> QueryError:
        return lexeme.fault(expected, self.expression, position)

    def deepen(self, position: int) -> None:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise _too_deep(self.expression, position)

    def open(self, kind: str, token: Any, path: Optional[Path] = None, word: str = "") -> None:
        self.deepen(token.position)
        # A quantifier's parenthesis comes at the end of its token.
        self.stack.append(_Frame(kind, token.position + len(token.text) - 1, path, word))

    def add(self, item: Criteria) -> None:
        frame = self.stack[-1]
        self.depth -= frame.negations
        frame.add(item)

    # A query's head.

    def read_star(self, token: Any) -> None:
        """All defaults: the same as no selection."""

    def read_function(self, token: Any) -> None:
        self.word = token.text.lower()

    def read_projection(self, token: Any) -> None:
        projection = Projection(lexeme.read_path(token.text, token.position), self.word or None)
        self.word = ""
        self.stack[-1].clauses.setdefault("projections", []).append(projection)

    def read_type(self, token: Any) -> None:
        self.stack[-1].clauses.update(entity_type=token.text, position=token.position)

    # Criteria.

    def read_path(self, token: Any) -> None:
        self.path = lexeme.read_path(token.text, token.position)

    def read_operator(self, token: Any) -> None:
        self.word = lexeme.OPERATORS[token.text.lower()]

    def read_value(self, token: Any) -> None:
        assert self.path is not None
        self.add(Comparison(self.path, self.word, lexeme.read_value(token.text, token.position)))
        self.word = ""

    def read_in(self, token: Any) -> None:
        self.word = token.text.lower()

    def read_list(self, token: Any) -> None:
        assert self.path is not None
        values = lexeme.read_list(self.expression, token.position, token.position + len(token.text))
        self.add(Membership(self.path, values, self.word == "not_in"))
        self.word = ""

    def read_exists(self, token: Any) -> None:
        assert self.path is not None
        self.add(Relation(self.path, token.text[:3].lower()))

    def read_nested(self, token: Any) -> None:
        self.open("query", token, self.path, self.word)
        self.word = ""

    def read_relation(self, token: Any) -> None:
        self.open("relation", token, self.path, token.text[:3].lower())

    def read_open(self, token: Any) -> None:
        self.open("group", token)

    def read_not(self, token: Any) -> None:
        self.deepen(token.position)
        self.stack[-1].negations += 1

    def read_close(self, token: Any) -> None:
        if len(self.stack) == 1:
            raise self.fault("the end, as no parenthesis is open", token.position)
        frame = self.stack.pop()
        self.depth -= 1
        if frame.kind == "query":
            assert frame.path is not None
            self.add(Membership(frame.path, frame.statement(), frame.word == "not_in"))
            return
        criteria = frame.criteria()
        assert criteria is not None
        if frame.kind == "relation":
            assert frame.path is not None
            criteria = Relation(frame.path, frame.word, criteria)
        self.add(criteria)

    def read_and(self, token: Any) -> None:
        frame = self.stack[-1]
        if frame.kind == "query" and frame.clauses.keys() & _CLAUSES:
            raise self.fault("the end of the query", token.position)

    def read_or(self, token: Any) -> None:
        self.read_and(token)
        self.stack[-1].branches.append([])

    # What follows the criteria.

    def begin_clause(self, token: Any, name: str) -> Any:
        frame = self.stack[-1]
        if frame.kind != "query":
            expected = '")"' if len(self.stack) > 1 else "the end"
            raise self.fault(f'"and", "or" or {expected}', token.position)
        if name in frame.clauses:
            raise self.fault(f'no second "{name.replace("_", " ")}"', token.position)
        return frame.clauses

    def read_group_by(self, token: Any) -> None:
        self.begin_clause(token, "group_by")["group_by"] = []

    def read_group(self, token: Any) -> None:
        self.stack[-1].clauses["group_by"].append(lexeme.read_path(token.text, token.position))

    def read_order_by(self, token: Any) -> None:
        self.begin_clause(token, "order_by")["order_by"] = []

    def read_order(self, token: Any) -> None:
        self.stack[-1].clauses["order_by"].append(Order(lexeme.read_path(token.text, token.position)))

    def read_direction(self, token: Any) -> None:
        keys = self.stack[-1].clauses["order_by"]
        keys[-1] = replace(keys[-1], descending=token.text.lower().startswith("desc"))

    def read_limit(self, token: Any) -> None:
        self.begin_clause(token, "limit")
        self.word = "limit"

    def read_offset(self, token: Any) -> None:
        self.begin_clause(token, "offset")
        self.word = "offset"

    def read_number(self, token: Any) -> None:
        self.stack[-1].clauses[self.word] = int(token.text)
        self.word = ""


_CLAUSES = {"group_by", "order_by", "limit", "offset"}
