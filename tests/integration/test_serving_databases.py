"""Databases copied between SQLite and PostgreSQL, while they are used, and what a server refuses."""

import contextlib

import pytest
import sqlalchemy as sa

import ftrack_review
from ftrack_review.exception import ConfigurationError, DatabaseBusyError
from ftrack_review.server.application import Server
from ftrack_review.server.backup import back_up
from ftrack_review.server.store import Store
from tests.conftest import ServerProcess
from tests.integration.api import Api
from tests.integration.test_serving_operation import run


def contents(location):
    """Return the rows of every table of a database, by its name."""
    with contextlib.closing(Store(location)) as store:
        catalogue, _ = store.prepare()
        with store.read() as connection:
            return {
                name: sorted(map(str, (tuple(row) for row in connection.run(sa.select(table)))))
                for name, table in catalogue.metadata.tables.items()
                if name not in ("_event", "_process", "_lease")
            }


def create(server, entity_type, **values):
    action = {"action": "create", "entity_type": entity_type, "entity_data": values}
    return server.perform(action)[0]["data"]["id"]


def test_a_site_moves_to_postgresql_and_back(tmp_path, postgresql):
    with Server(data=str(tmp_path / "data")) as server:
        schema = server.perform({"action": "query", "expression": 'ProjectSchema where name is "VFX"'})
        schema_id = schema[0]["data"][0]["id"]
        create(server, "ObjectType", name="Creature", sort=50)
        project = create(server, "Project", name="film", full_name="Bön", project_schema_id=schema_id)
        create(server, "Creature", name="dragon", parent_id=project, project_id=project)
        url = postgresql.create()
        assert back_up(data=str(tmp_path / "data"), to=url) == (0, 0)
    before = contents(str(tmp_path / "data" / "ftrack.sqlite"))
    assert contents(url) == before
    assert "dragon" in "".join(before["context"])
    with Server(data=str(tmp_path / "moved"), database=url) as server:
        create(server, "Creature", name="elf", parent_id=project, project_id=project)
        # While it is used.
        back_up(data=str(tmp_path / "moved"), database=url, to=str(tmp_path / "copy"))
    with Server(data=str(tmp_path / "copy")) as server:
        rows = server.perform({"action": "query", "expression": "select name from Creature"})[0]["data"]
    assert [row["name"] for row in rows] == ["dragon", "elf"]
    with pytest.raises(ConfigurationError, match="not empty"):
        back_up(data=str(tmp_path / "data"), to=url)


def test_a_database_of_something_else_is_not_copied(tmp_path, postgresql):
    url = postgresql.create()
    postgresql.execute("CREATE TABLE mine (id int)", url.rpartition("/")[2])
    with pytest.raises(ConfigurationError, match="no database of ftrack-review"):
        back_up(data=str(tmp_path), database=url, to=str(tmp_path / "copy"))
    assert not list(tmp_path.iterdir())


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path):
    with pytest.raises(DatabaseBusyError, match="cannot be reached") as caught:
        Server(data=str(tmp_path), database="postgresql://ann:secret@127.0.0.1:1/film")
    assert "secret" not in str(caught.value)
    result = run(
        "serve", "--data", tmp_path, "--port", "0", "--database", "postgresql://ann:secret@127.0.0.1:1/x"
    )
    assert result.returncode != 0
    assert "cannot be reached" in " ".join(result.stderr.split())
    assert "secret" not in result.stderr + result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/x", "postgresql://ann:sec:ret@127.0.0.1:x/y"])
def test_other_databases_are_refused(tmp_path, url):
    with pytest.raises(ConfigurationError, match="postgresql://") as caught:
        Server(data=str(tmp_path), database=url)
    assert "ret" not in str(caught.value).replace("ftrack", "")


def test_a_database_that_is_not_for_unicode_is_refused(tmp_path, postgresql):
    postgresql.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    with pytest.raises(ConfigurationError, match="UTF-8"):
        Server(data=str(tmp_path), database=postgresql.url("latin"))


def test_a_file_is_served_by_one_process_and_scripts_may_use_it_meanwhile(tmp_path):
    (tmp_path / "one").mkdir()
    first = ServerProcess(tmp_path / "one")
    database = str(tmp_path / "one" / "data" / "ftrack.sqlite")
    try:
        second = run("serve", "--data", tmp_path / "two", "--database", database, "--port", "0")
        assert second.returncode != 0
        assert "postgresql://" in second.stderr
        ready = first.ready
        api = Api(ready["url"], ready["api_user"], ready["api_key"])
        with ftrack_review.Session(f"embedded://{tmp_path}/one/data") as session:
            made = session.create("ObjectType", {"name": "Robot", "sort": 70})
            session.commit()
            # What one process makes of the schema the other has at once, here, too.
            assert api.query("select id from Robot") == []
            assert made["id"]
        api.http.close()
    finally:
        assert first.stop() == 0
    again = ServerProcess(tmp_path / "one")
    assert again.stop() == 0
