"""Picks the optimizers' defaults: `python -m benchmarks.tune [GROUP ...]`.

It has its own prompts, so that those of `search_quality` stay held out. Each group varies the settings of one
optimizer, or of a peer that leaves settings open. The settings with the best mean score over both budgets are then
written by hand into the optimizer's signature and into the app's settings.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmarks.harness import Method, Run, compare
from benchmarks.methods import adam, clip_glass, scipy_de, sep_cma, spaceseed
from benchmarks.report import arguments, mean_and_error, table
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.training.bundled.captions import AskedPrompt, asked

PROMPTS = (
    asked("grinning boy", mouth="smile", presentation="man"),
    asked("elderly person with spectacles", hair_color="gray", glasses="round square"),
    asked("furious screaming face", brows="angry", mouth="open"),
    asked("blond quiff", hair_color="blonde", hair="quiff"),
    asked("brown-skinned lady in a hoodie", skin="brown", presentation="woman", clothes="hoodie"),
    asked("asleep", eyes="closed"),
    asked("silver afro", hair_color="gray", hair="afro"),
    asked("man with stubble, tongue out", beard="stubble", presentation="man", mouth="tongue"),
)
BUDGETS = (500, 2000)

_de = partial(spaceseed, optimizer=DifferentialEvolution, warm_start=64)
_ga = partial(spaceseed, optimizer=GeneticAlgorithm, warm_start=64)
_cma = partial(spaceseed, optimizer=CMAES, warm_start=64)

GROUPS: dict[str, dict[str, Method]] = {
    "de": {
        "best/1/bin Np 10 F 0.5 CR 0.7": partial(_de, strategy="best/1/bin", population=10, CR=0.7, dither=0),
        "best/1/bin Np 10 F 0.5+-0.3 CR 0.7": partial(_de, strategy="best/1/bin", population=10, CR=0.7, dither=0.3),
        "best/1/bin Np 10 F 0.5+-0.3 CR 0.9": partial(_de, strategy="best/1/bin", population=10, CR=0.9, dither=0.3),
        "best/1/bin Np 10 F 0.5+-0.3 CR 0.5": partial(_de, strategy="best/1/bin", population=10, CR=0.5, dither=0.3),
        "best/1/bin Np 16 F 0.5+-0.3 CR 0.5": partial(_de, strategy="best/1/bin", population=16, CR=0.5, dither=0.3),
        "best/1/bin Np 16 F 0.5+-0.3 CR 0.7": partial(_de, strategy="best/1/bin", population=16, CR=0.7, dither=0.3),
        "best/1/bin Np 24 F 0.5+-0.3 CR 0.7": partial(_de, strategy="best/1/bin", population=24, CR=0.7, dither=0.3),
        "best/1/bin Np 32 F 0.5+-0.3 CR 0.7": partial(_de, strategy="best/1/bin", population=32, CR=0.7, dither=0.3),
        "w, best/1/bin Np 32 F 0.5+-0.3 CR 0.7": partial(
            _de, space="w", strategy="best/1/bin", population=32, CR=0.7, dither=0.3
        ),
        "best/1/exp Np 16 F 0.5+-0.3 CR 0.9": partial(_de, strategy="best/1/exp", population=16, CR=0.9, dither=0.3),
        "w, best/1/bin Np 10 F 0.5+-0.3 CR 0.7": partial(
            _de, space="w", strategy="best/1/bin", population=10, CR=0.7, dither=0.3
        ),
        "w, best/1/bin Np 16 F 0.5+-0.3 CR 0.7": partial(
            _de, space="w", strategy="best/1/bin", population=16, CR=0.7, dither=0.3
        ),
        "rand/1/bin Np 10 F 0.5+-0.3 CR 0.7": partial(_de, strategy="rand/1/bin", population=10, CR=0.7, dither=0.3),
    },
    "ga": {
        "uniform 16 0.1 0.5": partial(_ga, population=16, crossover="uniform"),
        "blend 16 0.1 0.5": partial(_ga, population=16, crossover="blend"),
        "blend 16 0 0": partial(_ga, population=16, crossover="blend", mutation_rate=0.0),
        "blend 16 1 0.2": partial(_ga, population=16, crossover="blend", mutation_rate=1.0, mutation_sigma=0.2),
        "blend 24 0.1 0.5": partial(_ga, population=24, crossover="blend"),
        "blend 10 0.1 0.7": partial(_ga, population=10, crossover="blend", mutation_sigma=0.7),
        "spherical 16 1 0.2": partial(_ga, population=16, crossover="spherical", mutation_rate=1.0, mutation_sigma=0.2),
        "spherical 10 1 0.3": partial(_ga, population=10, crossover="spherical", mutation_rate=1.0, mutation_sigma=0.3),
        "sbx 16 0.1 0.5": partial(_ga, population=16, crossover="sbx"),
        "w, blend 16 0.1 0.5": partial(_ga, space="w", population=16, crossover="blend"),
        "blend 16 0.1 0.5 truncation": partial(_ga, population=16, crossover="blend", selection="truncation"),
    },
    "cma": {
        "sigma 0.3": partial(_cma, sigma=0.3),
        "sigma 0.5": _cma,
        "sigma 0.7": partial(_cma, sigma=0.7),
        "population 12": partial(_cma, population=12),
        "population 28": partial(_cma, population=28),
        "warm start 32": partial(_cma, warm_start=32),
        "warm start 128": partial(_cma, warm_start=128),
        "w, sigma 0.3": partial(_cma, space="w", sigma=0.3),
        "w, sigma 0.5": partial(_cma, space="w"),
        "w, sigma 0.7": partial(_cma, space="w", sigma=0.7),
        "w, population 12": partial(_cma, space="w", population=12),
        "prior shrink": partial(_cma, prior="shrink"),
        "prior free": partial(_cma, prior="free"),
    },
    "peers": {
        "cmaes SepCMA": sep_cma,
        "pymoo GA as in clip-glass": clip_glass,
        "scipy 16 members": partial(scipy_de, population=16),
        "scipy 32 members": scipy_de,
        "scipy bound 2": partial(scipy_de, bound=2.0),
        "Adam rate 0.05": partial(adam, rate=0.05),
        "Adam rate 0.1": adam,
        "Adam rate 0.2": partial(adam, rate=0.2),
    },
}


def main() -> None:
    """Runs the groups named, or all."""
    parser = arguments(__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--budget", type=int, choices=BUDGETS, help="one budget alone; both by default")
    args = parser.parse_args()
    prompts: Sequence[AskedPrompt] = PROMPTS
    budgets = (args.budget,) if args.budget else BUDGETS
    if args.quick:
        prompts, budgets = PROMPTS[:1], (70,)
    for group in args.groups or GROUPS:
        runs = [Run(name, method, prompt, 0, budgets) for name, method in GROUPS[group].items() for prompt in prompts]
        results = compare(runs, args.workers)
        figures = {
            name: {
                str(budget): mean_and_error([outcomes[budget].score for run, outcomes in results if run.name == name])
                for budget in budgets
            }
            for name in GROUPS[group]
        }
        ranked = sorted(figures, key=lambda name: -float(np.mean([mean for mean, _ in figures[name].values()])))
        rows = [(name, *("{:.4f} ± {:.4f}".format(*score) for score in figures[name].values())) for name in ranked]
        print(table(("settings", *(f"{b} evaluations" for b in budgets)), rows))


if __name__ == "__main__":
    main()
