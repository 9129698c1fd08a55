"""What does each way to learn quicker buy? `python -m benchmarks.convergence --data runs/data`.

The same StyleGAN2 on the same faces of 32 pixels, with one thing changed at a time. What counts is how many images, and
how many seconds of one processor core, it takes to come as near to held-out renders as the unchanged training comes by
its end. Step sizes do not fall towards the end: any moment is as good as another to compare. The networks are small, so
that many trainings can be had; what a change costs in networks of the usual size is measured beside.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt

from benchmarks.report import mean_and_error, save, table
from benchmarks.training_runs import History, Measure, Study, TimedTrainer, at, curves, faces, options, reached, thinned
from spaceseed.training.config import Config
from spaceseed.training.data import ImageSet

IMAGES = 9_000
MOMENTS = 5
COUNT = 1_000
REAL = 2_000
ROUNDS = 2
TIMES = "full_size.json"
BASE = "base"
DISTANCE = "frechet_distance"
Row = dict[str, Any]

# What each changes, and, for those that take several times as long, the share of the images that they see.
CHANGES: dict[str, tuple[dict[str, Any], float]] = {
    BASE: ({}, 1.0),
    "growing from 8": ({"grow_from": 8}, 1.0),
    "projected beside": ({"projected": "beside"}, 0.25),
    "projected only": ({"projected": "only"}, 0.25),
    "DiffAugment": ({"augment": "diff"}, 1.0),
    "ADA": ({"augment": "ada"}, 1.0),
    "bfloat16": ({"precision": "bfloat16"}, 1.0),
    "channels last": ({"channels_last": True}, 1.0),
    "label embedding": ({"condition": "embed"}, 1.0),
    "auxiliary head": ({"condition": "auxiliary"}, 1.0),
}


def arms(images: int, small: bool = False) -> dict[str, Config]:
    """How each trains; the base sees so many images. Small ones are for tests."""
    base = Config(
        network="stylegan2",
        resolution=32,
        batch=16,
        capacity=0.05 if small else 0.25,
        channels_last=False,
        decay=False,
        ema_images=5_000,
    )

    def train(change: dict[str, Any], share: float) -> Config:
        length = round(share * images)
        every = length // (2 if small else MOMENTS)
        return replace(base, images=length, report_every=every, checkpoint_every=every, **change)

    return {name: train(*change) for name, change in CHANGES.items()}


def time_full_size(images: ImageSet, path: Path, small: bool) -> None:
    """Writes the seconds for each image of networks of the usual size, which take turns; once."""
    if path.exists():
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        trainers = {}
        for name, config in arms(10**9, small).items():
            if config.grow_from is None:  # its images are of several sizes
                full = config if small else replace(config, capacity=1.0)
                trainers[name] = TimedTrainer(full, images, Path(folder) / name, lambda *_: {})
                trainers[name].report.close()
                trainers[name].steps(1)  # during which memory is found
        for _ in range(ROUNDS):
            for name, trainer in trainers.items():
                found.setdefault(name, []).append(trainer.steps(trainer.config.r1_interval))
    path.write_text(json.dumps(found))


def results(histories: Mapping[str, Sequence[History]], full_size: Mapping[str, Sequence[float]]) -> Row:
    """All figures. Times are given as shares of the base's, seed by seed or round by round."""
    base = histories[BASE]
    target = max(float(run[DISTANCE][-1]) for run in base)  # which every seed of the base reaches
    goals = {name: [reached(run, DISTANCE, target) for run in runs] for name, runs in histories.items()}
    rows: Row = {}
    for name, runs in histories.items():
        both = list(zip(runs, base, strict=False))
        end = float(min(run["images"][-1] for run in runs))
        rows[name] = {
            "images": end,
            "seeds": len(runs),
            "images_to_target": _some([goal["images"] for goal in goals[name]]),
            "images_share": _some([a["images"] / b["images"] for a, b in zip(goals[name], goals[BASE], strict=False)]),
            "time_share": _some([a["cpu"] / b["cpu"] for a, b in zip(goals[name], goals[BASE], strict=False)]),
            "cost_of_an_image": mean_and_error([cost(run) / cost(its) for run, its in both]),
            "cost_at_full_size": _some([a / b for a, b in zip(full_size.get(name, []), full_size[BASE], strict=False)]),
            "at_end": mean_and_error(at(runs, "images", end)[DISTANCE]),
            "base_then": mean_and_error(at(base, "images", end)[DISTANCE]),
        }
    return {
        "target": target,
        "base_seconds_for_1000": mean_and_error([1000 * cost(run) for run in base]),
        "arms": rows,
        "histories": thinned(histories),
    }


