"""StyleGAN2 (Karras et al. 2020), architectures "skip" and "resnet", in plain PyTorch.

Parameter names are those of NVIDIA's PyTorch release, so a `G_ema` state dict of StyleGAN2 or StyleGAN2-ADA can be
loaded directly. Modulated convolution, FIR upsampling and noise follow the paper, without compiled extensions.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.layers import (
    SQRT2,
    Linear,
    check_noise,
    filter2d,
    modulated_conv,
    noise_map,
    resample_filter,
    upsample2d,
)
from spaceseed.models.generators.mapping import MappedGenerator, MappingNetwork, mapping_sizes
from spaceseed.models.generators.shapes import Shapes, expect, unfilled

ARCHITECTURES = ("skip", "resnet")
SLOPE = 0.2  # of the leaky ReLU for negative values


class SynthesisLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU. With `up` it first doubles the resolution."""

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

    def forward(self, x: Tensor, styles: Tensor, noise: str, rng: torch.Generator | None) -> Tensor:
        x = modulated_conv(x, self.weight, styles, gain=SQRT2, up=self.up)
        if self.up:
            x = filter2d(x, 4 * self.resample_filter, padding=1)
        # In place, because allocating memory for large feature maps takes ten times as long as this arithmetic. The
        # gain and the clamp commute with the activation: the gain is already in x, the clamp comes before it.
        drawn = noise_map(noise, self.noise_const, x.shape[0], rng)
        if drawn is not None:
            x.add_((drawn * (SQRT2 * self.noise_strength)).to(x.dtype))
        x.add_((SQRT2 * self.bias).to(x.dtype)[:, None, None])
        if self.clamp is not None:
            x.clamp_(-self.clamp / SLOPE, self.clamp)
        return F.leaky_relu_(x, SLOPE)


class ToRGB(nn.Module):
    """1x1 modulated convolution to colours, without demodulation."""

    def __init__(self, in_channels: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.affine = Linear(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.weight_gain = in_channels**-0.5

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        weights = (self.weight_gain * styles[:, None] * self.weight[:, :, 0, 0]).to(x.dtype)
        x = (weights @ x.flatten(2)).unflatten(2, x.shape[2:]) + self.bias.to(x.dtype)[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class Shortcut(nn.Module):
    """The skip path of a "resnet" block: a 1x1 convolution of its input, then upsampling."""

    resample_filter: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 1, 1))
        self.weight_gain = in_channels**-0.5
        self.register_buffer("resample_filter", resample_filter())

    def forward(self, x: Tensor) -> Tensor:
        return upsample2d(F.conv2d(x, self.weight * self.weight_gain), self.resample_filter)


class SynthesisBlock(nn.Module):
    """One resolution: two layers, or at 4x4 a learned constant and one layer; plus optional skip path and colours.

    Args:
        in_channels: feature maps of the block before; 0 for the first block.
        out_channels: feature maps of this block.
        w_dim: size of w.
        resolution: side of the block's images in pixels.
        clamp: bound on activations; None for no bound.
        skip: whether to add the block's input to its output, keeping the variance.
        torgb: whether to add colours to the image.
    """

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        resolution: int,
        clamp: float | None,
        *,
        skip: bool,
        torgb: bool,
    ) -> None:
        super().__init__()
        self.name = f"b{resolution}"
        self.num_convs = 2 if in_channels else 1
        if in_channels:
            self.conv0 = SynthesisLayer(in_channels, out_channels, w_dim, resolution, up=True, clamp=clamp)
        else:
            self.const = nn.Parameter(torch.randn(out_channels, resolution, resolution))
        self.conv1 = SynthesisLayer(out_channels, out_channels, w_dim, resolution, up=False, clamp=clamp)
        self.skip = Shortcut(in_channels, out_channels) if skip else None
        self.torgb = ToRGB(out_channels, w_dim, clamp) if torgb else None
        self.register_buffer("resample_filter", resample_filter())

    def forward(
        self, below: Tensor | None, image: Tensor | None, ws: Tensor, tap: Tap, noise: str, rng: torch.Generator | None
    ) -> tuple[Tensor, Tensor | None]:
        def styles(part: str, w: Tensor) -> Tensor:
            return tap(f"{self.name}.{part}.style", getattr(self, part).affine(w))

        if below is None:
            x = self.const.expand(ws.shape[0], -1, -1, -1)
        else:
            x = tap(f"{self.name}.conv0", self.conv0(below, styles("conv0", ws[:, 0]), noise, rng))
        x = self.conv1(x, styles("conv1", ws[:, self.num_convs - 1]), noise, rng)
        if self.skip is not None:
            x = (x + self.skip(below)) * math.sqrt(0.5)
        x = tap(f"{self.name}.conv1", x)
        if self.torgb is not None:
            rgb = self.torgb(x, styles("torgb", ws[:, self.num_convs])).float()
            image = rgb if image is None else upsample2d(image, self.resample_filter) + rgb
        return x, image


