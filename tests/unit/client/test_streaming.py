import gc
import weakref

import pytest

from tests.session_transport import record


def tasks(count, **values):
    return [record("Task", f"t{number}", name=f"task {number}", **values) for number in range(count)]


@pytest.fixture
def streamed(session, answers):
    answers.rows["Task"] = tasks(10)
    return session.query("select name from Task")


def known(session):
    return {key for entities in session._identities.types.values() for key in entities} - LOCATIONS


LOCATIONS = set()


@pytest.fixture(autouse=True)
def _locations(session):
    LOCATIONS.clear()
    LOCATIONS.update(known(session))


def test_a_stream_gives_every_entity_in_order(streamed):
    assert [task["name"] for task in streamed.stream(page_size=3)] == [
        f"task {number}" for number in range(10)
    ]


def test_a_page_is_fetched_when_it_is_needed(streamed, answers):
    stream = streamed.stream(page_size=4)
    assert answers.take_requests() == []
    for _ in range(4):
        next(stream)
    assert answers.take_queries() == ["select name from Task offset 0 limit 4"]
    next(stream)
    assert answers.take_queries() == ["select name from Task offset 4 limit 4"]


def test_the_session_forgets_what_was_streamed(streamed, session):
    references = [weakref.ref(task) for task in streamed.stream(page_size=3)]
    gc.collect()
    assert [reference() for reference in references] == [None] * 10
    assert known(session) == set()


def test_what_a_row_refers_to_is_forgotten_too(session, answers):
    parent = {"__entity_type__": "Project", "id": "p", "name": "film"}
    answers.rows["Task"] = [record("Task", f"t{number}", parent=dict(parent)) for number in range(4)]
    assert [task["parent"]["name"] for task in session.query("select parent.name from Task").stream()] == [
        "film"
    ] * 4
    assert known(session) == set()


def test_an_entity_that_the_session_knew_stays(streamed, session, answers):
    mine = session.create("Task", {"id": "t3", "name": "old"}, reconstructing=True)
    assert [task for task in streamed.stream() if task["id"] == "t3"][0] is mine
    assert session.get("Task", "t3") is mine
    assert mine["name"] == "task 3"


def test_an_entity_that_the_caller_keeps_stays_the_one_of_its_identity(streamed, session, answers):
    kept = [task for task in streamed.stream(page_size=2) if task["id"] in ("t1", "t8")]
    answers.take_requests()
    assert session.get("Task", "t1") is kept[0]
    assert answers.take_requests() == []
    assert session.query("Task").all()[8] is kept[1]


def test_a_kept_entity_does_not_keep_its_page(streamed):
    page = []
    kept = None
    for task in streamed.stream():
        page.append(weakref.ref(task))
        if task["id"] == "t5":
            kept = task
    del task
    gc.collect()
    assert [reference() for reference in page if reference() is not None] == [kept]


def test_an_entity_with_a_local_change_stays_until_it_is_committed(streamed, session, answers):
    for task in streamed.stream(page_size=2):
        if task["id"] == "t2":
            task["name"] = "mine"
    assert [task["name"] for task in session.modified] == ["mine"]
    answers.take_requests()
    session.commit()
    assert answers.take_requests()[0][0]["entity_key"] == ["t2"]


def test_a_change_after_the_entity_was_let_go_is_committed_and_settled(streamed, session, answers):
    kept = next(task for task in list(streamed.stream(page_size=2)) if task["id"] == "t2")
    kept["name"] = "mine"
    assert session.modified == [kept]
    session.commit()
    assert session.modified == []
    assert kept._remote is None


def test_a_deletion_in_a_stream_is_committed(streamed, session, answers):
    for task in streamed.stream(page_size=2):
        if task["id"] == "t2":
            session.delete(task)
    answers.take_requests()
    session.commit()
    assert [action["action"] for action in answers.take_requests()[0]] == ["delete"]


def test_limit_and_offset_of_the_query_count(session, answers):
    answers.rows["Task"] = tasks(10)
    found = session.query("select name from Task offset 2 limit 5").stream(page_size=2)
    assert [task["id"] for task in found] == ["t2", "t3", "t4", "t5", "t6"]


def test_a_stream_that_is_left_lets_go(streamed, session):
    stream = streamed.stream()
    next(stream)
    stream.close()
    assert known(session) == set()


def test_two_streams_of_one_result_each_begin_at_the_start(streamed):
    assert len(list(streamed.stream())) == len(list(streamed.stream())) == 10


def test_a_page_without_rows_is_refused(streamed):
    with pytest.raises(ValueError, match="at least one row"):
        streamed.stream(page_size=0)


def test_a_server_that_does_not_go_on_ends_the_stream(session, answers):
    answers.on_action = lambda action: {
        "action": "query",
        "data": [record("Task", "t1")],
        "metadata": {"next": {"offset": 0}},
    }
    assert len(list(session.query("Task").stream())) == 1


def test_a_rollback_reaches_an_entity_that_was_let_go(streamed, session):
    kept = next(task for task in list(streamed.stream()) if task["id"] == "t2")
    kept["name"] = "mine"
    session.rollback()
    assert kept["name"] == "task 2"
