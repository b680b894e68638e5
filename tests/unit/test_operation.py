"""The list of what a session did."""

import pickle

import pytest

from ftrack_review.operation import (
    CreateEntityOperation,
    DeleteEntityOperation,
    Operations,
    UpdateEntityOperation,
)


def test_operations_keep_their_order():
    operations = Operations()
    first = CreateEntityOperation("Task", {"id": "1"}, {"id": "1"})
    second = UpdateEntityOperation("Task", {"id": "1"}, "name", "a", "b")
    third = DeleteEntityOperation("Task", {"id": "1"})
    for operation in (first, second, third):
        operations.push(operation)
    assert list(operations) == [first, second, third]
    assert len(operations) == 3
    assert operations.pop() is third
    operations.clear()
    assert not len(operations)
    with pytest.raises(IndexError):
        operations.pop()


def test_what_the_caller_changes_later_is_not_recorded():
    data, value = {"id": "1"}, ["a"]
    created = CreateEntityOperation("Task", {"id": "1"}, data)
    updated = UpdateEntityOperation("Task", {"id": "1"}, "names", value, value)
    data["name"] = "x"
    value.append("b")
    assert created.entity_data == {"id": "1"}
    assert updated.old_value == updated.new_value == ["a"]


def test_live_values_stay_what_they_are():
    class Live(list):
        pass

    value = Live()
    assert UpdateEntityOperation("Task", {"id": "1"}, "notes", None, value).new_value is value


def test_values_are_not_shown():
    assert "secret" not in repr(UpdateEntityOperation("User", {"id": "1"}, "password", "secret", "secret"))
    assert "secret" not in repr(CreateEntityOperation("User", {"id": "1"}, {"password": "secret"}))
    assert repr(DeleteEntityOperation("User", {"id": "1"})) == "<DeleteEntityOperation User ('1',)>"


def test_an_update_kept_as_a_tuple_becomes_an_operation_when_somebody_looks():
    operations = Operations()
    key = {"id": "1"}
    operations._stack.extend(("Task", "id", "1", "name", "a", name) for name in "bcd")
    latest = operations.pop()
    assert isinstance(latest, UpdateEntityOperation)
    assert (latest.attribute_name, latest.old_value, latest.new_value) == ("name", "a", "d")
    copies = pickle.loads(pickle.dumps(operations))
    for each in (operations, copies):
        first, second = each
        assert (first.entity_type, first.entity_key, first.new_value) == ("Task", key, "b")
        assert second.new_value == "c"
        # The same ones the next time, so that what somebody changes of them stays.
        assert [id(item) for item in each] == [id(first), id(second)]