class SynthesisNetwork(nn.Module):
    """From ws to an image, from 4x4 up. Neighbouring blocks share one w: that of ToRGB is that of the next layer."""

    def __init__(self, w_dim: int, channels: Mapping[int, int], architecture: str, clamp: float | None) -> None:
        super().__init__()
        self.resolutions = sorted(channels)
        resnet = architecture == "resnet"
        below = 0
        for resolution in self.resolutions:
            block = SynthesisBlock(
                below,
                channels[resolution],
                w_dim,
                resolution,
                clamp,
                skip=resnet and below > 0,
                torgb=not resnet or resolution == self.resolutions[-1],
            )
            self.add_module(f"b{resolution}", block)
            below = channels[resolution]
        self.num_ws = 2 * len(self.resolutions)

    def block(self, resolution: int) -> SynthesisBlock:
        """Returns the block of `resolution`."""
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


class StyleGAN2(MappedGenerator):
    """The generator, mapping and synthesis together.

    Of the activations in `layers`, "b{resolution}.conv1" is the output of the block; with architecture "resnet" it is
    the sum with the skip path.

    Options of `synthesize`: `noise`: "const" for the stored noise maps, "none", or "random" for new maps for every
    image; `rng`: the torch.Generator for "random", required there.

    Args:
        z_dim: size of z.
        w_dim: size of w.
        channels: feature maps at each resolution, {4: c4, 8: c8, ...}; the largest key is the image's side.
        architecture: "skip": every block adds colours to the image; or "resnet": blocks add to the features.
        mapping_layers: number of fully connected layers between z and w.
        mapping_features: width of all but the last of them; w_dim if None.
        num_classes: size of the label vector; 0 for unconditional models.
        label_features: size of the label's embedding; w_dim if None.
        joint_labels: whether z and the label's embedding are normalised together, or each by itself.
        clamp: bound on activations, as in checkpoints trained with mixed precision; None for no bound.

    Raises:
        ArgumentError: there is no such architecture.
    """

    options: tuple[str, ...] = ("noise", "rng")

    def __init__(
        self,
        z_dim: int,
        w_dim: int,
        channels: Mapping[int, int],
        *,
        architecture: str = "skip",
        mapping_layers: int = 8,
        mapping_features: int | None = None,
        num_classes: int = 0,
        label_features: int | None = None,
        joint_labels: bool = False,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ArgumentError("architecture", architecture, f"one of {', '.join(ARCHITECTURES)}")
        self.z_dim, self.w_dim, self.num_classes = z_dim, w_dim, num_classes
        self.resolution = max(channels)
        self.mapping = MappingNetwork(
            z_dim,
            w_dim,
            mapping_layers,
            num_classes=num_classes,
            features=mapping_features,
            label_features=label_features,
            joint_labels=joint_labels,
        )
        self.synthesis = SynthesisNetwork(w_dim, channels, architecture, clamp)
        self._clamp = clamp
        self.num_ws = self.synthesis.num_ws
        convs = [f"b{r}.conv{i}" for r in self.synthesis.resolutions for i in (0, 1)]
        self.layers = tuple(convs[1:])  # the first block has no conv0
        modules = dict(self.synthesis.named_modules())
        names = [f"b{r}.{part}" for r in self.synthesis.resolutions for part in ("conv0", "conv1", "torgb")]
        self.styles = tuple(f"{name}.style" for name in names if name in modules)

    @property
    def settings(self) -> dict[str, Any]:
        return {"clamp": self._clamp, "joint_labels": self.mapping.joint_labels}

    @classmethod
    def like(
        cls, tensors: Mapping[str, Tensor], *, clamp: float | None = None, joint_labels: bool = False
    ) -> "StyleGAN2":
        """Makes a generator for tensors of these names and shapes. Its own are uninitialised.

        It never takes more memory than `tensors`.

        Args:
            tensors: a state dict with NVIDIA's names; other names are ignored.
            clamp: as in the class; it cannot be read from tensors.
            joint_labels: as in the class; it cannot be read from tensors.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        sizes = _sizes(shapes)
        return unfilled(lambda: cls(**sizes, clamp=clamp, joint_labels=joint_labels), shapes)

    def compute_images(  # type: ignore[override]  # options differ by family
        self, ws: Tensor, tap: Tap, noise: str = "const", rng: torch.Generator | None = None
    ) -> Tensor:
        check_noise(noise, rng)
        return self.synthesis(ws, tap, noise, rng)

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        name = self.layers[layer] if layer < len(self.layers) else f"b{self.resolution}.torgb"
        return cast(Linear, self.synthesis.get_submodule(f"{name}.affine")).weight


def _sizes(shapes: Shapes) -> dict[str, Any]:
    """Returns the arguments of `StyleGAN2` from the shapes of its tensors."""
    channels: dict[int, int] = {}
    resolution = 4
    while f"synthesis.b{resolution}.conv1.weight" in shapes or not channels:
        channels[resolution] = expect(shapes, f"synthesis.b{resolution}.conv1.weight", None, None, 3, 3)[0]
        # Checked, because each block doubles the image's side: small tensors must not ask for a huge image.
        expect(shapes, f"synthesis.b{resolution}.conv1.noise_const", resolution, resolution)
        resolution *= 2
    architecture = "skip" if "synthesis.b4.torgb.weight" in shapes else "resnet"
    return {**mapping_sizes(shapes), "channels": channels, "architecture": architecture}
