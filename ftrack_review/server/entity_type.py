"""One entity type of the catalogue: its columns, and how its relations join."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Mapping, Optional, Tuple

from ftrack_review.server.definition import is_derived
from ftrack_review.server.tables import family_of

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from ftrack_review.protocol.schema import AttributeSchema, EntitySchema
    from ftrack_review.server.catalogue import Catalogue

__all__ = ["EntityType", "RelationInfo"]

# Bases of which there are entities, too. Of all others, every entity is of a type that derives from them.
_CONCRETE_BASES = frozenset({"ContainerComponent", "NoteComponent", "NoteLabel"})

# Two names for one table, which does not tell them apart: an entity is what it was asked for as.
_SAME_ROWS = frozenset({"NoteLabel", "NoteCategory"})

# What sets the entity types of a family apart, where the document does not say it (recorded answers).
_DISCRIMINATORS = {
    "Project": {"context_type": "show"},
    "TypedContext": {"context_type": "task"},
    "User": {"resource_type": "user"},
    "Collaborator": {"resource_type": "collaborator"},
    "Group": {"resource_type": "group"},
    "FileComponent": {"system_type": "file"},
    "ContainerComponent": {"system_type": "container"},
    "SequenceComponent": {"system_type": "sequence"},
}


@dataclass(frozen=True)
class RelationInfo:
    """How the entities of one relation are found.

    *kind* is ``reference``, ``collection`` or ``mapping``, as in the schema, *target* the entity type it
    declares, and *covers* the one whose rows may be there: where a schema says Task, any typed context may
    be.

    *how* tells which of the others count. Columns are of the plain tables; with an alias use
    ``alias.c[column.name]``.

    - ``reference`` and ``children``: for all pairs of *join* the own column equals the target's, and for
      all *conditions* the target's column has the value (None: is null). Children are *owned* where
      detaching one must delete it, as it cannot be without its key; *type_column* is the target's column
      that has to name the owner's entity type.
    - ``link``: *link_local* of the table *link* equals the own key, *link_remote* the target's. *link_type*
      is the entity type of its rows, None for a table that no schema shows.
    - ``ancestors`` and ``descendants``: *start* is the own column with the key of the first context of the
      chain upwards, or the own key.
    - ``custom_attributes``: a row for every configuration that applies.
    - ``computed``: found by what the relation means.
    """

    name: str
    kind: str
    target: str
    covers: str
    how: str
    join: Tuple[Tuple[Column[Any], Column[Any]], ...] = ()
    conditions: Tuple[Tuple[Column[Any], Optional[str]], ...] = ()
    type_column: Optional[Column[Any]] = None
    owned: bool = False
    link: Optional[Table] = None
    link_local: Optional[Column[Any]] = None
    link_remote: Optional[Column[Any]] = None
    link_type: Optional[str] = None
    start: Optional[Column[Any]] = None
    key_attribute: Optional[str] = None
    value_attribute: Optional[str] = None

    @property
    def local_column(self) -> Optional[Column[Any]]:
        """The own column of a join over a single one, else None."""
        return self.join[0][0] if len(self.join) == 1 else None

    @property
    def child_column(self) -> Optional[Column[Any]]:
        """The target's column of a join over a single one, else None."""
        return self.join[0][1] if len(self.join) == 1 else None


