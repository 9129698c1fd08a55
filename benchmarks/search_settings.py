"""What pays in a search? Each row changes one thing of the default: `python -m benchmarks.search_settings`.

The defaults of `find` were chosen by this table, on the wishes `wishes.TUNING`. Those of `search_quality` stay unseen.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cmaes import CMA
from torch import Tensor

from benchmarks.harness import Method, Networks, Run, Trial, compare
from benchmarks.report import arguments, mean_and_error, save
from benchmarks.wishes import TUNING
from spaceseed.evolution import find as defaults
from spaceseed.evolution.objectives import Objective, TextObjective
from spaceseed.evolution.search import search
from spaceseed.evolution.wishes import WishObjective
from spaceseed.latent_space import LatentSpace
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.optimizer import Optimizer

BUDGETS = (500, 2000)
KEPT = Path("runs/search_settings")
DEFAULT = "the default"
PHRASINGS = ("{}", "a drawing of {}", "a face of {}", "{}, portrait")
SHIFT = 3  # pixels, of the augmented images
PATIENCE, GAIN = 15, 0.002

MakeObjective = Callable[[Trial, WishObjective], Objective]


def default(
    trial: Trial,
    seed: int,
    space: str = defaults.SPACE,
    atlas: bool = True,
    start: int = defaults.START,
    optimizer: type[Optimizer] = CMAES,
    objective: MakeObjective | None = None,
    penalty: bool = True,
    **settings: Any,
) -> None:
    """Runs the default search of the app, with anything changed."""
    networks = trial.networks
    known = networks.atlas if atlas else None
    where = networks.spaces[space] if penalty else _Free(networks.generator, space)
    natural = networks.atlas.embeddings(defaults.NATURAL)
    wish = WishObjective(networks.judge, trial.prompt.text, natural)
    begin = where.draw(defaults.first_seeds(wish, known, seed, start))
    settings = {"sigma": defaults.SIGMA} | settings if optimizer is CMAES else settings
    searcher = optimizer(where.dims, prior=where.prior, seed=seed, start=begin, **settings)
    for generation in search(networks.generator, objective(trial, wish) if objective else wish, searcher, space=where):
        trial.show(generation.evaluations, torch.stack([found.image for found in generation.top]))


class _Free(LatentSpace):
    """A space in which nothing is penalised."""

    def penalty(self, vectors: Tensor) -> Tensor:
        return torch.zeros(len(vectors))


class FullCMA(CMAES):
    """CMA-ES with the whole covariance. When it is flat it begins anew, with twice the population (IPOP)."""

    def __init__(self, *args: Any, restarts: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.restarts, self._course, self._first = restarts, [float("-inf")], torch.empty(0)

    def _propose(self) -> Tensor:
        self._samples = np.stack([self._whole.ask() for _ in range(self._whole.population_size)])
        return torch.from_numpy(self._samples).float()

    def _survive(self, candidates: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        if not len(self._first):
            self._first = candidates[scores.argsort(descending=True)]
            _, survivors = super()._survive(candidates, scores), (candidates, scores)
            self._begin(self._distribution.mean, self.size)  # type: ignore[union-attr]
            return survivors
        self._whole.tell(list(zip(self._samples, (-scores).tolist(), strict=True)))
        self._course.append(max(self._course[-1], float(scores.max())))
        flat = len(self._course) > PATIENCE and self._course[-1] - self._course[-PATIENCE - 1] < GAIN
        if self._whole.should_stop() or (self.restarts and flat):
            chosen = int(torch.randint(len(self._first), (), generator=self._generator))
            self._begin(self._first[chosen].double().numpy(), 2 * self._whole.population_size)
        return candidates, scores

    def _begin(self, mean: Any, population: int) -> None:
        seed = int(torch.randint(2**31, (), generator=self._generator))
        self._whole = CMA(mean=np.asarray(mean), sigma=self.sigma, population_size=population, seed=seed)
        self._course = [float("-inf")]


class _Augmented(Objective):
    """A wish's score, averaged over images that are moved a little (AugCLIP, Liu et al. 2021, "FuseDream")."""

    def __init__(self, wish: WishObjective) -> None:
        self.wish = wish

    def __call__(self, images: Tensor) -> Tensor:
        moves = [(0, 0), (SHIFT, 0), (-SHIFT, 0), (0, SHIFT)]
        return torch.stack([self.wish(torch.roll(images, move, dims=(2, 3))) for move in moves]).mean(dim=0)


def _augmented(_trial: Trial, wish: WishObjective) -> Objective:
    return _Augmented(wish)


def _whole(trial: Trial, wish: WishObjective) -> Objective:
    return TextObjective(trial.networks.judge, wish.wish.text)


def _phrasings(trial: Trial, wish: WishObjective) -> Objective:
    judge, rest = trial.networks.judge, 1 / len(PHRASINGS)
    texts = [TextObjective(judge, form.format(wish.wish.text)) for form in PHRASINGS]
    return sum((rest * text for text in texts[1:]), rest * texts[0])


