"""Requests compiled: which columns to select of the entities at a path, and how a row becomes a record.

A :class:`Fetch` stands for one path. It selects what any of the concrete types there may need; a
:class:`Builder` for each concrete type picks what that type has. An :class:`Edge` leads from a fetch to the next
and is loaded for all of its rows by one statement, whatever their number and types.

Called by ``compilation`` and ``fetching``.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

from ftrack_review.server.sql.computed import definer, derived, expression, is_link
from ftrack_review.server.sql.edge import Edge, make_edge
from ftrack_review.server.sql.relating import is_unknown
from ftrack_review.server.sql.request import Request
from ftrack_review.server.sql.resolution import TYPE_NAME, relation_signature

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from ftrack_review.protocol.schema import AttributeSchema
    from ftrack_review.server.entity_type import EntityType, RelationInfo
    from ftrack_review.server.sql.scope import Build, Scope

__all__ = ["Builder", "Fetch"]

_WHOLE = Request(whole=True)


class Builder:
    """How a row becomes the record of one concrete entity type.

    *names* are the attributes that a row holds as they are, at *places*; *converted* are those of them that are
    converted when not null; *derived* are made of other values of the row; *links* need rows of their own;
    *edges* lead to other entities; *empty* are relations of which nothing is known. *tokens* stand for all of
    them, so that an answer can tell what it holds already: a relation's token says what is asked behind it.
    """

    __slots__ = (
        "converted",
        "derived",
        "edges",
        "empty",
        "key_names",
        "links",
        "names",
        "partials",
        "pick",
        "places",
        "tokens",
    )

    def __init__(self, key_names: Tuple[str, ...]) -> None:
        """Initialise for a type with the primary key *key_names*, which a row holds from its second place on."""
        self.key_names = key_names
        self.names: List[str] = []
        self.places: List[int] = []
        self.converted: List[Tuple[str, Callable[[Any], Any]]] = []
        self.derived: List[Tuple[str, Tuple[int, ...], Callable[..., Any]]] = []
        self.links: List[str] = []
        self.edges: List[Tuple[str, Edge]] = []
        self.empty: List[Tuple[str, Any]] = []
        self.tokens: FrozenSet[str] = frozenset()
        self.partials: Dict[FrozenSet[str], Builder] = {}
        self.pick: Optional[Callable[[Any], Tuple[Any, ...]]] = None

    def seal(self) -> Builder:
        """Work out what follows from the attributes, now that all are there."""
        # Rows of one type are selected in the order of their names; zip then needs no picking.
        in_order = self.places == list(range(len(self.places)))
        self.pick = None if in_order else itemgetter(*self.places)
        own = len(self.key_names) + 1
        self.tokens = frozenset(
            [*self.names[own:], *(name for name, _, _ in self.derived), *self.links]
            + [name for name, _ in self.empty]
            + [f"{name}{edge.token}" for name, edge in self.edges]
        )
        return self

    def partial(self, tokens: FrozenSet[str]) -> Builder:
        """Return a builder for the type and key, and of everything else for what *tokens* stand for."""
        found = self.partials.get(tokens)
        if found is None:
            found = Builder(self.key_names)
            own = len(self.key_names) + 1
            for place, name in zip(self.places, self.names):
                if len(found.names) < own or name in tokens:
                    found.names.append(name)
                    found.places.append(place)
            found.converted = [item for item in self.converted if item[0] in tokens]
            found.derived = [item for item in self.derived if item[0] in tokens]
            found.links = [name for name in self.links if name in tokens]
            found.empty = [item for item in self.empty if item[0] in tokens]
            found.edges = [(name, edge) for name, edge in self.edges if f"{name}{edge.token}" in tokens]
            self.partials[tokens] = found.seal()
        return found

    def record(self, row: Any) -> Dict[str, Any]:
        """Return the record of *row* as far as the row alone says."""
        return dict(zip(self.names, row if self.pick is None else self.pick(row)))

    def reference(self, row: Any) -> Dict[str, Any]:
        """Return the bare reference to the entity of *row*: its type and key."""
        found = {TYPE_NAME: row[0]}
        found.update(zip(self.key_names, row[1:]))
        return found


class Fetch:
    """What to select of the entities at one path, and how to make records of the rows.

    A row holds its concrete type, its key and then everything else. *columns* is what to select; it is
    complete once the object has been made.
    """

    def __init__(
        self, build: Build, scope: Scope, entity: EntityType, request: Request, *, is_bare: bool = False
    ) -> None:
        """Initialise for entities declared as *entity* whose rows are in *scope*.

        With *is_bare* a record has its key and what was asked for, and no system projections.
        """
        self.entity = entity
        self.request = request
        #: What identifies entities together with their key. A row may be seen as two types (a label is a category,
        #: a link has two sides): then it is two entities to clients.
        column = entity.type_column
        self.family = entity.name if column is None else f"{entity.root}.{column.name}"
        self.key_length = len(entity.primary_key)
        self.columns: List[ColumnElement[Any]] = [scope.type_name()]
        self._build = build
        self._scope = scope
        self._is_bare = is_bare
        self._places: Dict[Any, int] = {}
        self._edges: Dict[Any, Edge] = {}
        for column in entity.key_columns:
            self.place(scope.own(column))
        self.builders: Dict[str, Builder] = {
            name: self._make_builder(build.catalogue.types[name]) for name in entity.concrete_types
        }

    def known(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return those of *rows* whose type the schema has: an object type may have been deleted under them."""
        if self.entity.type_column is None:
            return rows
        return [row for row in rows if row[0] in self.builders]

    def place(self, column: ColumnElement[Any], memo: Any = None) -> int:
        """Return where in a row *column* stands, selecting it if it is new; *memo* names an expression."""
        name = id(column) if memo is None else memo
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = len(self.columns)
            self.columns.append(column)
        return found

    def _make_builder(self, entity: EntityType) -> Builder:
        asked = self.request.for_type(entity)
        names = dict.fromkeys(entity.primary_key)
        if not self._is_bare:
            names.update(dict.fromkeys(entity.system_projections))
        if self.request.whole:
            names.update(dict.fromkeys(entity.default_projections))
        names.update(dict.fromkeys(asked))
        builder = Builder(entity.primary_key)
        builder.names.append(TYPE_NAME)
        builder.places.append(0)
        attributes = [entity.schema.attributes[name] for name in names if name in entity.schema.attributes]
        # Plain columns first: a row then begins with what its record shows, in the same order.
        for attribute in sorted(attributes, key=lambda attribute: attribute.name not in entity.columns):
            if attribute.is_relation:
                relation = entity.relations[attribute.name]
                self._add_relation(builder, entity, relation, asked.get(attribute.name) or _WHOLE)
            else:
                self._add_scalar(builder, entity, attribute)
        return builder.seal()

    def _add_scalar(self, builder: Builder, entity: EntityType, attribute: AttributeSchema) -> None:
        name = attribute.name
        stored = entity.columns.get(name)
        if stored is not None:
            place = self.place(self._scope.own(stored))
        elif is_link(entity, name):
            builder.links.append(name)
            return
        else:
            made = derived(self._build, self._scope, entity, name)
            owner = definer(entity, name)
            if made is not None:
                places = tuple(
                    self.place(column, (name, owner, index)) for index, column in enumerate(made.inputs)
                )
                builder.derived.append((name, places, made.make))
                return
            column = expression(self._build, self._scope, entity, name)
            if column is None:
                builder.empty.append((name, None))
                return
            place = self.place(column, (name, owner))
        builder.names.append(name)
        builder.places.append(place)
        if attribute.is_time:
            builder.converted.append((name, _wrap_time))
        elif attribute.kind in ("variable", "object"):
            builder.converted.append((name, json.loads))

    def _add_relation(
        self, builder: Builder, entity: EntityType, relation: RelationInfo, request: Request
    ) -> None:
        if is_unknown(self._build, relation):
            builder.empty.append((relation.name, None if relation.kind == "reference" else ()))
            return
        request = _with_mapping(relation, request)
        memo = (relation_signature(relation), str(request))
        edge = self._edges.get(memo)
        if edge is None:
            edge = self._edges[memo] = make_edge(self, self._build, self._scope, entity, relation, request)
        builder.edges.append((relation.name, edge))


def _with_mapping(relation: RelationInfo, request: Request) -> Request:
    """Return *request* with the key and value of a mapping, without which no client could make one of it."""
    if relation.kind != "mapping" or relation.key_attribute is None or relation.value_attribute is None:
        return request
    request = Request(request.whole, dict(request.members))
    request.member(relation.key_attribute)
    request.member(relation.value_attribute)
    return request


def _wrap_time(value: str) -> Dict[str, str]:
    return {"__type__": "datetime", "value": value}
