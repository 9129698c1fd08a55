"""What a search costs, and where the time goes: `python -m benchmarks.cost`.

The study measures images a second of each step on one thread, and the share of a search's time outside the networks.
Absolute figures depend on the machine, so compare only figures of one run.
"""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.report import arguments, save
from spaceseed.evolution.objectives import TextObjective
from spaceseed.evolution.search import search
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.clip import Judge, load_judge
from spaceseed.models.zoo.loading import load
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.termination import Termination

BATCHES = (1, 16)
OPTIMIZERS = (DifferentialEvolution, GeneticAlgorithm, CMAES)


class Stopwatch:
    """Adds up the seconds spent in the functions that it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wrap(self, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Returns `function`, timed."""

        def timed(*args: Any, **kwargs: Any) -> Tensor:
            began = time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds += time.perf_counter() - began
            return result

        return timed


def images_a_second(step: Callable[[], object], images: int, repeats: int) -> float:
    """Returns the best of several timings: other work on the machine disturbs it least."""
    step()
    timings = []
    for _ in range(repeats):
        began = time.perf_counter()
        step()
        timings.append(time.perf_counter() - began)
    return images / min(timings)


@torch.no_grad()
def steps(generator: Generator, judge: Judge, batch: int, repeats: int) -> dict[str, float]:
    """Returns images a second of each step at one batch size."""
    z = latents_from_seeds(range(batch), generator.z_dim)
    ws = generator.map(z)
    images = generator.synthesize(ws)
    objective = TextObjective(judge, "a smiling face")
    return {
        "map": images_a_second(lambda: generator.map(z), batch, repeats),
        "synthesize": images_a_second(lambda: generator.synthesize(ws), batch, repeats),
        "score": images_a_second(lambda: objective(images), batch, repeats),
        "all": images_a_second(lambda: objective(generator.synthesize(generator.map(z))), batch, repeats),
    }


def share_outside(judge: Judge, optimizer: Optimizer, evaluations: int) -> float:
    """Returns the share of a search's time outside map, synthesize and score."""
    generator, watch = load("avatars", device="cpu"), Stopwatch()
    objective = TextObjective(judge, "a smiling face")
    for part, method in ((generator, "map"), (generator, "synthesize"), (judge, "embed_images")):
        setattr(part, method, watch.wrap(getattr(part, method)))
    began = time.perf_counter()
    run = search(generator, objective, optimizer, termination=Termination(evaluations=evaluations))
    for _ in run:
        pass
    total = time.perf_counter() - began
    del judge.embed_images  # the wrapped one; the class's own is back
    return 1 - watch.seconds / total


def main() -> None:
    """Measures and writes the results."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(1)
    repeats, evaluations = (2, 40) if args.quick else (20, 1000)
    generator, judge = load("avatars", device="cpu"), load_judge("avatars")
    speeds = {str(batch): steps(generator, judge, batch, repeats) for batch in BATCHES}
    figures = {
        "resolution": generator.resolution,
        "images_a_second": {b: {name: round(v, 1) for name, v in row.items()} for b, row in speeds.items()},
        "share_outside_networks": {
            each.__name__: round(share_outside(judge, each(generator.z_dim), evaluations), 4) for each in OPTIMIZERS
        },
    }
    save(args, "cost", figures)


if __name__ == "__main__":
    main()
