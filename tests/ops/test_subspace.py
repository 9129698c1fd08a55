import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.ops.subspace import mean_difference, reject


def unit(seed, *shape):
    vectors = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=-1)


@given(st.integers(0, 2**16), st.integers(0, 5))
def test_what_is_left_is_orthogonal_to_the_others_and_nearest_to_the_vector(seed, k):
    vector, others = unit(seed, 8), unit(seed + 1, k, 8)
    rest = reject(vector, others)
    torch.testing.assert_close(others @ rest, torch.zeros(k), atol=1e-5, rtol=0)
    assert abs(rest.norm() - 1) < 1e-5
    assert rest @ vector > 0


def test_repeated_others_count_once():
    vector, other = unit(0, 6), unit(1, 1, 6)
    torch.testing.assert_close(reject(vector, other.repeat(3, 1)), reject(vector, other))


def test_a_vector_in_their_span_is_refused():
    others = unit(2, 3, 6)
    with pytest.raises(ArgumentError, match="span"):
        reject(torch.nn.functional.normalize(others.sum(dim=0), dim=0), others)


def test_the_mean_difference_points_from_one_set_to_the_other():
    base = unit(3, 50, 6)
    torch.testing.assert_close(mean_difference(base + torch.eye(6)[2] * 4, base), torch.eye(6)[2])
