"""The operations that a session records until it commits.

An operation says what changed, in the words of the program: its values may be live entities, times and
collections. :mod:`~ftrack_review.protocol.batch` turns operations into the fewest actions.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping

__all__ = [
    "CreateEntityOperation",
    "DeleteEntityOperation",
    "Operation",
    "Operations",
    "UpdateEntityOperation",
]


class Operations:
    """Operations in the order in which they were recorded.

    An update may lie here as a tuple: its type, the name of the primary key and its value, the name of the attribute,
    its old and its new value. Where there is no name, the key is a dictionary, maybe of several. It becomes an
    :class:`UpdateEntityOperation` when somebody looks. For speed: the collector does not visit tuples of plain
    values, and 100,000 writes take half the time (``python -m tests.benchmarks compare --only write``).
    """

    __slots__ = ("_stack",)

    def __init__(self) -> None:
        """Initialise empty."""
        self._stack: List[Any] = []

    def clear(self) -> None:
        """Forget all operations."""
        del self._stack[:]

    def push(self, operation: Operation) -> None:
        """Add *operation* at the end."""
        self._stack.append(operation)

    def pop(self) -> Operation:
        """Remove the latest operation and return it. Raise :exc:`IndexError` if there is none."""
        operation = self._stack.pop()
        return expand(operation)

    def __len__(self) -> int:
        """Return the number of operations."""
        return len(self._stack)

    def __iter__(self) -> Iterator[Operation]:
        """Iterate over the operations, the oldest first."""
        self._expand()
        return iter(self._stack)

    def _expand(self) -> None:
        """Make operations of the tuples."""
        stack = self._stack
        for index, operation in enumerate(stack):
            if type(operation) is tuple:
                stack[index] = expand(operation)

    def __repr__(self) -> str:
        """Return the type and the number of operations."""
        return f"<{type(self).__name__} {len(self._stack)}>"


class Operation:
    """The base of all operations."""

    __slots__ = ()


class CreateEntityOperation(Operation):
    """The creation of an entity."""

    __slots__ = ("entity_data", "entity_key", "entity_type")

    def __init__(
        self, entity_type: str, entity_key: Mapping[str, Any], entity_data: Mapping[str, Any]
    ) -> None:
        """Initialise with the name of the *entity_type*, its key and its first values.

        *entity_key* maps the names of the primary key attributes, in the order of the schema, to their
        values. *entity_data* maps attribute names to values; it is copied, its values are not.
        """
        self.entity_type = entity_type
        self.entity_key = entity_key
        self.entity_data = dict(entity_data)

    def __repr__(self) -> str:
        """Return what is created, without its values, which may be long or secret."""
        return f"<{type(self).__name__} {self.entity_type} {tuple(self.entity_key.values())}>"


class UpdateEntityOperation(Operation):
    """A new value for one attribute of an entity."""

    __slots__ = ("attribute_name", "entity_key", "entity_type", "new_value", "old_value")

    def __init__(
        self,
        entity_type: str,
        entity_key: Mapping[str, Any],
        attribute_name: str,
        old_value: Any,
        new_value: Any,
    ) -> None:
        """Initialise with the entity's type and key, the attribute's name and its old and new value.

        A plain list, dictionary or set is copied, so that the caller may go on to change his own. Entities
        and collections are live and stay what they are: a collection hands over its former content as
        *old_value*.
        """
        self.entity_type = entity_type
        self.entity_key = entity_key
        self.attribute_name = attribute_name
        self.old_value = _snapshot(old_value)
        self.new_value = _snapshot(new_value)

    def __repr__(self) -> str:
        """Return what is updated, without the values."""
        return (
            f"<{type(self).__name__} {self.entity_type} {tuple(self.entity_key.values())} "
            f"{self.attribute_name}>"
        )


class DeleteEntityOperation(Operation):
    """The deletion of an entity."""

    __slots__ = ("entity_key", "entity_type")

    def __init__(self, entity_type: str, entity_key: Mapping[str, Any]) -> None:
        """Initialise with the name of the *entity_type* and its key, as for a creation."""
        self.entity_type = entity_type
        self.entity_key = entity_key

    def __repr__(self) -> str:
        """Return what is deleted."""
        return f"<{type(self).__name__} {self.entity_type} {tuple(self.entity_key.values())}>"


def expand(recorded: Any) -> Any:
    """Return the operation that *recorded*, as it lies in :class:`Operations`, stands for."""
    if type(recorded) is not tuple:
        return recorded
    entity_type, key_name, key, name, old_value, new_value = recorded
    entity_key = {key_name: key} if key_name else key
    return UpdateEntityOperation(entity_type, entity_key, name, old_value, new_value)


#: What is copied when it is recorded. By exact type: a subclass is a live collection that knows its entity.
_COPIED = frozenset((list, dict, set))


def _snapshot(value: Any) -> Any:
    return value.copy() if type(value) in _COPIED else value
