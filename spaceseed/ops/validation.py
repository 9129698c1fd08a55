"""Held-out validation of scores that were learned from few examples.

    held_out = cross_validate(ESTIMATORS["mean"], bad, good, keep=0.75)
    held_out.auc, held_out.chance                 # about 0.5 and 1 if nothing was learned

`auc` measures how good the score is, `chance` how certain it is that the score has any value.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.ops.discriminant import Estimator, ridge_logistic

FOLDS = 5
# The result of one random split of few examples is noisy, so they are split several times. Many are split once.
ROUNDS = 5
ENOUGH_FOR_ONE_ROUND = 200
# The amounts that are bet on a score, in units of its standard deviation. The smallest is best if many examples differ
# little, the largest if few examples differ much. The initial money is spread evenly.
STAKES = (0.25, 0.5, 1.0, 2.0)
# The score to bet on is learned again whenever the number of examples has grown by this factor.
GROWTH = 1.1


@dataclass(frozen=True)
class HeldOut:
    """Results on held-out examples, which scores were not learned from.

    Attributes:
        auc: the probability that a bad one scores higher than a good one; 0.5 if nothing was learned.
        chance: a bound on the probability of such a result if nothing can be learned, 0 to 1, see `p_value`.
        bad_refused: share of the bad ones among the worst of all latents, see `cross_validate`.
        good_allowed: share of the good ones that are not among them.
        slope: slope of the log odds in the score: 1 if the score is calibrated, 0 if it has no value.
        offset: the log odds at a score of 0, for equal numbers of bad and good ones.
    """

    auc: float
    chance: float
    bad_refused: float
    good_allowed: float
    slope: float
    offset: float


def cross_validate(estimate: Estimator, bad: Tensor, good: Tensor, keep: float, seed: int = 0) -> HeldOut:
    """Learns from four fifths of the examples at a time and tests on the rest.

    Args:
        estimate: one of `discriminant.ESTIMATORS`.
        bad: [n, dims], n at least 2.
        good: [m, dims], m at least 2.
        keep: the share of all latents to allow: those with the lowest scores.
        seed: seed of the splits.
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
            # Within a fold, because scores of different folds have different biases, which depend on the examples.
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
    """Returns the probability that one of `positive` [n] is above one of `negative` [m]; ties count half."""
    gaps = positive[:, None] - negative[None]
    return float(((gaps > 0).double() + 0.5 * (gaps == 0)).mean())


def p_value(estimate: Estimator, bad: Tensor, good: Tensor) -> float:
    """Returns a bound on the probability of such examples if labels are random, valid at any number of examples.

    This is a test by betting (Shafer 2021, "Testing by betting"; Shekhar & Ramdas 2023, "Nonparametric two-sample
    testing by betting"). The i-th bad and the i-th good example form a pair. The score learned from the earlier pairs
    predicts which one is bad, and money is bet on it: with d the difference of their scores, the money is multiplied by
    2 sigmoid(stake d). If labels are random, both orders are equally likely and no bet gains on average. So the
    probability that the money ever grows by a factor of k is at most 1 / k (Ville 1939). Held-out areas of
    cross-validation give no such bound, because each fold learns from the test examples of the others.

    Args:
        estimate: one of `discriminant.ESTIMATORS`.
        bad: [n, dims] in the order in which they were marked. Adding examples at the end never increases the result.
        good: [m, dims], in the same way. Examples beyond the length of the shorter set are not used.

    Returns:
        1 / (the maximum of the money), at most 1.
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

    Platt 1999, "Probabilistic Outputs for Support Vector Machines", with his targets: (n + 1) / (n + 2) and 1 / (m + 2)
    instead of 1 and 0, so that a few well-separated examples do not give certainty.
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
