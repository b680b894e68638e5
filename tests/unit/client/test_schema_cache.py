import json
import os
import threading

import pytest

from ftrack_review import _schema_cache, exception
from tests.session_transport import SCHEMA, AnsweredSession, Answers


def starts(answers, **arguments):
    """Start a session and return the names of the actions that took."""
    with AnsweredSession(answers, **arguments):
        return [request[0]["action"] for request in answers.take_requests()]


def test_the_schema_is_fetched_once_per_server_and_hash(answers, tmp_path):
    folder = str(tmp_path / "new" / "folder")
    both = ["query_server_information", "query_schemas"]
    assert starts(answers, schema_cache_path=folder) == both
    assert starts(answers, schema_cache_path=folder) == both[:1]
    answers.information["schema_hash"] = "../other"
    assert starts(answers, schema_cache_path=folder) == both
    assert len(os.listdir(folder)) == 2
    assert starts(answers, schema_cache_path=False) == both
    answers.information["schema_hash"] = None
    assert starts(answers, schema_cache_path=folder) == both
    assert len(os.listdir(folder)) == 2


def test_the_folder_comes_from_the_environment(answers, tmp_path, monkeypatch):
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path))
    starts(answers, schema_cache_path=None)
    assert len(os.listdir(tmp_path)) == 1
    monkeypatch.delenv("FTRACK_API_SCHEMA_CACHE_PATH")
    assert "ftrack-review" in _schema_cache.folder_for(None)


def test_a_document_is_decoded_when_its_type_is_used(answers, tmp_path):
    starts(answers, schema_cache_path=str(tmp_path))
    (path,) = tmp_path.iterdir()
    kept = _schema_cache.read(str(path))
    assert list(kept) == [document["id"] for document in SCHEMA]
    with AnsweredSession(answers, schema_cache_path=str(tmp_path)) as session:
        assert session.types["Task"].entity_type == "Task"
        decoded = set(kept._decoded)
        assert "Task" in decoded
        assert len(decoded) < len(SCHEMA)
        assert session.schemas == SCHEMA
        assert session.schemas is session.schemas
        assert dict(session.schema["Task"].document) == kept["Task"]


def test_a_damaged_document_is_fetched_at_the_next_start(answers, tmp_path):
    starts(answers, schema_cache_path=str(tmp_path))
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace('"id": "Task", ', '"id": "Task", , ', 1))
    with AnsweredSession(answers, schema_cache_path=str(tmp_path)) as session:
        with pytest.raises(exception.ConfigurationError, match="Task.*damaged.*start the session again"):
            session.types["Task"]
        assert session.types["User"].entity_type == "User"
    answers.take_requests()
    assert len(starts(answers, schema_cache_path=str(tmp_path))) == 2
    assert json.loads(path.read_text()) == SCHEMA


@pytest.mark.parametrize("name", ["Größe", 'a "b"', "back\\slash"])
def test_names_of_types_are_those_of_the_server(tmp_path, name):
    path = str(tmp_path / "schema.json")
    _schema_cache.write(path, [{"properties": {}, "id": name}])
    kept = _schema_cache.read(path)
    assert kept is None or dict(kept) == {name: {"id": name, "properties": {}}}
    assert (kept is None) == ('"' in name)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', "[\n1\n]", json.dumps(SCHEMA)])
def test_a_damaged_file_is_written_anew(answers, tmp_path, content):
    starts(answers, schema_cache_path=str(tmp_path))
    (path,) = tmp_path.iterdir()
    path.write_text(content)
    assert len(starts(answers, schema_cache_path=str(tmp_path))) == 2
    assert json.loads(path.read_text()) == SCHEMA


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(answers, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert len(starts(answers, schema_cache_path=str(tmp_path / "file" / "below"))) == 2
    assert "could not be kept" in caplog.text


def test_old_schemas_of_a_server_are_removed(answers, tmp_path):
    for number in range(8):
        answers.information["schema_hash"] = str(number)
        starts(answers, schema_cache_path=str(tmp_path))
    assert len(os.listdir(tmp_path)) == 4


def test_sessions_that_start_together_leave_a_whole_file(tmp_path):
    failures = []

    def start():
        try:
            starts(Answers(), schema_cache_path=str(tmp_path))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text()) == SCHEMA
