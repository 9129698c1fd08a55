"""Limits at which a search ends. The caller can also cancel it."""

from collections.abc import Sequence
from dataclasses import dataclass

from spaceseed.arguments import check_integer, check_number
from spaceseed.ops.optimizer import Optimizer


@dataclass(frozen=True)
class Termination:
    """Limits on a search, checked between generations. The search ends at the first limit reached. None is no limit.

    All except `target` count from the start of the search, even if the optimizer has searched before.

    Attributes:
        generations: number of ask-evaluate-tell rounds.
        evaluations: number of scored candidates. The generation that reaches the limit is the last, and may exceed it.
        target: the best score at which the search ends.
        patience: number of rounds in which the best score rises by no more than `gain` in all.
        gain: how much the best score must rise within `patience` rounds for the search to go on, 0 or more; with 0 any
            rise counts. It is no limit by itself.
        seconds: wall-clock time.

    Raises:
        ArgumentError: a limit is below 1 (seconds: not above 0, gain: below 0), or not a finite number.
    """

    generations: int | None = None
    evaluations: int | None = None
    target: float | None = None
    patience: int | None = None
    gain: float = 0.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("generations", "evaluations", "patience"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), 1)
        if self.target is not None:
            check_number("target", self.target)
        check_number("gain", self.gain, 0)
        if self.seconds is not None:
            check_number("seconds", self.seconds, low=0, above=True)

    def reason(
        self, optimizer: Optimizer, seconds: float, *, generations_before: int = 0, evaluations_before: int = 0
    ) -> str | None:
        """Returns which limit is reached.

        Args:
            optimizer: the optimizer with its counters and best score.
            seconds: time since the search began.
            generations_before: rounds of the optimizer before the search; they do not count.
            evaluations_before: candidates before the search; they do not count.

        Returns:
            The name of the first limit reached ("target" first, then in the order above), or None if there is none.
        """
        generations = optimizer.generation - generations_before
        evaluations = optimizer.evaluations - evaluations_before
        reached = {
            "target": self.target is not None and optimizer.best_score >= self.target,
            "generations": self.generations is not None and generations >= self.generations,
            "evaluations": self.evaluations is not None and evaluations >= self.evaluations,
            "patience": self._is_flat(optimizer.course, generations),
            "seconds": self.seconds is not None and seconds >= self.seconds,
        }
        return next((name for name, yes in reached.items() if yes), None)

    def _is_flat(self, course: Sequence[float], generations: int) -> bool:
        """Returns whether the best score has hardly risen in the last rounds, all of them of this search."""
        if self.patience is None or generations < self.patience or len(course) <= self.patience:
            return False
        return not course[-1] > course[-1 - self.patience] + self.gain
