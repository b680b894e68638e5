"""Copy rows from one server to another through their API: read, compare, write what differs.

Rows keep their ids, so that a second run finds what the first one wrote and sends the differences only. What a row
refers to and is not copied is left out of it, and a row that cannot be without it is not copied.
"""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Collection,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

from ftrack_review.mirror import plan
from ftrack_review.mirror.disguise import disguise
from ftrack_review.protocol import action, grammar, wire
from ftrack_review.protocol.schema import AttributeSchema, EntitySchema, Schema

if TYPE_CHECKING:
    from ftrack_review.mirror.plan import Step

__all__ = ["Copier", "Progress", "Row", "Rows", "ends_of"]

#: Called with what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]

#: Values by attribute, with ``__entity_type__``.
Row = Dict[str, Any]
Rows = List[Row]

_PAGE = 500
_BATCH = 200


class Copier:
    """Reads from one session and writes to another."""

    def __init__(self, source: Any, target: Any, *, anonymise: bool, progress: Progress) -> None:
        """Initialise to copy from *source* to *target*."""
        self.source, self.target = source, target
        self.progress = progress
        self._anonymise = anonymise
        self._target_schema: Schema = target.schema
        self.counts = {"created": 0, "updated": 0, "unchanged": 0, "skipped": 0}

    # Reading

    def read(self, step: Step, ids: Optional[Sequence[str]] = None) -> Rows:
        """Return the rows of *step* from the source; of those that *ids* restrict, if given."""
        rows: Rows = []
        schema: Schema = self.source.schema
        for name in _types_of(schema, step.entity_type):
            known = schema[name].attributes
            if step.attribute and step.attribute not in known:
                continue
            rows.extend(_fetch(self.source, schema[name], _copied(schema[name]), step.attribute, ids))
            self.progress(f"reading {step.entity_type}", len(rows), len(rows))
        return rows

    def prepare(self, rows: Rows, known: Collection[str]) -> Rows:
        """Return *rows* as they shall be written: anonymised if asked for, with references to *known* ids only."""
        prepared = []
        for row in rows:
            schema = self.source.schema[row["__entity_type__"]]
            values = disguise(schema, row) if self._anonymise else dict(row)
            missing = [
                name
                for name, value in row.items()
                if name in schema.attributes
                and schema.attributes[name].format == "foreign_key"
                and name not in plan.DEFERRED
                and value
                and value not in known
            ]
            ends = [row.get(name) for name in ends_of(self.source.schema, schema.name)]
            if any(end not in known for end in ends) or any(
                schema.attributes[name].required or name in schema.primary_key for name in missing
            ):
                self.counts["skipped"] += 1
                continue
            prepared.append({name: None if name in missing else value for name, value in values.items()})
        return prepared

    # Writing

    def compare(self, rows: Rows, *, is_dense: bool = False) -> List[Dict[str, Any]]:
        """Return the actions that make the target hold *rows*, in an order that servers take."""
        creations: Rows = []
        changes = []
        for name, group in _grouped(rows).items():
            schema = self._schema_of(name)
            if schema is None:
                self.counts["skipped"] += len(group)
                continue
            present = self._present(schema, group)
            for row in group:
                key = tuple(row[part] for part in schema.primary_key)
                values = {
                    part: row[part]
                    for part in _copied(schema)
                    if part in row and not _is_deferred(name, part)
                }
                former = present.get(key)
                if is_dense:
                    values = {"value": row.get("value")}
                if former is None and not is_dense:
                    creations.append({"__entity_type__": name, **values})
                    continue
                changed = _difference(schema, values, former or {})
                if is_dense and former is None and values.get("value") is None:
                    changed = {}
                if changed:
                    self.counts["updated"] += 1
                    changes.append(action.update(name, list(key), changed))
                else:
                    self.counts["unchanged"] += 1
        self.counts["created"] += len(creations)
        return [self._create(row) for row in _in_order(creations)] + changes

    def finish(self, rows: Rows, known: Collection[str]) -> None:
        """Write the attributes of *rows* that had to wait, as far as they refer to *known* ids."""
        actions = []
        for name, group in _grouped(rows).items():
            schema = self._schema_of(name)
            if schema is None:
                continue
            names = [part for part in _copied(schema) if _is_deferred(name, part)]
            present = self._present(schema, group) if names else {}
            for row in group:
                key = tuple(row[part] for part in schema.primary_key)
                values = {
                    part: row.get(part)
                    for part in names
                    if _can_be(schema.attributes[part], row.get(part), known)
                }
                changed = _difference(schema, values, present.get(key, {}))
                if changed:
                    actions.append(action.update(name, list(key), changed))
        self.write("finishing", actions)

    def reopen(self, rows: Rows) -> None:
        """Open those review sessions of *rows* that the target has, so that they can be filled."""
        actions = []
        for name, group in _grouped(rows).items():
            schema = self._schema_of(name)
            if schema is not None:
                values = {part: value for part, value in plan.REOPENED.items() if part in schema.attributes}
                actions += [action.update(name, list(key), values) for key in self._present(schema, group)]
        self.write("opening review sessions", actions)

    def write(self, what: str, actions: List[Dict[str, Any]]) -> None:
        """Send *actions* in batches, each of which the target carries out as a whole."""
        for start in range(0, len(actions), _BATCH):
            self.target._call_raw(actions[start : start + _BATCH])
            self.progress(what, min(start + _BATCH, len(actions)), len(actions))

    def refresh_schema(self) -> None:
        """Learn the entity types that new object types have made in the target."""
        self._target_schema = Schema(self.target._call_raw([action.query_schemas()])[0])

    def _schema_of(self, name: str) -> Optional[EntitySchema]:
        return self._target_schema.get(name, None)

    def _present(self, schema: EntitySchema, rows: Rows) -> Dict[Tuple[Any, ...], Row]:
        """Return those of *rows* that the target has, by their key."""
        first = schema.primary_key[0]
        ids = list(dict.fromkeys(row[first] for row in rows))
        found = _fetch(self.target, schema, _copied(schema), first, ids)
        return {tuple(row[part] for part in schema.primary_key): row for row in found}

    def _create(self, row: Row) -> Dict[str, Any]:
        name = row["__entity_type__"]
        values = {
            part: value for part, value in row.items() if value is not None and part != "__entity_type__"
        }
        return action.create(name, [row[part] for part in self._target_schema[name].primary_key], values)


