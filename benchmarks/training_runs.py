"""What the studies of training share: small renders, figures of quality, and runs that are kept.

    study = Study(arms, Path("runs/evolving"))
    study.train(3, faces("train", data), Measure(faces("held_out", data, 2_000), 2_000))    # or goes on with it
    study.histories()                               # of every arm, each seed's figures over time

Times are CPU times of training steps alone. Measuring and other work on the machine do not count.
"""

import argparse
import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.report import DATA, arguments
from spaceseed.batches import batch_size
from spaceseed.images import from_uint8, to_uint8
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.training.bundled.avatars import ATTRIBUTES, renders
from spaceseed.training.bundled.figures import compare
from spaceseed.training.bundled.redrawn import broken
from spaceseed.training.config import Config
from spaceseed.training.data.images import ImageSet
from spaceseed.training.data.labels import Labels
from spaceseed.training.trainer import Trainer

SIDE = 32
SAMPLES = 3_000_000  # the first seed
BATCH = 50

FIGURES = ("frechet_distance", "precision", "recall", "broken")
KEPT = ("images", "cpu", *FIGURES)

History = dict[str, NDArray[np.float64]]  # figures by name, a value for each report
LabelledMeasure = Callable[[Generator, bool], dict[str, float]]


def faces(split: str, folder: Path, count: int | None = None) -> ImageSet:
    """Returns the first renders of a split (all if None), averaged to a small size, with attributes as labels."""
    drawn = renders(split, folder)
    large = drawn.images[:count]
    parts = [to_uint8(shrunk(from_uint8(large[i : i + 500]))) for i in range(0, len(large), 500)]
    return ImageSet(np.concatenate(parts), Labels(dict(ATTRIBUTES), drawn.labels[: len(large)]))


