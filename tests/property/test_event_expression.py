"""Event expressions mean what they say, whichever way they are read."""

import operator

from hypothesis import given
from hypothesis import strategies as st

from ftrack_review.event import expression
from ftrack_review.exception import ParseError
from tests import strategies

SIGNS = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def text_of(node, outer=""):
    kind = node[0]
    if kind == "condition":
        return f"{node[1]} {node[2]} {node[3]}"
    if kind == "not":
        return f"not ({text_of(node[1])})"
    text = f" {kind} ".join(text_of(item, kind) for item in node[1:])
    # "and" binds closer than "or".
    return f"({text})" if outer == "and" or outer == kind else text


def expression_of(node):
    kind = node[0]
    if kind == "condition":
        value = node[3]
        if value[0] == '"':
            value = value[1:-1].replace('\\"', '"')
        return expression.Condition(node[1], SIGNS[node[2]], value)
    if kind == "not":
        return expression.Not(expression_of(node[1]))
    return {"and": expression.All, "or": expression.Any}[kind](expression_of(item) for item in node[1:])


@given(strategies.event_trees)
def test_text_and_tree_are_the_same(node):
    assert repr(expression.Parser().parse(text_of(node))) == repr(expression_of(node))


@given(st.lists(strategies.event_conditions, min_size=1, max_size=4))
def test_rows_are_read_as_the_grammar_reads_them(conditions):
    text = " and ".join(text_of(condition) for condition in conditions)
    fast = expression._recognise(text)
    assert repr(fast) == repr(expression._assemble(text))


@given(
    st.lists(
        st.sampled_from(
            ["topic", "=", "!=", "and", "or", "not", "(", ")", '"', "a", "*", " ", "1", "\\", "."]
        ),
        max_size=15,
    ).map("".join)
)
def test_any_text_is_read_or_refused(text):
    try:
        slow = repr(expression._assemble(text))
    except ParseError:
        assert expression._recognise(text) is None
    else:
        fast = expression._recognise(text)
        assert fast is None or repr(fast) == slow
        expression.Parser().parse(text).match({"topic": "a"})
