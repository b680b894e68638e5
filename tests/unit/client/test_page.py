"""Pages whose rows are decoded one by one hold what decoding the whole answer gives, whatever it looks like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_review import _page, exception
from ftrack_review._page import read_page
from ftrack_review.protocol import action
from tests.session_transport import AnsweredSession, Answers, record

QUERY = action.query("select name from Task")


def answer(rows, following=None, **layout) -> bytes:
    result = {"action": "query", "data": rows, "metadata": {"next": {"offset": following}}}
    return json.dumps([result], **layout).encode()


def tasks(*names: str) -> "list[dict[str, Any]]":
    return [record("Task", name, name=name) for name in names]


def know(session, *names: str) -> None:
    for name in names:
        session.get("Task", name)


@pytest.fixture(scope="module", autouse=True)
def _however_short():
    patch = pytest.MonkeyPatch()
    patch.setattr(_page, "_WORTHWHILE_BYTES", 0)
    yield
    patch.undo()


@pytest.fixture
def known(session, answers):
    answers.rows["Task"] = tasks("a", "b", "c")
    session.query("select name from Task").all()
    return session


def test_a_known_row_is_let_go_before_the_next_is_decoded(known):
    page = read_page(known, answer(tasks("a", "b", "c"), 3), QUERY)
    assert (page.next_offset, page.count) == (3, 0)
    rows = iter(page.rows)
    assert next(rows) == record("Task", "a", name="a")
    assert list(rows) == tasks("b", "c")


def test_what_is_held_stays_the_same_object_where_nothing_changed(known, answers):
    held = {task["id"]: task["name"] for task in known.query("select name from Task")}
    answers.rows["Task"] = json.loads(json.dumps([*tasks("a", "b"), record("Task", "c", name="changed")]))
    found = known.query("select name from Task").all()
    assert [task["name"] for task in found] == ["a", "b", "changed"]
    assert found[0]["name"] is held["a"]
    assert found[1]["name"] is held["b"]


@pytest.mark.parametrize("names", ["", "n", "ab", "na", "an", "abnc", "nnn"])
@pytest.mark.parametrize("layout", [{}, {"separators": (",", ":")}, {"indent": 2}])
def test_known_and_new_rows_in_any_order(known, names, layout):
    rows = tasks(*names)
    assert list(read_page(known, answer(rows, **layout), QUERY).rows) == rows


@pytest.mark.parametrize(
    "result",
    [
        {"metadata": {"next": {"offset": None}}, "action": "query", "data": tasks("a", "n")},
        {"action": "query", "data": tasks("a"), "more": [1], "metadata": {"next": {"offset": None}}},
        {"action": "query", "data": tasks("n", "a"), "more": [1], "metadata": {"next": {"offset": None}}},
        {"action": "query", "data": tasks("a", "n"), "metadata": {"next": {"offset": None}, "took": [1, 2]}},
        {"action": "query", "data": tasks("a", "n"), "metadata": {"next": {"offset": None}}, "more": {}},
    ],
    ids=["metadata first", "a list behind", "a list behind new rows", "a list in it", "an object behind"],
)
def test_other_layouts_are_decoded_as_a_whole(known, result):
    page = read_page(known, json.dumps([result]).encode(), QUERY)
    assert (list(page.rows), page.next_offset) == (result["data"], None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"not JSON",
        b'[{"action": "query", "data": [{"__entity_type__": "Task"',
        answer(tasks("a")).replace(b'"name"', b'"name'),
        answer(tasks("a", "b")).replace(b"}, {", b"} {"),
        answer(tasks("n")).replace(b'"name"', b'"name'),
        answer(tasks("a")).replace(b'"a"}]', b'"a"}, ,]'),
        answer(tasks("n")).replace(b'"n"}]', b'"n"}] 1]'),
        b'[{"action": "query", "rows": []}]',
        b'[{"action": "query", "data": [], "metadata": []}]',
    ],
)
def test_what_is_no_answer_is_refused(known, text):
    with pytest.raises(exception.ServerResponseError):
        list(read_page(known, text, QUERY).rows)
    know(known, "a", "b", "c")


def test_a_damaged_page_is_asked_for_again_and_not_left_out(session, answers):
    answers.rows["Task"] = tasks("a", "b", "c", "d")
    result = session.query("select name from Task", page_size=2)
    real = session.transport.call
    session.transport.call = lambda *arguments: real(*arguments).replace(b'"name": "a"', b'"name": "a')
    with pytest.raises(exception.ServerResponseError):
        result.all()
    session.transport.call = real
    assert [task["name"] for task in result.all()] == ["a", "b", "c", "d"]


def test_what_the_server_reports_is_raised(known):
    text = json.dumps({"exception": "ValidationError", "content": "No such attribute."}).encode()
    with pytest.raises(exception.ServerValidationError, match="No such attribute"):
        read_page(known, text, QUERY)


#: Texts that look like the parts of an answer, among others.
texts = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ['], "metadata": {"next": {"offset": 7}}}]', '"}, {"', "\\", '\\"', "\U0001f600", "]", "}]"]
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)
rows_of_tasks = st.lists(
    st.builds(
        lambda name, more: {**more, **record("Task", name)},
        st.sampled_from("abcnm"),
        st.dictionaries(texts, values),
    ),
    max_size=5,
)


@given(
    rows=rows_of_tasks,
    following=st.none() | st.integers(0, 1000),
    indent=st.sampled_from([None, 0, 2]),
    ensure_ascii=st.booleans(),
)
def test_any_rows_are_those_of_the_decoded_answer(rows, following, indent, ensure_ascii):
    answers = Answers()
    answers.rows["Task"] = tasks("a", "b", "c")
    with AnsweredSession(answers) as session:
        session.query("select name from Task").all()
        text = answer(rows, following, indent=indent, ensure_ascii=ensure_ascii)
        page = read_page(session, text, QUERY)
        assert (list(page.rows), page.next_offset) == (rows, following)
