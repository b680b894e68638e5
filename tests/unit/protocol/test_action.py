"""The actions as the protocol spells them."""

import pytest

from ftrack_review.protocol import action

ACTIONS = [
    (action.query("Task"), {"action": "query", "expression": "Task"}),
    (
        action.search("Task", ["a"], expression="Task"),
        {"action": "search", "entity_type": "Task", "terms": ["a"], "expression": "Task", "context_id": None, "object_type_ids": None},
    ),
    (
        action.create("User", ["1"], {"id": "1", "username": "u"}),
        {"action": "create", "entity_type": "User", "entity_key": ["1"], "entity_data": {"__entity_type__": "User", "id": "1", "username": "u"}},
    ),
    (
        action.update("User", ("1",), {"username": "u"}),
        {"action": "update", "entity_type": "User", "entity_key": ["1"], "entity_data": {"__entity_type__": "User", "username": "u"}},
    ),
    (action.delete("Task", ["1"]), {"action": "delete", "entity_type": "Task", "entity_key": ["1"]}),
    (action.query_schemas(), {"action": "query_schemas"}),
    (action.query_server_information(), {"action": "query_server_information"}),
    (action.query_server_information(("product",)), {"action": "query_server_information", "values": ["product"]}),
    (
        action.reset_remote("api_key", entity_type="User", entity_key="1"),
        {"action": "reset_remote", "reset_type": "api_key", "entity_type": "User", "entity_key": "1"},
    ),
    (action.get_widget_url("info"), {"action": "get_widget_url", "name": "info", "theme": None}),
    (
        action.get_widget_url("info", theme="dark", entity_type="Task", entity_key=["1"]),
        {"action": "get_widget_url", "name": "info", "theme": "dark", "entity_type": "Task", "entity_key": ["1"]},
    ),
    (
        action.encode_media("c", version_id="v", keep_original=False),
        {"action": "encode_media", "component_id": "c", "version_id": "v", "keep_original": False},
    ),
    (
        action.get_upload_metadata("c", file_name="a.mov", file_size=3, checksum="x"),
        {"action": "get_upload_metadata", "component_id": "c", "file_name": "a.mov", "file_size": 3, "checksum": "x"},
    ),
    (
        action.complete_multipart_upload("c", upload_id="u", parts=[{"part_number": 1, "e_tag": "e"}]),
        {"action": "complete_multipart_upload", "component_id": "c", "upload_id": "u", "parts": [{"part_number": 1, "e_tag": "e"}]},
    ),
    (action.generate_signed_url("c", operation="put"), {"action": "generate_signed_url", "component_id": "c", "operation": "put"}),
    (action.send_user_invite("u"), {"action": "send_user_invite", "user_id": "u"}),
    (action.send_review_session_invite("i"), {"action": "send_review_session_invite", "review_session_invitee_id": "i"}),
    (action.delayed_job("X", {"a": 1}), {"action": "delayed_job", "job_type": "X", "data": {"a": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("made", "wanted"), ACTIONS, ids=lambda value: value["action"])
def test_actions(made, wanted):
    assert made == wanted


def test_parts_are_only_mentioned_where_there_are_some():
    assert "parts" not in action.get_upload_metadata("c", file_name="a", file_size=1)
    assert action.get_upload_metadata("c", file_name="a", file_size=1, parts=3)["parts"] == 3


def test_the_data_is_not_changed():
    data = {"id": "1"}
    action.create("User", ["1"], data)
    assert data == {"id": "1"}


def test_errors():
    made = action.error("ValidationError", "no {braces}")
    assert made == {"exception": "ValidationError", "content": "no (braces)", "error_code": None}
    assert action.is_error(made)
    assert not action.is_error([])
    assert not action.is_error([made])
    assert not action.is_error({"action": "query"})
