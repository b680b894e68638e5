import pytest

from ftrack_review import exception
from tests.session_transport import record


def fill(answers, count, entity_type="Task"):
    answers.rows[entity_type] = [record(entity_type, f"t{index}", name=f"n{index}") for index in range(count)]


def test_nothing_is_sent_before_the_result_is_looked_at(session, answers):
    fill(answers, 3)
    result = session.query("Task")
    assert answers.requests == []
    assert [task["name"] for task in result] == ["n0", "n1", "n2"]
    assert answers.take_queries() == ["select context_type, id, name from Task offset 0 limit 500"]
    assert len(result) == 3
    assert result.all() == list(result)
    assert answers.requests == []


@pytest.mark.parametrize(
    ("rows", "size", "requests"), [(0, 5, 1), (5, 5, 1), (6, 5, 2), (10, 5, 2), (11, 3, 4)]
)
def test_a_request_per_page_and_none_past_the_end(session, answers, rows, size, requests):
    fill(answers, rows)
    assert len(session.query("Task", page_size=size).all()) == rows
    assert len(answers.take_requests()) == requests
    assert len(list(session.query("Task", page_size=size))) == rows
    assert len(answers.take_requests()) == requests


def test_pages_stay_as_they_are_until_there_are_many_rows(session, answers):
    fill(answers, 5200)
    assert [task["name"] for task in session.query("Task").all()] == [f"n{index}" for index in range(5200)]
    pages = [text.partition("Task ")[2] for text in answers.take_queries()]
    assert pages == [
        "offset 0 limit 500",
        "offset 500 limit 500",
        "offset 1000 limit 2000",
        "offset 3000 limit 2000",
        "offset 5000 limit 2000",
    ]


def test_iterating_fetches_page_after_page(session, answers):
    fill(answers, 10)
    for index, _task in enumerate(session.query("Task", page_size=3)):
        assert len(answers.requests) == index // 3 + 1
        if index == 4:
            break
    assert len(answers.requests) == 2


@pytest.mark.parametrize(
    ("index", "expected", "requests"),
    [
        (0, "n0", 1),
        (4, "n4", 2),
        (-1, "n9", 4),
        (slice(0, 2), ["n0", "n1"], 1),
        (slice(2, 5), ["n2", "n3", "n4"], 2),
        (slice(-2, None), ["n8", "n9"], 4),
        (slice(None, None, -1), [f"n{9 - index}" for index in range(10)], 4),
        (slice(4, None, -2), ["n4", "n2", "n0"], 2),
        (slice(8, 99), ["n8", "n9"], 4),
    ],
)
def test_any_index_and_slice_fetches_no_more_than_it_needs(session, answers, index, expected, requests):
    fill(answers, 10)
    found = session.query("Task", page_size=3)[index]
    assert ([task["name"] for task in found] if isinstance(index, slice) else found["name"]) == expected
    assert len(answers.requests) == requests


def test_an_index_past_the_end_is_an_index_error(session, answers):
    fill(answers, 2)
    for index in (2, -3):
        with pytest.raises(IndexError, match="found 2"):
            session.query("Task")[index]


def test_limit_and_offset_of_the_query_count(session, answers):
    fill(answers, 10)
    result = session.query("select name from Task limit 3 offset 2", page_size=2)
    assert [task["name"] for task in result] == ["n2", "n3", "n4"]
    assert answers.take_queries() == [
        "select name from Task offset 2 limit 2",
        "select name from Task offset 4 limit 1",
    ]


def test_words_within_quotes_are_left_alone(session, answers):
    session.query('Note where content is "limit 30 offset 2"').all()
    assert answers.take_queries() == [
        'select id from Note where content is "limit 30 offset 2" offset 0 limit 500'
    ]


@pytest.mark.parametrize("expression", ["  Task", "\nselect id\n from Task", "Select id From Task"])
def test_blanks_and_capitals_do_not_matter(session, answers, expression):
    fill(answers, 1)
    assert len(session.query(expression)) == 1


