"""Numbers from visitors, checked: those that controls send, and those that are typed, such as "3, 1, 7-9"."""

import re
import sys
from typing import Any, TypeGuard

ENTRY = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?")
MAX_TEXT = 10_000


def is_number(value: Any) -> TypeGuard[float]:
    """Returns True for a finite number; truth values are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def number(value: Any, low: float, high: float, name: str) -> float:
    """Returns the number that a visitor gave.

    Raises:
        ValueError: it is not a number from `low` to `high`; the message is a sentence for the visitor.
    """
    if not is_number(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def whole(value: Any, low: int, high: int, name: str) -> int:
    """Returns the whole number that a visitor gave.

    Raises:
        ValueError: it is not a whole number from `low` to `high`; the message is a sentence for the visitor.
    """
    if not is_number(value) or value != int(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}.")
    return int(value)


def parse_numbers(text: str, low: int, high: int, name: str, limit: int = 1_000, *, repeats: bool = True) -> list[int]:
    """Reads whole numbers and ranges of them, separated by commas, semicolons or spaces.

    Args:
        text: what the visitor wrote.
        low: the smallest number that is allowed.
        high: the largest.
        name: what the numbers stand for, in the singular, such as "seed".
        limit: how many are allowed.
        repeats: whether a number that comes again counts again; otherwise it is left out.

    Returns:
        the numbers in the order written.

    Raises:
        ValueError: the message is one sentence that says what is wrong.
    """
    text = re.sub(r"(?<=[0-9])\s*[-–]\s*(?=[0-9])", "-", text[:MAX_TEXT])
    numbers: list[int] = []
    for entry in filter(None, re.split(r"[,;\s]+", text)):
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry[:20]!r} is not a {name}: write whole numbers such as 3, or ranges such as 1-4.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"The range {entry[:20]} runs backwards: write the smaller {name} first.")
        if not low <= first <= last <= high:
            raise ValueError(f"The {name}s go from {low} to {high}, and {entry[:20]} is not among them.")
        if last - first >= limit:
            raise ValueError(f"The range {entry[:20]} is too long: {limit} {name}s are allowed.")
        numbers += range(first, last + 1)
    if not numbers:
        raise ValueError(f"Write some {name}s first: whole numbers from {low} to {high}.")
    if not repeats:
        numbers = list(dict.fromkeys(numbers))
    if len(numbers) > limit:
        raise ValueError(f"These are {len(numbers)} {name}s: {limit} are allowed.")
    return numbers
