"""Rows into records, level by level.

The entities of a result are written first, then those one step away, and so on: of an entity that occurs several
times, the first occurrence in this order is complete. Each edge costs one statement, however many rows lead
over it; each row costs one dictionary.

Called by ``running``. The cost is held by ``tests/benchmarks``.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Optional, Sequence, Tuple

from ftrack_review.server.sql.edge import IDS
from ftrack_review.server.sql.link import load_links
from ftrack_review.server.sql.scope import NOW

if TYPE_CHECKING:
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.sql.answer import Answer
    from ftrack_review.server.sql.edge import Edge
    from ftrack_review.server.sql.projection import Builder, Fetch

__all__ = ["Fetcher"]

Record = Dict[str, Any]

#: Records with the rows they were made of.
Pairs = Tuple[List[Record], List[Any]]


class Fetcher:
    """Makes the records of one result. *answer* is what the response holds already."""

    def __init__(self, connection: Any, catalogue: Catalogue, context: Any, answer: Answer) -> None:
        """Initialise for one result."""
        self._connection = connection
        self._catalogue = catalogue
        self._context = context
        self._answer = answer
        self._pending: Deque[Tuple[Edge, Pairs]] = deque()

    def fetch(self, fetch: Fetch, rows: Sequence[Any]) -> List[Record]:
        """Return the records of *rows* with everything that was asked of them."""
        records = self._write(fetch, fetch.known(rows))
        while self._pending:
            edge, pairs = self._pending.popleft()
            if edge.to_one:
                self._follow_reference(edge, pairs)
            else:
                self._follow_collection(edge, pairs)
        return records

    def _write(self, fetch: Fetch, rows: Sequence[Any]) -> List[Record]:
        """Return a record for each of *rows*, and note the edges to follow from those that are new."""
        groups: Dict[int, Tuple[Builder, List[Record], List[Any]]] = {}
        records: List[Record] = []
        written = None if self._answer.denormalize else self._answer.written(fetch.family)
        builders, length = fetch.builders, fetch.key_length
        for row in rows:
            builder = builders[row[0]]
            if written is not None:
                key = row[1] if length == 1 else tuple(row[1 : 1 + length])
                tokens = written.get(key)
                if tokens is None:
                    written[key] = builder.tokens
                elif builder.tokens <= tokens:
                    records.append(builder.reference(row))
                    continue
                else:
                    written[key] = tokens | builder.tokens
                    builder = builder.partial(builder.tokens - tokens)
            group = groups.get(id(builder))
            if group is None:
                group = groups[id(builder)] = (builder, [], [])
            pick = builder.pick
            record = dict(zip(builder.names, row if pick is None else pick(row)))
            records.append(record)
            group[1].append(record)
            group[2].append(row)
        followed: Dict[int, Tuple[Edge, Pairs]] = {}
        for builder, made, sources in groups.values():
            self._complete(fetch, builder, made, sources)
            for _, edge in builder.edges:
                pairs = followed.setdefault(id(edge), (edge, ([], [])))[1]
                pairs[0].extend(made)
                pairs[1].extend(sources)
        self._pending.extend(followed.values())
        return records

    def _complete(self, fetch: Fetch, builder: Builder, records: List[Record], rows: List[Any]) -> None:
        """Give *records* what their *rows* do not say as it is to be written."""
        for name, convert in builder.converted:
            for record in records:
                value = record[name]
                if value is not None:
                    record[name] = convert(value)
        for name, places, make in builder.derived:
            for record, row in zip(records, rows):
                record[name] = make(self._context, *[row[place] for place in places])
        if builder.links:
            links = load_links(self._connection, self._catalogue, fetch.entity, [row[1] for row in rows])
            for name in builder.links:
                for record, row in zip(records, rows):
                    record[name] = links.get(row[1])
        for name, value in builder.empty:
            for record in records:
                record[name] = value

    def _run(self, edge: Edge, keys: Dict[Any, Any]) -> Sequence[Any]:
        found = [key for key in keys if key is not None]
        if not found:
            return ()
        parameters = {IDS: json.dumps(found), NOW: self._context.now}
        return edge.target.known(self._connection.run(edge.statement, parameters))

    def _follow_reference(self, edge: Edge, pairs: Pairs) -> None:
        records, sources = pairs
        place, name = edge.places[0], edge.name
        composite = len(edge.places) > 1
        rows = self._run(edge, dict.fromkeys([row[place] for row in sources]))
        targets: Dict[Any, Record] = {}
        references: Dict[Any, Record] = {}
        made = self._write(edge.target, rows)
        for row, record in zip(rows, made):
            targets[_key(row, edge.target_places)] = record
        if self._answer.denormalize:
            references = targets
        for record, source in zip(records, sources):
            key = _key(source, edge.places) if composite else source[place]
            found: Optional[Record] = references.get(key)
            if found is None:
                found = targets.get(key)
                if found is not None:
                    # Only the first one that refers to it carries the entity itself.
                    names = edge.target.entity.primary_key
                    references[key] = {part: found[part] for part in ("__entity_type__", *names)}
            record[name] = found

    def _follow_collection(self, edge: Edge, pairs: Pairs) -> None:
        records, sources = pairs
        place, name = edge.places[0], edge.name
        rows = self._run(edge, dict.fromkeys([row[place] for row in sources]))
        elements: Dict[Any, List[Record]] = {}
        for row, record in zip(rows, self._write(edge.target, rows)):
            elements.setdefault(row[-1], []).append(record)
        given = set()
        for record, source in zip(records, sources):
            key = source[place]
            found = elements.get(key, [])
            if key in given and not self._answer.denormalize:
                # Two owners of the same elements (the ancestors of siblings): written once.
                found = [_reference(edge, element) for element in found]
            given.add(key)
            record[name] = found


def _key(row: Any, places: Tuple[int, ...]) -> Any:
    return row[places[0]] if len(places) == 1 else tuple([row[place] for place in places])


def _reference(edge: Edge, record: Record) -> Record:
    return {part: record[part] for part in ("__entity_type__", *edge.target.entity.primary_key)}
