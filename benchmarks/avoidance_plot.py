"""The plot of the study of filters."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

Row = dict[str, Any]


def plot(figures: Row, shown: dict[str, np.ndarray], path: Path) -> None:
    """Draws what is broken, how much of it filters avoid, and what this costs."""
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
    figure.savefig(path, dpi=110)