def test_first_asks_for_one(session, answers):
    fill(answers, 5)
    assert session.query("Task").first()["name"] == "n0"
    assert session.query("Task offset 3").first()["name"] == "n3"
    assert answers.take_queries() == [
        "select context_type, id, name from Task limit 1",
        "select context_type, id, name from Task offset 3 limit 1",
    ]
    assert session.query("Note").first() is None
    with pytest.raises(ValueError, match="limit"):
        session.query("Task limit 2").first()


def test_one_wants_exactly_one(session, answers):
    fill(answers, 2)
    with pytest.raises(exception.MultipleResultsFoundError):
        session.query("Task").one()
    with pytest.raises(exception.NoResultFoundError):
        session.query("Note").one()
    for expression in ("Task limit 1", "Task offset 1"):
        with pytest.raises(ValueError, match="Leave it out"):
            session.query(expression).one()
    fill(answers, 1)
    assert session.query("Task").one()["name"] == "n0"


def test_bool_fetches_one_page(session, answers):
    fill(answers, 10)
    assert session.query("Task", page_size=2)
    assert not session.query("Note")
    assert len(answers.requests) == 2


def test_unknown_types_are_named_at_once_with_the_nearest(session, answers):
    for expression in ("Tsk", "select id from Tsk"):
        with pytest.raises(exception.UnrecognisedEntityTypeError, match='Did you mean "Task"'):
            session.query(expression)
    assert answers.requests == []


def test_nonsense_is_a_query_error(session):
    with pytest.raises(exception.QueryError):
        session.query("Task where")
    with pytest.raises(ValueError, match="at least one row"):
        session.query("Task", page_size=0)


def test_an_error_on_a_page_that_is_fetched_ahead_comes_out_and_can_be_tried_again(session, answers):
    fill(answers, 6)
    answers.on_action = lambda action: (
        {"exception": "ServerError", "content": "{no}"}
        if "offset 4" in action.get("expression", "")
        else None
    )
    result = session.query("Task", page_size=2)
    with pytest.raises(exception.ServerError, match="no"):
        result.all()
    answers.on_action = None
    assert len(result.all()) == 6
    assert len({task["id"] for task in result}) == 6


def test_an_answer_without_rows_is_a_response_error(session, answers):
    answers.on_action = lambda action: {"action": "query"}
    with pytest.raises(exception.ServerResponseError):
        session.query("Task").all()


def test_locally_changed_default_projections_count(session, answers):
    session.types["Task"].default_projections = ["name"]
    session.query("Task").all()
    assert answers.take_queries() == ["select name from Task offset 0 limit 500"]


def test_the_page_of_a_text_can_be_taken_off(session):
    result = session.query("Task")
    assert result._extract_offset_and_limit('Task where name is "limit 3" limit 4 offset 5') == (
        'Task where name is "limit 3"',
        5,
        4,
    )


@pytest.mark.parametrize(
    "expression",
    [
        "ReviewSession where status is open",
        "select asset_version_id from ReviewSessionObject",
        "ReviewSessionInvitee where role is viewer",
        "select invitees.role from Anything",
        "select text from Note",
        "select replies.user from Thing",
        "select name from AssetVersion",
        "select asset_versions.name from Anything",
        "FileComponent where file_path like a",
        "Anything where is_public is true",
    ],
)
def test_the_hints_find_every_query_that_may_hold_an_idiom(session, expression):
    from ftrack_review._idioms import _HINTS
    from ftrack_review._idioms.table import CONCERNED

    for text in (expression, expression.upper()):
        if CONCERNED.search(text):
            assert any(hint in text.lower() for hint in _HINTS)
            assert session.idioms.concerns(text)
    assert CONCERNED.search(expression)
    assert not session.idioms.concerns("select name, status.name from Task where bid > 1")
