"""What the work on a find in Steer and in Dissect has in common: it changes in steps that can be undone."""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from spaceseed.history import History

MAX_UNDO = 100
PAUSE = 1.0  # seconds after which a control moved again is another step to undo

# Events may come faster than they are taken. No visitor holds it for longer than a recipe takes to be checked.
TAKING = threading.RLock()

W = TypeVar("W")


@dataclass(kw_only=True)
class Undoing(Generic[W]):
    """Work that can be undone.

    Attributes:
        work: on the find that is open; None before the first.
    """

    work: W | None = None
    _history: History[W] = field(default_factory=lambda: History(MAX_UNDO))
    _moved: tuple[Hashable, float] = (None, 0.0)

    @property
    def can_undo(self) -> bool:
        """True when there is a step to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """True after `undo`, until something else is changed."""
        return self._history.can_redo

    def undo(self) -> None:
        """Takes the last step back."""
        with TAKING:
            if self.can_undo and self.work is not None:
                self.work, self._moved = self._history.undo(self.work), (None, 0.0)

    def redo(self) -> None:
        """Takes the step again that was undone last."""
        with TAKING:
            if self.can_redo and self.work is not None:
                self.work, self._moved = self._history.redo(self.work), (None, 0.0)

    def _turn_to(self, work: W, control: Hashable = None) -> None:
        """Turns to other work. While a control moves on without a pause, that is one step to undo."""
        with TAKING:
            moment = time.monotonic()
            moves_on = control is not None and self._moved[0] == control and moment - self._moved[1] <= PAUSE
            if self.work is not None and not moves_on:
                self._history.push(self.work)
            self._moved, self.work = (control, moment), work
