"""Perceptual distances: how different two images look, by the activations of a network.

Example::

    distance = load_distance("shift-tolerant")    # at hand without the Hub; or "lpips-vgg"
    distance(images, others)                      # [N]: 0 for equal images

LPIPS (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric") compares
activations of an image classifier. At each place of five layers they are scaled to length 1. Then the squared
differences of the channels are weighted, summed, and averaged over places. The weights were learned from people's
judgments of similar patches.

- "lpips-vgg": LPIPS 0.1 with VGG16, as published. The network comes from the Hub (550 MB); the weights of the channels
  are bundled.
- "vgg": the activations conv1_1, conv1_2, conv3_2 and conv4_2 of VGG16, neither scaled nor weighted, as in
  Image2StyleGAN (Abdal et al. 2019, eq. 2).
- "shift-tolerant": ShiftTolerant-LPIPS (Ghildyal and Liu 2022): an AlexNet that blurs before it leaves out pixels. It
  is bundled.
- "avatars": the four stages of the bundled judge, scaled to length 1 as in LPIPS, each channel with the same weight. It
  knows what matters in a drawn face, such as a pair of glasses, which is few pixels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from spaceseed.arguments import check_choice, check_device, check_tensor
from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.hub import ByteProgress, fetch

# The networks' input: RGB from -1 to 1, shifted and scaled as for ImageNet.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
# Larger images are averaged to this side, as in NVIDIA's projector. Smaller ones are enlarged to the other, because the
# last layers see a sixteenth of the side.
MOST, LEAST = 256, 64
EPSILON = 1e-10

VGG = ("timm/vgg16.tv_in1k", "model.safetensors", "3394518cba29aee1ea82a49d971be90d2dd1dab7")
FILE = Path(__file__).parents[2] / "assets" / "perceptual" / "model.safetensors"
LPIPS_TAPS = (3, 8, 15, 22, 29)  # conv1_2, conv2_2, conv3_3, conv4_3 and conv5_3 of VGG16, each after its ReLU
STAGES = 4  # of the bundled judge
PLAIN_TAPS = (1, 3, 13, 20)  # conv1_1, conv1_2, conv3_2 and conv4_2


class PerceptualDistance(nn.Module, ABC):
    """A distance between images. Subclasses say which maps are compared.

    Attributes:
        name: name of the distance, for reports.
    """

    name: str

    @abstractmethod
    def maps(self, images: Tensor) -> list[Tensor]:
        """Returns maps [N, C, h, w], one of each layer, of images [N, 3, H, W] of 64 pixels or more in [-1, 1].

        The distance of two images is the sum over layers of the mean over places of the squared difference of maps.
        """

    def embed(self, images: Tensor) -> list[Tensor]:
        """Returns the maps of images, for `between`.

        Args:
            images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen. Gradients are kept.

        Raises:
            ArgumentError: the images have another shape or are not finite.
        """
        like = next(chain(self.parameters(), self.buffers()))
        images = check_tensor("images", images, ["N", 3, "H", "W"], like.dtype).to(like.device)
        return self.maps(_sized(images.clamp(-1, 1)))

    @staticmethod
    def between(maps: Sequence[Tensor], others: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """Returns the distances [N] of embedded images.

        Args:
            maps: from `embed`, of N images.
            others: from `embed`, of N images or of one.
            mask: [1, 1, H, W], 0 to 1: how much each place counts.
        """
        total = maps[0].new_zeros(len(maps[0]))
        for one, other in zip(maps, others, strict=True):
            errors = (one - other).square().sum(dim=1, keepdim=True)
            total = total + _mean(errors, mask)
        return total

    def forward(self, images: Tensor, others: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns the distances [N] between images [N, 3, H, W] and others of as many, or one."""
        return self.between(self.embed(images), self.embed(others), mask)


class LayeredDistance(PerceptualDistance):
    """The distance by some layers of a plain network.

    Args:
        name: name of the distance.
        network: layers that are applied one after the other.
        taps: indices of the layers whose outputs are compared.
        weights: for each of them the weights [C] of its channels, as in LPIPS. If None, activations are not scaled to
            length 1, and their channels are averaged.
        shift: of the network's input: what is subtracted from the three colours in [-1, 1].
        scale: by what they are divided then.
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        name: str,
        network: nn.Sequential,
        taps: Sequence[int],
        weights: Sequence[Tensor] | None,
        *,
        shift: Sequence[float] = SHIFT,
        scale: Sequence[float] = SCALE,
    ) -> None:
        super().__init__()
        self.name, self.network, self.taps = name, network[: max(taps) + 1], tuple(taps)
        self.weights = None if weights is None else nn.ParameterList(weights)
        self.register_buffer("shift", torch.tensor(shift).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(scale).view(3, 1, 1))

    def maps(self, images: Tensor) -> list[Tensor]:
        x, found = (images - self.shift) / self.scale, list[Tensor]()
        for i, layer in enumerate(self.network.children()):
            x = layer(x)
            if i in self.taps:
                found.append(self._weighted(x, len(found)))
        return found

    def _weighted(self, x: Tensor, layer: int) -> Tensor:
        if self.weights is None:
            return x / x.shape[1] ** 0.5
        unit = x * (x.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()
        return unit * self.weights[layer].clamp(min=0).sqrt()[:, None, None]


class BlurPool(nn.Module):
    """Leaves out every second pixel, after the binomial filter [1, 2, 1]. Images are mirrored at their borders."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("filter", torch.outer(taps, taps)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        return F.conv2d(
            F.pad(x, (2, 2, 2, 2), "reflect"), self.filter.expand(channels, 1, 3, 3), stride=2, groups=channels
        )


