"""StyleGAN2 (Karras et al. 2020), skip architecture, in plain PyTorch.

Parameter names are those of NVIDIA's PyTorch release, so a `G_ema` state dict of StyleGAN2 or StyleGAN2-ADA loads as
it is. Modulated convolution, FIR upsampling and noise follow the paper; nothing is compiled.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from spaceseed.errors import ArgumentError
from spaceseed.models.generator import Generator, Tap
from spaceseed.models.layers import (
    Linear,
    filter2d,
    leaky_relu,
    modulated_conv,
    resample_filter,
    upsample2d,
)
from spaceseed.models.mapping import MappingNetwork

NOISE_MODES = ("const", "none", "random")


class SynthesisLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU; doubles the resolution first when `up`."""

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, w_dim: int, resolution: int, up: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.up, self.clamp = up, clamp
        self.affine = Linear(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", resample_filter())

    def forward(self, x: Tensor, w: Tensor, noise: str, rng: torch.Generator | None) -> Tensor:
        x = modulated_conv(x, self.weight, self.affine(w), up=self.up)
        if self.up:
            x = filter2d(x, 4 * self.resample_filter, padding=1)
        if noise == "const":
            x = x + (self.noise_const * self.noise_strength).to(x.dtype)
        elif noise == "random":
            size = (x.shape[0], 1, *x.shape[2:])
            drawn = torch.randn(size, generator=rng, device=rng.device if rng else x.device).to(x.device)
            x = x + (drawn * self.noise_strength).to(x.dtype)
        return leaky_relu(x + self.bias.to(x.dtype)[:, None, None], self.clamp)


class ToRGB(nn.Module):
    """1x1 modulated convolution to colours, without demodulation."""

    def __init__(self, in_channels: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.affine = Linear(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.weight_gain = in_channels**-0.5

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) * self.weight_gain
        x = modulated_conv(x, self.weight, styles, demodulate=False) + self.bias.to(x.dtype)[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class SynthesisBlock(nn.Module):
    """One resolution: two layers (one at 4x4, where a learned constant stands first) and a ToRGB."""

    resample_filter: Tensor

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, resolution: int, clamp: float | None) -> None:
        super().__init__()
        self.name = f"b{resolution}"
        self.is_first = in_channels == 0
        self.num_convs = 1 if self.is_first else 2
        if self.is_first:
            self.const = nn.Parameter(torch.randn(out_channels, resolution, resolution))
        else:
            self.conv0 = SynthesisLayer(in_channels, out_channels, w_dim, resolution, up=True, clamp=clamp)
        self.conv1 = SynthesisLayer(out_channels, out_channels, w_dim, resolution, up=False, clamp=clamp)
        self.torgb = ToRGB(out_channels, w_dim, clamp)
        self.register_buffer("resample_filter", resample_filter())

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: Tensor, tap: Tap, noise: str, rng: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        if x is None:
            x = self.const.expand(ws.shape[0], -1, -1, -1)
        else:
            x = tap(f"{self.name}.conv0", self.conv0(x, ws[:, 0], noise, rng))
        x = tap(f"{self.name}.conv1", self.conv1(x, ws[:, self.num_convs - 1], noise, rng))
        rgb = self.torgb(x, ws[:, self.num_convs]).float()
        return x, rgb if image is None else upsample2d(image, self.resample_filter) + rgb


class SynthesisNetwork(nn.Module):
    """ws to an image, from 4x4 up. Neighbouring blocks overlap by one w: a ToRGB shares it with the next layer."""

    def __init__(self, w_dim: int, channels: Mapping[int, int], clamp: float | None) -> None:
        super().__init__()
        self.resolutions = sorted(channels)
        below = 0
        for resolution in self.resolutions:
            self.add_module(f"b{resolution}", SynthesisBlock(below, channels[resolution], w_dim, resolution, clamp))
            below = channels[resolution]
        self.num_ws = 2 * len(self.resolutions)

    def block(self, resolution: int) -> SynthesisBlock:
        """The block that draws at `resolution`."""
        return cast(SynthesisBlock, self.get_submodule(f"b{resolution}"))

    def forward(self, ws: Tensor, tap: Tap, noise: str, rng: torch.Generator | None) -> Tensor:
        x = image = None
        start = 0
        for resolution in self.resolutions:
            block = self.block(resolution)
            x, image = block(x, image, ws[:, start : start + block.num_convs + 1], tap, noise, rng)
            start += block.num_convs
        assert image is not None
        return image


class StyleGAN2(Generator):
    """The generator, mapping and synthesis together.

    Options of `synthesize`: `noise`, "const" for the stored noise maps, "none", or "random" drawn anew for every image
    from `rng`, a torch.Generator that is required then.

    Args:
        z_dim: size of z.
        w_dim: size of w.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the largest key is the image's side.
        mapping_layers: fully connected layers between z and w.
        num_classes: size of the label vector; 0 for unconditional models.
        clamp: bound on activations, as in checkpoints trained with mixed precision; None for no bound.
    """

    options = ("noise", "rng")

    def __init__(
        self,
        z_dim: int,
        w_dim: int,
        channels: Mapping[int, int],
        *,
        mapping_layers: int = 8,
        num_classes: int = 0,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_classes = z_dim, w_dim, num_classes
        self.resolution = max(channels)
        self.mapping = MappingNetwork(z_dim, w_dim, mapping_layers, num_classes=num_classes)
        self.synthesis = SynthesisNetwork(w_dim, channels, clamp)
        self.num_ws = self.synthesis.num_ws
        convs = [f"b{r}.conv{i}" for r in self.synthesis.resolutions for i in (0, 1)]
        self.layers = tuple(convs[1:])  # the first block has no conv0

    @property
    def w_avg(self) -> Tensor:  # type: ignore[override]
        return self.mapping.w_avg

    def _map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.mapping(z, labels)[:, None].repeat(1, self.num_ws, 1)

    def _synthesize(  # type: ignore[override]  # a family names its own options
        self, ws: Tensor, tap: Tap, noise: str = "const", rng: torch.Generator | None = None
    ) -> Tensor:
        if noise not in NOISE_MODES:
            raise ArgumentError("noise", noise, f"one of {', '.join(NOISE_MODES)}")
        if noise == "random" and rng is None:
            raise ArgumentError("rng", None, 'a torch.Generator when noise = "random"')
        return self.synthesis(ws, tap, noise, rng)

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        name = self.layers[layer] if layer < len(self.layers) else f"b{self.resolution}.torgb"
        return cast(Linear, self.synthesis.get_submodule(f"{name}.affine")).weight
