"""Samplers, compared with their distributions in closed form or over many draws."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spaceseed.ops.avoidance import redrawn, rejection_divergence, tilt_divergence, tilt_strength, tilted, truncated


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
