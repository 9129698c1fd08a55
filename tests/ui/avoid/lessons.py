"""What visitors do before a filter is learned."""

from typing import ClassVar

import torch

from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.ui.avoid.examples import find_by_words
from spaceseed.ui.avoid.learning import FROM_IMAGES, FROM_LATENTS, MARKS, SOFT, learn

TRUNCATE, SHIFT = "Change bad ones in one direction (truncate)", "Move all a little (shift)"


class BrightJudge:
    """Finds bright images like any text."""

    name, matching = "bright", None
    kinds: ClassVar[dict[str, tuple[str, ...]]] = {}

    def embed_text(self, text):
        return torch.ones(1 if isinstance(text, str) else len(text), 3)

    def embed_images(self, images):
        return images.mean(dim=(2, 3))


def mark(visitor, **kinds):
    """Marks images of the page, such as bad=[0, 1]."""
    marks = {i: {"bad": BAD, "good": LIKED}[kind] for kind, places in kinds.items() for i in places}
    visitor.workspace.avoiding.note(visitor.breeding.page.latents, marks)


def taught(networks, visitor, **settings):
    """Lets the visitor learn from words."""
    list(find_by_words(networks, visitor, "something bright", 100))
    return study(networks, visitor, **settings)


def study(networks, visitor, method=FROM_LATENTS, how=TRUNCATE, refused=25, source=MARKS):
    if method == FROM_IMAGES:
        how = SOFT
    *_, last = learn(networks, visitor, source, refused, method, how)
    return last


def brightness(space, vectors):
    with torch.no_grad():
        return space.images(vectors).mean(dim=(1, 2, 3))
