"""The schema document, read into typed values.

A server answers ``query_schemas`` with a list of entity types. This module turns such a list into a
:class:`Schema` that tells, for every entity type, its attributes, keys and place in the inheritance tree.
It reads documents of every age (those of 2021 have no ``$mixin``) and bears the faults of real ones. It
does not fetch, cache or check anything against a database.

Called by the entity factory, the query formatter and the idioms on the client, and by the catalogue on the
server.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from ftrack_review.protocol._frozen import Frozen
from ftrack_review.symbol import NOT_SET

__all__ = ["AttributeSchema", "EntitySchema", "Schema", "hash_document", "nearest"]

#: One entity type as the wire carries it.
Document = List[Dict[str, Any]]

# Documents before 2022 do not say what derives from what. These families are the same on every server; the
# typed contexts of a site are found by their alias.
_ANCESTRY_WITHOUT_MIXIN = {
    "AssetVersionList": "List",
    "AssetVersionStatusChange": "StatusChange",
    "Collaborator": "BaseUser",
    "ContainerComponent": "Component",
    "CustomAttributeConfiguration": "CustomConfigurationBase",
    "CustomAttributeLinkConfiguration": "CustomConfigurationBase",
    "FileComponent": "Component",
    "Group": "Resource",
    "NoteCategory": "NoteLabel",
    "Project": "Context",
    "SequenceComponent": "ContainerComponent",
    "TypedContext": "Context",
    "TypedContextList": "List",
    "TypedContextStatusChange": "StatusChange",
    "User": "Resource",
}


class AttributeSchema(Frozen):
    """One attribute of an entity type.

    *kind* is one of ``string``, ``number``, ``integer``, ``boolean``, ``object``, ``variable``,
    ``reference`` (to one), ``collection`` (to many) and ``mapping`` (to many, shown as a dictionary).
    *target* is the declared entity type of the last three. *alias* is the server's column name, the
    attribute's own name where the document gives none.
    """

    name: str
    kind: str
    target: Optional[str]
    format: Optional[str]
    default: Any
    alias: str
    immutable: bool
    computed: bool
    required: bool
    restricted: bool
    key_attribute: Optional[str]
    value_attribute: Optional[str]
    enum: Optional[Tuple[str, ...]]
    transformed: bool
    document: Mapping[str, Any]

    @property
    def is_relation(self) -> bool:
        """Whether the value is another entity or several."""
        return self.kind in ("reference", "collection", "mapping")

    @property
    def is_scalar(self) -> bool:
        """Whether the value is neither an entity nor several."""
        return not self.is_relation

    @property
    def is_time(self) -> bool:
        """Whether the value is a point in time."""
        return self.format == "date-time"


class EntitySchema(Frozen):
    """One entity type: its key, attributes and what a plain query fetches.

    *base* is the entity type it derives from, None for most. *table* is the server's name for it and
    *classifiers* the column values that set it apart from others in the same table.
    """

    name: str
    base: Optional[str]
    primary_key: Tuple[str, ...]
    attributes: Mapping[str, AttributeSchema]
    default_projections: Tuple[str, ...]
    system_projections: Tuple[str, ...]
    table: str
    classifiers: Mapping[str, str]
    document: Mapping[str, Any]

    def nearest(self, attribute: str) -> Optional[str]:
        """Return the attribute whose name is closest to *attribute*, or None if none is close."""
        return nearest(attribute, self.attributes)


class Schema(Mapping[str, EntitySchema]):
    """All entity types of a server, by name, in the order of the document.

    Entity types are read when first asked for, as most programs use a few of the 130.
    """

    def __init__(self, document: Union[Document, Mapping[str, Dict[str, Any]]]) -> None:
        """Initialise from *document*, the answer to ``query_schemas``, or the same by name. It is kept, not copied."""
        #: The document of each entity type by name.
        self.documents: Mapping[str, Dict[str, Any]] = (
            {entry["id"]: entry for entry in document} if isinstance(document, list) else document
        )
        self._document = document if isinstance(document, list) else None
        self._read: Dict[str, EntitySchema] = {}
        self._children: Optional[Dict[str, List[str]]] = None

    def __getitem__(self, name: str) -> EntitySchema:
        """Return the entity type called *name*. Raise KeyError where there is none."""
        entity = self._read.get(name)
        if entity is None:
            entity = self._read[name] = _read_entity(self.documents[name], self._base_of(name))
        return entity

    def __contains__(self, name: object) -> bool:
        """Return whether there is an entity type called *name*."""
        return name in self.documents

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.documents)

    def __len__(self) -> int:
        """Return the number of entity types."""
        return len(self.documents)

    @property
    def document(self) -> Document:
        """The document, as the server gave it."""
        if self._document is None:
            self._document = list(self.documents.values())
        return self._document

    @property
    def hash(self) -> str:
        """The hash that the server announces for this document."""
        return hash_document(self.document)

    def nearest(self, name: str) -> Optional[str]:
        """Return the entity type whose name is closest to *name*, or None if none is close.

        A name that ends another counts as close, so that ``Version`` gives ``AssetVersion``.
        """
        return nearest(name, self.documents)

    def ancestors(self, name: str) -> Tuple[str, ...]:
        """Return what *name* derives from, nearest first, without itself."""
        found: List[str] = []
        base = self._base_of(name)
        while base is not None and base not in found:
            found.append(base)
            base = self._base_of(base) if base in self.documents else None
        return tuple(found)

    def subtypes(self, name: str) -> Tuple[str, ...]:
        """Return every entity type that derives from *name*, directly or not, without itself."""
        if self._children is None:
            self._children = {}
            for child in self.documents:
                base = self._base_of(child)
                if base is not None:
                    self._children.setdefault(base, []).append(child)
        found: List[str] = []
        for child in self._children.get(name, ()):
            found.append(child)
            found.extend(self.subtypes(child))
        return tuple(found)

    def is_a(self, name: str, base: str) -> bool:
        """Return whether *name* is *base* or derives from it."""
        return name == base or base in self.ancestors(name)

    def root(self, name: str) -> str:
        """Return the topmost entity type of the family of *name*."""
        ancestors = self.ancestors(name)
        return ancestors[-1] if ancestors else name

    def _base_of(self, name: str) -> Optional[str]:
        entry = self.documents.get(name, {})
        mixin = entry.get("$mixin")
        if mixin:
            base: Optional[str] = mixin.get("$ref")
        elif isinstance(entry.get("alias_for"), dict) and entry["alias_for"].get("id") == "Task":
            base = "TypedContext"
        else:
            base = _ANCESTRY_WITHOUT_MIXIN.get(name)
            if base == "BaseUser" and base not in self.documents:
                base = "Resource"
        return base if base in self.documents else None


def hash_document(document: Document) -> str:
    """Return the hash of a schema document, as servers compute it and clients check it.

    It is the MD5 of the document as JSON with sorted keys and Python's default separators
    (verified against a recorded answer of a real server).
    """
    text = json.dumps(document, sort_keys=True)
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


def nearest(name: str, names: Iterable[str]) -> Optional[str]:
    """Return the one of *names* that is closest to *name*, or None if none is close enough to propose."""
    candidates = list(names)
    folded = {candidate.lower(): candidate for candidate in reversed(candidates)}
    lowered = name.lower()
    if lowered in folded:
        return folded[lowered]
    ending = sorted((c for c in candidates if lowered and c.lower().endswith(lowered)), key=len)
    if ending and ending[0].lower() != lowered:
        return ending[0]
    # The inverse: asset_version_id is proposed version_id.
    within = sorted((c for c in candidates if len(c) > 3 and lowered.endswith("_" + c.lower())), key=len)
    if within:
        return within[-1]
    import difflib

    close = difflib.get_close_matches(lowered, list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _read_entity(entry: Mapping[str, Any], base: Optional[str]) -> EntitySchema:
    immutable = frozenset(entry.get("immutable") or ())
    computed = frozenset(entry.get("computed") or ())
    required = frozenset(entry.get("required") or ())
    alias = entry.get("alias_for")
    if isinstance(alias, dict):
        table, classifiers = alias.get("id", entry["id"]), alias.get("classifiers") or {}
    else:
        table, classifiers = alias or entry["id"], {}
    return EntitySchema(
        name=entry["id"],
        base=base,
        primary_key=tuple(entry["primary_key"]),
        attributes={
            name: _read_attribute(name, document, name in immutable, name in computed, name in required)
            for name, document in entry["properties"].items()
        },
        default_projections=tuple(entry.get("default_projections") or ()),
        system_projections=tuple(entry.get("system_projections") or ()),
        table=table,
        classifiers=classifiers,
        document=entry,
    )


def _read_attribute(
    name: str, document: Mapping[str, Any], immutable: bool, computed: bool, required: bool
) -> AttributeSchema:
    kind = document.get("type")
    target: Optional[str] = None
    if kind in ("array", "mapped_array"):
        target = (document.get("items") or {}).get("$ref")
        kind = "mapping" if kind == "mapped_array" else "collection"
    elif kind is None and "$ref" in document:
        target = document["$ref"]
        kind = "reference"
    pair = document.get("key_value_attributes") or {}
    alias = document.get("alias_for")
    return AttributeSchema(
        name=name,
        kind=kind or "string",  # User.user_type_id has a format and no type.
        target=target,
        format=document.get("format"),
        default=document.get("default", NOT_SET),
        alias=alias if isinstance(alias, str) else name,
        immutable=immutable,
        computed=computed,
        required=required,
        restricted=bool(document.get("restricted_projection")),
        key_attribute=pair.get("key"),
        value_attribute=pair.get("value"),
        enum=tuple(document["enum"]) if document.get("enum") else None,
        transformed="transform" in document,
        document=document,
    )
