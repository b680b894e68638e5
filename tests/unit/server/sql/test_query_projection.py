"""What rows hold: projections of every kind, and nothing that was not asked for."""

from __future__ import annotations

import pytest


def one(site, expression, **keywords):
    records = site.query(expression, **keywords)
    assert len(records) == 1
    return records[0]


def reference(entity_type, id, **more):
    return {"__entity_type__": entity_type, "id": id, **more}


def task(id, **more):
    project = "p2" if id == "t4" else "p1"
    system = {
        "context_type": "task",
        "object_type_id": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
        "project_id": project,
    }
    return reference("Task", id, **system, **more)


def test_a_row_holds_what_was_asked_and_what_every_row_holds(site):
    assert one(site, "select bid from Task where id is t1") == task("t1", bid=3600.0)


def test_without_projections_a_row_holds_the_default(site):
    assert one(site, "Task where id is t1") == task("t1", name="animation")
    assert one(site, "select * from Task where id is t1") == task("t1", name="animation")
    assert one(site, "User where id is u1") == reference("User", "u1", resource_type="user")


def test_kinds_of_values(site):
    version = one(site, "select version, date, is_published, comment from AssetVersion where id is v2")
    assert version["version"] == 2
    assert version["is_published"] is False
    assert version["comment"] == ""
    assert version["date"] == {"__type__": "datetime", "value": "2024-03-02T10:00:00"}
    assert one(site, "select date, comment from AssetVersion where id is v3")["date"] is None
    component = one(site, "select data from NoteAnnotationComponent where note_id is n3")
    assert component == {
        "__entity_type__": "NoteAnnotationComponent",
        "component_id": "c1",
        "note_id": "n3",
        "data": {"lines": [1]},
    }


def test_the_same_projection_twice_is_one(site):
    assert one(site, "select name, name from Task where id is t1") == task("t1", name="animation")


def test_entity_type_can_be_projected(site):
    assert one(site, "select __entity_type__ from Task where id is t1") == task("t1")
    found = one(site, "select parent.__entity_type__ from Task where id is t1")
    assert found["parent"]["__entity_type__"] == "Shot"


def test_reference_without_members_gives_its_default_projections(site):
    found = one(site, "select status, parent from Task where id is t1")
    assert found["status"] == reference("Status", site.status("Approved"))
    assert found["parent"] == {
        "__entity_type__": "Shot",
        "id": "sh1",
        "name": "sh010",
        "context_type": "task",
        "object_type_id": "bad911de-3bd6-47b9-8b46-3476e237cb36",
        "project_id": "p1",
    }


def test_references_along_a_path(site):
    found = one(site, "select task.status.state.short, asset.parent.name from AssetVersion where id is v1")
    assert found["task"] == task(
        "t1",
        status=reference(
            "Status", site.status("Approved"), state=reference("State", found_state(found), short="DONE")
        ),
    )
    assert found["asset"]["parent"]["name"] == "sh010"
    assert "name" not in found["asset"]


def found_state(record):
    return record["task"]["status"]["state"]["id"]


def test_null_and_dangling_references_are_null(site):
    assert one(site, "select task.name from AssetVersion where id is v3")["task"] is None
    assert one(site, "select author.username from Note where id is n4")["author"] is None


def test_reference_to_another_type_than_declared_says_what_it_is(site):
    assert one(site, "select task.name from AssetVersion where id is v4")["task"]["__entity_type__"] == "Shot"
    found = one(site, "select author.first_name, author.username from Note where id is n3")
    assert found["author"] == {
        "__entity_type__": "Collaborator",
        "id": "k1",
        "resource_type": "collaborator",
        "first_name": "Carla",
    }


def test_collections(site):
    found = one(site, "select children.name, children.children.name from Sequence where id is sq1")
    assert [child["name"] for child in found["children"]] == ["sh010", "sh020"]
    assert [[task["name"] for task in child["children"]] for child in found["children"]] == [
        ["animation", "light_ing"],
        ["Éclairage"],
    ]
    assert one(site, "select children.name from Task where id is t1")["children"] == []


