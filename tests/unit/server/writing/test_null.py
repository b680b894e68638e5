"""A null that may not stay is answered with what became of it."""

import pytest

from tests.unit.server.writing.desk import create, update


def answered(desk, action):
    return desk.send(action)[0]["data"]


def test_a_required_number_becomes_zero(desk):
    answer = answered(desk, create("Task", name="t", parent_id=desk.project(), bid=None, description=None))
    assert (answer["bid"], answer["description"]) == (0.0, None)
    answer = answered(desk, update("Task", answer["id"], bid=None))
    assert answer["bid"] == 0.0
    assert desk.one("select bid from Task")["bid"] == 0.0


def test_a_value_of_the_same_batch_is_told_as_it_is_at_its_end(desk):
    action = create("Task", name="t", parent_id=desk.project(), bid=None)
    first, second = desk.send(action, update("Task", action["entity_data"]["id"], bid=3.0))
    assert [first["data"]["bid"], second["data"]["bid"]] == [3.0, 3.0]


@pytest.mark.parametrize("name", ["status", "status_id"])
def test_a_status_becomes_that_of_the_workflow(desk, name):
    answer = answered(desk, create("Task", name="t", parent_id=desk.project(), **{name: None}))
    held = desk.one("select status.name from Task")["status"]
    found = answer[name] if name == "status_id" else answer[name]["id"]
    assert (found, held["name"]) == (held["id"], "Not started")


def test_a_null_that_is_right_stays(desk):
    answer = answered(
        desk, create("Task", name="t", parent_id=desk.project(), description=None, end_date=None)
    )
    assert (answer["description"], answer["end_date"]) == (None, None)
    answer = answered(desk, update("Task", answer["id"], type=None, description=None))
    assert (answer["type"], answer["description"]) == (None, None)
