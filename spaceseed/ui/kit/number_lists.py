"""Numbers as visitors write them: "3, 1, 2" or "0-7", in that order."""

import re

ENTRY = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
MAX_TEXT = 2_000


def parse_numbers(text: str, first: int, last: int, what: str, limit: int = 1_000) -> list[int]:
    """Reads numbers and ranges of them, parted by commas, semicolons or spaces.

    Args:
        text: what the visitor wrote.
        first: the smallest number that there is.
        last: the largest.
        what: the numbers' plural, as in "style layers".
        limit: how many are allowed.

    Returns:
        the numbers as they were written, repeats included.

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    text = re.sub(r"(?<=[0-9])\s*[-–]\s*(?=[0-9])", "-", text[:MAX_TEXT])
    numbers: list[int] = []
    for entry in filter(None, re.split(r"[,;\s]+", text)):
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry[:20]!r} is not a number: write {what} as 1, 3 or 1-4.")
        low, high = int(match[1]), int(match[2] or match[1])
        if high < low:
            raise ValueError(f"The range {entry[:20]} runs backwards: write the smaller number first.")
        if not first <= low <= high <= last:
            raise ValueError(f"The {what} go from {first} to {last}, and {entry[:20]} is not among them.")
        numbers += range(low, high + 1)
        if len(numbers) > limit:
            raise ValueError(f"These are too many {what}: {limit} are allowed.")
    if not numbers:
        raise ValueError(f"Write some {what} first: {first} to {last}.")
    return numbers
