"""The parts of a query expression as values: what :mod:`~ftrack_review.protocol.grammar` parses and formats.

A tree is immutable and compares by content; positions (index of a character in the text) are kept for
error messages and do not take part in comparison. Rewriting a query means building a new tree with
:func:`replace`.
"""

from __future__ import annotations

from typing import Optional, Tuple, Union

from ftrack_review.protocol._frozen import Frozen, replace

__all__ = [
    "And",
    "Comparison",
    "Criteria",
    "Membership",
    "Not",
    "Or",
    "Order",
    "Path",
    "Projection",
    "Relation",
    "Segment",
    "Statement",
    "Value",
    "replace",
]


class Segment(Frozen):
    """One step of a path: an attribute *name* and the entity type it is *cast* to, ``parent[Shot]``."""

    name: str
    cast: Optional[str] = None
    position: Optional[int] = None


class Path(Frozen):
    """A dotted path of at least one segment, ``asset.parent.name``."""

    segments: Tuple[Segment, ...]

    @property
    def names(self) -> Tuple[str, ...]:
        """The attribute names in order."""
        return tuple(segment.name for segment in self.segments)

    @property
    def position(self) -> Optional[int]:
        """Where the path begins in the text."""
        return self.segments[0].position

    def __str__(self) -> str:
        """Return the path as it is written."""
        return ".".join(s.name if s.cast is None else f"{s.name}[{s.cast}]" for s in self.segments)


class Value(Frozen):
    """A literal. *text* is without quotes and escapes; a bare ``none`` is not the same as ``"none"``."""

    text: str
    quoted: bool = False
    position: Optional[int] = None

    @property
    def is_null(self) -> bool:
        """Whether the literal stands for no value: a bare ``none``, ``null`` or ``undefined``."""
        return not self.quoted and self.text.lower() in ("none", "null", "undefined")


class Comparison(Frozen):
    """``path operator value``.

    *operator* is one of ``is``, ``is_not``, ``like``, ``not_like``, ``>``, ``>=``, ``<``, ``<=``; every other
    spelling is read as one of these.
    """

    path: Path
    operator: str
    value: Value


class Membership(Frozen):
    """``path in (…)`` or ``path not_in (…)``, of literals or of a nested statement.

    *values* is a tuple of :class:`Value`, or the nested :class:`Statement`.
    """

    path: Path
    values: Union[Tuple[Value, ...], Statement]
    negated: bool = False


class Relation(Frozen):
    """``path has (…)`` over one entity or ``path any (…)`` over several; *criteria* None means *exists*."""

    path: Path
    quantifier: str
    criteria: Optional[Criteria] = None


class Not(Frozen):
    """The complement of one criterion."""

    item: Criteria


class And(Frozen):
    """All of two or more criteria."""

    items: Tuple[Criteria, ...]


class Or(Frozen):
    """At least one of two or more criteria."""

    items: Tuple[Criteria, ...]


Criteria = Union[Comparison, Membership, Relation, Not, And, Or]


class Projection(Frozen):
    """What to fetch: a path, or an aggregate *function* of it such as ``count(id)``."""

    path: Path
    function: Optional[str] = None


class Order(Frozen):
    """One key of the order of results."""

    path: Path
    descending: bool = False


class Statement(Frozen):
    """A whole query. *projections* is empty where the text has no ``select``."""

    entity_type: str
    projections: Tuple[Projection, ...] = ()
    criteria: Optional[Criteria] = None
    group_by: Tuple[Path, ...] = ()
    order_by: Tuple[Order, ...] = ()
    offset: Optional[int] = None
    limit: Optional[int] = None
    position: Optional[int] = None
