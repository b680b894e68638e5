"""The project's own definition against what real servers answered."""

from __future__ import annotations

import copy
import hashlib
import json
import pathlib
import re

import pytest

from ftrack_review.protocol.schema import hash_document
from ftrack_review.server import standard_data
from ftrack_review.server.definition import find_how, is_derived, standard_types
from ftrack_review.server.definition.document import ObjectType, standard_document
from ftrack_review.server.definition.notation import How, read

# The recorded answers lie beside a checkout of the project, not in it; their digests are here.
_DIGESTS = pathlib.Path(__file__).with_name("recorded_types.json")
_RECORDED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "schema"

# Servers have these since the schema of 2023 was recorded (schema/additions_after_2023.json).
_ADDITIONS = {
    "ApiKey": {"description", "projects", "roles", "created_at", "enabled", "last_used"},
    "Asset": {"project"},
    "AssetVersion": {"project"},
    "Group": {"metadata"},
    "ReviewSession": {"metadata"},
    "User": {"task_type_links"},
    "Component": {"project_id", "project"},
    "FileComponent": {"project_id", "project"},
    "ContainerComponent": {"project_id", "project"},
    "SequenceComponent": {"project_id", "project"},
    "UserSession": {"valid"},
}
_ADDED_TYPES = {"Action", "ActionLog", "Automation", "Trigger", "UserTaskTypeLink", "WebhookAction"}

# Where the definition departs from the recorded document on purpose, besides the faults that `_mended` takes
# out: by entity type, keywords and attributes that are not compared.
_DEPARTURES = {
    # The bases require and project what all that derive from them do.
    "CustomAttributeLink": ({"required", "default_projections"}, set()),
    "CustomAttributeLinkFrom": ({"required", "default_projections"}, set()),
    # project_id is there since February 2024.
    "Asset": ({"system_projections"}, set()),
    "AssetVersion": ({"system_projections"}, set()),
    # A foreign key to an entity type that does not exist; ours is plain text.
    "SecurityRole": (set(), {"type"}),
}


def _standard_document():
    return standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)


def _mended(entry):
    """Return *entry* without the faults of real documents, in an order of its own."""
    entry = copy.deepcopy(entry)
    properties = entry["properties"]
    entry["type"] = "object"
    if "$mixin" in entry:
        entry["$mixin"] = {"$ref": entry["$mixin"]["$ref"]}
    columns = {
        p.get("alias_for", name) for name, p in properties.items() if "items" not in p and "$ref" not in p
    }
    for keyword in ("immutable", "required", "computed"):
        entry[keyword] = sorted(name for name in entry.get(keyword, ()) if name in properties)
    entry["required"] = sorted({*entry["required"], *entry["primary_key"]})
    entry["system_projections"] = sorted(
        name for name in entry.get("system_projections", ()) if name in columns
    )
    entry["default_projections"] = sorted(entry["default_projections"])
    for name, attribute in properties.items():
        if attribute.get("alias_for") == name:
            del attribute["alias_for"]
        if "description" in attribute:
            # User.user_id, Project.project_id and their like name columns, not attributes.
            attribute["description"] = re.sub(
                r"(Foreign key\(s\): \w+)\.\w+", r"\1", attribute["description"]
            )
        attribute.setdefault("type", "$ref" if "$ref" in attribute else "string")
    keywords, attributes = _DEPARTURES.get(entry["id"], (set(), set()))
    for name in attributes | _ADDITIONS.get(entry["id"], set()):
        properties.pop(name, None)
    for keyword in keywords:
        entry.pop(keyword, None)
    return entry


def _digest(entry):
    return hashlib.sha256(json.dumps(_mended(entry), sort_keys=True).encode()).hexdigest()[:16]


