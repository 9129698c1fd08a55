"""How near a find came to a picture, by figures that no search has made larger."""

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.metrics.similarity import WINDOW, structural_similarity
from spaceseed.models.judges.classifier import load_classifier
from spaceseed.ui.state.networks import BUNDLED

MOST = 256  # pixels of a side, at which images are compared


@torch.no_grad()
def figures(image: Tensor, wanted: Tensor, mask: Tensor | None, *, named: bool) -> list[tuple[str, str]]:
    """Returns how alike two images are, as pairs of a term and its words.

    Args:
        image: what was found, [1, 3, H, W].
        wanted: what was looked for, [1, 3, S, S].
        mask: [1, 1, S, S]: how much its pixels count; None if all do.
        named: whether the classifier knows what such images show.
    """
    image, side = image.float().cpu(), min(MOST, image.shape[-1])
    image, wanted = (_sized(each.clamp(-1, 1), side) for each in (image, wanted))
    rows = []
    if side > WINDOW:
        alike = float(structural_similarity(image, wanted, None if mask is None else _sized(mask, side)))
        rows.append(
            ("Structural similarity", f"{alike:.2f}; 1 is the same picture. It is not what the search made larger.")
        )
    if named:
        rows.append(("Attributes", attributes(image, wanted)))
    return rows


def attributes(image: Tensor, wanted: Tensor) -> str:
    """Returns which attributes of two avatars agree, in words; the classifier took no part in the search."""
    got, asked = load_classifier(BUNDLED).words(torch.cat([image, wanted]))
    other = [
        f"{_words(name)} ({_words(got[name])}, not {_words(asked[name])})" for name in asked if got[name] != asked[name]
    ]
    differs = f"; differs: {', '.join(other)}" if other else ""
    return f"{len(asked) - len(other)} of {len(asked)} agree{differs}."


def _words(name: str) -> str:
    return name.replace("_", " ")


def _sized(images: Tensor, side: int) -> Tensor:
    return F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
