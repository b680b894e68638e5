"""The project's own definition of the standard entity types.

The types are written down once, without what they inherit, in the ``*.schema`` files of this folder
(:mod:`.notation` describes their form). This package reads them and gives two things: the standard entity
types as the schema document has them (:mod:`.document`), and :func:`find_how`, what the document does not
say: by which columns the entities of a relation are found. Object types are rows of a database and
therefore not here.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Dict, Iterable, Mapping, Optional

from ftrack_review.server.definition.notation import AttributeDefinition, How, TypeDefinition, read

__all__ = ["How", "find_how", "is_derived", "standard_types"]

# In this order, because a type is written down after its base.
_THEMES = ("context", "people", "media", "review", "workflow", "list", "custom_attribute", "site")


@functools.cache
def standard_types() -> Mapping[str, TypeDefinition]:
    """Return the standard entity types by name, bases before what derives from them."""
    known: Dict[str, TypeDefinition] = {}
    folder = resources.files(__name__)
    for theme in _THEMES:
        read(folder.joinpath(f"{theme}.schema").read_text(encoding="utf-8"), known)
    return {name: definition for name, definition in known.items() if not name.startswith("_")}


def find_how(names: Iterable[str], attribute: str) -> Optional[How]:
    """Return how the entities of the relation *attribute* are found, or None if the definition does not know.

    *names* are an entity type and what it derives from, nearest first: a server's own object types are
    found as typed contexts.
    """
    definition = _find(names, attribute)
    return definition.how if definition else None


def is_derived(names: Iterable[str], attribute: str) -> bool:
    """Return whether the embedded server works *attribute* out although no document calls it computed."""
    definition = _find(names, attribute)
    return definition is not None and (definition.kind == "link" or "derived" in definition.flags)


def _find(names: Iterable[str], attribute: str) -> Optional[AttributeDefinition]:
    types = standard_types()
    for name in names:
        if name in types and attribute in types[name].attributes:
            return types[name].attributes[attribute]
    return None
