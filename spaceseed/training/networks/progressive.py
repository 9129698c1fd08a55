"""Progressive growing (Karras et al. 2018, sec. 2): a PGGAN and its discriminator that fade in new resolutions.

At first, images are only enlarged. As `fade` goes from 0 to 1, the new layers take over. At 1 the generator draws
exactly the same as a PGGAN with the same weights.
"""

import math
from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.layers import Linear, leaky_relu, normalize_second_moment
from spaceseed.models.generators.pggan import PGGAN
from spaceseed.training.networks.discriminator import Conv, Output, deviation_map


class GrowingPGGAN(PGGAN):
    """A PGGAN that still has the colours of the previous resolution.

    Attributes:
        fade: weight of the newest resolution, a scalar in [0, 1].

    Args:
        z_dim: size of z.
        channels: as in `PGGAN`; at least two resolutions.
    """

    fade: Tensor

    def __init__(self, z_dim: int, channels: Mapping[int, int]) -> None:
        super().__init__(z_dim, channels)
        self.torgb_below = nn.Conv2d(channels[self.resolution // 2], 3, kernel_size=1)
        self.register_buffer("fade", torch.ones([]))
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(layer.weight, std=self.spread(layer))
                nn.init.zeros_(cast(Tensor, layer.bias))

    def spread(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> float:
        """Returns the constant of the equalised learning rate (sec. 4.1), the standard deviation of initial weights.

        It is He's: sqrt(2 / fan in) for layers before a leaky ReLU, and without the 2 for colours.
        """
        taps = layer.weight[0, 0].numel()
        if isinstance(layer, nn.ConvTranspose2d):
            taps //= 16 if layer is self.convolutions["layer0"] else 4  # number of taps for one output pixel
        gain = 1.0 if layer in (self.torgb, self.torgb_below) else math.sqrt(2)
        return gain / math.sqrt(layer.in_channels * taps)

    def adopt(self, smaller: "GrowingPGGAN") -> None:
        """Copies the weights of a generator of half the resolution."""
        self.convolutions.load_state_dict(smaller.convolutions.state_dict(), strict=False)
        self.torgb_below.load_state_dict(smaller.torgb.state_dict())

    def plain(self) -> PGGAN:
        """Returns a PGGAN with the same weights; without the newest resolution while it fades in."""
        state = self.state_dict()
        if self.fade < 1:
            for name in ("weight", "bias"):
                state[f"torgb.{name}"] = state[f"torgb_below.{name}"]
                for layer in self.layers[-2:]:
                    del state[f"convolutions.{layer}.{name}"]
        generator = PGGAN.like(state)
        generator.load_state_dict({name: state[name] for name in generator.state_dict()})
        return generator.to(self.device)

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # options differ by family
        below: list[Tensor] = []

        def listen(layer: str, x: Tensor) -> Tensor:
            x = tap(layer, x)
            if layer == self.layers[-3]:
                below.append(x)
            return x

        image = super().compute_images(ws, listen)
        old = self.torgb_below(normalize_second_moment(below[0])).float()
        return (1 - self.fade) * F.interpolate(old, scale_factor=2.0, mode="nearest") + self.fade * image


class ProgressiveBlock(nn.Module):
    """Two 3x3 convolutions, then half the resolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv0 = Conv(in_channels, in_channels, 3)
        self.conv1 = Conv(in_channels, out_channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(leaky_relu(self.conv1(leaky_relu(self.conv0(x)))), 2)


class ProgressiveDiscriminator(nn.Module):
    """From images to one logit each. `fade` is as in `GrowingPGGAN`.

    Args:
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; at least two.
        group_size: number of images in a group of the minibatch standard deviation.
    """

    fade: Tensor

    def __init__(self, channels: Mapping[int, int], group_size: int = 4) -> None:
        super().__init__()
        self.group_size = group_size
        self.resolutions = sorted(channels, reverse=True)
        for side in self.resolutions[:-1]:
            self.add_module(f"b{side}", ProgressiveBlock(channels[side], channels[side // 2]))
        for side in self.resolutions[:2]:
            self.add_module(f"fromrgb{side}", Conv(3, channels[side], 1))
        last = channels[4]
        self.conv = Conv(last + 1, last, 3)
        self.fc = Linear(last * 16, last)
        self.out = Linear(last, 1)
        self.register_buffer("fade", torch.ones([]))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Output:  # noqa: ARG002  # the interface of discriminators
        x = self._block(self.resolutions[0])(self._read(self.resolutions[0], images))
        old = self._read(self.resolutions[1], F.avg_pool2d(images, 2))
        x = (1 - self.fade) * old + self.fade * x
        for side in self.resolutions[1:-1]:
            x = self._block(side)(x)
        x = torch.cat([x, deviation_map(x, self.group_size)], dim=1)
        x = leaky_relu(self.fc(leaky_relu(self.conv(x)).flatten(1)))
        return Output(self.out(x).float())

    def _block(self, side: int) -> nn.Module:
        return self.get_submodule(f"b{side}")

    def _read(self, side: int, images: Tensor) -> Tensor:
        return leaky_relu(self.get_submodule(f"fromrgb{side}")(images))
