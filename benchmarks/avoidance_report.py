"""The tables and the plot of the study of filters."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from benchmarks.report import table

Row = dict[str, Any]
COMMON = ("broken", "Frechet distance", "precision", "recall", "diversity")
LEARNED = ("labels", "space", "method", "AUC", "own AUC", "kept", "bald", *COMMON[:2], COMMON[-1])
AGAINST = ("truncation: broken", "truncation: Frechet distance")


def plot(figures: Row, shown: dict[str, np.ndarray], path: Path) -> None:
    """What is broken, how much of it filters avoid, and what that costs."""
    mpl.use("agg")
    figure = plt.figure(figsize=(13, 7.2), layout="constrained")
    grid = figure.add_gridspec(4, 3, height_ratios=(0.5, 0.5, 0.5, 3.6))
    for i, (name, pixels) in enumerate(shown.items()):
        axes = figure.add_subplot(grid[i, :])
        axes.imshow(pixels)
        axes.set(xticks=[], yticks=[], ylabel=name.replace(" ", "\n"))
    spaces = next(iter(figures["filters"].values()))
    for i, space in enumerate(spaces):
        axes = figure.add_subplot(grid[3, i])
        counts = [name for name in figures["filters"] if name.replace(",", "").isdigit()]
        labels = [int(name.replace(",", "")) for name in counts]
        for k, method in enumerate(figures["filters"][counts[0]][space]):
            rows = [figures["filters"][name][space][method]["broken"] for name in counts]
            values, errors = np.array(rows).T
            axes.errorbar(labels, values, errors, fmt="o-", capsize=3, color=f"C{k}", label=method)
        axes.axhline(figures["broken"], color="k", linestyle=":", label="no filter")
        axes.set(
            title=f"Filters in {space}, {figures['keep']:.0%} allowed",
            xlabel="labels",
            ylabel="broken faces",
            xscale="log",
        )
        axes.set_ylim(0, None)
        axes.legend(fontsize=8)
    axes = figure.add_subplot(grid[3, 2])
    points = figures["truncation"].values()
    axes.plot([p["diversity"] for p in points], [p["broken"] for p in points], "ko-", label="truncation")
    for name, curve in figures["curves"].items():
        start = figures["truncation"]["1"]["diversity"], figures["broken"]
        rows = [start, *((row["diversity"][0], row["broken"][0]) for row in curve.values())]
        axes.plot(*zip(*rows, strict=True), "o-", label=name)
    axes.set(title="The price", xlabel="diversity: recall of unfiltered faces", ylabel="broken faces", ylim=(0, None))
    axes.invert_xaxis()
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def verdict(figures: Row) -> str:
    """Which filter wins, and where none does."""
    rows, before = [], figures["truncation"]["1"]["frechet_distance"]
    for name, spaces in figures["filters"].items():
        cells = [name]
        for methods in spaces.values():
            best = min(methods, key=lambda method: methods[method]["broken"][0])
            cells += [best, f"{methods[best]['broken'][0]:.1%}", f"{methods[best]['bald'][0]:.0%}"]
        rows.append(cells)
    every = [row for spaces in figures["filters"].values() for methods in spaces.values() for row in methods.values()]
    every += figures["samplers"].values()
    useful = [row["frechet_distance"][0] for row in every if row["broken"][0] <= 0.75 * figures["broken"]]
    lowest = min(useful, default=float("nan"))
    spaces = next(iter(figures["filters"].values()))
    header = [f"{title} {space}" for space in spaces for title in ("best in", "broken,", "bald,")]
    return (
        table(("labels", *header), rows)
        + f"\nWithout a filter {figures['broken']:.0%} are broken and {figures['bald']:.0%} are bald. Of all that "
        "avoid a quarter of the broken faces or more, the nearest to renders has a Frechet distance of "
        f"{lowest:.2f}; without a filter it is {before:.2f}.\n\n"
    )


def markdown(figures: Row) -> str:
    """Five tables."""

    def percent(value: tuple[float, float] | float) -> str:
        return f"{value:.1%}" if isinstance(value, float) else f"{value[0]:.1%} ± {value[1]:.1%}"

    def number(value: tuple[float, float] | float) -> str:
        return f"{value:.2f}" if isinstance(value, float) else f"{value[0]:.2f} ± {value[1]:.2f}"

    faces, filters = figures["faces"], figures["filters"]
    repetitions = figures["repetitions"]

    def cells(row: Row) -> tuple[str, ...]:
        others = (percent(row[name]) for name in ("precision", "recall", "diversity"))
        return percent(row["broken"]), number(row["frechet_distance"]), *others

    learned = [
        (
            name, space, method, number(row["auc"]), number(row["claimed_auc"]),
            f"{row['kept'][0]:.0%}", f"{row['bald'][0]:.0%}", percent(row["broken"]),
            number(row["frechet_distance"]), percent(row["diversity"]),
        )
        for name, spaces in filters.items()
        for space, methods in spaces.items()
        for method, row in methods.items()
    ]  # fmt: skip
    curves = [
        (
            name, f"{row['kept'][0]:.0%}", percent(row["broken"]), number(row["frechet_distance"]),
            percent(row["diversity"]), percent(row["truncation_broken"]), number(row["truncation_frechet_distance"]),
        )
        for name, curve in figures["curves"].items()
        for row in curve.values()
    ]  # fmt: skip
    samplers = [
        (name, *cells(row), percent(row["truncation_broken"]), number(row["truncation_frechet_distance"]))
        for name, row in figures["samplers"].items()
    ]
    return (
        f"*broken*: the worst tenth of {faces['fresh']:,} fresh faces, to a judge that no filter has met. Frechet "
        f"distance, avatar features, N = {faces['drawn']:,} against {faces['renders']:,} renders (other renders: "
        f"{figures['floor']:.2f}); *diversity*: recall of other unfiltered faces. ±: standard error over "
        f"{repetitions} draws of the labels. The labeller ranks a broken face below another one with a probability "
        f"of {figures['judges_agree']:.2f} (AUC): how well the marks teach what counts here.\n\n"
        "## The filter that leaves the fewest broken faces\n\n"
        + verdict(figures)
        + f"## Filters that allow {figures['keep']:.0%}\n\n"
        "*AUC*: of telling broken faces from others before they are drawn; *own AUC*: what the filter itself claims "
        "from its held-out labels, whose good ones are of the better half; "
        "*kept*: the share of fresh faces allowed, which in w is not quite what was asked for; *bald*: of those.\n\n"
        + table(LEARNED, learned)
        + "\n## Plain truncation\n\n"
        + table(("psi", *COMMON), [(psi, *cells(row)) for psi, row in figures["truncation"].items()])
        + "\n## The best filters, allowing more and less, beside truncation of equal diversity\n\n"
        + table(("filter", "kept", "broken", "Frechet distance", "diversity", *AGAINST), curves)
        + "\n## Samplers of the logistic filter, drawing, beside truncation of equal diversity\n\n"
        f"From the same {faces['drawn']:,} seeds as truncation, of whose faces "
        f"{percent(figures['truncation']['1']['broken'])} are broken without either.\n\n"
        + table(("sampler", *COMMON, *AGAINST), samplers)
    )
