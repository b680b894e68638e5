"""A studio's own site: object types and custom attributes made through the API, and what becomes of clients."""

import json
import uuid

import pytest

import ftrack_review
from tests.integration.api import Api

FAMILIES = {
    "task": ("ContextCustomAttributeValue", "Shot"),
    "show": ("ContextCustomAttributeValue", "Project"),
    "asset": ("AssetCustomAttributeValue", "Asset"),
    "assetversion": ("AssetVersionCustomAttributeValue", "AssetVersion"),
    "user": ("UserCustomAttributeValue", "User"),
    "list": ("ListCustomAttributeValue", "AssetVersionList"),
}
MENU = json.dumps(
    {"multiSelect": True, "data": json.dumps([{"menu": "A", "value": "a"}, {"menu": "B", "value": "b"}])}
)
KINDS = {
    "text": ("{}", "", "grüße"),
    "number": (json.dumps({"isdecimal": True}), 1.0, 2.5),
    "boolean": ("{}", False, True),
    "date": ("{}", None, {"__type__": "datetime", "value": "2024-05-01T00:00:00"}),
    "enumerator": (MENU, ["a"], ["a", "b"]),
    "dynamic enumerator": ("{}", [], ["x"]),
    "url": ("{}", "", "https://example.com/a"),
}


@pytest.fixture(scope="module")
def entities(api):
    """The id of one entity for each family."""
    project = api.project()
    version = api.version(project)
    category = api.query("select id from ListCategory")[0]["id"]
    return {
        "show": project,
        "task": api.create("Shot", name="sh010", parent_id=project),
        "assetversion": version,
        "asset": api.query(f'select asset_id from AssetVersion where id is "{version}"')[0]["asset_id"],
        "user": api.query('select id from User where username is "admin"')[0]["id"],
        "list": api.create("AssetVersionList", name="dailies", project_id=project, category_id=category),
    }


def configure(api, kind, family, **values):
    """Return id and key of a new custom attribute."""
    kinds = {row["name"]: row["id"] for row in api.query("select name from CustomAttributeType")}
    key = f"a{uuid.uuid4().hex[:10]}"
    if family == "task":
        values["object_type_id"] = api.query('select id from ObjectType where name is "Shot"')[0]["id"]
    config, default, _ = KINDS[kind]
    values = {"config": config, "default": default, "label": key, "entity_type": family, **values}
    return api.create("CustomAttributeConfiguration", key=key, type_id=kinds[kind], **values), key


def values_of(api, entity_type, entity_id, key):
    row = api.query(f'select custom_attributes from {entity_type} where id is "{entity_id}"')[0]
    return [value["value"] for value in row["custom_attributes"] if value["key"] == key]


class TestCustomAttributes:
    @pytest.mark.parametrize("family", FAMILIES)
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_there_at_once_with_their_default(self, api, entities, family, kind):
        value_type, entity_type = FAMILIES[family]
        configuration, key = configure(api, kind, family)
        _, default, value = KINDS[kind]
        assert values_of(api, entity_type, entities[family], key) == [default]
        api.call(
            {
                "action": "update",
                "entity_type": value_type,
                "entity_key": [configuration, entities[family]],
                "entity_data": {"__entity_type__": value_type, "value": value},
            }
        )
        assert values_of(api, entity_type, entities[family], key) == [value]
        api.delete("CustomAttributeConfiguration", configuration)
        assert values_of(api, entity_type, entities[family], key) == []

    def test_that_are_hierarchical_are_everywhere_below(self, api, entities):
        _, key = configure(api, "number", "show", is_hierarchical=True)
        assert values_of(api, "Project", entities["show"], key) == [1.0]
        assert values_of(api, "Shot", entities["task"], key) == [1.0]

    def test_of_a_project_are_in_no_other(self, api, entities):
        _, key = configure(api, "text", "task", project_id=entities["show"])
        other = api.create("Shot", name="sh010", parent_id=api.project())
        assert values_of(api, "Shot", entities["task"], key) == [""]
        assert values_of(api, "Shot", other, key) == []

    def test_are_refused_twice(self, api):
        _, key = configure(api, "text", "user")
        kind = api.query('select id from CustomAttributeType where name is "text"')[0]["id"]
        values = {
            "key": key,
            "type_id": kind,
            "entity_type": "user",
            "label": "b",
            "default": "",
            "config": "{}",
        }
        status, answer = api.refused(
            {"action": "create", "entity_type": "CustomAttributeConfiguration", "entity_data": values}
        )
        assert (status, answer["exception"]) == (409, "DuplicateEntryError")


