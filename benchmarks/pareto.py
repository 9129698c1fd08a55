"""Fronts of two wishes: this project's NSGA-II beside pymoo's, by hypervolume.

    python -m benchmarks.pareto --quick

Both get the same number of images and the same population size. The hypervolume is the area between the front of all
evaluated images and the mean scores of random faces; larger is better.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.core.sampling import Sampling
from pymoo.indicators.hv import HV
from pymoo.optimize import minimize
from torch import Tensor

from benchmarks.harness import Networks
from spaceseed.ops.genetic import GeneticAlgorithm

Array = NDArray[np.float64]
# Returns scores [n, 2] of latents z [n, z_dim].
Wishes = Callable[[Tensor], Tensor]
Method = Callable[[Wishes, int, int, int], None]

PAIRS = (
    ("a bald man with a beard", "a smiling woman with long hair"),
    ("an old lady with gray hair and round glasses", "a surprised person with red hair"),
    ("black afro, green background", "pale face with pink hair"),
)
POPULATION = 32
RANDOM_SEEDS = range(256)


def spaceseed(wishes: Wishes, dims: int, evaluations: int, seed: int, **settings: Any) -> None:
    """Runs this project's genetic algorithm on fronts."""
    ga = GeneticAlgorithm(dims, POPULATION, elites=0, replacement="nsga2", seed=seed, **settings)
    while ga.evaluations < evaluations:
        ga.tell(wishes(ga.ask()))


def pymoo(wishes: Wishes, dims: int, evaluations: int, seed: int) -> None:
    """Runs pymoo's NSGA2 with its own operators: SBX with eta 15, polynomial mutation with eta 20; z in [-3, 3]."""

    class Normal(Sampling):
        def _do(self, _problem: Problem, n_samples: int, *_args: Any, **_kwargs: Any) -> Array:
            return np.random.RandomState(seed).randn(n_samples, dims).clip(-3, 3)

    class Scores(Problem):
        def _evaluate(self, x: Array, out: dict[str, Array], *_args: Any, **_kwargs: Any) -> None:
            out["F"] = -wishes(torch.from_numpy(x).float()).double().numpy()

    problem = Scores(n_var=dims, n_obj=2, xl=-3.0, xu=3.0)
    minimize(problem, NSGA2(pop_size=POPULATION, sampling=Normal()), ("n_eval", evaluations), seed=seed)


METHODS: dict[str, Method] = {
    "spaceseed": spaceseed,
    "spaceseed, spherical crossover": partial(spaceseed, crossover="spherical"),
    "pymoo": pymoo,
}


def hypervolume(
    networks: Networks, pair: Sequence[str], method: Method, evaluations: int, seed: int, space: str = "z"
) -> float:
    """Returns the hypervolume of all that a method has evaluated, above the mean scores of random faces."""
    texts = networks.judge.embed_text(list(pair))
    seen: list[Tensor] = []

    def wishes(vectors: Tensor) -> Tensor:
        scores = networks.embed(space, vectors) @ texts.T
        seen.append(scores)
        return scores

    method(wishes, networks.spaces[space].dims, evaluations, seed)
    reference = wishes(networks.spaces[space].draw(RANDOM_SEEDS)).mean(dim=0)
    return float(HV(ref_point=-reference.double().numpy())(-torch.cat(seen[:-1])[:evaluations].double().numpy()))


def main() -> None:
    """Prints the hypervolume of each method, pair of wishes and seed, in units of 0.01 squared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one pair, one seed, few images")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    networks = Networks()
    for pair in PAIRS[:1] if quick else PAIRS:
        for seed in range(1 if quick else 3):
            for name, method in METHODS.items():
                volume = hypervolume(networks, pair, method, 128 if quick else 1024, seed)
                print(f"{volume * 1e4:8.1f}  {name:32} seed {seed}  {' / '.join(pair)}", flush=True)


if __name__ == "__main__":
    main()
