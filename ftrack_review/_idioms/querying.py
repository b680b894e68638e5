"""Rewriting queries that hold idioms into queries in the schema's own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, List, Mapping, Optional, Sequence, Tuple

from ftrack_review._idioms.table import SECOND_NAMES, Idiom
from ftrack_review.exception import QueryError
from ftrack_review.protocol._frozen import Frozen
from ftrack_review.protocol.grammar import parse_criteria
from ftrack_review.protocol.tree import (
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Path,
    Projection,
    Relation,
    Segment,
    Statement,
    Value,
    replace,
)

if TYPE_CHECKING:
    from ftrack_review._idioms import Idioms
    from ftrack_review.protocol.schema import AttributeSchema

# Notes are on review session objects by id and type only. A real server filters by its table's name and
# ours by either.
_ON_OBJECTS = 'parent_type in ("ReviewSessionObject", "review_session_object")'


def rewrite(idioms: Idioms, statement: Statement) -> Statement:
    """Return *statement* in the names of the schema."""
    return _Rewriter(idioms).statement(statement)


class _Step(Frozen):
    """An idiom within a path: whose it is, what leads to it, what it means and what follows."""

    owner: str
    prefix: Tuple[Segment, ...]
    over_many: bool
    segment: Segment
    idiom: Idiom
    rest: Tuple[Segment, ...]


class _Rewriter:
    def __init__(self, idioms: Idioms) -> None:
        self.idioms = idioms
        self.schema = idioms.session.schema

    def statement(self, statement: Statement) -> Statement:
        asked = statement.entity_type
        real = self.idioms.entity_type(asked) or asked
        # Until the end, names are looked up under the type that was asked for: a comment has more idioms
        # than a note.
        criteria = self.criteria(statement.criteria, asked) if statement.criteria is not None else None
        if real == "Note" and asked != "Note":
            on_objects = parse_criteria(_ON_OBJECTS)
            criteria = on_objects if criteria is None else And((on_objects, criteria))
        projections: List[Projection] = []
        for projection in statement.projections:
            projections.extend(self.projection(projection, asked))
        return replace(
            statement,
            entity_type=real,
            projections=tuple(dict.fromkeys(projections)),
            criteria=criteria,
            group_by=tuple(self.path(path, asked) for path in statement.group_by),
            order_by=tuple(replace(order, path=self.path(order.path, asked)) for order in statement.order_by),
        )

    def criteria(self, item: Criteria, entity_type: str) -> Criteria:
        if isinstance(item, And):
            return And(tuple(self.criteria(part, entity_type) for part in item.items))
        if isinstance(item, Or):
            return Or(tuple(self.criteria(part, entity_type) for part in item.items))
        if isinstance(item, Not):
            return Not(self.criteria(item.item, entity_type))
        if isinstance(item, Relation):
            return self.relation(item, entity_type)
        if isinstance(item, Membership):
            return self.membership(item, entity_type)
        return self.comparison(item, entity_type)

    def comparison(self, item: Comparison, entity_type: str) -> Criteria:
        step = self.find(item.path, entity_type)
        if step is None:
            return item
        made = self.match(step, item)
        if made is not None:
            return self.below(step, made)
        if self.is_through(step):
            rest = Path(step.rest or (Segment("id"),))
            return self.below(step, self.through(step, replace(item, path=rest)))
        return replace(item, path=self.replaced(step, item.path))

    def match(self, step: _Step, item: Comparison) -> Optional[Criteria]:
        """Return the criteria that an idiom makes of a comparison, None where its path says it all."""
        if step.idiom.criterion is None or step.rest:
            return None
        if item.operator not in ("is", "is_not") or item.value.is_null:
            if step.idiom.path:
                return None
            raise QueryError(
                f"{step.segment.name} can be compared with 'is' and 'is_not' only, not with {item.operator!r}.",
                position=step.segment.position,
            )
        made = step.idiom.criterion(self.idioms.session, item.value.text)
        if made is None:
            return None
        return Not(made) if item.operator == "is_not" else made

    def membership(self, item: Membership, entity_type: str) -> Criteria:
        values = item.values
        if isinstance(values, Statement):
            values = self.statement(values)
            item = replace(item, values=values)
        step = self.find(item.path, entity_type)
        if step is None:
            return item
        if not isinstance(values, Statement) and step.idiom.criterion is not None and not step.rest:
            made = self.any_of(item.path, values, entity_type)
            return Not(made) if item.negated else made
        if self.is_through(step):
            rest = Path(step.rest or (Segment("id"),))
            return self.below(step, self.through(step, replace(item, path=rest)))
        return replace(item, path=self.replaced(step, item.path))

    def any_of(self, path: Path, values: Sequence[Value], entity_type: str) -> Criteria:
        each = [self.comparison(Comparison(path, "is", value), entity_type) for value in values]
        return each[0] if len(each) == 1 else Or(tuple(each))

    def relation(self, item: Relation, entity_type: str) -> Criteria:
        step = self.find(item.path, entity_type)
        if step is not None and self.is_through(step):
            return self.below(step, self.through(step, item.criteria))
        path = item.path if step is None else self.replaced(step, item.path)
        quantifier = item.quantifier
        if step is not None and "review_session_objects" in path.names:
            quantifier = "any"
        if item.criteria is None:
            return replace(item, path=path, quantifier=quantifier)
        target = self.target(path, entity_type)
        criteria = item.criteria if target is None else self.criteria(item.criteria, target)
        return replace(item, path=path, quantifier=quantifier, criteria=criteria)

    def is_through(self, step: _Step) -> bool:
        """Return whether an idiom leads to another type that the schema has no path to."""
        if step.idiom.through is None:
            return False
        path = step.idiom.path
        return not path or path[0] not in self.attributes(step.owner)

    def through(self, step: _Step, criteria: Optional[Criteria]) -> Criteria:
        """Return the criteria of what goes with something of another type that meets *criteria*."""
        assert step.idiom.through is not None
        here, entity_type, there = step.idiom.through
        if criteria is not None:
            criteria = self.criteria(criteria, entity_type)
        projection = Projection(Path((Segment(there),)))
        statement = Statement(entity_type, projections=(projection,), criteria=criteria)
        return Membership(Path((Segment(here),)), statement)

    def below(self, step: _Step, criteria: Criteria) -> Criteria:
        """Put *criteria* behind the path that leads to the idiom."""
        if not step.prefix:
            return criteria
        return Relation(Path(step.prefix), "any" if step.over_many else "has", criteria)

    def projection(self, projection: Projection, entity_type: str) -> Iterable[Projection]:
        step = self.find(projection.path, entity_type)
        if step is None:
            return [projection]
        paths = step.idiom.needs or (".".join(step.idiom.path),)
        if step.rest or (step.idiom.path and not step.idiom.needs):
            return [replace(projection, path=self.replaced(step, projection.path))]
        return [
            Projection(Path((*step.prefix, *(Segment(name) for name in path.split("."))))) for path in paths
        ]

    def path(self, path: Path, entity_type: str) -> Path:
        """Return *path* for sorting and grouping, where only an idiom that is a path will do."""
        step = self.find(path, entity_type)
        if step is None:
            return path
        if not step.idiom.path and len(step.idiom.needs) != 1:
            raise QueryError(f"{step.segment.name} cannot be sorted by.", position=step.segment.position)
        return self.replaced(step, path)

    def replaced(self, step: _Step, path: Path) -> Path:
        names = step.idiom.path or step.idiom.needs[:1]
        cast = step.segment.cast or (step.idiom.cast if step.rest else None)
        inner = tuple(Segment(name, position=path.position) for name in names)
        if cast is not None:
            inner = (*inner[:-1], replace(inner[-1], cast=cast))
        return Path((*step.prefix, *inner, *step.rest))

    def find(self, path: Path, entity_type: str) -> Optional[_Step]:
        """Return the first idiom in *path*, None where there is none."""
        current: Optional[str] = entity_type
        over_many = False
        for index, segment in enumerate(path.segments):
            if current is None:
                return None
            idiom = self.idioms.idiom(current, segment.name)
            if idiom is not None and segment.name not in self.attributes(current):
                prefix, rest = path.segments[:index], path.segments[index + 1 :]
                return _Step(current, prefix, over_many, segment, idiom, rest)
            attribute = self.attributes(current).get(segment.name)
            if attribute is None:
                return None
            over_many = attribute.kind in ("collection", "mapping")
            current = segment.cast or attribute.target
        return None

    def target(self, path: Path, entity_type: str) -> Optional[str]:
        """Return the entity type that *path*, in real names, leads to."""
        current: Optional[str] = SECOND_NAMES.get(entity_type, entity_type)
        for segment in path.segments:
            if current is None or current not in self.schema:
                return None
            attribute = self.schema[current].attributes.get(segment.name)
            current = segment.cast or (attribute.target if attribute is not None else None)
        return current

    def attributes(self, entity_type: str) -> Mapping[str, AttributeSchema]:
        real = self.idioms.entity_type(entity_type) or entity_type
        return self.schema[real].attributes if real in self.schema else {}
