"""MobileStyleGAN (Belousov 2021): StyleGAN2's styles with depthwise separable convolutions and wavelets.

A block doubles the resolution with the inverse Haar transform instead of a learned convolution. Its convolutions are a
depthwise 3x3 and a pointwise one, without demodulation. So it is many times faster than StyleGAN2.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.mapping import MappedGenerator, MappingNetwork, mapping_sizes
from spaceseed.models.generators.shapes import expect, unfilled

# From the four bands of a channel (low, vertical, horizontal, diagonal) to its 2x2 pixels, row by row.
HAAR = 0.5 * torch.tensor(
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]]
)


class SynthesisLayer(nn.Module):
    """Style, convolution, noise, bias, leaky ReLU. The convolution is separable unless `dense`."""

    noise: Tensor

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, resolution: int, *, dense: bool = False):
        super().__init__()
        self.affine = nn.Linear(w_dim, in_channels)
        self.depthwise = None if dense else nn.Parameter(torch.randn(in_channels, 1, 3, 3) / 3)
        kernel = 3 if dense else 1
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel) / in_channels**0.5 / kernel)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("noise", torch.zeros(1, 1, resolution, resolution))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        # In place if possible: at the last resolutions, allocating memory takes longer than the arithmetic.
        style = self.affine(w)[:, :, None, None]
        if self.depthwise is None:
            x = x * style
        else:  # this convolution commutes with the scaling of channels
            x = F.conv2d(x, self.depthwise, padding=1, groups=x.shape[1]).mul_(style)
        x = F.conv2d(x, self.weight, self.bias, padding=self.weight.shape[-1] // 2)
        return F.leaky_relu(x.add_(self.noise), 0.2, inplace=True)


class SynthesisBlock(nn.Module):
    """Doubles the resolution: style, inverse Haar transform, two layers.

    Channels 4i to 4i + 3 are the bands of output channel i of the transform.
    """

    haar: Tensor

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, resolution: int) -> None:
        super().__init__()
        self.name = f"b{resolution}"
        bands = in_channels // 4
        self.affine = nn.Linear(w_dim, in_channels)
        self.conv0 = SynthesisLayer(bands, out_channels, w_dim, resolution)
        self.conv1 = SynthesisLayer(out_channels, out_channels, w_dim, resolution)
        self.register_buffer("haar", HAAR.repeat(bands, 1)[:, :, None, None], persistent=False)

    def forward(self, x: Tensor, ws: Tensor, tap: Tap) -> Tensor:
        x = x * self.affine(ws[:, 0])[:, :, None, None]
        x = F.pixel_shuffle(F.conv2d(x, self.haar, groups=x.shape[1] // 4), 2)
        x = tap(f"{self.name}.conv0", self.conv0(x, ws[:, 1]))
        return tap(f"{self.name}.conv1", self.conv1(x, ws[:, 2]))


class ToRGB(nn.Module):
    """Style and a 1x1 convolution to the four pixels of each colour. The image has twice the resolution of its input.

    The official network predicts wavelet bands here. Their inverse transform is linear, so it is part of the weights.
    """

    def __init__(self, in_channels: int, w_dim: int) -> None:
        super().__init__()
        self.affine = nn.Linear(w_dim, in_channels)
        self.weight = nn.Parameter(torch.randn(12, in_channels) / in_channels**0.5)
        self.bias = nn.Parameter(torch.zeros(12, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        # The styles scale the weights, which are far fewer than the pixels.
        pixels = torch.baddbmm(self.bias, self.weight * self.affine(w)[:, None], x.flatten(2))
        return F.pixel_shuffle(pixels.unflatten(2, x.shape[2:]), 2)


class MobileStyleGAN(MappedGenerator):
    """The generator: mapping and synthesis. Its noise maps are constant, so only ws determine the image.

    Stopping early cannot give a smaller image, because only the last block has colours. The layers after it are
    a thirtieth of the arithmetic. Half the low band is the mean of 2x2 pixels, so averaging the full image is as cheap.

    Rows of ws: the 4x4 layer; upsampling, conv0 and conv1 of each block; the colours.

    Args:
        w_dim: size of z and of w.
        channels: feature maps at 4x4, 8x8 and so on; each except the last divisible by 4. The side of the image is
            twice that of the last.
        mapping_layers: number of fully connected layers between z and w.
    """

    def __init__(self, w_dim: int, channels: Sequence[int], *, mapping_layers: int = 8) -> None:
        super().__init__()
        self.z_dim = self.w_dim = w_dim
        self.num_classes = 0
        self.num_ws = 3 * len(channels) - 1
        self.resolution = 4 << len(channels)
        self.mapping = MappingNetwork(w_dim, w_dim, mapping_layers)
        self.const = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        self.conv = SynthesisLayer(channels[0], channels[0], w_dim, 4, dense=True)
        self.blocks = nn.ModuleList(
            SynthesisBlock(below, here, w_dim, 8 << i) for i, (below, here) in enumerate(pairwise(channels))
        )
        self.torgb = ToRGB(channels[-1], w_dim)
        self.layers = ("b4.conv1", *(f"b{8 << i}.conv{j}" for i in range(len(self.blocks)) for j in (0, 1)))

    @classmethod
    def like(cls, tensors: Mapping[str, Tensor]) -> "MobileStyleGAN":
        """Makes a generator for these tensors. Its own are uninitialised.

        Args:
            tensors: a state dict of this class; other names are ignored.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        channels = [expect(shapes, "const", 1, None, 4, 4)[1]]
        while f"blocks.{len(channels) - 1}.conv1.weight" in shapes:
            i, side = len(channels) - 1, 4 << len(channels)
            # Checked, because each block doubles the image's side: small tensors must not ask for a huge image.
            expect(shapes, f"blocks.{i}.conv1.noise", 1, 1, side, side)
            if channels[-1] % 4:
                raise CheckpointError(f"Block {i} has {channels[-1]} channels, which is no multiple of 4.")
            channels.append(expect(shapes, f"blocks.{i}.conv1.weight", None, None, 1, 1)[0])
        sizes = mapping_sizes(shapes)
        generator = unfilled(lambda: cls(sizes["w_dim"], channels, mapping_layers=sizes["mapping_layers"]), shapes)
        for block in generator.blocks:
            haar = block.get_buffer("haar")
            haar.copy_(HAAR.repeat(len(haar) // 4, 1)[:, :, None, None])
        return generator

    def compute_images(self, ws: Tensor, tap: Tap) -> Tensor:  # type: ignore[override]  # the family has no options
        x = tap("b4.conv1", self.conv(self.const, ws[:, 0]))
        for i, block in enumerate(self.blocks):
            x = block(x, ws[:, 1 + 3 * i : 4 + 3 * i], tap)
        return self.torgb(x, ws[:, -1])

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        names = ["conv.affine"]
        for i in range(len(self.blocks)):
            names += [f"blocks.{i}.affine", f"blocks.{i}.conv0.affine", f"blocks.{i}.conv1.affine"]
        return cast(nn.Linear, self.get_submodule([*names, "torgb.affine"][layer])).weight
