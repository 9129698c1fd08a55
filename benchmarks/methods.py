"""The methods that a search is compared with, through their own packages.

A method takes a `Trial` and a seed and scores latents until the trial's budget is used. No method knows the budget, so
the first 500 evaluations of a run of 2,000 are the same as a run of 500.
"""

import itertools
from functools import partial
from typing import Any

import numpy as np
from cmaes import CMA, SepCMA
from numpy.typing import NDArray
from pymoo.algorithms.soo.nonconvex.de import DE
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import Problem
from pymoo.core.sampling import Sampling
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.optimize import minimize
from scipy.optimize import differential_evolution

from benchmarks.harness import Trial
from spaceseed.models.generators.generator import MAX_SEED

Array = NDArray[np.float64]


def random_seeds(trial: Trial, seed: int, count: int = 32) -> None:
    """Draws random seeds and keeps the best."""
    space, draws = trial.networks.spaces["z"], np.random.RandomState(seed)
    while True:
        trial(space.draw(draws.randint(MAX_SEED, size=count).tolist()))


class _Normal(Sampling):
    """A first generation from N(0, 1)."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def _do(self, problem: Problem, n_samples: int, *_args: Any, **_kwargs: Any) -> Array:
        return np.random.RandomState(self.seed).randn(n_samples, problem.n_var)


class _Score(Problem):
    """A trial as pymoo sees it."""

    def __init__(self, trial: Trial, bound: float) -> None:
        super().__init__(n_var=trial.networks.generator.z_dim, n_obj=1, xl=-bound, xu=bound)
        self.trial = trial

    def _evaluate(self, x: Array, out: dict[str, Array], *_args: Any, **_kwargs: Any) -> None:
        out["F"] = -self.trial(x).double().numpy()[:, None]


def clip_glass(trial: Trial, seed: int) -> None:
    """Runs the GA of pymoo with the operators, bounds and population that clip-glass gives StyleGAN2.

    SBX always, eta 3; polynomial mutation of each variable with probability 1/2, eta 3; z in [-10, 10], first
    generation N(0, 1); 16 members; binary tournament, duplicates eliminated, the best of parents and children survive.
    """
    algorithm = GA(
        pop_size=16,
        sampling=_Normal(seed),
        crossover=SBX(prob=1.0, eta=3.0),
        mutation=PM(prob=1.0, prob_var=0.5, eta=3.0),
        eliminate_duplicates=True,
    )
    minimize(_Score(trial, 10.0), algorithm, ("n_gen", trial.budget), seed=seed)


def pymoo_de(trial: Trial, seed: int) -> None:
    """Runs pymoo's differential evolution with its own settings (DE/best/1/bin), 32 members drawn from N(0, 1)."""
    minimize(_Score(trial, 3.0), DE(pop_size=32, sampling=_Normal(seed)), ("n_gen", trial.budget), seed=seed)


def scipy_de(trial: Trial, seed: int, population: int = 32, bound: float = 3.0) -> None:
    """Runs SciPy's differential evolution with its own strategy and rates: best1bin, F in (0.5, 1), CR 0.7.

    Its usual population, 15 for each dimension, would not finish one generation; 32 draws of the prior begin instead.
    """
    dims = trial.networks.generator.z_dim
    first = np.random.RandomState(seed).randn(population, dims).clip(-bound, bound)
    differential_evolution(
        lambda x: -trial(x.T).double().numpy(),
        bounds=[(-bound, bound)] * dims,
        init=first,
        maxiter=trial.budget,
        tol=0,
        atol=-1,  # it must not call the search converged
        polish=False,
        vectorized=True,
        updating="deferred",
        rng=seed,
    )


def cma(trial: Trial, seed: int, package: type[CMA] | type[SepCMA] = CMA) -> None:
    """Runs the `cmaes` package's CMA-ES with its own population, from the prior's mean and spread.

    With a mapping that normalises z, a start at the mean makes it indifferent to sigma. Where it has converged it is
    begun anew with another seed, for it would stop.
    """
    for attempt in itertools.count():
        optimizer = package(mean=np.zeros(trial.networks.generator.z_dim), sigma=1.0, seed=seed + 1000 * attempt)
        while not optimizer.should_stop():
            asked = [optimizer.ask() for _ in range(optimizer.population_size)]
            scores = trial(np.stack(asked)).tolist()
            optimizer.tell([(x, -score) for x, score in zip(asked, scores, strict=True)])


sep_cma = partial(cma, package=SepCMA)
