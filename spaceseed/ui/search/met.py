"""What an image has of a wish, in words."""

from collections.abc import Sequence

from spaceseed.evolution.wishes import Phrase


def listed(phrases: Sequence[Phrase], met: Sequence[bool]) -> str:
    """Returns what an image has and lacks, such as "Has red hair, no glasses; lacks hat"; "" without phrases."""
    has = [phrase.text if phrase.wanted else f"no {phrase.text}" for phrase in _those(phrases, met, True)]
    lacks = _missing(phrases, met)
    parts = [f"has {', '.join(has)}"] * bool(has) + [lacks] * bool(lacks)
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


def summary(phrases: Sequence[Phrase], met: Sequence[bool]) -> str:
    """Returns a sentence that says how much of a wish the best image has."""
    if all(met):
        return "The best image has all that you asked for."
    if len(met) == 1:
        return f"The best image {_missing(phrases, met)}."
    return f"The best image has {sum(met)} of {len(met)}: it {_missing(phrases, met)}."


def _missing(phrases: Sequence[Phrase], met: Sequence[bool]) -> str:
    lacks = [phrase.text for phrase in _those(phrases, met, False) if phrase.wanted]
    shows = [phrase.text for phrase in _those(phrases, met, False) if not phrase.wanted]
    parts = [f"lacks {', '.join(lacks)}"] * bool(lacks) + [f"shows {', '.join(shows)}, which you refused"] * bool(shows)
    return " and ".join(parts)


def _those(phrases: Sequence[Phrase], met: Sequence[bool], wanted: bool) -> list[Phrase]:
    return [phrase for phrase, yes in zip(phrases, met, strict=True) if yes == wanted]
