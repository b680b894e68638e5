"""A page of the result of a query: its rows, and where the next page begins.

Rows that the session knows already are decoded one by one: each is compared with what the session holds and gone
before the next one comes. All at once they would fill memory twice, and bring the collector to look at the whole
program (``python -m tests.benchmarks compare --only again``). Rows that are new are decoded together, as they then
share the names of their members.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Optional

import ftrack_review.exception as exception
from ftrack_review import _loading
from ftrack_review.protocol._pattern import late

if TYPE_CHECKING:
    from ftrack_review.session import Session

__all__ = ["Page", "page_of", "read_page"]

# What servers write before and behind the rows. Text that ends like this ends the result and the list of results,
# whatever the rows hold, as the metadata has no list in it.
_BEGIN = late(r'\s*\[\s*\{\s*"action"\s*:\s*"\w+"\s*,\s*"data"\s*:\s*(\[)\s*')
_END = late(r'\]\s*,\s*"metadata"\s*:\s*(\{[^\[\]]*\})\s*\}\s*\]\s*\Z')
_END_CHARACTERS = 300
# Below, there is nothing to gain: an answer of 500 versions with what belongs to them has 370 kB.
_WORTHWHILE_BYTES = 1 << 16
_BEHIND_ROW = late(r"\s*(?:,\s*|(?=\]))")

_decode = json.JSONDecoder().raw_decode


class Page:
    """Rows, to be gone through once, and the offset at which the next page begins, None for the last one.

    Their *count* is 0 while they are yet to be decoded.
    """

    __slots__ = ("count", "next_offset", "rows")

    def __init__(self, rows: Iterable[Any], metadata: Mapping[str, Any]) -> None:
        """Initialise with the *metadata* of the answer."""
        self.rows = rows
        self.count = len(rows) if isinstance(rows, list) else 0
        self.next_offset: Optional[int] = (metadata.get("next") or {}).get("offset")


def page_of(result: Any) -> Page:
    """Return the page that *result*, the decoded result of a query, is. Its rows are a list.

    Raise :exc:`~ftrack_review.exception.ServerResponseError` where it is none.
    """
    try:
        return Page(result["data"], result["metadata"])
    except (KeyError, TypeError, AttributeError):
        raise exception.ServerResponseError(
            "The server's answer to a query does not hold the rows and where to go on."
        ) from None


def read_page(session: Session, answer: bytes, query: Dict[str, Any]) -> Page:
    """Return the page in *answer*, the text that the server gave for *query*. Its rows may be yet to be decoded.

    Raise what the server reports instead, and :exc:`~ftrack_review.exception.ServerResponseError` for a text that
    is no answer. Going over the rows may raise the latter too.
    """
    page = _find_rows(session, answer, query) if len(answer) >= _WORTHWHILE_BYTES else None
    return page_of(session._read_answer(answer, [query])[0]) if page is None else page


def _find_rows(session: Session, answer: bytes, query: Dict[str, Any]) -> Optional[Page]:
    """Return the page in *answer* without decoding its rows, None where they cannot be found so."""
    try:
        text = answer.decode("utf-8")
        begin = _BEGIN.match(text)
        end = begin and _END.search(text, max(begin.end(), len(text) - _END_CHARACTERS))
        if not begin or not end:
            return None
        metadata = json.loads(end.group(1))
    except ValueError:
        return None
    return Page(_decode_rows(session, text, query, begin.start(1), begin.end(), end.start()), metadata)


def _decode_rows(
    session: Session, text: str, query: Dict[str, Any], start: int, position: int, end: int
) -> Iterator[Any]:
    """Iterate over the rows of the list in *text* from *start* to *end*, of which the first is at *position*."""
    count = 0
    rest: List[Any] = []
    try:
        while position < end:
            row, stop = _decode(text, position)
            after = _BEHIND_ROW.match(text, stop)
            if after is None or not _loading.is_known(session, row):
                # The first row needs no copy of the text.
                rest = _decode_list(text, start, end) if not count else json.loads(f"[{text[position:end]}]")
                break
            yield row
            count += 1
            position = after.end()
    except ValueError:
        # Not what it looked like. Decoded as a whole it is refused, or has further members behind its rows.
        rest = list(page_of(session._read_answer(text.encode("utf-8"), [query])[0]).rows)[count:]
    # Its memory is where the text of the next page will be.
    del text
    yield from rest


def _decode_list(text: str, start: int, end: int) -> List[Any]:
    """Return the list from *start* to *end*. Raise ValueError where it ends elsewhere."""
    items, stop = _decode(text, start)
    if stop != end + 1:
        raise ValueError(stop)
    return items  # type: ignore[no-any-return]
