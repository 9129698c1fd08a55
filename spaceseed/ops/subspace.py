"""Directions and the subspaces that they span."""

import torch
from torch import Tensor

from spaceseed.errors import ArgumentError

# If less than this is left of a vector, it lies in the subspace, up to rounding.
NOTHING_LEFT = 1e-4


def mean_difference(positive: Tensor, negative: Tensor) -> Tensor:
    """Returns the unit vector [dims] from the mean of `negative` [m, dims] to that of `positive` [n, dims]."""
    return torch.nn.functional.normalize(positive.mean(dim=0) - negative.mean(dim=0), dim=0)


def reject(vector: Tensor, others: Tensor) -> Tensor:
    """Returns the unit vector of the component orthogonal to others, so that steps along it do not move along them.

    Shen et al. 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing", sec. 2.3, for any number of
    others.

    Args:
        vector: [dims], a unit vector.
        others: [k, dims], of any length; k may be 0.

    Returns:
        [dims], a unit vector.

    Raises:
        ArgumentError: the vector lies in the span of the others.
    """
    _, lengths, axes = torch.linalg.svd(torch.nn.functional.normalize(others.double(), dim=1), full_matrices=False)
    axes = axes[lengths > NOTHING_LEFT]
    rest = vector.double() - axes.T @ (axes @ vector.double())
    if rest.norm() < NOTHING_LEFT:
        raise ArgumentError("vector", "one in their span", "independent of the others")
    return torch.nn.functional.normalize(rest, dim=0).to(vector.dtype)
