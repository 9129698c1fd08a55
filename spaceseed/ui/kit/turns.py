"""Fair shares of a machine: long work takes turns, so that whoever comes later begins soon."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

LOOK_SECONDS = 0.1

T = TypeVar("T")


@dataclass
class Turns:
    """Gives turns in the order in which they are asked for; who has run before lets newcomers go first.

    Attributes:
        places: how many run at a time.
        seconds: length of a turn after which one that others wait for goes to the end of the line.
    """

    places: int
    seconds: float
    _running: list["Turn"] = field(default_factory=list)
    _waiting: list["Turn"] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def line(self) -> Iterator["Turn"]:
        """Stands in line; afterwards the place is free for others."""
        turn = Turn(self)
        with self._lock:
            newcomers = sum(not other.has_run for other in self._waiting)
            self._waiting.insert(newcomers, turn)
        try:
            yield turn
        finally:
            with self._lock:
                for turns in (self._running, self._waiting):
                    if turn in turns:
                        turns.remove(turn)

    def admit(self, turn: "Turn") -> bool:
        """Lets the first in line run where a place is free; returns whether this turn runs."""
        with self._lock:
            while self._waiting and len(self._running) < self.places:
                first = self._waiting.pop(0)
                first.since, first.has_run = time.monotonic(), True
                self._running.append(first)
            return turn in self._running

    def give_way(self, turn: "Turn") -> None:
        """Sends a turn that has run for long to the end of the line, if others wait."""
        with self._lock:
            over = turn.since is not None and time.monotonic() - turn.since > self.seconds
            if over and self._waiting and turn in self._running:
                self._running.remove(turn)
                self._waiting.append(turn)
                turn.since = None

    def words(self, turn: "Turn") -> str:
        """Returns which place in line a turn has, and about how long that takes; "" while it runs."""
        with self._lock:
            if turn not in self._waiting:
                return ""
            place, now = self._waiting.index(turn) + 1, time.monotonic()
            left = [max(0.0, self.seconds - (now - (other.since or now))) for other in self._running]
        seconds = min(left, default=0.0) + (place - 1) // self.places * self.seconds
        return f"Waiting for your turn: place {place} in line, about {max(1, math.ceil(seconds))} s"


@dataclass(eq=False)
class Turn:
    """The right of one visitor's work to run.

    Attributes:
        turns: those of all.
        since: when it began to run, by `time.monotonic`; None while it waits.
        has_run: whether it has ever run.
    """

    turns: Turns
    since: float | None = None
    has_run: bool = False

    @property
    def words(self) -> str:
        """What to tell the visitor who waits; "" while the work runs."""
        return self.turns.words(self)

    def wait(self) -> Iterator[str]:
        """Waits until the turn has come, or has come again after it gave way to others.

        Yields:
            a few times a second what to tell the visitor; nothing when the work can go on at once.
        """
        self.turns.give_way(self)
        while not self.turns.admit(self):
            yield self.words
            time.sleep(LOOK_SECONDS)

    def share(self, steps: Iterator[T], given_up: Callable[[], bool]) -> Iterator[T | str]:
        """Takes the steps of long work in turns with others.

        Args:
            steps: the work.
            given_up: asked while it waits; the work is not wanted any more if it returns True.

        Yields:
            the steps, and between them what to tell the visitor who waits.
        """
        while True:
            for words in self.wait():
                if given_up():
                    return
                yield words
            try:
                step = next(steps)
            except StopIteration:
                return
            yield step
