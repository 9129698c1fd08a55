"""Distances between images by other networks than the library's, and by pixels alone: see `projection`."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.models.judges.classifier import Classifier
from spaceseed.models.judges.perceptual import EPSILON, PerceptualDistance
from spaceseed.training.networks.projected import LEVELS, SIDE, efficientnet_lite0

POOLED = (1, 2, 4, 8)  # pixels a side that become one


class OtherDistance:
    """The distance by some maps of an image: the sum over maps of the mean squared difference.

    Args:
        name: name of the distance.
        maps: from images [N, 3, H, W] to maps [N, C, h, w].
        weight: factor of the distance.
    """

    between = staticmethod(PerceptualDistance.between)

    def __init__(self, name: str, maps: Callable[[Tensor], list[Tensor]], weight: float = 1.0) -> None:
        self.name, self.weight, self._maps = name, weight, maps

    def embed(self, images: Tensor) -> list[Tensor]:
        """Returns the maps of images, clipped to [-1, 1] first."""
        return [level * self.weight**0.5 for level in self._maps(images.clamp(-1, 1))]

    @torch.no_grad()
    def scaled(self, images: Tensor, like: PerceptualDistance) -> "OtherDistance":
        """Returns this distance with the weight that makes it as large as another, on average between images.

        So pixels have the same share in the loss with each distance.
        """
        others = images.roll(1, dims=0)
        wanted, own = (float(its.between(its.embed(images), its.embed(others)).mean()) for its in (like, self))
        return OtherDistance(self.name, self._maps, self.weight * wanted / own)


def efficientnet_distance() -> OtherDistance:
    """Returns the distance by four levels of EfficientNet-lite0, each place scaled to length 1."""
    network = efficientnet_lite0()

    def maps(images: Tensor) -> list[Tensor]:
        found = network(F.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True))
        return [_unit(found[level]) for level in LEVELS]

    return OtherDistance("EfficientNet-lite0", maps)


def classifier_distance(classifier: Classifier) -> OtherDistance:
    """Returns the distance by the classifier's maps after each halving of the side, each place scaled to length 1."""

    def maps(images: Tensor) -> list[Tensor]:
        x, found = images, []
        for i, block in enumerate(classifier.body):
            x = block(x)
            if i % 2:
                found.append(_unit(x))
        return found

    return OtherDistance("classifier", maps)


def pixel_distance() -> OtherDistance:
    """Returns the distance by pixels, and by means of 2 x 2, 4 x 4 and 8 x 8 pixels."""
    return OtherDistance("pixels", lambda images: [F.avg_pool2d(images, side) for side in POOLED])


def _unit(x: Tensor) -> Tensor:
    return x * (x.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()
