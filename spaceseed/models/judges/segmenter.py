"""Segmenters: networks that say of each pixel what it shows.

Example::

    segmenter = load_segmenter("avatars")
    labels = segmenter.segment(images)                      # int64 [N, H, W], indices into segmenter.classes
    glasses = labels == segmenter.classes.index("glasses")

- "avatars": the faces of the bundled generator, in nine classes. It is bundled.
- "faces": photographs of faces, in 19 classes. A public SegFormer from the Hub (339 MB).
- "scenes": photographs of rooms and landscapes, in the 150 classes of ADE20K. A public SegFormer from the Hub (15 MB).
"""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_choice, check_device, check_tensor
from spaceseed.errors import ArgumentError
from spaceseed.models.hub import ByteProgress, file_sha256

ASSETS = Path(__file__).parents[2] / "assets" / "segmenter"
# Logits that `Segmenter.segment` holds at once: 64 MB. The network's own maps take several times as much.
MAX_VALUES = 2**24


class Segmenter:
    """A network that gives each pixel a class, with the sizes and colours that it expects.

    Args:
        network: from images [N, 3, h, w] to logits [N, classes, any height, any width].
        classes: the name of each class. The first is the background, if there is one.
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
        pixels = max(height * width, (self.resolution or 0) ** 2)
        size = max(1, MAX_VALUES // (len(self.classes) * pixels))
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


class UNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015) with batch normalisation: from [N, 3, h, w] to logits [N, classes, h, w].

    Args:
        classes: number of classes.
        widths: channels at each scale, each with half the side of the one before. The side must be divisible.
    """

    def __init__(self, classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        before = (3, *widths)
        self.down = nn.ModuleList(_block(a, b) for a, b in zip(before, widths, strict=False))
        self.up = nn.ModuleList(_block(a + b, a) for a, b in reversed(list(pairwise(widths))))
        self.last = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for block in self.down:
            x = block(F.max_pool2d(x, 2) if seen else x)
            seen.append(x)
        seen.pop()
        for block in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = block(torch.cat([x, seen.pop()], dim=1))
        return self.last(x)


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        convolution = nn.Conv2d(channels, after, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _resized(maps: Tensor, height: int, width: int) -> Tensor:
    """Resizes maps [N, C, H, W] bilinearly. Each pixel of a smaller map is a mean of several."""
    if maps.shape[-2:] == (height, width):
        return maps
    return F.interpolate(maps, (height, width), mode="bilinear", align_corners=False, antialias=True)


def read_avatars(folder: Path = ASSETS, device: torch.device | str = "cpu") -> Segmenter:
    """Returns the segmenter of drawn faces from the two files in a folder."""
    config, weights = json.loads((folder / "config.json").read_text()), folder / "model.safetensors"
    network = UNet(len(config["classes"]), config["widths"])
    network.load_state_dict(load_file(weights))
    return Segmenter(
        network,
        config["classes"],
        name="avatars",
        domain="drawn faces",
        sha256=file_sha256(weights),
        resolution=config["resolution"],
        device=device,
    )


def _from_hub(name: str, domain: str) -> Callable[[torch.device, ByteProgress | None], Segmenter]:
    def make(device: torch.device, progress: ByteProgress | None) -> Segmenter:
        from spaceseed.models.judges import segformer  # noqa: PLC0415 - takes long to import

        published = segformer.PUBLISHED[name]
        return Segmenter(
            segformer.load_segformer(published, progress),
            published.classes,
            name=name,
            domain=domain,
            sha256=published.sha256,
            resolution=segformer.RESOLUTION,
            mean=segformer.MEAN,
            std=segformer.STD,
            device=device,
        )

    return make


SEGMENTERS: dict[str, Callable[[torch.device, ByteProgress | None], Segmenter]] = {
    "avatars": lambda device, _: read_avatars(device=device),
    "faces": _from_hub("faces", "photographs of faces"),
    "scenes": _from_hub("scenes", "photographs of rooms and landscapes"),
}


def load_segmenter(
    name: str = "avatars", device: torch.device | str | None = None, progress: ByteProgress | None = None
) -> Segmenter:
    """Loads a segmenter, with frozen weights.

    Args:
        name: "avatars", "faces" or "scenes", see above.
        device: where it runs; the CPU by default.
        progress: called with (bytes received, bytes in total) during a download.

    Raises:
        ArgumentError: there is no such segmenter, or this machine does not have the device.
        DownloadError: the weights cannot be downloaded from the Hub, or are not those that are pinned.
        CheckpointError: the file from the Hub does not hold the weights of this network.
    """
    make, device = check_choice("name", name, SEGMENTERS), check_device("device", device)
    return make(device, progress)
