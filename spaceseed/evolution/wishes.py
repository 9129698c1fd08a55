"""Takes a typed wish apart into phrases: what is asked for, and what is refused.

Example::

    wish = Wish.parse("a smiling woman with red hair, no glasses")
    wish.text                                     # "a smiling woman with red hair": what the images should show
    [phrase.text for phrase in wish.wanted]       # ["smiling", "woman", "red hair"]
    [phrase.text for phrase in wish.refused]      # ["glasses"]

CLIP reads "without glasses" almost as "glasses" (Alhamoud et al. 2025, "Vision-Language Models Do Not Understand
Negation"), so what follows "no", "not" or "without" is not part of the text that images are compared with.
"""

import re
from dataclasses import dataclass
from typing import Self

# Nouns whose adjectives are phrases of their own: a smiling woman is smiling, and is a woman.
WHO = "woman women man men girl girls boy boys lady ladies guy guys gentleman dude female male child kid"
ANYONE = "person people face faces someone somebody anyone character avatar cartoon portrait human adult"
PEOPLE = frozenset(f"{WHO} {ANYONE}".split())
_OPENING = re.compile(r"^(?:(?:a|an|the) )?(?:photo|photograph|picture|image|drawing|portrait|painting) of ")
_FILLERS = frozenset(
    "a an the some any his her their its very really quite rather so with who whose that which is are has have having "
    "wearing dressed but and also please show me just i want need looking".split()
)
_NEGATION = re.compile(r"\b(?:without|no|not|never|neither|(?:is|are|do|does|has|have)n['\u2019]t)\b")
# Where a phrase ends. "or" and "nor" go on with what is refused; see `_refuses`.
_BREAK = re.compile(
    r"(?P<stop>[,;.!?:]|\b(?:and|but|with|wearing|dressed in|has|having|in front of|against|in|on)\b)|\b(?:or|nor)\b"
)


@dataclass(frozen=True)
class Phrase:
    """A part of a wish: a text, and whether images should show it."""

    text: str
    wanted: bool


@dataclass(frozen=True)
class Wish:
    """A wish, taken apart.

    Attributes:
        typed: the wish as it was typed, with single spaces.
        text: what the images should show; the typed wish without what is refused. It may be empty.
        phrases: the parts, in their order.
    """

    typed: str
    text: str
    phrases: tuple[Phrase, ...]

    @property
    def wanted(self) -> tuple[Phrase, ...]:
        """The phrases that images should show."""
        return tuple(phrase for phrase in self.phrases if phrase.wanted)

    @property
    def refused(self) -> tuple[Phrase, ...]:
        """The phrases that images should not show."""
        return tuple(phrase for phrase in self.phrases if not phrase.wanted)

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Takes a typed wish apart. Each text has at least one phrase, unless it has no words."""
        typed = " ".join(typed.split())
        phrases: list[Phrase] = []
        shown: list[str] = []
        for chunk, separator, refused in _chunks(_OPENING.sub("", typed)):
            phrases += [Phrase(text, not refused) for text in _parts(chunk)]
            if not refused and chunk.strip():
                shown.append(f"{separator}{chunk}")
        text = re.sub(r"^[\s,;.!?:]*(?:and|but|with)?\s+|[\s,;.!?:]+$", "", " " + "".join(shown))
        return cls(typed, " ".join(text.split()) or "", tuple(dict.fromkeys(phrases)))


def _chunks(text: str) -> list[tuple[str, str, bool]]:
    """Returns the parts of a text between its breaks: each with the break before it, and whether it is refused."""
    found: list[tuple[str, str, bool]] = []
    start, separator, refused = 0, "", False
    for match in [*_BREAK.finditer(text), None]:
        end = match.start() if match else len(text)
        plain, *negated = _NEGATION.split(text[start:end])
        if plain.strip():
            found.append((plain, separator, refused))
        found += [(part, "", True) for part in negated]
        if match:
            refused = (refused or bool(negated)) and match["stop"] is None
            start, separator = match.end(), match[0]
    return found


def _parts(chunk: str) -> list[str]:
    """Returns the phrases of a chunk: it as a whole, or a person's adjectives, the person, and what follows."""
    words = [word for word in re.findall(r"[\w'\u2019-]+", chunk.lower()) if word not in _FILLERS]
    at = next((i for i, word in enumerate(words) if word in PEOPLE), None)
    if at is None:
        return [" ".join(words)] if words else []
    who = [words[at]] if words[at] in WHO.split() else []
    after = [" ".join(words[at + 1 :])] if words[at + 1 :] else []
    return [*words[:at], *who, *after]
