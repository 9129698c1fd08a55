"""Differential evolution: candidates move along differences of other members.

Storn & Price 1997, "Differential Evolution - A Simple and Efficient Heuristic for Global Optimization over Continuous
Spaces". Each member x_i gets a donor v_i. Crossover of both gives a trial u_i, which replaces x_i if f(u_i) > f(x_i).
(The literature minimises; here higher scores are better.)

    strategy        donor                                    crossover
    "rand/1/bin"    v_i = x_r1 + F (x_r2 - x_r3)             binomial
    "rand/1/exp"    the same                                 exponential (windowed, see `crossover.exponential`)
    "best/1/bin"    v_i = x_best + F (x_r1 - x_r2)           binomial
    "best/1/exp"    the same                                 exponential

r1, r2, r3 and i are all distinct, so rand/1 needs a population of 4 and best/1 of 3.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from spaceseed.arguments import check_choice, check_integer, check_number
from spaceseed.errors import ArgumentError
from spaceseed.ops.crossover import binomial, exponential
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.selection import distinct_indices

Donor = Callable[[Tensor, Tensor, Tensor, Generator], Tensor]


def rand_1(population: Tensor, _scores: Tensor, F: Tensor, generator: Generator) -> Tensor:
    """Returns donors v_i = x_r1 + F_i (x_r2 - x_r3) (Storn & Price 1997, equation 2).

    Args:
        population: `[n, dims]`, n at least 4.
        _scores: `[n]`, not used, because any member may be the base.
        F: weights of the differences, `[n, 1]`.
        generator: a CPU generator.

    Returns:
        Donors `[n, dims]`.
    """
    r1, r2, r3 = distinct_indices(len(population), 3, generator).to(population.device).T
    return population[r1] + F * (population[r2] - population[r3])


def best_1(population: Tensor, scores: Tensor, F: Tensor, generator: Generator) -> Tensor:
    """Returns donors v_i = x_best + F_i (x_r1 - x_r2) (Price, Storn & Lampinen 2005).

    Args:
        population: `[n, dims]`, n at least 3.
        scores: `[n]`.
        F: weights of the differences, `[n, 1]`.
        generator: a CPU generator.

    Returns:
        Donors `[n, dims]`.
    """
    r1, r2 = distinct_indices(len(population), 2, generator).to(population.device).T
    return population[scores.argmax()] + F * (population[r1] - population[r2])


# For each strategy: donor, crossover, and the smallest population.
STRATEGIES: dict[str, tuple[Donor, Callable[[Tensor, Tensor, float, Generator], Tensor], int]] = {
    "rand/1/bin": (rand_1, binomial, 4),
    "rand/1/exp": (rand_1, exponential, 4),
    "best/1/bin": (best_1, binomial, 3),
    "best/1/exp": (best_1, exponential, 3),
}


class DifferentialEvolution(Optimizer):
    """Differential evolution with greedy one-to-one replacement.

    Attributes:
        F: weight of the difference.
        CR: probability that a coordinate comes from the donor.
        dither: half-width of the interval around F that each donor's own weight is drawn from.
    """

    def __init__(
        self,
        dims: int,
        population: int = 32,
        strategy: str = "best/1/bin",
        F: float = 0.5,
        CR: float = 0.7,
        dither: float = 0.3,
        prior: str = "shell",
        seed: int = 0,
        start: Tensor | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Args are those of `Optimizer` and the following.

        Args:
            population: Np, at least 4 for rand/1 and 3 for best/1.
            strategy: a key of `STRATEGIES`.
            F: weight of the difference, above 0 up to 2.
            CR: crossover rate, 0 to 1.
            dither: each donor's weight is uniform in [F - dither, F + dither]; 0 to F. (Price, Storn & Lampinen
                2005.)
        """
        self._donors, self._cross, least = check_choice("strategy", strategy, STRATEGIES)
        super().__init__(dims, check_integer("population", population, least), prior, seed, start, device)
        self._strategy = strategy
        self.F = check_number("F", F, 0, 2, above=True)
        self.CR = check_number("CR", CR, 0, 1)
        self.dither = check_number("dither", dither, 0, self.F)

    @property
    def settings(self) -> dict[str, int | float | str]:
        return super().settings | {"strategy": self._strategy, "F": self.F, "CR": self.CR, "dither": self.dither}

    def _read(self, state: dict[str, Any]) -> dict[str, Any]:
        attributes = super()._read(state)
        asked = attributes["_asked"]
        if attributes["course"] and asked is not None and len(asked) != self.size:
            raise ArgumentError("asked", len(asked), f"{self.size}, a trial for each of the population")
        return attributes

    def _propose(self) -> Tensor:
        swing = 2 * torch.rand(self.size, 1, generator=self._generator).to(self._device) - 1
        donors = self._donors(self.population, self.scores, self.F + self.dither * swing, self._generator)
        return self._to_prior(self._cross(self.population, donors, self.CR, self._generator))

    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        if self.generation == 0:
            return self._best_of(candidates, scores)
        better = scores > self.scores
        return torch.where(better[:, None], candidates, self.population), torch.where(better, scores, self.scores)
