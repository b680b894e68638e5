"""The full query grammar, as flat phrases.

The language nests, but a text is read here as one row of phrases (``path operator value``, ``path any (``,
``)``, ``and``) without recursion, so that a thousand parentheses cost no stack; :mod:`.grammar` assembles the
tree with a stack of its own. Nothing here looks back over more than one phrase, so that reading takes time in
proportion to the text.

Built on pyparsing, from 2.4.7 to the newest, which is imported when the first query comes that
:mod:`._recogniser` does not know. Used by :mod:`.grammar` only.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ftrack_review.protocol import _lexeme as lexeme

# What tells a query in parentheses from a list of literals.
_QUERY_AHEAD = r"\s*(?:select\s+[\w*]|[^\W\d]\w*\s+(?:where|order\s+by|group\s+by|limit|offset)(?!\w))"
# What regular expressions take for blanks, so that both readers of queries agree.
_BLANKS = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


class Token(NamedTuple):
    """A word of a query: its *kind*, where it begins, and its text."""

    kind: str
    position: int
    text: str


class Failure(NamedTuple):
    """What was expected where a text stopped making sense."""

    position: int
    expected: Tuple[str, ...]


_grammars: Dict[str, Any] = {}


def tokenise(expression: str, *, whole: bool = True) -> Tuple[Optional[List[Token]], Optional[Failure]]:
    """Return the tokens of *expression*, or None and the failure.

    *whole* is false for criteria alone, without the statement around them.
    """
    import pyparsing

    rule = "statement" if whole else "criteria"
    if not _grammars:
        _grammars.update(_build(pyparsing, None))
    try:
        return list(_method(_grammars[rule], "parse_string")(expression)), None
    except pyparsing.ParseException:
        pass
    # Once more, noting how far each word got. A grammar of its own, as another thread may use the shared one.
    failures: Dict[int, Dict[str, None]] = {}
    try:
        _method(_build(pyparsing, failures)[rule], "parse_string")(expression)
    except pyparsing.ParseException as error:
        position = max(failures, default=error.loc)
        return None, Failure(position, tuple(failures.get(position, ())))
    raise AssertionError("one text was read in two ways")


def _method(element: Any, name: str) -> Callable[..., Any]:
    # pyparsing 3 spells its methods with underscores, pyparsing 2 in camel case; each warns about the other's.
    found = getattr(element, name, None)
    if found is None:
        head, *tail = name.split("_")
        found = getattr(element, head + "".join(part.capitalize() for part in tail))
    return found  # type: ignore[no-any-return]


def _build(pp: Any, failures: Optional[Dict[int, Dict[str, None]]]) -> Dict[str, Any]:
    """Return the rules. With *failures* each word notes there what was expected where."""

    def word(kind: str, pattern: str, name: str) -> Any:
        element = pp.Regex(pattern, lexeme.FLAGS)
        _method(element, "set_whitespace_chars")(_BLANKS)
        _method(element, "set_parse_action")(lambda _, position, found: Token(kind, position, found[0]))
        if failures is not None:
            _method(element, "set_fail_action")(
                lambda _, position, *__: failures.setdefault(position, {}).setdefault(name)
            )
        return element

    def keyword(kind: str, pattern: str) -> Any:
        return word(kind, rf"(?:{pattern})(?!\w)", f'"{kind}"').suppress()

    def listed(element: Any) -> Any:
        return element + pp.ZeroOrMore(comma + element)

    comma = word("comma", ",", '","').suppress()
    path = word("path", lexeme.PATH, "an attribute")

    projection = (
        word("function", lexeme.FUNCTION, "an attribute")
        + word("open", r"\(", '"("').suppress()
        + word("projection", lexeme.PATH, "an attribute")
        + word("close", r"\)", '")"').suppress()
    ) | word("projection", lexeme.PATH, "an attribute")
    head = pp.Optional(
        keyword("select", "select")
        + (word("star", r"\*", '"*"') | listed(projection))
        + keyword("from", "from")
    ) + word("type", lexeme.IDENTIFIER, "an entity type")

    order = word("order", lexeme.PATH, "an attribute") + pp.Optional(
        word("direction", lexeme.DIRECTION, '"ascending" or "descending"')
    )
    number = word("number", lexeme.NUMBER, "a number")
    clause = (
        word("group by", r"group\s+by(?!\w)", '"group by"')
        + listed(word("group", lexeme.PATH, "an attribute"))
        | word("order by", r"order\s+by(?!\w)", '"order by"') + listed(order)
        | word("limit", r"limit(?!\w)", '"limit"') + number
        | word("offset", r"offset(?!\w)", '"offset"') + number
    )
    where = keyword("where", "where")

    # A path is followed by one of these. The parenthesis belongs to the word, so that "any (" and "any ()" differ.
    within = word("in", r"(?:not_in|in)(?=\s*\()", '"in (…)"')
    nested = word("nested", rf"\((?={_QUERY_AHEAD})", "a query") + head
    listing = word("list", rf"(?!\({_QUERY_AHEAD}){lexeme.LIST}", 'values in "(…)"')
    leaf = path + (
        word("operator", rf"(?:{lexeme.WORD_OPERATOR}|{lexeme.SIGN_OPERATOR})", 'an operator such as "is"')
        + word("value", lexeme.VALUE, "a value")
        | within + (nested | listing)
        | word("exists", r"(?:has|any)\s*\(\s*\)", '"any ()"')
    )
    opening = (
        word("not", r"not(?!\w)(?!\s*(?:=|!=|<|>))", '"not"')
        | word("open", r"\(", '"("')
        | path + (word("relation", r"(?:has|any)\s*\((?!\s*\))", '"has (…)"') | within + nested + where)
    )
    operand = pp.ZeroOrMore(opening) + leaf + pp.ZeroOrMore(word("close", r"\)", '")"') | clause)
    connective = word("and", r"and(?!\w)", '"and"') | word("or", r"or(?!\w)", '"or"')
    criteria = operand + pp.ZeroOrMore(connective + operand)
    end = word("end", r"\s*\Z", "the end").suppress()
    rules = {
        "criteria": criteria + end,
        "statement": head + (where + criteria | pp.ZeroOrMore(clause)) + end,
    }
    for rule in rules.values():
        # Otherwise tabs become blanks, in quoted strings too, and positions are wrong.
        _method(rule, "parse_with_tabs")()
    return rules
