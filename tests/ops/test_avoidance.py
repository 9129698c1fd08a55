"""Samplers, compared with their distributions in closed form or over many draws."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spaceseed.ops.avoidance import (
    Acceptance,
    chances,
    redrawn,
    rejection_divergence,
    resampled,
    soft_divergence,
    tilt_divergence,
    tilt_strength,
    tilted,
    truncated,
)


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("limit", [-1.5, 0.0, 0.7, 2.5])
def test_truncated_coordinates_follow_the_truncated_normal_distribution(limit):
    u = normal(0, 4000, 1)
    found = truncated(u, limit)
    assert stats.kstest(found.flatten(), stats.truncnorm(-math.inf, limit).cdf).pvalue > 0.01
    assert found.max() <= limit + 2e-5
    kept = u <= limit
    assert torch.equal(found[kept], u[kept])


@given(st.floats(-3, 2), st.floats(-38, 38))
def test_truncation_is_continuous_at_the_border_and_finite_everywhere(limit, value):
    u = torch.tensor([[value], [limit + 1e-4]], dtype=torch.float64)
    found = truncated(u, limit)
    assert found.isfinite().all()
    assert found[1, 0] == pytest.approx(limit, abs=6e-3)
    assert torch.equal(truncated(found, limit), found)


def outside(u):
    return -u.square().sum(dim=-1)  # the worst are in the middle


def test_redrawn_coordinates_follow_the_conditional_distribution():
    u = normal(0, 4000, 2)
    found = redrawn(u, u.float(), outside, limit=-1.0)
    # |u|^2 is exponential with mean 2 and memoryless, so the excess above the limit is exponential too.
    assert stats.kstest(found.square().sum(dim=1) - 1, stats.expon(scale=2).cdf).pvalue > 0.01
    kept = outside(u) <= -1
    assert torch.equal(found[kept], u[kept])
    assert kept.double().mean() == pytest.approx(math.exp(-0.5), abs=0.02)
    angles = torch.atan2(found[~kept, 0], found[~kept, 1])
    assert stats.kstest(angles, stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 0.01


def test_a_row_is_redrawn_by_its_own_key_alone():
    u, keys = normal(0, 60, 2), normal(1, 60, 5).float()
    whole = redrawn(u, keys, outside, limit=-3.0)
    alone = torch.cat([redrawn(row[None], key[None], outside, limit=-3.0) for row, key in zip(u, keys, strict=True)])
    assert torch.equal(whole, alone)
    refused = outside(u) > -3
    other = redrawn(u, keys + 1, outside, limit=-3.0)
    assert not (other[refused] == whole[refused]).any()


def test_tries_are_bounded_and_the_best_of_them_is_taken():
    u = torch.zeros(20, 1, dtype=torch.float64)
    found = redrawn(u, normal(0, 20, 1).float(), lambda u: u[..., 0], limit=-100.0, tries=8)
    assert found.max() < 0
    best = redrawn(u, normal(0, 20, 1).float(), lambda u: u[..., 0], limit=-100.0, tries=64)
    assert (best <= found).all()


@st.composite
def tilts(draw):
    seed, k = draw(st.integers(0, 2**16)), draw(st.integers(1, 4))
    return normal(seed, k) + 0.1, normal(seed + 1, k) * draw(st.sampled_from([0.0, 0.5]))


@given(tilts(), st.floats(0.01, 3))
def test_the_tilt_has_the_divergence_that_was_asked_for(tilt, divergence):
    strength = tilt_strength(*tilt, divergence)
    assert tilt_divergence(*tilt, strength) == pytest.approx(divergence, rel=1e-6)


def test_tilted_coordinates_have_the_promised_density_and_divergence():
    linear, quadratic, strength = torch.tensor([0.8]).double(), torch.tensor([-0.2]).double(), 0.7
    found = tilted(normal(0, 20_000, 1), linear, quadratic, strength).flatten()
    grid = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    prior = torch.exp(-grid.square() / 2) / math.sqrt(2 * math.pi)
    density = prior * torch.exp(-strength * (linear * grid + quadratic * grid.square()))
    density = density / density.sum()
    mean = float((density * grid).sum())
    assert found.mean() == pytest.approx(mean, abs=0.03)
    assert found.var() == pytest.approx(float((density * (grid - mean).square()).sum()), rel=0.05)
    divergence = (density * (density / (prior / prior.sum())).log()).sum()
    assert tilt_divergence(linear, quadratic, strength) == pytest.approx(float(divergence), rel=1e-6)


def test_the_divergence_of_a_part_is_minus_the_log_of_its_share():
    limit = 0.5
    draws = truncated(normal(0, 100_000, 1), limit)
    share = float(torch.special.ndtr(torch.tensor(limit)))
    density = stats.truncnorm(-math.inf, limit).logpdf(draws) - stats.norm.logpdf(draws)
    assert rejection_divergence(share) == pytest.approx(float(density[draws.numpy() <= limit].mean()), rel=1e-5)


def test_chances_are_uniform_and_always_the_same():
    keys = normal(3, 4000, 5).float()
    found = chances(keys)
    assert stats.kstest(found, stats.uniform.cdf).pvalue > 0.01
    assert torch.equal(chances(keys[7:9]), found[7:9])
    assert torch.equal(chances(keys.double()), found)


def likely(x):
    return (-(x[:, 0].double() ** 2)).exp()  # N(0, 1) times this is N(0, 1/3)


def test_resampled_latents_follow_the_density_times_the_probability():
    z = normal(4, 4000, 3).float()
    found = resampled(z, z, likely, lambda drawn: drawn)
    assert stats.kstest(found[:, 0].double(), stats.norm(scale=3**-0.5).cdf).pvalue > 0.01
    assert stats.kstest(found[:, 1].double(), stats.norm.cdf).pvalue > 0.01
    kept = chances(z) < likely(z)
    assert torch.equal(found[kept], z[kept])
    assert (chances(found) < likely(found)).all()  # so doing it again changes nothing
    assert torch.equal(resampled(found, found, likely, lambda drawn: drawn), found)


def test_a_latent_is_resampled_by_its_own_key_alone():
    z = normal(5, 40, 3).float()
    vectors = 2 * z
    whole = resampled(vectors, z, likely, lambda drawn: 2 * drawn)
    rows = [resampled(x[None], key[None], likely, lambda drawn: 2 * drawn) for x, key in zip(vectors, z, strict=True)]
    assert torch.equal(whole, torch.cat(rows))


def test_where_nothing_is_accepted_the_likeliest_try_is_used():
    z = normal(6, 20, 2).float()
    found = resampled(z, z, lambda x: 1e-12 * (x[:, 0].double().sigmoid()), lambda drawn: drawn, tries=30)
    assert (found[:, 0] > 1).all()


@given(st.floats(0.02, 0.98), st.floats(0.01, 5), st.floats(-20, 20))
def test_an_acceptance_keeps_the_share_or_more(share, spread, middle):
    scores = middle + spread * normal(7, 500)
    acceptance = Acceptance.keeping(scores, share)
    p = acceptance.probability(scores)
    assert ((p >= 0) & (p <= 1)).all()
    assert float(p.mean()) >= share - 1e-6
    order = scores.argsort()
    assert (p[order].diff() <= 1e-12).all()
    if spread > 3:
        assert float(p.mean()) == pytest.approx(share, abs=0.02)
    torch.testing.assert_close(acceptance.log_probability(scores).exp(), p)


def test_scores_that_do_not_differ_refuse_nothing():
    scores = torch.full((100,), 3.0, dtype=torch.float64)
    assert (Acceptance.keeping(scores, 0.1).probability(scores) == 1).all()


def test_the_divergence_of_a_soft_acceptance_is_that_of_its_density():
    assert soft_divergence(torch.ones(5)) == 0
    assert soft_divergence(torch.tensor([1.0, 1.0, 0.0, 0.0])) == pytest.approx(rejection_divergence(0.5))
    x = normal(8, 200_000, 1)
    # N(0, 1/3) from N(0, 1): (1/3 - 1 + log 3) / 2
    assert soft_divergence(likely(x)) == pytest.approx((1 / 3 - 1 + math.log(3)) / 2, abs=0.01)
