"""Rules for lists and for the links that custom attributes make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Tuple

from ftrack_review.server.errors import describe, duplicate_error, validation_error

if TYPE_CHECKING:
    from ftrack_review.server.context import RequestContext
    from ftrack_review.server.rows import Row

__all__ = ["COMPLETE", "FINISH"]

_ITEMS = {"AssetVersionList": "AssetVersion", "TypedContextList": "Context"}


def _finish_list_objects(context: RequestContext, rows: List[Row]) -> None:
    """Check that what is put into a list exists and is not in it already."""
    types = context.catalogue.types
    entity = rows[0].entity
    items: Dict[str, List[Row]] = {}
    for row in rows:
        found = context.rows.get(types["List"], (row.get("list_id"),))
        if found is not None:
            items.setdefault(_ITEMS.get(found.name, "Context"), []).append(row)
    for name, members in items.items():
        context.rows.load(types[name], [(row.get("entity_id"),) for row in members])
        for row in members:
            if context.rows.get(types[name], (row.get("entity_id"),)) is None:
                raise validation_error(
                    f"ListObject.entity_id is {describe(row.get('entity_id'))}, but there is no such {name}",
                    "entity_id",
                )
    seen: Dict[Tuple[Any, Any], Row] = {}
    added = {row for row in rows if row.added}
    for row in context.rows.having(entity, entity.columns["list_id"], [row.get("list_id") for row in rows]):
        pair = row.get("list_id"), row.get("entity_id")
        if pair in seen and (row in added or seen[pair] in added):
            raise duplicate_error(f"{pair[1]} is in the list {pair[0]} already", "entity_id")
        seen[pair] = row


def _complete_link(context: RequestContext, row: Row) -> None:
    """Type a custom attribute link by both of its ends; the row is seen from either."""
    if not row.added:
        return
    for attribute, ending, column in (
        ("to_entity_type", "CustomAttributeLink", "_type"),
        ("from_entity_type", "CustomAttributeLinkFrom", "_from_type"),
    ):
        named = context.catalogue.type_named(row.get(attribute) or "")
        if named is None:
            named = _type_of_end(context, row, attribute)
        if named is None:
            continue
        for name in context.catalogue.types[named].lineage:
            if name + ending in context.catalogue.types:
                context.rows.set_column(row, column, name + ending)
                break


def _type_of_end(context: RequestContext, row: Row, attribute: str) -> Any:
    """Find out which entity type one end of a link is, and store it."""
    types = context.catalogue.types
    key = row.get(attribute.replace("_entity_type", "_id"))
    if key is None:
        return None
    for name in ("Context", "AssetVersion", "Asset", "Resource", "List", "Component"):
        found = context.rows.get(types[name], (key,))
        if found is not None:
            context.rows.set(row, attribute, found.name)
            return found.name
    return None


COMPLETE = {"CustomAttributeLink": _complete_link, "CustomAttributeLinkFrom": _complete_link}
FINISH = {"ListObject": _finish_list_objects}
