"""How far a score can be trusted that was learned from few examples: by examples that were held out.

held_out = cross_validate(ESTIMATORS["mean"], bad, good)
held_out.auc, held_out.chance                 # 0.5 and 1 where nothing was learned
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.ops.discriminant import Estimator, ridge_logistic

FOLDS = 5
# Few examples can be split in many ways, of which one is a matter of luck; many are split once.
ROUNDS = 5
ENOUGH_FOR_ONE_ROUND = 200


@dataclass(frozen=True)
class HeldOut:
    """What examples say of scores that were learned without them.

    Attributes:
        auc: the chance that a bad one scores higher than a good one; 0.5 where nothing was learned.
        chance: how likely so high an auc is where nothing can be learned, 0 to 1.
        bad_refused: share of the bad ones that lie among the worst of all latents, see `cross_validate`.
        good_allowed: share of the good ones that do not.
        slope: of the log odds in the score: 1 where the score can be taken at its word, 0 where it says nothing.
        offset: the log odds at a score of 0, for as many bad as good ones.
    """

    auc: float
    chance: float
    bad_refused: float
    good_allowed: float
    slope: float
    offset: float


def cross_validate(estimate: Estimator, bad: Tensor, good: Tensor, keep: float, seed: int = 0) -> HeldOut:
    """Learns from four fifths of the examples at a time and looks at the rest.

    Args:
        estimate: one of `discriminant.ESTIMATORS`.
        bad: [n, dims], n at least 2.
        good: [m, dims], m at least 2.
        keep: the share of all latents that is to be allowed: those with the lowest scores.
        seed: of the splits.
    """
    rng = torch.Generator().manual_seed(seed)
    folds = min(FOLDS, len(bad), len(good))
    rounds = 1 if len(bad) + len(good) >= ENOUGH_FOR_ONE_ROUND else ROUNDS
    areas: list[float] = []
    scores: dict[str, list[Tensor]] = {"bad": [], "good": []}
    refused: dict[str, list[Tensor]] = {"bad": [], "good": []}
    for _ in range(rounds):
        bad_parts, good_parts = (torch.randperm(len(rows), generator=rng).tensor_split(folds) for rows in (bad, good))
        for bad_part, good_part in zip(bad_parts, good_parts, strict=True):
            learned = estimate(_without(bad, bad_part), _without(good, good_part))
            limit = learned.quantile(keep)
            found = {"bad": learned.score(bad[bad_part]), "good": learned.score(good[good_part])}
            # Within a fold: scores of two folds differ by their biases, which the held-out examples pull apart.
            areas.append(area_under_curve(found["bad"], found["good"]))
            for name, values in found.items():
                scores[name].append(values)
                refused[name].append(values > limit)
    auc = float(torch.tensor(areas).mean())
    slope, offset = calibrate(torch.cat(scores["bad"]), torch.cat(scores["good"]))
    return HeldOut(
        auc=auc,
        chance=chance_of(auc, len(bad), len(good)),
        bad_refused=float(torch.cat(refused["bad"]).double().mean()),
        good_allowed=1 - float(torch.cat(refused["good"]).double().mean()),
        slope=slope,
        offset=offset,
    )


def area_under_curve(positive: Tensor, negative: Tensor) -> float:
    """The chance that one of `positive` [n] is above one of `negative` [m]; equal ones count half."""
    gaps = positive[:, None] - negative[None]
    return float(((gaps > 0).double() + 0.5 * (gaps == 0)).mean())


def chance_of(auc: float, n: int, m: int) -> float:
    """The chance of so high an area, or a higher one, for n and m examples that do not differ.

    The normal approximation of Mann and Whitney 1947: mean 1/2, variance (n + m + 1) / (12 n m).
    """
    deviation = ((n + m + 1) / (12 * n * m)) ** 0.5
    return float(torch.special.ndtr(torch.tensor((0.5 - auc) / deviation, dtype=torch.float64)))


def calibrate(bad: Tensor, good: Tensor) -> tuple[float, float]:
    """Slope, 0 or more, and offset that turn held-out scores [n] and [m] into log odds, for equal numbers of both.

    Platt 1999, "Probabilistic Outputs for Support Vector Machines", with his targets: (n + 1) / (n + 2) and
    1 / (m + 2) instead of 1 and 0, so that a few well-parted examples do not give certainty.
    """
    scores = torch.cat([bad, good])
    middle, spread = scores.mean(), scores.std().clamp(min=1e-12)
    targets = torch.cat(
        [
            torch.full_like(bad, (len(bad) + 1) / (len(bad) + 2)),
            torch.full_like(good, 1 / (len(good) + 2)),
        ]
    )
    weights, bias = ridge_logistic(((scores - middle) / spread)[:, None], targets)
    if weights <= 0:
        return 0.0, 0.0
    slope = weights[0] / spread
    return float(slope), float(bias - slope * middle)


def _without(rows: Tensor, left_out: Tensor) -> Tensor:
    kept = torch.ones(len(rows), dtype=torch.bool)
    kept[left_out] = False
    return rows[kept]
