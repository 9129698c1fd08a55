"""Wishes in parts: what a typed text asks for and refuses, and how well images meet each phrase.

Example::

    wish = Wish.parse("a smiling woman with red hair, no glasses")
    wish.text                                     # "a smiling woman with red hair": what the images should show
    [phrase.text for phrase in wish.wanted]       # ["smiling", "woman", "red hair"]
    [phrase.text for phrase in wish.refused]      # ["glasses"]
    objective = WishObjective(judge, wish, natural=judge.embed_images(images))
    objective.met(judge.embed_images(find))       # [1, 4]: True for each phrase that the image meets

CLIP reads "without glasses" almost as "glasses" (Alhamoud et al. 2025, "Vision-Language Models Do Not Understand
Negation"), so what follows "no", "not" or "without" is not part of the text that images are compared with.
"""

import re
from dataclasses import dataclass
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
_OPENING = re.compile(r"^(?:(?:a|an|the) )?(?:photo|photograph|picture|image|drawing|portrait|painting) of ")
FILLERS = (
    "a an the some any his her their its very really quite rather so with who whose that which is are has have having "
    "wearing dressed but and also please show me just i want need looking"
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
        text = re.sub(r"\s+(?=[,;.!?:])", "", " ".join(text.split()))
        return cls(typed, text, tuple(dict.fromkeys(phrases)))


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
    words = [word for word in re.findall(r"[\w'\u2019-]+", chunk.lower()) if word not in FILLERS.split()]
    at = next((i for i, word in enumerate(words) if word in f"{WHO} {ANYONE}".split()), None)
    if at is None:
        return [" ".join(words)] if words else []
    who = [words[at]] if words[at] in WHO.split() else []
    after = [" ".join(words[at + 1 :])] if words[at + 1 :] else []
    return [*words[:at], *who, *after]


# The lowest and highest cosines of a phrase with natural images leave out so many at each end.
EXTREMES = 0.002
# An image has a phrase if its cosine is that far from the lowest to the highest. Of 42 phrases about avatars, 97 % of
# the images with the attribute are, and 1.5 % of the others.
MET = 0.7
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
        natural: the judge's embeddings [n, d] of images of random seeds, to measure shares by.

    Attributes:
        wish: the wish in parts.

    Raises:
        ArgumentError: the wish is too long or has no words, an argument has another shape, or `judge` is no CLIP model.
    """

    def __init__(self, judge: "Judge", wish: Wish | str, natural: Tensor) -> None:
        super().__init__(judge)
        self.wish = Wish.parse(wish) if isinstance(wish, str) else check_type("wish", wish, Wish, "a text or a Wish")
        if not self.wish.phrases or len(self.wish.typed) > MAX_PROMPT:
            shown = self.wish.typed if len(self.wish.typed) <= 40 else self.wish.typed[:40] + "..."
            raise ArgumentError("wish", shown, f"1 to {MAX_PROMPT} characters long, with a word to look for")
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
        cosines = natural @ self._phrases.T
        self._low, high = cosines.quantile(EXTREMES, dim=0), cosines.quantile(1 - EXTREMES, dim=0)
        met = self._low + MET * (high - self._low)
        met = met if judge.matching is None else met.clamp(min=judge.matching)
        self._range = (met - self._low).clamp(min=1e-6)
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
