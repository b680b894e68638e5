"""What the catalogue makes of a schema: tables, columns and joins."""

from __future__ import annotations

import gzip
import json
import pathlib

import pytest

from ftrack_review.protocol.schema import Schema, hash_document
from ftrack_review.server import standard_data
from ftrack_review.server.catalogue import Catalogue
from ftrack_review.server.definition.document import ObjectType, standard_document

_RECORDED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "schema"
_FILES = ("query_schemas.json", "query_schemas_newer.json", "query_schemas_2021.json")

SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"


def _document(*more):
    return standard_document([*standard_data.OBJECT_TYPES, *more], standard_data.NO_PRIORITY_ID)


def _all_documents():
    """Return the project's own document, and those of real servers that are at hand."""
    found = {"standard": _document()}
    for name in _FILES:
        if (_RECORDED / name).exists():
            found[name] = json.loads((_RECORDED / name).read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(Schema(_document()))


def _name(column):
    return None if column is None else f"{column.table.name}.{column.name}"


def _shape(relation):
    """Return what a relation says, with columns by name, so that two catalogues can be compared."""
    return (
        relation.how,
        relation.target,
        relation.covers,
        [(_name(own), _name(other)) for own, other in relation.join],
        [(_name(column), value) for column, value in relation.conditions],
        _name(relation.type_column),
        relation.owned,
        relation.link_type,
        _name(relation.link_local),
        _name(relation.link_remote),
        _name(relation.start),
    )


def test_every_attribute_has_a_place_in_every_schema():
    """Own or recorded, of 2021 or 2024: stored, related or computed, never nowhere and never twice."""
    for source, document in _all_documents().items():
        catalogue = Catalogue(Schema(document))
        for entity in catalogue.types.values():
            for name, attribute in entity.schema.attributes.items():
                places = [
                    name in entity.columns,
                    name in entity.relations,
                    name in entity.computed and not attribute.is_relation,
                ]
                assert places.count(True) == 1, (source, entity.name, name)
            assert all(column.table is entity.table for column in entity.columns.values())
            assert entity.concrete_types, (source, entity.name)


def test_every_join_uses_the_tables_of_both_ends():
    for source, document in _all_documents().items():
        catalogue = Catalogue(Schema(document))
        for entity in catalogue.types.values():
            for relation in entity.relations.values():
                at = (source, entity.name, relation.name)
                target = catalogue.types[relation.covers].table
                if relation.how in ("reference", "children"):
                    assert relation.join, at
                    assert all(own.table is entity.table for own, _ in relation.join), at
                    assert all(other.table is target for _, other in relation.join), at
                    assert all(column.table is target for column, _ in relation.conditions), at
                elif relation.how == "link":
                    assert relation.link_local.table is relation.link_remote.table is relation.link, at
                elif relation.how in ("ancestors", "descendants"):
                    assert relation.start.table is entity.table, at
                else:
                    assert relation.how in ("custom_attributes", "computed"), at


def test_a_recorded_schema_joins_as_our_own(catalogue):
    for source, document in _all_documents().items():
        other = Catalogue(Schema(document))
        for entity in other.types.values():
            if entity.name not in catalogue.types:
                continue
            for name, relation in entity.relations.items():
                own = catalogue.types[entity.name].relations.get(name)
                # 2021: the author of a note was a User, and a few types lacked what is required now.
                if own is not None and source != "query_schemas_2021.json":
                    assert _shape(relation) == _shape(own), (source, entity.name, name)


def test_only_the_latest_version_is_not_joined(catalogue):
    computed = [
        (entity.name, relation.name)
        for entity in catalogue.types.values()
        for relation in entity.relations.values()
        if relation.how == "computed"
    ]
    assert computed == [("Asset", "latest_version")]


def test_one_table_for_each_family(catalogue):
    types = catalogue.types
    assert types["Shot"].table is types["Project"].table is types["Context"].table
    assert types["User"].table is types["Group"].table is types["Resource"].table
    assert types["NoteCategory"].table is types["NoteLabel"].table
    assert types["ListCustomAttributeValue"].table is types["CustomAttributeValue"].table
    assert types["UserCustomAttributeLinkFrom"].table is types["UserCustomAttributeLink"].table
    assert types["Note"].table is not types["NoteComponent"].table
    for table in catalogue.metadata.tables.values():
        if not table.name.startswith("_"):
            assert {"_row", "_type"} <= set(table.c.keys())


def test_which_rows_are_whose(catalogue):
    types = catalogue.types
    assert types["Shot"].concrete_types == ("Shot",)
    assert types["Shot"].type_column.name == "_type"
    assert not types["Shot"].covers_table
    assert types["Context"].covers_table
    assert not types["Context"].concrete
    assert set(types["TypedContext"].concrete_types) == set(types["Context"].concrete_types) - {"Project"}
    assert types["NoteComponent"].concrete_types == ("NoteComponent", "NoteAnnotationComponent")
    assert types["ContainerComponent"].concrete_types == ("ContainerComponent", "SequenceComponent")
    assert set(types["Resource"].concrete_types) == {"User", "Collaborator", "Group"}
    assert types["NoteCategory"].type_column is None
    assert types["NoteCategory"].concrete_types == ("NoteCategory",)
    assert types["NoteLabel"].concrete_types == ("NoteLabel",)
    assert types["Note"].type_column is None
    assert types["CustomAttributeLinkFrom"].type_column.name == "_from_type"
    assert types["CustomAttributeLinkFrom"].covers_table
    assert len(types["CustomAttributeValue"].concrete_types) == 6


def test_what_tells_a_type(catalogue):
    types = catalogue.types
    assert types["Shot"].classifiers == {"context_type": "task", "object_type_id": SHOT}
    assert types["Project"].classifiers == {"context_type": "show"}
    assert types["SequenceComponent"].classifiers == {"system_type": "sequence"}
    assert types["AssetVersionList"].classifiers == {"system_type": "assetversion"}
    assert types["Collaborator"].classifiers == {"resource_type": "collaborator"}
    assert types["Task"].system_projections == ("id", "context_type", "object_type_id", "project_id")
    assert "object_type_id" in types["TypedContext"].system_projections
    assert "object_type_id" not in types["Context"].system_projections


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("TypedContext", {"object_type_id": SHOT}, "Shot"),
        ("TypedContext", {}, None),
        ("Context", {"context_type": "show"}, "Project"),
        ("Context", {"context_type": "task"}, None),
        ("Shot", {}, "Shot"),
        ("List", {"system_type": "assetversion"}, "AssetVersionList"),
        ("Component", {"system_type": "file"}, "FileComponent"),
        ("Component", {}, None),
        ("ContainerComponent", {}, "ContainerComponent"),
        ("NoteComponent", {}, "NoteComponent"),
        ("NoteLabel", {}, "NoteLabel"),
        ("StatusChange", {"parent_type": "AssetVersion"}, "AssetVersionStatusChange"),
        ("StatusChange", {"parent_type": "Shot"}, "TypedContextStatusChange"),
        ("CustomAttributeLink", {"to_entity_type": "Shot"}, "ContextCustomAttributeLink"),
        ("CustomAttributeLinkFrom", {"from_entity_type": "User"}, "UserCustomAttributeLinkFrom"),
    ],
)
def test_the_type_that_a_create_makes(catalogue, name, values, expected):
    assert catalogue.concrete_type(name, values) == expected


