"""Names of attributes, as they are found on an entity type or on what derives from it.

Scripts name attributes of subtypes without a cast (``resource.username``, where only a User has one). A name
is looked for on the declared type first, then on its subtypes, and refused only then.

Called by ``criterion``, ``ordering`` and ``request``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, List, Optional, Tuple

from ftrack_review.server.sql.fault import query_fault, unknown_attribute, unknown_type

if TYPE_CHECKING:
    from ftrack_review.protocol.schema import AttributeSchema
    from ftrack_review.protocol.tree import Segment
    from ftrack_review.server.catalogue import Catalogue
    from ftrack_review.server.entity_type import EntityType, RelationInfo

__all__ = ["TYPE_NAME", "Resolved", "cast_type", "resolve"]

#: The name under which the concrete entity type of a row can be asked for.
TYPE_NAME = "__entity_type__"


@dataclass(frozen=True)
class Resolved:
    """An attribute and the entity type *owner* on which it was found.

    *exact* tells whether every row has it, because it was found on the declared type.
    """

    owner: EntityType
    attribute: AttributeSchema
    exact: bool = True

    @property
    def relation(self) -> Optional[RelationInfo]:
        """How the attribute relates to other entities, None for a plain value."""
        found: Optional[RelationInfo] = self.owner.relations.get(self.attribute.name)
        return found


def resolve(
    catalogue: Catalogue, entity: EntityType, segment: Segment, *, relation: bool = False
) -> List[Resolved]:
    """Return the attributes that *segment* may mean on a row declared as *entity*, at least one.

    There is more than one where unrelated subtypes use the same name for different things. With *relation*,
    only attributes that lead to other entities are meant. Raise a fault where there is none.
    """
    found = _candidates(catalogue, entity, segment.name)
    if not found:
        names = set(entity.schema.attributes)
        for subtype in _subtypes(catalogue, entity):
            names.update(subtype.schema.attributes)
        raise unknown_attribute(entity.name, segment.name, sorted(names), segment.position)
    if not relation:
        return found
    related = [candidate for candidate in found if candidate.relation is not None]
    if not related:
        raise query_fault(
            f"{found[0].owner.name}.{segment.name} is a plain value: expected a reference or a collection "
            "before the dot.",
            segment.position,
            segment.name,
        )
    return related


def _candidates(catalogue: Catalogue, entity: EntityType, name: str) -> List[Resolved]:
    attribute = entity.schema.attributes.get(name)
    if attribute is not None:
        return [Resolved(entity, attribute)]
    found: List[Resolved] = []
    for owner in _subtypes(catalogue, entity):
        attribute = owner.schema.attributes.get(name)
        if attribute is None:
            continue
        candidate = Resolved(owner, attribute, exact=False)
        if not any(_is_same(candidate, other) for other in found):
            found.append(candidate)
    return found


def _subtypes(catalogue: Catalogue, entity: EntityType) -> List[EntityType]:
    # The types of custom attribute values belong together though documents do not say so.
    names = dict.fromkeys((*catalogue.schema.subtypes(entity.name), *entity.concrete_types))
    return [catalogue.types[name] for name in names if name != entity.name]


def _is_same(one: Resolved, other: Resolved) -> bool:
    """Return whether both attributes read the same columns of the same table, whatever their owners."""
    return _signature(one) == _signature(other)


def _signature(resolved: Resolved) -> Tuple[object, ...]:
    name = resolved.attribute.name
    relation = resolved.relation
    if relation is not None:
        return relation_signature(relation)
    column = resolved.owner.columns.get(name)
    return ("column", name if column is None else column.name)


def relation_signature(relation: RelationInfo) -> Tuple[object, ...]:
    """Return what two relations have in common when the same statement loads both."""
    return (
        relation.name,
        relation.how,
        relation.covers,
        relation.target,
        tuple((str(own), str(target)) for own, target in relation.join),
        tuple((str(column), value) for column, value in relation.conditions),
        None if relation.link is None else relation.link.name,
        None if relation.link is None else str(relation.link_local),
        None if relation.start is None else str(relation.start),
    )


def cast_type(catalogue: Catalogue, declared: EntityType, segment: Segment) -> Optional[EntityType]:
    """Return the entity type that *segment* is cast to, None where it is not.

    Raise a fault where rows of the *declared* type can never be of that type.
    """
    if segment.cast is None:
        return None
    entity: Optional[EntityType] = catalogue.types.get(segment.cast)
    if entity is None:
        raise unknown_type(catalogue, segment.cast, segment.position)
    if entity.table is not declared.table:
        raise query_fault(
            f"{segment.name} is never a {segment.cast}: expected {declared.name} or what derives from it.",
            segment.position,
            segment.name,
        )
    return entity
