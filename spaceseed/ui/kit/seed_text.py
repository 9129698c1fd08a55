"""Seeds as visitors write them: "1, 2, 42" or "0-11"."""

import re

from spaceseed.models.generators.generator import MAX_SEED

ENTRY = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?")


def parse_seeds(text: str, limit: int) -> list[int]:
    """Reads seeds.

    Args:
        text: whole numbers and ranges of them, parted by commas, semicolons or spaces.
        limit: how many are allowed.

    Returns:
        the seeds in the order written, repeats left out.

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    text = re.sub(r"(?<=[0-9])\s*[-–]\s*(?=[0-9])", "-", text[:10_000])
    seeds: dict[int, None] = {}
    for entry in filter(None, re.split(r"[,;\s]+", text)):
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry[:40]!r} is not a seed: write whole numbers such as 42, or ranges such as 0-11.")
        first, last = int(match[1]), int(match[2] or match[1])
        if max(first, last) > MAX_SEED:
            raise ValueError(f"{max(first, last)} is too large for a seed: they go from 0 to {MAX_SEED}.")
        if last < first:
            raise ValueError(f"The range {entry[:40]} runs backwards: write the smaller seed first.")
        if last - first >= limit:
            raise ValueError(f"The range {entry[:40]} is too long: {limit} seeds are allowed.")
        seeds |= dict.fromkeys(range(first, last + 1))
    if not seeds:
        raise ValueError("Write some seeds first: whole numbers such as 42, or ranges such as 0-11.")
    if len(seeds) > limit:
        raise ValueError(f"These are {len(seeds)} seeds: {limit} are allowed.")
    return list(seeds)
