"""The SQL statements with which rows are written and looked up by key.

Pure builders: they return SQLAlchemy statements and run nothing. Statements of one shape are built once and
kept, as SQLAlchemy finds its compiled text by comparing whole statements otherwise. Queries of clients are
compiled elsewhere, in ``sql``.

Called by ``rows``, ``linking`` and ``cascade``.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterable, Iterator, List, Sequence, Tuple

import sqlalchemy as sa

__all__ = [
    "CHUNK",
    "KEY",
    "chunks",
    "delete_by_key",
    "delete_links",
    "folded",
    "highest",
    "highest_each",
    "insert_link",
    "insert_row",
    "keys_by_key",
    "rows_by_key",
    "rows_where",
    "select_links",
    "update_by_key",
]

#: How many values go into one ``IN`` list. SQLite takes 32,766 variables, older builds 999.
CHUNK = 900

#: What the parameter for a key column begins with, to tell it from the column's new value.
KEY = "key__"


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[List[Any]]:
    """Split *values* into lists of at most *size*."""
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def rows_where(table: sa.Table, *conditions: Any) -> sa.Select[Any]:
    """Return the statement that selects whole rows of *table*, in the order of their creation."""
    return sa.select(table).where(*conditions).order_by(table.c["_row"])


def rows_by_key(
    table: sa.Table, key_columns: Sequence[Any], keys: Sequence[Tuple[Any, ...]]
) -> sa.Select[Any]:
    """Return the statement that selects the whole rows with these *keys*."""
    return sa.select(table).where(_has_key(key_columns, keys))


def keys_by_key(key_columns: Sequence[Any], keys: Sequence[Tuple[Any, ...]]) -> sa.Select[Any]:
    """Return the statement that tells which of *keys* exist: key columns and concrete type."""
    table = key_columns[0].table
    return sa.select(*key_columns, table.c["_type"]).where(_has_key(key_columns, keys))


def _has_key(key_columns: Sequence[Any], keys: Sequence[Tuple[Any, ...]]) -> Any:
    # A client may have sent a number for what is text. SQLite compares them all the same.
    readers = [_make_text if isinstance(column.type, sa.Text) else _keep for column in key_columns]
    if len(key_columns) == 1:
        return key_columns[0].in_([readers[0](key[0]) for key in keys])
    return sa.tuple_(*key_columns).in_(
        [tuple(read(part) for read, part in zip(readers, key)) for key in keys]
    )


def _make_text(part: Any) -> Any:
    return str(part) if isinstance(part, int) else part


def _keep(part: Any) -> Any:
    return part


def _once_for_each_table(make: Callable[..., Any]) -> Callable[..., Any]:
    """Keep what *make* returns with its table, so that it goes when the tables of a catalogue go."""

    @functools.wraps(make)
    def find(table: sa.Table, *arguments: Any) -> Any:
        made = table.info.setdefault(make.__name__, {})
        statement = made.get(arguments)
        if statement is None:
            statement = made[arguments] = make(table, *arguments)
        return statement

    return find


@_once_for_each_table
def insert_row(table: sa.Table) -> Any:
    """Return the statement that inserts rows of *table*, given as dictionaries by column name."""
    return sa.insert(table)


@_once_for_each_table
def update_by_key(table: sa.Table, key_names: Tuple[str, ...]) -> Any:
    """Return the statement that updates one row. Key values go in as ``key__<name>``, new ones by name."""
    return sa.update(table).where(*_is_key(table, key_names))


@_once_for_each_table
def delete_by_key(table: sa.Table, key_names: Tuple[str, ...]) -> Any:
    """Return the statement that deletes one row. Key values go in as ``key__<name>``."""
    return sa.delete(table).where(*_is_key(table, key_names))


def _is_key(table: sa.Table, key_names: Tuple[str, ...]) -> List[Any]:
    return [table.c[name] == sa.bindparam(KEY + name, type_=table.c[name].type) for name in key_names]


def highest(column: Any, *conditions: Any) -> sa.Select[Any]:
    """Return the statement for the highest value of *column*."""
    return sa.select(sa.func.max(column)).where(*conditions)


def highest_each(column: Any, owner: Any, keys: Sequence[Any]) -> sa.Select[Any]:
    """Return the statement for the highest value of *column* for each of *keys* in the column *owner*."""
    return sa.select(owner, sa.func.max(column)).where(owner.in_(keys)).group_by(owner)


def select_links(own: Any, other: Any, own_keys: Sequence[Any]) -> sa.Select[Any]:
    """Return the statement that selects the pairs of a link table that belong to *own_keys*."""
    return sa.select(own, other).where(own.in_(own_keys))


@_once_for_each_table
def insert_link(table: sa.Table, own: Any, other: Any) -> Any:
    """Return the statement that inserts a pair, given as ``own`` and ``other``, into a link table."""
    return sa.insert(table).values({own: sa.bindparam("own"), other: sa.bindparam("other")})


def delete_links(own: Any, own_keys: Sequence[Any], other: Any = None, other_keys: Sequence[Any] = ()) -> Any:
    """Return the statement that deletes the pairs of *own_keys*, or those of them with *other_keys*."""
    statement = sa.delete(own.table).where(own.in_(own_keys))
    return statement if other is None else statement.where(other.in_(other_keys))


def folded(column: Any) -> Any:
    """Return *column* as an expression in lower case, for addresses, which are ASCII."""
    return sa.func.lower(column)
