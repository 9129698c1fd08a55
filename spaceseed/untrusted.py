"""Text from strangers: made harmless and cut, or refused."""

import re
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BeforeValidator

# What turns the reading direction round.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, limit: int) -> str:
    """Makes one harmless line of free text: no control, surrogate or bidirectional override characters, cut at `limit`.

    Joiners stay, for emoji need them.
    """
    text = _DIRECTIONS.sub("", text[: 10 * limit])
    shown = "".join(" " if category(c) in ("Cc", "Zl", "Zp") else c for c in text if category(c) != "Cs")
    return " ".join(shown.split())[:limit].rstrip()


def _checked(text: str) -> str:
    if _DIRECTIONS.search(text) or any(category(c) in ("Cc", "Zl", "Zp", "Cs") for c in text):
        raise ValueError("not one line of text")
    return text


def _cleaned(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda value: clean_text(value, limit) if isinstance(value, str) else value)


# One line, and a longer text, made harmless.
Line = Annotated[str, _cleaned(100)]
Text = Annotated[str, _cleaned(2000)]
# One line that is refused, not cleaned, when it is not harmless.
StrictLine = Annotated[str, AfterValidator(_checked)]