def gradients(trial: Trial, seed: int, evolved: int = 250, rate: float = 0.03) -> None:
    """Runs the default for a while, and then climbs by gradients through both networks (Adam) from its best finds."""
    networks = trial.networks
    space = networks.spaces[defaults.SPACE]
    wish = WishObjective(networks.judge, trial.prompt.text, networks.atlas.embeddings(defaults.NATURAL))
    found: list[Tensor] = []
    searcher = CMAES(
        space.dims,
        sigma=defaults.SIGMA,
        prior=space.prior,
        seed=seed,
        start=space.draw(defaults.first_seeds(wish, networks.atlas, seed)),
    )
    for generation in search(networks.generator, wish, searcher, space=space):
        trial.show(generation.evaluations, torch.stack([each.image for each in generation.top]))
        found = [each.vector for each in generation.top[:4]]
        if generation.evaluations >= evolved:
            break
    vectors = torch.stack(found).requires_grad_()
    climber, best = torch.optim.Adam([vectors], lr=rate), (-np.inf, torch.empty(0))
    for step in itertools.count(1):
        images = space.images(vectors)
        scores = wish(images) - space.penalty(vectors)
        climber.zero_grad()
        (-scores.sum()).backward()
        climber.step()
        top = int(scores.argmax())
        if float(scores[top]) > best[0]:
            best = float(scores[top]), images[top : top + 1].detach()
        trial.show(generation.evaluations + len(vectors) * step, best[1])


def gradient_cost(images: int = 4, repeats: int = 10) -> float:
    """Returns how much longer a step of gradients through both networks takes than drawing and judging without them."""
    networks = Networks()
    space, objective = networks.spaces[defaults.SPACE], TextObjective(networks.judge, "red hair")
    vectors = space.draw(range(images))

    def draw() -> None:
        with torch.no_grad():
            objective(space.images(vectors))

    def climb() -> None:
        moving = vectors.clone().requires_grad_()
        objective(space.images(moving)).sum().backward()

    def seconds(step: Callable[[], None]) -> float:
        began = time.process_time()
        step()
        return time.process_time() - began

    # In turn, so that a machine that gets slower slows both.
    pairs = [(seconds(draw), seconds(climb)) for _ in range(repeats)]
    return min(slow for _, slow in pairs) / min(quick for quick, _ in pairs)


CHANGES: dict[str, Method] = {
    DEFAULT: default,
    "without the atlas": partial(default, atlas=False),
    "24 seeds to start with": partial(default, start=24),
    "in z": partial(default, space="z"),
    "one w for each layer": partial(default, space="ws"),
    "without a penalty": partial(default, penalty=False),
    "the wish as a whole alone": partial(default, objective=_whole),
    "four phrasings of the whole": partial(default, objective=_phrasings),
    "four augmentations": partial(default, objective=_augmented),
    "sigma 0.5": partial(default, sigma=0.5),
    "population 12": partial(default, population=12),
    "population 36": partial(default, population=36),
    "the whole covariance": partial(default, optimizer=FullCMA, sigma=defaults.SIGMA),
    "the whole covariance, restarts": partial(default, optimizer=FullCMA, sigma=defaults.SIGMA, restarts=True),
    "genetic algorithm": partial(default, optimizer=GeneticAlgorithm),
    "differential evolution": partial(default, optimizer=DifferentialEvolution),
    "gradients after 250 images": gradients,
}


def main() -> None:
    """Runs all changes."""
    parser = arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    args = parser.parse_args()
    wishes: Sequence[Any] = TUNING[::2]
    budgets, kept = BUDGETS, KEPT
    if args.quick:
        wishes, budgets = TUNING[:1], (70, 100)
    runs = [Run(name, method, wish, 0, budgets) for name, method in CHANGES.items() for wish in wishes]
    results = compare(runs, args.workers, None if args.quick else kept)
    found = {name: {run.prompt.text: looks for run, looks in results if run.name == name} for name in CHANGES}
    rows = []
    for name, outcomes in found.items():
        row: dict[str, Any] = {"change": name}
        for budget in budgets:
            gains = [looks[budget].score - found[DEFAULT][wish][budget].score for wish, looks in outcomes.items()]
            row[str(budget)] = {
                "score": mean_and_error([looks[budget].score for looks in outcomes.values()]),
                "gain": mean_and_error(gains),
                "confirmed": mean_and_error([looks[budget].confirmed for looks in outcomes.values()]),
            }
        rows.append(row)
    torch.set_num_threads(1)
    cost = round(gradient_cost(), 2)
    save(
        args,
        "search_settings",
        {"wishes": len(wishes), "budgets": list(budgets), "gradient_cost": cost, "rows": rows},
    )


if __name__ == "__main__":
    main()
