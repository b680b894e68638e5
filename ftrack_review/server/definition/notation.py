"""Read the notation in which the standard entity types are written down.

The files beside this module (``*.schema``) hold one block per entity type. A block begins with a line that
names the type, followed by one indented line per attribute. Everything after a ``#`` at the start of a line
is a comment::

    Note: system project_id, grouped
        id (noteid): uid
        content (text): text
        author (user) -> BaseUser by user_id (userid) required
        replies (notes) [Note] by in_reply_to_id
        metadata (meta) {Metadata} by parent_id

First line of a block: ``Name (server name) < Base: options``. ``(List where entity is task)`` as the server
name stands for the rows of another type's table that have this value. ``<< _Part`` takes over the
attributes and options of a part without deriving from it; a name with a leading underscore is such a part
and no entity type. Options, separated by commas: ``key a b`` (the primary key, else ``id``), ``default a
b`` (the default projections, else the key; ``default + a`` adds to the key), ``system a`` (the system
projections, by public name), ``grouped`` (may be used with ``group by``). A type has the options of its
base, too.

Attributes, with the server's name in parentheses where it differs:

- ``name: kind = default flags -- description``, kind being ``text``, ``uid`` (a new UUID by default), ``key
  T`` (text that holds the key of a T; ``key T integer`` a number), ``time``, ``number``, ``integer``,
  ``boolean``, ``object``, ``variable``, ``json`` (text that holds JSON), ``digits`` (text that holds an
  integer), ``link`` (declared a text, holds a list), ``entity type`` (text that holds the name of an entity
  type).
- ``name -> T by name_id (alias) flags``: a reference, and the attribute that holds the key. ``via name_id``
  where that attribute has a line of its own, ``hidden`` where it is not public, ``computed`` where there is
  none. Flags before the arrow are the reference's, those at the end the key's.
- ``name [T]`` a collection and ``name {T}`` one that clients show as a mapping, followed by how the
  elements are found: ``by column`` of T (``where column is value``, ``is none``), ``through L own_column
  other_column``, ``hidden`` (a link table that is not public), ``up from column`` and ``down`` (ancestors,
  descendants), ``dense`` (custom attributes).

Flags: ``required``, ``immutable``, ``computed`` (implies immutable), ``mutable`` (takes that back),
``derived`` (the embedded server works it out, though the document does not call it computed),
``restricted``, ``one of a|b``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Optional, Tuple

from ftrack_review.symbol import NOT_SET

__all__ = ["AttributeDefinition", "How", "TypeDefinition", "read"]


@dataclass(frozen=True)
class How:
    """How the entities of a relation are found.

    *way* is ``key`` (a reference by its key), ``children``, ``link``, ``ancestors``, ``descendants``,
    ``dense`` or ``computed``. *columns* are attribute names: of the own type for ``key`` and ``ancestors``,
    of the target for ``children``, of *link* for ``link`` (own, other). Without columns, the key or link is
    hidden.
    """

    way: str
    columns: Tuple[str, ...] = ()
    conditions: Tuple[Tuple[str, Optional[str]], ...] = ()
    link: Optional[str] = None


@dataclass(frozen=True)
class AttributeDefinition:
    """One attribute as written down: *kind* as in the notation, or reference, collection, mapping."""

    name: str
    alias: Optional[str]
    kind: str
    target: Optional[str] = None
    default: Any = NOT_SET
    flags: FrozenSet[str] = frozenset()
    enum: Tuple[str, ...] = ()
    description: Optional[str] = None
    how: Optional[How] = None


@dataclass(frozen=True)
class TypeDefinition:
    """One entity type as written down, with everything that it takes over from its base."""

    name: str
    base: Optional[str]
    server_name: Optional[str]
    classifier: Optional[Tuple[str, str]]
    primary_key: Tuple[str, ...]
    default_projections: Tuple[str, ...]
    system_projections: Tuple[str, ...]
    grouped: bool
    attributes: Mapping[str, AttributeDefinition]


_NAME = r"(?P<name>\w+)(?: \((?P<alias>\w+)\))?"
_HEAD = re.compile(
    r"(?P<name>\w+)(?: \((?P<server>\w+)(?: where (?P<column>\w+) is (?P<value>\w+))?\))?"
    r"(?: <(?P<part><?) (?P<base>\w+))?(?:: (?P<options>.+))?$"
)
_SCALAR = re.compile(
    rf"{_NAME}: (?P<kind>key \w+(?: integer)?|entity type|\w+)(?: = (?P<default>\"[^\"]*\"|[\w.]+))?"
    r"(?P<flags>(?: \S+)*?)(?:  -- (?P<description>.+))?$"
)
_REFERENCE = re.compile(
    rf"{_NAME}(?P<flags>(?: \w+)*) -> (?P<target>\w+) "
    r"(?:by (?P<by>\w+)(?: \((?P<by_alias>\w+)\))?(?P<by_flags>(?: \w+)*)"
    r"|via (?P<via>.+)|(?P<way>hidden|computed)(?P<way_flags>(?: \w+)*))$"
)
_COLLECTION = re.compile(
    rf"{_NAME} (?P<open>[\[{{])(?P<target>\w+)[\]}}] (?P<how>.+?)(?P<flags>(?: restricted)?)$"
)


def read(text: str, known: Dict[str, TypeDefinition]) -> None:
    """Add the entity types of *text* to *known*, which holds those that they derive from.

    Raise :exc:`ValueError`, with the line, where the text is not in the notation.
    """
    head: Optional[str] = None
    body: List[str] = []
    for line in [*text.splitlines(), "_End"]:
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            body.append(line.strip())
            continue
        if head is not None:
            definition = _read_type(head, body, known)
            known[definition.name] = definition
        head, body = line, []


def _read_type(head: str, body: List[str], known: Mapping[str, TypeDefinition]) -> TypeDefinition:
    match = _HEAD.match(head)
    if match is None:
        raise ValueError(f"Not the first line of an entity type: {head}")
    base = known[match["base"]] if match["base"] else None
    attributes: Dict[str, AttributeDefinition] = dict(base.attributes) if base else {}
    for line in body:
        for attribute in _read_attributes(line):
            attributes[attribute.name] = attribute
    options = dict(_read_options(match["options"] or ""))
    key = tuple(options["key"]) if "key" in options else base.primary_key if base else ("id",)
    default = options.get("default")
    if default is None:
        projections = base.default_projections if base else key
    else:
        projections = key + tuple(default[1:]) if default[0] == "+" else tuple(default)
    system = base.system_projections if base else ()
    return TypeDefinition(
        name=match["name"],
        base=match["base"] if not match["part"] else None,
        server_name=match["server"],
        classifier=(match["column"], match["value"]) if match["column"] else None,
        primary_key=key,
        default_projections=projections,
        system_projections=system + tuple(name for name in options.get("system", ()) if name not in system),
        grouped="grouped" in options or (base is not None and base.grouped),
        attributes=attributes,
    )


def _read_options(text: str) -> Iterator[Tuple[str, List[str]]]:
    for option in filter(None, text.split(", ")):
        word, *names = option.split()
        yield word, names


def _read_attributes(line: str) -> Iterator[AttributeDefinition]:
    match = _REFERENCE.match(line)
    if match is not None:
        yield from _read_reference(match)
        return
    match = _COLLECTION.match(line)
    if match is not None:
        yield AttributeDefinition(
            name=match["name"],
            alias=match["alias"],
            kind="collection" if match["open"] == "[" else "mapping",
            target=match["target"],
            flags=frozenset(match["flags"].split()),
            how=_read_how(match["how"]),
        )
        return
    match = _SCALAR.match(line)
    if match is None:
        raise ValueError(f"Not an attribute: {line}")
    kind, target = match["kind"], None
    if kind.startswith("key "):
        kind, target = ("key integer" if kind.endswith(" integer") else "key"), kind.split()[1]
    flags, _, enum = match["flags"].partition(" one of ")
    yield AttributeDefinition(
        name=match["name"],
        alias=match["alias"],
        kind=kind,
        target=target,
        default=json.loads(match["default"]) if match["default"] else NOT_SET,
        flags=frozenset(flags.split()),
        enum=tuple(enum.split("|")) if enum else (),
        description=match["description"],
    )


def _read_reference(match: re.Match[str]) -> Iterator[AttributeDefinition]:
    if match["by"]:
        how = How("key", (match["by"],))
        yield AttributeDefinition(
            name=match["by"],
            alias=match["by_alias"],
            kind="key",
            target=match["target"],
            flags=frozenset(match["by_flags"].split()),
        )
    elif match["via"]:
        how = How("key", tuple(match["via"].split()))
    else:
        how = How("key" if match["way"] == "hidden" else "computed")
    flags = set(match["flags"].split()) | set((match["way_flags"] or "").split())
    if how.way == "computed":
        flags.add("computed")
    yield AttributeDefinition(
        name=match["name"],
        alias=match["alias"],
        kind="reference",
        target=match["target"],
        flags=frozenset(flags),
        how=how,
    )


def _read_how(text: str) -> How:
    words = text.split()
    if words[0] == "by":
        how = How("children", (words[1],))
        if len(words) > 2:
            value = None if words[5] == "none" else words[5]
            how = replace(how, conditions=((words[3], value),))
        return how
    if words[0] == "through":
        return How("link", (words[2], words[3]), link=words[1])
    ways = {"hidden": "link", "up": "ancestors", "down": "descendants", "dense": "dense"}
    return How(ways[words[0]], tuple(words[2:]))
