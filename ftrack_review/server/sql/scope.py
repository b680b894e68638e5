"""Tables as they stand in one statement, and what is collected while that statement is built.

A :class:`Scope` is one occurrence of an entity type's rows, under an alias of its own. A :class:`Build` hands
out scopes and parameters; the parameters know from which literal of the expression they are filled.

Called by the other modules of this package.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

import sqlalchemy as sa

from ftrack_review.server.dialect import constant, values_of
from ftrack_review.server.sql.fault import query_fault, unknown_type

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import BindParameter, ColumnElement
    from sqlalchemy.sql.selectable import FromClause
    from sqlalchemy.types import TypeEngine

    from ftrack_review.protocol.tree import Segment
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.entity_type import EntityType, RelationInfo
    from ftrack_review.server.sql.shape import Slot

__all__ = [
    "CHAIN_WEIGHT",
    "NOW",
    "QUERY_WEIGHT",
    "Binder",
    "Build",
    "Scope",
    "in_json_list",
    "text_parameter",
]

#: The parameter that holds the time of the request.
NOW = "now"

#: What a query within a query, and what a parenthesis adds to the nesting of a statement.
QUERY_WEIGHT = 3
CHAIN_WEIGHT = 1

# SQLite reads no statement that nests deeper than about nine queries, PostgreSQL many more.
_MOST_NESTING = 15

# An attribute that several subtypes have in ways of their own is asked of each, and so is all that follows it.
_MOST_BRANCHES = 500


@dataclass(frozen=True)
class Binder:
    """How the parameter *name* is filled: by *read* from the literal in slot *index*."""

    name: str
    index: int
    read: Callable[[Any], Any]


class Scope:
    """One occurrence of the rows of an entity type in a statement.

    *source* is what follows FROM. *overrides* gives columns by name that are not columns of *source*, for
    rows that are put together from several tables. *order* is the order in which rows are given when nobody
    asks for another one.
    """

    __slots__ = ("entity", "order", "overrides", "source")

    def __init__(
        self,
        entity: EntityType,
        source: FromClause,
        overrides: Optional[Mapping[str, ColumnElement[Any]]] = None,
        order: Optional[Sequence[ColumnElement[Any]]] = None,
    ) -> None:
        """Initialise for the rows of *entity* in *source*."""
        self.entity = entity
        self.source = source
        self.overrides = overrides
        self.order: Tuple[ColumnElement[Any], ...] = (source.c._row,) if order is None else tuple(order)

    def own(self, column: Any) -> ColumnElement[Any]:
        """Return *column* of the table as it is called in this scope."""
        if self.overrides is not None and column.name in self.overrides:
            return self.overrides[column.name]
        found: ColumnElement[Any] = self.source.c[column.name]
        return found

    def key(self) -> ColumnElement[Any]:
        """Return the first column of the primary key."""
        return self.own(self.entity.key_columns[0])

    def type_name(self) -> ColumnElement[Any]:
        """Return the expression for the concrete entity type of a row."""
        column = self.entity.type_column
        if column is None:
            return constant(self.entity.name)
        return self.own(column)

    def conditions(self, relation: RelationInfo) -> List[ColumnElement[bool]]:
        """Return what must hold of rows here besides belonging to the owner of *relation*.

        No index is to be used for it: to SQLite without statistics ``in_reply_to_id IS NULL`` looks like few rows.
        """
        found: List[ColumnElement[bool]] = []
        for column, value in relation.conditions:
            own = self.own(column)
            plain = sa.func.coalesce(own, own)
            found.append(plain.is_(None) if value is None else plain == value)
        return found

    def is_of_type(self, entity: EntityType) -> Optional[ColumnElement[bool]]:
        """Return the criterion that a row is of the type *entity*, None where every row is."""
        if entity.covers_table or entity.type_column is None:
            return None
        column = self.own(entity.type_column)
        if len(entity.concrete_types) == 1:
            return column == entity.concrete_types[0]
        return column.in_(list(entity.concrete_types))


class Build:
    """A statement under construction: its *catalogue* and the parameters given out so far."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Initialise for one statement."""
        self.catalogue = catalogue
        self.binders: List[Binder] = []
        #: How deep in queries within queries and in parentheses the part stands that is built now.
        self.nesting = 0
        self._branches = 0

    def entity(self, name: str, position: Optional[int] = None) -> EntityType:
        """Return the entity type called *name*. Raise a fault that proposes the nearest where there is none."""
        found: Optional[EntityType] = self.catalogue.types.get(name)
        if found is None:
            raise unknown_type(self.catalogue, name, position)
        return found

    def scope(self, entity: EntityType) -> Scope:
        """Return a new scope over the stored rows of the table of *entity*."""
        return Scope(entity, entity.table.alias())

    def bind(
        self,
        slot: Slot,
        read: Callable[[Any], Any],
        type_: Optional[TypeEngine[Any]] = None,
        *,
        expanding: bool = False,
    ) -> BindParameter[Any]:
        """Return a parameter that *read* fills from the literal in *slot*."""
        name = f"v{len(self.binders)}"
        self.binders.append(Binder(name, slot.index, read))
        return sa.bindparam(name, type_=type_, expanding=expanding)

    def bind_number(self, index: int, read: Callable[[Any], Any]) -> BindParameter[Any]:
        """Return a parameter for the limit or offset in the slot *index*."""
        name = f"v{len(self.binders)}"
        self.binders.append(Binder(name, index, read))
        return sa.bindparam(name, type_=sa.BigInteger())

    @property
    def is_exhausted(self) -> bool:
        """Whether subtypes are asked one by one too often."""
        return self._branches > _MOST_BRANCHES

    def branch(self, segment: Segment) -> None:
        """Note that *segment* is asked of several subtypes. Raise a fault where that multiplies beyond measure."""
        self._branches += 1
        if self.is_exhausted:
            raise query_fault(
                f"{segment.name} is asked of several types in more than {_MOST_BRANCHES} ways: expected a cast to one "
                f"of them, {segment.name}[Type].",
                segment.position,
                segment.name,
            )

    @contextlib.contextmanager
    def deeper(self, weight: int = QUERY_WEIGHT) -> Iterator[bool]:
        """Build something within what is built now. Give whether it is too deep there and has to stand apart.

        What stands apart is a common table expression, which is written before the statement.
        """
        former = self.nesting
        is_apart = former + weight > _MOST_NESTING
        self.nesting = 0 if is_apart else former + weight
        try:
            yield is_apart
        finally:
            self.nesting = former

    def now(self) -> BindParameter[Any]:
        """Return the parameter for the time of the request."""
        return text_parameter(NOW)


def text_parameter(name: str) -> BindParameter[Any]:
    """Return the text parameter called *name*."""
    return sa.bindparam(name, type_=sa.String())


def in_json_list(column: ColumnElement[Any], parameter: BindParameter[Any]) -> ColumnElement[bool]:
    """Return the criterion that *column* is in the JSON list that is bound to *parameter*.

    A list of any length takes one variable, and the database looks each value up by index.
    """
    return column.in_(values_of(parameter, column.type))