def ends_of(schema: Schema, entity_type: str) -> Tuple[str, ...]:
    """Return the attributes of *entity_type* that refer to something without being declared to."""
    for name in (entity_type, *schema.ancestors(entity_type)):
        if name in plan.ENDS:
            return plan.ENDS[name]
    return ()


def _types_of(schema: Schema, name: str) -> List[str]:
    return [name, *schema.subtypes(name)] if name in schema else []


def _copied(schema: EntitySchema) -> List[str]:
    """Return the attributes of a type that are copied: what it stores, and the references that have no id beside."""
    found = []
    for name, attribute in schema.attributes.items():
        if attribute.computed or attribute.restricted or name in plan.SKIPPED:
            continue
        if attribute.is_scalar or (schema.name, name) == ("Status", "state"):
            found.append(name)
    return found


def _is_deferred(entity_type: str, attribute: str) -> bool:
    return attribute in plan.DEFERRED and plan.DEFERRED[attribute] in ("", entity_type)


def _can_be(attribute: AttributeSchema, value: Any, known: Collection[str]) -> bool:
    if value is None:
        return not attribute.required
    return attribute.format != "foreign_key" or value in known


def _fetch(
    session: Any, schema: EntitySchema, names: Sequence[str], attribute: str, ids: Optional[Sequence[str]]
) -> Rows:
    """Return the rows of exactly one type whose *attribute* is one of *ids*, all where there are none."""
    rows: Rows = []
    for criteria in _criteria(attribute, ids):
        order = ", ".join(schema.primary_key)
        text = f"select {', '.join(names)} from {schema.name}{criteria} order by {order}"
        offset: Optional[int] = 0
        while offset is not None:
            result = session._call_raw([action.query(f"{text} limit {_PAGE} offset {offset}")])[0]
            rows.extend(row for row in result["data"] if row["__entity_type__"] == schema.name)
            offset = (result.get("metadata") or {}).get("next", {}).get("offset")
    return rows


def _criteria(attribute: str, ids: Optional[Sequence[str]]) -> Iterator[str]:
    if ids is None:
        yield ""
        return
    for start in range(0, len(ids), _PAGE):
        values = ", ".join(grammar.quote(value) for value in ids[start : start + _PAGE])
        yield f" where {attribute} in ({values})"


def _grouped(rows: Iterable[Row]) -> Dict[str, Rows]:
    groups: Dict[str, Rows] = {}
    for row in rows:
        groups.setdefault(row["__entity_type__"], []).append(row)
    return groups


def _in_order(rows: Rows) -> Rows:
    """Return *rows* with those that others refer to first, wherever they stand."""
    waiting = {row["id"]: row for row in rows if "id" in row}
    ordered: Rows = [row for row in rows if "id" not in row]
    for first in rows:
        # As a stack and not by recursion, since nothing limits how deep a project is.
        stack = [first] if first.get("id") in waiting else []
        while stack:
            row = stack[-1]
            inner = [
                waiting[value]
                for name, value in row.items()
                if name != "id" and name.endswith("_id") and isinstance(value, str) and value in waiting
            ]
            inner = [other for other in inner if all(other is not held for held in stack)]
            if inner:
                stack.append(inner[0])
            else:
                stack.pop()
                if waiting.pop(row["id"], None) is not None:
                    ordered.append(row)
    return ordered


def _difference(schema: EntitySchema, values: Mapping[str, Any], former: Mapping[str, Any]) -> Row:
    return {
        name: value
        for name, value in values.items()
        if name not in schema.primary_key
        and not schema.attributes[name].immutable
        and _plain(value) != _plain(former.get(name))
    }


def _plain(value: Any) -> Any:
    """Return *value* in the form in which two servers can be compared."""
    if wire.is_time(value):
        return wire.parse_time(value["value"])
    if wire.is_reference(value):
        return value.get("id")
    return value
