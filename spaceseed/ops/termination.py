"""Limits at which a search ends. The caller can also cancel it."""

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
        patience: number of rounds in a row without a better best score.
        seconds: wall-clock time.

    Raises:
        ArgumentError: a limit is below 1 (seconds: not above 0), or not a finite number.
    """

    generations: int | None = None
    evaluations: int | None = None
    target: float | None = None
    patience: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("generations", "evaluations", "patience"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), 1)
        if self.target is not None:
            check_number("target", self.target)
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
            "patience": self.patience is not None and min(optimizer.stalled, generations) >= self.patience,
            "seconds": self.seconds is not None and seconds >= self.seconds,
        }
        return next((name for name, yes in reached.items() if yes), None)
