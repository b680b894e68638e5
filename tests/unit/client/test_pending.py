import json

import pytest

from ftrack_review._loading import load
from ftrack_review.symbol import NOT_SET
from tests.session_transport import error, record


@pytest.fixture
def task(session):
    (loaded,) = load(
        session,
        [record("Task", "t1", name="anim", bid=1.0, status=record("Status", "s1", name="Open"), notes=[])],
    )
    return loaded


def test_nothing_is_pending_at_first(session):
    pending = session.pending()
    assert not pending
    assert list(pending) == []
    assert str(pending) == "Nothing to commit."


def test_an_update_tells_old_and_new(session, task):
    status = session.create("Status", {"id": "s2", "name": "Done"}, reconstructing=True)
    old = task["status"]
    task["name"], task["status"] = "comp", status
    (change,) = session.pending()
    assert (change.kind, change.entity, change.entity_type, change.key) == (
        "update",
        task,
        "Task",
        {"id": "t1"},
    )
    assert [(each.name, each.old, each.new) for each in change] == [
        ("name", "anim", "comp"),
        ("status", old, status),
    ]
    assert str(change) == (
        '~ Task comp (t1)\n    name: "anim" -> "comp"\n    status: Status Open (s1) -> Status Done (s2)'
    )


def test_several_updates_are_one_with_the_first_old_value(session, task):
    for name in ("a", "b", "c"):
        task["name"] = name
    (change,) = session.pending()
    assert [(each.old, each.new) for each in change] == [("anim", "c")]


def test_a_value_that_was_never_loaded_is_not_fetched(session, task, answers):
    task["parent_id"] = "p1"
    (change,) = session.pending()
    assert change.attributes[0].old is NOT_SET
    assert str(change.attributes[0]) == 'parent_id: (not loaded) -> "p1"'
    str(session.pending())
    assert answers.requests == []


def test_a_creation_tells_its_values(session, task):
    note = session.create("Note", {"id": "n1", "content": "Two\nlines"})
    (change,) = session.pending()
    assert (change.kind, change.entity) == ("create", note)
    assert str(change) == '+ Note (n1)\n    content: "Two\\nlines"'


def test_a_deletion_is_told(session, task):
    session.delete(task)
    assert str(session.pending()) == "- Task anim (t1)"


def test_what_comes_and_goes_is_not_pending(session):
    session.delete(session.create("Note", {"content": "a"}))
    assert not session.pending()


def test_a_collection_tells_who_came_and_went(session, task):
    first, second = load(session, [record("Note", "n1"), record("Note", "n2")])
    task["notes"].append(first)
    session.commit()
    task["notes"] = [second]
    (change,) = session.pending()
    assert (change.attributes[0].old, change.attributes[0].new) == ((first,), (second,))
    assert str(change.attributes[0]) == "notes: + [Note (n2)], - [Note (n1)]"


def test_what_was_told_does_not_change_afterwards(session, task):
    note = session.create("Note", {"id": "n1"})
    task["notes"].append(note)
    task["name"] = "b"
    pending = session.pending()
    text = [(each.name, each.old, each.new) for change in pending for each in change]
    task["notes"].append(session.create("Note", {}))
    task["name"] = "c"
    session.commit()
    assert [(each.name, each.old, each.new) for change in pending for each in change] == text


def test_it_is_what_a_commit_sends(session, task, answers):
    note = session.create("Note", {"content": "a", "metadata": {"k": "v"}})
    task["notes"].append(note)
    task["name"] = "b"
    session.delete(session.create("Status", {"id": "s9"}, reconstructing=True))
    pending = session.pending()
    session.commit()
    (request,) = answers.take_requests()
    assert [(change.kind, change.entity_type, [*change.key.values()]) for change in pending] == [
        (action["action"], action["entity_type"], action["entity_key"]) for action in request
    ]
    assert [{each.name for each in change} for change in pending] == [
        set(action.get("entity_data", {})) - {"__entity_type__"} for action in request
    ]


def test_changes_of_one_entity_and_slices(session, task):
    task["name"] = "b"
    session.create("Note", {"id": "n1"})
    pending = session.pending()
    assert [change.kind for change in pending.of(task)] == ["update"]
    assert len(pending[1:]) == 1
    assert repr(pending) == "<PendingChanges create: 1, update: 1, delete: 0>"
    assert repr(pending[0]) == "<EntityChange update Task (t1)>"


def test_a_dry_run_sends_nothing_and_keeps_everything(session, task, answers):
    task["name"] = "b"
    pending = session.commit(dry_run=True)
    assert str(pending) == str(session.pending())
    assert answers.requests == []
    assert session.modified == [task]
    assert session.commit() is None
    assert len(answers.requests) == 1


def test_a_dry_run_raises_what_a_commit_would(session, task, answers):
    task["name"] = object()
    assert session.pending()
    with pytest.raises(TypeError):
        session.commit(dry_run=True)
    task["name"] = "good"
    answers.on_action = lambda _: error()
    assert session.commit(dry_run=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "hunter2"),
        ("api_key", "hunter2"),
        ("name", "https://me:hunter2@host/x"),
        ("name", "see http://host/?apiKey=hunter2&x=1"),
        ("name", {"nested": [{"client_secret": "hunter2"}]}),
    ],
)
def test_secrets_are_not_in_texts(session, task, name, value):
    from ftrack_review.operation import UpdateEntityOperation

    session.recorded_operations.push(
        UpdateEntityOperation("Task", {"id": "t1"}, name, "hunter2" * (name != "name"), value)
    )
    pending = session.pending()
    assert "hunter2" not in f"{pending} {pending!r} {pending[0]!r} {pending[0].attributes!r}"
    assert "***" in str(pending)
    assert pending[0].attributes[0].new == value


def test_metadata_under_a_secret_key_is_hidden(session, task):
    task["metadata"]["render_password"] = "hunter2"
    task["metadata"]["fps"] = "24"
    text = str(session.pending())
    assert "hunter2" not in text
    assert '"24"' in text


def test_long_and_odd_values_take_one_line(session, task):
    import arrow

    task["name"] = "x" * 1000
    task["end_date"] = arrow.get(2024, 1, 2)
    task["bid"] = None
    lines = str(session.pending()).splitlines()
    assert all(len(line) < 250 for line in lines)
    assert lines[2:] == ["    end_date: (not loaded) -> 2024-01-02T00:00:00+00:00", "    bid: 1.0 -> null"]
    assert json.dumps(lines)