def test_collection_without_members_gives_default_projections(site):
    found = one(site, "select notes, notes.replies from AssetVersion where id is v1")
    assert found["notes"] == [reference("Note", "n1", project_id=None, replies=found["notes"][0]["replies"])]
    assert [reply["id"] for reply in found["notes"][0]["replies"]] == ["n2"]


def test_collections_through_links(site):
    def ids(expression, name):
        return [element["id"] for element in one(site, expression)[name]]

    assert ids("select items.version from AssetVersionList where id is l1", "items") == ["v3", "v1"]
    assert ids("select items.name from TypedContextList where id is l2", "items") == ["t1", "sh1"]
    assert ids("select lists.name from AssetVersion where id is v3", "lists") == ["l1"]
    assert ids("select scopes.name from Shot where id is sh1", "scopes") == ["london", "oslo"]
    assert ids("select uses_versions.version from AssetVersion where id is v2", "uses_versions") == ["v1"]
    assert ids("select ancestors.name from Task where id is t1", "ancestors") == ["sq1", "sh1"]
    assert ids("select descendants.name from Sequence where id is sq1", "descendants") == [
        "sh1",
        "sh2",
        "t1",
        "t2",
        "t3",
    ]
    assert ids("select ancestors.name from Asset where id is a1", "ancestors") == ["sq1", "sh1"]
    assert ids("select members.size from SequenceComponent where id is c2", "members") == ["c3", "c4"]


def test_elements_of_another_list_type_are_not_shown(site):
    found = site.query("select items.id from List order by name")
    assert [[item["id"] for item in record["items"]] for record in found] == [["v3", "v1"], ["t1", "sh1"]]


def test_conditions_of_collections(site):
    found = one(site, "select assignments.resource_id, allocations, appointments from Task where id is t1")
    assert [element["resource_id"] for element in found["assignments"]] == ["u1", "g1"]
    assert found["allocations"] == []
    assert len(found["appointments"]) == 2


def test_metadata_always_has_key_and_value(site):
    found = one(site, "select metadata from AssetVersion where id is v2")
    assert found["metadata"] == [
        {
            "__entity_type__": "Metadata",
            "parent_id": "v2",
            "key": "k",
            "value": "two",
            "parent_type": "AssetVersion",
        }
    ]
    found = one(site, "select metadata.key from AssetVersion where id is v2")
    assert found["metadata"] == [
        {"__entity_type__": "Metadata", "parent_id": "v2", "key": "k", "value": "two"}
    ]


def test_custom_attributes_are_dense(site):
    found = one(site, "select custom_attributes from Task where id is t1")
    values = {element["key"]: element["value"] for element in found["custom_attributes"]}
    assert values == {
        "look": "4",
        "level": 7,
        "flag": True,
        "due": {"__type__": "datetime", "value": "2024-02-01T00:00:00"},
        "tags": ["red", "blue"],
        "budget": 1.5,
    }
    assert {element["__entity_type__"] for element in found["custom_attributes"]} == {
        "ContextCustomAttributeValue"
    }
    element = next(e for e in found["custom_attributes"] if e["key"] == "look")
    assert element == {
        "__entity_type__": "ContextCustomAttributeValue",
        "configuration_id": "conf-look-p1",
        "entity_id": "t1",
        "key": "look",
        "value": "4",
    }
    found = one(site, "select custom_attributes.configuration.key from Task where id is t4")
    assert {e["configuration"]["key"]: e["value"] for e in found["custom_attributes"]} == {
        "look": "plain",
        "level": 4,
        "flag": False,
        "due": None,
        "tags": [],
        "budget": 1.5,
    }


