"""Text from untrusted sources. It is cleaned and cut, or refused."""

import re
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BeforeValidator

# Characters that change the reading direction.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, limit: int) -> str:
    """Returns one line of safe text: without control, surrogate and direction characters, and cut at `limit`.

    Joiners are kept, because emoji need them.
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


# Cleaned text: one line, or longer.
Line = Annotated[str, _cleaned(100)]
Text = Annotated[str, _cleaned(2000)]
# One line, refused if it is unsafe.
StrictLine = Annotated[str, AfterValidator(_checked)]