class TestObjectTypes:
    def test_become_entity_types_and_change_the_hash(self, api, listening, tmp_path):
        def connect():
            return ftrack_review.Session(api.url, api.key, api.user, schema_cache_path=str(tmp_path))

        name = f"Reel {uuid.uuid4().hex[:6]}"
        type_name = name.replace(" ", "")
        with connect() as early:
            assert type_name not in early.types
            before = early.server_information["schema_hash"]
            object_type = early.create("ObjectType", {"name": name})
            early.commit()
            # Who came before works on as if nothing had happened.
            assert early.query('User where username is "admin"').one()
        # The cached schema is not that of the server any more, and is fetched again.
        with connect() as late:
            assert late.server_information["schema_hash"] != before
            assert type_name in late.types
            project = late.get("Project", api.project())
            reel = late.create(type_name, {"name": "r1", "parent": project})
            late.commit()
            found = late.query(f'TypedContext where project_id is "{project["id"]}"').one()
            assert (found.entity_type, found["object_type"]["name"]) == (type_name, name)
            late.delete(late.get("ObjectType", object_type["id"]))
            with pytest.raises(ftrack_review.exception.ServerError, match="in use"):
                late.commit()
            late.rollback()
            # Together with the last of it, it may go.
            late.delete(late.get("ObjectType", object_type["id"]))
            late.delete(reel)
            late.commit()
        with connect() as last:
            assert type_name not in last.types

    def test_have_custom_attributes_and_statuses_of_their_own(self, api):
        object_type = api.create("ObjectType", name=f"Plate{uuid.uuid4().hex[:6]}", is_statusable=True)
        type_name = api.query(f'select name from ObjectType where id is "{object_type}"')[0]["name"]
        kind = api.query('select id from CustomAttributeType where name is "text"')[0]["id"]
        api.create(
            "CustomAttributeConfiguration",
            key="codec",
            label="Codec",
            type_id=kind,
            entity_type="task",
            object_type_id=object_type,
            default="exr",
            config="{}",
        )
        plate = api.create(type_name, name="p1", parent_id=api.project())
        assert values_of(api, type_name, plate, "codec") == ["exr"]
        assert Api(api.url, api.user, api.key).query(
            f'{type_name} where custom_attributes any (value is "exr")'
        )


class TestWhatIsInUse:
    @pytest.mark.parametrize("kind", ["Status", "Type", "Priority"])
    def test_is_not_deleted(self, api, kind):
        values = {"color": "#123456"} if kind != "Type" else {}
        used = api.create(kind, name=f"Odd {uuid.uuid4().hex[:6]}", **values)
        project = api.project()
        task = api.create("Task", name="t", parent_id=project, **{f"{kind.lower()}_id": used})
        delete = {"action": "delete", "entity_type": kind, "entity_key": [used]}
        status, answer = api.refused(delete)
        assert (status, "in use" in answer["content"]) == (422, True)
        assert (
            api.query(f'select {kind.lower()}_id from Task where id is "{task}"')[0][f"{kind.lower()}_id"]
            == used
        )
        # Together with what has it, it may go.
        api.call({"action": "delete", "entity_type": "Project", "entity_key": [project]}, delete)
        assert api.query(f'{kind} where id is "{used}"') == []
