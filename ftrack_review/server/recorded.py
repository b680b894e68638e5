"""Read the recorded schema of another server from a file, to shape a new database after it.

The file holds an answer to ``query_schemas``: the list of entity types, or a batch of results that it stands in.
It is checked as far as the tables depend on it, so that a file that is something else is refused before
anything is made. Called by ``serving`` for ``--schema``.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterator, List, Mapping, Optional

from ftrack_review.exception import ConfigurationError

__all__ = ["read_document"]

Document = List[Dict[str, Any]]

# What the server writes into every database or looks up by itself; a document without them is no ftrack server's.
_NEEDED = (
    "Asset",
    "AssetVersion",
    "Component",
    "ComponentLocation",
    "Context",
    "Job",
    "Location",
    "Metadata",
    "Note",
    "ObjectType",
    "Priority",
    "Project",
    "ProjectSchema",
    "ReviewSession",
    "State",
    "Status",
    "Type",
    "TypedContext",
    "User",
)


def read_document(path: str) -> Document:
    """Return the schema document in the file at *path*.

    Raise :exc:`~ftrack_review.exception.ConfigurationError`, which says what is wrong with it, for a file that
    cannot be read or is no answer to ``query_schemas``.
    """
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read())
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from error
    except RecursionError as error:
        raise _refusal(path, "it is nested too deeply") from error
    except ValueError as error:
        # UnicodeDecodeError is one too, and its text holds the bytes.
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else f"it is no JSON ({error})"
        raise _refusal(path, reason) from error
    document = _find_list(content)
    if document is None:
        raise _refusal(path, "it does not hold a list of entity types")
    for fault in _faults(document):
        raise _refusal(path, fault)
    return document


def _refusal(path: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The schema {os.path.abspath(path)} cannot be used: {reason}. It has to be the answer of a server to "
        "query_schemas, as JSON."
    )


def _find_list(content: Any) -> Optional[Document]:
    """Return the list of entity types in *content*, which may be the answer to a whole batch."""
    if not isinstance(content, list) or not content:
        return None
    if all(isinstance(entry, dict) and "properties" in entry and "id" in entry for entry in content):
        return content
    for entry in content:
        found = _find_list(entry)
        if found is not None:
            return found
    return None


def _faults(document: Document) -> Iterator[str]:
    """Yield what keeps *document* from shaping a database."""
    names = set()
    for entry in document:
        name = entry["id"]
        if not isinstance(name, str) or not name.isidentifier():
            yield f"{name!r} is no name of an entity type"
            return
        if name in names:
            yield f"it holds {name} twice"
        names.add(name)
        yield from _faults_of(name, entry)
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        yield f"it lacks {', '.join(missing)}"
    for entry in document:
        for attribute, values in entry["properties"].items():
            items = values.get("items") if "items" in values else values
            target = items.get("$ref") if isinstance(items, Mapping) else None
            if target is not None and target not in names:
                yield f"{entry['id']}.{attribute} refers to {target}, which it lacks"


def _faults_of(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    properties, key = entry["properties"], entry.get("primary_key")
    if not isinstance(properties, dict) or not all(isinstance(value, dict) for value in properties.values()):
        yield f"the properties of {name} are no attributes"
        return
    if not isinstance(key, list) or not key or any(part not in properties for part in map(str, key)):
        yield f"{name} has no primary key among its attributes"
    for part in ("required", "immutable", "computed", "default_projections", "system_projections"):
        names = entry.get(part) or []
        if not isinstance(names, list) or not all(isinstance(text, str) for text in names):
            yield f"{part} of {name} is no list of names"
