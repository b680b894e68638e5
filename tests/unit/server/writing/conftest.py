import shutil

import pytest

from tests.unit.server.writing.desk import Desk


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory, kind_of_database, request):
    """The file, or the address, of a database with the first data and nothing else."""
    if kind_of_database == "postgresql":
        postgresql, template = (
            request.getfixturevalue(name) for name in ("postgresql", "postgresql_template")
        )
        database = postgresql.create(template)
        postgresql.keep(database)
        return database
    path = tmp_path_factory.mktemp("prepared") / "ftrack.sqlite"
    desk = Desk(path)
    desk.store.close()
    return path


@pytest.fixture
def desk(prepared_database, tmp_path, kind_of_database, request):
    """An administrator at work on a database of its own."""
    if kind_of_database == "postgresql":
        postgresql = request.getfixturevalue("postgresql")
        desk = Desk(prepared_database)
        yield desk
        desk.store.close()
        postgresql.reset(prepared_database)
        return
    desk = Desk(shutil.copy(prepared_database, tmp_path / "ftrack.sqlite"))
    yield desk
    desk.store.close()
