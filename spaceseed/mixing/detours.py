"""Detours: ways from find to find around latents that a filter refuses.

A detour is the direct way plus a parabola, so it is smooth, and begins and ends exactly at the finds.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import normalize

from spaceseed.ops.interpolate import lerp, slerp

# Returns the penalty [n] of latents [n, dims]: 0 where they are allowed, else more.
Penalty = Callable[[Tensor], Tensor]
# Detours that are tried, how far aside they go, as shares of the leg's length, and places that are looked at.
TRIED = 8
REACH = (0.2, 0.7)
PLACES = 15
# A detour is taken if it lowers the mean penalty by this: a tenth of a standard deviation of a filter's score.
WORTH = 0.01


class Way(Protocol):
    """A way from latents a to latents b."""

    def __call__(self, a: Tensor, b: Tensor, t: Tensor, offset: Tensor) -> Tensor:
        """Returns the latents [..., dims] at positions t [...], 0 to 1. `offset` [..., dims] moves the middle."""


def line(a: Tensor, b: Tensor, t: Tensor, offset: Tensor) -> Tensor:
    """A `Way`: a straight line if nothing moves it."""
    return lerp(a, b, t) + _height(t, a) * offset


def arc(a: Tensor, b: Tensor, t: Tensor, offset: Tensor) -> Tensor:
    """A `Way`: a great arc if nothing moves it, and else at the same distance from 0."""
    direct = slerp(a, b, t)
    moved = direct + _height(t, a) * offset
    return moved * (direct.norm(dim=-1, keepdim=True) / moved.norm(dim=-1, keepdim=True).clamp(min=1e-12))


def choose_detours(way: Way, a: Tensor, b: Tensor, draws: Tensor, penalty: Penalty) -> Tensor:
    """Chooses for each leg of a walk the way with the lowest mean penalty.

    Args:
        way: the way of a leg.
        a: latents [legs, dims] where legs begin.
        b: those where they end.
        draws: random latents [k, dims] with mean 0: the directions of the detours.
        penalty: is to be low.

    Returns:
        the offset of each leg, [legs, dims]; 0 where the direct way is the best, or about as good.
    """
    t = torch.linspace(0, 1, PLACES + 2, device=a.device)[1:-1]
    steps = normalize(draws, dim=1) * torch.linspace(*REACH, len(draws), device=a.device)[:, None]
    lengths = (b - a).norm(dim=1, keepdim=True)
    offsets = lengths * torch.cat([torch.zeros_like(steps[:1]), steps])[:, None]  # [1 + k, legs, dims]
    ways = [way(a[:, None], b[:, None], t, offset[:, None]).flatten(0, 1) for offset in offsets]
    costs = torch.stack([penalty(points).view(len(a), PLACES).mean(dim=1).cpu() for points in ways])
    best = costs.argmin(dim=0)
    best[costs[0] - costs.amin(dim=0) < WORTH] = 0
    return offsets[best, range(len(a))]


def _height(t: Tensor, like: Tensor) -> Tensor:
    """Returns the height [..., 1] of the parabola: 0 at both ends, 1 in the middle."""
    return (4 * t * (1 - t)).to(like)[..., None]
