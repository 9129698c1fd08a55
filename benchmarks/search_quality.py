"""Which search finds what was asked, for the same number of images? `python -m benchmarks.search_quality`.

Every method gets the same generator, judge, truncation and budget; see `harness`. The wishes are `wishes.FINAL`: no
setting was chosen on them (`search_settings` has its own). No method knows its budget, so a run of 8,000 evaluations
also says what it had found after 500. Two classifiers that took no part in the search say what the best image shows.

The full study takes hours. Finished runs are kept in `runs/search_quality`, so it can be ended and continued.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness import Method, Outcome, Result, Run, Trial, compare
from benchmarks.methods import clip_glass, cma, pymoo_de, random_seeds, scipy_de, sep_cma
from benchmarks.report import arguments, mean_and_error, save
from benchmarks.wishes import FINAL, NEGATIVE
from spaceseed.atlas.atlas import Atlas
from spaceseed.evolution.find import find
from spaceseed.training.bundled.captions import AskedPrompt

BUDGETS = (500, 2000, 8000)
# Where the curves are measured.
CHECKPOINTS = (64, 125, 250, 500, 1000, 2000, 4000, 8000)
# How many seeds go so far. Those that go farthest are the first.
SEEDS = {2000: 3, 8000: 1}
KEPT = Path("runs/search_quality")
BEST = "spaceseed"
FIGURES = ("score", "confirmed", "witnessed")

Outcomes = dict[tuple[str, int], Outcome]  # by wish and seed


def spaceseed(trial: Trial, seed: int, atlas: bool = True) -> None:
    """Runs what the app does by default."""
    networks, wish = trial.networks, trial.prompt.text
    for generation in find(networks.generator, networks.judge, wish, evaluations=trial.budget, atlas=atlas, seed=seed):
        trial.show(generation.evaluations, torch.stack([found.image for found in generation.top]))


def atlas_alone(trial: Trial, _seed: int) -> None:
    """Shows the best seeds of the bundled atlas, and searches no further."""
    networks = trial.networks
    seeds, _ = networks.atlas.query(trial.prompt.text, 8)
    trial.show(0, networks.draw("z", networks.spaces["z"].draw(seeds)))


OURS: dict[str, Method] = {BEST: spaceseed, "spaceseed without an atlas": partial(spaceseed, atlas=False)}
PEERS: dict[str, Method] = {
    "atlas alone": atlas_alone,
    "random seeds": random_seeds,
    "scipy differential evolution": scipy_de,
    "pymoo GA as in clip-glass": clip_glass,
    "pymoo DE": pymoo_de,
    "cmaes CMA": cma,
    "cmaes SepCMA": sep_cma,
}
# The methods that look all seeds of the atlas up before their first image.
LOOKUPS = {BEST, "atlas alone"}


def runs(wishes: Sequence[AskedPrompt], seeds: dict[int, int]) -> list[Run]:
    """Returns all runs, the long ones last: they take as long as all others."""
    planned = []
    for name, method in {**PEERS, **OURS}.items():
        for seed in range(max(seeds.values())):
            longest = max(budget for budget, count in seeds.items() if seed < count)
            looks = tuple(count for count in (*CHECKPOINTS, longest) if count <= longest)
            planned += [Run(name, method, wish, seed, tuple(dict.fromkeys(looks))) for wish in wishes]
    return sorted(planned, key=lambda run: (max(run.budgets), run.seed))


def refusing(wishes: Sequence[AskedPrompt], evaluations: int) -> list[Run]:
    """Returns the runs of wishes that say what a face must not have, with all methods and one seed."""
    return [Run(name, method, wish, 0, (evaluations,)) for name, method in {**OURS, **PEERS}.items() for wish in wishes]


def summarize_refusing(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Returns a row for each method. Scores are left out: the peers' texts name what is refused."""
    found: dict[str, list[Outcome]] = {}
    for run, looks in results:
        found.setdefault(run.name, []).extend(looks.values())
    return [
        {
            "method": name,
            "runs": len(outcomes),
            "confirmed": mean_and_error([outcome.confirmed for outcome in outcomes]),
            "witnessed": mean_and_error([outcome.witnessed for outcome in outcomes]),
        }
        for name, outcomes in found.items()
    ]


