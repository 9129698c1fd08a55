"""Splits texts that are longer than a model's context."""

import re
from collections.abc import Callable

# Where a text may be split, best first: at a sentence end or a comma in its middle half, or at any space.
CUTS = (
    (re.compile(r"(?<=[.!?;:])\s+|(?<=[。！？；：])\s*|\s*\n\s*"), 0.25),
    (re.compile(r"(?<=[,，、])\s*"), 0.25),
    (re.compile(r"\s+"), 0.0),
)


def split_text(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Splits a text in two, and the halves again, until all parts fit.

    Each split is the one nearest to the middle, so that the parts have similar lengths and can have the same weight.

    Args:
        text: any text. A single word that does not fit is also split.
        fits: returns whether a part is short enough. A single character always counts as fitting.

    Returns:
        The parts in order, without the white space where the text was split; `[text]` if it fits.
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
