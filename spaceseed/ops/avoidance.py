"""Draws of N(0, I) that keep out of a region, and how far that takes them from N(0, I).

Each function moves coordinates u [n, k] along a few directions, in float64, and leaves it to `Discriminant.move` to
bring the latent after them: what is orthogonal to the directions does not change. A row's result depends on that row
alone, so a batch may be split anyhow, and a seed with a filter always means the same latent.

    truncated   beyond a limit along one direction: exactly the truncated normal distribution, in closed form
    redrawn     any region, by tries: exactly the conditional distribution, unless all tries fail
    tilted      nothing is forbidden, all is moved: a Gaussian still
"""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# A coordinate that is written back in float32 and read again may have grown by this.
ROUNDING = 1e-5
TRIES = 64


def truncated(u: Tensor, limit: float) -> Tensor:
    """Moves N(0, 1) coordinates [n, 1] to follow N(0, 1) given u <= limit; those that do already are kept.

    How far a coordinate lies beyond the limit is itself a uniform random number, v = P(U > u) / P(U > limit). The
    v-quantile of the truncated distribution takes its place. That is an exact draw, it needs no random numbers but
    those it was given, and a coordinate just beyond the limit moves just inside.
    """
    border = u.new_tensor(limit)
    v = torch.special.ndtr(-u) / torch.special.ndtr(-border)
    replaced = torch.special.ndtri((v * torch.special.ndtr(border)).clamp(min=1e-300))
    return torch.where(u > border + ROUNDING, replaced.minimum(border), u)


def redrawn(
    u: Tensor,
    keys: Tensor,
    score: Callable[[Tensor], Tensor],
    limit: float,
    slack: float = 0.0,
    tries: int = TRIES,
) -> Tensor:
    """Coordinates [n, k] of which those with a score above `limit` are drawn again, by rejection.

    The tries of a row come from a generator seeded by that row's key. A row whose tries all fail takes the one with
    the lowest score; that befalls a share of (1 - acceptance)^(tries + 1) of all draws.

    Args:
        u: N(0, I), [n, k].
        keys: [n, any], float32; different rows for what is to be drawn independently.
        score: scores [...] of coordinates [..., k].
        limit: the highest score allowed.
        slack: by which a given coordinate may exceed the limit, for rounding.
        tries: draws at most for each row.
    """
    refused = (score(u) > limit + slack).nonzero().flatten().tolist()
    if not refused:
        return u
    drawn = np.stack([_generator(keys[i]).randn(tries, u.shape[1]) for i in refused])
    candidates = torch.from_numpy(drawn).to(u)
    scores = score(candidates)
    # The first that is allowed, or else the best.
    allowed = scores <= limit
    chosen = torch.where(allowed.any(dim=1), allowed.int().argmax(dim=1), scores.argmin(dim=1))
    result = u.clone()
    result[refused] = candidates[torch.arange(len(refused)), chosen]
    return result


def tilted(u: Tensor, linear: Tensor, quadratic: Tensor, strength: float) -> Tensor:
    """Moves N(0, I) coordinates [n, k] to the density N(0, I) exp(-strength (linear u + quadratic u^2)), a Gaussian."""
    mean, deviation = _tilt(linear, quadratic, strength)
    return mean + deviation * u


def tilt_divergence(linear: Tensor, quadratic: Tensor, strength: float) -> float:
    """Returns the Kullback-Leibler divergence of the tilted Gaussian from N(0, I), in nats; exact."""
    mean, deviation = _tilt(linear, quadratic, strength)
    return float(0.5 * (deviation.square() + mean.square() - 1 - 2 * deviation.log()).sum())


def tilt_strength(linear: Tensor, quadratic: Tensor, divergence: float) -> float:
    """Returns the strength at which tilting has this divergence, 0 or more, from N(0, I)."""
    # A coordinate's precision is 1 + 2 strength quadratic, which must stay above 0.
    steepest = -2 * float(quadratic.min().clamp(max=0))
    low, high = 0.0, 1 / steepest if steepest > 0 else 1.0
    while steepest == 0 and tilt_divergence(linear, quadratic, high) < divergence and high < 1e9:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if tilt_divergence(linear, quadratic, middle) < divergence else (low, middle)
    return low


def _tilt(linear: Tensor, quadratic: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    precision = (1 + 2 * strength * quadratic).clamp(min=1e-12)
    return -strength * linear / precision, precision.rsqrt()


def _generator(key: Tensor) -> np.random.RandomState:
    digest = hashlib.sha256(np.ascontiguousarray(key.detach().cpu().numpy().astype("<f4")).tobytes()).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype="<u4"))


def rejection_divergence(acceptance: float) -> float:
    """Returns the divergence (Kullback-Leibler, nats, exact) of a distribution's part inside a region of this share."""
    return -math.log(acceptance)
