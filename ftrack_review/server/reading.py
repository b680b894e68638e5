"""Handlers of the actions that read: queries and the schema.

The work is done by ``sql``; this module puts its results into the form of an answer.
"""

# ruff: noqa: ARG001 - all handlers take the same arguments.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping

from ftrack_review.server.errors import describe, validation_error

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext

__all__ = ["handle_query", "handle_query_schemas", "make_answer"]


def make_answer(denormalize: bool) -> Any:
    """Return what remembers, over one response, what has been written already."""
    from ftrack_review.server.sql import Answer

    return Answer(denormalize=denormalize)


def handle_query(context: RequestContext, action: Mapping[str, Any]) -> Dict[str, Any]:
    """Run a query and return its rows and where the next page begins."""
    from ftrack_review.server.sql import run_query

    expression = action.get("expression")
    if not isinstance(expression, str):
        raise validation_error(
            f"A query needs an expression as text, not {describe(expression)}", "expression"
        )
    rows, next_offset = run_query(context.connection, context.catalogue, expression, context)
    return {"action": "query", "data": rows, "metadata": {"next": {"offset": next_offset}}}


def handle_query_schemas(context: RequestContext, action: Mapping[str, Any]) -> Any:
    """Return the schema document itself, the same object every time as long as it does not change."""
    return context.catalogue.document
