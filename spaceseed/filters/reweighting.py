"""Latent reweighting: a network of latents learns how often each is to be drawn, from what a judge sees in images.

Issenhuth et al. 2021, "Latent reweighting, an almost free improvement for GANs", train such a network against a critic.
Here it minimises what is measured, over many random draws that have been seen once:

- with real images, the Frechet distance of the weighted draws to them, in the judge's features;
- with marks, the share of bad images among the weighted draws. How likely a draw is to be bad is learned from the marks
  in the judge's features, where images with the same fault are near to each other, and calibrated on held-out marks. So
  marks that mean nothing make all draws about equally likely to be bad, and little changes;
- the Kullback-Leibler divergence from the prior, at a price.

Each of the first two is divided by its value without weights. With both, a person says what is bad, and the real images
say what must not be lost.
"""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spaceseed.ops.avoidance import Acceptance, density_divergence
from spaceseed.ops.discriminant import logistic, mean
from spaceseed.ops.network import Network
from spaceseed.ops.validation import FOLDS, HeldOut, area_under_curve, calibrate, p_value

if TYPE_CHECKING:
    from sklearn.svm import SVC

# Share of the draws that the network is not trained on. They say when to stop, and what it is worth.
TESTED = 0.2
STEPS, PATIENCE, RATE, DECAY = 300, 40, 3e-3, 1e-2  # of AdamW
PRICE = 0.1  # of a nat of divergence
# Principal components of the features that are compared with real images, at most: it takes a root of their covariance.
COMPONENTS = 128
# Draws that are as likely to be bad as a held-out mark, by which its chance to be accepted is estimated.
ALIKE = 50
# Draws and real images that say how well the two are told apart: the time of a fit grows with their square.
COMPARED = 1_000
# Marks of each kind from which on a filter refuses as much as it is asked to.
CERTAIN = 10
# Of the largest variance of a feature. Below it there is little but noise.
LEAST_VARIANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Marks:
    """What a judge saw in the images that a person marked: features [b, d] of the bad, [g, d] of the good ones."""

    bad: Tensor
    good: Tensor


@dataclass(frozen=True, eq=False)
class Reweighting:
    """What was learned.

    Examples are the marks. If there are none, generated images are the bad and real ones the good examples.

    Attributes:
        network: scores latents.
        acceptance: which scores are accepted how often.
        probability: of accepting each of the draws that this was measured on, [m].
        held_out: how well held-out examples are told apart by their images. Its chance is that of either, with marks
            and real images. Its shares are those of refused and of accepted draws, among those that look like bad and
            like good examples. Slope and offset are 0 without marks.
    """

    network: Network
    acceptance: Acceptance
    probability: Tensor
    held_out: HeldOut


def share_kept(keep: float, bad: int, good: int) -> float:
    """Returns the share of draws to keep: above `keep` if so few of a kind are marked that they may be luck."""
    return 1 - (1 - keep) * min(1.0, bad / CERTAIN, good / CERTAIN)


def reweighting(
    latents: Tensor,
    features: Tensor,
    marks: Marks | None,
    real: Tensor | None,
    keep: float,
    fresh: Tensor,
    seed: int = 0,
) -> Reweighting:
    """Learns from marks, from real images, or from both.

    Args:
        latents: [n, dims] of random draws.
        features: [n, d] of their images.
        marks: the examples; two or more of each kind.
        real: features [r, d] of real images.
        keep: share of draws to accept, above 0 and below 1. With few marks alone it is more.
        fresh: [m, dims] of other random draws, on which the share is measured.
        seed: of the network and the folds.
    """
    if marks is not None and real is None:
        keep = share_kept(keep, len(marks.bad), len(marks.good))
    scale = Scaling.of(features)
    drawn = scale(features)
    bad = None if marks is None else Likelihood(scale(marks.bad), scale(marks.good), seed)
    likely = None if bad is None else bad.of_draws(drawn)
    distance = None if real is None else FrechetDistance.of(features, real)
    network = _trained(latents, distance, likely, keep, seed)
    scores, others = network.score(latents), network.score(fresh)
    acceptance = Acceptance.keeping(others, keep)
    chances, slope, offset = [], 0.0, 0.0
    examples, seen = bad, likely
    if marks is not None and likely is not None:
        chances.append(p_value(logistic, scale(marks.bad), scale(marks.good)))
        slope, offset = _line(scores, likely.logit())
    if real is not None:
        generated, real = drawn[:COMPARED], scale(real[:COMPARED])
        chances.append(p_value(mean, generated, real))
        if examples is None:
            examples = Likelihood(generated, real, seed)
            seen = examples.of_draws(drawn)
    assert examples is not None
    assert seen is not None
    probability = acceptance.probability(scores)
    held_out = HeldOut(
        auc=examples.auc,
        chance=min(1.0, len(chances) * min(chances)),  # Bonferroni
        bad_refused=1 - _expected(examples.bad, seen, probability),
        good_allowed=_expected(examples.good, seen, probability),
        slope=slope,
        offset=offset,
    )
    return Reweighting(network, acceptance, acceptance.probability(others), held_out)


