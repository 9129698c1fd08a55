"""Distances between a set of images and a set of real ones, in the feature space of a judge.

Compare a distance with that between two sets of real images::

    floor = frechet_distance(real_a, real_b)
    print(frechet_distance(real_a, generated), floor, precision_recall(real_a, generated))

`metrics.report.figures` measures all of them, with confidence intervals and numbers of images.
"""

from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import MAX_SEED

BLOCK = 1_000
KERNEL_SUBSETS = 100
KERNEL_SUBSET_SIZE = 1_000
# Tolerance for the sum of probabilities in half precision, bfloat16 included.
ROUNDING = 5e-3


class FeatureStatistics:
    """Mean and covariance of features that come in batches, in float64. Features are not stored.

    Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance", eq. 2.1.

    Args:
        dims: d, the number of features, 1 or more.

    Attributes:
        count: number of rows so far.
        mean: [d].

    Raises:
        ArgumentError: dims is not a positive integer.
    """

    def __init__(self, dims: int) -> None:
        check_integer("dims", dims, 1)
        self.count = 0
        self.mean = np.zeros(dims)
        self._scatter = np.zeros((dims, dims))

    @property
    def covariance(self) -> npt.NDArray[np.float64]:
        """The unbiased sample covariance, [d, d]."""
        if self.count < 2:
            raise ArgumentError("features", self.count, "of 2 images or more")
        return self._scatter / (self.count - 1)

    def add(self, features: Tensor) -> Self:
        """Adds features [n, d], with any n.

        Raises:
            ArgumentError: they have another width or are not finite.
        """
        rows = check_tensor("features", features, ["n", len(self.mean)], torch.float64).detach().numpy(force=True)
        if len(rows):
            batch = FeatureStatistics(len(self.mean))
            batch.count, batch.mean = len(rows), rows.mean(axis=0)
            batch._scatter = (rows - batch.mean).T @ (rows - batch.mean)
            self.merge(batch)
        return self

    def merge(self, other: "FeatureStatistics") -> Self:
        """Adds other statistics, for example those of another process."""
        check_type("other", other, FeatureStatistics, "FeatureStatistics")
        if len(other.mean) != len(self.mean):
            raise ArgumentError("other", len(other.mean), f"statistics of {len(self.mean)} features")
        count = self.count + other.count
        if other.count:
            shift = other.mean - self.mean
            self._scatter = self._scatter + other._scatter + np.outer(shift, shift) * (self.count * other.count / count)
            self.mean = self.mean + shift * (other.count / count)
            self.count = count
        return self


def frechet_distance(features_a: Tensor | FeatureStatistics, features_b: Tensor | FeatureStatistics) -> float:
    """Computes the Frechet distance between two Gaussians fitted to features (Heusel et al. 2017, eq. 6).

    |mu_a - mu_b|^2 + tr(C_a) + tr(C_b) - 2 tr((C_a C_b)^(1/2)), in float64. The last trace is the sum of the square
    roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2). This matrix is symmetric, so no general matrix root is needed.
    With Inception features the result equals pytorch-fid's if there are more images than dimensions. With fewer images
    covariances are singular; there pytorch-fid's result depends on rounding, and this one does not.

    Args:
        features_a: [n, d], n at least 2, or their statistics.
        features_b: [m, d], m at least 2, or their statistics.

    Returns:
        The distance, 0 or more, in squared units of the features. It decreases with n and m: compare at equal numbers.

    Raises:
        ArgumentError: the sets are too small, have different widths or are not finite.
    """
    a, b = _statistics("features_a", features_a), _statistics("features_b", features_b)
    if len(a.mean) != len(b.mean):
        raise ArgumentError("features_b", f"{len(b.mean)} features", f"of {len(a.mean)} features, as features_a are")
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ b.covariance @ root).clip(min=0)).sum()
    shift = np.square(a.mean - b.mean).sum()
    return float(max(0.0, shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross))