def test_a_type_by_its_other_names(catalogue):
    assert catalogue.type_named("AssetVersion") == "AssetVersion"
    assert catalogue.type_named("asset_version") == "AssetVersion"
    assert catalogue.type_named("reviewsessionobject") == "ReviewSessionObject"
    assert catalogue.type_named("show") == "Project"
    assert catalogue.type_named("task") == "TypedContext"
    assert catalogue.type_named("nothing") is None
    assert catalogue.types_named("Task") == ("Task",)
    assert set(catalogue.types_named("task")) == set(catalogue.types["TypedContext"].concrete_types)
    assert catalogue.types_named("nothing") == ()


def test_two_names_for_one_value_share_a_column(catalogue):
    schema, role = catalogue.types["Schema"], catalogue.types["UserSecurityRole"]
    assert schema.columns["type_id"] is schema.columns["object_type_id"]
    assert role.columns["is_all_projects"] is role.columns["is_all_open_projects"]


def test_a_project_status_is_no_status(catalogue):
    """Project.status is a text, the status of a typed context a reference: one table holds both."""
    assert catalogue.types["Project"].columns["status"].name == "status"
    assert "status" not in catalogue.types["Shot"].columns
    assert "status" in catalogue.types["Shot"].relations


@pytest.mark.parametrize(
    ("name", "attribute", "own", "other"),
    [
        ("Asset", "parent", "asset.context_id", "context.id"),
        ("ReviewSessionObject", "asset_version", "review_session_object.version_id", "asset_version.id"),
        ("Note", "author", "note.user_id", "resource.id"),
        ("Status", "state", "status._state_id", "state.id"),
        ("Context", "children", "context.id", "context.parent_id"),
        ("Asset", "versions", "asset.id", "asset_version.asset_id"),
        ("AssetVersion", "incoming_links", "asset_version.id", "asset_version_link.to_id"),
        ("Note", "replies", "note.id", "note.in_reply_to_id"),
        ("Shot", "metadata", "context.id", "metadata.parent_id"),
    ],
)
def test_joins(catalogue, name, attribute, own, other):
    relation = catalogue.types[name].relations[attribute]
    assert [(_name(a), _name(b)) for a, b in relation.join] == [(own, other)]
    assert (_name(relation.local_column), _name(relation.child_column)) == (own, other)


def test_a_reference_by_two_columns(catalogue):
    setting = catalogue.types["SettingComponent"].relations["setting"]
    assert [(_name(a), _name(b)) for a, b in setting.join] == [
        ("setting_component.name", "setting.name"),
        ("setting_component.group", "setting.group"),
    ]
    assert setting.local_column is None


