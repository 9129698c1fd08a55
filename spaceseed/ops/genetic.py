"""Genetic algorithm, for an automatic objective or for a person.

Each round draws pairs of parents by their scores, crosses and mutates them into `population - elites` children, and
keeps the `elites` best members unchanged.

An automatic objective scores an image once. `ask` returns only the children, so elites are not evaluated again::

    ga = GeneticAlgorithm(G.z_dim, population=32, elites=2, seed=0)
    first = ga.ask()                  # [32, dims]
    ga.tell(objective(first))
    children = ga.ask()               # [30, dims]

A person scores the whole page and may change earlier scores. With `re_evaluate=True`, `ask` returns the whole next
generation, elites first, and `tell` scores all of it::

    ga = GeneticAlgorithm(G.z_dim, population=12, re_evaluate=True, start=latents_from_seeds(range(12), G.z_dim))
    page = ga.ask()                   # [12, dims]: the seeds
    marks = ...                       # [12]: 1 liked, 0 unmarked, -1 bad
    ga.tell(marks)
    ga.elites = int((marks > 0).sum())
    page = ga.ask()                   # [12, dims]: first the liked ones, bit for bit, in their order; then children

With `replacement="nsga2"` each candidate has several scores, and the population spreads along the front of those that
no other one beats in all of them (Deb et al. 2002)::

    ga = GeneticAlgorithm(G.z_dim, population=64, elites=0, replacement="nsga2")
    ga.tell(torch.stack([smile(images), hair(images)], dim=1))    # [64, 2]

To set parameters of an operator, pass a function instead of a name:
`GeneticAlgorithm(512, crossover=partial(sbx, eta=3), selection=partial(tournament, size=4))`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_number, check_tensor
from spaceseed.errors import ArgumentError
from spaceseed.ops.crossover import CROSSOVERS, Crossover
from spaceseed.ops.mutation import MUTATIONS, Mutation
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.pareto import crowded_fitness, front_ranks, nsga2
from spaceseed.ops.selection import REPLACEMENTS, SELECTIONS, Replacement, Selection, best_first


class GeneticAlgorithm(Optimizer):
    """A genetic algorithm on real vectors.

    Attributes:
        elites: number of the best that survive unchanged.
        immigrants: number of children that are fresh draws of the prior instead. They come last.
        mutation_rate: probability that a coordinate of a child mutates.
        mutation_sigma: size of a mutation, in standard deviations of the prior.

    These may be changed between `tell` and `ask`; `ask` checks them. With `re_evaluate`, `size` may be changed too.
    """

    REPLACEMENTS: Final[Mapping[str, Replacement]] = REPLACEMENTS | {"nsga2": nsga2}
    SETTINGS = ("size", "elites", "immigrants", "mutation_rate", "mutation_sigma")

    def __init__(
        self,
        dims: int,
        population: int = 16,
        selection: str | Selection = "tournament",
        crossover: str | Crossover = "blend",
        mutation: str | Mutation = "gaussian",
        mutation_rate: float = 0.1,
        mutation_sigma: float = 0.5,
        elites: int = 2,
        immigrants: int = 0,
        replacement: str = "worst",
        re_evaluate: bool = False,
        prior: str = "shell",
        seed: int = 0,
        start: Tensor | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Args are those of `Optimizer` and the following.

        Args:
            selection: "tournament", "roulette" or "truncation", or a function like those of `ops.selection`.
            crossover: "one-point", "two-point", "uniform", "blend", "sbx" or "spherical", or a function.
            mutation: "gaussian", "polynomial" or "uniform", or a function like those of `ops.mutation`.
            mutation_rate: 0 to 1.
            mutation_sigma: 0 to 10.
            elites: 0 to `population` - 1; with `re_evaluate` up to `population`.
            immigrants: 0 to `population` - `elites`. They keep variety high (Grefenstette 1992).
            replacement: "worst": a child enters if it beats a member; "elitist": all children enter; or "nsga2": `tell`
                takes two or more scores for each candidate, [n, k]. Selection then compares fronts and, within a front,
                crowding distances. There is no best; `course` counts rounds with a new point on the front. The
                original has `elites=0`, as this replacement keeps the best anyway.
            re_evaluate: whether `ask` returns the elites again, before the children, instead of keeping their scores.
                For a person, or an objective whose scores change. The result is then the next population, and
                `replacement` is not used.
        """
        super().__init__(dims, population, prior, seed, start, device)
        self._select = selection if callable(selection) else check_choice("selection", selection, SELECTIONS)
        self._cross = crossover if callable(crossover) else check_choice("crossover", crossover, CROSSOVERS)
        self._mutate = mutation if callable(mutation) else check_choice("mutation", mutation, MUTATIONS)
        self._replace = check_choice("replacement", replacement, self.REPLACEMENTS)
        self.several_scores = self._replace is nsga2
        if self.several_scores:
            self.scores = self.scores[:, None]
        self._re_evaluate = re_evaluate
        self.elites, self.immigrants = elites, immigrants
        self.mutation_rate, self.mutation_sigma = mutation_rate, mutation_sigma
        self._check_settings()

    @property
    def settings(self) -> dict[str, int | float | str]:
        return super().settings | {
            "selection": _name(self._select, SELECTIONS),
            "crossover": _name(self._cross, CROSSOVERS),
            "mutation": _name(self._mutate, MUTATIONS),
            "mutation_rate": self.mutation_rate,
            "mutation_sigma": self.mutation_sigma,
            "elites": self.elites,
            "immigrants": self.immigrants,
            "replacement": _name(self._replace, self.REPLACEMENTS),
        }

    def _propose(self) -> Tensor:
        self._check_settings()
        count = self.size - self.elites - self.immigrants
        fitness = self._fitness(self.scores)
        a, b = self._select(fitness, 2 * count, self._generator).view(2, count)
        children = self._cross(self.population[a], self.population[b], self._generator)
        children = self._mutate(children, self.mutation_rate, self.mutation_sigma, self._generator)
        children = torch.cat([self._to_prior(children), self._draw(self.immigrants)])
        if not self._re_evaluate:
            return children
        return torch.cat([self.population[best_first(fitness)[: self.elites]], children])

    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        if self.generation == 0:
            kept = best_first(self._fitness(scores))[: self.size]
            return candidates[kept], scores[kept]
        if self._re_evaluate:
            return candidates, scores
        return self._replace(self.population, self.scores, candidates, scores, self.elites)

    def _fitness(self, scores: Tensor) -> Tensor:
        """Returns one score for each candidate, [n], for selection."""
        return crowded_fitness(scores) if self.several_scores else scores

    def _remember(self, candidates: Tensor, scores: Tensor) -> float:
        if not self.several_scores:
            return super()._remember(candidates, scores)
        known = self.scores.expand(-1, scores.shape[1])
        on_front = (front_ranks(torch.cat([known, scores])) == 0)[len(known) :]
        repeated = (scores[:, None] == known).all(dim=2).any(dim=1)
        entered = on_front & ~repeated & scores.isfinite().all(dim=1)
        return (self.course[-1] if self.course else 0.0) + float(entered.any())

    def _check_scores(self, scores: Any, count: int) -> Tensor:
        if not self.several_scores:
            return super()._check_scores(scores, count)
        values = check_tensor("scores", scores, [count, "k"], finite=False)
        if count and values.shape[1] < 2:
            raise ArgumentError("scores", tuple(values.shape), "two or more scores for each candidate")
        return values

    def _check_settings(self) -> None:
        check_integer("population", self.size, self.min_population)
        check_integer("elites", self.elites, 0, self.size if self._re_evaluate else self.size - 1)
        check_integer("immigrants", self.immigrants, 0, self.size - self.elites)
        check_number("mutation_rate", self.mutation_rate, 0, 1)
        check_number("mutation_sigma", self.mutation_sigma, 0, 10)

    def state_dict(self) -> dict[str, Any]:
        """Returns the state as in `Optimizer.state_dict`, with the settings that may change between generations."""
        return super().state_dict() | {"settings": {name: getattr(self, name) for name in self.SETTINGS}}

    def _read(self, state: dict[str, Any]) -> dict[str, Any]:
        return super()._read(state) | {name: state["settings"][name] for name in self.SETTINGS}


def _name(operator: Callable[..., Any], table: Mapping[str, Callable[..., Any]]) -> str:
    """Returns the operator's key in `table`, or else the name of its function, without partial arguments."""
    function = getattr(operator, "func", operator)
    return next((name for name, known in table.items() if known is function), function.__name__)
