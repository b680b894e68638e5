"""Find out how the entities of a relation are joined.

The project's definition says it for the attributes it knows. For those that only another server's document
has, and for documents that lack what the definition relies on, rules take its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from ftrack_review.server.definition import How, find_how
from ftrack_review.server.entity_type import EntityType, RelationInfo, covers, key_target
from ftrack_review.server.tables import snake

if TYPE_CHECKING:
    from sqlalchemy import Column

    from ftrack_review.protocol.schema import AttributeSchema
    from ftrack_review.server.catalogue import Catalogue

__all__ = ["make_relation"]


def make_relation(catalogue: Catalogue, owner: EntityType, attribute: AttributeSchema) -> RelationInfo:
    """Return how the entities of the relation *attribute* of *owner* are joined."""
    target_name = str(attribute.target)
    if target_name not in catalogue.schema:
        # No recorded document refers to a type it does not have. One that does shows an empty relation.
        return RelationInfo(attribute.name, attribute.kind, target_name, target_name, "computed")
    target = catalogue.types[covers(catalogue, target_name)]
    how = find_how(owner.lineage, attribute.name)
    found: Optional[Dict[str, Any]] = None
    if how is not None:
        found = _apply(catalogue, owner, attribute, target, how)
    if found is None:
        rule = _guess_reference if attribute.kind == "reference" else _guess_elements
        found = _apply(catalogue, owner, attribute, target, rule(owner, attribute, target))
    if found is None:
        found = {"how": "computed"}
    return RelationInfo(
        name=attribute.name,
        kind=attribute.kind,
        target=target_name,
        covers=target.name,
        key_attribute=attribute.key_attribute,
        value_attribute=attribute.value_attribute,
        **found,
    )


def _apply(
    catalogue: Catalogue, owner: EntityType, attribute: AttributeSchema, target: EntityType, how: How
) -> Optional[Dict[str, Any]]:
    """Return the columns for *how*, or None if this schema does not have them."""
    found: Optional[Dict[str, Any]] = None
    if how.way == "computed":
        found = {"how": "computed"}
    elif how.way == "dense":
        found = {"how": "custom_attributes", "join": _pairs(owner, ("id",), target, ("entity_id",))}
    elif how.way == "key":
        found = _apply_key(catalogue, owner, attribute, target, how)
    elif how.way == "children":
        found = _apply_children(owner, target, how)
    elif how.way == "link":
        found = _apply_link(catalogue, owner, attribute, how)
    elif how.way == "ancestors" and how.columns[0] in owner.columns:
        found = {"how": "ancestors", "start": owner.columns[how.columns[0]]}
    elif how.way == "descendants":
        found = {"how": "descendants", "start": owner.key_columns[0]}
    return found


def _apply_key(
    catalogue: Catalogue, owner: EntityType, attribute: AttributeSchema, target: EntityType, how: How
) -> Optional[Dict[str, Any]]:
    if not how.columns:
        family = catalogue.tables.families[owner.root]
        hidden = family.hidden[owner.name].get(attribute.name)
        return None if hidden is None else {"how": "reference", "join": ((hidden, target.key_columns[0]),)}
    names = how.columns if len(how.columns) > 1 else target.primary_key[:1]
    pairs = _pairs(owner, how.columns, target, names)
    return {"how": "reference", "join": pairs} if pairs else None


def _apply_children(owner: EntityType, target: EntityType, how: How) -> Optional[Dict[str, Any]]:
    pairs = _pairs(owner, owner.primary_key[:1], target, how.columns)
    if not pairs or any(name not in target.columns for name, _ in how.conditions):
        return None
    name = how.columns[0]
    # Where the key may be of any entity type, a column beside it names the type: parent_id and parent_type.
    typed = (name[: -len("_id")] + ending for ending in ("_type", "_entity_type"))
    undeclared = key_target(target.schema.attributes[name]) is None
    type_name = next((other for other in typed if undeclared and other in target.columns), None)
    return {
        "how": "children",
        "join": pairs,
        "conditions": tuple((target.columns[other], value) for other, value in how.conditions),
        "type_column": target.columns[type_name] if type_name else None,
        "owned": target.schema.attributes[name].required or name in target.primary_key,
    }


def _apply_link(
    catalogue: Catalogue, owner: EntityType, attribute: AttributeSchema, how: How
) -> Optional[Dict[str, Any]]:
    if how.link is None:
        table = catalogue.tables.link(owner.root, attribute.name)
        return {
            "how": "link",
            "link": table,
            "link_local": table.c.local_id,
            "link_remote": table.c.remote_id,
        }
    if how.link not in catalogue.schema:
        return None
    link = catalogue.types[how.link]
    local, remote = how.columns
    if local not in link.columns or remote not in link.columns:
        return None
    return {
        "how": "link",
        "link": link.table,
        "link_local": link.columns[local],
        "link_remote": link.columns[remote],
        "link_type": link.name,
    }


def _pairs(
    owner: EntityType, own: Tuple[str, ...], target: EntityType, other: Tuple[str, ...]
) -> Tuple[Tuple[Column[Any], Column[Any]], ...]:
    if not all(name in owner.columns for name in own) or not all(name in target.columns for name in other):
        return ()
    return tuple((owner.columns[a], target.columns[b]) for a, b in zip(own, other))


def _guess_reference(owner: EntityType, attribute: AttributeSchema, target: EntityType) -> How:
    """Return by which key *attribute* refers: one that carries its name, else the only one to such a type."""
    if f"{attribute.name}_id" in owner.schema.attributes:
        return How("key", (f"{attribute.name}_id",))
    fitting = [
        name
        for name, other in owner.schema.attributes.items()
        if other.is_scalar and key_target(other) in (target.name, attribute.target)
    ]
    aliased = [
        name
        for name in fitting
        if owner.schema.attributes[name].alias in (f"{attribute.alias}id", f"{attribute.alias}_id")
    ]
    for names in (aliased, fitting):
        if len(names) == 1:
            return How("key", (names[0],))
    return How("computed")


def _guess_elements(owner: EntityType, attribute: AttributeSchema, target: EntityType) -> How:
    """Return how *attribute* finds its elements: by a key of theirs, else through a table of its own."""
    if target.name.endswith("CustomAttributeValue") and attribute.kind == "mapping":
        return How("dense")
    if target.name.startswith("CustomAttributeLink") and attribute.kind == "mapping":
        return How("children", ("to_id" if attribute.name.endswith("_from") else "from_id",))
    fitting = [
        name
        for name, other in target.schema.attributes.items()
        if other.is_scalar and key_target(other) in owner.lineage and name in target.columns
    ]
    named = [name for name in fitting if name in [f"{snake(other)}_id" for other in owner.lineage]]
    for names in (named, fitting):
        if len(names) == 1:
            return How("children", (names[0],))
    if "parent_id" in target.columns and key_target(target.schema.attributes["parent_id"]) is None:
        return How("children", ("parent_id",))
    return How("link")
