"""Queries: trees compiled to SQL, and rows turned into records for the wire.

The only part of the server that knows how an expression becomes statements. Writing has its own (``statements``).
:func:`run_query` answers an expression; :func:`emit_entities` gives known entities the form in which create and
update answer; :func:`select_entities` is for look-ups. :class:`Answer` is what a response holds already.
"""

from __future__ import annotations

from ftrack_review.server.sql.answer import Answer
from ftrack_review.server.sql.compilation import Plan, compile_query
from ftrack_review.server.sql.running import emit_entities, prepare, run_query, select_entities

__all__ = [
    "Answer",
    "Plan",
    "compile_query",
    "emit_entities",
    "prepare",
    "run_query",
    "select_entities",
]
