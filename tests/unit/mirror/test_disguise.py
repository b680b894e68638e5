"""What people wrote goes, what programs need stays."""

import pytest

from ftrack_review.mirror.copier import _in_order
from ftrack_review.mirror.disguise import disguise
from ftrack_review.protocol.schema import Schema
from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document

SCHEMA = Schema(standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID))
TIME = {"__type__": "datetime", "value": "2024-01-01T00:00:00"}


@pytest.mark.parametrize(
    ("entity_type", "name", "value"),
    [
        ("Shot", "parent_id", "0d2f"),
        ("Shot", "bid", 3600.0),
        ("Shot", "start_date", TIME),
        ("Project", "status", "active"),
        ("Note", "parent_type", "AssetVersion"),
        ("FileComponent", "name", "ftrackreview-mp4-720"),
        ("FileComponent", "file_type", ".mov"),
        ("ComponentLocation", "component_id", "c"),
        ("Note", "content", ""),
        ("Note", "content", None),
        ("ContextCustomAttributeValue", "value", 24),
        ("ContextCustomAttributeValue", "value", TIME),
    ],
)
def test_stays(entity_type, name, value):
    assert disguise(SCHEMA[entity_type], {"id": "1", name: value})[name] == value


@pytest.mark.parametrize(
    ("entity_type", "name", "value"),
    [
        ("Shot", "name", "sh010"),
        ("Shot", "description", "sh010"),
        ("Project", "full_name", "sh010"),
        ("User", "username", "sh010"),
        ("User", "email", "sh010@sh010.org"),
        ("ReviewSessionObject", "version", "sh010"),
        ("FileComponent", "name", "sh010"),
        ("ComponentLocation", "resource_identifier", "/mnt/sh010"),
        ("ContextCustomAttributeValue", "value", "sh010"),
        ("ContextCustomAttributeValue", "value", ["sh010"]),
    ],
)
def test_goes_and_depends_on_the_id_alone(entity_type, name, value):
    def disguised(key, text):
        return disguise(
            SCHEMA[entity_type], {"id": key, "configuration_id": key, "entity_id": key, name: text}
        )[name]

    assert "sh010" not in str(disguised("1", value))
    other = "other" if isinstance(value, str) else ["other"]
    assert disguised("1", value) == disguised("1", other)
    if isinstance(value, str) and name != "version":
        assert disguised("1", value) != disguised("2", value)


def test_metadata_keeps_what_reviews_need():
    def disguised(key, value):
        return disguise(SCHEMA["Metadata"], {"parent_id": "1", "key": key, "value": value})["value"]

    assert disguised("client", "sh010") != "sh010"
    assert disguised("ftr_meta", '{"frameIn": 1, "by": "sh010"}') == '{"frameIn": 1}'
    assert "sh010" not in disguised("ftr_meta", "sh010")
    assert disguised("ftrack_review.roles", '{"1": "approver"}') == '{"1": "approver"}'


def test_rows_come_after_what_they_refer_to_however_deep():
    depth = 5000
    rows = [{"id": str(n), "parent_id": str(n - 1), "name": "x"} for n in range(depth, 0, -1)]
    rows += [{"id": "a", "thing_id": "b"}, {"id": "b", "thing_id": "a"}]
    ordered = [row["id"] for row in _in_order(rows)]
    assert ordered[:depth] == [str(n) for n in range(1, depth + 1)]
    assert sorted(ordered[depth:]) == ["a", "b"]
