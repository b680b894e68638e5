"""The parts of a query expression as values: what :mod:`~ftrack_review.protocol.grammar` parses and formats.

A tree is immutable and compares by content; positions (index of a character in the text) are kept for
error messages and do not take part in comparison. Rewriting a query means building a new tree with
:func:`dataclasses.replace`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple, Union

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
]


@dataclass(frozen=True)
class Segment:
    """One step of a path: an attribute *name* and the entity type it is *cast* to, ``parent[Shot]``."""

    name: str
    cast: Optional[str] = None
    position: Optional[int] = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Path:
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


@dataclass(frozen=True)
class Value:
    """A literal. *text* is without quotes and escapes; a bare ``none`` is not the same as ``"none"``."""

    text: str
    quoted: bool = False
    position: Optional[int] = field(default=None, compare=False, repr=False)

    @property
    def is_null(self) -> bool:
        """Whether the literal stands for no value: a bare ``none``, ``null`` or ``undefined``."""
        return not self.quoted and self.text.lower() in ("none", "null", "undefined")


@dataclass(frozen=True)
class Comparison:
    """``path operator value``.

    *operator* is one of ``is``, ``is_not``, ``like``, ``not_like``, ``>``, ``>=``, ``<``, ``<=``; every other
    spelling is read as one of these.
    """

    path: Path
    operator: str
    value: Value


@dataclass(frozen=True)
class Membership:
    """``path in (…)`` or ``path not_in (…)``, of literals or of a nested statement.

    *values* is a tuple of :class:`Value`, or the nested :class:`Statement`.
    """

    path: Path
    values: Union[Tuple[Value, ...], Statement]
    negated: bool = False


@dataclass(frozen=True)
class Relation:
    """``path has (…)`` over one entity or ``path any (…)`` over several; *criteria* None means *exists*."""

    path: Path
    quantifier: str
    criteria: Optional[Criteria] = None


@dataclass(frozen=True)
class Not:
    """The complement of one criterion."""

    item: Criteria


@dataclass(frozen=True)
class And:
    """All of two or more criteria."""

    items: Tuple[Criteria, ...]


@dataclass(frozen=True)
class Or:
    """At least one of two or more criteria."""

    items: Tuple[Criteria, ...]


Criteria = Union[Comparison, Membership, Relation, Not, And, Or]


@dataclass(frozen=True)
class Projection:
    """What to fetch: a path, or an aggregate *function* of it such as ``count(id)``."""

    path: Path
    function: Optional[str] = None


@dataclass(frozen=True)
class Order:
    """One key of the order of results."""

    path: Path
    descending: bool = False


@dataclass(frozen=True)
class Statement:
    """A whole query. *projections* is empty where the text has no ``select``."""

    entity_type: str
    projections: Tuple[Projection, ...] = ()
    criteria: Optional[Criteria] = None
    group_by: Tuple[Path, ...] = ()
    order_by: Tuple[Order, ...] = ()
    offset: Optional[int] = None
    limit: Optional[int] = None
    position: Optional[int] = field(default=None, compare=False, repr=False)
