"""Copy a database into a new one, whatever kind each of them is, while others go on working on it.

All rows are read in one transaction, so that they are of one moment. What processes tell each other is left out, and
the keys of running servers do not work on a copy. Called by ``backup``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ftrack_review.exception import ConfigurationError
from ftrack_review.server import ledger
from ftrack_review.server.context import utc_now
from ftrack_review.server.migration import VERSION_SETTING
from ftrack_review.server.preparation import DATABASE_VERSION, load_catalogue

if TYPE_CHECKING:
    from ftrack_review.server.store import Connection, Store

__all__ = ["copy_database"]

# How many rows are held in memory at a time.
_ROWS = 1_000

# What is of no use to another server.
_LEFT_OUT = frozenset(("_event", "_process", "_lease"))


def copy_database(source: Store, target: Store) -> int:
    """Copy all that *source* holds into the empty database *target*. Return the number of rows.

    Raise :exc:`~ftrack_review.exception.ConfigurationError` where *source* is no database of this version, or *target*
    is not empty.
    """
    count = 0
    with source.read() as reader, target.write() as writer:
        if "_setting" not in reader.table_names():
            raise ConfigurationError(f"{source.url.database} is no database of ftrack-review.")
        version = ledger.find_setting(reader, VERSION_SETTING)
        if version != str(DATABASE_VERSION):
            raise ConfigurationError(
                f"The database has version {version}, and this program uses {DATABASE_VERSION}. Start a server on it "
                "once, which upgrades it, or use the version that it was made with."
            )
        if writer.table_names():
            raise ConfigurationError(f"The database {target.url.database} is not empty.")
        metadata = load_catalogue(reader).metadata
        writer.create_tables(metadata)
        for table in metadata.tables.values():
            if table.name not in _LEFT_OUT:
                count += _copy_rows(reader, writer, table)
        ledger.revoke_keys(writer, run=True, now=utc_now())
    return count


def _copy_rows(reader: Connection, writer: Connection, table: sa.Table) -> int:
    count = 0
    (key,) = table.primary_key.columns
    last: Any = None
    while True:
        statement = sa.select(table).order_by(key).limit(_ROWS)
        rows = reader.run(statement if last is None else statement.where(key > last))
        if not rows:
            break
        writer.change(sa.insert(table), [dict(row._mapping) for row in rows])
        last = rows[-1]._mapping[key.name]
        count += len(rows)
    if key.name == "_row":
        writer.count_from(table, key)
    return count
