"""Transactions of the database, and how it fails."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import threading

import pytest
import sqlalchemy as sa

from ftrack_review.exception import (
    DatabaseBusyError,
    DatabaseDuplicateError,
    DatabaseError,
    DatabaseFullError,
    DatabaseVersionError,
)
from ftrack_review.server import standard_data
from ftrack_review.server.definition.document import ObjectType, standard_document
from ftrack_review.server.store import Store

THING = sa.Table(
    "thing",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("a", sa.Text),
    sa.Column("b", sa.Text),
    sa.Index("key_thing", "a", "b", unique=True),
)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.sqlite", timeout_s=0.2, is_durable=False)
    with opened.write() as connection:
        connection.create_tables(THING.metadata)
    yield opened
    opened.close()


def _ids(connection):
    return [row.id for row in connection.run(sa.select(THING.c.id).order_by(THING.c.id))]


def _add(connection, *ids):
    return connection.change(sa.insert(THING), [{"id": id_, "a": id_, "b": id_} for id_ in ids])


def test_what_is_written_is_there(store):
    with store.write() as connection:
        assert _add(connection, "1", "2") == 2
        assert connection.change(sa.update(THING).values(a="x").where(THING.c.id == "1")) == 1
    with store.read() as connection:
        assert _ids(connection) == ["1", "2"]


def test_an_exception_undoes_everything(store):
    with pytest.raises(KeyError), store.write() as connection:
        _add(connection, "1")
        raise KeyError
    with store.read() as connection:
        assert _ids(connection) == []


def test_a_reader_sees_one_state(store):
    with store.read() as reader:
        assert _ids(reader) == []
        with store.write() as writer:
            _add(writer, "1")
        assert _ids(reader) == []
    with store.read() as reader:
        assert _ids(reader) == ["1"]


def test_a_reader_does_not_wait_for_the_writer(store):
    with store.write() as writer:
        _add(writer, "1")
        with store.read() as reader:
            assert _ids(reader) == []


def test_a_reader_cannot_write(store):
    with store.read() as connection, pytest.raises(DatabaseError, match="reading transaction"):
        _add(connection, "1")


def test_writers_take_turns(tmp_path):
    store = Store(tmp_path / "store.sqlite", timeout_s=30, is_durable=False)
    with store.write() as connection:
        connection.create_tables(THING.metadata)
        _add(connection, "0")

    def count(times):
        for _ in range(times):
            with store.write() as connection:
                value = int(connection.run(sa.select(THING.c.a))[0][0])
                connection.change(sa.update(THING).values(a=str(value + 1)))

    threads = [threading.Thread(target=count, args=(25,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.read() as connection:
        assert connection.run(sa.select(THING.c.a)) == [("200",)]
    store.close()


def test_another_thread_waits_only_so_long_for_its_turn(store):
    outcome = []

    def write():
        try:
            with store.write() as connection:
                _add(connection, "2")
        except DatabaseBusyError as error:
            outcome.append(error)

    with store.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert len(outcome) == 1
    assert isinstance(outcome[0], TimeoutError)


def test_another_process_holding_the_database_is_named(store):
    other = sqlite3.connect(store.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError, match="another process"), store.write():
            pass
        other.execute("ROLLBACK")
    finally:
        other.close()
    with store.write() as connection:
        _add(connection, "1")


def test_a_transaction_does_not_begin_within_another(store):
    with store.write(), pytest.raises(DatabaseError, match="within another"), store.write():
        pass
    with store.write() as connection:
        _add(connection, "1")


def test_a_full_disk_is_named_and_loses_nothing(store):
    with store.write() as connection:
        _add(connection, "kept")
    with pytest.raises(DatabaseFullError, match="full"), store.write() as connection:
        pages = connection.run(sa.text("PRAGMA page_count"))[0][0]
        connection.run(sa.text(f"PRAGMA max_page_count={pages + 4}"))
        connection.change(
            sa.insert(THING), [{"id": str(n), "a": "x" * 4000, "b": str(n)} for n in range(100)]
        )
    with store.read() as connection:
        assert _ids(connection) == ["kept"]


def test_a_duplicate_is_named(store):
    with pytest.raises(DatabaseDuplicateError) as caught, store.write() as connection:
        _add(connection, "1")
        connection.change(sa.insert(THING), {"id": "2", "a": "1", "b": "1"})
    assert (caught.value.table, caught.value.columns) == ("thing", ("a", "b"))
    with store.read() as connection:
        assert _ids(connection) == []


def test_an_error_of_the_database_is_ours(store):
    with store.read() as connection, pytest.raises(DatabaseError, match="no such table"):
        connection.run(sa.text("SELECT * FROM missing"))


def test_actions_run_after_the_commit_and_not_without_it(store):
    seen = []

    def look():
        with store.read() as reader:
            seen.append(_ids(reader))

    with store.write() as connection:
        connection.after_commit(look)
        _add(connection, "1")
        assert seen == []
    assert seen == [["1"]]
    with pytest.raises(KeyError), store.write() as connection:
        connection.after_commit(look)
        raise KeyError
    assert seen == [["1"]]


def test_statements_can_be_counted(store):
    before = store.statements_run
    with store.recorded() as texts:
        with store.write() as connection:
            _add(connection, "1", "2", "3")
        with store.read() as connection:
            _ids(connection)
    assert store.statements_run - before == 2
    assert [text.split()[0] for text in texts] == ["INSERT", "SELECT"]


def test_letters_of_all_alphabets_can_be_folded(store):
    with store.read() as connection:
        rows = connection.run(sa.select(sa.func.unicode_lower("ÅÄÖ"), sa.func.unicode_lower(None)))
    assert rows == [("åäö", None)]


def test_the_write_ahead_log_is_used(store):
    with store.read() as connection:
        assert connection.run(sa.text("PRAGMA journal_mode")) == [("wal",)]


def test_a_file_of_something_else_is_refused(tmp_path):
    content = b"this is no database, though it is long enough to be looked at" * 40
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match=r"store\.sqlite cannot be opened"):
        Store(path)
    assert path.read_bytes() == content


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(DatabaseError, match="missing"):
        Store(tmp_path / "missing" / "store.sqlite")


def test_a_new_database_is_made_once(tmp_path):
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    with pytest.raises(DatabaseError, match="prepared"):
        _ = store.catalogue
    catalogue, key = store.prepare()
    assert key
    assert store.catalogue is catalogue
    store.close()
    again = Store(tmp_path / "store.sqlite", is_durable=False)
    reopened, no_key = again.prepare()
    assert no_key is None
    assert (reopened.hash, reopened.document) == (catalogue.hash, catalogue.document)
    again.close()


def test_two_processes_may_make_it_at_once(tmp_path):
    """Two stores on one path, as two processes have: one makes the database, the other finds it."""
    path = tmp_path / "store.sqlite"
    outcomes = []

    def prepare():
        store = Store(path, is_durable=False)
        outcomes.append(store.prepare()[1])
        store.close()

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 4
    assert sum(key is not None for key in outcomes) == 1


def test_who_opens_it_first_waits_for_who_writes(tmp_path):
    path = tmp_path / "store.sqlite"
    outcomes, begun = [], threading.Event()

    def prepare():
        begun.set()
        store = Store(path, is_durable=False)
        outcomes.append(store.prepare()[1])
        store.close()

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=prepare)
        thread.start()
        assert begun.wait(20)
        thread.join(0.3)
        assert thread.is_alive()
        other.execute("ROLLBACK")
    thread.join(60)
    assert len(outcomes) == 1


def test_who_opens_it_waits_no_longer_than_it_may(tmp_path):
    path = tmp_path / "store.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError, match="cannot be opened.*locked"):
            Store(path, is_durable=False, timeout_s=0.1)


def test_a_database_of_another_version_is_refused(tmp_path):
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    catalogue, _ = store.prepare()
    setting = catalogue.private.setting
    with store.write() as connection:
        connection.change(sa.update(setting).where(setting.c.name == "database_version").values(value="99"))
    with pytest.raises(DatabaseVersionError, match="version 99"):
        store.prepare()
    store.close()


def test_a_database_of_something_else_is_refused(store):
    with pytest.raises(DatabaseVersionError, match="something else"):
        store.prepare()


def test_an_object_type_row_makes_an_entity_type(tmp_path):
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    catalogue, _ = store.prepare()
    table = catalogue.types["ObjectType"].table
    with store.write() as connection:
        assert catalogue.rebuilt(connection) is catalogue
        connection.change(
            sa.insert(table), {"_type": "ObjectType", "id": "c0ffee", "name": "Campaign", "sort": 10}
        )
        rebuilt = catalogue.rebuilt(connection)
    assert "Campaign" in rebuilt.types
    assert rebuilt.hash != catalogue.hash
    assert rebuilt.types["Shot"].table is catalogue.types["Shot"].table
    store.close()
    again = Store(tmp_path / "store.sqlite", is_durable=False)
    assert again.prepare()[0].hash == rebuilt.hash
    again.close()


def test_a_database_after_the_schema_of_another_server(tmp_path):
    """The recorded document is kept as it is, and its object types become rows."""
    epic = ObjectType("e51c", "Big Epic", is_typeable=False)
    document = standard_document([epic, standard_data.OBJECT_TYPES[7]], "p1")
    document = [entry for entry in document if entry["id"] not in ("ApiKey", "UserTaskTypeLink")]
    for entry in document:
        entry["properties"].pop("task_type_links", None)
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    catalogue, _ = store.prepare(document)
    assert catalogue.document == document
    table = catalogue.types["ObjectType"].columns
    with store.read() as connection:
        rows = connection.run(
            sa.select(table["id"], table["name"], table["is_typeable"]).order_by(table["sort"])
        )
        assert rows == [("e51c", "Big Epic", False), (standard_data.OBJECT_TYPES[7].id, "Task", True)]
        assert catalogue.rebuilt(connection) is catalogue
    store.close()
    again = Store(tmp_path / "store.sqlite", is_durable=False)
    assert again.prepare()[0].hash == catalogue.hash
    again.close()


@pytest.mark.parametrize(
    "name", ["query_schemas.json", "query_schemas_newer.json", "query_schemas_2021.json"]
)
def test_the_recorded_schemas_shape_a_database(tmp_path, name):
    """Where the recorded answers are not beside the checkout, the project's own document stands in."""
    path = pathlib.Path(__file__).resolve().parents[4] / "shared" / "schema" / name
    if path.exists():
        document = json.loads(path.read_text(encoding="utf-8"))
    else:
        document = standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)
    store = Store(tmp_path / "store.sqlite", is_durable=False)
    catalogue, _ = store.prepare(document)
    store.close()
    again = Store(tmp_path / "store.sqlite", is_durable=False)
    reopened, _ = again.prepare()
    assert reopened.document == catalogue.document == document
    defaults = {entry["properties"].get("priority_id", {}).get("default") for entry in document} - {None}
    with again.read() as connection:
        priorities = {row[0] for row in connection.run(sa.select(reopened.types["Priority"].columns["id"]))}
    assert defaults <= priorities
    again.close()
