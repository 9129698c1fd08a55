"""The Gaussian prior of latents: z ~ N(0, I) lies on a thin shell of radius sqrt(d), and a search must stay there.

The norm of z follows the chi distribution with d degrees of freedom. Its mean is close to sqrt(d - 1/2), its standard
deviation close to sqrt(1/2) for every d. A difference x + F (y - z) or a mean (x + y) / 2 leaves that shell, where the
generator was never trained and draws broken images. The `prior` of an optimizer is one of:

    "free"    no change: for w and ws, which are not Gaussian, and for objectives with their own bounds
    "shell"   every candidate is rescaled to norm sqrt(d)
    "shrink"  a norm outside the typical range is moved to the nearest end of it; others do not change

"shell" is the default. The radius holds almost no information: it varies by 1 / sqrt(2 d), 4 % at d = 256, and
generators that normalise z ignore it. Candidates of differential evolution have norms near sqrt((1 + 2 F^2) d). With
"shrink" nearly all of them would be moved to the outer end of the typical range, with "shell" to its middle.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

TYPICAL_DEVIATIONS = 3.0


def typical_range(dims: int) -> tuple[float, float]:
    """Returns the typical range of norms of draws of N(0, I) in `dims` dimensions: chi's mean -+ 3 standard deviations.

    It uses E = sqrt(d - 1/2) and sd = sqrt(1/2), the leading terms for large d. At least 99.6 % of draws are inside for
    every d from 2.
    """
    middle, reach = math.sqrt(dims - 0.5), TYPICAL_DEVIATIONS * math.sqrt(0.5)
    return max(middle - reach, 0.0), middle + reach


def free(x: Tensor) -> Tensor:
    """Returns latents `[..., dims]` unchanged."""
    return x


def shell(x: Tensor) -> Tensor:
    """Rescales latents `[..., dims]` to norm sqrt(dims). A zero vector stays zero."""
    return with_norm(x, torch.full_like(x[..., :1], math.sqrt(x.shape[-1])))


def shrink(x: Tensor) -> Tensor:
    """Rescales latents `[..., dims]` with a norm outside `typical_range(dims)` to the nearest end of it."""
    low, high = typical_range(x.shape[-1])
    norm = x.norm(dim=-1, keepdim=True)
    typical = (norm >= low) & (norm <= high)
    return torch.where(typical, x, with_norm(x, norm.clamp(low, high)))


PRIORS: dict[str, Callable[[Tensor], Tensor]] = {"free": free, "shell": shell, "shrink": shrink}


def with_norm(x: Tensor, norm: Tensor) -> Tensor:
    """Rescales latents `[..., dims]` to `norm` `[..., 1]`."""
    return torch.nn.functional.normalize(x, dim=-1) * norm


def variance_preserving_mix(parents: Tensor, weights: Tensor) -> Tensor:
    """Mixes latents so that independent N(0, I) parents have an N(0, I) child.

    child = sum_i a_i x_i / sqrt(sum_i a_i^2), because variances of independent variables add up with squared weights.
    The plain weighted mean would have variance sum_i a_i^2 / (sum_i a_i)^2, 1 / k for k equal weights. Parents that are
    similar give a larger variance: use `norm_preserving_mix` for a converged population.

    Args:
        parents: `[..., k, dims]`, k parents for each child.
        weights: `[..., k]`, of any sign, not all zero.

    Returns:
        Children `[..., dims]`.
    """
    mixed = (weights[..., None] * parents).sum(dim=-2)
    return mixed / weights.square().sum(dim=-1, keepdim=True).sqrt()


def norm_preserving_mix(parents: Tensor, weights: Tensor) -> Tensor:
    """Mixes latents into a child whose norm is the weighted mean of its parents' norms.

    The direction is that of sum_i a_i x_i. This also holds for dependent parents. Parents that cancel out give zero.

    Args:
        parents: `[..., k, dims]`, k parents for each child.
        weights: `[..., k]`, of any sign, not all zero; the norm is weighted by their absolute values.

    Returns:
        Children `[..., dims]`.
    """
    mixed = (weights[..., None] * parents).sum(dim=-2)
    share = weights.abs() / weights.abs().sum(dim=-1, keepdim=True)
    return with_norm(mixed, (share * parents.norm(dim=-1)).sum(dim=-1, keepdim=True))
