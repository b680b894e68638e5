"""Show entities as text, for people who look at them in a shell."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional

from ftrack_review._terminal import harmless
from ftrack_review.collection import Collection, KeyValueMappedCollectionProxy
from ftrack_review.entity.base import Entity
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    Formatters = Mapping[str, Callable[[Any], str]]

__all__ = ["FILTER", "format"]

#: Functions to pass as *attribute_filter*.
FILTER: Dict[str, Callable[[Any, str, Any], bool]] = {
    "ignore_unset": lambda entity, name, value: value is not NOT_SET,  # noqa: ARG005 - its signature.
}


def _can_do_colors() -> bool:
    """Return whether the standard output shows colours."""
    if "ANSI_COLORS_DISABLED" in os.environ or "NO_COLOR" in os.environ:
        return False
    if "FORCE_COLOR" in os.environ:
        return True
    if os.environ.get("TERM") == "dumb" or not hasattr(sys.stdout, "fileno"):
        return False
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):
        return False


def _make_formatters() -> Dict[str, Callable[[Any], str]]:
    if not _can_do_colors():
        return {"header": str, "label": str}
    import termcolor

    return {
        "header": functools.partial(termcolor.colored, color="white", on_color="on_blue", attrs=["bold"]),
        "label": functools.partial(termcolor.colored, color="blue", attrs=["bold"]),
    }


def format(  # noqa: A001 - the name that ftrack_api has.
    entity: Entity,
    formatters: Optional[Formatters] = None,
    attribute_filter: Optional[Callable[[Any, str, Any], bool]] = None,
    recursive: bool = False,
    indent: int = 0,
    indent_first_line: bool = True,
    _seen: Optional[set[Any]] = None,
) -> str:
    """Return the attributes of *entity* as text, one line each, sorted by name.

    *formatters* are functions that decorate a text, by name: ``header`` for types, ``label`` for the names of
    attributes. *attribute_filter* is called with the entity, a name and its value, and says whether to show it; see
    :data:`FILTER`. What an attribute refers to is shown with its attributes too, and with *recursive* the
    entities in collections, each once and then as ``Project{...}``. Lines begin with *indent* blanks, the first one
    if *indent_first_line*.

    What is not known is fetched, as far as the session populates automatically.
    """
    chosen = dict(_make_formatters())
    chosen.update(formatters or {})
    seen = set() if _seen is None else _seen
    spacing = " " * indent
    first = spacing if indent_first_line else ""
    key = (entity.entity_type, entity._key())
    lines = [first + chosen["header"](type(entity).__name__)]
    if key in seen:
        return lines[0] + "{...}"
    seen.add(key)

    for name, value in sorted(entity.items()):
        if attribute_filter is not None and not attribute_filter(entity, name, value):
            continue
        label = f"{spacing} {chosen['label'](harmless(name))}: "
        inner = functools.partial(
            _show_value,
            formatters=chosen,
            attribute_filter=attribute_filter,
            recursive=recursive,
            indent=indent + len(name) + 3,
            seen=seen,
        )
        lines.append(label + inner(value))
    return "\n".join(lines)


def _show_value(
    value: Any,
    formatters: Formatters,
    attribute_filter: Optional[Callable[[Any, str, Any], bool]],
    recursive: bool,
    indent: int,
    seen: set[Any],
) -> str:
    """Return one value as text whose further lines begin with *indent* blanks."""

    def show(entity: Entity, *, first: bool, whole: bool) -> str:
        if not whole:
            header = formatters["header"](type(entity).__name__)
            return header if first else " " * indent + header
        return format(
            entity,
            formatters=formatters,
            attribute_filter=attribute_filter,
            recursive=recursive,
            indent=indent,
            indent_first_line=not first,
            _seen=seen,
        )

    if isinstance(value, Entity):
        return show(value, first=True, whole=True)
    if isinstance(value, Collection):
        parts: List[str] = [
            show(entity, first=index == 0, whole=recursive) for index, entity in enumerate(value)
        ]
        return "\n".join(parts)
    if isinstance(value, KeyValueMappedCollectionProxy):
        return str(dict(value))
    # Whoever wrote it must not steer the terminal that it is printed to.
    return harmless(str(value))