def shrunk(images: Tensor) -> Tensor:
    """Averages images [n, 3, H, W] down to the side of the studies."""
    return F.avg_pool2d(images, images.shape[-1] // SIDE)


class Measure:
    """Measures Frechet distance, precision and recall of samples against real faces, and the share of broken ones.

    Args:
        real: held-out faces.
        count: samples.
        looked_at: how many of them are looked at one by one for broken ones; 0 for none.
    """

    @torch.no_grad()
    def __init__(self, real: ImageSet, count: int, looked_at: int = 0) -> None:
        self.count, self.looked_at = count, looked_at
        self.classifier = load_classifier("avatars")
        assert real.labels is not None
        self.labels = real.labels.vectors(torch.arange(count) % len(real))
        parts = torch.arange(len(real)).split(BATCH)
        self.real = torch.cat([self.classifier.features(real.batch(rows, SIDE)[0]) for rows in parts])

    @torch.no_grad()
    def __call__(self, generator: Generator, labelled: bool) -> dict[str, float]:
        """Returns the figures; a conditional generator draws the attributes of the real faces."""
        z = latents_from_seeds(range(SAMPLES, SAMPLES + self.count), generator.z_dim)
        images = torch.cat(
            [
                generator.synthesize(generator.map(z[rows], self.labels[rows] if labelled else None))
                for rows in torch.arange(self.count).split(batch_size(generator))
            ]
        )
        features = torch.cat([self.classifier.features(part) for part in images.split(BATCH)])
        looked_at = images[: self.looked_at]
        return compare(self.real, features) | ({"broken": broken(looked_at, self.classifier)} if len(looked_at) else {})


class TimedTrainer(Trainer):
    """A trainer that adds the CPU seconds of its steps to its figures."""

    def __init__(self, config: Config, images: ImageSet, folder: Path, measure: LabelledMeasure) -> None:
        labelled = config.condition != "none"
        super().__init__(config, images, folder, lambda generator: {"cpu": self.cpu} | measure(generator, labelled))
        rows = self.report.metrics.rows
        self.cpu = float(rows[-1]["cpu"]) if rows else 0.0

    def _step(self) -> tuple[float, float]:
        began = time.process_time()
        logits = super()._step()
        self.cpu += time.process_time() - began
        return logits

    def steps(self, count: int) -> float:
        """Returns the seconds for each image in `count` steps, whose results are not kept."""
        seen, seconds = self.seen, self.cpu
        for _ in range(count):
            self._step()
        return (self.cpu - seconds) / (self.seen - seen)


class Study:
    """Trainings by arm and seed, each in a folder of its own.

    Args:
        arms: how each trains, whatever the seed.
        runs: where the folders are.
    """

    def __init__(self, arms: Mapping[str, Config], runs: Path) -> None:
        self.arms, self.runs = arms, runs

    def folder(self, name: str, seed: int) -> Path:
        """Returns the folder of a run."""
        return self.runs / f"{name.replace(' ', '_')}-{seed}"

    def folders(self, name: str) -> list[Path]:
        """Returns the folders of an arm that exist, by seed."""
        return sorted(self.runs.glob(f"{self.folder(name, 0).name.removesuffix('0')}[0-9]*"))

    def train(self, seeds: int, images: ImageSet, measure: LabelledMeasure) -> None:
        """Trains what is not finished; arms take turns, so that what disturbs a seed disturbs all of them."""
        for seed in range(seeds):
            for name, config in self.arms.items():
                seeded, folder = replace(config, seed=seed), self.folder(name, seed)
                seeded.check_resumes(folder)
                if not self._finished(folder, config):
                    print(f"--- {name}, seed {seed}", flush=True)
                    TimedTrainer(seeded, images, folder, measure).run()

    def _finished(self, folder: Path, config: Config) -> bool:
        return (folder / "metrics.csv").exists() and history(folder)["images"][-1] >= config.images

    def histories(self) -> dict[str, list[History]]:
        """Returns the finished runs of every arm that has any, by seed."""
        found: dict[str, list[History]] = {}
        for name, config in self.arms.items():
            finished = [history(folder) for folder in self.folders(name) if self._finished(folder, config)]
            if finished:
                found[name] = finished
        return found


def history(folder: Path) -> History:
    """Reads the figures that a run reported."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def at(histories: Sequence[History], axis: str, place: float) -> dict[str, list[float]]:
    """Returns every figure of every seed at a value of "images" or "cpu", interpolated between reports."""
    names = [name for name in histories[0] if name in KEPT]
    return {name: [float(np.interp(place, h[axis], h[name])) for h in histories] for name in names}


def reached(history: History, figure: str, target: float) -> dict[str, float]:
    """Returns images and seconds until a figure first reached `target`, interpolated; NaN if it never did."""
    values = history[figure]
    below = np.flatnonzero(values <= target)
    if not len(below):
        return {"images": float("nan"), "cpu": float("nan")}
    last = below[0]
    rows = slice(max(0, last - 1), last + 1)  # the report above the target and the one below, or the first of all
    return {axis: float(np.interp(-target, -values[rows], history[axis][rows])) for axis in ("images", "cpu")}


def thinned(histories: Mapping[str, Sequence[History]]) -> dict[str, list[dict[str, list[float]]]]:
    """Returns histories with the figures and digits that results keep."""

    def five_digits(values: NDArray[np.float64]) -> list[float]:
        return [float(f"{value:.5g}") for value in values]

    return {
        name: [{k: five_digits(v) for k, v in each.items() if k in KEPT} for each in runs]
        for name, runs in histories.items()
    }


def curves(axes: Axes, histories: Mapping[str, Sequence[History]], figure: str, axis: str, logarithmic: bool) -> None:
    """Draws every arm's mean over seeds, and the range of the seeds."""
    for i, (name, runs) in enumerate(histories.items()):
        count = min(len(run[axis]) for run in runs)
        x = np.mean([run[axis][:count] for run in runs], axis=0)
        values = np.array([run[figure][:count] for run in runs])
        axes.plot(x, values.mean(axis=0), marker=".", color=f"C{i}", label=name)
        axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=f"C{i}", alpha=0.15, linewidth=0)
    axes.set(
        title=figure.replace("_", " ").capitalize(), xlabel="images" if axis == "images" else "seconds of one core"
    )
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:.0f}")
        axes.yaxis.set_minor_formatter("{x:.0f}")
        axes.legend(fontsize="small")
    else:
        axes.set_ylim(-0.02, 1.02)


def options(description: str | None, name: str, images: int) -> argparse.ArgumentParser:
    """Returns a parser with the options of both studies."""
    parser = arguments(description)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the rendered faces; drawn when missing")
    parser.add_argument("--runs", type=Path, default=Path("runs") / name, help="folder of the trainings")
    parser.add_argument("--images", type=int, default=images, help=f"length of a training ({images:,})")
    parser.add_argument("--seeds", type=int, default=3, help="repetitions (3)")
    parser.add_argument("--report", action="store_true", help="train nothing: report what is there")
    return parser
