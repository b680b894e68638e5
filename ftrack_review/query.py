"""The result of a query: a sequence of entities that is fetched when it is looked at.

The text of a query is parsed once, gets the default projections where it selects nothing, and is translated
where it holds idioms. Pages are asked for one after the other; when everything is wanted, the next page is on its way
while the one before it is being read. A page is asked for only once the one before it has said that there is more.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

import ftrack_review.exception as exception
from ftrack_review import _loading
from ftrack_review._page import Page, page_of, read_page
from ftrack_review.protocol import action, grammar
from ftrack_review.protocol.tree import replace

if TYPE_CHECKING:
    from ftrack_review.entity.base import Entity
    from ftrack_review.protocol.tree import Statement
    from ftrack_review.session import Session

__all__ = ["QueryResult"]

#: How many rows a page holds where nobody says, and where it is known that there are many.
PAGE_SIZE = 500
LARGE_PAGE_SIZE = 2000


def compile_expression(session: Session, expression: str) -> Statement:
    """Return the tree of *expression* as it is to be sent, without its page.

    Raise :exc:`~ftrack_review.exception.QueryError` for a text that is no query and
    :exc:`~ftrack_review.exception.UnrecognisedEntityTypeError` for a type that the schema does not have.
    """
    statement: Optional[Statement] = session._statements.get(expression)
    if statement is None:
        statement = grammar.parse(expression)
        if session.idioms.concerns(expression):
            statement = session.idioms.rewrite(statement)
        if not statement.projections:
            entity_class = session.types[statement.entity_type]
            statement = grammar.with_projections(statement, entity_class.default_projections)
        else:
            session._check_entity_type(statement.entity_type)
        if len(session._statements) >= 500:
            session._statements.clear()
        session._statements[expression] = statement
    return statement


class QueryResult(Sequence):  # type: ignore[type-arg]
    """The entities that a query finds, in their order."""

    #: How ``offset`` and ``limit`` look in the text. Kept for programs that use them; queries are parsed.
    OFFSET_EXPRESSION = re.compile(r"(?P<offset>offset (?P<value>\d+))")
    LIMIT_EXPRESSION = re.compile(r"(?P<limit>limit (?P<value>\d+))")

    def __init__(self, session: Session, expression: str, page_size: int = PAGE_SIZE) -> None:
        """Initialise for *expression* in *session*, to be fetched in pages of *page_size* rows.

        Raise :exc:`ValueError` for a *page_size* below 1, and what :func:`compile_expression` raises.
        """
        super().__init__()
        if page_size < 1:
            raise ValueError(f"A page holds at least one row, not {page_size}.")
        self._session = session
        self._expression = expression
        self._page_size = page_size
        statement = compile_expression(session, expression)
        self._offset = statement.offset
        self._limit = statement.limit
        self._statement = replace(statement, offset=None, limit=None)
        self._results: List[Entity] = []
        self._next_offset: Optional[int] = self._offset or 0
        self._pages = 0
        self._lock = threading.RLock()

    def _extract_offset_and_limit(self, expression: str) -> Tuple[str, Optional[int], Optional[int]]:
        """Return *expression* without its page, its offset and its limit."""
        statement = grammar.parse(expression)
        bare = grammar.format(replace(statement, offset=None, limit=None))
        return bare, statement.offset, statement.limit

    def __repr__(self) -> str:
        """Return the type and the query, without fetching anything."""
        return f"<{type(self).__module__}.{type(self).__name__} {self._expression!r}>"

    def __getitem__(self, index: Any) -> Any:
        """Return the entity at *index*, or a list of those of a slice. Fetch no more pages than needed.

        Counting from the end fetches everything. Raise :exc:`IndexError` if there is no such entity.
        """
        if isinstance(index, slice):
            bounds = (index.start, index.stop)
            if any(bound is not None and bound < 0 for bound in bounds):
                needed = None
            elif index.step is not None and index.step < 0:
                # From the end, or from start downwards.
                needed = index.start + 1 if index.start is not None else None
            else:
                needed = index.stop
            self._fetch_until(needed)
            return self._results[index]
        position = index.__index__()
        self._fetch_until(None if position < 0 else position + 1)
        try:
            return self._results[position]
        except IndexError:
            raise IndexError(
                f"There is no entity at {position}: the query found {len(self._results)}."
            ) from None

    def __iter__(self) -> Iterator[Entity]:
        """Iterate over the entities, fetching page after page."""
        position = 0
        while True:
            if position >= len(self._results):
                if not self._can_fetch_more():
                    return
                self._fetch_until(position + 1)
                if position >= len(self._results):
                    return
            yield self._results[position]
            position += 1

    def __len__(self) -> int:
        """Return the number of entities, for which everything is fetched."""
        self._fetch_until(None)
        return len(self._results)

    def __bool__(self) -> bool:
        """Return whether there is any, for which the first page is fetched."""
        self._fetch_until(1)
        return bool(self._results)

    def all(self) -> List[Entity]:
        """Fetch everything and return it as a list."""
        self._fetch_until(None)
        return list(self._results)

    def one(self) -> Entity:
        """Fetch and return the only entity.

        Raise :exc:`~ftrack_review.exception.NoResultFoundError` if there is none,
        :exc:`~ftrack_review.exception.MultipleResultsFoundError` if there are several, and
        :exc:`ValueError` if the query itself has a limit or an offset.
        """
        if self._limit is not None:
            raise ValueError(
                "The query has a limit of its own, which one() and first() would have to change. Leave it out."
            )
        if self._offset is not None:
            raise ValueError(
                "The query has an offset, and one() is for a query with a single result. Leave it out."
            )
        results = self._fetch_few(2)
        if not results:
            raise exception.NoResultFoundError(f"Expected one result and found none for: {self._expression}")
        if len(results) > 1:
            raise exception.MultipleResultsFoundError(
                f"Expected one result and found several for: {self._expression}"
            )
        return results[0]

    def first(self) -> Optional[Entity]:
        """Fetch and return the first entity, None if there is none.

        Raise :exc:`ValueError` if the query itself has a limit.
        """
        if self._limit is not None:
            raise ValueError(
                "The query has a limit of its own, which one() and first() would have to change. Leave it out."
            )
        results = self._fetch_few(1)
        return results[0] if results else None

    def stream(self, *, page_size: int = LARGE_PAGE_SIZE) -> Iterator[Entity]:
        """Iterate over the entities and let go of each page before the next is fetched, of *page_size* rows.

        Memory holds one page, however many entities there are. The session forgets the entities that it met in
        this way, except those with local changes and those that the caller holds on to, which stay what they are.
        What a loop fetches beyond the query stays in the session, so select what is needed::

            for task in session.query("select name, parent.name from Task").stream():
                print(task["parent"]["name"], task["name"])

        Each call asks the server anew. Pages are counted by the server: where others create and delete meanwhile,
        order by something that does not change. Raise :exc:`ValueError` for a *page_size* below 1.

        .. versionadded:: 3.1.0
        """
        from ftrack_review import _streaming

        return _streaming.stream(self, page_size)

    # --- Fetching. ---

    def _can_fetch_more(self) -> bool:
        """Return whether the server may hold more than was fetched."""
        if self._next_offset is None:
            return False
        return self._limit is None or len(self._results) < self._limit

    def _fetch_more(self) -> None:
        """Fetch the next page."""
        with self._lock:
            if self._can_fetch_more():
                self._take(self._request(self._page_text(len(self._results))))

    def _fetch_few(self, count: int) -> List[Entity]:
        """Fetch *count* entities at most, on their own."""
        statement = replace(self._statement, offset=self._offset, limit=count)
        return _loading.load(self._session, self._request(grammar.format(statement)).rows)

    def _fetch_until(self, needed: Optional[int]) -> None:
        """Fetch pages until *needed* entities are here, or everything for None."""
        if needed is not None or self._session._call_replacement() is not None:
            # What stands in the place of call() is called in the thread and order that it expects.
            while (needed is None or len(self._results) < needed) and self._can_fetch_more():
                self._fetch_more()
            return
        with self._lock:
            page = None
            if self._can_fetch_more():
                page = self._request(
                    self._page_text(len(self._results), large=self._pages >= 2), decoded=False
                )
            while page is not None:
                page = self._take_and_go_on(page)

    def _take_and_go_on(self, page: Page) -> Optional[Page]:
        """Keep the rows of *page* while the next one, if there is one, is on its way. Return that."""
        known = len(self._results) + page.count
        ahead = None
        if page.next_offset is not None and (self._limit is None or known < self._limit):
            text = self._page_text(known, offset=page.next_offset, large=self._pages >= 1)
            query = self._make_action(text)
            ahead = _Ahead(self._session, query)
        try:
            self._take(page)
            # What is not kept of the rows is gone before the next page is decoded.
            del page
        finally:
            answer = ahead.wait() if ahead is not None else None
        if ahead is None:
            return None
        if ahead.error is not None:
            raise ahead.error
        assert answer is not None
        return self._read_page(answer, query)

    def _take(self, page: Page) -> None:
        """Keep the rows of *page*."""
        self._results.extend(_loading.load(self._session, page.rows))
        self._next_offset = page.next_offset
        self._pages += 1

    def _page_text(self, known: int, *, offset: Optional[int] = None, large: bool = False) -> str:
        """Return the text for the page at *offset*, by default the next one, where *known* rows came before it.

        A page may be *large*, if nobody chose its size, when two were full and everything is wanted: most of the
        time of a small page passes between client and server.
        """
        size = LARGE_PAGE_SIZE if large and self._page_size == PAGE_SIZE else self._page_size
        if self._limit is not None:
            size = min(size, self._limit - known)
        offset = self._next_offset if offset is None else offset
        return grammar.format(replace(self._statement, offset=offset, limit=size))

    def _request(self, expression: str, *, decoded: bool = True) -> Page:
        """Return the server's answer to *expression*. Its rows need not be *decoded* yet."""
        query = self._make_action(expression)
        if decoded:
            return page_of(self._session._call_raw([query])[0])
        return self._read_page(self._session._send(json.dumps([query], sort_keys=True)), query)

    def _read_page(self, answer: bytes, query: Dict[str, Any]) -> Page:
        """Return the page in *answer*. With a limit its rows are decoded, as they count."""
        if self._limit is None:
            return read_page(self._session, answer, query)
        return page_of(self._session._read_answer(answer, [query])[0])

    def _make_action(self, expression: str) -> Dict[str, Any]:
        """Return the action that asks for a page, the text of which is *expression*."""
        return action.query(expression)


class _Ahead:
    """A query that is on its way in a thread of its own.

    Only the waiting happens there: decoding beside the loading of the page before would only make both slower.
    """

    def __init__(self, session: Session, query: Dict[str, Any]) -> None:
        self.error: Optional[BaseException] = None
        self._answer: Optional[bytes] = None
        self._thread = threading.Thread(
            target=self._run,
            args=(session, json.dumps([query], sort_keys=True)),
            name="ftrack-review-page",
            daemon=True,
        )
        self._thread.start()

    def _run(self, session: Session, body: str) -> None:
        try:
            self._answer = session._send(body)
        except BaseException as error:  # noqa: BLE001 - raised again where the page is needed.
            self.error = error

    def wait(self) -> Optional[bytes]:
        """Return the text of the answer, None if there was an error. The transport bounds the time."""
        self._thread.join()
        return self._answer
