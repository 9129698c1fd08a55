"""Draws of N(0, I) that avoid a region, and their divergence from N(0, I).

Each function moves coordinates u [n, k] along a few directions, in float64. `Discriminant.move` then moves the latent;
its components orthogonal to the directions do not change. The result of a row depends only on that row. So a batch can
be split in any way, and a seed with a filter always gives the same latent.

    truncated   refuses one side of a limit along one direction: exactly the truncated normal, in closed form
    redrawn     refuses any region, by rejection: exactly the conditional distribution, unless all tries fail
    tilted      refuses nothing and moves everything: the result is again Gaussian

`resampled` draws whole latents again, and accepts each with its own probability. So the density of the draws is
multiplied by this probability, for any score.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# A coordinate that is stored in float32 and read again may have grown by this.
ROUNDING = 1e-5
TRIES = 64
# Share of draws whose scores are as good as the best: the lowest score of all would depend on a single draw.
LOWEST = 0.01
# Beyond so many log odds below the lowest score, a lower limit changes nothing.
STEEPEST = 20.0


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


def resampled(
    latents: Tensor,
    keys: Tensor,
    probability: Callable[[Tensor], Tensor],
    from_z: Callable[[Tensor], Tensor],
    tries: int = TRIES,
) -> Tensor:
    """Returns latents [n, dims], where those that are not accepted are drawn again (von Neumann's rejection sampling).

    A latent is accepted if `chances` of its key is below its probability. So whether it is accepted depends on nothing
    but itself. If all tries of a row fail, the one with the highest probability is used.

    Args:
        latents: draws of the prior.
        keys: their z [n, z_dim], float32.
        probability: returns the probability [m] of accepting latents [m, dims].
        from_z: returns the latents [m, dims] of z [m, z_dim].
        tries: maximum number of draws for each row.
    """
    likely = probability(latents)
    left = (chances(keys).to(likely.device) >= likely).nonzero().flatten().tolist()
    streams = {i: _generator(keys[i]) for i in left}
    result, best = latents.clone(), likely.clone()
    for _ in range(tries):
        if not left:
            break
        z = torch.from_numpy(np.stack([streams[i].randn(keys.shape[1]) for i in left])).float()
        drawn = from_z(z).to(latents)
        likely = probability(drawn)
        accepted = chances(z).to(likely.device) < likely
        taken = (accepted | (likely > best[left])).nonzero().flatten().tolist()
        rows = [left[k] for k in taken]
        result[rows], best[rows] = drawn[taken], likely[taken]
        left = [i for i, done in zip(left, accepted.tolist(), strict=True) if not done]
    return result


def chances(keys: Tensor) -> Tensor:
    """Returns a number in [0, 1) for each of keys [n, any], float64 [n]: always the same one, uniform over keys."""
    numbers = [int.from_bytes(_digest(key)[:8], "little") >> 11 for key in keys]
    return torch.tensor(numbers, dtype=torch.float64) / 2**53


@dataclass(frozen=True)
class Acceptance:
    """The probability to accept a latent of a score: min(1, sigmoid(limit - score) / sigmoid(limit - low)).

    For log odds that is rejection sampling: with a high limit of the latents that are good, and the lower it is, the
    more the density is multiplied by the odds themselves, until this alone decides (discriminator rejection sampling,
    Azadi et al. 2019, has the same dial). The best latents are always accepted. So scores that hardly differ, as after
    few marks, refuse hardly any.

    Attributes:
        limit: the score at which a latent is accepted half as often as at the lowest scores.
        low: scores up to this one are always accepted.
    """

    limit: float
    low: float

    @classmethod
    def keeping(cls, scores: Tensor, share: float) -> "Acceptance":
        """Returns the acceptance that keeps this share of draws with these scores [n], or more if it cannot."""
        low = float(scores.quantile(LOWEST))
        least, most = low - STEEPEST, float(scores.max()) + STEEPEST
        for _ in range(60):
            middle = (least + most) / 2
            kept = float(cls(middle, low).probability(scores).mean())
            least, most = (middle, most) if kept < share else (least, middle)
        return cls(most, low)

    def probability(self, scores: Tensor) -> Tensor:
        """Returns the probability of accepting latents with scores [n], [n]."""
        return self.log_probability(scores).exp()

    def log_probability(self, scores: Tensor) -> Tensor:
        """Returns its logarithm, [n]; differentiable."""
        logs = torch.nn.functional.logsigmoid(self.limit - scores)
        return (logs - torch.nn.functional.logsigmoid(logs.new_tensor(self.limit - self.low))).clamp(max=0)


def soft_divergence(probability: Tensor) -> float:
    """Returns the Kullback-Leibler divergence, in nats, of accepted draws from the prior.

    Args:
        probability: of accepting each of many draws of the prior, [n].
    """
    return max(0.0, float(density_divergence(probability)))


def density_divergence(weights: Tensor) -> Tensor:
    """Returns the Kullback-Leibler divergence, in nats, of draws with weights [n] from even ones: a scalar."""
    shares = weights / weights.mean()
    return torch.special.xlogy(shares, shares).mean()


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
    return np.random.RandomState(np.frombuffer(_digest(key), dtype="<u4"))


def _digest(key: Tensor) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(key.detach().cpu().numpy().astype("<f4")).tobytes()).digest()


def rejection_divergence(acceptance: float) -> float:
    """Returns the Kullback-Leibler divergence, in nats, of a distribution restricted to a region of this share."""
    return -math.log(acceptance)
