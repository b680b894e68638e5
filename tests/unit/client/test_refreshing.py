import pytest

from ftrack_review._loading import load
from tests.session_transport import error, record


def test_what_is_loaded_is_read_again(session, answers):
    (task,) = load(session, [record("Task", "t1", name="old", bid=1.0)])
    answers.rows["Task"] = [record("Task", "t1", name="new", bid=2.0)]
    assert session.refresh(task) == []
    assert answers.take_queries() == ['select id, name, bid from Task where id is "t1" offset 0 limit 500']
    assert (task["name"], task["bid"]) == ("new", 2.0)
    assert answers.requests == []


def test_a_local_change_stays_and_its_remote_value_is_renewed(session, answers):
    (task,) = load(session, [record("Task", "t1", name="old", bid=1.0)])
    task["name"] = "mine"
    answers.rows["Task"] = [record("Task", "t1", name="theirs", bid=2.0)]
    session.refresh([task])
    assert (task["name"], task["bid"]) == ("mine", 2.0)
    assert task.attributes.get("name").get_remote_value(task) == "theirs"
    session.rollback()
    assert task["name"] == "theirs"


def test_types_and_batches_are_requests_and_contents_are_queries_within(session, answers):
    tasks = load(session, [record("Task", f"t{number}", name="a") for number in range(501)])
    short = load(session, [record("Task", "short")])
    (note,) = load(session, [record("Note", "n1", content="a")])
    session.refresh([*short, *tasks, note, note])
    requests = answers.take_requests()
    assert [len(request) for request in requests] == [2, 1, 1]
    assert requests[0][0]["expression"] == 'select id from Task where id is "short" offset 0 limit 500'
    assert requests[2][0]["expression"].startswith("select id, content from Note")


def test_those_that_the_server_does_not_hold_are_returned(session, answers):
    here, gone = load(session, [record("Task", "t1", name="a"), record("Task", "t2", name="b")])
    answers.rows["Task"] = [record("Task", "t1", name="c")]
    assert session.refresh([here, gone]) == [gone]
    assert (here["name"], gone["name"]) == ("c", "b")


def test_new_entities_are_left_out(session, answers):
    assert session.refresh(session.create("Task", {"name": "a"})) == []
    assert answers.requests == []


def test_references_and_collections_are_read_again(session, answers):
    (task,) = load(
        session,
        [
            record(
                "Task",
                "t1",
                status=record("Status", "s1", name="old"),
                notes=[record("Note", "n1", content="a")],
            )
        ],
    )
    notes = task["notes"]
    answers.rows["Task"] = [
        record(
            "Task", "t1", status=record("Status", "s2"), notes=[record("Note", "n2"), record("Note", "n1")]
        )
    ]
    session.refresh(task)
    assert answers.take_queries() == [
        'select id, notes, status.id from Task where id is "t1" offset 0 limit 500'
    ]
    assert task["status"]["id"] == "s2"
    assert [note["id"] for note in notes] == ["n2", "n1"]


def test_a_key_of_several_parts(session, answers):
    link = {"__entity_type__": "NoteLabelLink", "note_id": "n1", "label_id": "l1"}
    (entity,) = load(session, [link])
    session.refresh(entity)
    (query,) = answers.take_queries()
    assert 'note_id is "n1" and label_id is "l1"' in query


def test_entities_stay_siblings_of_those_they_came_with(session, answers):
    tasks = load(session, [record("Task", f"t{number}") for number in range(3)])
    session.refresh(tasks[0])
    answers.rows["Task"] = [record("Task", f"t{number}", name="a") for number in range(3)]
    answers.take_requests()
    assert [task["name"] for task in tasks] == ["a"] * 3
    assert len(answers.take_requests()) == 1


def test_a_failed_refresh_changes_nothing(session, answers):
    (task,) = load(session, [record("Task", "t1", name="old")])
    answers.on_action = lambda _: error()
    with pytest.raises(Exception, match="refused"):
        session.refresh(task)
    assert task["name"] == "old"
