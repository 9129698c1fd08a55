import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.atlas.codes import decode, encode, limit


def embeddings(seed, count, dims):
    return F.normalize(torch.randn(count, dims, generator=torch.Generator().manual_seed(seed)), dim=1)


CASES = given(seed=st.integers(0, 1000), count=st.integers(1, 9), dims=st.integers(1, 40), bits=st.integers(2, 8))


@CASES
def test_rows_do_not_depend_on_each_other(seed, count, dims, bits):
    exact = embeddings(seed, count, dims)
    codes = encode(exact, bits)
    assert codes.dtype == torch.int8
    assert torch.equal(encode(exact[-1:], bits)[0], codes[-1])
    assert torch.equal(codes.abs().amax(dim=1), torch.full((count,), limit(bits), dtype=torch.int8))


@CASES
def test_a_score_changes_by_no_more_than_the_bound(seed, count, dims, bits):
    exact, wanted = embeddings(seed, count, dims), embeddings(seed + 1, 7, dims)
    decoded = decode(encode(exact, bits))
    assert decoded.norm(dim=1) == pytest.approx(torch.ones(count), abs=1e-5)
    change = ((decoded - exact) @ wanted.T).abs().amax(dim=1)
    assert bool((change <= (dims / 2) ** 0.5 * exact.abs().amax(dim=1) / limit(bits) + 1e-6).all())


def test_the_usual_change_is_that_of_rounding():
    exact, wanted = embeddings(0, 2000, 96), embeddings(1, 20, 96)
    change = (decode(encode(exact)) - exact) @ wanted.T
    usual = exact.abs().amax(dim=1).square().mean().sqrt() / limit() / 12**0.5
    assert float(change.square().mean().sqrt() / usual) == pytest.approx(1, abs=0.1)


def test_zeros_stay_zeros():
    assert not decode(encode(torch.zeros(2, 5))).any()
