import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.crossover import CROSSOVERS, binomial, blend, exponential, one_point, sbx, two_point, uniform

EVERY = CROSSOVERS | {
    "binomial": lambda a, b, g: binomial(a, b, 0.7, g),
    "exponential": lambda a, b, g: exponential(a, b, 0.7, g),
}
SWAPS = ["one-point", "two-point", "uniform", "binomial", "exponential"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed))


def from_b(crossover, n, dims, seed=0):
    """Returns the mask of coordinates that a swapping crossover takes from its second parent."""
    return crossover(torch.zeros(n, dims), torch.ones(n, dims), seeded(seed)).bool()


@pytest.mark.parametrize("name", EVERY)
@given(n=st.integers(0, 9), dims=st.integers(2, 40), seed=st.integers(0, 99))
def test_shape_dtype_and_determinism(name, n, dims, seed):
    for dtype in (torch.float32, torch.float64):
        a, b = normal(n, dims).to(dtype), normal(n, dims, seed=1).to(dtype)
        before = a.clone(), b.clone()
        child = EVERY[name](a, b, seeded(seed))
        assert child.shape == (n, dims)
        assert child.dtype == dtype
        assert torch.equal(child, EVERY[name](a, b, seeded(seed)))
        assert torch.equal(a, before[0])
        assert torch.equal(b, before[1])


@pytest.mark.parametrize("name", EVERY)
def test_a_child_depends_on_its_own_parents_alone(name):
    a, b = normal(6, 12), normal(6, 12, seed=1)
    whole = EVERY[name](a, b, seeded(2))
    for i in range(6):
        others = torch.arange(6) != i
        x, y = a.clone(), b.clone()
        x[others] = y[others] = torch.nan
        assert torch.equal(EVERY[name](x, y, seeded(2))[i], whole[i])


@pytest.mark.parametrize("name", EVERY)
def test_equal_parents_have_themselves_as_child(name):
    a = normal(20, 30)
    assert torch.allclose(EVERY[name](a, a, seeded()), a, atol=1e-5)


@pytest.mark.parametrize("name", SWAPS)
def test_swaps_take_every_coordinate_from_a_parent(name):
    a, b = normal(30, 17), normal(30, 17, seed=1)
    child = EVERY[name](a, b, seeded())
    assert bool(((child == a) | (child == b)).all())


@given(dims=st.integers(2, 30), seed=st.integers(0, 99))
def test_one_point_takes_a_tail_and_two_point_a_window(dims, seed):
    for mask in from_b(one_point, 20, dims, seed):
        assert mask.tolist() == sorted(mask.tolist())
        assert 1 <= int(mask.sum()) <= dims - 1
    for mask in from_b(two_point, 20, dims, seed):
        assert int(mask.int().diff().abs().sum()) <= 2
        assert 1 <= int(mask.sum()) <= dims - 1
        assert not mask[-1]


def test_cuts_are_uniform():
    lengths = from_b(one_point, 9000, 10).sum(1).bincount(minlength=11)
    assert lengths[0] == lengths[10] == 0
    assert torch.allclose(lengths[1:10] / 9000, torch.tensor(1 / 9), atol=0.015)
    # Of the 45 unordered pairs of cuts, 10 - k have distance k.
    windows = from_b(two_point, 9000, 10).sum(1).bincount(minlength=11)
    assert torch.allclose(windows[1:10] / 9000, (10 - torch.arange(1, 10)) / 45, atol=0.015)


@given(cr=st.floats(0, 1), dims=st.integers(2, 20), seed=st.integers(0, 99))
def test_binomial_is_its_definition(cr, dims, seed):
    target, donor, generator = normal(7, dims), normal(7, dims, seed=1), seeded(seed)
    j_rand, u = torch.randint(dims, (7, 1), generator=generator), torch.rand(7, dims, generator=generator)
    trial = binomial(target, donor, cr, seeded(seed))
    for i in range(7):
        for j in range(dims):
            crosses = float(u[i, j]) < cr or j == int(j_rand[i])
            assert trial[i, j] == (donor[i, j] if crosses else target[i, j])
        assert bool((trial[i] == donor[i]).any())


