"""Iterate over any number of entities while memory holds one page of them.

Called by :meth:`ftrack_review.query.QueryResult.stream`.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Deque, Iterator, List, Optional

from ftrack_review import _loading
from ftrack_review.protocol import grammar
from ftrack_review.protocol.tree import replace

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.query import QueryResult
    from ftrack_review.session import Session

__all__ = ["stream"]


def stream(result: QueryResult, page_size: int) -> Iterator[Entity]:
    """Return an iterator over the entities of *result*; see :meth:`ftrack_review.query.QueryResult.stream`."""
    if page_size < 1:
        raise ValueError(f"A page holds at least one row, not {page_size}.")
    return _iterate(result, page_size)


def _iterate(result: QueryResult, page_size: int) -> Iterator[Entity]:
    session = result._session
    offset: Optional[int] = result._offset or 0
    left = result._limit
    while offset is not None and (left is None or left > 0):
        size = page_size if left is None else min(page_size, left)
        page = result._request(grammar.format(replace(result._statement, offset=offset, limit=size)))
        left = None if left is None else left - page.count
        following = page.next_offset
        found, new = _loading.load_apart(session, page.rows)
        rows: Deque[Entity] = collections.deque(found)
        # The records are the values of the entities: no name may keep them.
        del page, found
        try:
            while rows:
                yield rows.popleft()
        finally:
            rows.clear()
            _release(session, new)
        # A server that says to go on where it was asked to begin would do so for ever.
        offset = following if following is None or following > offset else None


def _release(session: Session, entities: List[Entity]) -> None:
    """Let go of *entities*, except those with changes that are to be committed."""
    with session._lock:
        states = session.recorded_operations.states
        unchanged: List[Entity] = []
        while entities:
            entity = entities.pop()
            # As siblings, one that somebody holds would hold all others of its page.
            entity._origin = None
            if entity._remote is None and (entity.entity_type, entity._key()) not in states:
                unchanged.append(entity)
        # A name of ours would keep the last one alive.
        entity = None  # type: ignore[assignment]
        session._identities.release(unchanged)