def _recorded():
    """Return the recorded types by name where they are at hand, else None."""
    path = _RECORDED / "query_schemas.json"
    if not path.exists():
        return None
    found = {entry["id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
    newer = json.loads((_RECORDED / "query_schemas_newer.json").read_text(encoding="utf-8"))
    found.update({entry["id"]: entry for entry in newer if entry["id"] in _ADDED_TYPES})
    return found


def test_every_type_equals_the_recorded_one():
    """Type by type, each attribute with its type, relation, default and flags."""
    digests = json.loads(_DIGESTS.read_text(encoding="utf-8"))
    ours = {entry["id"]: entry for entry in _standard_document()}
    recorded = _recorded()
    if recorded is not None:
        # The whole document is at hand: it says what differs, and that the digests are of it.
        for name, entry in recorded.items():
            assert _mended(ours[name]) == _mended(entry), name
        assert digests == {name: _digest(entry) for name, entry in sorted(recorded.items())}
    assert {name: _digest(entry) for name, entry in sorted(ours.items())} == digests


def test_the_standard_types_are_136():
    document = _standard_document()
    assert len(document) == 136
    assert sum(len(entry["properties"]) for entry in document) == 1637


def test_the_attributes_after_2023_are_there():
    document = {entry["id"]: entry for entry in _standard_document()}
    for type_name, names in _ADDITIONS.items():
        assert names <= set(document[type_name]["properties"]), type_name
    assert document["ReviewSession"]["properties"]["metadata"]["items"] == {"$ref": "Metadata"}


def test_the_document_does_not_contradict_itself():
    document = {entry["id"]: entry for entry in _standard_document()}
    for name, entry in document.items():
        properties = entry["properties"]
        columns = {attribute.get("alias_for", key) for key, attribute in properties.items()} | set(properties)
        for keyword in ("primary_key", "required", "immutable", "default_projections"):
            assert set(entry[keyword]) <= set(properties), (name, keyword)
        assert set(entry.get("computed", ())) <= set(properties), name
        assert set(entry.get("system_projections", ())) <= columns, name
        for key, attribute in properties.items():
            target = attribute.get("$ref") or attribute.get("items", {}).get("$ref")
            assert target is None or target in document, (name, key)
            assert attribute.get("alias_for") != key, (name, key)
            described = re.match(r"Foreign key\(s\): (\w+)\.(\w+)$", attribute.get("description", ""))
            if described:
                assert described[2] in document[described[1]]["properties"], (name, key)


def test_what_clients_rely_on_in_order():
    document = {entry["id"]: entry for entry in _standard_document()}
    assert document["User"]["default_projections"] == ["id"]
    assert document["Metadata"]["primary_key"] == ["parent_id", "key"]
    assert "value" in document["Metadata"]["default_projections"]
    assert document["Job"]["properties"]["type"]["default"] == "api_job"
    defaults = {k: p["default"] for k, p in document["User"]["properties"].items() if "default" in p}
    assert defaults == {"id": "{uid}", "resource_type": "user"}
    with_members = {name for name, entry in document.items() if "members" in entry["properties"]}
    assert with_members == {"ContainerComponent", "SequenceComponent"}


def test_an_object_type_makes_an_entity_type():
    campaign = ObjectType(
        "c0ffee", "Ad Campaign", is_statusable=False, is_typeable=True, is_prioritizable=False
    )
    before = _standard_document()
    after = standard_document([*standard_data.OBJECT_TYPES, campaign], standard_data.NO_PRIORITY_ID)
    assert [entry["id"] for entry in after[len(before) :]] == ["AdCampaign"]
    entry = after[-1]
    assert entry["alias_for"] == {"id": "Task", "classifiers": {"object_typeid": "c0ffee"}}
    assert entry["properties"]["object_type_id"]["default"] == "c0ffee"
    assert entry["properties"]["priority_id"]["default"] is None
    assert {"status", "status_id", "priority", "priority_id"} <= set(entry["immutable"])
    assert "type_id" not in entry["immutable"]
    assert hash_document(after) != hash_document(before)


def test_an_object_type_cannot_take_the_name_of_another_type():
    note = ObjectType("c0ffee", "Note")
    assert len(standard_document([note])) == len(standard_document([]))


def test_relations_are_known_where_the_document_is_silent():
    assert find_how(["Asset"], "parent") == How("key", ("context_id",))
    assert find_how(["Status"], "state") == How("key")
    assert find_how(["Shot", "TypedContext", "Context"], "assignments") == How(
        "children", ("context_id",), (("type", "assignment"),)
    )
    assert find_how(["AssetVersionList"], "items") == How("link", ("list_id", "entity_id"), link="ListObject")
    assert find_how(["Nothing"], "parent") is None
    assert is_derived(["AssetVersion"], "link")
    assert not is_derived(["AssetVersion"], "version")


def test_every_relation_says_how_its_entities_are_found():
    for definition in standard_types().values():
        for attribute in definition.attributes.values():
            is_relation = attribute.kind in ("reference", "collection", "mapping")
            assert (attribute.how is not None) == is_relation, (definition.name, attribute.name)


def test_the_notation():
    known = {}
    read(
        """
# A comment.
_Shared: system kind
    kind (k): text = "a b" required one of a b|c  -- What it is.
Base (Table) << _Shared: default + kind
    id (baseid): uid
Derived < Base: grouped
    owner (o) immutable -> Base by owner_id (oid) required
    parts (p) [Derived] by owner_id where kind is c
    loose [Derived] by owner_id where kind is none
""",
        known,
    )
    base, derived = known["Base"], known["Derived"]
    assert (base.base, base.server_name, base.default_projections) == (None, "Table", ("id", "kind"))
    assert base.attributes["kind"].default == "a b"
    assert base.attributes["kind"].flags == {"required"}
    assert base.attributes["kind"].enum == ("a b", "c")
    assert base.attributes["kind"].description == "What it is."
    assert derived.base == "Base"
    assert derived.grouped
    assert not base.grouped
    assert derived.system_projections == ("kind",)
    assert derived.attributes["owner"].flags == {"immutable"}
    assert derived.attributes["owner_id"].flags == {"required"}
    assert derived.attributes["owner_id"].alias == "oid"
    assert derived.attributes["parts"].how == How("children", ("owner_id",), (("kind", "c"),))
    assert derived.attributes["loose"].how == How("children", ("owner_id",), (("kind", None),))


@pytest.mark.parametrize("text", ["Type < \n", "Type\n    name text\n", "Type\n    items [Type\n"])
def test_a_mistake_is_shown_with_its_line(text):
    with pytest.raises(ValueError, match="Not "):
        read(text, {})
