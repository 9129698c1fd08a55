"""When a search ends by itself; cancelling it is the affair of whoever runs it."""

from dataclasses import dataclass

from spaceseed.arguments import check_integer, check_number
from spaceseed.ops.optimizer import Optimizer


@dataclass(frozen=True)
class Termination:
    """Limits on a search, checked between generations; the first that is reached ends it. None is no limit.

    All but `target` count from where the search began, also with an optimizer that has searched before.

    Attributes:
        generations: ask-evaluate-tell rounds.
        evaluations: candidates scored; the generation that reaches the limit is the last, and may pass it.
        target: stop once the best score is at least this.
        patience: rounds in a row without a better best score.
        seconds: wall-clock time.

    Raises:
        ArgumentError: a limit below 1 (seconds: not above 0), or not a finite number.
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
        """Says which limit is reached.

        Args:
            optimizer: whose counters and best score are looked at.
            seconds: time since the search began.
            generations_before: rounds that the optimizer had been told when the search began; they do not count.
            evaluations_before: candidates likewise.

        Returns:
            The name of the first limit reached ("target" first, then in the order above), or None to go on.
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
