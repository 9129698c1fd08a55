"""The Gaussian prior of latents: z ~ N(0, I) lies on a thin shell of radius sqrt(d), and search must stay there.

The norm of z follows the chi distribution with d degrees of freedom: mean close to sqrt(d - 1/2), standard deviation
close to sqrt(1/2) for every d. A difference x + F (y - z) or a mean (x + y) / 2 leaves that shell, and a generator
that has never been trained out there draws broken images. An optimizer's `prior` says what is done about it:

    "free"    nothing: for w and ws, which are no Gaussians, and for objectives that have their own bounds
    "shell"   every candidate is rescaled to norm sqrt(d)
    "shrink"  a norm outside the typical range is moved to the nearest end of it, all others are left alone

"shell" is the default. The radius carries next to no information (it varies by 1 / sqrt(2 d), 4 % at d = 256, and
generators with a normalised mapping ignore it), while candidates of differential evolution have norms near
sqrt((1 + 2 F^2) d): under "shrink" nearly all of them would end on the outer edge of the typical range, under "shell"
in the middle of it.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

TYPICAL_DEVIATIONS = 3.0


def typical_range(dims: int) -> tuple[float, float]:
    """Returns the norms that draws of N(0, I) in `dims` dimensions have: chi's mean -+ 3 standard deviations.

    Uses E = sqrt(d - 1/2) and sd = sqrt(1/2), the leading terms for large d. At least 99.6 % of draws lie inside for
    every d from 2 up.
    """
    middle, reach = math.sqrt(dims - 0.5), TYPICAL_DEVIATIONS * math.sqrt(0.5)
    return max(middle - reach, 0.0), middle + reach


def free(x: Tensor) -> Tensor:
    """Leaves latents `[..., dims]` as they are."""
    return x


def shell(x: Tensor) -> Tensor:
    """Rescales latents `[..., dims]` to norm sqrt(dims); a zero vector has no direction and stays zero."""
    return with_norm(x, torch.full_like(x[..., :1], math.sqrt(x.shape[-1])))


def shrink(x: Tensor) -> Tensor:
    """Rescales latents `[..., dims]` whose norm is outside `typical_range(dims)` to its nearest end."""
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

    child = sum_i a_i x_i / sqrt(sum_i a_i^2): variances of independent variables add up with squared weights, so the
    plain weighted mean would have variance sum_i a_i^2 / (sum_i a_i)^2, 1 / k for k equal weights. Parents that
    resemble one another add up to more than that: use `norm_preserving_mix` for a converged population.

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

    The direction is that of sum_i a_i x_i. Holds for dependent parents too; parents that cancel out give zero.

    Args:
        parents: `[..., k, dims]`, k parents for each child.
        weights: `[..., k]`, of any sign, not all zero; the norm is weighted by their absolute values.

    Returns:
        Children `[..., dims]`.
    """
    mixed = (weights[..., None] * parents).sum(dim=-2)
    share = weights.abs() / weights.abs().sum(dim=-1, keepdim=True)
    return with_norm(mixed, (share * parents.norm(dim=-1)).sum(dim=-1, keepdim=True))
