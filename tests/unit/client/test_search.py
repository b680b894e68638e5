import pytest

import ftrack_review.exception as exception
from tests.session_transport import record


@pytest.fixture
def searched(session, answers):
    """Answer searches with two tasks, in pages of what is asked for."""

    def answer(action):
        if action["action"] != "search":
            return None
        return {
            "action": "search",
            "data": [record("Task", "t1"), record("Task", "t2")],
            "metadata": {"next": {}},
        }

    answers.on_action = answer
    return answers


def test_a_search_sends_its_terms_with_a_query(session, searched):
    found = session.search("Task", ["anim", "sh010"])
    assert searched.take_requests() == []
    assert [task["id"] for task in found] == ["t1", "t2"]
    (action,) = searched.take_requests()[0]
    assert action == {
        "action": "search",
        "entity_type": "Task",
        "terms": ["anim", "sh010"],
        "expression": "select context_type, id, name from Task offset 0 limit 500",
        "context_id": None,
        "object_type_ids": None,
    }


def test_a_text_is_split_into_its_terms(session, searched):
    session.search("Task", "  anim sh010 ").all()
    assert searched.take_requests()[0][0]["terms"] == ["anim", "sh010"]


def test_an_expression_says_what_to_select(session, searched):
    session.search("Task", "a", expression='select name from Task where name like "b%"').first()
    assert (
        searched.take_requests()[0][0]["expression"] == 'select name from Task where name like "b%" limit 1'
    )


def test_context_and_types_are_entities_or_ids(session, searched):
    project = session.create("Project", {"id": "p1"}, reconstructing=True)
    kind = session.create("Status", {"id": "k1"}, reconstructing=True)
    session.search("Task", "a", context=project, object_types=[kind, "k2"]).all()
    action = searched.take_requests()[0][0]
    assert (action["context_id"], action["object_type_ids"]) == ("p1", ["k1", "k2"])
    session.search("Task", "a", context="c1", object_types="k3").all()
    action = searched.take_requests()[0][0]
    assert (action["context_id"], action["object_type_ids"]) == ("c1", ["k3"])


def test_a_server_without_search_is_named(session):
    with pytest.raises(
        exception.ServerCompatibilityError, match="'dev', has no search. Use session.query"
    ) as caught:
        session.search("Task", "a").all()
    assert caught.value.action == "search"


def test_an_unknown_type_is_refused_at_once(session, answers):
    with pytest.raises(exception.UnrecognisedEntityTypeError):
        session.search("Taks", "a")
    assert answers.take_requests() == []


def test_terms_are_texts(session):
    with pytest.raises(TypeError, match="terms of a search are texts"):
        session.search("Task", [1])


def test_a_search_shows_what_is_sought(session):
    assert "['a'] in 'Task'" in repr(session.search("Task", "a"))
