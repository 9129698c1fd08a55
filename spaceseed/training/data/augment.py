"""Augmentation of all images that a discriminator sees, real or generated, to prevent overfitting to few images.

The transformations are those of DiffAugment (Zhao et al. 2020): colour, translation and cutout. Gradients pass through
them. Adaptive augmentation (ADA; Karras et al. 2020a) applies them with a probability that depends on how certain the
discriminator is of its real images.
"""

from typing import Any

import torch
from torch import Tensor

MOVE = 1 / 8  # maximum translation each way, as a share of the side
CUT = 1 / 2  # side of the cutout, as a share of the side


def augment(images: Tensor, probability: float, rng: torch.Generator) -> Tensor:
    """Changes brightness, saturation and contrast, translates the image, and cuts a square out of it.

    Each of the five is applied to each image independently. All random numbers are always drawn, so the state of `rng`
    afterwards does not depend on the probability.

    Args:
        images: [N, 3, H, W] in [-1, 1].
        probability: of each change, in [0, 1]; with 1 this is DiffAugment.
        rng: on any device.

    Returns:
        [N, 3, H, W]; some values are slightly outside [-1, 1]. Removed parts are 0, a grey.
    """
    n, _, height, width = images.shape

    def uniform() -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=rng, device=rng.device).to(images.device)

    def happens() -> Tensor:
        return uniform() < probability

    brightness = torch.where(happens(), uniform() - 0.5, 0.0)
    saturation = torch.where(happens(), 2 * uniform(), 1.0)
    contrast = torch.where(happens(), uniform() + 0.5, 1.0)
    x = images + brightness.to(images.dtype)
    x = _spread(x, saturation, (1,))
    x = _spread(x, contrast, (1, 2, 3))

    moves, cuts = happens(), happens()
    kept = torch.ones((), dtype=torch.bool, device=images.device)
    cut_out = cuts
    for dim, side in ((2, height), (3, width)):
        place = torch.arange(side, device=images.device).view(*(-1 if i == dim else 1 for i in range(4)))
        most = round(MOVE * side)
        shift = torch.where(moves, (uniform() * (2 * most + 1)).long() - most, 0)
        x = x.gather(dim, ((place - shift) % side).expand(x.shape))
        kept = kept & (place - shift >= 0) & (place - shift < side)
        size = round(CUT * side)
        first = (uniform() * (side + 1)).long() - size // 2  # its centre is anywhere, so a part may be outside
        cut_out = cut_out & (place >= first) & (place < first + size)
    return x * (kept & ~cut_out)


def _spread(x: Tensor, factor: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Scales the differences of values from their mean over `dims`."""
    return torch.lerp(x.mean(dim=dims, keepdim=True), x, factor.to(x.dtype))


class AdaptiveAugment:
    """The schedule of ADA: more augmentation while the discriminator is too certain of real images, otherwise less.

    Its certainty is r_t = E[sign(D(real))] (eq. 1), where D is 0 if it is undecided. r_t is 0 if it guesses, and 1 if
    it recognises every real image.

    Args:
        target: target of r_t.
        images: number of real images over which the probability can go from 0 to 1.
        interval: number of batches between two adjustments.

    Attributes:
        probability: for `augment`, at first 0, at most 1.
    """

    def __init__(self, target: float = 0.6, images: int = 500_000, interval: int = 4) -> None:
        self.target, self.images, self.interval = target, images, interval
        self.probability = 0.0
        self._signs: list[float] = []
        self._seen = 0

    def update(self, signs: float, images: int) -> None:
        """Records a batch.

        Args:
            signs: mean sign of the discriminator's logits of real images, relative to the undecided value.
            images: number of these images.
        """
        self._signs.append(signs)
        self._seen += images
        if len(self._signs) == self.interval:
            sureness = sum(self._signs) / self.interval
            step = self._seen / self.images * ((sureness > self.target) - (sureness < self.target))
            self.probability = min(1.0, max(0.0, self.probability + step))
            self._signs, self._seen = [], 0

    def state_dict(self) -> dict[str, Any]:
        """Returns all state that the next update depends on."""
        return {"probability": self.probability, "signs": list(self._signs), "seen": self._seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state from `state_dict`."""
        self.probability, self._signs, self._seen = state["probability"], list(state["signs"]), state["seen"]