def summarize(results: Sequence[Result], budget: int) -> list[dict[str, Any]]:
    """Returns a row for each method, the best first, compared with `BEST` on the same wishes and seeds."""
    found: dict[str, Outcomes] = {}
    for run, looks in results:
        if budget in looks:
            found.setdefault(run.name, {})[run.prompt.text, run.seed] = looks[budget]
    rows = []
    for name, outcomes in found.items():
        rows.append(
            {
                "method": name,
                "runs": len(outcomes),
                **{
                    figure: _over_wishes({run: getattr(o, figure) for run, o in outcomes.items()}) for figure in FIGURES
                },
                "wrong_corner": float(np.mean([o.confirmed < 1 for o in outcomes.values()])),
                "spread_of_top_8": _over_wishes({run: o.top_spread for run, o in outcomes.items()}),
                "ahead": {
                    figure: _over_wishes(
                        {run: getattr(found[BEST][run], figure) - getattr(o, figure) for run, o in outcomes.items()}
                    )
                    for figure in FIGURES
                },
            }
        )
    return sorted(rows, key=lambda row: -row["score"][0])


def _over_wishes(values: Mapping[tuple[str, int], float]) -> tuple[float, float]:
    """Returns the mean of values by wish and seed, and its error: seeds of one wish are no independent samples."""
    by_wish: dict[str, list[float]] = {}
    for (wish, _), value in values.items():
        by_wish.setdefault(wish, []).append(value)
    return mean_and_error([float(np.mean(each)) for each in by_wish.values()])


def _never_met(results: Sequence[Result]) -> set[str]:
    """Returns the wishes of which no best image of any method, at any time, has everything that was asked."""
    met = {run.prompt.text for run, looks in results if any(look.confirmed == 1 for look in looks.values())}
    return {run.prompt.text for run, _ in results} - met


def curves(results: Sequence[Result]) -> dict[str, dict[str, list[float]]]:
    """Returns the mean score and share confirmed of each method at each checkpoint, over the runs of the first seed."""
    found: dict[str, dict[int, list[Outcome]]] = {}
    first = min(run.seed for run, _ in results)
    for run, looks in results:
        if run.seed == first:
            for budget, outcome in looks.items():
                found.setdefault(run.name, {}).setdefault(budget, []).append(outcome)
    return {
        name: {
            "evaluations": sorted(looks),
            "score": [round(float(np.mean([o.score for o in looks[at]])), 4) for at in sorted(looks)],
            "confirmed": [round(float(np.mean([o.confirmed for o in looks[at]])), 4) for at in sorted(looks)],
        }
        for name, looks in found.items()
    }


def main() -> None:
    """Runs the comparison."""
    parser = arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument(
        "--seeds", type=int, nargs="*", help="only the runs of these seeds, of 0 to 2; 0 is the longest"
    )
    parser.add_argument("--only", nargs="*", help="run only these methods, keep their runs and write nothing else")
    args = parser.parse_args()
    wishes, seeds, kept = FINAL, SEEDS, None if args.quick else KEPT
    if args.quick:
        wishes, seeds = wishes[:1], {70: 2, 80: 1}
    planned = [run for run in runs(wishes, seeds) if args.seeds is None or run.seed in args.seeds]
    if args.only:
        compare([run for run in planned if run.name in args.only], args.workers, kept)
        return
    results = compare(planned, args.workers, kept)
    negative, evaluations = (NEGATIVE[:1], min(seeds)) if args.quick else (NEGATIVE, BUDGETS[0])
    refused = compare(refusing(negative, evaluations), args.workers, kept)
    looked = max(max(run.budgets) for run in planned)
    budgets = [budget for budget in BUDGETS if budget <= looked] or sorted(seeds)
    figures = {
        "best": BEST,
        "wishes": [wish.text for wish in wishes],
        "never_met": sorted(_never_met(results)),
        "seeds": {str(budget): len({run.seed for run in planned if budget in run.budgets}) for budget in budgets},
        "lookups": {name: len(Atlas.open("avatars")) if name in LOOKUPS else 0 for name in {**OURS, **PEERS}},
        "budgets": {str(budget): summarize(results, budget) for budget in budgets},
        "curves": curves(results),
        "refusing": {
            "wishes": [wish.text for wish in negative],
            "evaluations": evaluations,
            "rows": summarize_refusing(refused),
        },
    }
    save(args, "search_quality", figures)


if __name__ == "__main__":
    main()
