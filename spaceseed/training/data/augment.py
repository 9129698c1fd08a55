"""Changes to all that a discriminator sees, real or generated, so that it cannot learn few images by heart.

The changes are those of DiffAugment (Zhao et al. 2020): colour, translation and cutout, through which gradients pass.
Made with a probability that follows how sure the discriminator is of its real images, they are adaptive augmentation
(ADA; Karras et al. 2020a).
"""

from typing import Any

import torch
from torch import Tensor

MOVE = 1 / 8  # of the side, at most, each way
CUT = 1 / 2  # of the side


def augment(images: Tensor, probability: float, rng: torch.Generator) -> Tensor:
    """Changes brightness, saturation and contrast, moves the image, and cuts a square out of it.

    Each of the five befalls each image by its own draw, and all of them are drawn in any case, so that `rng` goes on
    alike whatever the probability.

    Args:
        images: [N, 3, H, W] in [-1, 1].
        probability: of each change, in [0, 1]; at 1 this is DiffAugment.
        rng: on any device.

    Returns:
        [N, 3, H, W], a little outside [-1, 1] here and there; 0, a grey, where nothing is left of the image.
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
        first = (uniform() * (side + 1)).long() - size // 2  # its middle may lie anywhere, so a part may be outside
        cut_out = cut_out & (place >= first) & (place < first + size)
    return x * (kept & ~cut_out)


def _spread(x: Tensor, factor: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Moves values away from their mean over `dims`, or towards it."""
    return torch.lerp(x.mean(dim=dims, keepdim=True), x, factor.to(x.dtype))


class AdaptiveAugment:
    """ADA's schedule: augment more while the discriminator is too sure of its real images, and else less.

    Its sureness is r_t = E[sign(D(real))] (eq. 1), D being 0 where it is undecided: r_t is 0 where it guesses, 1 where
    it knows every real image.

    Args:
        target: the sureness that is aimed at.
        images: real images over which the probability can go from 0 to 1.
        interval: batches between two adjustments.

    Attributes:
        probability: for `augment`, from 0 at first up to 1.
    """

    def __init__(self, target: float = 0.6, images: int = 500_000, interval: int = 4) -> None:
        self.target, self.images, self.interval = target, images, interval
        self.probability = 0.0
        self._signs: list[float] = []
        self._seen = 0

    def update(self, signs: float, images: int) -> None:
        """Takes note of a batch.

        Args:
            signs: mean sign of the discriminator's logits of real images, from where it is undecided.
            images: how many there were.
        """
        self._signs.append(signs)
        self._seen += images
        if len(self._signs) == self.interval:
            sureness = sum(self._signs) / self.interval
            step = self._seen / self.images * ((sureness > self.target) - (sureness < self.target))
            self.probability = min(1.0, max(0.0, self.probability + step))
            self._signs, self._seen = [], 0

    def state_dict(self) -> dict[str, Any]:
        """Returns all that the next update depends on."""
        return {"probability": self.probability, "signs": list(self._signs), "seen": self._seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` gave."""
        self.probability, self._signs, self._seen = state["probability"], list(state["signs"]), state["seen"]
