import shutil

import pytest

from tests.unit.server.writing.desk import Desk


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory):
    """The file of a database with the first data and nothing else."""
    path = tmp_path_factory.mktemp("prepared") / "ftrack.sqlite"
    desk = Desk(path)
    desk.store.close()
    return path


@pytest.fixture
def desk(prepared_database, tmp_path):
    """An administrator at work on a database of its own."""
    shutil.copy(prepared_database, tmp_path / "ftrack.sqlite")
    desk = Desk(tmp_path / "ftrack.sqlite")
    yield desk
    desk.store.close()
