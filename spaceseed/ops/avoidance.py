"""Draws of N(0, I) that avoid a region, and their divergence from N(0, I).

Each function moves coordinates u [n, k] along a few directions, in float64. `Discriminant.move` then moves the latent;
its components orthogonal to the directions do not change. The result of a row depends only on that row. So a batch can
be split in any way, and a seed with a filter always gives the same latent.

    truncated   refuses one side of a limit along one direction: exactly the truncated normal, in closed form
    redrawn     refuses any region, by rejection: exactly the conditional distribution, unless all tries fail
    tilted      refuses nothing and moves everything: the result is again Gaussian
"""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# A coordinate that is stored in float32 and read again may have grown by this.
ROUNDING = 1e-5
TRIES = 64


def truncated(u: Tensor, limit: float) -> Tensor:
    """Moves N(0, 1) coordinates [n, 1] so that they follow N(0, 1) given u <= limit. Those below it do not change.

    For a coordinate beyond the limit, v = P(U > u) / P(U > limit) is itself uniform. The coordinate is replaced by the
    v-quantile of the truncated distribution. This is an exact draw without new random numbers, and a coordinate just
    beyond the limit moves just inside.
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
    """Returns coordinates [n, k], where those with a score above `limit` are drawn again by rejection sampling.

    The tries of a row come from a generator that its key seeds. If all tries of a row fail, the one with the lowest
    score is used. The probability of this is (1 - acceptance)^(tries + 1).

    Args:
        u: N(0, I), [n, k].
        keys: [n, any], float32; rows that must be drawn independently need different keys.
        score: returns the scores [...] of coordinates [..., k].
        limit: the highest score that is allowed.
        slack: tolerance for scores of the given coordinates, because of rounding.
        tries: maximum number of draws for each row.
    """
    refused = (score(u) > limit + slack).nonzero().flatten().tolist()
    if not refused:
        return u
    drawn = np.stack([_generator(keys[i]).randn(tries, u.shape[1]) for i in refused])
    candidates = torch.from_numpy(drawn).to(u)
    scores = score(candidates)
    # The first try that is allowed, or else the best.
    allowed = scores <= limit
    chosen = torch.where(allowed.any(dim=1), allowed.int().argmax(dim=1), scores.argmin(dim=1))
    result = u.clone()
    result[refused] = candidates[torch.arange(len(refused)), chosen]
    return result


def tilted(u: Tensor, linear: Tensor, quadratic: Tensor, strength: float) -> Tensor:
    """Moves N(0, I) coordinates [n, k] to the Gaussian density N(0, I) exp(-strength (linear u + quadratic u^2))."""
    mean, deviation = _tilt(linear, quadratic, strength)
    return mean + deviation * u


def tilt_divergence(linear: Tensor, quadratic: Tensor, strength: float) -> float:
    """Returns the Kullback-Leibler divergence of the tilted Gaussian from N(0, I), in nats, exactly."""
    mean, deviation = _tilt(linear, quadratic, strength)
    return float(0.5 * (deviation.square() + mean.square() - 1 - 2 * deviation.log()).sum())


def tilt_strength(linear: Tensor, quadratic: Tensor, divergence: float) -> float:
    """Returns the strength at which the tilted Gaussian has this divergence, 0 or more, from N(0, I)."""
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
    """Returns the Kullback-Leibler divergence, in nats, of a distribution restricted to a region of this share."""
    return -math.log(acceptance)
