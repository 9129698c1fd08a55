"""Undo and redo.

    history = History[str](limit=100)
    history.push("a")              # the state that is left for "b"
    history.undo("b")              # "a"
    history.redo("a")              # "b"

The present state is the caller's own; a history holds those before it, and those that were undone.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class History(Generic[T]):
    """The states before and after the present one.

    Args:
        limit: how many states are kept; the oldest are forgotten.

    Attributes:
        past: the states that led to the present one, oldest first.
    """

    def __init__(self, limit: int) -> None:
        self.past: list[T] = []
        self._future: list[T] = []
        self._limit = limit

    @property
    def can_undo(self) -> bool:
        """True when there is a state to go back to."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """True after `undo`, until another state is pushed."""
        return bool(self._future)

    def push(self, left: T) -> None:
        """Notes a state that is left for a new one; what was undone cannot be redone any more."""
        self.past = [*self.past, left][-self._limit :]
        self._future = []

    def undo(self, left: T) -> T:
        """Returns the state before the present one, which is `left`; `can_undo` must be true."""
        self._future.append(left)
        return self.past.pop()

    def redo(self, left: T) -> T:
        """Returns the state that was undone last, and leaves `left` for it; `can_redo` must be true."""
        self.past.append(left)
        return self._future.pop()
