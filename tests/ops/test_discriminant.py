"""Estimators, compared with their definitions, and on bad regions that satisfy their assumptions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.discriminant import (
    ESTIMATORS,
    PRIOR_DEVIATION,
    Discriminant,
    leading_subspace,
    ridge_logistic,
    shrunk_covariance,
)

DIMS = 24
LINEAR = ("mean", "lda", "logistic")


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


AXES = torch.linalg.qr(normal(99, DIMS, 3)).Q.T  # the three directions that define the regions
REGIONS = {
    "half-space": lambda t: t[:, 0] > 0.84,
    "blob": lambda t: (t - torch.tensor([1.2, 0.6, 0.0])).square().sum(dim=1) < 1.45,
    "shell": lambda t: t.square().sum(dim=1) > 4.64,
}  # each about a fifth of N(0, I)


def marks(region, n, seed, wrong=0.0):
    """Returns n bad and n good draws of N(0, I). A share `wrong` has the other label."""
    z = normal(seed, 12 * n + 100, DIMS)
    bad = REGIONS[region](z @ AXES.T)
    bad, good, k = z[bad][:n], z[~bad][:n], round(wrong * n)
    return torch.cat([bad[k:], good[:k]]), torch.cat([good[k:], bad[:k]])


def share_left(discriminant, region, keep=0.75):
    """Returns the factor of the share of bad draws when the worst quarter by score is refused."""
    z = normal(7, 20_000, DIMS)
    bad = REGIONS[region](z @ AXES.T)
    kept = discriminant.score(z) <= discriminant.quantile(keep)
    assert kept.double().mean() == pytest.approx(keep, abs=0.02)
    return float(bad[kept].double().mean() / bad.double().mean())


# In theory a plane removes almost nothing of a shell, and a quadratic score nothing with too few examples.
LEFT = [
    ("half-space", 10, LINEAR, 0.80),
    ("half-space", 30, LINEAR, 0.50),
    ("half-space", 100, LINEAR, 0.25),
    ("half-space", 1000, LINEAR, 0.10),
    ("blob", 30, LINEAR, 0.85),
    ("blob", 1000, ("covariance", "quadratic"), 0.25),
    ("shell", 1000, ("covariance", "quadratic"), 0.30),
]


@pytest.mark.parametrize(("region", "n", "methods", "most"), LEFT)
def test_the_planted_region_is_found(region, n, methods, most):
    for method in methods:
        left = [share_left(ESTIMATORS[method](*marks(region, n, seed)), region) for seed in range(3)]
        assert sum(left) / 3 < most, method


@pytest.mark.parametrize(("n", "most"), [(10, 0.9), (30, 0.7), (100, 0.45), (1000, 0.15)])
def test_one_wrong_label_in_ten_does_little_harm(n, most):
    for method in LINEAR:
        left = [
            share_left(ESTIMATORS[method](*marks("half-space", n, seed, wrong=0.1)), "half-space") for seed in range(3)
        ]
        assert sum(left) / 3 < most, method


def test_a_plane_cannot_separate_a_shell():
    for method in LINEAR:
        assert share_left(ESTIMATORS[method](*marks("shell", 1000, 0)), "shell") > 0.9


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize(("n", "m", "dims"), [(2, 2, 2), (2, 9, 40), (5, 5, 512), (60, 4, 3)])
def test_any_number_of_examples_gives_a_finite_score_along_orthonormal_directions(method, n, m, dims):
    found = ESTIMATORS[method](normal(0, n, dims) + 0.3, normal(1, m, dims))
    identity = torch.eye(len(found.directions), dtype=torch.float64)
    torch.testing.assert_close(found.directions @ found.directions.T, identity, atol=1e-9, rtol=0)
    assert found.score(normal(2, 50, dims)).isfinite().all()
    assert found.deviation() > 0
    assert found.is_linear == (method in LINEAR)


def test_the_mean_and_lda_are_log_odds_of_gaussians():
    bad, good, z = normal(0, 4000, 3) + torch.tensor([1.0, 0.5, 0.0]), normal(1, 4000, 3), normal(2, 20, 3)
    expected = z @ torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64) - 1.25 / 2
    for method in ("mean", "lda"):
        torch.testing.assert_close(ESTIMATORS[method](bad, good).score(z), expected, atol=0.25, rtol=0)


def test_covariance_is_the_log_ratio_of_two_gaussians():
    bad = normal(0, 20_000, 3) * torch.tensor([2.0, 0.5, 1.0]) + torch.tensor([0.0, 0.0, 1.0])
    z = normal(1, 20, 3)
    narrow = torch.distributions.Normal(torch.tensor([0.0, 0.0, 1.0]), torch.tensor([2.0, 0.5, 1.0]))
    expected = (narrow.log_prob(z) - torch.distributions.Normal(0, 1).log_prob(z)).sum(dim=1)
    found = ESTIMATORS["covariance"](bad, normal(2, 20_000, 3)).score(z)
    torch.testing.assert_close(found, expected.double(), atol=0.3, rtol=0.05)


def test_logistic_regression_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    bad, good = marks("half-space", 40, 0)
    features = torch.cat([bad, good[:20]])
    targets = torch.cat([torch.ones(40), torch.zeros(20)]).double()
    theirs = LogisticRegression(C=PRIOR_DEVIATION**2 / DIMS, class_weight="balanced", tol=1e-10, max_iter=10_000)
    theirs.fit(features.numpy(), targets.numpy())
    weights, bias = ridge_logistic(features, targets)
    torch.testing.assert_close(weights, torch.from_numpy(theirs.coef_[0]), atol=1e-5, rtol=0)
    assert float(bias) == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_with_fewer_rows_than_dimensions_the_solution_is_the_same_optimum():
    features, targets = normal(0, 6, 40), torch.tensor([1, 1, 1, 0, 0, 0], dtype=torch.float64)
    weights, bias = ridge_logistic(features, targets)
    gradient = features.T @ ((features @ weights + bias).sigmoid() - targets) + 40 / PRIOR_DEVIATION**2 * weights
    torch.testing.assert_close(gradient, torch.zeros(40, dtype=torch.float64), atol=1e-8, rtol=0)


def test_shrinkage_is_schaefers_and_strimmers():
    rows = normal(0, 30, 4) * torch.tensor([0.5, 1.0, 2.0, 3.0])
    rows = rows - rows.mean(dim=0)
    sample, identity = rows.T @ rows / 29, torch.eye(4, dtype=torch.float64)
    products = torch.stack([torch.outer(row, row) for row in rows])
    variance = 30 / 29**3 * (products - products.mean(dim=0)).square().sum()
    weight = variance / (sample - identity).square().sum()
    expected = (1 - weight) * sample + weight * identity
    torch.testing.assert_close(shrunk_covariance(rows, degrees=29), expected)


def test_few_rows_shrink_to_the_prior_and_many_do_not():
    for n, mixing, low, high in ((6, 0.0, 0.6, 1.0), (20_000, 0.2, 0.0, 0.01)):
        rows = normal(0, n, 40) @ (torch.eye(40) + mixing).double()
        rows = rows - rows.mean(dim=0)
        off = ~torch.eye(40, dtype=torch.bool)
        kept = shrunk_covariance(rows, n - 1)[off] / (rows.T @ rows / (n - 1))[off]
        assert low <= 1 - kept.mean() <= high


def test_the_subspace_holds_the_difference_of_the_means_and_the_unusual_spread():
    bad, good = normal(0, 2000, 10), normal(1, 2000, 10)
    bad[:, 1] *= 3
    bad[:, 2] *= 0.2
    bad[:, 0] += 2
    axes = leading_subspace(bad, good, rank=3)
    torch.testing.assert_close(axes.abs()[:, :3].max(dim=0).values, torch.ones(3).double(), atol=0.05, rtol=0)


@st.composite
def discriminants(draw):
    seed, k = draw(st.integers(0, 2**16)), draw(st.integers(1, 3))
    curved = draw(st.booleans())
    axes = torch.linalg.qr(normal(seed, 6, k)).Q.T
    linear = normal(seed + 1, k).abs() if k == 1 else normal(seed + 1, k)
    return Discriminant.of(axes, linear, normal(seed + 2, k) * curved, 0.3)


@given(discriminants(), st.floats(0.05, 0.95))
def test_quantiles_and_shares_belong_together_and_to_draws(discriminant, share):
    limit = discriminant.quantile(share)
    assert discriminant.share_below(limit) == pytest.approx(share, abs=1e-4)
    z = normal(0, 4000, 6)
    assert (discriminant.score(z) <= limit).double().mean() == pytest.approx(share, abs=0.035)
    assert discriminant.score(z).std() == pytest.approx(discriminant.deviation(), rel=0.15)


@given(discriminants(), st.integers(0, 2**16))
def test_moving_changes_the_coordinates_and_nothing_else(discriminant, seed):
    x, u = normal(seed, 4, 6), normal(seed + 1, 4, len(discriminant.linear))
    moved = discriminant.move(x, u)
    torch.testing.assert_close(discriminant.coordinates(moved), u)
    axes = discriminant.directions
    torch.testing.assert_close(moved - moved @ axes.T @ axes, x - x @ axes.T @ axes)


@given(discriminants(), st.integers(0, 2**16))
def test_measured_on_other_draws_the_score_is_the_same_and_its_coordinates_are_white(discriminant, seed):
    draws = normal(seed, 500, 6) @ (normal(seed + 1, 6, 6) + 2 * torch.eye(6)) + 2
    measured = discriminant.measured_on(draws)
    torch.testing.assert_close(measured.score(draws), discriminant.score(draws), atol=1e-6, rtol=1e-6)
    u, k = measured.coordinates(draws), len(discriminant.linear)
    torch.testing.assert_close(u.mean(dim=0), torch.zeros_like(u[0]), atol=1e-7, rtol=0)
    torch.testing.assert_close(torch.cov(u.T).reshape(k, k), torch.eye(k).double(), atol=1e-6, rtol=0)
    assert measured.is_linear == discriminant.is_linear
    target = normal(seed + 2, 500, k)
    torch.testing.assert_close(measured.coordinates(measured.move(draws, target)), target, atol=1e-6, rtol=0)


def test_a_latent_follows_its_coordinates_as_correlated_latents_do():
    mixing = normal(0, 6, 6)
    draws, axis = normal(1, 50_000, 6) @ mixing, torch.eye(6, dtype=torch.float64)[:1]
    one = torch.ones(1, dtype=torch.float64)
    found = Discriminant.of(axis, one, 0 * one, 0.0).measured_on(draws)
    # If the coordinate of draws is redrawn, the result must be draws too: the same covariance.
    moved = found.move(draws, normal(2, 50_000, 1))
    torch.testing.assert_close(torch.cov(moved.T), torch.cov(draws.T), atol=0.25, rtol=0.05)
