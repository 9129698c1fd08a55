"""Words of a prompt that the bundled judge has never seen."""

import re
from typing import TYPE_CHECKING

from spaceseed.evolution.wishes import Wish
from spaceseed.ui.state.networks import BUNDLED

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

KNOWN = "skin, hair, glasses, beards, eyes, brows, mouths, clothes and backgrounds"


def unknown_words(judge: "Judge", prompt: str) -> list[str]:
    """Returns words that the bundled judge has never seen; [] for judges that were made for any text.

    The bundled tokenizer keeps each word that it learnt as one token, and has to spell all others.
    """
    if judge.name != BUNDLED:
        return []
    words = dict.fromkeys(re.findall(r"\w+|[^\w\s]", prompt.lower()))
    return [word for word in words if len(judge.tokenizer.encode(word)) > 1]


def about_unknown_words(judge: "Judge", prompt: str) -> str:
    """Returns a sentence that says which words of a prompt may be misread, and what can be asked for; "" for none."""
    unknown = [f'"{word}"' for word in unknown_words(judge, prompt)]
    if not unknown:
        return ""
    words = ", ".join(unknown[:3]) + (" and more" if len(unknown) > 3 else "")
    return f"Not understood: {words}. These pictures can be asked for by {KNOWN}."


def about_wish(judge: "Judge", text: str) -> str:
    """Returns the same of a wish, whose "no" and "without" are understood."""
    wish = Wish.parse(text)
    return about_unknown_words(judge, " ".join([wish.text, *(phrase.text for phrase in wish.refused)]))
