"""How good a set of images is, beside a set of real ones, in the feature space of a judge.

A distance means little alone; put it beside what two sets of real images differ by::

    floor = frechet_distance(real_a, real_b)
    print(frechet_distance(real_a, generated), floor, precision_recall(real_a, generated))
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaceseed.errors import ArgumentError

BLOCK = 1_000


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """Frechet distance between two Gaussians fitted to features (Heusel et al. 2017, eq. 6).

    |mu_a - mu_b|^2 + tr(C_a) + tr(C_b) - 2 tr((C_a C_b)^(1/2)), in float64. The last trace is the sum of the square
    roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is symmetric, so no general matrix root is needed.

    Args:
        features_a: [n, d], n at least 2.
        features_b: [m, d], m at least 2.

    Returns:
        the distance, 0 or more; in squared units of the features. It shrinks with n and m: compare at equal numbers.

    Raises:
        ArgumentError: the sets are too small or of different width.
    """
    a, b = _checked("features_a", features_a), _checked("features_b", features_b)
    if a.shape[1] != b.shape[1]:
        raise ArgumentError("features_b", tuple(b.shape), f"of shape [m, {a.shape[1]}]")
    cov_a, cov_b = np.cov(a, rowvar=False).reshape(2 * [a.shape[1]]), np.cov(b, rowvar=False).reshape(2 * [b.shape[1]])
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(min=0)).sum()
    shift = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(max(0.0, shift + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))


def precision_recall(real: Tensor, generated: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, eqs. 1-3).

    Args:
        real: features [n, d].
        generated: features [m, d].
        neighbours: k; a point's ball reaches to its k-th neighbour of the same set.

    Returns:
        precision, the share of generated points inside a ball around a real one, and recall, the other way round.

    Raises:
        ArgumentError: a set has too few points for its k-th neighbour.
    """
    for name, points in (("real", real), ("generated", generated)):
        if points.ndim != 2 or len(points) <= neighbours:
            raise ArgumentError(name, tuple(points.shape), f"more than {neighbours} rows of features")
    return _share_inside(real, generated, neighbours), _share_inside(generated, real, neighbours)


def _share_inside(support: Tensor, points: Tensor, neighbours: int) -> float:
    # The nearest of a point's own set is the point itself, hence one neighbour more.
    radii = torch.cat(
        [torch.cdist(rows, support).kthvalue(neighbours + 1, dim=1).values for rows in support.split(BLOCK)]
    )
    inside = [(torch.cdist(rows, support) <= radii).any(dim=1) for rows in points.split(BLOCK)]
    return torch.cat(inside).float().mean().item()


def _checked(name: str, features: Tensor) -> npt.NDArray[np.float64]:
    if features.ndim != 2 or len(features) < 2:
        raise ArgumentError(name, tuple(features.shape), "features of shape [n, d], n at least 2")
    return features.detach().cpu().double().numpy()
