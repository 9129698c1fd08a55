"""What a projection makes small: the difference between its images and the target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.arguments import check_scores, check_tensor
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator

# Larger images are compared at this side, because a loss of photographs is no better for more pixels.
MOST = 256
PIXELS = 3.0  # usual weight of the mean squared error of pixels, beside a perceptual distance
# Of the values of an image in [-1, 1]: below this spread it shows one colour.
PLAIN = 1e-3


class Distance(Protocol):
    """A distance in two steps, so that the target is embedded once: a `PerceptualDistance`."""

    name: str

    def embed(self, images: Tensor, /) -> list[Tensor]: ...

    def between(self, maps: Sequence[Tensor], others: Sequence[Tensor], mask: Tensor | None = None, /) -> Tensor: ...


@dataclass(frozen=True)
class Target:
    """The picture that is looked for.

    Attributes:
        image: [1, 3, side, side] in [-1, 1], at the side at which images are compared.
        mask: [1, 1, side, side], 0 to 1: how much each pixel counts; all the same if None.
    """

    image: Tensor
    mask: Tensor | None

    @classmethod
    def of(cls, generator: Generator, image: Tensor, mask: Tensor | None = None) -> "Target":
        """Checks a picture, and brings it to the side of a generator's images, but at most to 256 pixels.

        Args:
            generator: draws the images that are compared with it.
            image: [1, 3, S, S], clipped to [-1, 1].
            mask: [1, 1, S, S], 0 to 1.

        Raises:
            ArgumentError: a shape is another one, a number is not finite, the picture shows one colour, or the mask
                hides all of it.
        """
        image = check_tensor("image", image, [1, 3, "S", "S"]).to(generator.device).clamp(-1, 1)
        if image.shape[2] != image.shape[3] or not image.shape[2]:
            raise ArgumentError("image", tuple(image.shape), "square, of shape [1, 3, S, S]")
        if float(image.flatten(2).std(dim=2).max()) < PLAIN:
            raise ArgumentError("image", "one colour everywhere", "a picture of something")
        side = min(generator.resolution, MOST)
        if mask is not None:
            mask = check_tensor("mask", mask, [1, 1, *image.shape[2:]]).to(generator.device).clamp(0, 1)
            mask = _resized(mask, side)
            if float(mask.sum()) < 1:
                raise ArgumentError("mask", "zero everywhere", "above zero where the picture counts")
        return cls(_resized(image, side), mask)

    def beside(self, images: Tensor) -> Tensor:
        """Returns images [N, 3, H, W] at the side of the target."""
        return _resized(images, self.image.shape[-1])


class Reconstruction:
    """The loss of images: perceptual distance and squared error of pixels, or the scores of an objective.

    Args:
        target: the picture.
        distance: the perceptual distance.
        pixels: weight of the mean squared error of pixels in [-1, 1].
        objective: returns scores [N] of images, higher is better. It replaces distance and pixels.
    """

    def __init__(
        self,
        target: Target,
        distance: Distance,
        pixels: float,
        objective: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.target, self._distance, self._pixels, self._objective = target, distance, pixels, objective
        with torch.no_grad():
            self._maps = distance.embed(target.image) if objective is None else []

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Returns the parts of the loss of images [N, 3, H, W], each [N]; "loss" is their weighted sum."""
        if self._objective is not None:
            scores = check_scores("objective(images)", self._objective(images), len(images)).to(images.device)
            return {"loss": -scores, "score": scores}
        images = self.target.beside(images)
        # Where the mask hides the target, networks see the target itself: no difference.
        seen = images if self.target.mask is None else self.target.image.lerp(images, self.target.mask)
        parts = {"perceptual": self._distance.between(self._distance.embed(seen), self._maps, self.target.mask)}
        loss = parts["perceptual"]
        if self._pixels:
            parts["pixels"] = pixel_error(images, self.target)
            loss = loss + self._pixels * parts["pixels"]
        return {"loss": loss} | parts


def pixel_error(images: Tensor, target: Target) -> Tensor:
    """Returns the mean squared error [N] of images [N, 3, side, side] where the mask counts."""
    errors = (images - target.image).square().mean(dim=1, keepdim=True)
    if target.mask is None:
        return errors.mean(dim=(1, 2, 3))
    return (errors * target.mask).sum(dim=(1, 2, 3)) / target.mask.sum()


def _resized(images: Tensor, side: int) -> Tensor:
    """Averages images down to a side, or enlarges them."""
    if images.shape[-1] == side:
        return images
    if images.shape[-1] % side == 0:
        return F.interpolate(images, size=(side, side), mode="area")
    return F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
