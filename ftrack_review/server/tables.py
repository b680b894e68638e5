"""Shape a schema into database tables.

One table holds the rows of a whole family of entity types (all contexts, all components, ...), with the
stored attributes of all of them as columns; an entity type without a family has a table of its own. This
module makes those tables and the private ones that no schema shows. What the columns mean to queries is the
catalogue's; nothing here touches a database.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
)

from ftrack_review.server.definition import find_how, is_derived
from ftrack_review.server.dialect import ROW, TEXT

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from ftrack_review.protocol.schema import AttributeSchema, EntitySchema, Schema

__all__ = ["FamilyTable", "PrivateTables", "Tables", "family_of", "hidden_name", "link_name", "snake"]

_TYPES: Mapping[str, TypeEngine[Any]] = {
    "boolean": Boolean(),
    "integer": BigInteger(),
    "number": Float(),
    # Text, JSON included: what is written is compared and sent as it is.
    "object": TEXT,
    "string": TEXT,
    "variable": TEXT,
}

_LONGEST_NAME = 63

# Looked up by name in every other script; keys of mappings are found by them.
_SEARCHED = frozenset({"email", "key", "name", "username"})

# Keys without `format: foreign_key`, by which collections find their elements.
_UNDECLARED_KEYS = frozenset({"entity_id", "from_id", "parent_id", "to_id", "object_type_id", "project_id"})

# Nobody asks what a user created, and an index costs every write.
_NOT_SEARCHED = frozenset({"completed_by_id", "created_by", "created_by_id", "from_status_id"})


@dataclass
class FamilyTable:
    """The table of one family, and which column holds which attribute.

    *columns* holds, by entity type, the column of each attribute; attributes that are two names for one thing
    share it. *hidden* holds, by entity type, the columns for keys that no attribute shows, by reference.
    """

    table: Table
    columns: Dict[str, Dict[str, Column[Any]]] = field(default_factory=dict)
    hidden: Dict[str, Dict[str, Column[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class PrivateTables:
    """What the server needs beyond the public model.

    *setting* holds name and value (the version of the database among them), *api_key* the hashes of API
    keys, *token* hashes of what gives access to one thing for some time (a link in a mail, an upload),
    *mail* messages until they are delivered. Where several processes serve one database (``neighbours``), *event*
    holds events for the clients of all of them for some minutes, *process* who serves, *lease* who does a job.
    """

    setting: Table
    api_key: Table
    token: Table
    mail: Table
    event: Table
    process: Table
    lease: Table


class Tables:
    """All tables of a database whose public part has the shape of a schema."""

    def __init__(self, schema: Schema) -> None:
        """Make the tables for *schema*."""
        self.metadata = MetaData()
        self.families: Dict[str, FamilyTable] = {}
        self._links: Dict[Tuple[str, str], Table] = {}
        members: Dict[str, List[EntitySchema]] = {}
        for name in schema:
            members.setdefault(family_of(schema, name), []).append(schema[name])
        for family, entities in members.items():
            self.families[family] = self._make_family(schema, family, entities)
        self.private = _make_private(self.metadata)

    def add_type(self, schema: Schema, name: str) -> None:
        """Let the table of the family of *name*, an entity type made by an object type, hold its rows, too."""
        family = self.families[family_of(schema, name)]
        base = schema[name].base or name
        family.columns.setdefault(name, family.columns.get(base, {}))
        family.hidden.setdefault(name, family.hidden.get(base, {}))

    def link(self, family: str, attribute: str) -> Table:
        """Return the hidden link table of the collection *attribute* of *family*."""
        table = self._links.get((family, attribute))
        if table is None:
            name = link_name(family, attribute)
            table = Table(
                name,
                self.metadata,
                _row_column(),
                Column("local_id", TEXT, nullable=False),
                Column("remote_id", TEXT, nullable=False),
                Index(_index_name(f"key_{name}"), "local_id", "remote_id", unique=True),
                Index(_index_name(f"by_{name}_remote_id"), "remote_id"),
            )
            self._links[family, attribute] = table
        return table

    def _make_family(self, schema: Schema, family: str, entities: List[EntitySchema]) -> FamilyTable:
        name = snake(family)
        made = FamilyTable(
            Table(
                name,
                self.metadata,
                _row_column(),
                Column("_type", TEXT, nullable=False),
            )
        )
        if family == "CustomAttributeLink":
            # A link is typed twice, by what it leads to and by what it comes from.
            made.table.append_column(Column("_from_type", TEXT))
        indexed = set()
        for entity in entities:
            lineage = (entity.name, *schema.ancestors(entity.name))
            by_alias: Dict[str, Column[Any]] = {}
            columns: Dict[str, Column[Any]] = {}
            made.columns[entity.name] = columns
            hidden: Dict[str, Column[Any]] = {}
            made.hidden[entity.name] = hidden
            for attribute in entity.attributes.values():
                if attribute.is_relation:
                    self._add_relation(made.table, hidden, lineage, family, attribute)
                elif not attribute.computed and not is_derived(lineage, attribute.name):
                    column = _find_column(made.table, entity, attribute, by_alias)
                    columns[attribute.name] = column
                    if _is_indexed(attribute):
                        indexed.add(column.name)
        key = entities[0].primary_key
        Index(_index_name(f"key_{name}"), *(made.table.c[attribute] for attribute in key), unique=True)
        keys = {column.name for hidden in made.hidden.values() for column in hidden.values()}
        for column_name in sorted(indexed | keys):
            if column_name != key[0] and column_name not in _NOT_SEARCHED:
                Index(_index_name(f"by_{name}_{column_name}"), made.table.c[column_name])
        if family == "Metadata":
            # A key that all versions have finds nothing by itself: with it alone a query among a million versions takes
            # 80 times as long as among a thousand. PostgreSQL limits what an index entry holds, and values are long.
            pair = (made.table.c["key"], made.table.c["value"])
            Index(_index_name(f"by_{name}_key_value"), *pair).ddl_if(dialect="sqlite")
        return made

    def _add_relation(
        self,
        table: Table,
        hidden: Dict[str, Column[Any]],
        lineage: Tuple[str, ...],
        family: str,
        attribute: AttributeSchema,
    ) -> None:
        how = find_how(lineage, attribute.name)
        if how is None or how.columns:
            return
        if how.way == "key":
            name = hidden_name(attribute.name)
            if name not in table.c:
                table.append_column(Column(name, TEXT))
            hidden[attribute.name] = table.c[name]
        elif how.way == "link":
            self.link(family, attribute.name)


def family_of(schema: Schema, name: str) -> str:
    """Return the entity type that names the table of *name*: the topmost of its family."""
    # Values have one form and one key whatever they belong to; a link is one row seen from two sides.
    if name.endswith("CustomAttributeValue"):
        return "CustomAttributeValue"
    if name.endswith(("CustomAttributeLink", "CustomAttributeLinkFrom")):
        return "CustomAttributeLink"
    return schema.root(name)


def hidden_name(attribute: str) -> str:
    """Return the name of the column for the key of the reference *attribute* that has no public one."""
    return f"_{attribute.lstrip('_')}_id"


def link_name(family: str, attribute: str) -> str:
    """Return the name of the hidden link table of the collection *attribute* of *family*."""
    return f"_link_{snake(family)}_{attribute.lstrip('_')}"


def snake(name: str) -> str:
    """Return *name* in lower case with underscores: ``asset_version`` for ``AssetVersion``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _find_column(
    table: Table, entity: EntitySchema, attribute: AttributeSchema, by_alias: Dict[str, Column[Any]]
) -> Column[Any]:
    """Return the column for *attribute*, adding it to *table* where it has none yet.

    Two attributes of one type with the same server name are one value (``type_id`` and ``object_type_id`` of
    Schema).
    """
    alias = attribute.document.get("alias_for")
    if isinstance(alias, str) and alias in by_alias:
        return by_alias[alias]
    name, sql_type = attribute.name, _TYPES[attribute.kind]
    if name in table.c and not isinstance(table.c[name].type, type(sql_type)):
        name = f"{snake(entity.name)}_{name}"
    if name not in table.c:
        table.append_column(Column(name, sql_type))
    column: Column[Any] = table.c[name]
    if isinstance(alias, str):
        by_alias[alias] = column
    return column


