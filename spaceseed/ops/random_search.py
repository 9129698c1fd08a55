"""Random search: the baseline, equivalent to browsing seeds."""

import torch
from torch import Tensor

from spaceseed.ops.optimizer import Optimizer


class RandomSearch(Optimizer):
    """Scores fresh draws of the prior and keeps the best `population` of all."""

    min_population = 1

    def __init__(
        self,
        dims: int,
        population: int = 32,
        prior: str = "shell",
        seed: int = 0,
        start: Tensor | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """See `Optimizer`. `population` is also the number of candidates of each `ask`."""
        super().__init__(dims, population, prior, seed, start, device)

    def _propose(self) -> Tensor:
        return self._draw(self.size)

    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return self._best_of(torch.cat([self.population, candidates]), torch.cat([self.scores, scores]))
