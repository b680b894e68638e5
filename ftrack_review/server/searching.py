"""The action ``search``: find entities by words in their names and in the names above them.

How a real server matches and ranks is not published. Here every term has to occur, in any case, in a name of
the entity or of what it lies below; the result is that of the given query, narrowed so.

Called by ``dispatch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ftrack_review.exception import QueryError
from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import Comparison, Criteria, Membership, Or, Path, Segment, Value
from ftrack_review.server.errors import describe, validation_error
from ftrack_review.server.forms import entity_named

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext

__all__ = ["handle_search"]

# Where names are, as far as an entity type has these; what it lies below included.
_NAMES = (
    "name",
    "full_name",
    "username",
    "first_name",
    "last_name",
    "ancestors.name",
    "project.name",
    "parent.name",
    "task.name",
    "asset.name",
    "asset.parent.name",
    "asset.ancestors.name",
)

# Where the keys of the contexts are that an entity lies below.
_PLACES = (
    "ancestors.id",
    "project_id",
    "parent_id",
    "context_id",
    "task_id",
    "asset.context_id",
    "asset.ancestors.id",
)


def handle_search(context: RequestContext, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Run a query for the entities that the terms of a search are about."""
    from ftrack_review.server.sql import run_query

    expression = action.get("expression")
    terms = action.get("terms")
    if not isinstance(expression, str):
        raise validation_error(
            f"A search needs an expression as text, not {describe(expression)}", "expression"
        )
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        raise validation_error(
            f"The terms of a search must be a list of texts, not {describe(terms)}", "terms"
        )
    try:
        statement = grammar.parse(expression)
    except QueryError as error:
        raise validation_error(str(error), "expression") from error
    entity = entity_named(context.catalogue, action.get("entity_type") or statement.entity_type)
    for criteria in _criteria(context.catalogue, entity, action, terms):
        statement = grammar.with_criteria(statement, criteria)
    rows, next_offset = run_query(context.connection, context.catalogue, statement, context)
    return {"action": "search", "data": rows, "metadata": {"next": {"offset": next_offset}}}


def _criteria(catalogue: Any, entity: Any, action: Mapping[str, Any], terms: List[str]) -> List[Criteria]:
    found: List[Criteria] = []
    names = _paths(catalogue, entity, _NAMES)
    if terms and not names:
        raise validation_error(f"{entity.name} has no name to search for", "entity_type")
    for term in terms:
        # The percent sign of a term is one; only ours stand for anything.
        pattern = Value("%" + term.replace("%", "\\%") + "%", quoted=True)
        found.append(_any(tuple(Comparison(path, "like", pattern) for path in names)))
    place = action.get("context_id")
    if place is not None:
        if not isinstance(place, str):
            raise validation_error(
                f"context_id must be the id of a context, not {describe(place)}", "context_id"
            )
        own = ("id", *_PLACES) if entity.is_a("Context") else _PLACES
        below = _paths(catalogue, entity, own)
        if below:
            value = Value(place, quoted=True)
            found.append(_any(tuple(Comparison(path, "is", value) for path in below)))
    kinds = action.get("object_type_ids")
    if kinds is not None and "object_type_id" in entity.columns:
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise validation_error(
                f"object_type_ids must be a list of ids, not {describe(kinds)}", "object_type_ids"
            )
        path = Path((Segment("object_type_id"),))
        found.append(Membership(path, tuple(Value(kind, quoted=True) for kind in kinds)))
    return found


def _any(items: Tuple[Criteria, ...]) -> Criteria:
    return items[0] if len(items) == 1 else Or(items)


def _paths(catalogue: Any, entity: Any, candidates: Tuple[str, ...]) -> List[Path]:
    """Return those of the dotted *candidates* that lead somewhere from *entity*."""
    found = []
    for candidate in candidates:
        names = candidate.split(".")
        reached: Optional[Any] = entity
        for name in names[:-1]:
            relation = None if reached is None else reached.relations.get(name)
            reached = None if relation is None else catalogue.types[relation.target]
        if reached is not None and names[-1] in reached.columns:
            found.append(Path(tuple(Segment(name) for name in names)))
    return found