def _is_indexed(attribute: AttributeSchema) -> bool:
    return (
        attribute.format == "foreign_key"
        or attribute.name in _SEARCHED
        or (attribute.name in _UNDECLARED_KEYS and attribute.kind == "string")
    )


def _index_name(name: str) -> str:
    """Return *name*, shortened where PostgreSQL takes no name of that length."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _row_column() -> Column[Any]:
    return Column("_row", ROW, Identity(), primary_key=True)


def _make_private(metadata: MetaData) -> PrivateTables:
    setting = Table(
        "_setting",
        metadata,
        Column("name", TEXT, primary_key=True),
        Column("value", TEXT, nullable=False),
    )
    api_key = Table(
        "_api_key",
        metadata,
        Column("id", TEXT, primary_key=True),
        Column("user_id", TEXT, nullable=False, index=True),
        Column("hash", TEXT, nullable=False, unique=True),
        Column("name", TEXT),
        Column("run", Boolean, nullable=False),
        Column("created_at", TEXT, nullable=False),
        Column("last_used_at", TEXT),
        Column("revoked_at", TEXT),
    )
    token = Table(
        "_token",
        metadata,
        Column("hash", TEXT, primary_key=True),
        Column("purpose", TEXT, nullable=False),
        Column("subject", TEXT, nullable=False, index=True),
        Column("data", TEXT),
        Column("created_at", TEXT, nullable=False),
        Column("expires_at", TEXT),
        Column("revoked_at", TEXT),
    )
    mail = Table(
        "_mail",
        metadata,
        Column("id", TEXT, primary_key=True),
        Column("kind", TEXT, nullable=False),
        Column("subject_id", TEXT, index=True),
        Column("recipient", TEXT, nullable=False),
        Column("subject", TEXT),
        Column("message", TEXT, nullable=False),
        Column("state", TEXT, nullable=False, index=True),
        Column("attempts", Integer, nullable=False),
        Column("next_attempt_at", TEXT),
        Column("error", TEXT),
        Column("created_at", TEXT, nullable=False),
        Column("sent_at", TEXT),
    )
    return PrivateTables(setting, api_key, token, mail, *_make_shared(metadata))


def _make_shared(metadata: MetaData) -> Tuple[Table, Table, Table]:
    """Make the tables by which processes that serve one database know of each other. Times are seconds since 1970."""
    event = Table(
        "_event",
        metadata,
        Column("id", ROW, Identity(), primary_key=True),
        Column("origin", TEXT, nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("body", TEXT, nullable=False),
        Column("created_at", Float, nullable=False),
    )
    process = Table(
        "_process",
        metadata,
        Column("id", TEXT, primary_key=True),
        Column("name", TEXT, nullable=False),
        Column("listens", Boolean, nullable=False),
        Column("seen_at", Float, nullable=False),
    )
    lease = Table(
        "_lease",
        metadata,
        Column("name", TEXT, primary_key=True),
        Column("holder", TEXT, nullable=False),
        Column("until", Float, nullable=False),
    )
    return event, process, lease
