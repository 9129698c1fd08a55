"""Checks of arguments: each returns the value in its plain Python type or raises an ArgumentError that names it."""

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

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
