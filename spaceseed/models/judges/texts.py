"""Splits texts that are longer than what a model reads at once."""

import re
from collections.abc import Callable

# Where a text may be cut, the best first: at the end of a sentence or at a comma in its middle half, or at any space.
CUTS = (
    (re.compile(r"(?<=[.!?;:])\s+|(?<=[。！？；：])\s*|\s*\n\s*"), 0.25),
    (re.compile(r"(?<=[,，、])\s*"), 0.25),
    (re.compile(r"\s+"), 0.0),
)


def split_text(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Cuts a text in two, and the halves again, until all parts fit.

    Each cut is the one nearest to the middle, so that parts have about the same length and may count the same.

    Args:
        text: any. A word that is too long by itself is cut, too.
        fits: tells whether a part is short enough. A single character is taken to be.

    Returns:
        parts in order, which together are the text but for white space where it was cut; `[text]` if it fits.
    """
    if fits(text) or len(text.strip()) < 2:
        return [text]
    text = text.strip()
    start = end = len(text) // 2
    for pattern, margin in CUTS:
        low, high = max(1, margin * len(text)), min(len(text) - 1, (1 - margin) * len(text))
        cuts = [match.span() for match in pattern.finditer(text) if low <= match.start() and match.end() <= high]
        if cuts:
            start, end = min(cuts, key=lambda cut: abs(sum(cut) - len(text)))
            break
    return [*split_text(text[:start], fits), *split_text(text[end:], fits)]
