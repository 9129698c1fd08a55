"""Scores that separate bad latents from good ones, learned from few examples.

The prior of latents is N(0, I), so only directions matter in which the bad differ from the prior or from the good.
Every estimator returns the same kind of score: quadratic along a few orthonormal directions, and independent of all
others. For w, `measured_on` adapts the score to the distribution of w::

    discriminant = ESTIMATORS["logistic"](bad, good)      # [n, dims] each, float64
    discriminant.score(latents)                           # [m]; higher is worse

Usually there are 5 to 50 examples in hundreds of dimensions, so all estimators shrink: towards the covariance of the
prior, which is known, or towards a constant score. `validation` shows whether a score is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import normalize

# Number of directions of a quadratic score.
RANK = 4
# Standard deviation over N(0, I) that a score is expected to have without examples, in log odds.
PRIOR_DEVIATION = 3.0
# Number of draws for estimates of shares of a quadratic score, which are then exact within 1 %.
DRAWS = 2**14
NEWTON_STEPS = 50


@dataclass(frozen=True, eq=False)
class Discriminant:
    """score(x) = bias + sum_i linear_i u_i + quadratic_i u_i^2 of the coordinates u = directions x - center.

    Attributes:
        directions: rows [k, dims] that give the coordinates; orthonormal for z.
        linear: [k].
        quadratic: [k].
        bias: a number.
        center: [k]; 0 for z.
        steps: rows [k, dims]: how the mean of the latents with coordinates u changes with u. For z these are the
            directions themselves.
    """

    directions: Tensor
    linear: Tensor
    quadratic: Tensor
    bias: float
    center: Tensor
    steps: Tensor

    @classmethod
    def of(cls, directions: Tensor, linear: Tensor, quadratic: Tensor, bias: Tensor | float) -> Self:
        """Makes a discriminant for latents that follow N(0, I), along orthonormal directions."""
        return cls(directions, linear, quadratic, float(bias), torch.zeros_like(linear), directions)

    @property
    def is_linear(self) -> bool:
        """True if the score increases along one direction and depends on nothing else."""
        return len(self.linear) == 1 and not self.quadratic.any() and bool(self.linear > 0)

    @property
    def dims(self) -> int:
        """Size of a latent."""
        return self.directions.shape[1]

    def scaled(self, slope: float, offset: float) -> Self:
        """Returns the score times `slope` plus `offset`."""
        return replace(
            self, linear=slope * self.linear, quadratic=slope * self.quadratic, bias=slope * self.bias + offset
        )

    def coordinates(self, x: Tensor) -> Tensor:
        """Returns coordinates u [n, k] of latents [n, dims], float64. They are N(0, I) for draws of the prior."""
        return x.double() @ self.directions.to(x.device).T - self.center.to(x.device)

    def score_of(self, u: Tensor) -> Tensor:
        """Returns scores [...] of coordinates [..., k]."""
        linear, quadratic = self.linear.to(u.device), self.quadratic.to(u.device)
        return self.bias + u @ linear + u.square() @ quadratic

    def score(self, x: Tensor) -> Tensor:
        """Returns scores [n], float64, of latents [n, dims]; higher is worse."""
        return self.score_of(self.coordinates(x))

    def move(self, x: Tensor, u: Tensor) -> Tensor:
        """Moves latents x [n, dims] to the coordinates u [n, k], and keeps everything that is independent of them.

        If u is a new draw, the result is a draw of the latents with coordinates u. This is exact for Gaussians.
        """
        return (x.double() + (u - self.coordinates(x)) @ self.steps.to(x.device)).to(x.dtype)

    def deviation(self) -> float:
        """Returns the standard deviation of the score over draws of the prior."""
        return float((self.linear.square() + 2 * self.quadratic.square()).sum().sqrt())

    def quantile(self, share: float) -> float:
        """Returns the score that a `share` of the prior's draws lie below; exact if linear, otherwise within 1 %."""
        if self.is_linear:
            return self.bias + float(self.linear * torch.special.ndtri(torch.tensor(share, dtype=torch.float64)))
        scores = self._draws().sort().values
        return float(scores[min(round(share * len(scores)), len(scores) - 1)])

    def share_below(self, score: float) -> float:
        """Returns the share of the prior's draws with at most this score; exact if linear, otherwise within 1 %."""
        if self.is_linear:
            return float(torch.special.ndtr((score - self.bias) / self.linear))
        return float((self._draws() <= score).double().mean())

    def measured_on(self, draws: Tensor) -> Self:
        """Returns the same score for latents that follow the distribution of draws [n, dims] instead of N(0, I).

        Coordinates become uncorrelated with unit variance, and each still has its own linear and quadratic term.
        Sampling treats coordinates as N(0, I) and latents as Gaussian, which is approximately true for w.
        """
        x = draws.double()
        t = x @ self.directions.T - self.center
        mean = t.mean(dim=0)
        root = torch.linalg.cholesky(torch.cov(t.T).reshape(2 * [len(mean)]))
        # In y, where t = mean + root y, the score is a quadratic form. A rotation makes it diagonal.
        linear = root.T @ (self.linear + 2 * self.quadratic * mean)
        quadratic, rotation = torch.linalg.eigh(root.T @ (self.quadratic[:, None] * root))
        if not self.quadratic.any():
            rotation = torch.eye(len(mean), dtype=x.dtype)
        read = torch.linalg.solve_triangular(root, torch.eye(len(mean), dtype=x.dtype), upper=False)
        u = (t - mean) @ (rotation.T @ read).T
        return replace(
            self,
            directions=rotation.T @ read @ self.directions,
            center=rotation.T @ read @ (self.center + mean),
            bias=self.bias + float(self.linear @ mean + self.quadratic @ mean.square()),
            linear=rotation.T @ linear,
            quadratic=quadratic,
            steps=u.T @ (x - x.mean(dim=0)) / (len(x) - 1),
        )

    def _draws(self) -> Tensor:
        rng = torch.Generator().manual_seed(0)
        return self.score_of(torch.randn(DRAWS, len(self.linear), generator=rng, dtype=torch.float64))


