"""The rows that one request has read and changed.

Every row is held once, whatever refers to it, so that each action of a batch sees what the ones before it
did. Inserts and updates wait until a statement has to see them, and go out together, one statement per table
and shape; a batch of thousands of creates costs a handful of statements.

:class:`Rows` knows tables and keys, and no rule about any entity type. It lives as long as its request.

Called by ``writing`` and everything below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ftrack_review.exception import DatabaseDuplicateError
from ftrack_review.server import statements
from ftrack_review.server.errors import duplicate_error
from ftrack_review.server.statements import chunks

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext

__all__ = ["Key", "Row", "Rows"]

Key = Tuple[Any, ...]


class Row:
    """One row: its concrete entity type and its values by column name.

    *before* holds the value that a changed column had when the request began, *given* the columns whose
    value came from the caller. *added* tells that this request made the row, *removed* that it deleted it, and
    *waiting* that its insertion is still to come.
    """

    __slots__ = ("added", "before", "entity", "given", "key", "removed", "values", "waiting")

    def __init__(self, entity: Any, key: Key, values: Dict[str, Any], *, added: bool) -> None:
        """Initialise with the values of all columns but ``_row``."""
        self.entity = entity
        self.key = key
        self.values = values
        self.before: Dict[str, Any] = {}
        self.given: Set[str] = set()
        self.added = added
        self.removed = False
        self.waiting = added

    def get(self, attribute: str) -> Any:
        """Return the stored value of *attribute*, None where the entity type has no such attribute."""
        column = self.entity.columns.get(attribute)
        return None if column is None else self.values[column.name]

    def has(self, attribute: str) -> bool:
        """Return whether *attribute* is stored for this entity type."""
        return attribute in self.entity.columns

    @property
    def name(self) -> str:
        """The name of the concrete entity type."""
        return str(self.entity.name)

    @property
    def label(self) -> str:
        """The row as it appears in errors."""
        return f"{self.entity.name} {', '.join(str(part) for part in self.key)}"


class Rows:
    """The rows of one request, each once, and the writes that wait."""

    def __init__(self, context: RequestContext) -> None:
        """Initialise for the request *context*."""
        self._context = context
        self._known: Dict[str, Dict[Key, Optional[Row]]] = {}
        self._inserts: Dict[str, List[Row]] = {}
        self._updates: Dict[str, Dict[Row, Set[str]]] = {}
        # In the order of the first touch, for the change log and the checks at the end.
        self.touched: Dict[Row, None] = {}

    @property
    def catalogue(self) -> Any:
        """The catalogue of the request."""
        return self._context.catalogue

    # Reading

    def load(self, entity: Any, keys: Iterable[Key]) -> None:
        """Read the rows with these *keys*, of the family of *entity*, that are not known yet."""
        known = self._known.setdefault(entity.table.name, {})
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        numbered = [p for p, column in enumerate(entity.key_columns) if column.type.python_type is int]
        if numbered:
            # No row has a text where its key is a number, and PostgreSQL does not compare the two.
            strange = [key for key in missing if not all(isinstance(key[place], int) for place in numbered)]
            known.update(dict.fromkeys(strange))
            missing = [key for key in missing if key not in known]
        for part in chunks(missing, statements.CHUNK // len(entity.key_columns)):
            statement = statements.rows_by_key(entity.table, entity.key_columns, part)
            self._adopt(entity, self._context.connection.run(statement))
            for key in part:
                known.setdefault(key, None)

    def get(self, entity: Any, key: Sequence[Any]) -> Optional[Row]:
        """Return the row with this *key* in the family of *entity*, None where there is none (any more)."""
        wanted = tuple(key)
        known = self._known.setdefault(entity.table.name, {})
        if wanted not in known:
            self.load(entity, [wanted])
        row = known[wanted]
        return None if row is None or row.removed else row

    def peek(self, entity: Any, key: Sequence[Any]) -> Optional[Row]:
        """Return the row with this *key* if it has been read or added already."""
        row = self._known.get(entity.table.name, {}).get(tuple(key))
        return None if row is None or row.removed else row

    def select(self, entity: Any, *conditions: Any) -> List[Row]:
        """Return the rows of the table of *entity* that satisfy *conditions* on its columns."""
        self.flush(entity.table)
        return self._adopt(
            entity, self._context.connection.run(statements.rows_where(entity.table, *conditions))
        )

    def having(self, entity: Any, column: Any, values: Iterable[Any], *conditions: Any) -> List[Row]:
        """Return the rows whose *column* holds one of *values*, however many there are."""
        found: List[Row] = []
        for part in chunks(dict.fromkeys(values)):
            found.extend(self.select(entity, column.in_(part), *conditions))
        return found

    def highest(self, entity: Any, column: Any, *conditions: Any) -> Any:
        """Return the highest value of *column* among the rows that satisfy *conditions*, or None."""
        self.flush(entity.table)
        return self._context.connection.run(statements.highest(column, *conditions))[0][0]

    def highest_each(self, entity: Any, column: Any, owner: Any, keys: Iterable[Any]) -> Dict[Any, Any]:
        """Return the highest value of *column* for each of *keys* that the column *owner* holds."""
        self.flush(entity.table)
        found: Dict[Any, Any] = {}
        for part in chunks(dict.fromkeys(keys)):
            pairs = self._context.connection.run(statements.highest_each(column, owner, part))
            found.update((pair[0], pair[1]) for pair in pairs)
        return found

    def _adopt(self, entity: Any, fetched: Iterable[Any]) -> List[Row]:
        known = self._known.setdefault(entity.table.name, {})
        types = self.catalogue.types
        key_names = [column.name for column in entity.key_columns]
        rows = []
        for record in fetched:
            values = dict(record._mapping)
            values.pop("_row", None)
            key = tuple(values[name] for name in key_names)
            row = known.get(key)
            if row is None:
                concrete = types.get(values["_type"], entity)
                row = known[key] = Row(concrete, key, values, added=False)
            if not row.removed:
                rows.append(row)
        return rows

    # Writing

    def add(
        self, entity: Any, values: Mapping[str, Any], given: Iterable[str] = (), *, is_fresh: bool = False
    ) -> Row:
        """Add a row of the concrete type *entity* with *values* by column name.

        With *is_fresh* the caller vouches that the key is new, as it has just been made, and the database is
        not asked. Raise the fault for a duplicate where the key is in use.
        """
        key = tuple(values[column.name] for column in entity.key_columns)
        existing = self.peek(entity, key) if is_fresh else self.get(entity, key)
        if existing is not None:
            names = ", ".join(entity.primary_key)
            shown = ", ".join(str(part) for part in key)
            raise duplicate_error(f"there is a {existing.name} with {names} {shown} already", names)
        complete: Dict[str, Any] = dict.fromkeys(_column_names(entity.table))
        complete["_type"] = entity.name
        complete.update(values)
        row = Row(entity, key, complete, added=True)
        row.given.update(given)
        self._known.setdefault(entity.table.name, {})[key] = row
        self._inserts.setdefault(entity.table.name, []).append(row)
        self.touched[row] = None
        return row

    def set(self, row: Row, attribute: str, value: Any) -> None:
        """Set a stored *attribute* of *row*. Nothing happens where the type does not have it."""
        column = row.entity.columns.get(attribute)
        if column is not None:
            self.set_column(row, column.name, value)

    def set_column(self, row: Row, name: str, value: Any) -> None:
        """Set the column *name* of *row*."""
        old = row.values[name]
        if old == value and type(old) is type(value):
            return
        row.values[name] = value
        if not row.added:
            row.before.setdefault(name, old)
        if not row.waiting:
            waiting = self._updates.setdefault(row.entity.table.name, {})
            waiting.setdefault(row, set()).add(name)
        self.touched[row] = None

    def remove(self, rows: Iterable[Row]) -> None:
        """Delete *rows*, all at once."""
        by_table: Dict[str, List[Row]] = {}
        for row in rows:
            if not row.removed:
                by_table.setdefault(row.entity.table.name, []).append(row)
                row.removed = True
                self.touched[row] = None
        for gone in by_table.values():
            entity = gone[0].entity
            self.flush(entity.table)
            names = tuple(column.name for column in entity.key_columns)
            statement = statements.delete_by_key(entity.table, names)
            self._context.connection.change(statement, [_key_parameters(row, names) for row in gone])
            known = self._known[entity.table.name]
            for row in gone:
                known[row.key] = None

    def flush(self, table: Any = None) -> None:
        """Send what waits for *table*, or for all tables, to the database."""
        names = list(dict.fromkeys([*self._inserts, *self._updates])) if table is None else [table.name]
        for name in names:
            added = self._inserts.pop(name, None)
            if added:
                self._insert([row for row in added if not row.removed])
            changed = self._updates.pop(name, None)
            if changed:
                self._update({row: columns for row, columns in changed.items() if not row.removed})

    def _insert(self, rows: Sequence[Row]) -> None:
        if rows:
            self._run(statements.insert_row(rows[0].entity.table), [row.values for row in rows])
            for row in rows:
                row.waiting = False

    def _update(self, changed: Mapping[Row, Set[str]]) -> None:
        by_shape: Dict[Tuple[str, ...], List[Row]] = {}
        for row, columns in changed.items():
            by_shape.setdefault(tuple(sorted(columns)), []).append(row)
        for names, rows in by_shape.items():
            entity = rows[0].entity
            key_names = tuple(column.name for column in entity.key_columns)
            parameters = [
                {**_key_parameters(row, key_names), **{name: row.values[name] for name in names}}
                for row in rows
            ]
            self._run(statements.update_by_key(entity.table, key_names), parameters)

    def _run(self, statement: Any, parameters: List[Dict[str, Any]]) -> None:
        try:
            self._context.connection.change(statement, parameters)
        except DatabaseDuplicateError as error:
            columns = ", ".join(error.columns)
            raise duplicate_error(f"{error.table} has a row with this {columns} already", columns) from error


def _key_parameters(row: Row, names: Sequence[str]) -> Dict[str, Any]:
    return {statements.KEY + name: part for name, part in zip(names, row.key)}


def _column_names(table: Any) -> Tuple[str, ...]:
    # Kept with the table, as a cache of the module would keep the tables of catalogues that are gone.
    names: Optional[Tuple[str, ...]] = table.info.get("column_names")
    if names is None:
        names = tuple(column.name for column in table.columns if column.name != "_row")
        table.info["column_names"] = names
    return names
