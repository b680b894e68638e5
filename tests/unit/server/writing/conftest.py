import shutil

import pytest

from ftrack_review.server.store import Store
from tests.unit.server.writing.desk import Desk


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory, kind_of_database, request):
    """A database with the first data and nothing else: a file to copy, or a store that is reset after each test."""
    if kind_of_database == "postgresql":
        postgresql, template = (
            request.getfixturevalue(name) for name in ("postgresql", "postgresql_template")
        )
        url = postgresql.create(template)
        postgresql.keep(url)
        store = Store(url, is_durable=False)
        store.prepare()
        yield store
        store.close()
        return
    path = tmp_path_factory.mktemp("prepared") / "ftrack.sqlite"
    desk = Desk(path)
    desk.store.close()
    yield path


@pytest.fixture
def desk(prepared_database, tmp_path, kind_of_database, request):
    """An administrator at work on a database of its own."""
    if kind_of_database == "postgresql":
        postgresql = request.getfixturevalue("postgresql")
        yield Desk(prepared_database)
        postgresql.reset(prepared_database.url.render_as_string())
        return
    desk = Desk(shutil.copy(prepared_database, tmp_path / "ftrack.sqlite"))
    yield desk
    desk.store.close()
