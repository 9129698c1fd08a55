"""The discriminator for StyleGAN2: residual, with input skips, so that it can grow.

Every resolution also reads the downsampled image. When a larger resolution is added, its last weights are zero, so it
changes nothing at first, and training continues from the smaller network.

It can take an image's label and judge how well both fit (projection, Miyato & Koyama 2018), and it can predict the
label (auxiliary classifier, Odena et al. 2017).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.layers import Linear, filter2d, leaky_relu, resample_filter


class Output(NamedTuple):
    """The output of a discriminator.

    Attributes:
        logits: [N, k], float32; higher is more real.
        classes: [N, num_classes], logits of the labels from the auxiliary classifier; None without one.
    """

    logits: Tensor
    classes: Tensor | None = None


def deviation_map(x: Tensor, group_size: int) -> Tensor:
    """Returns the standard deviation within a few images as one more channel, which reveals mode collapse.

    This is the minibatch standard deviation of PGGAN (Karras et al. 2018, sec. 3), within groups as in StyleGAN2.

    Args:
        x: activations [N, C, H, W].
        group_size: maximum number of images in a group. If it does not divide N, the greatest common divisor is used.

    Returns:
        [N, 1, H, W], of x's dtype.
    """
    n, _, height, width = x.shape
    group = math.gcd(n, group_size)
    y = x.float().reshape(group, n // group, -1)
    deviation = (y.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=1)
    return deviation.repeat(group).reshape(n, 1, 1, 1).expand(n, 1, height, width).to(x.dtype)


class Conv(nn.Module):
    """A convolution with equalised learning rate, padded to keep the size."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.gain = 1 / math.sqrt(in_channels * kernel**2)

    def forward(self, x: Tensor, stride: int = 1) -> Tensor:
        padding = self.weight.shape[-1] // 2 if stride == 1 else 0
        return F.conv2d(x, self.weight * self.gain, self.bias, stride=stride, padding=padding)


class DiscriminatorBlock(nn.Module):
    """Halves the resolution: two 3x3 convolutions and a 1x1 skip path, with a low-pass filter before each stride."""

    resample_filter: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.fromrgb = Conv(3, in_channels, 1)
        self.conv0 = Conv(in_channels, in_channels, 3)
        self.conv1 = Conv(in_channels, out_channels, 3)
        self.skip = Conv(in_channels, out_channels, 1, bias=False)
        self.register_buffer("resample_filter", resample_filter())

    def forward(self, x: Tensor) -> Tensor:
        y = self.skip(filter2d(x, self.resample_filter, padding=1), stride=2)
        x = leaky_relu(self.conv0(x))
        x = leaky_relu(self.conv1(filter2d(x, self.resample_filter, padding=2), stride=2))
        return (x + y) / math.sqrt(2)

    def start_silent(self) -> None:
        """Makes the block's output zero, for a block that is added to a trained network."""
        for conv in (self.conv1, self.skip):
            nn.init.zeros_(conv.weight)


class Discriminator(nn.Module):
    """From images, and their labels if it projects on them, to one logit each.

    Args:
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; at least two.
        num_classes: size of the label vector.
        project: whether to judge how well image and label fit.
        classify: whether to predict the label.
        group_size: number of images in a group of the minibatch standard deviation.
    """

    def __init__(
        self,
        channels: Mapping[int, int],
        num_classes: int = 0,
        *,
        project: bool = False,
        classify: bool = False,
        group_size: int = 4,
    ) -> None:
        super().__init__()
        self.resolutions = sorted(channels, reverse=True)
        self.group_size = group_size
        for resolution in self.resolutions[:-1]:
            block = DiscriminatorBlock(channels[resolution], channels[resolution // 2])
            self.add_module(f"b{resolution}", block)
        last = channels[4]
        self.conv = Conv(last + 1, last, 3)
        self.fc = Linear(last * 16, last)
        self.out = Linear(last, 1)
        self.embedding = nn.Parameter(torch.randn(num_classes, last)) if project else None
        self.classes = Linear(last, num_classes) if classify else None

    def block(self, resolution: int) -> DiscriminatorBlock:
        """Returns the block that reads images at `resolution`."""
        return cast(DiscriminatorBlock, self.get_submodule(f"b{resolution}"))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Output:
        x: Tensor | None = None
        for resolution in self.resolutions[:-1]:
            block = self.block(resolution)
            read = leaky_relu(block.fromrgb(images))
            x = block(read if x is None else x + read)
            images = F.avg_pool2d(images, 2)
        assert x is not None
        x = torch.cat([x, deviation_map(x, self.group_size)], dim=1)
        x = leaky_relu(self.fc(leaky_relu(self.conv(x)).flatten(1)))
        logits = self.out(x).float() + self._fit(x, labels)
        return Output(logits, None if self.classes is None else self.classes(x).float())

    def _fit(self, x: Tensor, labels: Tensor | None) -> Tensor | float:
        """Returns how well features [N, F] fit labels, [N, 1]. Groups without label add nothing."""
        if self.embedding is None:
            return 0.0
        if labels is None:
            raise ArgumentError("labels", None, "given, because this discriminator uses labels")
        embedded = labels @ self.embedding
        return (x.float() * embedded.float()).sum(dim=1, keepdim=True) / math.sqrt(x.shape[1])
