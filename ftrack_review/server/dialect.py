"""What SQLite and PostgreSQL say differently: types, lists and values in JSON, case and aggregates.

Statements are built without knowing where they run. Where one database has no word for what is meant, or
another one, they hold a construct of this module, which says it as each of them does. What the results are
compared by is the same on both: text by its code points (``COLLATE "C"``), whatever language the database was
made for.

Called by ``tables``, which takes its types from here, and by ``sql`` and ``statements``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import CTE, FromClause, Select
    from sqlalchemy.types import TypeEngine

__all__ = [
    "ROW",
    "TEXT",
    "as_text",
    "constant",
    "elements",
    "folded_like",
    "json_column",
    "like",
    "rows_of",
    "standing_apart",
    "values_of",
]

#: Text that is compared by code points. PostgreSQL would order it as its language does.
TEXT: sa.types.TypeEngine[str] = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

#: A key that the database counts up. SQLite does that for INTEGER only.
ROW: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class _Construct(FunctionElement[Any]):
    """A construct of this module: how each database says it, with braces for its arguments."""

    inherit_cache = True
    sqlite: ClassVar[str]
    postgresql: ClassVar[str]


class _TypedConstruct(_Construct):
    """A construct whose words depend on its type, too, which is ``{type}``."""

    inherit_cache = True
    _traverse_internals = [*FunctionElement._traverse_internals, ("type", InternalTraversal.dp_type)]  # noqa: RUF012

    def __init__(self, *arguments: Any, type_: TypeEngine[Any]) -> None:
        super().__init__(*arguments)
        self.type = type_


@compiles(_Construct)
def _say_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    return str(element.sqlite.format(*_arguments(element, compiler, keywords)))


@compiles(_Construct, "postgresql")
def _say_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    arguments = _arguments(element, compiler, keywords)
    return str(element.postgresql.format(*arguments, type=_type_name(element)))


def _arguments(element: Any, compiler: Any, keywords: Any) -> Any:
    return [compiler.process(clause, **keywords) for clause in element.clauses]


def _type_name(element: Any) -> str:
    # Numbers of any kind: a literal that is no whole number is equal to no whole number, and no error.
    if isinstance(element.type, (sa.Integer, sa.Float)):
        return "NUMERIC"
    return "BOOLEAN" if isinstance(element.type, sa.Boolean) else "TEXT"


# Lists that are bound as one JSON text


class _Values(_Construct):
    """The values in a JSON list, as rows with the column ``value``."""

    inherit_cache = True
    name = "json_values"
    sqlite = "json_each({})"
    postgresql = "jsonb_array_elements_text(CAST({} AS JSONB))"


class _Rows(_Construct):
    """The lists in a JSON list, as rows with the column ``value``."""

    inherit_cache = True
    name = "json_rows"
    sqlite = "json_each({})"
    postgresql = "jsonb_array_elements(CAST({} AS JSONB))"


class _Item(_TypedConstruct):
    """One value of a list that is a row of :class:`_Rows`, as the type of this element."""

    inherit_cache = True
    name = "json_item"
    sqlite = "json_extract({}, '$[{}]')"
    postgresql = "CAST({} ->> {} AS {type})"


class _Typed(_TypedConstruct):
    """A text that PostgreSQL gives for a value in JSON, as the type of this element. SQLite's has it already."""

    inherit_cache = True
    name = "json_typed"
    sqlite = "{}"
    postgresql = "CAST({} AS {type})"


def values_of(parameter: Any, type_: TypeEngine[Any]) -> Select[Any]:
    """Return the SELECT of the values, of the type *type_*, in the JSON list that is bound to *parameter*."""
    values = _Values(parameter).table_valued(sa.column("value", type_)).alias()
    return sa.select(_Typed(values.c.value, type_=type_))


def standing_apart(query: Select[Any]) -> CTE:
    """Return *query* as a table of its own before the statement, which the planner leaves alone.

    PostgreSQL would take queries that nest deep apart into one join, and plan that for seconds.
    """
    return query.cte().prefix_with("MATERIALIZED", dialect="postgresql")


def rows_of(parameter: Any, types: Any) -> Select[Any]:
    """Return the SELECT of the lists in the JSON list bound to *parameter*, with a column for each of *types*."""
    given = _Rows(parameter).table_valued(sa.column("value")).alias()
    return sa.select(
        *(
            _Item(given.c.value, sa.literal_column(str(place)), type_=type_)
            for place, type_ in enumerate(types)
        )
    )


# The elements of a stored JSON value


