import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.mutation import MUTATIONS, gaussian, polynomial, polynomial_index, uniform


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed))


@pytest.mark.parametrize("name", MUTATIONS)
@given(n=st.integers(0, 9), dims=st.integers(2, 40), rate=st.floats(0, 1), sigma=st.floats(0, 10))
def test_shape_dtype_and_determinism(name, n, dims, rate, sigma):
    for dtype in (torch.float32, torch.float64):
        x = normal(n, dims).to(dtype)
        before = x.clone()
        y = MUTATIONS[name](x, rate, sigma, seeded(3))
        assert y.shape == x.shape
        assert y.dtype == dtype
        assert bool(y.isfinite().all())
        assert torch.equal(y, MUTATIONS[name](x, rate, sigma, seeded(3)))
        assert torch.equal(x, before)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_row_depends_on_itself_alone(name):
    x = normal(5, 9)
    whole = MUTATIONS[name](x, 0.5, 0.5, seeded(2))
    for i in range(5):
        alone = torch.full_like(x, torch.nan)
        alone[i] = x[i]
        assert torch.equal(MUTATIONS[name](alone, 0.5, 0.5, seeded(2))[i], whole[i])


@pytest.mark.parametrize("name", MUTATIONS)
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_the_rate_is_the_share_of_coordinates_that_change(name, rate):
    x = normal(200, 100)
    changed = (MUTATIONS[name](x, rate, 0.5, seeded(1)) != x).float().mean()
    assert float(changed) == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 1.5])
def test_sigma_is_the_deviation_of_a_gaussian_or_polynomial_step(sigma):
    x = torch.zeros(1000, 100)
    for mutation in (gaussian, polynomial):
        step = mutation(x, 1.0, sigma, seeded())
        assert float(step.std()) == pytest.approx(sigma, rel=0.02)
        assert float(step.mean()) == pytest.approx(0, abs=0.02 * sigma)


@given(sigma=st.floats(0.1, 3), bound=st.floats(1, 6), seed=st.integers(0, 99))
def test_polynomial_is_its_formula_and_stays_within_bounds(sigma, bound, seed):
    x = normal(6, 7).clamp(-bound, bound)
    u, eta = torch.rand(6, 7, generator=seeded(seed)), polynomial_index(sigma, bound)
    y = polynomial(x, 1.0, sigma, seeded(seed), bound)
    assert bool((y.abs() <= bound + 1e-5).all())
    for i in range(6):
        for j in range(7):
            v, p = float(u[i, j]), float(x[i, j])
            if v <= 0.5:
                expected = p + ((2 * v) ** (1 / (1 + eta)) - 1) * (p + bound)
            else:
                expected = p + (1 - (2 * (1 - v)) ** (1 / (1 + eta))) * (bound - p)
            assert float(y[i, j]) == pytest.approx(expected, abs=1e-4)


def test_the_polynomial_index_is_never_negative():
    assert polynomial_index(100.0, 4.0) == 0.0
    assert polynomial_index(4 / math.sqrt(3), 4.0) == pytest.approx(0.0)
    assert polynomial_index(0.3, 4.0) > polynomial_index(0.6, 4.0) > 0


def test_uniform_reset_forgets_the_old_value_and_has_the_priors_moments():
    fresh = uniform(normal(500, 100), 1.0, 0.5, seeded(1))
    assert torch.equal(fresh, uniform(torch.zeros(500, 100), 1.0, 0.5, seeded(1)))
    assert bool((fresh.abs() <= math.sqrt(3)).all())
    assert float(fresh.mean()) == pytest.approx(0, abs=0.015)
    assert float(fresh.var()) == pytest.approx(1, abs=0.015)
    assert float(uniform(torch.zeros(500, 100), 1.0, 0.5, seeded(1), bound=0.1).abs().max()) <= 0.1


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_result_is_where_the_latents_are(name):
    a = torch.empty(3, 8, device="meta")  # cannot be mixed with CPU tensors, like those of an accelerator
    assert MUTATIONS[name](a, 0.5, 0.5, seeded()).device == a.device
