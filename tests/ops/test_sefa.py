import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.sefa import factorize, fix_signs


def weights(features, dims, seed):
    return torch.randn(features, dims, generator=torch.Generator().manual_seed(seed))


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**16))
def test_directions_are_orthonormal_and_sorted_and_their_values_sum_to_the_rows(features, dims, seed):
    vectors, values = factorize(weights(features, dims, seed))
    torch.testing.assert_close(vectors @ vectors.T, torch.eye(dims), atol=1e-5, rtol=0)
    assert (values.diff() <= 1e-5).all()
    assert abs(values.sum() - features) < 1e-3


@given(st.integers(0, 2**16), st.floats(0.1, 10))
def test_a_factor_common_to_a_layer_changes_nothing(seed, factor):
    a = weights(20, 6, seed)
    for mine, other in zip(factorize(a), factorize(a * factor), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_the_strongest_direction_changes_the_output_most():
    planted = torch.tensor([0.0, 0.6, 0.0, -0.8])
    rows = torch.cat([planted.expand(50, 4), weights(10, 4, 0)])
    vectors, values = factorize(rows)
    assert abs(vectors[0] @ planted) > 0.99
    assert vectors[0].abs().max() == vectors[0].max()
    assert values[0] > 50


def test_rows_of_zeros_count_for_nothing():
    a = weights(9, 5, 1)
    torch.testing.assert_close(factorize(torch.cat([a, torch.zeros(4, 5)]))[1], factorize(a)[1])


def test_signs_do_not_depend_on_the_sign_given():
    vectors = weights(5, 7, 2)
    assert torch.equal(fix_signs(vectors), fix_signs(-vectors))
