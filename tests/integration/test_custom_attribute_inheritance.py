"""Custom attributes set on creation, and read through the hierarchy with their origin."""

import json

import pytest

KIND = 'CustomAttributeType where name is "number"'


def configure(session, key, *, default=None, **values):
    values.setdefault("entity_type", "show")
    values.setdefault("is_hierarchical", True)
    made = session.create(
        "CustomAttributeConfiguration",
        {
            "key": key,
            "label": key,
            "default": default,
            "type": session.query(KIND).one(),
            "config": json.dumps({"isdecimal": True}),
            **values,
        },
    )
    session.commit()
    return made


@pytest.fixture
def rate(session):
    """A hierarchical custom attribute with the default 24."""
    return configure(session, "rate", default=24.0)


@pytest.fixture
def tree(session, project, rate):
    """A project, a sequence with two shots, and a version of the first one's asset."""
    sequence = session.create("Sequence", {"name": "sq", "parent": project})
    shots = [session.create("Shot", {"name": f"sh{number}", "parent": sequence}) for number in range(2)]
    kind = session.query('AssetType where name is "Upload"').one()
    asset = session.create("Asset", {"name": "comp", "parent": shots[0], "type": kind})
    version = session.create("AssetVersion", {"asset": asset})
    session.commit()
    return {
        "project": project,
        "sequence": sequence,
        "shot": shots[0],
        "other": shots[1],
        "asset": asset,
        "version": version,
    }


# On creation.


def test_custom_attributes_are_set_on_creation(session, project, requests_sent):
    shot = session.create(
        "Shot", {"name": "sh", "parent": project, "custom_attributes": {"fstart": 1, "fend": 9}}
    )
    assert (shot["custom_attributes"]["fstart"], shot["custom_attributes"]["fend"]) == (1, 9)
    requests_sent.clear()
    session.commit()
    assert len(requests_sent) == 1
    session.reset()
    again = session.get("Shot", shot["id"])
    assert (again["custom_attributes"]["fstart"], again["custom_attributes"]["fend"]) == (1, 9)


def test_the_order_of_values_does_not_matter(session, project):
    """What is configured for one project only is found although the parent comes later."""
    configure(
        session,
        "special",
        entity_type="task",
        is_hierarchical=False,
        project_id=project["id"],
        object_type=session.query('ObjectType where name is "Shot"').one(),
    )
    shot = session.create("Shot", {"custom_attributes": {"special": 3}, "name": "sh", "parent": project})
    session.commit()
    assert session.query('Shot where custom_attributes any (key is "special" and value is 3)').all() == [shot]


def test_an_unknown_key_names_those_there_are_and_creates_nothing(session, project):
    with pytest.raises(KeyError, match="fstart"):
        session.create("Shot", {"name": "sh", "parent": project, "custom_attributes": {"fstrt": 1}})
    assert session.created == []
    assert not session.pending()


def test_every_family_takes_custom_attributes_on_creation(session, tree):
    asset = session.create(
        "Asset",
        {
            "name": "b",
            "parent": tree["shot"],
            "type": tree["asset"]["type"],
            "custom_attributes": {"rate": 1},
        },
    )
    version = session.create("AssetVersion", {"asset": asset, "custom_attributes": {"rate": 2}})
    schema = session.query("ProjectSchema").first()
    project = session.create(
        "Project",
        {"name": "p2", "full_name": "P2", "project_schema": schema, "custom_attributes": {"rate": 3}},
    )
    session.commit()
    session.refresh([asset, version, project])
    assert [entity["custom_attributes"]["rate"] for entity in (asset, version, project)] == [1, 2, 3]


# Through the hierarchy.


def test_nothing_set_is_the_default_from_nowhere(tree):
    assert tree["shot"]["custom_attributes"].inherited("rate") == (24.0, None)