def test_custom_attribute_values_can_be_queried_as_entities(site):
    by_key = 'configuration_id is "conf-level" and entity_id is "t2"'
    found = one(site, f"select value from ContextCustomAttributeValue where {by_key}")
    assert found == {
        "__entity_type__": "ContextCustomAttributeValue",
        "configuration_id": "conf-level",
        "entity_id": "t2",
        "key": "level",
        "value": 4,
    }
    found = site.query(
        "select value, entity_id from CustomAttributeValue where configuration_id in (conf-level)"
    )
    assert {record["entity_id"]: record["value"] for record in found} == {"t1": 7, "t2": 4, "t3": 4, "t4": 4}
    found = site.query("select value from CustomAttributeValue where entity_id is v1 and key is quality")
    assert [(r["__entity_type__"], r["value"]) for r in found] == [
        ("AssetVersionCustomAttributeValue", "high")
    ]


def test_custom_attribute_links_can_be_asked_for(site):
    found = one(site, "select custom_attribute_links.user.username from Task where id is t1")
    (link,) = found["custom_attribute_links"]
    assert link["__entity_type__"] == "UserCustomAttributeLink"
    assert link["user"]["username"] == "anna"
    found = one(site, "select custom_attribute_links_from.context.name from User where id is u1")
    (link,) = found["custom_attribute_links_from"]
    assert link["__entity_type__"] == "ContextCustomAttributeLinkFrom"
    assert link["context"]["name"] == "animation"


def test_polymorphic_rows_say_their_type(site):
    found = site.query("select name from Context where project_id is p2 or id is p2 order by name")
    assert [(r["__entity_type__"], r["name"]) for r in found] == [
        ("Shot", "SH010"),
        ("Task", "animation"),
        ("Project", "beta"),
    ]
    found = site.query("select email, username, name from Resource where id in (u2, k1, g1)")
    assert [
        (r["__entity_type__"], sorted(set(r) - {"__entity_type__", "id", "resource_type"})) for r in found
    ] == [
        ("User", ["email", "username"]),
        ("Collaborator", ["email"]),
        ("Group", ["name"]),
    ]


def test_attribute_that_differs_between_subtypes_is_what_each_has(site):
    found = site.query("select status from Context where id in (p2, sh1) order by id")
    assert found[0]["status"] == "hidden"
    assert found[1]["status"]["__entity_type__"] == "Status"


def test_casts(site):
    found = site.query(
        "select name, parent[Project].full_name from TypedContext where id in (sq1, sh1) order by id"
    )
    assert [record["parent"].get("full_name") for record in found] == [None, "Alpha"]
    assert found[0]["parent"]["__entity_type__"] == "Sequence"
    found = one(site, "select assignments.resource[User].username from Task where id is t1")
    assert [e["resource"].get("username") for e in found["assignments"]] == ["anna", None]


def test_links(site):
    expected = [
        {"type": "Project", "id": "p1", "name": "alpha"},
        {"type": "TypedContext", "id": "sq1", "name": "sq010"},
        {"type": "TypedContext", "id": "sh1", "name": "sh010"},
    ]
    found = one(site, "select link, _link from Shot where id is sh1")
    assert found["link"] == found["_link"] == expected
    found = one(site, "select link from AssetVersion where id is v1")
    assert found["link"] == [*expected, {"type": "AssetVersion", "id": "v1", "name": "main v001"}]
    assert one(site, "select link from Project where id is p1")["link"] == expected[:1]
    assert one(site, "select link from Group where id is g1")["link"] == [
        {"type": "Group", "id": "g1", "name": "Animators"}
    ]