class EntityType:
    """One entity type: which rows and columns of which table are its own, and its relations."""

    def __init__(self, catalogue: Catalogue, schema: EntitySchema) -> None:
        """Initialise from *schema*, with the tables of *catalogue*."""
        self._catalogue = catalogue
        self.schema = schema
        self.name = schema.name
        self.root = family_of(catalogue.schema, schema.name)
        self._family = catalogue.tables.families[self.root]
        #: The entity type and all that it derives from, nearest first.
        self.lineage: Tuple[str, ...] = (self.name, *catalogue.schema.ancestors(self.name))

    def __repr__(self) -> str:
        """Return the name."""
        return f"<EntityType {self.name}>"

    @property
    def table(self) -> Table:
        """The table of the family."""
        return self._family.table

    @property
    def primary_key(self) -> Tuple[str, ...]:
        """The attributes that make up the key, in order."""
        return self.schema.primary_key

    @functools.cached_property
    def key_columns(self) -> Tuple[Column[Any], ...]:
        """The columns of the key, in order."""
        return tuple(self.columns[name] for name in self.primary_key)

    def is_a(self, name: str) -> bool:
        """Return whether this entity type is *name* or derives from it."""
        return name in self.lineage

    @functools.cached_property
    def concrete_types(self) -> Tuple[str, ...]:
        """The entity types of which its rows can be, itself first where it is one of them."""
        subtypes = self._subtypes
        own = () if subtypes and self.name not in _CONCRETE_BASES else (self.name,)
        if self.name in _SAME_ROWS:
            return own or (self.name,)
        return own + tuple(
            name for name in subtypes if self._catalogue.types[name].concrete_types[:1] == (name,)
        )

    @property
    def concrete(self) -> bool:
        """Whether there can be rows of exactly this entity type."""
        return self.name in self.concrete_types

    @functools.cached_property
    def _subtypes(self) -> Tuple[str, ...]:
        schema = self._catalogue.schema
        if self.name in ("CustomAttributeValue", "CustomAttributeLink", "CustomAttributeLinkFrom"):
            # Related by what they are, though documents (all of them, or old ones) do not say so.
            return tuple(name for name in schema if name.endswith(self.name) and name != self.name)
        return schema.subtypes(self.name)

    @functools.cached_property
    def type_column(self) -> Optional[Column[Any]]:
        """The column with the entity type of a row; None where all rows of the table are simply of this one."""
        if self.name in _SAME_ROWS or len(self._catalogue.families[self.root]) == 1:
            return None
        name = "_from_type" if self.name.endswith("CustomAttributeLinkFrom") else "_type"
        return self.table.c[name]

    @functools.cached_property
    def covers_table(self) -> bool:
        """Whether all rows of the table are of its concrete types."""
        return self.type_column is None or self.name in (self.root, "CustomAttributeLinkFrom")

    @functools.cached_property
    def columns(self) -> Mapping[str, Column[Any]]:
        """The column of each stored attribute that is no relation. Some attributes share one."""
        return self._family.columns[self.name]

    @functools.cached_property
    def hidden(self) -> Mapping[str, Column[Any]]:
        """The columns that hold keys no attribute shows, by name."""
        return {column.name: column for column in self._family.hidden[self.name].values()}

    @functools.cached_property
    def computed(self) -> FrozenSet[str]:
        """The attributes that are not stored but worked out on reading."""
        return frozenset(
            name
            for name, attribute in self.schema.attributes.items()
            if attribute.computed or is_derived(self.lineage, name)
        )

    @functools.cached_property
    def classifiers(self) -> Mapping[str, str]:
        """The values that every row of this entity type has, by attribute."""
        found: Dict[str, str] = {}
        for name in reversed(self.lineage):
            found.update(_DISCRIMINATORS.get(name, {}))
        by_alias = {attribute.alias: name for name, attribute in self.schema.attributes.items()}
        for column, value in self.schema.classifiers.items():
            found[by_alias.get(column, column)] = value
        return {name: value for name, value in found.items() if name in self.schema.attributes}

    @functools.cached_property
    def default_projections(self) -> Tuple[str, ...]:
        """What a query without projections answers with."""
        return tuple(name for name in self.schema.default_projections if name in self.schema.attributes)

    @functools.cached_property
    def system_projections(self) -> Tuple[str, ...]:
        """What every answer has, by public name: the key, the system projections, what tells the type."""
        by_alias: Dict[str, str] = {}
        for name, attribute in self.schema.attributes.items():
            if attribute.is_scalar:
                by_alias.setdefault(attribute.alias, name)
        public = (by_alias.get(name, name) for name in self.schema.system_projections)
        telling = (key for name in self.concrete_types for key in self._catalogue.types[name].classifiers)
        found = dict.fromkeys((*self.primary_key, *self.classifiers, *telling, *public))
        return tuple(name for name in found if name in self.schema.attributes)

    @functools.cached_property
    def foreign_keys(self) -> Mapping[str, str]:
        """The stored attributes that hold a key, and the entity type whose key it is."""
        found: Dict[str, str] = {}
        for relation in self.relations.values():
            if relation.how == "reference" and len(relation.join) == 1:
                for attribute, column in self.columns.items():
                    # Of two references by one key, the wider counts (Recipient.recipient, not .user).
                    if column is relation.local_column and (
                        attribute not in found or self._is_wider(relation.covers, found[attribute])
                    ):
                        found[attribute] = relation.covers
        for name in self.columns:
            target = key_target(self.schema.attributes[name])
            # A file component's key is declared a key of Component, which it is itself.
            if name not in found and target in self._catalogue.schema and self.primary_key != (name,):
                found[name] = covers(self._catalogue, str(target))
        return found

    def _is_wider(self, name: str, other: str) -> bool:
        return name in self._catalogue.schema.ancestors(other)

    @functools.cached_property
    def relations(self) -> Mapping[str, RelationInfo]:
        """The relations, by attribute."""
        from ftrack_review.server.relation import make_relation

        return {
            name: make_relation(self._catalogue, self, attribute)
            for name, attribute in self.schema.attributes.items()
            if attribute.is_relation
        }


def covers(catalogue: Catalogue, target: str) -> str:
    """Return the entity type whose rows can be where a schema declares *target*.

    Where it declares Task, it means the server's table of that name, in which every typed context is
    (recorded: folders among ``ObjectType.tasks``).
    """
    return "TypedContext" if target == "Task" and "TypedContext" in catalogue.schema else target


def key_target(attribute: AttributeSchema) -> Optional[str]:
    """Return the entity type whose key *attribute* holds, as its description tells, or None."""
    if attribute.format != "foreign_key":
        return None
    description = str(attribute.document.get("description") or "")
    # "Foreign key(s): User.user_id": the attribute is often wrong in recorded documents, the type is not.
    return description.rpartition(": ")[2].partition(".")[0] or None
