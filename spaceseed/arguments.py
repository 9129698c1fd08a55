"""Checks of arguments. Each returns the value in its plain Python type, or raises an ArgumentError with its name."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from spaceseed.errors import ArgumentError

T = TypeVar("T")

MAX_FLOAT = sys.float_info.max
MAX_SHOWN = 40  # characters of a text that a message shows


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Returns `value` as an int in [low, high]. Floats and booleans are refused, even 2.0."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ArgumentError(name, _shown(value), f"an integer from {low} {'up' if high is None else f'to {high}'}")
    return int(value)


def check_integers(name: str, value: Any, low: int, high: int | None = None) -> list[int]:
    """Returns `value` as a list of ints in [low, high]. It may be one integer, or a list, range, array or tensor."""
    if isinstance(value, Tensor):
        value = _dense(name, value, "integers").tolist()
    elif isinstance(value, np.ndarray):
        value = value.tolist()
    several = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
    return [check_integer(name, each, low, high) for each in (value if several else [value])]


def check_layers(name: str, value: Any, count: int) -> tuple[int, ...]:
    """Returns `value`, one style layer or several out of `count`, as a sorted tuple without duplicates, not empty."""
    layers = tuple(sorted(set(check_integers(name, value, 0, count - 1))))
    if not layers:
        raise ArgumentError(name, (), f"one or more style layers from 0 to {count - 1}")
    return layers


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf, above: bool = False) -> float:
    """Returns `value` as a finite float in [low, high], or in (low, high] if `above` is true."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not max(low, -MAX_FLOAT) <= value <= min(high, MAX_FLOAT) or (above and value == low):
        floor = "" if low == -math.inf else f" {'above' if above else 'from'} {low:g}"
        ceiling = "" if high == math.inf else f" up to {high:g}"
        raise ArgumentError(name, _shown(value), f"a finite number{floor}{ceiling}")
    return float(value)


def check_choice(name: str, value: Any, table: Mapping[str, T]) -> T:
    """Returns the entry of `table` with the key `value`."""
    if not isinstance(value, str) or value not in table:
        raise ArgumentError(name, _shown(value), "one of " + ", ".join(map(repr, table)))
    return table[value]


def check_type(name: str, value: Any, kind: type[T] | tuple[type[T], ...], allowed: str) -> T:
    """Returns `value` if it is an instance of `kind`. `allowed` describes in words what is accepted."""
    if not isinstance(value, kind):
        raise ArgumentError(name, type(value).__name__, allowed)
    return value


def check_tensor(
    name: str, value: Any, shape: Sequence[int | str], dtype: torch.dtype = torch.float32, *, finite: bool = True
) -> Tensor:
    """Returns `value` as a tensor of finite numbers, on the same device. Gradients are kept.

    Args:
        name: name of the argument.
        value: a tensor, an array or nested lists of real numbers. Integers and other precisions are converted.
        shape: the length of each axis; a letter such as "N" stands for any length.
        dtype: type of the result.
        finite: whether NaN and infinity are refused.

    Returns:
        `value`, of type `dtype`.

    Raises:
        ArgumentError: it does not hold real numbers, has another shape, or is not finite.
    """
    wanted = f"of shape [{', '.join(map(str, shape))}]"
    tensor = _real_tensor(name, value, f"a tensor {wanted}")
    fits = tensor.ndim == len(shape) and all(
        isinstance(length, str) or length == size for length, size in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        raise ArgumentError(name, tuple(tensor.shape), wanted)
    tensor = tensor.to(dtype)
    if finite and not bool(tensor.isfinite().all()):
        raise ArgumentError(name, "NaN or infinity", f"finite numbers, {wanted}")
    return tensor


def check_scores(name: str, value: Any, count: int, of: str = "images", *, finite: bool = False) -> Tensor:
    """Returns `value` as float32 [count], one score for each of `count` images. Gradients are kept.

    Args:
        name: name of the function that returned the scores.
        value: a tensor, an array or a list of real numbers, [count] or [count, 1].
        count: number of scores that are expected.
        of: the word for what is scored, in the plural.
        finite: whether NaN and infinity are refused.

    Raises:
        ArgumentError: it does not hold one score for each.
    """
    wanted = f"one score for each of {count} {of}"
    tensor = _real_tensor(name, value, wanted)
    if tuple(tensor.shape) not in {(count,), (count, 1)}:
        raise ArgumentError(name, tuple(tensor.shape), f"{wanted}, of shape [{count}]")
    scores = tensor.to(torch.float32).reshape(count)
    if finite and not bool(scores.isfinite().all()):
        raise ArgumentError(name, "NaN or infinity", f"{wanted}, finite")
    return scores


def check_device(name: str, value: torch.device | str | int | None) -> torch.device:
    """Returns the device `value`, or the CPU if None. A device that this machine does not have is refused."""
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    try:
        device = torch.device("cpu" if value is None else value)
    except (RuntimeError, TypeError):
        device = torch.device("meta")  # refused below
    if (device.index or 0) >= counts.get(device.type, 0):
        here = [f"{kind}:{i}" if kind == "cuda" else kind for kind, count in counts.items() for i in range(count)]
        allowed = f"one of {', '.join(map(repr, here))}" if len(here) > 1 else "'cpu': this machine has no other device"
        raise ArgumentError(name, _shown(str(value) if isinstance(value, torch.device) else value), allowed)
    return device


def _real_tensor(name: str, value: Any, wanted: str) -> Tensor:
    try:
        if isinstance(value, np.ndarray):  # torch accepts neither negative strides nor another byte order
            value = value.astype(value.dtype.newbyteorder("="), order="C")
        elif isinstance(value, (list, tuple)) and value and all(isinstance(each, Tensor) for each in value):
            value = torch.stack(list(value))
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(name, type(value).__name__, f"{wanted}, of real numbers") from error
    if tensor.is_complex() or tensor.dtype == torch.bool:
        raise ArgumentError(name, str(tensor.dtype), f"{wanted}, of real numbers")
    return _dense(name, tensor, wanted)


def _dense(name: str, tensor: Tensor, wanted: str) -> Tensor:
    if tensor.is_nested or tensor.is_quantized or tensor.is_meta or tensor.layout != torch.strided:
        raise ArgumentError(name, "Tensor", f"{wanted}, dense and stored in memory")
    return tensor


def _shown(value: Any) -> Any:
    """Returns a value as a message shows it: the value itself if it is short, else the name of its type."""
    if isinstance(value, str):
        return value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "..."
    if isinstance(value, int):
        short = abs(value) < 10**MAX_SHOWN  # Python refuses to print very long integers
    else:
        short = value is None or isinstance(value, (float, np.number))
    return value if short else type(value).__name__