def inception_score(probabilities: Tensor, splits: int = 10) -> tuple[float, float]:
    """Computes the inception score exp(E_x KL(p(y|x) || p(y))) (Salimans et al. 2016, sec. 4).

    Args:
        probabilities: p(y|x), [n, classes], rows that sum to 1. Published figures use Inception's 1008 classes.
        splits: number of consecutive parts of the rows. Each is scored with its own p(y).

    Returns:
        Mean and standard deviation over the splits. The mean grows with n / splits: compare at equal numbers.

    Raises:
        ArgumentError: there are fewer rows than splits, or the rows are not probabilities.
    """
    p = _rows("probabilities", probabilities, 1)
    check_integer("splits", splits, 1, len(p))
    sums = p.sum(dim=1)
    wrong = (p < 0).any(dim=1) | ((sums - 1).abs() > ROUNDING)
    if wrong.any():
        shown = f"a row with the minimum {p[wrong][0].min():.4g} and the sum {sums[wrong][0]:.4g}"
        raise ArgumentError("probabilities", shown, "rows of numbers from 0 up, each with the sum 1")
    scores = []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]
        # xlogy(0, 0) is 0, the limit of x log x.
        divergence = torch.special.xlogy(part, part) - torch.special.xlogy(part, part.mean(dim=0))
        scores.append(divergence.sum(dim=1).mean().exp())
    return float(torch.stack(scores).mean()), float(torch.stack(scores).std(unbiased=False))


def kernel_distance(
    features_a: Tensor,
    features_b: Tensor,
    *,
    subsets: int = KERNEL_SUBSETS,
    size: int = KERNEL_SUBSET_SIZE,
    seed: int = 0,
) -> tuple[float, float]:
    """Computes the kernel inception distance: unbiased MMD^2 with (x y / d + 1)^3 (Binkowski et al. 2018, sec. 4).

    Unlike the Frechet distance, its expectation does not depend on the number of images.

    Args:
        features_a: [n, d], n at least 2.
        features_b: [m, d], m at least 2.
        subsets: number of random pairs of subsets.
        size: size of a subset; that of the smaller set if it has fewer.
        seed: seed of the subsets, 0 to 2^32 - 1.

    Returns:
        Mean and standard deviation over the subsets. For equal distributions the mean is about 0, and can be negative.

    Raises:
        ArgumentError: the sets are too small, have different widths or are not finite, or a number is out of range.
    """
    a = _rows("features_a", features_a, 2)
    b = _rows("features_b", features_b, 2, a.shape[1])
    check_integer("subsets", subsets, 1)
    check_integer("size", size, 2)
    check_integer("seed", seed, 0, MAX_SEED)
    rng, n = torch.Generator().manual_seed(seed), min(size, len(a), len(b))
    distances = []
    for _ in range(subsets):
        x, y = (rows[torch.randperm(len(rows), generator=rng)[:n]] for rows in (a, b))
        pairs = n * (n - 1)  # pairs of different rows
        within = [(k.sum() - k.diagonal().sum()) / pairs for k in (_kernel(x, x), _kernel(y, y))]
        distances.append(within[0] + within[1] - 2 * _kernel(x, y).mean())
    return float(torch.stack(distances).mean()), float(torch.stack(distances).std(unbiased=False))


def precision_recall(real: Tensor, generated: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Computes improved precision and recall (Kynkaanniemi et al. 2019, eqs. 1-3).

    Args:
        real: features [n, d].
        generated: features [m, d].
        neighbours: k, 1 or more. The radius of a point's ball is the distance to its k-th neighbour in its set.

    Returns:
        Precision, the share of generated points inside a ball around a real one, and recall, the reverse.

    Raises:
        ArgumentError: a set has too few points, or they have different widths or are not finite.
    """
    check_integer("neighbours", neighbours, 1)
    a = _rows("real", real, neighbours + 1)
    b = _rows("generated", generated, neighbours + 1, a.shape[1])
    # Centred, because cdist loses precision far from zero.
    center = a.mean(dim=0)
    a, b = a - center, b - center
    return _share_inside(a, b, neighbours), _share_inside(b, a, neighbours)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _share_inside(support: Tensor, points: Tensor, neighbours: int) -> float:
    # The nearest neighbour is the point itself, so k + 1.
    radii = torch.cat(
        [torch.cdist(rows, support).kthvalue(neighbours + 1, dim=1).values for rows in support.split(BLOCK)]
    )
    inside = [(torch.cdist(rows, support) <= radii).any(dim=1) for rows in points.split(BLOCK)]
    return torch.cat(inside).double().mean().item()


def _statistics(name: str, features: Tensor | FeatureStatistics) -> FeatureStatistics:
    if isinstance(features, FeatureStatistics):
        return features
    rows = _rows(name, features, 2)
    return FeatureStatistics(rows.shape[1]).add(rows)


def _rows(name: str, features: Tensor, least: int, width: int | None = None) -> Tensor:
    """Returns features [n, d] in float64 on the CPU, with at least `least` rows."""
    rows = check_tensor(name, features, ["n", width or "d"], torch.float64).detach().cpu()
    if len(rows) < least or not rows.shape[1]:
        raise ArgumentError(name, tuple(rows.shape), f"{least} rows of features or more")
    return rows
