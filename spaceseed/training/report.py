"""Reports of a training: a progress bar, a table and a plot of metrics, and previews with the same seeds."""

import csv
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from spaceseed.images import to_grid, to_uint8
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.training.data.labels import Labels

PREVIEW_PIXELS = 1024  # side of a preview; at most 8 x 8 images
TRUNCATION = 0.7
WINDOWS = 50  # points of the curves of winning mutations


class Table:
    """A CSV file that grows by rows. Each row has the number of images when it was made.

    Args:
        path: path of the file. An existing file is continued.
        images: rows of later images are dropped, because a run that continues from a checkpoint makes them again.
    """

    def __init__(self, path: Path, images: int) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [
                    row for row in csv.DictReader(file) if None not in row.values() and int(row["images"]) <= images
                ]
        self._written = 0  # other rows in the file are lost when it is written next

    def add(self, row: dict[str, Any]) -> None:
        """Adds a row. The next `flush` writes it."""
        self.rows.append(row)

    def flush(self) -> None:
        """Writes the new rows."""
        self._write(self.rows[self._written :], "a" if self._written else "w")
        self._written = len(self.rows)

    def _write(self, rows: list[dict[str, Any]], mode: str) -> None:
        if rows:
            with self.path.open(mode, newline="") as file:
                writer = csv.DictWriter(file, list(self.rows[0]))
                if mode == "w":
                    writer.writeheader()
                writer.writerows(rows)


class Report:
    """Reports of one run: `metrics.csv`, `mutations.csv` for E-GAN, `plot.png`, and a preview for each report.

    Attributes:
        selections: the winning children of E-GAN's generations.

    Args:
        folder: folder of the run.
        images: length of the training.
        seen: number of images at which it starts or continues.
        enabled: False in all processes but one.
    """

    def __init__(self, folder: Path, images: int, seen: int, enabled: bool) -> None:
        self.folder = folder
        self.enabled = enabled
        self.metrics = Table(folder / "metrics.csv", seen)
        self.selections = Table(folder / "mutations.csv", seen)
        # A bar is visible as soon as it is made, so it is made when the training begins.
        self._bar = tqdm(disable=True)
        self._open = partial(tqdm, total=images, unit=" images", disable=not enabled, smoothing=0.1)

    def begin(self, seen: int) -> None:
        """Shows the bar, starting at this number of images."""
        self._bar = self._open(initial=seen)

    def progress(self, seen: int) -> None:
        """Updates the bar, which shows images per second and the remaining time."""
        self._bar.update(seen - self._bar.n)

    def write(self, row: dict[str, Any], generator: Generator, labels: Labels | None) -> None:
        """Adds a row of metrics, prints it, and draws the plot and a preview.

        Args:
            row: numbers by name, "images" first.
            generator: the generator in its form for inference.
            labels: labels of the training images, for the preview; None for unconditional models.
        """
        self.metrics.add(row)
        self.flush()
        self._bar.write("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        preview(generator, self.folder / f"preview-{row['images']:08d}.png", labels)
        plot(self.metrics.rows, self.selections.rows, self.folder / "plot.png")

    def flush(self) -> None:
        """Writes the tables."""
        if self.enabled:
            self.metrics.flush()
            self.selections.flush()

    def close(self) -> None:
        """Ends the bar's line."""
        self._bar.close()


@torch.no_grad()
def preview(generator: Generator, path: Path, labels: Labels | None = None) -> None:
    """Draws a grid of images, always with the same seeds, at truncation 0.7.

    Args:
        generator: in evaluation mode.
        path: path of the picture.
        labels: labels to choose from, evenly spaced; None for unconditional models.
    """
    columns = max(1, min(8, PREVIEW_PIXELS // generator.resolution))
    z = latents_from_seeds(range(columns**2), generator.z_dim).to(generator.device)
    shown = None
    if labels is not None:
        shown = labels.vectors(torch.linspace(0, len(labels.values) - 1, len(z)).long()).to(generator.device)
    images = []
    for first in range(0, len(z), columns):
        rows = slice(first, first + columns)
        ws = generator.map(z[rows], None if shown is None else shown[rows], truncation=TRUNCATION)
        images.append(generator.synthesize(ws).cpu())
    to_grid(to_uint8(torch.cat(images)), columns).save(path)


def plot(metrics: list[dict[str, Any]], selections: list[dict[str, Any]], path: Path) -> None:
    """Draws every metric over the number of images, and how often each of E-GAN's mutations won."""
    # Without pyplot, which has global state. Imported here, because it takes a second.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = [name for name in metrics[0] if name not in {"images", "resolution", "seconds"}]
    count = len(names) + bool(selections)
    columns = min(3, count)
    figure = Figure(figsize=(4 * columns, 2.8 * -(-count // columns)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(-(-count // columns), columns, squeeze=False).flatten()
    images = [int(row["images"]) for row in metrics]
    for axis, name in zip(axes, names, strict=False):
        axis.plot(images, [float(row[name]) for row in metrics], marker=".")
        axis.set_title(name, fontsize="medium")
    if selections:
        when, shares = winning_shares(selections)
        axes[len(names)].stackplot(when, list(shares.values()), labels=list(shares))
        axes[len(names)].set_title("share of generations won", fontsize="medium")
        axes[len(names)].legend(fontsize="small")
    for axis in axes[count:]:
        axis.remove()
    for axis in axes[:count]:
        axis.set_xlabel("images")
    figure.savefig(path, dpi=100)


def winning_shares(selections: list[dict[str, Any]]) -> tuple[list[int], dict[str, list[float]]]:
    """Returns how often each mutation made the fittest child, in up to 50 intervals of equally many generations.

    Returns:
        The number of images at each interval's end, and for each mutation its share in each interval, 0 to 1.
    """
    won = [(int(row["images"]), row["mutation"]) for row in selections if int(row["rank"]) == 0]
    size = -(-len(won) // WINDOWS)
    spans = [won[first : first + size] for first in range(0, len(won), size)]
    counts = [Counter(mutation for _, mutation in span) for span in spans]
    names = sorted({mutation for _, mutation in won})
    shares = {name: [c[name] / len(span) for c, span in zip(counts, spans, strict=True)] for name in names}
    return [span[-1][0] for span in spans], shares