def _line(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Returns slope, 0 or more, and offset of the straight line through points [n]."""
    centered = x - x.mean()
    slope = max(0.0, float(centered @ y / centered.square().sum().clamp(min=1e-12)))
    return slope, float(y.mean() - slope * x.mean())


def _expected(likely: Tensor, of_draws: Tensor, probability: Tensor) -> float:
    """Returns the mean probability of the draws that are as likely to be bad as held-out examples.

    Args:
        likely: probability that each example is bad, [n], by a fit without it.
        of_draws: the same of draws, [m].
        probability: that a draw is accepted, [m].
    """
    order = of_draws.argsort()
    places = torch.searchsorted(of_draws[order], likely)
    sums = torch.cat([probability.new_zeros(1), probability[order].cumsum(dim=0)])
    low = (places - ALIKE // 2).clamp(0, max(0, len(of_draws) - ALIKE))
    high = (low + ALIKE).clamp(max=len(of_draws))
    return float(((sums[high] - sums[low]) / (high - low)).mean())


# ---------------------------------------------------------------- what is minimised


@dataclass(frozen=True, eq=False)
class FrechetDistance:
    """The Frechet distance of weighted draws to real images, for gradients.

    Attributes:
        features: principal components of the draws' features, [n, k].
        mean: of the real ones, [k].
        covariance: of the real ones, [k, k].
        root: its square root.
    """

    features: Tensor
    mean: Tensor
    covariance: Tensor
    root: Tensor

    @classmethod
    def of(cls, features: Tensor, real: Tensor) -> "FrechetDistance":
        """Prepares it for the features [n, d] of draws and [r, d] of real images."""
        rows, others = features.double(), real.double()
        center = rows.mean(dim=0)
        _, axes = torch.linalg.eigh(torch.cov((rows - center).T) + torch.cov(others.T))
        axes = axes[:, -COMPONENTS:]
        rows, others = (rows - center) @ axes, (others - center) @ axes
        covariance = torch.cov(others.T)
        values, vectors = torch.linalg.eigh(covariance)
        root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        return cls(rows, others.mean(dim=0), covariance, root)

    def __call__(self, rows: slice, weights: Tensor) -> Tensor:
        """Returns the distance of some draws with weights [n]: a scalar."""
        features, shares = self.features[rows], weights / weights.sum()
        center = shares @ features
        centered = features - center
        covariance = (centered * shares[:, None]).T @ centered
        values = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp(min=1e-12)
        traces = covariance.trace() + self.covariance.trace() - 2 * values.sqrt().sum()
        return (center - self.mean).square().sum() + traces


class Loss:
    """What is minimised over some of the draws, see the module.

    Args:
        rows: the draws.
        distance: of all draws to real images, if there are any.
        likely: probability that each of all draws is bad, [n], if there are marks.
    """

    def __init__(self, rows: slice, distance: FrechetDistance | None, likely: Tensor | None) -> None:
        self._rows, self._distance = rows, distance
        self._likely = None if likely is None else likely[rows] / likely[rows].mean()
        if distance is not None:
            self._even = distance(rows, distance.features.new_ones(len(distance.features[rows])))

    def __call__(self, weights: Tensor) -> Tensor:
        """Returns the loss if the draws have weights [n]: a scalar."""
        loss = PRICE * density_divergence(weights)
        if self._distance is not None:
            loss = loss + self._distance(self._rows, weights) / self._even
        if self._likely is not None:
            loss = loss + weights @ self._likely / weights.sum()
        return loss


@torch.enable_grad()  # a GPU that is lent out runs all work without
def _trained(
    latents: Tensor, distance: FrechetDistance | None, likely: Tensor | None, keep: float, seed: int
) -> Network:
    network = Network.untrained(latents.shape[1], seed)
    parameters = [tensor.requires_grad_() for tensor in (*network.weights, *network.biases)]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    cut = round((1 - TESTED) * len(latents))
    taught, tested = slice(cut), slice(cut, None)
    losses = [Loss(rows, distance, likely) for rows in (taught, tested)]
    best, lowest, since = copy.deepcopy(network), float("inf"), 0
    for _ in range(STEPS):
        scores = network.score(latents)
        acceptance = Acceptance.keeping(scores[taught].detach(), keep)
        weights = acceptance.probability(scores)
        reached = float(losses[1](weights[tested].detach()))
        if reached < lowest - 1e-4:
            best, lowest, since = copy.deepcopy(network), reached, 0
        elif (since := since + 1) > PATIENCE:
            break
        optimizer.zero_grad()
        losses[0](weights[taught]).backward()
        optimizer.step()
    return Network(*(tuple(tensor.detach() for tensor in part) for part in (best.weights, best.biases)))


# ---------------------------------------------------------------- marks


class Likelihood:
    """How likely an image is to be bad: a support vector machine with calibrated and cross-fitted probabilities.

    Its kernel is Gaussian. With 100 marks of renders, of which 30 were damaged and a tenth of the marks was wrong, it
    ranked other renders better than a logistic regression (AUC 0.92 and 0.90), and with 1,000 marks as well (0.99).

    Args:
        bad: features of bad examples, [n, k], scaled by `Scaling`; n at least 2.
        good: those of good ones, [m, k].
        seed: of the folds.

    Attributes:
        bad: probabilities of the bad examples by fits without their fifth of the examples, [n].
        good: those of the good ones, [m].
    """

    def __init__(self, bad: Tensor, good: Tensor, seed: int) -> None:
        rng, count = torch.Generator().manual_seed(seed), min(FOLDS, len(bad), len(good))
        sets = (bad, good)
        folds = [torch.randperm(len(rows), generator=rng) % count for rows in sets]
        held = [torch.empty(len(rows), dtype=torch.float64) for rows in sets]
        for fold in range(count):
            machine = _machine(*(rows[its != fold] for rows, its in zip(sets, folds, strict=True)))
            for scores, rows, its in zip(held, sets, folds, strict=True):
                scores[its == fold] = _scores(machine, rows[its == fold])
        self._slope, self._offset = calibrate(held[0], held[1])
        self._machine = _machine(bad, good)
        self.bad, self.good = (self._probability(scores) for scores in held)

    @property
    def auc(self) -> float:
        """How well held-out examples are told apart."""
        return area_under_curve(self.bad, self.good)

    def of_draws(self, rows: Tensor) -> Tensor:
        """Returns the probability [n] that each of rows [n, k] is bad, at even odds of both kinds."""
        return self._probability(_scores(self._machine, rows))

    def _probability(self, scores: Tensor) -> Tensor:
        return (self._slope * scores + self._offset).sigmoid()


def _machine(bad: Tensor, good: Tensor) -> "SVC":
    from sklearn.svm import SVC  # noqa: PLC0415 - takes a second to import

    rows = torch.cat([bad, good])
    targets = [True] * len(bad) + [False] * len(good)
    return SVC(C=1.0, gamma=0.5 / rows.shape[1], class_weight="balanced").fit(rows.numpy(), targets)


def _scores(machine: "SVC", rows: Tensor) -> Tensor:
    return torch.from_numpy(machine.decision_function(rows.numpy()))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Scales features so that those that vary little count for more, and the mean square of draws is 1.

    Principal components are divided by the fourth root of their variance. Full whitening would divide by the square
    root, which makes noise as important as all else if there are few examples.

    Attributes:
        mean: [d].
        matrix: [d, k]; directions in which draws hardly vary are left out.
    """

    mean: Tensor
    matrix: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Scaling":
        """Measures it on the features [n, d] of draws."""
        rows = features.double()
        center = rows.mean(dim=0)
        values, vectors = torch.linalg.eigh(torch.cov((rows - center).T))
        kept = values > LEAST_VARIANCE * values.max()
        scaled = vectors[:, kept] / values[kept] ** 0.25
        return cls(center, scaled / values[kept].sqrt().mean().sqrt())

    def __call__(self, features: Tensor) -> Tensor:
        """Returns [n, k] of features [n, d]."""
        return (features.double() - self.mean) @ self.matrix
