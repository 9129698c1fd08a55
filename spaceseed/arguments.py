"""Checks of arguments: each returns the value in its plain Python type or raises an ArgumentError that names it."""

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import torch
from torch import Tensor

from spaceseed.errors import ArgumentError

T = TypeVar("T")


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]; whole floats and booleans are not integers here."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ArgumentError(name, value, f"an integer from {low} {'up' if high is None else f'to {high}'}")
    return int(value)


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf, above: bool = False) -> float:
    """Return `value` as a finite float in [low, high], or in (low, high] with `above`."""
    number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not low <= value <= high or (above and value == low):
        floor = "" if low == -math.inf else f" {'above' if above else 'from'} {low:g}"
        ceiling = "" if high == math.inf else f" up to {high:g}"
        raise ArgumentError(name, value, f"a finite number{floor}{ceiling}")
    return float(value)


def check_choice(name: str, value: Any, table: Mapping[str, T]) -> T:
    """Return the entry of `table` called `value`."""
    if not isinstance(value, str) or value not in table:
        raise ArgumentError(name, value, "one of " + ", ".join(map(repr, table)))
    return table[value]


def check_type(name: str, value: Any, kind: type[T] | tuple[type[T], ...], allowed: str) -> T:
    """Return `value` if it is a `kind`; `allowed` says in words what would have been accepted."""
    if not isinstance(value, kind):
        raise ArgumentError(name, type(value).__name__, allowed)
    return value


def check_tensor(
    name: str, value: Any, shape: Sequence[int | str], dtype: torch.dtype = torch.float32, *, finite: bool = True
) -> Tensor:
    """Return `value` as a tensor of finite numbers, on the device that it is on; gradients flow through.

    Args:
        name: of the argument.
        value: a tensor, an array or nested lists of real numbers. Integers and other precisions are converted.
        shape: the length of each axis; a letter such as "N" where any length will do.
        dtype: of the result.
        finite: refuse NaN and infinity.

    Returns:
        `value`, of type `dtype`.

    Raises:
        ArgumentError: it holds no real numbers, has another shape, or is not finite.
    """
    wanted = f"of shape [{', '.join(map(str, shape))}]"
    try:
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(name, type(value).__name__, f"a tensor {wanted}") from error
    if tensor.is_complex() or tensor.dtype == torch.bool:
        raise ArgumentError(name, str(tensor.dtype), f"a tensor of real numbers {wanted}")
    fits = tensor.ndim == len(shape) and all(
        isinstance(length, str) or length == size for length, size in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        raise ArgumentError(name, tuple(tensor.shape), wanted)
    tensor = tensor.to(dtype)
    if finite and not bool(tensor.isfinite().all()):
        raise ArgumentError(name, "NaN or infinity", f"finite numbers, {wanted}")
    return tensor
