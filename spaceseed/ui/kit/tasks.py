"""Tasks that follow one another: a new one makes the one of the same name before it pointless."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import gradio as gr

WAIT_SECONDS = 10.0  # an outdated event ends with the image that it is drawing

T = TypeVar("T")


@dataclass(eq=False)
class Ticket:
    """The right to search.

    Attributes:
        stopped: True once the visitor asked the search to end.
        taken: True once a search runs with it; no second one may.
    """

    stopped: bool = False
    taken: bool = False


@dataclass
class Tasks:
    """The tasks of one visitor, by name."""

    _latest: dict[str, object] = field(default_factory=dict)
    _shown: dict[str, Any] = field(default_factory=dict)
    _running: dict[str, list[object]] = field(default_factory=dict)

    def begin(self, task: str) -> Callable[[], bool]:
        """Begins a task, and so ends the one of the same name before it.

        Returns:
            a function that returns whether the task still matters; what takes long asks it now and then.
        """
        mine = self._latest[task] = object()
        return lambda: self._latest.get(task) is mine

    def end(self, task: str) -> None:
        """Ends the task of this name, if there is one."""
        self._latest.pop(task, None)

    def newest(self, task: str, steps: Iterable[T]) -> Iterator[T | Any]:
        """Passes on what an event shows, until a newer event of the same task begins.

        Gradio shows an event's last value once more when the event ends, even if a newer one has shown others since.
        So an outdated event ends with what the newest has shown last, or with nothing if it has shown nothing itself;
        and the newest event ends last.

        Args:
            task: its name; all its events must have the same outputs.
            steps: whole values for these outputs: a `gr.skip` after a value would damage that value in the browser.
        """
        goes_on, me = self.begin(task), object()
        running = self._running.setdefault(task, [])
        running.append(me)
        has_shown = False
        try:
            for step in steps:
                if not goes_on():
                    yield self._shown[task] if has_shown else gr.skip()
                    return
                self._shown[task], has_shown = step, True
                yield step
            until = time.monotonic() + WAIT_SECONDS
            while goes_on() and len(running) > 1 and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            running.remove(me)
