"""Programs put methods of their own in the place of ``Session.call``: everything that is sent goes through them."""

import unittest.mock

import pytest

from ftrack_review import exception
from ftrack_review.session import Session
from tests.session_transport import AnsweredSession, record


def fill(answers, count):
    answers.rows["Task"] = [record("Task", f"t{index}", name=f"n{index}") for index in range(count)]


def actions(call):
    return [[action["action"] for action in each[0][-1]] for each in call.call_args_list]


def test_pages_go_through_what_a_session_was_given(session, answers):
    fill(answers, 5)
    with unittest.mock.patch.object(session, "call", wraps=session.call) as call:
        tasks = session.query("Task", page_size=2).all()
    assert [task["name"] for task in tasks] == ["n0", "n1", "n2", "n3", "n4"]
    assert actions(call) == [["query"]] * 3
    assert session.get("Task", "t3") is tasks[3]


def test_pages_go_through_what_the_class_was_given(session, answers, monkeypatch):
    fill(answers, 4)
    seen, plain = [], Session.call

    def call(self, data):
        seen.append(data[0]["expression"])
        return plain(self, data)

    monkeypatch.setattr(Session, "call", call)
    assert len(list(session.query("Task", page_size=3))) == 4
    assert len(seen) == 2
    assert len(list(session.query("select id from Task").stream(page_size=2))) == 4
    assert len(seen) == 4


def test_a_subclass_sees_everything_from_the_start(answers):
    class Recording(AnsweredSession):
        def __init__(self, *arguments):
            self.seen = []
            super().__init__(*arguments)

        def call(self, data):
            self.seen.append([action["action"] for action in data])
            return super().call(data)

    with Recording(answers) as session:
        task = session.create("Task", {"name": "a"})
        session.commit()
        task["name"] = "b"
        session.commit()
        assert task["name"] == "b"
        fill(answers, 1)
        session.populate(session.get("Task", "t0"), "bid")
        assert session.refresh(session.query("Task").all()) == []
    assert session.seen[:4] == [["query_server_information"], ["query_schemas"], ["create"], ["update"]]
    assert session.seen[4:] == [["query"]] * (len(session.seen) - 4)


def test_the_older_name_counts_as_well(session, answers):
    fill(answers, 1)
    with unittest.mock.patch.object(session, "_call", wraps=session._call) as call:
        session.query("Task").all()
    assert actions(call) == [["query"]]


def test_answers_can_be_made_up(session, answers):
    fill(answers, 2)
    task = session.query("Task").first()
    answer = [{"action": "query", "data": [task], "metadata": {"next": {"offset": None}}}]
    with unittest.mock.patch.object(session, "call", return_value=answer):
        assert session.query("Task").all() == [task]
        assert list(session.query("Task").stream()) == [task]


def test_what_a_commit_sends_stays_recorded_where_it_fails(session, answers):
    task = session.create("Task", {"name": "a"})
    broken = unittest.mock.patch.object(session, "call", side_effect=exception.ServerError("broken"))
    with broken, pytest.raises(exception.ServerError, match="broken"):
        session.commit()
    assert len(session.recorded_operations)
    session.commit()
    assert task["name"] == "a"
    assert [request[0]["action"] for request in answers.take_requests()] == ["create"]


@pytest.mark.parametrize("name", ["get_widget_url", "send_user_invite"])
def test_an_old_server_is_told_also_by_a_plain_error(session, name):
    error = exception.ServerError(f"Server reported error: ServerError(Invalid action u'{name}')")
    user = session.create("User", {"id": "u1"}, reconstructing=True)
    ask = session.get_widget_url if name == "get_widget_url" else session.send_user_invite
    refused = unittest.mock.patch.object(session, "call", side_effect=error)
    with refused, pytest.raises(exception.ServerCompatibilityError, match=name):
        ask("tasks" if name == "get_widget_url" else user)