def mean(bad: Tensor, good: Tensor) -> Discriminant:
    """Estimates the difference of the means: the log odds of two Gaussians with the prior's covariance, I.

    For bad latents beyond a plane, and few examples. It estimates only means.
    """
    return _between_means(bad, good, bad.mean(dim=0) - good.mean(dim=0))


def lda(bad: Tensor, good: Tensor) -> Discriminant:
    """Fisher's discriminant: as `mean`, but with the covariance of both sets around their means.

    It assumes Gaussians with equal covariance, which is shrunk to I (`shrunk_covariance`). With few examples it equals
    `mean`.
    """
    within = torch.cat([bad - bad.mean(dim=0), good - good.mean(dim=0)])
    covariance = shrunk_covariance(within, degrees=max(len(within) - 2, 1))
    return _between_means(bad, good, torch.linalg.solve(covariance, bad.mean(dim=0) - good.mean(dim=0)))


def covariance(bad: Tensor, good: Tensor) -> Discriminant:
    """Estimates the log ratio of a Gaussian fitted to the bad and the prior, in the subspace where both differ most.

    It assumes that the bad form one cluster, narrower or wider than N(0, I) along some directions: a blob, or the two
    ends of a direction. Good examples affect only the first direction. It needs more examples than dimensions to find
    directions in which the bad are narrow, and several examples for each direction in which they are wide.
    """
    axes = leading_subspace(bad, good)
    inside = bad @ axes.T
    center = inside.mean(dim=0)
    values, vectors = torch.linalg.eigh(shrunk_covariance(inside - center, degrees=max(len(bad) - 1, 1)))
    directions, middle = vectors.T @ axes, center @ vectors
    # log N(u; m, v) - log N(u; 0, 1)
    bias = -0.5 * (middle.square() / values + values.log()).sum()
    return Discriminant.of(directions, middle / values, 0.5 * (1 - 1 / values), bias)


def logistic(bad: Tensor, good: Tensor) -> Discriminant:
    """Fits a logistic regression: log odds linear in the latent, with ridge penalty and equal weight of both sets.

    It assumes that the bad lie beyond a plane. Distributions need not be Gaussian.
    """
    weights, bias = ridge_logistic(torch.cat([bad, good]), _targets(bad, good))
    return Discriminant.of(normalize(weights[None]), weights.norm()[None], torch.zeros_like(weights[:1]), bias)


def quadratic(bad: Tensor, good: Tensor) -> Discriminant:
    """Fits a logistic regression on the coordinates in `leading_subspace` and their squares.

    It assumes that a few directions are enough. It is for regions on both sides of the mean, slabs and shells, which a
    plane cannot separate. It needs many examples, because the directions are chosen with the same ones.
    """
    axes = leading_subspace(bad, good)
    u = torch.cat([bad, good]) @ axes.T
    weights, bias = ridge_logistic(torch.cat([u, (u.square() - 1) / 2**0.5], dim=1), _targets(bad, good))
    squares = weights[len(axes) :] / 2**0.5
    return Discriminant.of(axes, weights[: len(axes)], squares, bias - squares.sum())


Estimator = Callable[[Tensor, Tensor], Discriminant]
ESTIMATORS: dict[str, Estimator] = {
    "mean": mean,
    "lda": lda,
    "covariance": covariance,
    "logistic": logistic,
    "quadratic": quadratic,
}


