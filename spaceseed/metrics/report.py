"""Figures that say what they were measured in, on how many images, and how far to trust them.

A number means nothing without its features and its N, so neither can be left out::

    features = ClassifierFeatures(load_classifier("avatars"))        # or models.inception.load_inception()
    for figure in figures(collect(renders, features), collect(samples, features)):
        print(figure)             # Frechet distance, avatar features: 1.23 (1.1 to 1.36), N = 1000
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.metrics.distances import FeatureStatistics, frechet_distance, kernel_distance, precision_recall
from spaceseed.metrics.features import FeatureSet

HALVES = 10
# Each is measured once for every half, so less often than `kernel_distance` does alone.
KERNEL_SUBSETS = 10


@dataclass(frozen=True)
class Figure:
    """One measured number, and what it rests on.

    Attributes:
        name: of the quantity and the features, e.g. "Frechet distance, avatar features".
        value: of all images.
        low: end of its 95 % confidence interval, as far as the choice of generated images goes.
        high: the other end.
        count: generated images.
        reference: real images that they were compared with.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    reference: int

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.4g} ({self.low:.4g} to {self.high:.4g}), N = {self.count}"


def figures(real: FeatureSet, generated: FeatureSet, *, halves: int = HALVES, seed: int = 0) -> tuple[Figure, ...]:
    """Measures the Frechet distance, kernel distance, precision and recall of generated images, with intervals and N.

    Args:
        real: what the judge saw in real images.
        generated: and in generated ones, 8 or more.
        halves: how often each is measured again on a random half of the generated images.
        seed: of the halves.

    Raises:
        ArgumentError: the two were seen by different judges, or there are too few images.
    """
    if real.name != generated.name:
        raise ArgumentError("generated.name", generated.name, f"{real.name!r}, as those of the real images")
    statistics = FeatureStatistics(real.values.shape[1]).add(real.values)
    measures: dict[str, Callable[[Tensor], float]] = {
        "Frechet distance": lambda rows: frechet_distance(statistics, rows),
        "Kernel distance": lambda rows: kernel_distance(real.values, rows, subsets=KERNEL_SUBSETS, seed=seed)[0],
        "Precision": lambda rows: precision_recall(real.values, rows)[0],
        "Recall": lambda rows: precision_recall(real.values, rows)[1],
    }
    found = []
    for name, measure in measures.items():
        value, error = measure(generated.values), halves_error(measure, generated.values, halves, seed)
        found.append(
            Figure(
                name=f"{name}, {generated.name}",
                value=value,
                low=value - 1.96 * error,
                high=value + 1.96 * error,
                count=len(generated.values),
                reference=len(real.values),
            )
        )
    return tuple(found)


def halves_error(measure: Callable[[Tensor], float], rows: Tensor, halves: int = HALVES, seed: int = 0) -> float:
    """Returns the standard error of a measure of rows [n, d]: its standard deviation over random halves of them.

    Halves drawn without replacement vary as whole samples of n do: their variance is twice as large for being half as
    many, and half as large for the rows they share. That a distance is larger for fewer rows does not matter here.

    Raises:
        ArgumentError: fewer than two halves, or fewer than 8 rows.
    """
    if halves < 2 or len(rows) < 8:
        raise ArgumentError("halves", halves, "2 or more, of 8 rows or more")
    rng = torch.Generator().manual_seed(seed)
    values = [measure(rows[torch.randperm(len(rows), generator=rng)[: len(rows) // 2]]) for _ in range(halves)]
    return float(np.std(values, ddof=1))