@pytest.mark.parametrize("setter", ["project", "sequence", "shot"])
def test_the_nearest_that_is_set_counts(session, tree, setter):
    order = ["project", "sequence", "shot"]
    for value, name in enumerate(order[: order.index(setter) + 1]):
        tree[name]["custom_attributes"]["rate"] = 30.0 + value
    session.commit()
    value, origin = tree["shot"]["custom_attributes"].inherited("rate")
    assert (value, origin) == (30.0 + order.index(setter), tree[setter])
    assert origin is tree[setter]


def test_assets_and_versions_inherit(session, tree):
    tree["sequence"]["custom_attributes"]["rate"] = 30.0
    session.commit()
    assert tree["version"]["custom_attributes"].inherited("rate") == (30.0, tree["sequence"])
    tree["asset"]["custom_attributes"]["rate"] = 31.0
    session.commit()
    assert tree["version"]["custom_attributes"].inherited("rate") == (31.0, tree["asset"])
    tree["version"]["custom_attributes"]["rate"] = 32.0
    session.commit()
    assert tree["version"]["custom_attributes"].inherited("rate") == (32.0, tree["version"])


def test_changes_and_entities_that_are_not_committed_count(session, tree):
    tree["sequence"]["custom_attributes"]["rate"] = 30.0
    new = session.create("Shot", {"name": "new", "parent": tree["sequence"]})
    task = session.create("Task", {"name": "new", "parent_id": new["id"]})
    found = session.get_inherited_custom_attributes([tree["shot"], new, task], ["rate"])
    assert [each["rate"] for each in found] == [(30.0, tree["sequence"])] * 3
    new["custom_attributes"]["rate"] = 31.0
    assert task["custom_attributes"].inherited("rate") == (31.0, new)


def test_who_was_put_elsewhere_inherits_from_there(session, tree):
    elsewhere = session.create(
        "Sequence", {"name": "other", "parent": tree["project"], "custom_attributes": {"rate": 30.0}}
    )
    session.commit()
    tree["shot"]["parent"] = elsewhere
    assert tree["shot"]["custom_attributes"].inherited("rate") == (30.0, elsewhere)
    assert tree["version"]["custom_attributes"].inherited("rate") == (30.0, elsewhere)
    session.commit()
    assert tree["shot"]["custom_attributes"].inherited("rate") == (30.0, elsewhere)


def test_an_attribute_that_is_not_hierarchical_is_the_entitys_own(session, tree):
    assert tree["shot"]["custom_attributes"].inherited("fstart")[1] is None
    tree["shot"]["custom_attributes"]["fstart"] = 5
    assert tree["shot"]["custom_attributes"].inherited("fstart") == (5, tree["shot"])


def test_a_key_that_does_not_apply(session, tree):
    with pytest.raises(KeyError, match="nonsense"):
        tree["shot"]["custom_attributes"].inherited("nonsense")
    found = session.get_inherited_custom_attributes([tree["shot"], tree["project"]], ["fstart", "rate"])
    assert [sorted(each) for each in found] == [["fstart", "rate"], ["rate"]]


def test_all_hierarchical_ones_are_read_by_default(session, tree):
    assert [
        set(each) for each in session.get_inherited_custom_attributes([tree["shot"], tree["version"]])
    ] == [
        {"rate"},
        {"rate"},
    ]
    assert session.get_inherited_custom_attributes([]) == []


def test_what_has_no_custom_attributes_is_an_error(session, tree):
    with pytest.raises(KeyError, match="Status has no custom attributes"):
        session.get_inherited_custom_attributes([session.query("Status").first()])


def test_many_entities_take_a_handful_of_requests(session, tree, requests_sent):
    for number in range(600):
        session.create("Shot", {"name": f"many{number}", "parent": tree["sequence"]})
    tree["sequence"]["custom_attributes"]["rate"] = 30.0
    session.commit()
    session.reset()
    entities = [*session.query("select id from Shot"), *session.query("select id from AssetVersion")]
    requests_sent.clear()
    found = session.get_inherited_custom_attributes(entities, ["rate"])
    assert {each["rate"].value for each in found} == {30.0}
    assert {each["rate"].origin["name"] for each in found} == {"sq"}
    assert len(requests_sent) <= 10
