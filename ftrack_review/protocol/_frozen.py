"""Values that do not change and compare by content, as frozen dataclasses do.

They stand in for :mod:`dataclasses` where every client passes: that module loads :mod:`inspect`, :mod:`ast` and
:mod:`dis` and compiles several methods per class, 9 ms of the start of a program (``python -m tests.benchmarks compare
--only process``). Making a value takes half the time as well, as nothing is set one by one.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Callable, ClassVar, NoReturn, Tuple, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Return a decorator that does nothing: it tells type checkers of the constructor."""
        return lambda cls: cls


__all__ = ["Frozen", "replace"]


@dataclass_transform(frozen_default=True)
class Frozen:
    """The base of values. A subclass annotates its fields in their order; what it assigns is a default.

    A field called *position* says where something stood in a text and takes no part in comparison.
    """

    _fields: ClassVar[Tuple[str, ...]] = ()
    _compared: ClassVar[Tuple[str, ...]] = ()
    #: Returns what of a value is compared.
    _content: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        """Take note of the fields of *cls*."""
        # Its own only, and as Python 3.9 has them.
        annotated = cls.__dict__.get("__annotations__", ())  # noqa: RUF063
        cls._fields = (*cls._fields, *annotated)
        cls._compared = tuple(name for name in cls._fields if name != "position")
        cls._content = operator.attrgetter(*cls._compared)

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take *values* for the fields in their order, and those that are *named*.

        Raise :exc:`TypeError` for a field that is missing, unknown or given twice.
        """
        cls, given = type(self), self.__dict__
        given.update(zip(cls._fields, values))
        if named:
            given.update(named)
        if len(given) != len(values) + len(named) or len(given) < len(cls._fields):
            self._check(values, named)

    def _check(self, values: Tuple[Any, ...], named: Any) -> None:
        cls = type(self)
        twice = named.keys() & set(cls._fields[: len(values)])
        unknown = named.keys() - set(cls._fields)
        missing = [name for name in cls._fields if name not in self.__dict__ and not hasattr(cls, name)]
        if len(values) > len(cls._fields) or twice or unknown or missing:
            raise TypeError(
                f"{cls.__name__} takes the fields {', '.join(cls._fields)}; missing: {missing}, "
                f"unknown: {sorted(unknown)}, given twice: {sorted(twice)}."
            )

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is of the same type and content."""
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Frozen)
        return self._content(self) == self._content(other)

    def __hash__(self) -> int:
        """Return a hash of the content."""
        return hash((type(self), self._content(self)))

    def __repr__(self) -> str:
        """Return the type and the fields, as the constructor takes them."""
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._compared)
        return f"{type(self).__name__}({fields})"

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """Raise :exc:`AttributeError`: a value does not change. :func:`replace` makes another."""
        raise AttributeError(f"A {type(self).__name__} does not change; {name!r} cannot be set.")

    def __delattr__(self, name: str) -> NoReturn:
        """Raise :exc:`AttributeError`: a value does not change."""
        raise AttributeError(f"A {type(self).__name__} does not change; {name!r} cannot be removed.")


_Value = TypeVar("_Value", bound=Frozen)


def replace(value: _Value, **changes: Any) -> _Value:
    """Return a value that is as *value* but for the fields in *changes*."""
    return type(value)(**{**value.__dict__, **changes})
