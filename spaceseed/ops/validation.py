"""How far a score can be trusted that was learned from few examples: by examples that were held out.

held_out = cross_validate(ESTIMATORS["mean"], bad, good, keep=0.75)
held_out.auc, held_out.chance                 # about 0.5 and 1 where nothing was learned

`auc` says how well the score does, `chance` how sure it is that it does anything at all.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.ops.discriminant import Estimator, ridge_logistic

FOLDS = 5
# Few examples can be split in many ways, of which one is a matter of luck; many are split once.
ROUNDS = 5
ENOUGH_FOR_ONE_ROUND = 200
# How much is bet on a score, in units of its standard deviation. The smallest pays where many examples differ little,
# the largest where few differ much; money is spread evenly.
STAKES = (0.25, 0.5, 1.0, 2.0)
# The score to bet on is learned anew whenever there are so many times as many examples.
GROWTH = 1.1


@dataclass(frozen=True)
class HeldOut:
    """What examples say of scores that were learned without them.

    Attributes:
        auc: the chance that a bad one scores higher than a good one; 0.5 where nothing was learned.
        chance: a bound on how often examples look so telling where nothing can be learned, 0 to 1, see `p_value`.
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
        chance=p_value(estimate, bad, good),
        bad_refused=float(torch.cat(refused["bad"]).double().mean()),
        good_allowed=1 - float(torch.cat(refused["good"]).double().mean()),
        slope=slope,
        offset=offset,
    )


def area_under_curve(positive: Tensor, negative: Tensor) -> float:
    """Returns the chance that one of `positive` [n] is above one of `negative` [m]; equal ones count half."""
    gaps = positive[:, None] - negative[None]
    return float(((gaps > 0).double() + 0.5 * (gaps == 0)).mean())


def p_value(estimate: Estimator, bad: Tensor, good: Tensor) -> float:
    """Bounds how often chance alone makes examples look so telling, however often and whenever one looks.

    A test by betting (Shafer 2021, "Testing by betting"; Shekhar & Ramdas 2023, "Nonparametric two-sample testing by
    betting"). The i-th bad and the i-th good example make a pair. The score learned from the pairs before says which
    one is the bad one, and money is bet on that: with d the difference of their scores, it is multiplied by
    2 sigmoid(stake d). Where the labels mean nothing, both ways round are equally likely and no bet gains on average;
    so money grows to k times what it was, at any time, in at most 1 of k cases (Ville 1939). Held-out areas of
    cross-validation give no such bound, because each fold learns from what the others are tested on.

    Args:
        estimate: one of `discriminant.ESTIMATORS`.
        bad: [n, dims] in the order in which they were marked; adding examples at the end never raises the result.
        good: [m, dims], likewise. More than the shorter set has are not used.

    Returns:
        1 / (the most money at any time), at most 1.
    """
    stakes = torch.tensor(STAKES, dtype=torch.float64)
    money = torch.full_like(stakes, 1 / len(stakes)).log()
    most, learned_from = 0.0, 0
    for i in range(2, min(len(bad), len(good))):
        if i >= GROWTH * learned_from:
            learned, learned_from = estimate(bad[:i], good[:i]), i
        difference = (learned.score(bad[i : i + 1]) - learned.score(good[i : i + 1])) / learned.deviation()
        money += math.log(2) + torch.nn.functional.logsigmoid(stakes * difference)
        most = max(most, float(money.logsumexp(dim=0)))
    return math.exp(-most)


def calibrate(bad: Tensor, good: Tensor) -> tuple[float, float]:
    """Fits the slope, 0 or more, and the offset that turn held-out scores [n] and [m] into log odds, at even odds.

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