def cost(run: History) -> float:
    """Seconds of one core for each image."""
    return float(run["cpu"][-1] / run["images"][-1])


def _some(values: list[float]) -> dict[str, Any]:
    """Of those that got there: mean, standard error, and how many they are."""
    known = [value for value in values if np.isfinite(value)]
    mean, error = mean_and_error(known) if known else (None, None)
    return {"mean": mean, "error": error, "of": len(known)}


def plot(figures: Row, path: Path) -> None:
    """Curves over images and over time."""
    mpl.use("agg")
    figure, panels = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained", sharey=True)
    histories = {
        name: [{k: np.array(v) for k, v in run.items()} for run in runs] for name, runs in figures["histories"].items()
    }
    for axes, axis in zip(panels, ("images", "cpu"), strict=True):
        curves(axes, histories, DISTANCE, axis, True)
        axes.axhline(figures["target"], color="k", linestyle=":", linewidth=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def markdown(figures: Row) -> str:
    """One table."""

    def both(value: Sequence[float], digits: int) -> str:
        return f"{value[0]:.{digits}f} ± {value[1]:.{digits}f}"

    def goal(its: Row, row: Row, digits: int) -> str:
        if not its["of"]:
            return "not reached"
        some = "" if its["of"] == row["seeds"] else f" ({its['of']} of {row['seeds']} seeds)"
        return f"{its['mean']:,.{digits}f} ± {its['error']:,.{digits}f}{some}"

    def full(its: Row) -> str:
        return f"{its['mean']:.2f}" if its["of"] else ""

    rows = [
        (
            name, both(row["cost_of_an_image"], 2), full(row["cost_at_full_size"]),
            goal(row["images_to_target"], row, 0), goal(row["images_share"], row, 2), goal(row["time_share"], row, 2),
            f"{row['images']:,.0f}", both(row["at_end"], 1), both(row["base_then"], 1),
        )
        for name, row in figures["arms"].items()
    ]  # fmt: skip
    header = (
        "", "seconds for an image / base", "in networks of the usual size", f"images to {figures['target']:.1f}",
        "images / base", "time / base", "length", "distance at its end", "base's after as many",
    )  # fmt: skip
    seconds = figures["base_seconds_for_1000"]
    return (
        f"Frechet distance, avatar features, N = {COUNT:,} samples of the averaged generator against {REAL:,} held-out "
        f"renders of 32 pixels. All are to come as near as {figures['target']:.1f}, which every seed of the base does. "
        f"Times are those of one processor core in steps of training alone; the base takes {both(seconds, 1)} s for "
        "1,000 images. Shares are of the base of the same seed. ±: standard error over seeds. Conditional generators "
        "draw what the held-out renders show.\n\n" + table(header, rows)
    )


def main() -> None:
    """Runs the study, or reports what there is of it."""
    args = options(__doc__, "convergence", IMAGES).parse_args()
    count, real, seeds = (24, 24, 1) if args.quick else (COUNT, REAL, args.seeds)
    study = Study(arms(96, small=True) if args.quick else arms(args.images), args.runs)
    if not args.report:
        torch.set_num_threads(1)
        images = faces("train", args.data)
        study.train(seeds, images, Measure(faces("held_out", args.data, real), count))
        time_full_size(images, args.runs / TIMES, args.quick)
    figures = results(study.histories(), json.loads((args.runs / TIMES).read_text()))
    plot(figures, args.out / "convergence.png")
    save(args.out, "convergence", figures, markdown(figures))


if __name__ == "__main__":
    main()
