import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops import prior


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(dims=st.integers(2, 600), scale=st.floats(1e-3, 1e3))
def test_shell_keeps_the_direction_and_sets_the_norm(dims, scale):
    x = scale * normal(5, dims)
    y = prior.shell(x)
    assert torch.allclose(y.norm(dim=1), torch.full((5,), math.sqrt(dims)), rtol=1e-5)
    assert torch.allclose(torch.cosine_similarity(x, y), torch.ones(5), atol=1e-5)


def test_shell_leaves_zero_alone():
    assert torch.equal(prior.shell(torch.zeros(2, 8)), torch.zeros(2, 8))


@given(dims=st.integers(2, 600), scale=st.floats(0.01, 10))
def test_shrink_moves_a_norm_to_the_nearest_end_of_the_typical_range(dims, scale):
    x = scale * normal(5, dims)
    low, high = prior.typical_range(dims)
    for before, after in zip(x, prior.shrink(x), strict=True):
        if low <= before.norm() <= high:
            assert torch.equal(before, after)
        else:
            nearest = low if before.norm() < low else high
            assert float(after.norm()) == pytest.approx(nearest, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("dims", [2, 16, 64, 512])
def test_the_typical_range_holds_nearly_all_draws(dims):
    norm = normal(20_000, dims).norm(dim=1)
    low, high = prior.typical_range(dims)
    outside = float(((norm < low) | (norm > high)).float().mean())
    assert 0.0005 < outside < 0.006


def test_free_changes_nothing():
    x = 100 * normal(3, 8)
    assert torch.equal(prior.PRIORS["free"](x), x)


@given(weights=st.lists(st.floats(0.1, 5), min_size=1, max_size=6))
def test_variance_preserving_mix_of_independent_parents_is_standard_normal(weights):
    children = prior.variance_preserving_mix(normal(4000, len(weights), 10), torch.tensor(weights).expand(4000, -1))
    assert float(children.mean()) == pytest.approx(0, abs=0.03)
    assert float(children.var()) == pytest.approx(1, abs=0.04)


def test_variance_preserving_mix_is_its_formula():
    parents, weights = normal(3, 4, 5), normal(3, 4, seed=1)
    for child, xs, a in zip(prior.variance_preserving_mix(parents, weights), parents, weights, strict=True):
        expected = sum(a[i] * xs[i] for i in range(4)) / math.sqrt(sum(float(a[i]) ** 2 for i in range(4)))
        assert torch.allclose(child, expected, atol=1e-5)


@given(k=st.integers(1, 5), dims=st.integers(2, 64), likeness=st.floats(0, 0.99))
def test_norm_preserving_mix_has_the_parents_mean_norm_however_alike_they_are(k, dims, likeness):
    parents = (1 - likeness) * normal(6, k, dims) + likeness * normal(6, 1, dims, seed=1)
    weights = normal(6, k, seed=2).abs() + 0.1
    child = prior.norm_preserving_mix(parents, weights)
    expected = (weights * parents.norm(dim=-1)).sum(1) / weights.sum(1)
    assert torch.allclose(child.norm(dim=1), expected, rtol=1e-4)
    mean = (weights[..., None] * parents).sum(1)
    assert torch.allclose(torch.cosine_similarity(child, mean), torch.ones(6), atol=1e-4)
