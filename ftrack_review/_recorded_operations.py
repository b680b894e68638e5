"""The operations that a session has recorded, and the state that each entity is in because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from ftrack_review._identity import make_key
from ftrack_review.operation import (
    CreateEntityOperation,
    DeleteEntityOperation,
    Operation,
    Operations,
    UpdateEntityOperation,
)
from ftrack_review.symbol import CREATED, DELETED, MODIFIED, NOT_SET, Symbol

if TYPE_CHECKING:
    from ftrack_review._identity import Key

    Identity = Tuple[str, Key]

__all__ = ["RecordedOperations", "identity_of"]


class RecordedOperations(Operations):
    """The operations of a session, with the state that each entity is in because of them."""

    __slots__ = ("_noted", "_states")

    def __init__(self) -> None:
        """Initialise empty."""
        super().__init__()
        self._states: Dict[Identity, Symbol] = {}
        # How many of the operations the states tell of: they follow when somebody asks.
        self._noted = 0

    @classmethod
    def of(cls, operations: Operations) -> RecordedOperations:
        """Return *operations* as those of a session. What is pushed to the one is in the other.

        Raise :exc:`TypeError` for anything else.
        """
        if isinstance(operations, cls):
            return operations
        if not isinstance(operations, Operations):
            raise TypeError(
                f"A session records its changes in operation.Operations(), not in {type(operations).__name__}."
            )
        recorded = cls()
        recorded._stack = operations._stack
        return recorded

    @property
    def states(self) -> Dict[Identity, Symbol]:
        """State by identity, of the entities that have one."""
        stack = self._stack
        if self._noted > len(stack):
            self._begin_anew()
        while self._noted < len(stack):
            self._note(stack[self._noted])
            self._noted += 1
        return self._states

    def pop(self) -> Operation:
        """Remove the latest operation and return it. Raise :exc:`IndexError` if there is none."""
        operation = super().pop()
        self._begin_anew()
        return operation

    def clear(self) -> None:
        """Forget all operations."""
        super().clear()
        self._begin_anew()

    def drop_first(self, count: int) -> None:
        """Forget the oldest *count* operations, which were committed."""
        if count >= len(self._stack):
            self.clear()
            return
        del self._stack[:count]
        self._begin_anew()

    def keep(self, is_kept: Callable[[Any], bool]) -> None:
        """Forget the operations for which *is_kept* is false."""
        self._expand()
        self._stack[:] = [operation for operation in self._stack if is_kept(operation)]
        self._begin_anew()

    def put_first(self, count: int, operations: List[Any]) -> None:
        """Put *operations* in the place of the oldest *count*."""
        self._stack[:count] = operations
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._states = {}
        self._noted = 0

    def first(self, count: int) -> List[Any]:
        """Return the oldest *count* operations as they lie here, updates maybe as tuples."""
        return self._stack[:count]

    def _note(self, operation: Any) -> None:
        if type(operation) is tuple:
            self._states.setdefault(identity_of(operation), MODIFIED)
            return
        identity = identity_of(operation)
        self._states[identity] = _state(operation, self._states.get(identity, NOT_SET))


def identity_of(operation: Any) -> Identity:
    """Return the identity that *operation*, as it lies in Operations, concerns."""
    if type(operation) is tuple:
        entity_type, key_name, key, *_ = operation
        return (entity_type, key if key_name else make_key(list(key.values())))
    return (operation.entity_type, make_key(list(operation.entity_key.values())))


def _state(operation: Operation, state: Symbol) -> Symbol:
    """Return the state after *operation* of what was in *state* before."""
    if isinstance(operation, DeleteEntityOperation):
        return DELETED
    if isinstance(operation, CreateEntityOperation):
        return CREATED
    if isinstance(operation, UpdateEntityOperation) and state is NOT_SET:
        return MODIFIED
    return state
