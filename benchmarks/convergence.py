"""What makes training faster? `python -m benchmarks.convergence --data runs/data`.

All learn the same faces of 32 pixels, and one thing is changed at a time. The study measures how many images, and how
many seconds of one processor core, it takes until samples are as close to held-out renders as those of the unchanged
training at its end. A small DCGAN, which learns something in half a minute, is trained with every change that fits it.
Growing and labels belong to a StyleGAN2. Here it is a narrow one, which is still near its beginning when it ends.
Augmentation is for few images, so both kinds are also tried with 50 faces and four times the training. The cost of each
change in a StyleGAN2 of full size is measured separately. Step sizes stay constant, so any moment can be compared.
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

from benchmarks.report import PAGES, folder, mean_and_error, save
from benchmarks.training_runs import History, Measure, Study, TimedTrainer, at, curves, faces, options, reached, thinned
from spaceseed.training.config import Config
from spaceseed.training.data.images import ImageSet

IMAGES = 24_000
MOMENTS = 5
COUNT = 1_000
REAL = 2_000
ROUNDS, STEPS = 3, 16  # one in 16 steps has R1
TIMES = "full_size.json"
DISTANCE = "frechet_distance"
Row = dict[str, Any]

FEW = 50  # faces
DCGAN, DCGAN_OF_FEW, STYLEGAN2 = "DCGAN", f"DCGAN, {FEW} faces", "StyleGAN2"
SMALL = {"network": "dcgan", "objective": "leastsquares", "batch": 32, "r1_gamma": 0.1}
# How each base trains, and its share of the images.
BASES: dict[str, tuple[dict[str, Any], float]] = {
    DCGAN: (SMALL, 1.0),
    DCGAN_OF_FEW: (SMALL, 4.0),
    STYLEGAN2: ({"network": "stylegan2", "capacity": 0.25}, 0.75),
}
# Its feature maps, most of which are of few pixels, are as many as those of the usual size.
NORMALIZED: Row = {
    "network": "normalized", "capacity": 1.0, "objective": "leastsquares", "batch": 32, "r1_gamma": 0.0
}  # fmt: skip
# Whose base it is, what it changes, and, where an image takes many times as long, the share of the base's images.
CHANGES: dict[str, tuple[str, dict[str, Any], float]] = {
    "projected beside": (DCGAN, {"projected": "beside"}, 1 / 8),
    "projected only": (DCGAN, {"projected": "only"}, 1 / 8),
    "DiffAugment": (DCGAN, {"augment": "diff"}, 1.0),
    "ADA": (DCGAN, {"augment": "ada"}, 1.0),
    f"DiffAugment, {FEW} faces": (DCGAN_OF_FEW, {"augment": "diff"}, 1.0),
    f"ADA, {FEW} faces": (DCGAN_OF_FEW, {"augment": "ada"}, 1.0),
    "bfloat16": (DCGAN, {"precision": "bfloat16"}, 1.0),
    "channels last": (DCGAN, {"channels_last": True}, 1.0),
    "growing from 8": (STYLEGAN2, {"grow_from": 8}, 1.0),
    "built like a DCGAN": (STYLEGAN2, NORMALIZED, 1.0),
    "label embedding": (STYLEGAN2, {"condition": "embed"}, 1.0),
    "auxiliary head": (STYLEGAN2, {"condition": "auxiliary"}, 1.0),
}


def arms(images: int, small: bool = False) -> dict[str, Config]:
    """Returns the settings of each arm, the bases first; a DCGAN sees `images`. Small ones are for tests."""

    def train(base: str, change: dict[str, Any], share: float) -> Config:
        settings, of_all = BASES[base]
        length = round(share * of_all * images)
        every = length // (2 if small else MOMENTS)
        fixed: Row = {"resolution": 32, "channels_last": False, "decay": False, "ema_images": 5_000}
        fixed |= {"images": length, "report_every": every, "checkpoint_every": every}
        return Config(**fixed | settings | change | ({"capacity": 0.05} if small else {}))

    bases = {base: train(base, {}, 1.0) for base in BASES}
    return bases | {name: train(*change) for name, change in CHANGES.items()}


def base_of(name: str) -> str:
    """Returns the arm that an arm is compared with; a base is compared with itself."""
    return CHANGES[name][0] if name in CHANGES else name


def faces_of(name: str) -> int | None:
    """Returns how many faces an arm learns from; None for all."""
    return FEW if base_of(name) == DCGAN_OF_FEW else None


def time_full_size(images: ImageSet, path: Path, small: bool) -> None:
    """Writes the seconds for each image of a StyleGAN2 of the usual size with each change, taking turns; once."""
    if path.exists():
        return
    base = arms(10**9, small)[STYLEGAN2]
    base = base if small else replace(base, capacity=1.0)
    # Growing has no such figure, for its images are of several sizes, nor has another network.
    untimed = {"grow_from", "network"}
    changed = {
        name: change for name, (_, change, _) in CHANGES.items() if not untimed & set(change) and faces_of(name) is None
    }
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        trainers = {}
        for name, change in {STYLEGAN2: {}, **changed}.items():
            trainers[name] = TimedTrainer(replace(base, **change), images, Path(folder) / name, lambda *_: {})
            trainers[name].report.close()
            trainers[name].steps(1)  # during which memory is found
        for _ in range(ROUNDS):
            for name, trainer in trainers.items():
                found.setdefault(name, []).append(trainer.steps(1 if small else STEPS))
    path.write_text(json.dumps(found))


def results(histories: Mapping[str, Sequence[History]], full_size: Mapping[str, Sequence[float]]) -> Row:
    """Returns all figures. Times are shares of the base's, seed by seed or round by round."""
    # What every seed of a base reaches.
    targets = {base: max(float(run[DISTANCE][-1]) for run in histories[base]) for base in BASES if base in histories}
    rows: Row = {}
    for name, runs in histories.items():
        if base_of(name) not in targets:
            continue
        base, target = histories[base_of(name)], targets[base_of(name)]
        goals, base_goals = ([reached(run, DISTANCE, target) for run in each] for each in (runs, base))
        end = float(min(run["images"][-1] for run in runs))
        rows[name] = {
            "base": base_of(name),
            "images": end,
            "seeds": len(runs),
            "images_to_target": _some([goal["images"] for goal in goals]),
            "images_share": _some([a["images"] / b["images"] for a, b in zip(goals, base_goals, strict=False)]),
            "time_share": _some([a["cpu"] / b["cpu"] for a, b in zip(goals, base_goals, strict=False)]),
            "cost_of_an_image": mean_and_error([cost(a) / cost(b) for a, b in zip(runs, base, strict=False)]),
            "at_end": mean_and_error(at(runs, "images", end)[DISTANCE]),
            "base_then": then(base, end),
        }
    plain = full_size.get(STYLEGAN2, [])
    return {
        "targets": targets,
        "seconds_for_1000": {base: mean_and_error([1000 * cost(run) for run in histories[base]]) for base in targets},
        "arms": rows,
        "full_size": {
            name: mean_and_error([a / b for a, b in zip(times, plain, strict=True)])
            for name, times in full_size.items()
            if name != STYLEGAN2
        },
        "full_size_seconds_for_1000": mean_and_error([1000 * each for each in plain]) if plain else None,
        "histories": thinned(histories),
    }


