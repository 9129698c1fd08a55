import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.interpolate import lerp, slerp


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def textbook_slerp(a, b, t):
    """Shoemake's formula for one pair of unit vectors, in Python floats."""
    omega = math.acos(sum(x * y for x, y in zip(a, b, strict=True)))
    p, q = math.sin((1 - t) * omega) / math.sin(omega), math.sin(t * omega) / math.sin(omega)
    return [p * x + q * y for x, y in zip(a, b, strict=True)]


@given(dims=st.integers(2, 200), t=st.floats(0, 1), seed=st.integers(0, 1000))
def test_slerp_is_shoemakes_formula_with_the_norm_interpolated(dims, t, seed):
    a, b = normal(3, dims, seed=seed), normal(3, dims, seed=seed + 1)
    result = slerp(a, b, t)
    for x, y, z in zip(a, b, result, strict=True):
        norm = (1 - t) * x.norm() + t * y.norm()
        unit = textbook_slerp((x / x.norm()).double().tolist(), (y / y.norm()).double().tolist(), t)
        assert torch.allclose(z, norm * torch.tensor(unit), atol=2e-4)


@given(dims=st.integers(2, 600), t=st.floats(0, 1))
def test_slerp_stays_on_the_shell_and_lerp_leaves_it(dims, t):
    a, b = (x / x.norm(dim=1, keepdim=True) for x in (normal(4, dims), normal(4, dims, seed=1)))
    assert torch.allclose(slerp(a, b, t).norm(dim=1), torch.ones(4), atol=1e-5)
    assert bool((lerp(a, b, t).norm(dim=1) <= 1 + 1e-5).all())


def test_the_middle_of_a_line_between_two_draws_is_off_the_shell():
    a, b = normal(50, 512), normal(50, 512, seed=1)
    assert float(lerp(a, b, 0.5).norm(dim=1).mean()) == pytest.approx(math.sqrt(256), rel=0.02)
    assert float(slerp(a, b, 0.5).norm(dim=1).mean()) == pytest.approx(math.sqrt(512), rel=0.02)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_the_ends_are_the_ends(way):
    a, b = normal(4, 32), 3 * normal(4, 32, seed=1)
    assert torch.allclose(way(a, b, 0.0), a, atol=1e-5)
    assert torch.allclose(way(a, b, 1.0), b, atol=1e-5)


@given(dims=st.integers(2, 64), t=st.floats(0, 1), gap=st.sampled_from([0.0, 1e-9, 1e-6, 1e-3]))
def test_parallel_and_opposite_ends_are_safe(dims, t, gap):
    a = normal(4, dims)
    near = a + gap * normal(4, dims, seed=1)
    assert torch.allclose(slerp(a, near, t), lerp(a, near, t), atol=1e-4)
    around = slerp(a, -near, t)
    assert torch.allclose(
        around.norm(dim=1), lerp(a.norm(dim=1, keepdim=True), near.norm(dim=1, keepdim=True), t)[:, 0]
    )
    cosine = torch.cosine_similarity(a, around)
    assert torch.allclose(cosine, torch.full((4,), math.cos(math.pi * t)), atol=5e-3)


def test_zero_vectors_give_no_nan():
    a, zero = normal(2, 8), torch.zeros(2, 8)
    for x, y in ((a, zero), (zero, a), (zero, zero)):
        assert bool(slerp(x, y, 0.3).isfinite().all())


def test_one_fraction_for_each_row_and_a_whole_path():
    a, b, t = normal(3, 16), normal(3, 16, seed=1), torch.tensor([0.1, 0.5, 0.9])
    rows = torch.stack([slerp(a[i], b[i], float(t[i])) for i in range(3)])
    assert torch.allclose(slerp(a, b, t), rows, atol=1e-5)
    path = slerp(a[0], b[0], torch.linspace(0, 1, 9))
    assert path.shape == (9, 16)
    assert torch.allclose(path[4], slerp(a[0], b[0], 0.5), atol=1e-5)
