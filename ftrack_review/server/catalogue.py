"""What the database holds: entity types, their tables and columns, and how relations join.

A :class:`Catalogue` derives everything from a schema, be it the project's own or the recorded one of
another server. Relations come from the project's definition where it knows them and from rules where it
does not (a collection of a type that only another server has). The query compiler reads it to join, the
write rules to store and to check. It runs no statement itself.
"""

from __future__ import annotations

import functools
import gzip
import json
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ftrack_review.server.entity_type import EntityType
from ftrack_review.server.tables import PrivateTables, Tables, family_of, snake

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from ftrack_review.protocol.schema import Document, Schema
    from ftrack_review.server.store import Connection

__all__ = ["Catalogue"]


class Catalogue:
    """The entity types of a schema, over tables of the same shape."""

    def __init__(self, schema: Schema, *, tables: Optional[Tables] = None) -> None:
        """Initialise from *schema*.

        *tables* are those of a former catalogue of the same database, which has the same tables but for the
        entity types that object types make; statements compiled for them stay compiled.
        """
        self.schema = schema
        if tables is None:
            tables = Tables(schema)
        else:
            for name in schema:
                tables.add_type(schema, name)
        self.tables = tables
        self.types: Mapping[str, EntityType] = _Types(self)

    @property
    def metadata(self) -> MetaData:
        """All tables."""
        return self.tables.metadata

    @property
    def private(self) -> PrivateTables:
        """The tables that no schema shows."""
        return self.tables.private

    @property
    def document(self) -> Document:
        """The schema document, the answer to ``query_schemas``."""
        return self.schema.document

    @functools.cached_property
    def hash(self) -> str:
        """The hash of the document, which clients compare with what they have kept."""
        return self.schema.hash

    @functools.cached_property
    def document_json(self) -> bytes:
        """The document, ready to send."""
        return json.dumps(self.document, separators=(",", ":")).encode("utf-8")

    @functools.cached_property
    def document_gzip(self) -> bytes:
        """The document, ready to send to who accepts gzip."""
        return gzip.compress(self.document_json, compresslevel=6, mtime=0)

    @functools.cached_property
    def families(self) -> Mapping[str, Tuple[str, ...]]:
        """The entity types of each table, by the family that names it."""
        found: Dict[str, List[str]] = {}
        for name in self.schema:
            found.setdefault(family_of(self.schema, name), []).append(name)
        return {family: tuple(names) for family, names in found.items()}

    @functools.cached_property
    def object_types(self) -> Mapping[str, str]:
        """The entity types that object types make, by the id of the object type."""
        return {
            value: name
            for name in self.schema
            for column, value in self.schema[name].classifiers.items()
            if column == "object_typeid"
        }

    def concrete_type(self, name: str, values: Mapping[str, Any]) -> Optional[str]:
        """Return the entity type of a row that is created as *name* with *values*, or None if that is open.

        A TypedContext is what its ``object_type_id`` says, a List what its ``system_type`` says, and so on.
        """
        entity = self.types[name]
        if entity.concrete and not any(self.types[other].classifiers for other in entity.concrete_types[1:]):
            return name
        matching = []
        for candidate in entity.concrete_types:
            classifiers = self.types[candidate].classifiers
            given = [name for name in classifiers if name in values]
            if given and all(values[name] == classifiers[name] for name in given):
                matching.append(candidate)
        if len(matching) == 1:
            return matching[0]
        for attribute in ("to_entity_type", "from_entity_type", "parent_type"):
            other = self.type_named(values.get(attribute) or "")
            if other is not None and attribute in entity.schema.attributes:
                for base in (other, *self.schema.ancestors(other)):
                    if base + name in self.schema:
                        return base + name
        return name if entity.concrete else None

    def type_named(self, text: str) -> Optional[str]:
        """Return the entity type that *text* means, or None.

        Besides the name itself, ``asset_version``, ``assetversion`` and the server's own name are
        understood, in any case: ``show`` is Project.
        """
        return text if text in self.schema else self._by_server_name.get(text.lower(), (None,))[0]

    def types_named(self, text: str) -> Tuple[str, ...]:
        """Return all concrete entity types that *text* means as a ``parent_type``, none if it is unknown.

        The name of an entity type means that one. The name of a server's table means all whose rows are in
        it: ``task`` every typed context.
        """
        if text in self.schema:
            return self.types[text].concrete_types
        return tuple(
            dict.fromkeys(
                concrete
                for name in self._by_server_name.get(text.lower(), ())
                for concrete in self.types[name].concrete_types
            )
        )

    @functools.cached_property
    def _by_server_name(self) -> Mapping[str, Tuple[str, ...]]:
        found: Dict[str, List[str]] = {}
        for name in self.schema:
            alias = self.schema[name].table
            for text in {name.lower(), snake(name), alias.lower(), snake(alias)}:
                names = found.setdefault(text, [])
                # The server's table Task holds every typed context, and TypedContext is the type of all of
                # them.
                names.insert(0 if alias == name and not self.schema[name].classifiers else len(names), name)
        return {text: tuple(names) for text, names in found.items()}

    def rebuilt(self, connection: Connection) -> Catalogue:
        """Return the catalogue for the object types that the database holds now, itself if they are the same."""
        from ftrack_review.server.preparation import load_catalogue

        return load_catalogue(connection, self)

    def references_to(self, name: str) -> List[Tuple[EntityType, str]]:
        """Return every stored key that may point to rows of the table of *name*, as (entity type, attribute).

        Of a family, the topmost entity type that has the attribute is named.
        """
        return self._references.get(family_of(self.schema, name), [])

    @functools.cached_property
    def _references(self) -> Mapping[str, List[Tuple[EntityType, str]]]:
        found: Dict[str, List[Tuple[EntityType, str]]] = {}
        seen = set()
        for name in sorted(self.schema, key=lambda name: len(self.schema.ancestors(name))):
            entity = self.types[name]
            for attribute, target in entity.foreign_keys.items():
                column = entity.columns[attribute]
                family = family_of(self.schema, target)
                if (column, family) not in seen:
                    seen.add((column, family))
                    found.setdefault(family, []).append((entity, attribute))
        return found


class _Types(Mapping[str, EntityType]):
    """The entity types of a catalogue by name, made when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._made: Dict[str, EntityType] = {}

    def __getitem__(self, name: str) -> EntityType:
        entity = self._made.get(name)
        if entity is None:
            entity = self._made[name] = EntityType(self._catalogue, self._catalogue.schema[name])
        return entity

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue.schema

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.schema)

    def __len__(self) -> int:
        return len(self._catalogue.schema)