def test_conditions_and_owners(catalogue):
    types = catalogue.types
    assignments = types["Task"].relations["assignments"]
    assert [(column.name, value) for column, value in assignments.conditions] == [("type", "assignment")]
    notes = types["AssetVersion"].relations["notes"]
    assert [(column.name, value) for column, value in notes.conditions] == [("in_reply_to_id", None)]
    assert notes.type_column.name == "parent_type"
    assert not notes.owned
    assert types["ReviewSession"].relations["review_session_objects"].owned
    assert types["ReviewSession"].relations["settings"].type_column.name == "parent_type"
    assert types["Shot"].relations["metadata"].owned
    assert not types["AssetVersion"].relations["components"].owned
    assert types["Shot"].relations["children"].type_column is None


def test_links(catalogue):
    types = catalogue.types
    items = types["AssetVersionList"].relations["items"]
    assert (items.link.name, items.link_type) == ("list_object", "ListObject")
    assert (items.link_local.name, items.link_remote.name) == ("list_id", "entity_id")
    uses = types["AssetVersion"].relations["uses_versions"]
    assert (uses.link_local.name, uses.link_remote.name) == ("to_id", "from_id")
    scopes = types["Shot"].relations["scopes"]
    assert (scopes.link.name, scopes.link_type) == ("_link_context_scopes", None)
    assert types["Project"].relations["scopes"].link is scopes.link


def test_where_a_schema_says_task_any_typed_context_may_be(catalogue):
    tasks = catalogue.types["ObjectType"].relations["tasks"]
    assert (tasks.target, tasks.covers) == ("Task", "TypedContext")
    assert catalogue.types["AssetVersion"].foreign_keys["task_id"] == "TypedContext"


def test_keys_and_who_refers(catalogue):
    assert catalogue.types["Recipient"].foreign_keys == {"note_id": "Note", "resource_id": "Resource"}
    assert "id" not in catalogue.types["FileComponent"].foreign_keys
    referring = {(entity.name, attribute) for entity, attribute in catalogue.references_to("AssetVersion")}
    assert {
        ("ReviewSessionObject", "version_id"),
        ("Component", "version_id"),
        ("AssetVersionLink", "from_id"),
        ("ReviewSession", "thumbnail_source_id"),
    } <= referring
    assert catalogue.references_to("Shot") == catalogue.references_to("Project")


def test_a_new_object_type_gives_a_new_hash_over_the_same_tables(catalogue):
    document = _document(ObjectType("c0ffee", "Campaign"))
    rebuilt = Catalogue(Schema(document), tables=catalogue.tables)
    assert rebuilt.hash != catalogue.hash
    assert rebuilt.types["Campaign"].table is catalogue.types["Shot"].table
    assert rebuilt.types["Campaign"].columns == catalogue.types["Shot"].columns
    assert rebuilt.object_types["c0ffee"] == "Campaign"
    assert rebuilt.concrete_type("TypedContext", {"object_type_id": "c0ffee"}) == "Campaign"
    assert "Campaign" in rebuilt.types["TypedContext"].concrete_types
    assert "Campaign" not in catalogue.types


def test_the_document_as_it_is_sent(catalogue):
    assert json.loads(catalogue.document_json) == catalogue.document
    assert gzip.decompress(catalogue.document_gzip) == catalogue.document_json
    assert catalogue.hash == hash_document(json.loads(catalogue.document_json))


def _entry(name, properties, **more):
    return {
        "id": name,
        "type": "object",
        "properties": {"id": {"type": "string", "default": "{uid}"}, **properties},
        "primary_key": ["id"],
        "immutable": ["id"],
        "required": ["id"],
        "default_projections": ["id"],
        **more,
    }


def test_rules_join_what_the_definition_does_not_know():
    """A type that only another server has."""
    user = {"type": "string", "format": "foreign_key", "description": "Foreign key(s): User.user_id"}
    document = [
        *_document(),
        _entry(
            "Talk",
            {
                "speaker_id": user,
                "speaker": {"$ref": "User"},
                "hosted_by": user,
                "remarks": {"type": "array", "items": {"$ref": "Remark"}},
                "tags": {"type": "array", "items": {"$ref": "Scope"}},
                "notes": {"type": "array", "items": {"$ref": "Note"}},
                "nowhere": {"$ref": "Priority"},
                "missing": {"$ref": "NoSuchType"},
            },
        ),
        _entry(
            "Remark",
            {
                "in_talk": {
                    "type": "string",
                    "format": "foreign_key",
                    "alias_for": "talkid",
                    "description": "Foreign key(s): Talk.id",
                },
                "talk": {"$ref": "Talk", "alias_for": "talk"},
            },
        ),
    ]
    catalogue = Catalogue(Schema(document))
    talk, remark = catalogue.types["Talk"].relations, catalogue.types["Remark"].relations
    assert talk["speaker"].local_column.name == "speaker_id"
    assert remark["talk"].local_column.name == "in_talk"
    assert _name(talk["remarks"].child_column) == "remark.in_talk"
    assert _name(talk["notes"].child_column) == "note.parent_id"
    assert talk["tags"].link.name == "_link_talk_tags"
    assert (talk["nowhere"].how, talk["missing"].how) == ("computed", "computed")
