import pytest

from ftrack_review.server.errors import ServerFault


@pytest.fixture
def tree(desk):
    """A project with a sequence, two shots in it and a task of the same name in each."""
    project_id = desk.project(name="Moon")
    sequence = desk.create("Sequence", name="SQ100%", parent_id=project_id)
    keys = {"project": project_id, "sequence": sequence}
    for name in ("sh010", "sh020"):
        keys[name] = desk.create("Shot", name=name, parent_id=sequence)
        keys[f"{name} task"] = desk.create("Task", name="Animation", parent_id=keys[name])
    return keys


def search(desk, entity_type, *terms, **more):
    action = {
        "action": "search",
        "entity_type": entity_type,
        "terms": list(terms),
        "expression": f"select name from {entity_type}",
        **more,
    }
    (result,) = desk.send(action)
    assert result["action"] == "search"
    assert result["metadata"] == {"next": {"offset": None}}
    return [row["id"] for row in result["data"]]


def test_every_term_is_in_a_name_at_or_above_the_entity(desk, tree):
    assert search(desk, "Task", "anim", "SH010") == [tree["sh010 task"]]
    assert search(desk, "Task", "anim", "moon") == [tree["sh010 task"], tree["sh020 task"]]
    assert search(desk, "Task", "anim", "nowhere") == []
    assert len(search(desk, "TypedContext", "sq100")) == 5
    assert search(desk, "Project", "MOO") == [tree["project"]]


def test_a_percent_sign_is_itself(desk, tree):
    assert search(desk, "Sequence", "0%") == [tree["sequence"]]
    assert search(desk, "Sequence", "1%0") == []


def test_a_search_is_narrowed_by_place_type_and_expression(desk, tree):
    assert search(desk, "TypedContext", context_id=tree["sh020"]) == [tree["sh020"], tree["sh020 task"]]
    task = desk.one('select id from ObjectType where name is "Task"')["id"]
    assert search(desk, "TypedContext", "sh020", object_type_ids=[task]) == [tree["sh020 task"]]
    expression = 'select name from Task where parent.name is "sh010"'
    assert search(desk, "Task", "anim", expression=expression) == [tree["sh010 task"]]


def test_versions_are_found_by_their_assets(desk, tree):
    asset = desk.create("Asset", name="beauty", context_id=tree["sh010"])
    version = desk.create("AssetVersion", asset_id=asset)
    expression = "select id from AssetVersion"
    assert search(desk, "AssetVersion", "beau", "sh01", expression=expression) == [version]
    assert search(desk, "AssetVersion", context_id=tree["sequence"], expression=expression) == [version]
    assert search(desk, "AssetVersion", context_id=tree["sh020"], expression=expression) == []


@pytest.mark.parametrize(
    "data",
    [
        {"terms": "anim"},
        {"terms": [3]},
        {"expression": None},
        {"expression": "select"},
        {"entity_type": "Tusk"},
        {"context_id": 3},
        {"object_type_ids": "x"},
    ],
)
def test_a_malformed_search_is_refused(desk, data):
    action = {"action": "search", "entity_type": "Task", "terms": [], "expression": "Task", **data}
    with pytest.raises(ServerFault):
        desk.send(action)
