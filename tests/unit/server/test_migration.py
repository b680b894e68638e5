"""Databases of older versions: upgraded as a whole, or left alone with the reason."""

import sqlite3

import pytest
import sqlalchemy as sa

from ftrack_review.exception import DatabaseVersionError
from ftrack_review.server.preparation import DATABASE_VERSION, prepare
from ftrack_review.server.store import Store

V, NEXT = DATABASE_VERSION, DATABASE_VERSION + 1


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "ftrack.sqlite", is_durable=False)
    opened.prepare()
    yield opened
    opened.close()


def add_table(connection):
    connection.run(sa.text("CREATE TABLE _new (name TEXT)"))
    connection.change(sa.text("INSERT INTO _new VALUES ('first')"))


def add_column(connection):
    connection.run(sa.text("ALTER TABLE _new ADD COLUMN value TEXT"))
    connection.change(sa.text("UPDATE _new SET value = 'second'"))


def fail(connection):
    connection.change(sa.text("DELETE FROM _setting"))
    raise ValueError("a row does not fit")


def version_of(path):
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT value FROM _setting WHERE name = 'database_version'").fetchone()[0]
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        return int(found), "_new" in names
    finally:
        connection.close()


def test_steps_run_in_order_after_a_copy_was_made(store, tmp_path):
    catalogue, key = prepare(store, version=NEXT + 1, steps={NEXT: add_column, V: add_table})
    assert key is None
    assert "Shot" in catalogue.types
    with store.read() as connection:
        assert [tuple(row) for row in connection.run(sa.text("SELECT * FROM _new"))] == [("first", "second")]
    assert version_of(tmp_path / "ftrack.sqlite") == (NEXT + 1, True)
    copies = [path for path in tmp_path.iterdir() if "version" in path.name]
    assert [path.name for path in copies] == [f"ftrack.version-{V}.sqlite"]
    # The copy is a database as good as it was before.
    assert version_of(copies[0]) == (V, False)
    before = Store(copies[0], is_durable=False)
    before.prepare()
    before.close()


def test_the_upgraded_database_opens_again_without_another_copy(store, tmp_path):
    prepare(store, version=NEXT, steps={V: add_table})
    prepare(store, version=NEXT, steps={V: fail})
    assert len([path for path in tmp_path.iterdir() if "version" in path.name]) == 1


def test_a_copy_of_an_earlier_attempt_is_kept(store, tmp_path):
    (tmp_path / f"ftrack.version-{V}.sqlite").write_text("precious")
    prepare(store, version=NEXT, steps={V: add_table})
    assert (tmp_path / f"ftrack.version-{V}.sqlite").read_text() == "precious"
    assert version_of(tmp_path / f"ftrack.version-{V}.2.sqlite") == (V, False)


def test_a_step_that_fails_leaves_the_database_as_it_was(store, tmp_path):
    with pytest.raises(DatabaseVersionError, match="is as it was: a row does not fit"):
        prepare(store, version=NEXT + 1, steps={V: add_table, NEXT: fail})
    assert version_of(tmp_path / "ftrack.sqlite") == (V, False)
    assert not [path for path in tmp_path.iterdir() if "version" in path.name]
    store.prepare()


def test_a_version_without_a_way_is_refused(store, tmp_path):
    with pytest.raises(DatabaseVersionError, match=f"no upgrade from version {NEXT}"):
        prepare(store, version=NEXT + 1, steps={V: add_table})
    assert version_of(tmp_path / "ftrack.sqlite") == (V, False)


@pytest.mark.parametrize("text", ["99", "", "nonsense"])
def test_a_newer_or_unknown_version_is_refused(store, text):
    with store.write() as connection:
        connection.change(
            sa.text("UPDATE _setting SET value = :value WHERE name = 'database_version'"), {"value": text}
        )
    with pytest.raises(DatabaseVersionError, match="this server uses"):
        store.prepare()


def test_every_version_there_was_can_be_upgraded():
    from ftrack_review.server.migration import STEPS

    assert set(STEPS) == set(range(1, DATABASE_VERSION))
