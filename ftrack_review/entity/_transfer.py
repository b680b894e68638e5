"""Steps of moving the data of components from location to location.

Called by :mod:`~ftrack_review.entity.location` only.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import ftrack_review.exception as exception
import ftrack_review.inspection as inspection
import ftrack_review.symbol as symbol

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity

__all__ = ["asked_ahead", "copy", "is_container", "key_of", "locate", "match", "pair"]


def pair(components: Sequence[Entity], sources: Any) -> List[Tuple[Entity, Any]]:
    """Return each of *components* with its source."""
    if isinstance(sources, (list, tuple)):
        if len(sources) == 1:
            sources = [sources[0]] * len(components)
        if len(sources) != len(components):
            raise ValueError(
                "sources is one location for all components or a list with one for each. "
                f"There are {len(components)} components and {len(sources)} sources."
            )
        return list(zip(components, sources))
    return [(component, sources) for component in components]


# Where the components of the transfer that a thread is at are in their sources, by source and key.
_ahead = threading.local()


@contextlib.contextmanager
def asked_ahead(planned: List[Tuple[Entity, Any]]) -> Iterator[None]:
    """Ask each source once where all its components of *planned* are, for :func:`locate` within."""
    by_source: Dict[int, Tuple[Any, List[Entity]]] = {}
    for component, source in planned:
        by_source.setdefault(id(source), (source, []))[1].append(component)
    known: Dict[Tuple[int, str], str] = {}
    for source, components in by_source.values():
        if len(components) < 2 or not hasattr(source, "get_resource_identifiers"):
            continue
        try:
            found = source.get_resource_identifiers(components)
        except exception.ComponentNotInLocationError as error:
            # A container may be without a record of its own. What else is missing is told when its turn comes.
            absent = {key_of(component) for component in error.details["components"]}
            present = [component for component in components if key_of(component) not in absent]
            known.update(_zip_keys(source, present, source.get_resource_identifiers(present)))
        else:
            known.update(_zip_keys(source, components, found))
    before = getattr(_ahead, "known", {})
    _ahead.known = known
    try:
        yield
    finally:
        _ahead.known = before


def _zip_keys(
    source: Any, components: Sequence[Entity], identifiers: Sequence[str]
) -> Iterator[Tuple[Tuple[int, str], str]]:
    for component, identifier in zip(components, identifiers):
        yield (id(source), key_of(component)), identifier


def locate(component: Entity, source: Any) -> str:
    """Return the resource identifier of *component* in *source*."""
    known: Dict[Tuple[int, str], str] = getattr(_ahead, "known", {})
    identifier = known.get((id(source), key_of(component)))
    return source.get_resource_identifier(component) if identifier is None else identifier


def copy(source: Any, target: Any) -> None:
    """Copy what *source* holds to *target*, and close *target*."""
    wrapped = getattr(source, "wrapped_file", None)
    if hasattr(target, "upload_from") and hasattr(wrapped, "fileno"):
        # A file is sent as it lies on disk; anything else is collected in a temporary file first.
        target.upload_from(wrapped)
    else:
        for chunk in iter(lambda: source.read(symbol.CHUNK_SIZE), b""):
            target.write(chunk)
    target.close()


def match(found: Mapping[str, str], components: Sequence[Entity], location: object) -> List[str]:
    """Return the resource identifiers of *components*, or raise with those that *found* does not have."""
    missing = [component for component in components if key_of(component) not in found]
    if missing:
        raise exception.ComponentNotInLocationError(missing, location)
    return [found[key_of(component)] for component in components]


def is_container(component: Entity) -> bool:
    return component.attributes.get("members") is not None


def key_of(entity: Entity) -> str:
    """Return the key of *entity* as text."""
    return str(next(iter(inspection.primary_key(entity).values())))
