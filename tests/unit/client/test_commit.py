import threading

import pytest

from ftrack_review import exception, inspection
from ftrack_review._loading import load
from ftrack_review.operation import Operations
from ftrack_review.symbol import CREATED, DELETED, MODIFIED, NOT_SET
from tests.session_transport import error, record


def actions(answers):
    requests = answers.take_requests()
    assert len(requests) <= 1, "a commit is one request"
    return [
        (action["action"], action["entity_type"], action["entity_key"], action.get("entity_data"))
        for request in requests
        for action in request
    ]


def test_everything_goes_in_one_request(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    session.create("Note", {"id": "n1", "content": "hi"})
    task["name"] = "b"
    task["name"] = "c"
    task["bid"] = 3.0
    session.delete(load(session, [record("Status", "s1")])[0])
    session.commit()
    assert actions(answers) == [
        ("create", "Note", ["n1"], {"__entity_type__": "Note", "id": "n1", "content": "hi"}),
        ("update", "Task", ["t1"], {"__entity_type__": "Task", "name": "c", "bid": 3.0}),
        ("delete", "Status", ["s1"], None),
    ]
    assert list(session.recorded_operations) == []
    session.commit()
    assert answers.requests == []


def test_values_of_actions_are_references(session, answers):
    status = session.create("Status", {"id": "s1", "name": "x"})
    user = load(session, [record("User", "u1", username="a")])[0]
    (task,) = load(session, [record("Task", "t1", notes=[record("Note", "n1")])])
    task["status"] = status
    note = session.create("Note", {"id": "n2", "content": "c", "author": user})
    task["notes"].append(note)
    session.commit()
    sent = actions(answers)
    assert sent[1][3]["status"] == {"__entity_type__": "Status", "id": "s1"}
    assert sent[2][3]["author"] == {"__entity_type__": "User", "id": "u1"}
    assert sent[-1][3]["notes"] == [record("Note", "n1"), record("Note", "n2")]


def test_after_a_failed_commit_everything_is_still_there(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a", notes=[])])
    task["name"] = "b"
    note = session.create("Note", {"content": "{x}"})
    task["notes"].append(note)
    before = list(session.recorded_operations)
    answers.on_action = lambda action: error("no {braces} here")
    with pytest.raises(exception.ServerValidationError, match="braces"):
        session.commit()
    assert list(session.recorded_operations) == before
    assert (task["name"], list(task["notes"])) == ("b", [note])
    assert (inspection.state(task), inspection.state(note)) == (MODIFIED, CREATED)
    assert task.attributes.get("name").get_remote_value(task) == "a"
    answers.on_action = None
    first = answers.take_requests()[0]
    session.commit()
    assert answers.take_requests() == [first]
    assert (task["name"], list(task["notes"])) == ("b", [note])
    assert inspection.states([task, note]) == [NOT_SET, NOT_SET]
    assert answers.requests == []


def test_a_short_answer_loses_nothing(session, answers):
    session.create("Note", {"content": "a"})
    answers.call = lambda body, timeout_s: b"[]"
    with pytest.raises(exception.ServerResponseError, match="0 results"):
        session.commit()
    assert len(session.recorded_operations) == 1


def test_the_answer_counts_and_what_it_lacks_is_fetched(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a", bid=1.0)])
    answers.on_action = lambda action: (
        {"action": "update", "data": record("Task", "t1", name="B")} if action["action"] == "update" else None
    )
    task["name"], task["bid"] = "b", 2.0
    session.commit()
    assert task["name"] == "B"
    answers.take_requests()
    answers.rows["Task"] = [record("Task", "t1", bid=2.5)]
    assert task["bid"] == 2.5
    assert len(answers.take_requests()) == 1


def test_computed_attributes_and_the_other_name_of_a_reference_are_forgotten(session, answers):
    done, other = load(session, [record("Status", "s1"), record("Status", "s2")])
    (task,) = load(
        session, [record("Task", "t1", status=record("Status", "s1"), status_id="s1", time_logged=3)]
    )
    assert task["status"] is done
    task["status"] = other
    session.commit()
    assert task["status"] is other
    answers.rows["Task"] = [record("Task", "t1", status_id="s2", time_logged=4)]
    assert (task["status_id"], task["time_logged"]) == ("s2", 4)


def test_deleted_entities_are_gone_after_the_commit(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    session.delete(task)
    assert inspection.state(task) is DELETED
    assert session.deleted == [task]
    session.commit()
    assert session.deleted == []
    assert session.get("Task", "t1") is None
    assert task["name"] == "a"


def test_created_and_deleted_is_not_sent(session, answers):
    note = session.create("Note", {"content": "a"})
    session.delete([note])
    session.commit()
    assert answers.requests == []
    assert session._identities.find("Note", note["id"]) is None


def test_rollback_brings_back_what_was(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a", notes=[record("Note", "n1")])])
    notes = task["notes"]
    task["name"] = "b"
    task["bid"] = 2.0
    created = session.create("Note", {"id": "n2", "content": "x"})
    vanished = session.create("Note", {"id": "n3"})
    session.delete(vanished)
    notes.append(created)
    session.delete(task)
    assert (session.created, session.modified) == ([created], [])
    assert set(session.deleted) == {task, vanished}
    session.rollback()
    assert task["name"] == "a"
    assert [note["id"] for note in notes] == ["n1"]
    assert inspection.state(task) is NOT_SET
    assert not session.created
    assert not session.modified
    assert not session.deleted
    assert session._identities.find("Note", "n2") is None
    assert session._identities.find("Note", "n3") is None
    session.commit()
    assert answers.requests == []


def test_states(session):
    note = session.create("Note", {})
    (task,) = load(session, [record("Task", "t1", name="a")])
    assert inspection.states([note, task]) == [CREATED, NOT_SET]
    note["content"] = "a"
    task["name"] = "b"
    assert inspection.states([note, task]) == [CREATED, MODIFIED]
    assert (session.created, session.modified) == ([note], [task])
    session.recorded_operations.pop()
    assert inspection.state(task) is NOT_SET
    session.delete(note)
    note["content"] = "b"
    assert inspection.state(note) is DELETED
    session.recorded_operations.clear()
    assert inspection.states([note, task]) == [NOT_SET, NOT_SET]


def test_what_is_recorded_while_a_commit_is_on_its_way_waits_for_the_next(session, answers):
    """Measured on the official client: the operation was lost without an error."""
    (task,) = load(session, [record("Task", "t1", name="a", bid=0.0)])
    task["name"] = "first"
    task["bid"] = 1.0
    arrived, go_on = threading.Event(), threading.Event()
    plain_call = answers.call

    def call(body, timeout_s):
        arrived.set()
        assert go_on.wait(10)
        return plain_call(body, timeout_s)

    answers.call = call
    thread = threading.Thread(target=session.commit)
    thread.start()
    assert arrived.wait(10)
    task["name"] = "second"
    note = session.create("Note", {"id": "n1", "content": "meanwhile"})
    go_on.set()
    thread.join(10)
    assert (task["name"], task["bid"]) == ("second", 1.0)
    assert task.attributes.get("name").get_remote_value(task) == "first"
    assert inspection.states([task, note]) == [MODIFIED, CREATED]
    answers.take_requests()
    session.commit()
    assert [(action[0], action[3]["__entity_type__"]) for action in actions(answers)] == [
        ("update", "Task"),
        ("create", "Note"),
    ]
    assert task["name"] == "second"


def test_reading_is_possible_while_a_request_is_on_the_wire(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    task["name"] = "b"
    plain_call = answers.call
    seen = []

    def call(body, timeout_s):
        def other():
            with session._lock:
                seen.append(task["name"])

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
        return plain_call(body, timeout_s)

    answers.call = call
    session.commit()
    assert seen == ["b"]


def test_nothing_is_recorded_with_recording_off(session, answers):
    with session.operation_recording(False):
        note = session.create("Note", {"content": "a"})
        note["content"] = "b"
        session.delete(note)
    session.commit()
    assert answers.requests == []
    assert note["content"] == "b"


def test_switches_belong_to_threads(session):
    found = []
    with session.auto_populating(False), session.operation_recording(False):
        thread = threading.Thread(
            target=lambda: found.append((session.auto_populate, session.record_operations))
        )
        thread.start()
        thread.join(10)
        assert (session.auto_populate, session.record_operations) == (False, False)
    assert found == [(True, True)]
    assert (session.auto_populate, session.record_operations) == (True, True)


def test_a_commit_looks_at_what_changed_only(session, answers):
    tasks = load(session, [record("Task", f"t{index}", name="a") for index in range(1000)])

    class Watched(dict):
        def __getattribute__(self, name):
            raise AssertionError("the values of an unchanged entity were touched")

    for task in tasks[1:]:
        task._values = Watched()
    tasks[0]["name"] = "b"
    session.commit()
    assert tasks[0]["name"] == "b"
    tasks[0]["name"] = "c"
    session.rollback()
    assert tasks[0]["name"] == "b"


def lose_answers(answers):
    """Let the server do what it is sent, and lose its answer. Return the function that ends this."""
    plain_call = answers.call

    def call(body, timeout_s):
        plain_call(body, timeout_s)
        raise exception.ServerConnectionError("cut off")

    answers.call = call
    return lambda: setattr(answers, "call", plain_call)


def test_a_commit_whose_answer_was_lost_is_not_done_twice(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    note = session.create("Note", {"id": "n1", "content": "x", "metadata": {"k": "v"}})
    task["name"] = "b"
    put_right = lose_answers(answers)
    with pytest.raises(exception.ServerConnectionError):
        session.commit()
    assert len(session.recorded_operations) == 4
    put_right()
    later = session.create("Note", {"id": "n2", "content": "later"})
    answers.take_requests()
    answers.rows["Note"] = [record("Note", "n1", content="X")]
    answers.rows["Metadata"] = [{"__entity_type__": "Metadata", "parent_id": "n1", "key": "k"}]
    session.commit()
    check, rest = answers.take_requests()
    assert sorted(action["expression"] for action in check) == [
        'select id from Note where id is "n1"',
        'select parent_id, key from Metadata where parent_id is "n1" and key is "k"',
    ]
    assert [(action["action"], action["entity_key"]) for action in rest] == [("create", ["n2"])]
    assert inspection.states([note, task, later]) == [NOT_SET] * 3
    assert note["content"] == "X"


def test_a_commit_that_was_lost_on_the_way_is_sent_again(session, answers):
    session.create("Note", {"id": "n1", "content": "x"})
    put_right = lose_answers(answers)
    with pytest.raises(exception.ServerConnectionError):
        session.commit()
    put_right()
    sent = answers.take_requests()[0]
    session.commit()
    assert answers.take_requests()[1] == sent
    assert len(session.recorded_operations) == 0


def test_after_a_rollback_there_is_nothing_to_find_out(session, answers):
    session.create("Note", {"id": "n1"})
    put_right = lose_answers(answers)
    with pytest.raises(exception.ServerConnectionError):
        session.commit()
    put_right()
    session.rollback()
    answers.take_requests()
    session.create("Note", {"id": "n2"})
    session.commit()
    assert len(answers.take_requests()) == 1


def test_updates_whose_answer_was_lost_are_sent_again(session, answers):
    (task,) = load(session, [record("Task", "t1", name="a")])
    task["name"] = "b"
    put_right = lose_answers(answers)
    with pytest.raises(exception.ServerConnectionError):
        session.commit()
    put_right()
    first = answers.take_requests()
    session.commit()
    assert answers.take_requests() == first


def test_rollback_of_what_was_deleted_and_made_again(session, answers):
    metadata = {"__entity_type__": "Metadata", "parent_id": "t1", "key": "k", "value": "old"}
    (task,) = load(session, [record("Task", "t1", metadata=[metadata])])
    held = task["metadata"]
    del held["k"]
    held["k"] = "new"
    assert dict(held) == {"k": "new"}
    session.rollback()
    assert dict(held) == dict(task["metadata"]) == {"k": "old"}
    del held["k"]
    held["k"] = "new"
    session.commit()
    assert dict(held) == {"k": "new"}
    assert [action["action"] for action in answers.take_requests()[0]] == ["delete", "create", "update"]


def test_operations_are_put_in_the_place_of_others(session, answers):
    (first, second) = load(session, [record("Task", "t1", name="a"), record("Task", "t2", name="a")])
    first["name"] = "b"
    kept, session.recorded_operations = session.recorded_operations, Operations()
    assert inspection.states([first, second]) == [NOT_SET, NOT_SET]
    second["name"] = "b"
    assert inspection.states([first, second]) == [NOT_SET, MODIFIED]
    session.commit()
    assert actions(answers) == [("update", "Task", ["t2"], {"__entity_type__": "Task", "name": "b"})]
    session.recorded_operations = kept
    assert session.recorded_operations is kept
    assert inspection.states([first, second]) == [MODIFIED, NOT_SET]
    session.commit()
    assert actions(answers) == [("update", "Task", ["t1"], {"__entity_type__": "Task", "name": "b"})]


def test_operations_of_ones_own_are_shared_with_the_session(session):
    (task,) = load(session, [record("Task", "t1", name="a")])
    own = Operations()
    session.recorded_operations = own
    task["name"] = "b"
    task["name"] = "c"
    assert (len(own), inspection.state(task)) == (2, MODIFIED)
    own.clear()
    assert (len(session.recorded_operations), inspection.state(task)) == (0, NOT_SET)


def test_only_operations_record_changes(session):
    before = session.recorded_operations
    with pytest.raises(TypeError, match=r"operation\.Operations\(\), not in list"):
        session.recorded_operations = []
    assert session.recorded_operations is before