def shrunk_covariance(centered: Tensor, degrees: int) -> Tensor:
    """Returns the sample covariance, shrunk towards I according to its estimation error.

    Schäfer and Strimmer 2005, "A Shrinkage Approach to Large-Scale Covariance Matrix Estimation", eq. 7 and target A:
    the weight of I is the sum of the entries' variances over the sum of their squared distances from I.

    Args:
        centered: rows [n, dims] minus their mean.
        degrees: degrees of freedom: n minus the number of subtracted means; 1 or more.

    Returns:
        [dims, dims], positive definite.
    """
    n, dims = centered.shape
    sample = centered.T @ centered / degrees
    identity = torch.eye(dims, dtype=centered.dtype)
    # The variance of an entry: n / degrees^3 sum_k (x_ki x_kj - mean_ij)^2, here summed over i and j.
    mean_square = (centered.T @ centered / n).square().sum()
    error = (centered.square().sum(dim=1).square().sum() - n * mean_square) * n / degrees**3
    distance = (sample - identity).square().sum()
    weight = (error / distance.clamp(min=1e-12)).clamp(1e-6, 1)
    return (1 - weight) * sample + weight * identity


def leading_subspace(bad: Tensor, good: Tensor, rank: int = RANK) -> Tensor:
    """Returns where the bad differ most from the prior: the difference of the means, then directions of unusual spread.

    The latter solve the generalised eigenproblem C v = lambda I v of the bad's shrunk covariance and the prior's. They
    are sorted by the divergence of N(0, lambda) from N(0, 1), (lambda - 1 - log lambda) / 2.

    Args:
        bad: [n, dims].
        good: [m, dims].
        rank: number of directions. The result has at most this many, fewer than n and at most dims.

    Returns:
        Orthonormal rows [k, dims].
    """
    first = normalize(bad.mean(dim=0) - good.mean(dim=0), dim=0)
    rest = bad - bad.mean(dim=0)
    rest = rest - torch.outer(rest @ first, first)
    _, lengths, spanned = torch.linalg.svd(rest, full_matrices=False)
    spanned = spanned[lengths > 1e-6 * lengths[0].clamp(min=1e-6)]
    values, vectors = torch.linalg.eigh(spanned @ shrunk_covariance(rest, degrees=max(len(bad) - 1, 1)) @ spanned.T)
    order = (values - 1 - values.log()).argsort(descending=True)[: rank - 1]
    return torch.cat([first[None], vectors.T[order] @ spanned])


def ridge_logistic(features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Fits a maximum a posteriori logistic regression by Newton's method.

    The prior of each weight is N(0, PRIOR_DEVIATION^2 / dims), so the expected size of a draw's score does not depend
    on the number of features. Rows with targets above 1/2 have the same total weight as the others.

    Args:
        features: [n, dims], each of unit variance over the prior.
        targets: [n] in [0, 1], on both sides of 1/2.

    Returns:
        The weights [dims] and the bias.
    """
    n, dims = features.shape
    upper = targets > 0.5
    row_weights = torch.where(upper, 0.5 * n / upper.sum(), 0.5 * n / (~upper).sum())
    # By the representer theorem the weights are a sum of rows, so with fewer rows than dimensions these are solved for.
    basis = torch.linalg.svd(features, full_matrices=False).Vh if n < dims else torch.eye(dims, dtype=features.dtype)
    design = torch.cat([features @ basis.T, torch.ones(n, 1, dtype=features.dtype)], dim=1)
    ridge = torch.full((design.shape[1],), dims / PRIOR_DEVIATION**2, dtype=features.dtype)
    ridge[-1] = 1e-6  # nearly no penalty on the bias
    solution = torch.zeros_like(ridge)

    def loss(at: Tensor) -> Tensor:
        logits = design @ at
        errors = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, row_weights, reduction="sum")
        return errors + 0.5 * (ridge * at.square()).sum()

    for _ in range(NEWTON_STEPS):
        p = (design @ solution).sigmoid()
        gradient = design.T @ (row_weights * (p - targets)) + ridge * solution
        hessian = design.T @ (design * (row_weights * p * (1 - p))[:, None]) + torch.diag(ridge)
        step = torch.linalg.solve(hessian, gradient)
        before, size = loss(solution), 1.0
        while loss(solution - size * step) > before and size > 1e-6:  # a full step may overshoot far from the solution
            size /= 2
        solution = solution - size * step
        if step.norm() < 1e-10:
            break
    return basis.T @ solution[:-1], solution[-1]


def _between_means(bad: Tensor, good: Tensor, weights: Tensor) -> Discriminant:
    bias = -0.5 * weights @ (bad.mean(dim=0) + good.mean(dim=0))
    return Discriminant.of(normalize(weights[None]), weights.norm()[None], torch.zeros_like(weights[:1]), bias)


def _targets(bad: Tensor, good: Tensor) -> Tensor:
    return torch.cat([bad.new_ones(len(bad)), good.new_zeros(len(good))])
