"""Wishes in parts: what a typed text asks for and refuses, and how well images meet each phrase.

Example::

    wish = Wish.parse("a smiling woman with red hair, no glasses")
    wish.text                                     # "a smiling woman with red hair": what the images should show
    [phrase.text for phrase in wish.wanted]       # ["smiling", "woman", "red hair"]
    [phrase.text for phrase in wish.refused]      # ["glasses"]
    objective = WishObjective(judge, wish, natural=judge.embed_images(images))
    objective.met(judge.embed_images(find))       # [1, 4]: True for each phrase that the image meets

CLIP reads "without glasses" almost as "glasses" (Alhamoud et al. 2025, "Vision-Language Models Do Not Understand
Negation"), so what follows "no", "not" or "without" is not part of the text that images are compared with. The rules
are for English; a wish in another language is one phrase.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from spaceseed.arguments import check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.evolution.objectives import MAX_PROMPT, EmbeddingObjective

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

# Nouns whose adjectives are phrases of their own: a smiling woman is smiling, and is a woman.
WHO = "woman women man men girl girls boy boys lady ladies guy guys gentleman dude female male child kid"
ANYONE = "person people face faces someone somebody anyone character avatar cartoon portrait human adult"
ALLOWED = f"1 to {MAX_PROMPT} characters long, with a word to look for"
PRONOUNS = {"he": "a man", "she": "a woman"}
FILLERS = (
    "a an the some any his her their its very really quite rather too so is are do does have wear wears dressed also "
    "please show see me just i you we they it there want wants need looking"
)
# What a wish is taken apart at. Words within a hyphen, such as "no-one", are not.
_TOKEN = re.compile(
    r"""
    (?<![\w-]) (?:
        (?P<open> with\ or\ without | without\ or\ with )              # neither wanted nor refused
      | (?P<link> nothing\ but | not\ only | with | wearing | dressed\ in | has | having | in\ front\ of | against
                | in | on | who | which | that
                | (?:photo | photograph | picture | image | drawing | portrait | painting | close-up | face)\ of )
      | (?P<no>   without | neither | nor | never | (?:(?:do|does|is|are|has|have|will|should|must|can)\ )? not | cannot
                | no | (?:do|does|is|are|has|have|wo|should|must|ca|ai) n['\u2019]?t )
      | (?P<stop> (?! (?<=\bblack\ )and\ white\b | (?<=\bsalt\ )and\ pepper\b ) and | but )
    ) (?![\w-])
    | (?P<or>    (?: ,\ ?)? (?<![\w-]) or (?![\w-]) )
    | (?P<comma> , )
    | (?P<mark>  [;!?()&+/\u2013\u2014] | [.:](?=\ |$) | (?<=\ )-(?=\ ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Phrase:
    """A part of a wish: a text, and whether images should show it."""

    text: str
    wanted: bool


@dataclass(frozen=True)
class Wish:
    """A wish, taken apart. `parse` makes one.

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
        """Takes a typed wish apart. Each text has at least one phrase, unless it has no words.

        Raises:
            ArgumentError: the wish is not a text, or too long.
        """
        typed = " ".join(check_type("wish", typed, str, "a text or a Wish").split())
        if len(typed) > MAX_PROMPT:
            raise ArgumentError("wish", typed[:40] + "...", ALLOWED)
        named = re.sub(r"(?<![\w-])s?he(?![\w-])", lambda word: PRONOUNS[word[0].lower()], typed, flags=re.IGNORECASE)
        phrases: list[Phrase] = []
        text = ""
        for chunk, separator, wanted in _chunks(named):
            if wanted is not None:
                phrases += [Phrase(part, wanted) for part in _parts(chunk)]
            if wanted and _words(chunk):
                text += f"{separator} {chunk}" if text else chunk
        text = re.sub(r"\s+(?=[,;.!?:])", "", " ".join(text.split()))
        return cls(typed, text, tuple(dict.fromkeys(phrases)))


def _chunks(text: str) -> Iterator[tuple[str, str, bool | None]]:
    """Yields the parts of a text: each with the words that set it apart from the part before, and what is wished of it.

    That is True where it is wanted, False where it is refused, and None where it is neither.
    """
    marks = [None, *_TOKEN.finditer(text), None]
    kinds = [mark.lastgroup if mark else "stop" for mark in marks]
    wanted: bool | None = True
    negated = False  # a moment ago: "not wearing glasses" refuses them
    for i, (mark, after) in enumerate(pairwise(marks)):
        if kinds[i] in {"open", "no"}:
            wanted = None if kinds[i] == "open" else False
        elif not (kinds[i] == "or" or (kinds[i] == "link" and negated) or _lists_with_or(kinds[i:])):
            wanted = True
        chunk = text[mark.end() if mark else 0 : after.start() if after else len(text)]
        negated = kinds[i] in {"open", "no"} and not chunk.strip()
        yield chunk, f" {mark[0]}" if mark and wanted else "", wanted


def _lists_with_or(kinds: list[str | None]) -> bool:
    """Returns whether a comma comes next that stands for "or", as in "without a hat, a beard or glasses"."""
    return kinds[0] == "comma" and next(kind for kind in kinds if kind != "comma") == "or"


def _words(chunk: str) -> list[str]:
    words = (re.sub(r"['\u2019]s$", "", word) for word in re.findall(r"\w[\w'\u2019-]*", chunk.lower()))
    return [word for word in words if word not in FILLERS.split()]


def _parts(chunk: str) -> list[str]:
    """Returns the phrases of a chunk: it as a whole, or a person's adjectives, the person, and what follows."""
    words = _words(chunk)
    someone = f"{WHO} {ANYONE}".split()
    at = next((i for i, word in enumerate(words) if word in someone), None)
    if at is None:
        return [" ".join(words)] if words else []
    who = [words[at]] if words[at] in WHO.split() else []
    after = " ".join(word for word in words[at + 1 :] if word not in ANYONE.split())
    return [*words[:at], *who, *([after] if after else [])]


# The lowest and highest cosines of a phrase with natural images leave out so many at each end.
EXTREMES = 0.002
# An image has a phrase if its cosine is that far from the lowest to the highest. Of 42 phrases about avatars, 97 % of
# the images with the attribute are, and 1.5 % of the others.
MET = 0.7
# The least of these distances, so that a few similar images give no extreme scores.
LEAST = 0.01
# A phrase that is met by so much need not be met better at the cost of others.
ENOUGH = 1.2
# What wanted phrases cost together if nothing of them is met. The cosine of the whole already asks for them.
WANTED_WEIGHT = 0.06
# What each refused phrase costs if it is met as a wanted one would be. The cosine of the whole does not know of it.
REFUSED_WEIGHT = 0.2


class WishObjective(EmbeddingObjective):
    """The similarity of images to a wish as a whole, and how well they meet each of its phrases.

    The score is the cosine of the image and the wish's `text`, less what the image lacks of wanted phrases and what it
    has of refused ones. If all phrases are met, it is the cosine. The cosine alone is often highest for images that
    have most of a wish very clearly and lack a part.

    A phrase is met from 1. On this scale 0 is the lowest cosine with the phrase that natural images have, and 1 is
    `MET` of the way to the highest, or the judge's `matching`, if that is more. A wanted phrase costs nothing from
    `ENOUGH`, and a refused one up to as much below 1. Where the judge does not see some `kinds` of a refused phrase
    in it, these are refused, too.

    Args:
        judge: a CLIP model.
        wish: the wish, or the text of one: 1 to 300 characters, with a phrase at least.
        natural: the judge's embeddings [n, d] of images of random seeds, which give each phrase its scale.

    Attributes:
        wish: the wish in parts.

    Raises:
        ArgumentError: the wish is too long or has no words, an argument has another shape, or `judge` is no CLIP model.
    """

    def __init__(self, judge: "Judge", wish: Wish | str, natural: Tensor) -> None:
        super().__init__(judge)
        self.wish = wish if isinstance(wish, Wish) else Wish.parse(wish)
        if not self.wish.phrases:
            raise ArgumentError("wish", self.wish.typed[:40], ALLOWED)
        self.prompt = self.wish.typed
        # A refused phrase may have several texts: itself, and its kinds.
        kinds = [() if phrase.wanted else judge.kinds.get(phrase.text, ()) for phrase in self.wish.phrases]
        texts = [[phrase.text, *others] for phrase, others in zip(self.wish.phrases, kinds, strict=True)]
        self._sizes = [len(each) for each in texts]
        with torch.no_grad():
            self._phrases = judge.embed_text([text for each in texts for text in each])
            self._whole = judge.embed_text(self.wish.text)[0] if self.wish.text else None
        natural = check_tensor("natural", natural, ["n", self._phrases.shape[1]]).to(self._phrases.device)
        if not len(natural):
            raise ArgumentError("natural", tuple(natural.shape), "the embeddings of an image or more")
        shares = torch.tensor([EXTREMES, 1 - EXTREMES], device=natural.device)
        # One phrase at a time, because torch takes no quantiles of more than 16 million numbers.
        self._low, high = torch.stack([(natural @ phrase).quantile(shares) for phrase in self._phrases]).T
        met = self._low + MET * (high - self._low)
        met = met if judge.matching is None else met.clamp(min=judge.matching)
        self._range = (met - self._low).clamp(min=LEAST)
        self._wanted = torch.tensor([phrase.wanted for phrase in self.wish.phrases], device=natural.device)
        wanted = WANTED_WEIGHT / ENOUGH / max(1, len(self.wish.wanted))
        self._costs = torch.where(self._wanted, wanted, REFUSED_WEIGHT)

    def of_embeddings(self, embeddings: Tensor) -> Tensor:
        has = self._has(embeddings)
        lacks = torch.where(self._wanted, ENOUGH - has, has - (2 - ENOUGH)).clamp(min=0)
        cosines = 0 if self._whole is None else embeddings.to(has.device) @ self._whole
        return cosines - lacks @ self._costs

    def met(self, embeddings: Tensor) -> Tensor:
        """Returns which phrases images meet, bool [n, phrases], from their embeddings [n, d]."""
        return (self._has(embeddings) >= 1) == self._wanted

    def _has(self, embeddings: Tensor) -> Tensor:
        """Returns how much images have of each phrase, [n, phrases]."""
        embeddings = check_tensor("embeddings", embeddings, ["n", self._phrases.shape[1]])
        has = (embeddings.to(self._low.device) @ self._phrases.T - self._low) / self._range
        return torch.stack([each.amax(dim=1) for each in has.split(self._sizes, dim=1)], dim=1)
