"""What an image has of a wish, in words."""

from collections.abc import Sequence

from spaceseed.evolution.wishes import Phrase
from spaceseed.recipes.recipe import Found


def parts(phrases: Sequence[Phrase], met: Sequence[bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns what an image has of a wish, and what it lacks: texts such as "red hair" and "no glasses"."""
    texts = [phrase.text if phrase.wanted else f"no {phrase.text}" for phrase in phrases]
    has = tuple(text for text, yes in zip(texts, met, strict=True) if yes)
    return has, tuple(text for text, yes in zip(texts, met, strict=True) if not yes)


def missing(lacks: Sequence[str]) -> str:
    """Returns what an image lacks, such as "lacks hat and shows glasses, which you refused"; "" for nothing."""
    refused = [text.removeprefix("no ") for text in lacks if text.startswith("no ")]
    wanted = [text for text in lacks if not text.startswith("no ")]
    said = [f"lacks {', '.join(wanted)}"] * bool(wanted)
    said += [f"shows {', '.join(refused)}, which you refused"] * bool(refused)
    return " and ".join(said)


def said(found: Found) -> str:
    """Returns what a find has and lacks, such as "Has red hair, no glasses; lacks hat"; "" where that is not known."""
    has = [f"has {', '.join(found.has)}"] * bool(found.has)
    words = "; ".join([*has, *[missing(found.lacks)] * bool(found.lacks)])
    return words[:1].upper() + words[1:]


def short(found: Found) -> str:
    """Returns the same in few words: "has all 4", "lacks hat, glasses"; "" where that is not known."""
    if found.lacks:
        return missing(found.lacks).replace(", which you refused", "")
    if not found.has:
        return ""
    return "has it" if len(found.has) == 1 else f"has all {len(found.has)}"


def summary(found: Found) -> str:
    """Returns a sentence that says how much of a wish the best image has."""
    if not found.lacks:
        return "The best image has all that you asked for."
    if not found.has and len(found.lacks) == 1:
        return f"The best image {missing(found.lacks)}."
    return f"The best image has {len(found.has)} of {len(found.has) + len(found.lacks)}: it {missing(found.lacks)}."