def then(runs: Sequence[History], images: float) -> tuple[float, float] | None:
    """Returns the distance after so many images; None before the first report."""
    return mean_and_error(at(runs, "images", images)[DISTANCE]) if images >= runs[0]["images"][0] else None


def cost(run: History) -> float:
    """Returns the seconds of one core for each image."""
    return float(run["cpu"][-1] / run["images"][-1])


def _some(values: list[float]) -> dict[str, Any]:
    """Returns mean, standard error and number of the values that are finite."""
    known = [value for value in values if np.isfinite(value)]
    mean, error = mean_and_error(known) if known else (None, None)
    return {"mean": mean, "error": error, "of": len(known)}


def plot(figures: Row, path: Path) -> None:
    """Draws curves over images and over time, for each base."""
    mpl.use("agg")
    targets = figures["targets"]
    figure, panels = plt.subplots(
        len(targets), 2, figsize=(13, 4.6 * len(targets)), layout="constrained", squeeze=False
    )
    for (base, target), row in zip(targets.items(), panels, strict=True):
        histories = {
            name: [{k: np.array(v) for k, v in run.items()} for run in runs]
            for name, runs in figures["histories"].items()
            if base_of(name) == base
        }
        for axes, axis in zip(row, ("images", "cpu"), strict=True):
            curves(axes, histories, DISTANCE, axis, True)
            axes.axhline(target, color="k", linestyle=":", linewidth=1)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs the study, or reports what there is of it."""
    args = options(__doc__, "convergence", IMAGES).parse_args()
    count, real, seeds = (24, 24, 1) if args.quick else (COUNT, REAL, args.seeds)
    study = Study(arms(96, small=True) if args.quick else arms(args.images), args.runs)
    if not args.report:
        torch.set_num_threads(1)
        measure = Measure(faces("held_out", args.data, real), count)
        of = {number: faces("train", args.data, number) for number in (None, FEW)}
        for number, images in of.items():
            arms_of = {name: config for name, config in study.arms.items() if faces_of(name) == number}
            Study(arms_of, args.runs).train(seeds, images, measure)
        time_full_size(of[None], args.runs / TIMES, args.quick)
    times = args.runs / TIMES
    figures = results(study.histories(), json.loads(times.read_text()) if times.exists() else {})
    plot(figures, folder(args, PAGES) / "convergence.png")
    settings = {"samples": count, "renders": real, "rounds": ROUNDS, "steps": STEPS}
    save(args, "convergence", settings | figures)


if __name__ == "__main__":
    main()
