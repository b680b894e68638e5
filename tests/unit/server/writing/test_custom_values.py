import json
import uuid

import pytest

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import create, update

MENU = json.dumps([{"menu": "One", "value": "1"}, {"menu": "Two", "value": "2"}])


def configure(desk, kind, *, key="extra", entity_type="show", config=None, **data):
    type_id = desk.one(f'select id from CustomAttributeType where name is "{kind}"')["id"]
    if config is not None:
        data["config"] = json.dumps(config)
    return desk.create(
        "CustomAttributeConfiguration", key=key, entity_type=entity_type, type_id=type_id, **data
    )


def values(desk, entity_type, key):
    found = desk.one(f"select custom_attributes from {entity_type} where id is {key}")["custom_attributes"]
    return {item["key"]: item["value"] for item in found}


@pytest.mark.parametrize(
    ("kind", "config", "sent", "stored"),
    [
        ("text", None, "hello", "hello"),
        ("text", None, {"__type__": "datetime", "value": "2024-01-01T00:00:00Z"}, "2024-01-01T00:00:00Z"),
        ("text", None, None, None),
        ("url", None, "https://example.com", "https://example.com"),
        ("number", None, 42, 42),
        ("number", None, 2.5, 2.5),
        ("number", {"isdecimal": False}, 42.0, 42),
        ("boolean", None, True, True),
        ("date", None, "2024-01-01", {"__type__": "datetime", "value": "2024-01-01T00:00:00"}),
        (
            "date",
            None,
            {"__type__": "datetime", "value": "2024-01-01T02:00:00.5+02:00"},
            {"__type__": "datetime", "value": "2024-01-01T00:00:00"},
        ),
        ("enumerator", {"multiSelect": False, "data": MENU}, ["1"], ["1"]),
        ("enumerator", {"multiSelect": False, "data": MENU}, "2", ["2"]),
        ("enumerator", {"multiSelect": True, "data": MENU}, ["1", "2"], ["1", "2"]),
        ("enumerator", {"multiSelect": True, "data": MENU}, [], []),
        ("dynamic enumerator", None, ["anything"], ["anything"]),
    ],
)
def test_a_value_is_stored_by_its_type_and_echoed_as_sent(desk, kind, config, sent, stored):
    configuration, project_id = configure(desk, kind, config=config), desk.project()
    answer = desk.update("ContextCustomAttributeValue", [configuration, project_id], value=sent)
    assert answer == {
        "__entity_type__": "ContextCustomAttributeValue",
        "configuration_id": configuration,
        "entity_id": project_id,
        "value": sent,
    }
    assert values(desk, "Project", project_id)["extra"] == stored


