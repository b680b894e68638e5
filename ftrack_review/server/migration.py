"""Upgrade a database that an older version of this library made.

There is one step for each version, which changes the tables or rows of the one before. All steps that a database
needs run in one transaction, after a copy of it was made, so that it is either of the new version or untouched. The
copy of a file lies beside it, that of a PostgreSQL database in a schema of its own within it.
A change of ``tables``, of the private tables or of what the standard definition stores needs a step here, and the next
``DATABASE_VERSION`` in ``preparation``, which calls this.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Callable, Mapping, Optional

import sqlalchemy as sa

from ftrack_review.exception import DatabaseError, DatabaseVersionError
from ftrack_review.server import ledger
from ftrack_review.server.dialect import ROW, TEXT

if TYPE_CHECKING:
    from ftrack_review.server.store import Connection, Store

__all__ = ["STEPS", "VERSION_SETTING", "migrate", "require_version"]

Step = Callable[["Connection"], None]

#: The setting that holds the version of the tables.
VERSION_SETTING = "database_version"


def _add_shared_tables(connection: Connection) -> None:
    """Version 2: tables by which processes that serve one database know of each other."""
    made = sa.MetaData()
    # As they were in version 2, whatever became of them later.
    sa.Table(
        "_event",
        made,
        sa.Column("id", ROW, sa.Identity(), primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("origin", "kind", "body")),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    sa.Table(
        "_process",
        made,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("listens", sa.Boolean, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    sa.Table(
        "_lease",
        made,
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    connection.create_tables(made)


def _index_metadata(connection: Connection) -> None:
    """Version 3: values of metadata are found by key and value, in files; see ``tables``."""
    if connection._store.is_sqlite:
        text = 'CREATE INDEX IF NOT EXISTS by_metadata_key_value ON metadata ("key", value)'
        connection.change(sa.text(text))


def _set_storage_scenario(connection: Connection) -> None:
    """Version 4: the storage scenario is a setting, which can be changed where there is one."""
    # A site that was made after another server may have no settings.
    if "setting" not in connection.table_names():
        return
    setting = sa.table("setting", *map(sa.column, ("_type", "name", "group", "value")))
    values = {"name": "storage_scenario", "group": "STORAGE"}
    is_there = (setting.c[name] == value for name, value in values.items())
    if not connection.run(sa.select(setting.c.name).where(*is_there)):
        scenario = '{"scenario": "ftrack.automatic", "data": {}}'
        connection.change(sa.insert(setting).values(_type="Setting", value=scenario, **values))


#: By version: what makes the next version of it.
STEPS: Mapping[int, Step] = {1: _add_shared_tables, 2: _index_metadata, 3: _set_storage_scenario}

_logger = logging.getLogger(__name__)


def require_version(found: Optional[str], wanted: int) -> None:
    """Raise DatabaseVersionError, with what helps, for a database of a version *found* that is older than *wanted*."""
    if found is not None and found.isdigit() and int(found) < wanted:
        raise DatabaseVersionError(
            f"The database has version {found}, and this version of ftrack-review uses {wanted}. Starting the server "
            "once upgrades it, after making a copy: ftrack-review serve, with the same --data or --database. Nothing "
            "was changed. To leave it as it is, use the version of ftrack-review that it was made with."
        )


def migrate(store: Store, found: Optional[str], wanted: int, steps: Mapping[int, Step]) -> None:
    """Bring the database of *store* from the version *found* to *wanted* with *steps*. The same one needs nothing.

    Raise :exc:`~ftrack_review.exception.DatabaseVersionError`, with the database as it was, where that cannot be
    done.
    """
    if found == str(wanted):
        return
    version = int(found) if found is not None and found.isdigit() else None
    if version is None or version > wanted:
        raise DatabaseVersionError(
            f"The database has version {found}, this server uses {wanted}. "
            "Use the version of ftrack-review that it was made with, or a newer one."
        )
    missing = [number for number in range(version, wanted) if number not in steps]
    if missing:
        raise DatabaseVersionError(
            f"The database has version {version}, this server uses {wanted}, and there is no upgrade from version "
            f"{missing[0]}. Use an older version of ftrack-review first, which has it."
        )
    copy = _copy(store, version) if store.path is not None else None
    try:
        kept = _run(store, version, wanted, steps) or copy
    except Exception as error:
        if copy is not None:
            os.remove(copy)
        raise DatabaseVersionError(
            f"The database could not be upgraded from version {version} to {wanted} and is as it was: {error}"
        ) from error
    _logger.warning(
        "The database was upgraded from version %d to %d. A copy from before is at %s.", version, wanted, kept
    )


def _run(store: Store, version: int, wanted: int, steps: Mapping[int, Step]) -> Optional[str]:
    """Run the steps. Return the name of the schema with the copy, None for a database that is a file."""
    with store.write() as connection:
        # Another process may have been faster, since the copy took its time.
        if ledger.find_setting(connection, VERSION_SETTING) == str(wanted):
            return None
        copy = None if store.path is not None else _copy_tables(connection, version)
        for number in range(version, wanted):
            steps[number](connection)
        ledger.set_setting(connection, VERSION_SETTING, str(wanted))
        return copy


def _copy_tables(connection: Connection, version: int) -> str:
    """Copy all tables with their indexes into a schema of their own, which can take the place of ``public``.

    It becomes part of the transaction of the upgrade, needs no other program, and cannot be of another moment.
    """
    taken = {row[0] for row in connection.run(sa.text("SELECT nspname FROM pg_namespace"))}
    name, number = f"before_upgrade_from_{version}", 1
    while name in taken:
        number += 1
        name = f"before_upgrade_from_{version}_{number}"
    quote = connection.quoted
    connection.change(sa.text(f"CREATE SCHEMA {name}"))
    for table in connection.table_names():
        copy = f"{name}.{quote(table)}"
        # By default, a copy of a column that is counted up counts on its own.
        connection.change(sa.text(f"CREATE TABLE {copy} (LIKE {quote(table)} INCLUDING ALL)"))
        connection.change(sa.text(f"INSERT INTO {copy} SELECT * FROM {quote(table)}"))
        counted = sa.text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema "
            "AND table_name = :table AND is_identity = 'YES'"
        )
        for (column,) in connection.run(counted, {"schema": name, "table": table}):
            connection.run(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence(:copy, :column), max({quote(column)})) FROM {copy}"
                ),
                {"copy": copy, "column": column},
            )
    return name


def _copy(store: Store, version: int) -> str:
    """Copy the database, a file, beside itself. Return the path."""
    assert store.path is not None
    stem, extension = os.path.splitext(store.path)
    path, number = f"{stem}.version-{version}{extension}", 1
    while os.path.exists(path):
        number += 1
        path = f"{stem}.version-{version}.{number}{extension}"
    try:
        store.copy_to(path)
    except DatabaseError as error:
        raise DatabaseVersionError(
            f"The database has version {version} and cannot be upgraded, as there is no room for a copy: {error}"
        ) from error
    return path
