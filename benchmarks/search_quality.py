"""Which method finds the best face for the same number of images? `python -m benchmarks.search_quality`.

Every method gets the same generator, judge, truncation and budget; see `harness`. The prompts are the most demanding of
those on which the judge was examined. Nothing was trained or tuned on them (`tune` has its own prompts). No method
knows its budget, so a run of 2,000 evaluations also says what it had found after 500. More seeds run to 500 only.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.harness import Method, Outcome, Result, Run, compare, spread
from benchmarks.methods import adam, clip_glass, scipy_de, sep_cma, spaceseed
from benchmarks.report import arguments, mean_and_error, save
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.random_search import RandomSearch
from spaceseed.training.bundled.captions import AskedPrompt
from spaceseed.training.bundled.prompts import DEMANDING

SHORT, LONG = 500, 2000
SEEDS = {SHORT: 2, LONG: 1}
WARM_START = 64

de = partial(spaceseed, optimizer=DifferentialEvolution, warm_start=WARM_START)
ga = partial(spaceseed, optimizer=GeneticAlgorithm, warm_start=WARM_START)
cma = partial(spaceseed, optimizer=CMAES, warm_start=WARM_START)

# The app's default, chosen by `tune`: w scores higher still, but what is found in z can be bred on.
BEST = "CMA-ES"
OURS: dict[str, Method] = {
    "CMA-ES": cma,
    "CMA-ES in w": partial(cma, space="w", sigma=0.5),
    "differential evolution": de,
    "differential evolution in w": partial(de, space="w"),
    "genetic algorithm": ga,
    "genetic algorithm in w": partial(ga, space="w"),
    "random search": partial(spaceseed, optimizer=RandomSearch),
}
PEERS: dict[str, Method] = {
    "pymoo GA as in clip-glass": clip_glass,
    "scipy differential evolution": scipy_de,
    "cmaes SepCMA": sep_cma,
}
GRADIENT: dict[str, Method] = {"Adam through the networks": adam}
# The defaults with one setting changed; one seed, the short budget.
VARIANTS: dict[str, Method] = {
    "DE rand/1/bin": partial(de, strategy="rand/1/bin"),
    "DE rand/1/exp": partial(de, strategy="rand/1/exp"),
    "DE without warm start": partial(de, warm_start=0),
    "GA population 32": partial(ga, population=32),
    "GA uniform crossover": partial(ga, crossover="uniform"),
    "CMA-ES sigma 1": partial(cma, sigma=1.0),
    "CMA-ES without warm start": partial(cma, warm_start=0),
}


def runs(prompts: Sequence[AskedPrompt], long: int, seeds: dict[int, int]) -> list[Run]:
    """Returns all runs, the long ones first, so that no process is idle at the end."""
    short = min(seeds)
    planned = [
        Run(name, method, prompt, seed, (short, long) if seed < seeds[long] else (short,))
        for name, method in {**OURS, **PEERS, **GRADIENT}.items()
        for prompt in prompts
        for seed in range(1 if name in GRADIENT else seeds[short])
    ]
    planned += [Run(name, method, prompt, 0, (short,)) for name, method in VARIANTS.items() for prompt in prompts]
    return sorted(planned, key=lambda run: -max(run.budgets))


def summarize(results: Sequence[Result], budget: int) -> list[dict[str, Any]]:
    """Returns a row for each method, the best first, compared with `BEST` on the same prompts and seeds."""
    found: dict[str, dict[tuple[str, int], Outcome]] = {}
    for run, looks in results:
        if budget in looks:
            found.setdefault(run.name, {})[run.prompt.text, run.seed] = looks[budget]
    rows = []
    for name, outcomes in found.items():
        ahead = {pair: found[BEST][pair].score - outcome.score for pair, outcome in outcomes.items()}
        # Seeds of one prompt are no independent samples: the error of the difference is taken over prompts.
        texts = sorted({text for text, _ in ahead})
        by_prompt = [float(np.mean([gap for (text, _), gap in ahead.items() if text == one])) for one in texts]
        among_seeds = [_spread_of([o for (text, _), o in outcomes.items() if text == one]) for one in texts]
        rows.append(
            {
                "method": name,
                "runs": len(outcomes),
                "score": mean_and_error([o.score for o in outcomes.values()]),
                "best_is_ahead_by": mean_and_error(by_prompt),
                "best_wins": sum(gap > 0 for gap in ahead.values()),
                "best_loses": sum(gap < 0 for gap in ahead.values()),
                "confirmed": mean_and_error([o.confirmed for o in outcomes.values()]),
                "everything_confirmed": float(np.mean([o.confirmed == 1 for o in outcomes.values()])),
                "spread_of_top_8": mean_and_error([o.top_spread for o in outcomes.values()]),
                "spread_among_seeds": None if None in among_seeds else mean_and_error(among_seeds),  # type: ignore[arg-type]
            }
        )
    return sorted(rows, key=lambda row: -row["score"][0])


def _spread_of(outcomes: list[Outcome]) -> float | None:
    if len(outcomes) < 2:
        return None
    return spread(torch.from_numpy(np.stack([outcome.features for outcome in outcomes])))


def main() -> None:
    """Runs the comparison."""
    parser = arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    args = parser.parse_args()
    prompts, seeds, long = DEMANDING, SEEDS, LONG
    if args.quick:
        prompts, seeds, long = prompts[:1], {70: 2, 80: 1}, 80
    results = compare(runs(prompts, long, seeds), args.workers)
    figures = {
        "default": BEST,
        "prompts": [prompt.text for prompt in prompts],
        "warm_start": WARM_START,
        "seeds": {str(budget): count for budget, count in seeds.items()},
        "budgets": {str(budget): summarize(results, budget) for budget in seeds},
    }
    save(args, "search_quality", figures)


if __name__ == "__main__":
    main()