def vgg16() -> nn.Sequential:
    """Returns the convolutional layers of VGG16, uninitialised."""
    import spaceseed.models.judges._torchvision  # noqa: F401, PLC0415 - takes long to import

    # isort: split
    import timm  # noqa: PLC0415

    with torch.device("meta"):
        features: nn.Sequential = timm.create_model("vgg16", pretrained=False).features
    return features.to_empty(device="cpu")


def shift_tolerant_alexnet() -> nn.Sequential:
    """Returns the convolutional layers of the AlexNet of ShiftTolerant-LPIPS, uninitialised."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, padding=2), BlurPool(), nn.ReLU(),
        nn.MaxPool2d(3, 1), BlurPool(), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(3, 1), BlurPool(), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    )  # fmt: skip


ALEXNET_TAPS = (2, 6, 10, 12, 14)


def _shift_tolerant(_: ByteProgress | None) -> PerceptualDistance:
    tensors, network = load_file(FILE), shift_tolerant_alexnet()
    kept = {name: tensors[f"alexnet.{name}"] for name in network.state_dict() if "filter" not in name}
    network.load_state_dict(kept, strict=False)
    return LayeredDistance("shift-tolerant", network, ALEXNET_TAPS, _channels("alexnet"))


def _vgg(name: str, taps: Sequence[int], progress: ByteProgress | None) -> PerceptualDistance:
    network = vgg16()
    path, _ = fetch(*VGG, progress=progress)
    try:
        with safe_open(path, framework="pt") as file:  # the file also holds half a gigabyte of other layers
            network.load_state_dict({name: file.get_tensor(f"features.{name}") for name in network.state_dict()})
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{VGG[1]} of {VGG[0]} does not hold the weights of VGG16.") from error
    return LayeredDistance(name, network, taps, _channels("vgg") if name == "lpips-vgg" else None)


def _avatars(_: ByteProgress | None) -> PerceptualDistance:
    from spaceseed.models.judges.clip import load_judge  # noqa: PLC0415 - takes long to import

    visual = load_judge("avatars").model.visual
    parts = [part for name, part in visual.named_children() if name != "attnpool"]
    stages = range(len(parts) - STAGES, len(parts))
    weights = [torch.full((stage[-1].bn3.num_features,), 1 / STAGES) for stage in parts[-STAGES:]]
    # The judge takes images as they are, in [-1, 1].
    return LayeredDistance("avatars", nn.Sequential(*parts), stages, weights, shift=(0, 0, 0), scale=(1, 1, 1))


def _channels(network: str) -> list[Tensor]:
    """Returns the weights of the channels of a network's five layers, as LPIPS learned them."""
    tensors = load_file(FILE)
    return [tensors[f"{network}.channels{i}"] for i in range(5)]


DISTANCES: dict[str, Callable[[ByteProgress | None], PerceptualDistance]] = {
    "shift-tolerant": _shift_tolerant,
    "avatars": _avatars,
    "lpips-vgg": lambda progress: _vgg("lpips-vgg", LPIPS_TAPS, progress),
    "vgg": lambda progress: _vgg("vgg", PLAIN_TAPS, progress),
}


def load_distance(
    name: str = "shift-tolerant", device: torch.device | str | None = None, progress: ByteProgress | None = None
) -> PerceptualDistance:
    """Loads a perceptual distance, with frozen weights.

    Args:
        name: "shift-tolerant", "avatars", "lpips-vgg" or "vgg", see above.
        device: where it runs; the CPU by default.
        progress: called with (bytes received, bytes in total) during a download.

    Raises:
        ArgumentError: there is no such distance, or this machine does not have the device.
        DownloadError: VGG16 cannot be downloaded from the Hub.
        CheckpointError: the file from the Hub does not hold the weights of VGG16.
    """
    make, device = check_choice("name", name, DISTANCES), check_device("device", device)
    return make(progress).to(device).eval().requires_grad_(False)


def _sized(images: Tensor) -> Tensor:
    """Resizes square images [N, 3, H, W] to a side from LEAST to MOST."""
    side = images.shape[-1]
    if not min(images.shape[-2:]):
        raise ArgumentError("images", tuple(images.shape), "of one pixel or more")
    if side > MOST:
        return F.interpolate(images, size=(MOST, MOST), mode="area")
    if side < LEAST:
        return F.interpolate(images, size=(LEAST, LEAST), mode="bilinear")
    return images


def _mean(errors: Tensor, mask: Tensor | None) -> Tensor:
    """Returns the mean [N] of errors [N, 1, h, w] over places, weighted by a mask of another size."""
    if mask is None:
        return errors.mean(dim=(1, 2, 3))
    weights = F.interpolate(mask.to(errors), size=errors.shape[-2:], mode="area")
    return (errors * weights).sum(dim=(1, 2, 3)) / weights.sum().clamp(min=EPSILON)
