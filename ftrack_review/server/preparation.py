"""Prepare a database: make it where it is new, check it where it is not, and find out what it holds.

The schema of a database is the standard one, or the recorded document of another server that it was made
after, with an entity type for every row of ObjectType. Called by the store when it opens, and after object
types changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.exception import ConfigurationError, DatabaseVersionError
from ftrack_review.protocol.schema import Schema
from ftrack_review.server import ledger, migration, standard_data
from ftrack_review.server.catalogue import Catalogue
from ftrack_review.server.definition.document import ObjectType, object_type_entry, standard_document

if TYPE_CHECKING:
    from ftrack_review.server.store import Connection, Store

__all__ = ["DATABASE_VERSION", "load_catalogue", "next_generation", "prepare", "read_generation"]

#: The version of the tables. One of an older version is upgraded by ``migration``.
DATABASE_VERSION = 4

_DOCUMENT = "schema_document"

# Counts the changes of the catalogue, so that processes that share a database notice those of others.
_GENERATION = "catalogue_generation"

# Read before the schema is known, which depends on them.
_SETTING = sa.table("_setting", sa.column("name"), sa.column("value"))
_FLAGS = ("is_typeable", "is_statusable", "is_prioritizable", "is_schedulable", "is_time_reportable")

Document = List[Dict[str, Any]]


def prepare(
    store: Store,
    document: Optional[Document] = None,
    *,
    may_upgrade: bool = True,
    version: int = DATABASE_VERSION,
    steps: Mapping[int, migration.Step] = migration.STEPS,
) -> Tuple[Catalogue, Optional[str]]:
    """Return the catalogue of the database and, if it was new, the administrator's API key in clear.

    *document* shapes a new database; one that exists keeps its own, which then has to be the same. One of an older
    version than *version* is upgraded with *steps*, or refused without *may_upgrade*.

    Raise :exc:`~ftrack_review.exception.DatabaseVersionError` for a database that this version cannot use, and
    :exc:`~ftrack_review.exception.ConfigurationError` for one that has been made after another document.
    """
    with store.read() as connection:
        names = connection.table_names()
        found = _read_setting(connection, migration.VERSION_SETTING) if "_setting" in names else None
    if "_setting" in names:
        if not may_upgrade:
            migration.require_version(found, version)
        migration.migrate(store, found, version, steps)
        with store.read() as connection:
            return _open(connection, document), None
    if names:
        raise DatabaseVersionError(f"{store.url.database} is a database of something else.")
    with store.write() as connection:
        # Another process may have made it in the meantime.
        if connection.table_names():
            return _open(connection, document), None
        return _create(connection, document, version)


def load_catalogue(connection: Connection, former: Optional[Catalogue] = None) -> Catalogue:
    """Return the catalogue for what the database holds now.

    *former* is the one that was valid before: it is returned if nothing has changed, and its tables are kept.
    """
    kept = _read_setting(connection, _DOCUMENT)
    recorded: Optional[Document] = json.loads(kept) if kept else None
    document = _shape(recorded, _read_object_types(connection, recorded))
    if former is not None and former.document == document:
        return former
    return Catalogue(Schema(document), tables=former.tables if former is not None else None)


def read_generation(connection: Connection) -> int:
    """Return how often the catalogue of the database has changed. Asked for by every transaction, in plain SQL."""
    found = connection.run_aside(f"SELECT value FROM _setting WHERE name = '{_GENERATION}'")
    return int(found[0]) if found else 0


def next_generation(connection: Connection) -> int:
    """Count a change of the catalogue, and return its number."""
    number = read_generation(connection) + 1
    ledger.set_setting(connection, _GENERATION, str(number))
    return number


def _open(connection: Connection, document: Optional[Document] = None) -> Catalogue:
    if document is not None:
        kept = _read_setting(connection, _DOCUMENT)
        if kept is None or json.loads(kept) != document:
            raise ConfigurationError(
                "The database exists already and has the shape of another schema. A schema shapes a new database "
                "only: leave it out, or choose another data folder."
            )
    return load_catalogue(connection)


def _create(connection: Connection, recorded: Optional[Document], version: int) -> Tuple[Catalogue, str]:
    object_types = _recorded_object_types(recorded) if recorded else standard_data.OBJECT_TYPES
    catalogue = Catalogue(Schema(_shape(recorded, object_types)))
    connection.create_tables(catalogue.metadata)
    settings = [{"name": migration.VERSION_SETTING, "value": str(version)}]
    if recorded is not None:
        settings.append({"name": _DOCUMENT, "value": json.dumps(recorded)})
    connection.change(sa.insert(catalogue.private.setting), settings)
    no_priority_id = _default_priority(recorded) if recorded else None
    return catalogue, standard_data.populate(
        connection, catalogue, object_types, no_priority_id or standard_data.NO_PRIORITY_ID
    )


def _shape(recorded: Optional[Document], object_types: Sequence[ObjectType]) -> Document:
    """Return the document of a database with *object_types*, which may be made after a *recorded* one."""
    if recorded is None:
        return standard_document(object_types, standard_data.NO_PRIORITY_ID)
    wanted = {object_type.id: object_type for object_type in object_types}
    document: Document = []
    for entry in recorded:
        id_ = _object_type_id(entry)
        # What a server recorded of an object type counts as long as there is such a row.
        if id_ is None or wanted.pop(id_, None) is not None:
            document.append(entry)
    taken = {entry["id"] for entry in document}
    base = next((entry for entry in recorded if entry["id"] == "TypedContext"), None)
    for object_type in wanted.values():
        if base is not None and object_type.entity_type and object_type.entity_type not in taken:
            document.append(object_type_entry(base, object_type, _default_priority(recorded)))
    return document


def _object_type_id(entry: Mapping[str, Any]) -> Optional[str]:
    alias = entry.get("alias_for")
    classifiers: Mapping[str, str] = alias.get("classifiers") or {} if isinstance(alias, dict) else {}
    return classifiers.get("object_typeid")


def _default_priority(recorded: Document) -> Optional[str]:
    for entry in recorded:
        default = entry["properties"].get("priority_id", {}).get("default")
        if default:
            return str(default)
    return None


def _recorded_object_types(recorded: Document) -> Tuple[ObjectType, ...]:
    """Return the object types that made the entity types of a *recorded* document, as far as it shows."""
    found = []
    for entry in recorded:
        id_ = _object_type_id(entry)
        if id_ is not None:
            fixed = entry.get("immutable") or ()
            found.append(
                ObjectType(
                    id=id_,
                    name=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", entry["id"]),
                    is_typeable="type_id" not in fixed,
                    is_statusable="status_id" not in fixed,
                    is_prioritizable="priority_id" not in fixed,
                    is_schedulable="end_date" not in fixed,
                    is_time_reportable="start_date" not in fixed,
                )
            )
    return tuple(found)


def _read_object_types(connection: Connection, recorded: Optional[Document]) -> Tuple[ObjectType, ...]:
    # Older servers have no is_prioritizable.
    known = next((entry["properties"] for entry in recorded or () if entry["id"] == "ObjectType"), _FLAGS)
    names = [name for name in _FLAGS if name in known]
    flags = [sa.column(name, sa.Boolean) for name in names]
    table = sa.table("object_type", sa.column("id"), sa.column("name"), sa.column("sort"), *flags)
    # Not by `_row`, which a copy of the database may number anew.
    statement = sa.select(table.c.id, table.c.name, *flags).order_by(
        table.c.sort.asc().nulls_first(), table.c.id
    )
    return tuple(
        ObjectType(id_, name or "", **{flag: bool(value) for flag, value in zip(names, values)})
        for id_, name, *values in map(tuple, connection.run(statement))
    )


def _read_setting(connection: Connection, name: str) -> Optional[str]:
    rows = connection.run(sa.select(_SETTING.c.value).where(_SETTING.c.name == name))
    return str(rows[0][0]) if rows else None
