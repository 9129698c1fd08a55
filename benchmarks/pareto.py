"""Which search finds the better front of two wishes? `python -m benchmarks.pareto`.

This project's NSGA-II and pymoo's get the same number of images and the same population size. The hypervolume is the
area between the front of all evaluated images and the mean scores of random faces; larger is better.
"""

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
from benchmarks.report import arguments, mean_and_error, save
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
EVALUATIONS, SEEDS = (512, 1024), 3
RANDOM_SEEDS = range(256)
UNIT = 1e4  # areas are given in units of 0.01 x 0.01


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


BEST = "spaceseed"
METHODS: dict[str, Method] = {
    BEST: spaceseed,
    "spaceseed, spherical crossover": partial(spaceseed, crossover="spherical"),
    "pymoo NSGA2": pymoo,
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
    """Runs the comparison."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    pairs, counts, seeds = (PAIRS[:1], (64, 96), 2) if args.quick else (PAIRS, EVALUATIONS, SEEDS)
    networks = Networks()
    volumes = {
        (name, count): [
            UNIT * hypervolume(networks, pair, method, count, seed) for pair in pairs for seed in range(seeds)
        ]
        for count in counts
        for name, method in METHODS.items()
    }
    rows = []
    for (name, count), found in volumes.items():
        gains = np.subtract(found, volumes[BEST, count]).tolist()
        rows.append(
            {
                "method": name,
                "images": count,
                "hypervolume": mean_and_error(found),
                "gain": mean_and_error(gains),
            }
        )
    save(args, "pareto", {"pairs": list(pairs), "seeds": seeds, "population": POPULATION, "rows": rows})


if __name__ == "__main__":
    main()