def test_addresses(site):
    thumbnail = {"url": "http://server/thumbnail/c1"}
    component = {"url": "http://server/component/c1"}
    assert one(site, "select thumbnail_url from AssetVersion where id is v1")["thumbnail_url"] == thumbnail
    assert one(site, "select thumbnail_url from AssetVersion where id is v2")["thumbnail_url"] is None
    assert one(site, "select thumbnail_url from User where id is u2")["thumbnail_url"] == thumbnail
    assert one(site, "select thumbnail_url from ReviewSession where id is r1")["thumbnail_url"] == thumbnail
    found = one(site, "select url, thumbnail_url from NoteComponent where note_id is n1")
    assert (found["url"], found["thumbnail_url"]) == (component, thumbnail)
    found = site.query("select url from ComponentLocation order by id")
    assert [record["url"] for record in found] == [component, None]


@pytest.mark.parametrize(
    ("expression", "attribute", "expected"),
    [
        ("select is_latest_version from AssetVersion where id is v1", "is_latest_version", False),
        ("select is_latest_version from AssetVersion where id is v2", "is_latest_version", True),
        ("select time_logged from Task where id is t1", "time_logged", 150.0),
        ("select time_logged from Task where id is t2", "time_logged", 0.0),
        (
            "select bid_time_logged_difference from Task where id is t1",
            "bid_time_logged_difference",
            3450.0,
        ),
        ("select is_open from ReviewSession where id is r1", "is_open", True),
        ("select is_open from ReviewSession where id is r2", "is_open", False),
        ("select thumbnail_source_id from Shot where id is sh3", "thumbnail_source_id", "sh3"),
        ("select thumbnail_source_id from Shot where id is sh1", "thumbnail_source_id", None),
    ],
)
def test_computed_values(site, expression, attribute, expected):
    value = one(site, expression)[attribute]
    assert value == expected
    assert type(value) is type(expected)


def test_latest_version(site):
    assert (
        one(site, "select latest_version.version from Asset where id is a1")["latest_version"]["version"] == 2
    )
    assert one(site, "select latest_version from Asset where id is a4")["latest_version"] is None


def test_every_attribute_of_every_type_can_be_selected(site):
    for name, entity in site.catalogue.types.items():
        attributes = ", ".join(entity.schema.attributes)
        for record in site.query(f"select {attributes} from {name} limit 3"):
            assert not set(entity.schema.attributes) - set(record), name


# Within one response an attribute of an entity is written once.


def test_repeated_entity_is_a_bare_reference(site):
    found = site.query("select asset.name from AssetVersion where asset_id is a1", denormalize=False)
    assert [record["asset"] for record in found] == [
        {"__entity_type__": "Asset", "id": "a1", "name": "main", "context_id": "sh1", "project_id": None},
        reference("Asset", "a1"),
    ]


def test_what_was_not_written_yet_is_added(site):
    expression = "select asset.name, task.parent.assets.type_id from AssetVersion where id is v1"
    found = one(site, expression, denormalize=False)
    assert found["task"]["parent"]["assets"][0] == reference("Asset", "a1", type_id=None)
    assert found["asset"]["name"] == "main"


def test_rows_themselves_are_complete_however_deep_they_occur(site):
    found = site.query(
        "select version, asset.versions.version from AssetVersion order by version", denormalize=False
    )
    assert [record["version"] for record in found] == [1, 1, 2, 10]
    assert found[0]["asset"]["versions"] == [reference("AssetVersion", "v1"), reference("AssetVersion", "v2")]
    # The asset of version 2 is known, what it has is not repeated.
    assert found[2]["asset"] == reference("Asset", "a1")


def test_cycles_end(site):
    expression = "select parent.children.parent.children.name from Task where id in (t1, t2)"
    found = site.query(expression, denormalize=False)
    children = found[0]["parent"]["children"]
    assert [child["id"] for child in children] == ["t1", "t2"]
    names = [child.get("name") for child in children[0]["parent"]["children"]]
    assert names == ["animation", "light_ing"]


def test_denormalised_answers_are_complete(site):
    found = site.query("select asset.name, asset.versions.version from AssetVersion where asset_id is a1")
    assert found[0]["asset"] == found[1]["asset"]
    assert [version["version"] for version in found[1]["asset"]["versions"]] == [1, 2]