@pytest.mark.parametrize(
    ("kind", "config", "sent"),
    [
        ("text", None, 3),
        ("text", None, ["a"]),
        ("number", None, "3"),
        ("number", None, True),
        ("number", {"isdecimal": False}, 2.5),
        ("boolean", None, "yes"),
        ("date", None, "someday"),
        ("date", None, 3),
        ("enumerator", {"multiSelect": False, "data": MENU}, ["3"]),
        ("enumerator", {"multiSelect": False, "data": MENU}, ["1", "2"]),
        ("enumerator", {"multiSelect": True, "data": MENU}, [1]),
        ("dynamic enumerator", None, 5),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_key_and_value(desk, kind, config, sent):
    configuration, project_id = configure(desk, kind, config=config), desk.project()
    with pytest.raises(ServerFault) as caught:
        desk.update("ContextCustomAttributeValue", [configuration, project_id], value=sent)
    assert caught.value.exception_class == "ValidationError"
    assert "'extra'" in caught.value.content
    shown = sent[0] if sent in (["3"], [1]) else sent
    assert repr(shown) in caught.value.content


def test_a_value_can_be_written_before_anything_else_of_its_entity_is_stored(desk):
    configuration = configure(desk, "number")
    schema = desk.one('select id from ProjectSchema where name is "VFX"')["id"]
    project = create("Project", name="p", project_schema_id=schema)
    key = project["entity_data"]["id"]
    write = update("ContextCustomAttributeValue", [configuration, key], value=3)
    desk.send(project, write, update("ContextCustomAttributeValue", [configuration, key], value=4))
    assert values(desk, "Project", key)["extra"] == 4
    desk.send(
        {"action": "delete", "entity_type": "ContextCustomAttributeValue", "entity_key": [configuration, key]}
    )
    assert values(desk, "Project", key)["extra"] == 0


def test_every_family_has_values(desk):
    project_id = desk.project()
    version = desk.version(project_id)
    asset = desk.one("select id from Asset")["id"]
    user = desk.create("User", username="u")
    category = desk.one("select id from ListCategory limit 1")["id"]
    of_list = desk.create("AssetVersionList", name="l", project_id=project_id, category_id=category)
    task = desk.create("Task", name="t", parent_id=project_id)
    task_type = desk.one('select id from ObjectType where name is "Task"')["id"]
    for code, entity_type, key, family, data in (
        ("task", "Task", task, "Context", {"object_type_id": task_type}),
        ("assetversion", "AssetVersion", version, "AssetVersion", {}),
        ("asset", "Asset", asset, "Asset", {}),
        ("user", "User", user, "User", {}),
        ("list", "AssetVersionList", of_list, "List", {}),
    ):
        configuration = configure(desk, "text", key=f"of_{code}", entity_type=code, **data)
        desk.update(f"{family}CustomAttributeValue", [configuration, key], value=code)
        assert values(desk, entity_type, key)[f"of_{code}"] == code
        general = desk.update("CustomAttributeValue", [configuration, key], value="again")
        assert general["__entity_type__"] == "CustomAttributeValue"
        assert values(desk, entity_type, key)[f"of_{code}"] == "again"


def test_a_configuration_has_to_apply(desk):
    project_id, other = desk.project(), desk.project()
    task = desk.create("Task", name="t", parent_id=project_id)
    shot_type = desk.one('select id from ObjectType where name is "Shot"')["id"]
    of_shots = configure(desk, "text", key="a", entity_type="task", object_type_id=shot_type)
    of_other = configure(desk, "text", key="b", project_id=other)
    everywhere = configure(desk, "text", key="c", is_hierarchical=True)
    for configuration, key in ((of_shots, task), (of_other, project_id)):
        with pytest.raises(ServerFault, match="does not apply"):
            desk.update("ContextCustomAttributeValue", [configuration, key], value="x")
    desk.update("ContextCustomAttributeValue", [of_other, other], value="x")
    desk.update("ContextCustomAttributeValue", [everywhere, task], value="x")
    assert values(desk, "Task", task)["c"] == "x"


def test_configuration_and_entity_have_to_exist(desk):
    configuration, missing = configure(desk, "text"), str(uuid.uuid4())
    with pytest.raises(ServerFault, match=missing):
        desk.update("ContextCustomAttributeValue", [configuration, missing], value="x")
    with pytest.raises(ServerFault, match=missing):
        desk.update("ContextCustomAttributeValue", [missing, desk.project()], value="x")


def test_a_default_is_checked_and_a_missing_one_fits_the_type(desk):
    project_id = desk.project()
    configure(desk, "number", key="a", default=7)
    configure(desk, "enumerator", key="b", default="")
    configure(desk, "boolean", key="c")
    found = values(desk, "Project", project_id)
    assert (found["a"], found["b"], found["c"]) == (7, [], False)
    with pytest.raises(ServerFault, match="default of 'd'"):
        configure(desk, "number", key="d", default="many")


def test_a_key_is_used_once_for_an_entity_type(desk):
    configure(desk, "number")
    with pytest.raises(ServerFault) as caught:
        configure(desk, "text")
    assert caught.value.exception_class == "DuplicateEntryError"
    configure(desk, "text", entity_type="asset")


def test_entities_are_linked_by_custom_attributes(desk):
    project_id = desk.project()
    task = desk.create("Task", name="t", parent_id=project_id)
    task_type = desk.one('select id from ObjectType where name is "Task"')["id"]
    configuration = desk.create(
        "CustomAttributeLinkConfiguration",
        key="supervisor",
        entity_type="task",
        object_type_id=task_type,
        entity_type_to="user",
    )
    desk.create(
        "UserCustomAttributeLink", configuration_id=configuration, from_id=task, to_id=desk.caller.user_id
    )
    expression = (
        'Task where custom_attribute_links any (configuration.key is "supervisor" and user.username is "{}")'
    )
    assert desk.one(expression.format("admin"))["id"] == task
    assert desk.query(expression.format("nobody")) == []
    assert len(desk.query("ContextCustomAttributeLinkFrom")) == 1
    desk.delete("Task", task)
    assert desk.query("CustomAttributeLink") == []
