"""The plot of the study of filters."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

Row = dict[str, Any]
SHOWN = ("marks", "marks and renders", "latents")


def plot(figures: Row, strips: dict[str, np.ndarray], path: Path) -> None:
    """Draws what is broken, how much of it filters leave by number of marks, and how the distances change."""
    mpl.use("agg")
    figure = plt.figure(figsize=(13, 6.6), layout="constrained")
    grid = figure.add_gridspec(3, 3, height_ratios=(0.55, 0.55, 3.6))
    for i, (name, pixels) in enumerate(strips.items()):
        axes = figure.add_subplot(grid[i, :])
        axes.imshow(pixels)
        axes.set(xticks=[], yticks=[], ylabel=name)
    its = figures["generators"]["avatars-pggan"]
    titles = {"broken": "broken faces", "witness change": "change of the Frechet distance (witness)"}
    for i, (name, title) in enumerate(titles.items()):
        axes = figure.add_subplot(grid[2, i])
        for k, method in enumerate(SHOWN):
            for words, style in ((", a tenth wrong", "o-"), (", a tenth wrong, proposed", "s:")):
                points = [(count, its["labels"].get(f"{count:,}{words}")) for count in figures["size"]["marks"]]
                rows = [(count, *row[method][name]) for count, row in points if row]
                if rows:
                    x, y, error = zip(*rows, strict=True)
                    label = f"{method}{', proposed' * ('proposed' in words)}"
                    axes.errorbar(x, y, error, fmt=style, capsize=3, color=f"C{k}", label=label)
        axes.axhline(its["all"]["broken"] if name == "broken" else 0, color="k", linestyle="-.", label="no filter")
        axes.set(title=f"{figures['keep']:.0%} kept, a tenth of the marks wrong", xlabel="marks", ylabel=title)
        axes.set_xscale("log")
        axes.legend(fontsize=7)
    axes = figure.add_subplot(grid[2, 2])
    for k, (name, curves) in enumerate(figures["generators"].items()):
        methods = ("marks and renders, z",) if name == "avatars-pggan" else ("renders, z", "renders, w")
        for method, style in zip(methods, ("o-", "s:"), strict=False):
            rows = [(row[method]["kept"][0], row[method]["witness change"][0]) for row in curves["keep"].values()]
            axes.plot(*zip(*rows, strict=True), style, color=f"C{k}", label=f"{name}: {method}")
    axes.axhline(0, color="k", linestyle="-.")
    axes.set(title="The dial", xlabel="share kept", ylabel="change of the Frechet distance (witness)")
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)
