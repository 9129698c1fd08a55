import numpy as np
import pytest
import torch

from spaceseed.arguments import (
    check_device,
    check_integer,
    check_integers,
    check_layers,
    check_number,
    check_scores,
    check_tensor,
    check_type,
)
from spaceseed.errors import ArgumentError


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2, 3),
        torch.ones(2, 3, dtype=torch.float64),
        torch.ones(2, 3, dtype=torch.float16),
        torch.ones(2, 3, dtype=torch.int64),
        np.ones((2, 3)),
        np.ones((2, 3), dtype=">f4"),
        np.ones((2, 3))[::-1],
        [[1, 1, 1], [1, 1, 1]],
        list(torch.ones(2, 3)),
        tuple(torch.ones(2, 3, dtype=torch.float64)),
    ],
    ids=lambda value: str(getattr(value, "dtype", "list")),
)
def test_any_container_of_real_numbers_is_converted(value):
    torch.testing.assert_close(check_tensor("z", value, ["N", 3]), torch.ones(2, 3), rtol=0, atol=0)


def test_rows_of_a_list_keep_their_gradients():
    rows = [torch.ones(3, requires_grad=True), torch.ones(3)]
    check_tensor("z", rows, ["N", 3]).sum().backward()
    torch.testing.assert_close(rows[0].grad, torch.ones(3))


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


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns that these are experimental
@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.to("meta"),
        lambda x: x.to_sparse(),
        lambda x: torch.nested.nested_tensor(list(x)),
        lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8),
    ],
    ids=["meta", "sparse", "nested", "quantized"],
)
def test_a_tensor_that_is_not_dense_is_refused(convert):
    with pytest.raises(ArgumentError, match="dense"):
        check_tensor("z", convert(torch.ones(2, 3)), ["N", 3])
    with pytest.raises(ArgumentError, match="dense"):
        check_scores("objective", convert(torch.ones(2, 1)), 2)
    with pytest.raises(ArgumentError, match="dense"):
        check_integers("n", convert(torch.ones(2, 1)), 2)


def test_another_type_is_refused_by_its_name():
    assert check_type("text", "a", str, "a text") == "a"
    with pytest.raises(ArgumentError, match="text = 'Tensor' is not allowed: it must be a text"):
        check_type("text", torch.ones(1), str, "a text")


def test_a_message_never_prints_a_tensor():
    for check in (check_integer, check_number):
        with pytest.raises(ArgumentError, match="n = 'Tensor' is not allowed"):
            check("n", torch.ones(100), 1)
    with pytest.raises(ArgumentError) as caught:
        check_integer("n", "a long text " * 100, 1)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("value", ["a long text " * 100, list(range(1000)), {"a": torch.zeros(1000)}])
def test_a_message_repeats_a_long_value_in_part(value):
    error = ArgumentError("name", value, "short")
    assert len(str(error)) < 200
    assert str(error).endswith("... is not allowed: it must be short.")
    assert error.value is value


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), "3", None, True])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(ArgumentError, match="a finite number"):
        check_number("n", value)


@pytest.mark.parametrize(
    "value", [[3, 4], (3, 4), range(3, 5), np.array([3, 4]), [np.int64(3), np.uint8(4)], torch.tensor([3, 4])],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_integers_may_be_in_any_container(value):
    numbers = check_integers("n", value, 0, 4)
    assert numbers == [3, 4]
    assert all(type(number) is int for number in numbers)


@pytest.mark.parametrize("value", [3, np.int64(3), np.array(3), torch.tensor(3)])
def test_one_integer_is_a_list_of_one(value):
    assert check_integers("n", value, 0) == [3]


@pytest.mark.parametrize("value", ["34", None, [1.5], torch.ones(2), [5], [-1], [[1]], 3.0, [True]])
def test_other_than_integers_in_range_is_refused(value):
    with pytest.raises(ArgumentError, match="an integer from 0 to 4"):
        check_integers("n", value, 0, 4)


def test_an_integer_too_long_to_print_is_refused():
    for check in (check_integer, check_number):
        with pytest.raises(ArgumentError, match="n = 'int' is not allowed"):
            check("n", 10**5000, 0, 4)


def test_layers_are_sorted_and_some():
    assert check_layers("layers", [3, 1, 3], 4) == (1, 3)
    assert check_layers("layers", 2, 4) == (2,)
    for value in ([], range(0), [4], "12"):
        with pytest.raises(ArgumentError, match="from 0 to 3"):
            check_layers("layers", value, 4)


@pytest.mark.parametrize(
    "value",
    [torch.tensor([1.0, 2]), torch.tensor([[1], [2]]), torch.tensor([1.0, 2]).double(), np.array([1, 2]), [1, 2]],
    ids=["tensor", "column", "double", "array", "list"],
)
def test_scores_may_be_in_any_container(value):
    assert torch.equal(check_scores("objective", value, 2), torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    "value",
    [torch.ones(3), torch.ones(1, 2), torch.tensor(1.0), 1.0, "ab", None, torch.ones(2) > 0, 1j * torch.ones(2)],
)
def test_anything_but_one_score_an_image_is_refused(value):
    with pytest.raises(ArgumentError, match=r"objective = .* must be one score for each of 2 images"):
        check_scores("objective", value, 2)


def test_scores_may_be_infinite_and_keep_their_gradient():
    scores = torch.tensor([torch.inf, torch.nan], requires_grad=True)
    checked = check_scores("objective", scores, 2)
    assert checked.requires_grad
    assert not checked.isfinite().any()


def test_a_device_that_is_not_here_is_refused(monkeypatch):
    assert check_device("device", None) == check_device("device", "cpu") == torch.device("cpu")
    assert check_device("device", torch.device("cpu", 0)).type == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for value in ("gpu", "cuda", "cuda:1", "meta", torch.device("cuda"), 3.5, torch.ones(2)):
        with pytest.raises(ArgumentError, match="'cpu': this machine has no other device"):
            check_device("device", value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert check_device("device", "cuda:1") == torch.device("cuda:1")
    with pytest.raises(ArgumentError, match="one of 'cpu', 'cuda:0', 'cuda:1'"):
        check_device("device", "cuda:2")
