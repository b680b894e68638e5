"""Databases of earlier versions on both kinds of database, and that no version changes without a step."""

import pytest
import sqlalchemy as sa

from ftrack_review.exception import DatabaseVersionError
from ftrack_review.server.preparation import DATABASE_VERSION, prepare
from ftrack_review.server.store import Store
from tests.unit.server.fingerprint import fingerprints

#: What a new database of each version looks like (tests/unit/server/fingerprint.py). A change needs a step in
#: ``migration``, the next DATABASE_VERSION, and a line here; the lines of former versions stay.
FINGERPRINTS = {
    2: {"sqlite": "c01445b3bf5da9ac", "postgresql": "35f4dfeb6ab02f4c"},
    3: {"sqlite": "c8fa2daafb2e5c93", "postgresql": "ecdf1de53b308eb1"},
    4: {"sqlite": "c8fa2daafb2e5c93", "postgresql": "ecdf1de53b308eb1"},
}

V, NEXT = DATABASE_VERSION, DATABASE_VERSION + 1


def test_the_tables_are_those_of_the_version():
    assert fingerprints() == FINGERPRINTS[DATABASE_VERSION], (
        "The tables have changed. Write a step in ftrack_review/server/migration.py, count DATABASE_VERSION up, and "
        "add the new fingerprint here."
    )


@pytest.fixture
def store(tmp_path, kind_of_database, request):
    """A store on a database of version 1."""
    location = tmp_path / "ftrack.sqlite"
    if kind_of_database == "postgresql":
        postgresql, template = (
            request.getfixturevalue(name) for name in ("postgresql", "postgresql_template")
        )
        location = postgresql.create(template)
    opened = Store(location, is_durable=False)
    opened.prepare()
    with opened.write() as connection:
        for name in ("_event", "_process", "_lease"):
            connection.change(sa.text(f"DROP TABLE {name}"))
        connection.change(sa.text("UPDATE _setting SET value = '1' WHERE name = 'database_version'"))
    yield opened
    opened.close()


def version_of(store):
    with store.read() as connection:
        statement = sa.text("SELECT value FROM _setting WHERE name = 'database_version'")
        return connection.run(statement)[0][0]


def names_of(store):
    with store.read() as connection:
        return set(connection.table_names())


def schemas_of(store):
    with store.read() as connection:
        rows = connection.run(sa.text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before%'"))
    return [row[0] for row in rows]


def add_column(connection):
    connection.change(sa.text("ALTER TABLE _setting ADD COLUMN remark TEXT"))


def fail(connection):
    connection.change(sa.text("DELETE FROM _setting"))
    raise ValueError("a row does not fit")


def test_a_database_of_version_1_is_upgraded_when_it_is_opened(store):
    catalogue, key = store.prepare()
    assert key is None
    assert "Shot" in catalogue.types
    assert version_of(store) == str(DATABASE_VERSION)
    assert {"_event", "_process", "_lease"} <= names_of(store)


def test_who_only_looks_does_not_upgrade_it_and_says_what_does(store):
    with pytest.raises(DatabaseVersionError, match="has version 1, .* ftrack-review serve"):
        store.prepare(may_upgrade=False)
    assert version_of(store) == "1"
    store.prepare()
    store.prepare(may_upgrade=False)


def scenarios_of(store):
    with store.read() as connection:
        statement = sa.text("SELECT _type, value FROM setting WHERE name = 'storage_scenario'")
        return [tuple(row) for row in connection.run(statement)]


def test_an_older_database_gets_the_setting_of_the_storage_scenario_and_keeps_one_that_it_has(store):
    made = scenarios_of(store)
    assert len(made) == 1
    with store.write() as connection:
        connection.change(sa.text("DELETE FROM setting"))
        connection.change(sa.text("UPDATE _setting SET value = '3' WHERE name = 'database_version'"))
    store.prepare()
    assert scenarios_of(store) == made
    with store.write() as connection:
        connection.change(sa.text("UPDATE setting SET value = 'mine'"))
        connection.change(sa.text("UPDATE _setting SET value = '3' WHERE name = 'database_version'"))
    store.prepare()
    assert scenarios_of(store) == [("Setting", "mine")]


def test_a_step_that_fails_leaves_the_database_as_it_was(store):
    before = names_of(store)
    with pytest.raises(DatabaseVersionError, match="is as it was: a row does not fit"):
        prepare(store, version=NEXT, steps={1: fail, **{number: add_column for number in range(2, NEXT)}})
    assert version_of(store) == "1"
    assert names_of(store) == before
    if not store.is_sqlite:
        assert schemas_of(store) == []


@pytest.mark.parametrize("kind_of_database", ["postgresql"], indirect=True)
class TestCopyOnPostgreSQL:
    """The copy from before an upgrade, in a schema of its own."""

    def test_it_can_take_the_place_of_what_was_upgraded(self, store):
        with store.write() as connection:
            before = connection.run(sa.text("SELECT count(*) FROM status"))[0][0]
        store.prepare()
        assert schemas_of(store) == ["before_upgrade_from_1"]
        with store.write() as connection:
            connection.change(sa.text("DELETE FROM status"))
        # What the documentation says to do.
        with store.write() as connection:
            connection.change(sa.text("DROP SCHEMA public CASCADE"))
            connection.change(sa.text("ALTER SCHEMA before_upgrade_from_1 RENAME TO public"))
        assert version_of(store) == "1"
        store.prepare()
        with store.write() as connection:
            assert connection.run(sa.text("SELECT count(*) FROM status"))[0][0] == before
            highest = connection.run(sa.text("SELECT max(_row) FROM status"))[0][0]
            connection.change(sa.text("INSERT INTO status (_type, id) VALUES ('Status', 'new')"))
            row = connection.run(sa.text("SELECT _row FROM status WHERE id = 'new'"))[0][0]
            assert row == highest + 1
        # The indexes came along, too: keys are still unique.
        with store.write() as connection:
            indexes = connection.run(
                sa.text(
                    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'status'"
                )
            )
        assert any("UNIQUE" in row[0] and "(id)" in row[0] for row in indexes)

    def test_a_second_upgrade_keeps_the_first_copy(self, store):
        with store.write() as connection:
            connection.change(sa.text("CREATE SCHEMA before_upgrade_from_1"))
        store.prepare()
        assert sorted(schemas_of(store)) == ["before_upgrade_from_1", "before_upgrade_from_1_2"]
