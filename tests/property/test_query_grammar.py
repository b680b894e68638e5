"""Query text and trees say the same, in both directions and by both readers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_review.exception import QueryError
from ftrack_review.protocol import grammar, tree
from ftrack_review.protocol._recogniser import recognise
from tests import strategies


def positions(node):
    """Return the positions of a tree in order; they do not take part in its equality."""
    if isinstance(node, tuple):
        return [position for item in node for position in positions(item)]
    if not hasattr(node, "__dataclass_fields__"):
        return []
    own = [node.position] if "position" in node.__dataclass_fields__ else []
    return own + [
        position
        for name in node.__dataclass_fields__
        if name != "position"
        for position in positions(getattr(node, name))
    ]


def outcome(read, text):
    """Return what *read* makes of *text*, be it the error."""
    try:
        return read(text)
    except QueryError as error:
        return error


@given(strategies.statements)
def test_parsing_what_was_formatted_gives_the_same_tree(statement):
    assert grammar.parse(grammar.format(statement)) == statement


@given(strategies.criteria)
def test_criteria_alone_survive_too(criteria):
    assert grammar.parse_criteria(grammar.format_criteria(criteria)) == criteria


@given(strategies.scribbled_statements())
def test_text_is_read_however_it_is_written(pair):
    statement, text = pair
    assert grammar.parse(text) == statement


@given(strategies.scribbled_statements())
def test_formatting_is_stable(pair):
    _, text = pair
    once = grammar.format(grammar.parse(text))
    assert grammar.format(grammar.parse(once)) == once


@given(strategies.scribbled_statements(strategies.statements | strategies.common_statements))
def test_the_recogniser_reads_as_the_grammar_does(pair):
    _, text = pair
    fast = recognise(text)
    slow = grammar._read(text, whole=True)
    assert fast is None or (fast, positions(fast)) == (slow, positions(slow))


@given(strategies.common_statements)
def test_common_shapes_are_recognised(statement):
    assert recognise(grammar.format(statement)) == statement


@settings(max_examples=300)
@given(strategies.word_salads | st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_position(text):
    fast, slow = outcome(recognise, text), outcome(lambda text: grammar._read(text, whole=True), text)
    if isinstance(slow, QueryError):
        assert 0 <= slow.position <= len(text)
        assert slow.expression == text
        assert fast is None or isinstance(fast, QueryError)
    else:
        assert isinstance(slow, tree.Statement)
        assert fast is None or (fast, positions(fast)) == (slow, positions(slow))
        assert grammar.parse(grammar.format(slow)) == slow


@given(st.text())
def test_a_quoted_text_is_one_value(text):
    statement = grammar.parse(f"Task where name is {grammar.quote(text)} limit 1")
    assert statement.criteria.value == tree.Value(text, quoted=True)
    assert statement.limit == 1


@given(strategies.plain_names, st.text(max_size=5))
def test_no_name_can_smuggle_a_query_in(name, text):
    statement = tree.Statement(name + " " + text)
    with pytest.raises(QueryError):
        grammar.format(statement)
