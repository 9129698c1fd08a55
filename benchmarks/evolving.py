"""Does a population of generators learn better than one? `python -m benchmarks.evolving --data runs/data`.

In each generation of E-GAN three children, each made by another mutation, compete. Here it is compared with each of
these mutations alone, with the same DCGAN pair and settings, and with the StyleGAN2 recipe, on faces of 32 pixels.
"Without rivals" it has a single child in each generation, by least squares: what this run reaches, too, is not due to
selection. A generation of three children costs more than a step of one generator. So all are compared after the same
number of images, and after the same number of seconds of one processor core. Step sizes stay constant, so any moment
can be compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

from benchmarks.pages.evolving import NAMED
from benchmarks.report import PAGES, folder, mean_and_error, save
from benchmarks.training_runs import SIDE, History, Measure, Study, at, curves, faces, options, thinned
from spaceseed.training.bundled.redrawn import LIMITS
from spaceseed.training.config import Config, Evolution
from spaceseed.training.networks.pairs import build
from spaceseed.training.report import Table, winning_shares

IMAGES = 18_000
MOMENTS = 6
QUICKER = 3  # times as many images one generator sees in the time that a population takes
COUNT, LOOKED_AT = 2_000, 300  # samples, and those of them that are looked at one by one
Row = dict[str, Any]


def arms(images: int, small: bool = False) -> dict[str, Config]:
    """Returns the settings of each arm; E-GAN sees `images`. Small ones are for tests."""
    every, share = images // (2 if small else MOMENTS), 0.1 if small else 1.0

    def train(times: int, **options: Any) -> Config:
        length, moment = times * images, times * every
        return Config(
            resolution=32,
            images=length,
            decay=False,
            ema_images=5_000,
            report_every=moment,
            checkpoint_every=moment,
            **options,
        )

    def dcgan(objective: str, times: int, **options: Any) -> Config:
        # Less of R1 than a StyleGAN2 gets: spectral norms hold this discriminator back already.
        settings: Row = {"network": "dcgan", "batch": 32, "r1_gamma": 0.1, "capacity": share}
        return train(times, objective=objective, **settings, **options)

    return {
        "E-GAN": dcgan("egan", 1),
        "minimax": dcgan("minimax", QUICKER),
        "heuristic": dcgan("nonsaturating", QUICKER),
        "least squares": dcgan("leastsquares", QUICKER),
        "StyleGAN2": train(1, network="stylegan2", objective="nonsaturating", batch=16, capacity=share / 2),
        "E-GAN without rivals": dcgan("egan", 2, evolution=Evolution(mutations=("leastsquares",))),
    }


def results(study: Study, histories: Mapping[str, Sequence[History]]) -> Row:
    """Returns all figures."""
    ends = [{axis: float(h[axis][-1]) for axis in ("images", "cpu")} for runs in histories.values() for h in runs]
    places = {axis: min(end[axis] for end in ends) for axis in ("images", "cpu")}
    return {
        "at": places,
        "compared": {
            axis: {name: summary(at(runs, axis, place)) for name, runs in histories.items()}
            for axis, place in places.items()
        },
        "networks": {name: shape(study.arms[name]) for name in histories},
        "seeds": {name: len(runs) for name, runs in histories.items()},
        "won": won(study),
        "histories": thinned(histories),
    }


def summary(figures: Mapping[str, Sequence[float]]) -> Row:
    """Returns mean and standard error of each figure over seeds."""
    return {name: mean_and_error(values) for name, values in figures.items()}


def shape(config: Config) -> Row:
    """Returns how an arm trains, and the weights of its two networks."""
    pair = build(config.network, config.resolution, z_dim=config.z_dim, capacity=config.capacity)
    networks = {"generator": pair.generator, "discriminator": pair.discriminator}
    weights = {name: sum(weights.numel() for weights in network.parameters()) for name, network in networks.items()}
    return {"network": config.network, "batch": config.batch, "images": config.images, **weights}


def won(study: Study) -> Row:
    """Returns how often each mutation made the survivor: over time (mean over E-GAN's runs), and in all."""
    tables = [Table(folder / "mutations.csv", 10**12).rows for folder in study.folders("E-GAN")]
    shares = [winning_shares(rows) for rows in tables if rows]
    if not shares:
        return {}
    count = min(len(when) for when, _ in shares)
    names = study.arms["E-GAN"].evolution.mutations
    none = [0.0] * count

    def over_time(name: str) -> list[float]:
        return [round(float(x), 4) for x in np.mean([each.get(name, none)[:count] for _, each in shares], axis=0)]

    return {
        "images": shares[0][0][:count],
        "over_time": {name: over_time(name) for name in names},
        "share": {
            name: mean_and_error([sum(row["mutation"] == name for row in rows) / len(rows) for rows in tables])
            for name in names
        },
    }


def plot(study: Study, figures: Row, path: Path) -> None:
    """Draws curves over images and time, the mutations that won, and faces of each arm's first seed."""
    mpl.use("agg")
    figure = plt.figure(figsize=(13, 9.5), layout="constrained")
    count = len(figures["histories"])
    grid = figure.add_gridspec(3, 3 * count, height_ratios=(3.2, 3.2, 2.6))
    panels = [
        ("frechet_distance", "images", True),
        ("frechet_distance", "cpu", True),
        None,
        ("precision", "cpu", False),
        ("recall", "cpu", False),
        ("broken", "cpu", False),
    ]
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(grid[i // 3, (i % 3) * count : (i % 3 + 1) * count])
        if panel is None:
            mutations(axes, figures["won"])
            continue
        curves(axes, figures["histories"], *panel)
        axes.axvline(figures["at"][panel[1]], color="k", linestyle=":", linewidth=1)
    for i, name in enumerate(figures["histories"]):
        axes = figure.add_subplot(grid[2, 3 * i : 3 * (i + 1)])
        with Image.open(max(study.folders(name)[0].glob("preview-*.png"))) as picture:
            axes.imshow(picture.crop((0, 0, 6 * SIDE, 6 * SIDE)))
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{name}\n{int(figures['histories'][name][0]['images'][-1]):,} images", fontsize="medium")
    figure.savefig(path, dpi=110)


def mutations(axes: Axes, its: Row) -> None:
    """Draws how often each mutation made the survivor, over time."""
    if its:
        labels = [NAMED[name] for name in its["over_time"]]
        colours = [f"C{i + 1}" for i in range(len(labels))]  # as those of the arms
        axes.stackplot(its["images"], list(its["over_time"].values()), labels=labels, colors=colours)
        axes.legend(fontsize="small", loc="lower left")
    axes.set(title="E-GAN: generations won", xlabel="images", ylabel="share", ylim=(0, 1))


def main() -> None:
    """Runs the study, or reports what there is of it."""
    args = options(__doc__, "evolving", IMAGES).parse_args()
    count, looked_at, seeds = (24, 8, 1) if args.quick else (COUNT, LOOKED_AT, args.seeds)
    study = Study(arms(96, small=True) if args.quick else arms(args.images), args.runs)
    if not args.report:
        torch.set_num_threads(1)
        measure = Measure(faces("held_out", args.data, count), count, looked_at)
        study.train(seeds, faces("train", args.data), measure)
    figures = results(study, study.histories())
    plot(study, figures, folder(args, PAGES) / "evolving.png")
    save(args, "evolving", {"samples": count, "looked_at": looked_at, "limit": LIMITS[SIDE]} | figures)


if __name__ == "__main__":
    main()