@given(cr=st.floats(0, 1), dims=st.integers(2, 20), seed=st.integers(0, 99))
def test_exponential_is_its_definition(cr, dims, seed):
    target, donor, generator = normal(7, dims), normal(7, dims, seed=1), seeded(seed)
    a = torch.randint(dims, (7, 1), generator=generator)
    b = torch.randint(1, dims + 1, (7, 1), generator=generator)
    u = torch.rand(7, dims, generator=generator)
    trial = exponential(target, donor, cr, seeded(seed))
    for i in range(7):
        window = {(int(a[i]) + k) % dims for k in range(int(b[i]))}
        for j in range(dims):
            crosses = j in window and float(u[i, j]) < cr
            assert trial[i, j] == (donor[i, j] if crosses else target[i, j])


def test_exponential_windows_wrap_around_and_have_every_length():
    masks = from_b(lambda a, b, g: exponential(a, b, 1.0, g), 8000, 8)
    assert torch.allclose(masks.sum(1).bincount(minlength=9)[1:] / 8000, torch.tensor(1 / 8), atol=0.015)
    assert torch.allclose(masks.float().mean(0), torch.tensor(4.5 / 8), atol=0.02)  # all indices are equally frequent


def test_crossover_rates_at_their_ends():
    target, donor = torch.zeros(50, 9), torch.ones(50, 9)
    assert torch.equal(binomial(target, donor, 0.0, seeded()).sum(1), torch.ones(50))
    assert torch.equal(binomial(target, donor, 1.0, seeded()), donor)
    assert torch.equal(exponential(target, donor, 0.0, seeded()), target)


@pytest.mark.parametrize("alpha", [0.0, 0.366, 0.5])
def test_blend_is_uniform_on_the_widened_interval(alpha):
    a, b = normal(400, 50), normal(400, 50, seed=1)
    child, reach = blend(a, b, seeded(2), alpha), alpha * (a - b).abs()
    low, high = torch.minimum(a, b) - reach, torch.maximum(a, b) + reach
    assert bool(((child >= low - 1e-5) & (child <= high + 1e-5)).all())
    place = (child - low) / (high - low)
    assert float(place.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(place.var()) == pytest.approx(1 / 12, abs=0.003)


@given(eta=st.floats(1.5, 30), seed=st.integers(0, 99))
def test_sbx_is_its_formula(eta, seed):
    a, b, generator = normal(4, 5), normal(4, 5, seed=1), seeded(seed)
    u, mirror = torch.rand(4, 5, generator=generator), torch.rand(4, 5, generator=generator)
    child = sbx(a, b, seeded(seed), eta)
    for i in range(4):
        for j in range(5):
            x, y, v = float(a[i, j]), float(b[i, j]), float(u[i, j])
            beta = (2 * v) ** (1 / (eta + 1)) if v <= 0.5 else (1 / (2 * (1 - v))) ** (1 / (eta + 1))
            pair = 0.5 * ((1 + beta) * x + (1 - beta) * y), 0.5 * ((1 - beta) * x + (1 + beta) * y)
            assert float(child[i, j]) == pytest.approx(pair[float(mirror[i, j]) < 0.5], abs=1e-4)


@pytest.mark.parametrize(
    ("crossover", "variance"),
    [
        (one_point, 1),
        (two_point, 1),
        (uniform, 1),
        (blend, 1),
        (partial(blend, alpha=0.5), 7 / 6),
        (partial(blend, alpha=0.0), 2 / 3),
        (sbx, 1 + 2 / (18 * 14)),
        (partial(sbx, eta=3), 1 + 2 / (6 * 2)),
        (CROSSOVERS["spherical"], 1),
    ],
)
def test_the_marginal_mean_and_variance_of_independent_parents(crossover, variance):
    child = crossover(normal(3000, 100), normal(3000, 100, seed=1), seeded(2))
    assert float(child.mean()) == pytest.approx(0, abs=0.01)
    assert float(child.var()) == pytest.approx(variance, abs=0.015)


def test_spherical_keeps_the_norm_and_lies_between():
    a, b = (math.sqrt(64) * x / x.norm(dim=1, keepdim=True) for x in (normal(99, 64), normal(99, 64, seed=1)))
    child = CROSSOVERS["spherical"](a, b, seeded())
    assert torch.allclose(child.norm(dim=1), torch.full((99,), 8.0), atol=1e-4)
    angle = lambda x, y: torch.cosine_similarity(x, y).clamp(-1, 1).acos()  # noqa: E731
    assert torch.allclose(angle(a, child) + angle(child, b), angle(a, b), atol=5e-3)


@pytest.mark.parametrize("name", EVERY)
def test_the_result_is_where_the_latents_are(name):
    a = torch.empty(3, 8, device="meta")  # cannot be mixed with CPU tensors, like those of an accelerator
    assert EVERY[name](a, a, seeded()).device == a.device
