"""Segmenters: networks that say of each pixel what it shows.

Example::

    segmenter = load_segmenter("avatars")
    labels = segmenter.segment(images)                      # int64 [N, H, W], indices into segmenter.classes
    glasses = labels == segmenter.classes.index("glasses")

- "avatars": the faces of the bundled generator, in nine classes. It is bundled.
- "faces": photographs of faces, in 19 classes. A public SegFormer from the Hub (339 MB).
- "scenes": photographs of anything, in the 150 classes of ADE20K. A public SegFormer from the Hub (15 MB).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_tensor
from spaceseed.errors import ArgumentError

# Class probabilities that `Segmenter.segment` holds at once: 256 MB.
MAX_VALUES = 2**26


class Segmenter:
    """A network that gives each pixel a class, with the sizes and colours that it expects.

    Args:
        network: from images [N, 3, h, w] to logits [N, classes, any height, any width].
        classes: the name of each class. The first is the background, or everything else.
        name: the name for `load_segmenter`; None for another network.
        domain: what its images show, in words.
        sha256: hash of its weights, hexadecimal; "" if it has none.
        resolution: side in pixels of the square that images are resized to for the network; None to leave them as
            they are.
        mean: what is subtracted from the three colours in [-1, 1] for the network.
        std: by what they are divided then.
        device: where the network runs. Images on other devices are moved.
    """

    def __init__(
        self,
        network: nn.Module,
        classes: Sequence[str],
        *,
        name: str | None = None,
        domain: str = "",
        sha256: str = "",
        resolution: int | None = None,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        device: torch.device | str = "cpu",
    ) -> None:
        self.network = network.to(device).eval().requires_grad_(False)
        self.classes = tuple(classes)
        self.name, self.domain, self.sha256, self.resolution = name, domain, sha256, resolution
        self._mean = torch.tensor(mean, device=device).view(3, 1, 1)
        self._std = torch.tensor(std, device=device).view(3, 1, 1)

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self._mean.device

    def to(self, device: torch.device | str) -> None:
        """Moves the network."""
        self.network.to(device)
        self._mean, self._std = self._mean.to(device), self._std.to(device)

    def probabilities(self, images: Tensor) -> Tensor:
        """Returns how probable each class is at each pixel. Gradients flow back to the images.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.

        Returns:
            [N, classes, H, W], 0 to 1. They sum to 1 over the classes.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        return self._logits(self._checked(images)).softmax(dim=1)

    @torch.no_grad()
    def segment(self, images: Tensor) -> Tensor:
        """Returns the most probable class of each pixel.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.

        Returns:
            int64 [N, H, W], indices into `classes`.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        images = self._checked(images)
        count, _, height, width = images.shape
        labels = torch.empty(count, height, width, dtype=torch.int64, device=self.device)
        size = max(1, MAX_VALUES // (len(self.classes) * height * width))
        for first in range(0, count, size):
            labels[first : first + size] = self._logits(images[first : first + size]).argmax(dim=1)
        return labels

    def _checked(self, images: Tensor) -> Tensor:
        images = check_tensor("images", images, ["N", 3, "H", "W"]).to(self.device)
        if not min(images.shape[-2:]):
            raise ArgumentError("images", tuple(images.shape), "of one pixel or more")
        return images.clamp(-1, 1)

    def _logits(self, images: Tensor) -> Tensor:
        """Returns logits [N, classes, H, W] of images [N, 3, H, W] in [-1, 1]."""
        side = self.resolution
        sized = images if side is None else _resized(images, side, side)
        return _resized(self.network((sized - self._mean) / self._std), *images.shape[-2:])


def _resized(maps: Tensor, height: int, width: int) -> Tensor:
    """Resizes maps [N, C, H, W] bilinearly. Each pixel of a smaller map is a mean of several."""
    if maps.shape[-2:] == (height, width):
        return maps
    return F.interpolate(maps, (height, width), mode="bilinear", align_corners=False, antialias=True)
