"""Numbers that controls send, checked: a page may be told to send anything."""

import sys
from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[float]:
    """True for a finite number; truth values are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def number(value: Any, low: float, high: float, name: str) -> float:
    """The number that a visitor gave.

    Raises:
        ValueError: in a sentence.
    """
    if not is_number(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def whole(value: Any, low: int, high: int, name: str) -> int:
    """The whole number that a visitor gave.

    Raises:
        ValueError: in a sentence.
    """
    if not is_number(value) or value != int(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}.")
    return int(value)