class _Elements(_Construct):
    """A value, or what is in it where it is a list or an object: rows with ``key``, ``type`` and ``atom``.

    In the words of SQLite's json_each. A value that is not of the kind asked for gives no rows, instead of an error.
    """

    inherit_cache = True
    name = "json_elements"
    sqlite = "json_each({})"
    postgresql = (
        "(SELECT part.key, part.value AS atom, CASE jsonb_typeof(part.value) WHEN 'string' THEN 'text'"
        " WHEN 'number' THEN 'real' WHEN 'boolean' THEN part.value #>> '{{}}' ELSE jsonb_typeof(part.value) END"
        " AS type FROM (SELECT CAST({} AS JSONB) AS value) AS whole, LATERAL ("
        " SELECT CAST(NULL AS TEXT) AS key, whole.value WHERE jsonb_typeof(whole.value) NOT IN ('array', 'object')"
        " UNION ALL SELECT NULL, list.value FROM jsonb_array_elements("
        " CASE jsonb_typeof(whole.value) WHEN 'array' THEN whole.value ELSE '[]' END) AS list"
        " UNION ALL SELECT pair.key, pair.value FROM jsonb_each("
        " CASE jsonb_typeof(whole.value) WHEN 'object' THEN whole.value ELSE '{{}}' END) AS pair) AS part)"
    )


class _Atom(_TypedConstruct):
    """The ``atom`` of an element as text, number or truth value, which is this element's type."""

    inherit_cache = True
    name = "json_atom"


@compiles(_Atom)
def _atom_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    (atom,) = _arguments(element, compiler, keywords)
    return f"CAST({atom} AS TEXT)" if isinstance(element.type, sa.Text) else str(atom)


@compiles(_Atom, "postgresql")
def _atom_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    (atom,) = _arguments(element, compiler, keywords)
    # Guarded, as nothing says that the type is looked at first.
    if isinstance(element.type, sa.Boolean):
        return f"CASE WHEN jsonb_typeof({atom}) = 'boolean' THEN CAST({atom} #>> '{{}}' AS BOOLEAN) END"
    if isinstance(element.type, (sa.Integer, sa.Float)):
        return f"CASE WHEN jsonb_typeof({atom}) = 'number' THEN CAST({atom} #>> '{{}}' AS NUMERIC) END"
    return (
        f"(CASE {atom} #>> '{{}}' WHEN 'true' THEN CASE jsonb_typeof({atom}) WHEN 'boolean' THEN '1' ELSE 'true' END "
        f"WHEN 'false' THEN CASE jsonb_typeof({atom}) WHEN 'boolean' THEN '0' ELSE 'false' END "
        f"ELSE {atom} #>> '{{}}' END) COLLATE \"C\""
    )


def elements(column: Any) -> FromClause:
    """Return the elements of the JSON value in *column*: ``key``, ``type`` as SQLite calls it, and ``atom``."""
    return (
        _Elements(column)
        .table_valued(sa.column("key", sa.Text()), sa.column("type", sa.Text()), sa.column("atom"))
        .alias()
    )


def json_column(atom: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return the *atom* of an element as *type_*: Text, Float or Boolean."""
    return _Atom(atom, type_=type_)


class _Constant(_Construct):
    """A text that is part of the statement."""

    inherit_cache = True
    name = "constant"
    type = sa.Text()
    sqlite = "{}"
    # A bare one has no type yet, and cannot be sorted by.
    postgresql = "CAST({} AS TEXT)"


def constant(name: str) -> ColumnElement[str]:
    """Return the *name* of an entity type as a column."""
    return _Constant(sa.literal_column("'" + name + "'", sa.Text()))


# Numbers and truth values as text


class _Number(_Construct):
    """A number as text, without decimals where it has none."""

    inherit_cache = True
    name = "number_text"
    type = sa.Text()
    sqlite = "CASE {0} WHEN CAST({0} AS INTEGER) THEN CAST(CAST({0} AS INTEGER) AS TEXT) ELSE CAST({0} AS TEXT) END"
    postgresql = "CAST({0} AS TEXT)"


def as_text(column: Any) -> ColumnElement[str]:
    """Return the *column*, numbers or truth values, as text that both databases spell alike."""
    if isinstance(column.type, sa.Boolean):
        return sa.case((column, "true"), (sa.not_(column), "false"))
    return _Number(column)


# Case


class _Folded(_Construct):
    """A text in lower case, of all alphabets."""

    inherit_cache = True
    name = "unicode_lower"
    type = sa.Text()
    sqlite = "unicode_lower({})"
    # The one collation that knows all alphabets in every database, whatever it was made for.
    postgresql = 'lower({} COLLATE "und-x-icu") COLLATE "C"'


class _Plain(_Construct):
    """A text whose letters beyond ASCII are what they are, for a comparison that ignores case."""

    inherit_cache = True
    name = "plain"
    type = sa.Text()
    sqlite = "{}"
    postgresql = '{} COLLATE "C"'


def like(column: Any, pattern: Any) -> ColumnElement[bool]:
    """Return the criterion that *column* is like *pattern*, which is ASCII, in any case."""
    return _Plain(column).ilike(_Plain(pattern), escape="\\")


def folded_like(column: Any, pattern: Any) -> ColumnElement[bool]:
    """Return the criterion that *column* is like *pattern* in any case, letters of all alphabets included."""
    return _Folded(column).like(_Folded(pattern), escape="\\")