def test_an_answer_spans_several_queries(site):
    from ftrack_review.server import sql
    from tests.query_site import Context

    with site.store.read() as connection:
        context = Context(connection, site.catalogue)
        first, _ = sql.run_query(connection, site.catalogue, "select name from Asset where id is a1", context)
        second, _ = sql.run_query(
            connection, site.catalogue, "select name, type_id from Asset where id is a1", context
        )
    assert first == [reference("Asset", "a1", name="main", context_id="sh1", project_id=None)]
    assert second == [reference("Asset", "a1", type_id=None)]


def test_shared_elements_are_written_once(site):
    found = site.query("select ancestors.name from Task where id in (t1, t2)", denormalize=False)
    assert [ancestor["name"] for ancestor in found[0]["ancestors"]] == ["sq010", "sh010"]
    assert [set(ancestor) for ancestor in found[1]["ancestors"]] == [{"__entity_type__", "id"}] * 2


def test_a_row_that_is_two_types_is_two_entities(site):
    """One table holds labels and categories; clients tell them apart by the name of their type."""
    found = one(
        site, "select category.name, note_label_links.label.name from Note where id is n3", denormalize=False
    )
    assert found["category"]["__entity_type__"] == "NoteCategory"
    label = found["note_label_links"][0]["label"]
    assert label["__entity_type__"] == "NoteLabel"
    assert found["category"]["name"] == label["name"] == "Client feedback"


# Entities in the form in which create and update answer.


def emit(site, *arguments, **keywords):
    from ftrack_review.server import sql
    from tests.query_site import Context

    with site.store.read() as connection:
        return sql.emit_entities(Context(connection, site.catalogue), *arguments, **keywords)


def test_emitted_entities_hold_what_was_asked_in_the_order_of_keys(site):
    assert emit(site, "Task", ["t2", "missing", "t1"], ["name", "status_id"]) == [
        reference("Task", "t2", name="light_ing", status_id=site.status("In progress")),
        None,
        reference("Task", "t1", name="animation", status_id=site.status("Approved")),
    ]
    assert emit(site, "Task", ["t1"], []) == [reference("Task", "t1")]
    assert emit(site, "Task", ["t1"], ["name"], with_system_projections=True) == [
        task("t1", name="animation")
    ]


def test_emitted_entities_with_composite_keys(site):
    assert emit(site, "Metadata", [("v1", "other"), ("v1", "k"), ("v1", "no")], ["value"]) == [
        {"__entity_type__": "Metadata", "parent_id": "v1", "key": "other", "value": "two"},
        {"__entity_type__": "Metadata", "parent_id": "v1", "key": "k", "value": "one"},
        None,
    ]
    assert emit(site, "ContextCustomAttributeValue", [("conf-level", "t3")], ["value"]) == [
        {
            "__entity_type__": "ContextCustomAttributeValue",
            "configuration_id": "conf-level",
            "entity_id": "t3",
            "value": 4,
        }
    ]


def test_emitted_collections(site):
    (record,) = emit(site, "AssetVersionList", ["l1"], ["items.version"])
    assert [item["version"] for item in record["items"]] == [1, 1]


def test_rows_of_a_type_that_is_gone_are_left_out(tmp_path):
    from tests.query_site import Site

    site = Site(tmp_path)
    site.add("Project", [{"id": "p1", "name": "film"}])
    site.add("Shot", [{"id": "sh1", "name": "sh010", "parent_id": "p1", "_type": "Campaign"}])
    site.add("Asset", [{"id": "a1", "name": "main", "context_id": "sh1"}])
    assert [record["id"] for record in site.query("Context")] == ["p1"]
    assert one(site, "select children.name from Project")["children"] == []
    assert one(site, "select parent.name from Asset")["parent"] is None
    site.close()
