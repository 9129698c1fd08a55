import numpy as np
import pytest
import torch

from spaceseed.arguments import check_tensor, check_type
from spaceseed.errors import ArgumentError


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2, 3),
        torch.ones(2, 3, dtype=torch.float64),
        torch.ones(2, 3, dtype=torch.float16),
        torch.ones(2, 3, dtype=torch.int64),
        np.ones((2, 3)),
        [[1, 1, 1], [1, 1, 1]],
    ],
    ids=lambda value: str(getattr(value, "dtype", "list")),
)
def test_whatever_holds_real_numbers_is_converted(value):
    torch.testing.assert_close(check_tensor("z", value, ["N", 3]), torch.ones(2, 3), rtol=0, atol=0)


def test_a_tensor_that_fits_is_itself_and_keeps_its_gradient():
    z = torch.ones(2, 3, requires_grad=True)
    checked = check_tensor("z", z, ["N", 3])
    assert checked is z
    check_tensor("z", z.double(), ["N", 3]).sum().backward()
    torch.testing.assert_close(z.grad, torch.ones(2, 3))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 2, 3)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ArgumentError, match=r"z = .* must be of shape \[N, 3\]"):
        check_tensor("z", torch.ones(shape), ["N", 3])


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_refused_unless_allowed(number):
    with pytest.raises(ArgumentError, match=r"z = 'NaN or infinity' .* finite numbers"):
        check_tensor("z", [[number]], ["N", 1])
    assert check_tensor("z", [[number]], ["N", 1], finite=False).shape == (1, 1)


@pytest.mark.parametrize(
    "value", ["a text", None, object(), [[1], [1, 2]], torch.ones(1, 3, dtype=torch.complex64), torch.ones(1, 3) > 0]
)
def test_what_holds_no_real_numbers_is_refused(value):
    with pytest.raises(ArgumentError, match="a tensor"):
        check_tensor("z", value, ["N", 3])


def test_another_type_is_refused_by_its_name():
    assert check_type("text", "a", str, "a text") == "a"
    with pytest.raises(ArgumentError, match="text = 'Tensor' is not allowed: it must be a text"):
        check_type("text", torch.ones(1), str, "a text")
