"""Reports of metrics, with the name of the features, the number of images and a confidence interval.

A metric can only be compared if its features and N are the same, so both are always printed::

    features = ClassifierFeatures(load_classifier("avatars"))        # or load_inception()
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
# Few, because each distance is also measured on every half.
KERNEL_SUBSETS = 10


@dataclass(frozen=True)
class Figure:
    """One measured metric.

    Attributes:
        name: name of the metric and the features, e.g. "Frechet distance, avatar features".
        value: value on all images.
        low: lower end of the 95 % confidence interval over the choice of generated images.
        high: upper end.
        count: number of generated images.
        reference: number of real images.
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
        real: features of real images.
        generated: features of generated images, 8 or more.
        halves: number of random halves of the generated images for the interval.
        seed: seed of the halves.

    Raises:
        ArgumentError: the features are of different kinds, or there are too few images.
    """
    if real.name != generated.name:
        raise ArgumentError("generated.name", generated.name, f"{real.name!r}, the features of the real images")
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
    """Returns the standard error of a measure of rows [n, d]: its standard deviation over random halves.

    Halves drawn without replacement vary as much as samples of n rows: the variance is twice as large because they have
    half the rows, and half as large because they share rows. A bias for fewer rows does not affect it.

    Raises:
        ArgumentError: fewer than two halves, or fewer than 8 rows.
    """
    if halves < 2 or len(rows) < 8:
        raise ArgumentError("halves", halves, "2 or more, and there must be 8 rows or more")
    rng = torch.Generator().manual_seed(seed)
    values = [measure(rows[torch.randperm(len(rows), generator=rng)[: len(rows) // 2]]) for _ in range(halves)]
    return float(np.std(values, ddof=1))
