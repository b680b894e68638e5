"""Files that shape a new database, and files that do not."""

import json

import pytest

from ftrack_review.exception import ConfigurationError
from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import standard_document
from ftrack_review.server.recorded import read_document
from ftrack_review.server.store import Store


@pytest.fixture
def document():
    return standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "schema.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write


def test_the_answer_alone_and_in_its_batch_are_read(document, written):
    assert read_document(written(document)) == document
    assert read_document(written([{"version": "4.1"}, document])) == document


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1}', "list of entity types"),
        (b"[]", "list of entity types"),
        (b"[1, 2]", "list of entity types"),
        (b'[{"id": "Shot", "properties": {"id": {}}, "primary_key": ["id"]}]', "lacks Asset"),
        (b'[{"id": "a; drop", "properties": {}}]', "no name of an entity type"),
        (b'[{"id": "Shot", "properties": []}]', "no attributes"),
        (b'[{"id": "Shot", "properties": {"id": 1}}]', "no attributes"),
        (b'[{"id": "Shot", "properties": {}, "primary_key": ["id"]}]', "no primary key"),
        (
            b'[{"id": "S", "properties": {"id": {}}, "primary_key": ["id"], "required": 3}]',
            "no list of names",
        ),
    ],
)
def test_anything_else_is_refused_with_the_reason(written, content, reason):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read_document(written(content))
    assert "schema.json" in str(caught.value)


def test_a_type_that_occurs_twice_or_is_referred_to_and_missing_is_named(document, written):
    with pytest.raises(ConfigurationError, match="Shot twice"):
        read_document(written([*document, next(entry for entry in document if entry["id"] == "Shot")]))
    with pytest.raises(ConfigurationError, match="refers to UserType"):
        read_document(written([entry for entry in document if entry["id"] != "UserType"]))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.json"):
        read_document(str(tmp_path / "nothing.json"))


def test_a_database_keeps_its_shape(tmp_path, document):
    other = [entry for entry in document if entry["id"] != "Episode"]
    for made_after, given, fits in ((other, other, True), (other, document, False), (None, document, False)):
        path = tmp_path / f"{id(made_after)}{id(given)}.sqlite"
        store = Store(path, is_durable=False)
        store.prepare(made_after)
        if fits:
            assert store.prepare(given)[1] is None
        else:
            with pytest.raises(ConfigurationError, match="another schema"):
                store.prepare(given)
        store.close()
