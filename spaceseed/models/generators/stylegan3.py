"""StyleGAN3 (Karras et al. 2021), configurations T and R, in plain PyTorch.

Parameter names are those of NVIDIA's release, so a `G_ema` state dict can be loaded directly. The two configurations
differ only in shapes: T has 3x3 convolutions and separable filters. R (rotation) has 1x1 convolutions, twice the
channels and radial filters.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import ArgumentError, CheckpointError
from spaceseed.models.generators.alias_free import filtered_leaky_relu
from spaceseed.models.generators.generator import Tap
from spaceseed.models.generators.layers import Linear, normalize_second_moment
from spaceseed.models.generators.mapping import MappedGenerator, MappingNetwork, mapping_sizes
from spaceseed.models.generators.shapes import unfilled
from spaceseed.models.generators.stylegan3_plan import FIRST_CUTOFF, LayerShape, design_plan, read_plan

CLAMP = 256.0  # bound on activations in every published network
OUTPUT_SCALE = 0.25


class SynthesisInput(nn.Module):
    """Sine waves on a plane, which the first style rotates and shifts, mixed into channels (sec. 3.2)."""

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, channels: int, side: int, rate: int, bandwidth: float) -> None:
        super().__init__()
        self.side, self.rate, self.bandwidth = side, rate, bandwidth
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = Linear(w_dim, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        # Frequencies are uniform on a disc of radius `bandwidth`: for normal draws, exp(-radius^2 / 2) is uniform.
        draws = torch.randn(channels, 2)
        squares = draws.square().sum(dim=1, keepdim=True)
        self.register_buffer("freqs", bandwidth * draws * squares.rsqrt() * torch.exp(-squares / 4))
        self.register_buffer("phases", torch.rand(channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))

    def forward(self, w: Tensor, transform: Tensor | None) -> Tensor:
        """Returns [N, C, side, side]. `transform` [3, 3] or [N, 3, 3] maps positions in the image to the waves."""
        with torch.autocast(w.device.type, enabled=False):  # phases need float32
            motion = self.affine(w.float())
            cos, sin, x, y = (motion / motion[:, :2].norm(dim=1, keepdim=True)).unbind(1)
            none, one = torch.zeros_like(cos), torch.ones_like(cos)
            rotate = torch.stack([cos, -sin, none, sin, cos, none, none, none, one], dim=1).unflatten(1, (3, 3))
            shift = torch.stack([one, none, -x, none, one, -y, none, none, one], dim=1).unflatten(1, (3, 3))
            matrix = rotate @ shift @ (self.transform if transform is None else transform)
            freqs = self.freqs @ matrix[:, :2, :2]
            phases = self.phases + (self.freqs @ matrix[:, :2, 2:]).squeeze(2)
            # If a zoom makes waves too fine for the sampling rate, they fade out.
            fade = (freqs.norm(dim=2) - self.bandwidth) / (self.rate / 2 - self.bandwidth)
            amplitudes = (1 - fade).clamp(0, 1)

            where = (torch.arange(self.side, device=w.device) + 0.5 - self.side / 2) / self.rate
            across = where[:, None] * freqs[:, None, :, 0]
            down = where[:, None] * freqs[:, None, :, 1] + phases[:, None]
            waves = torch.sin(2 * math.pi * (down[:, :, None] + across[:, None])) * amplitudes[:, None, None]
            return F.linear(waves, self.weight / math.sqrt(len(self.freqs))).permute(0, 3, 1, 2)


class SynthesisLayer(nn.Module):
    """Modulated convolution, bias, filtered leaky ReLU. With `to_rgb` no demodulation, filter or leaky ReLU."""

    magnitude_ema: Tensor
    up_filter: Tensor
    down_filter: Tensor

    def __init__(self, w_dim: int, shape: LayerShape, clamp: float | None, to_rgb: bool) -> None:
        super().__init__()
        self.up, self.down, self.clamp, self.to_rgb = shape.up, shape.down, clamp, to_rgb
        # The convolution skips samples that the result does not depend on.
        crop = shape.surplus // 2
        trim = max((crop - shape.up_taps) // shape.up + 1, 0)
        self.crop, self.padding = crop - trim * shape.up, shape.kernel - 1 - trim
        self.affine = Linear(w_dim, shape.in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(shape.out_channels, shape.in_channels, shape.kernel, shape.kernel))
        self.bias = nn.Parameter(torch.zeros(shape.out_channels))
        self.register_buffer("magnitude_ema", torch.ones([]))
        if not to_rgb:
            self.register_buffer("up_filter", torch.zeros(shape.up_taps))
            self.register_buffer("down_filter", torch.zeros([shape.down_taps] * (2 if shape.radial else 1)))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        if self.padding < 0:
            x = F.pad(x, [self.padding] * 4)
        gain = self.magnitude_ema.rsqrt()  # the mean square of the layer's input during training
        if self.to_rgb:
            x = self._convolve(x, self.affine(w) * (gain / math.sqrt(self.weight[0].numel())))
            x = x + self.bias.to(x.dtype)[:, None, None]
            return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)
        # Demodulation cancels any scaling of styles and weights. They are near 1 only because of its epsilon.
        styles = normalize_second_moment(self.affine(w))
        norms = styles.float().square() @ self.weight.float().square().sum(dim=(2, 3)).t()
        scale = (gain * (norms + 1e-8).rsqrt())[:, :, None, None]
        x = self._convolve(x, styles)
        x = torch.addcmul(self.bias.to(x.dtype)[:, None, None], x, scale.to(x.dtype))
        return filtered_leaky_relu(
            x, self.up_filter, self.down_filter, up=self.up, down=self.down, crop=self.crop, clamp=self.clamp
        )

    def _convolve(self, x: Tensor, styles: Tensor) -> Tensor:
        return F.conv2d(x * styles.to(x.dtype)[:, :, None, None], self.weight, padding=max(self.padding, 0))


class StyleGAN3(MappedGenerator):
    """The generator, mapping and synthesis together; row i of ws is the style of `layers[i]`.

    Option of `synthesize`: `transform`, [3, 3] or [N, 3, 3], moves the image. It is a matrix on (x, y, 1), x to the
    right and y down, in units of the image's side, from its centre. The default is the transform in the weights.

    Args:
        z_dim: size of z.
        w_dim: size of w.
        shapes: the synthesis layers in order; the last one makes colours.
        rate: number of samples of the input along the image's side.
        bandwidth: highest frequency of the input, in cycles per image.
        clamp: bound on activations; None for no bound.
        mapping_layers: number of fully connected layers between z and w.
        mapping_features: width of all but the last of them; w_dim if None.
        num_classes: size of the label vector; 0 for unconditional models.
        label_features: size of the label's embedding; w_dim if None.
    """

    options = ("transform",)

    def __init__(
        self,
        z_dim: int,
        w_dim: int,
        shapes: Sequence[LayerShape],
        *,
        rate: int,
        bandwidth: float = FIRST_CUTOFF,
        clamp: float | None = CLAMP,
        mapping_layers: int = 2,
        mapping_features: int | None = None,
        num_classes: int = 0,
        label_features: int | None = None,
    ) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_classes = z_dim, w_dim, num_classes
        self.resolution = shapes[-1].out_side
        self.mapping = MappingNetwork(
            z_dim,
            w_dim,
            mapping_layers,
            num_classes=num_classes,
            features=mapping_features,
            label_features=label_features,
        )
        self.synthesis = nn.ModuleDict(
            {"input": SynthesisInput(w_dim, shapes[0].in_channels, shapes[0].in_side, rate, bandwidth)}
        )
        for i, shape in enumerate(shapes):
            name = f"L{i}_{shape.out_side}_{shape.out_channels}"
            self.synthesis[name] = SynthesisLayer(w_dim, shape, clamp, to_rgb=i == len(shapes) - 1)
        self._settings = {"clamp": clamp, "bandwidth": bandwidth}
        self._margin = (shapes[-3].out_side - shapes[-1].out_side) // 2 if len(shapes) > 2 else 0
        self.layers = tuple(self.synthesis)
        self.num_ws = len(self.layers)

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self._settings)

    @classmethod
    def like(
        cls, tensors: Mapping[str, Tensor], *, bandwidth: float = FIRST_CUTOFF, clamp: float | None = CLAMP
    ) -> "StyleGAN3":
        """Makes a generator for tensors of these names and shapes. Its own are uninitialised.

        It never takes more memory than `tensors`.

        Args:
            tensors: a state dict with NVIDIA's names; other names are ignored.
            bandwidth: as in the class; it cannot be read from tensors.
            clamp: as in the class; it cannot be read from tensors.

        Returns:
            A generator on the CPU.

        Raises:
            CheckpointError: a tensor is missing or does not fit the others.
        """
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        plan, rate = read_plan(shapes)
        if rate <= 2 * bandwidth:
            raise CheckpointError("The weights' first layer is too small for the input's frequencies.")
        sizes = mapping_sizes(shapes)
        return unfilled(lambda: cls(shapes=plan, rate=rate, bandwidth=bandwidth, clamp=clamp, **sizes), shapes)

    @classmethod
    def designed(
        cls,
        resolution: int,
        *,
        radial: bool = False,
        z_dim: int = 512,
        w_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        clamp: float | None = CLAMP,
    ) -> "StyleGAN3":
        """Makes an untrained network with designed filters (sec. 3.2 and appendix D) and random weights.

        Args:
            resolution: side of the image, a power of two from 16.
            radial: configuration R instead of T. The published R networks have twice the channels.
            z_dim: as in the class.
            w_dim: as in the class.
            channel_base: twice the product of a layer's channels and its cutoff; 256 px networks use half of the
                default.
            channel_max: maximum of the channels.
            clamp: as in the class.
        """
        shapes, rate, filters = design_plan(resolution, radial, channel_base, channel_max)
        generator = cls(z_dim, w_dim, shapes, rate=rate, clamp=clamp)
        for name, (up_filter, down_filter) in zip(generator.layers[1:], filters, strict=False):
            layer = cast(SynthesisLayer, generator.synthesis[name])
            layer.up_filter.copy_(up_filter)
            layer.down_filter.copy_(down_filter)
        return generator

    def compute_images(  # type: ignore[override]  # options differ by family
        self, ws: Tensor, tap: Tap, transform: Tensor | None = None
    ) -> Tensor:
        lookup = None if transform is None else _inverse(transform, ws)
        x = tap("input", self.synthesis["input"](ws[:, 0], lookup))
        for i, name in enumerate(self.layers[1:], start=1):
            x = tap(name, self.synthesis[name](x, ws[:, i]))
        return (x.float() * OUTPUT_SCALE).contiguous()

    def margin(self, layer: str) -> int:
        return 0 if layer in self.layers[-2:] else self._margin

    def style_weights(self, layer: int) -> Tensor:
        self._check_style_layer(layer)
        return cast(Linear, self.synthesis[self.layers[layer]].affine).weight


def _inverse(transform: Tensor, ws: Tensor) -> Tensor:
    """Returns the inverse transform [3, 3] or [N, 3, 3], which maps image positions to positions in the waves."""
    shapes = {(3, 3), (len(ws), 3, 3)}
    if not isinstance(transform, Tensor) or tuple(transform.shape) not in shapes:
        raise ArgumentError("transform", transform, f"a tensor [3, 3] or [{len(ws)}, 3, 3]")
    inverse, failed = torch.linalg.inv_ex(transform.double().cpu())
    if bool(failed.any()) or not bool(inverse.isfinite().all()):
        raise ArgumentError("transform", transform, "an invertible matrix, such as a rotation and a shift")
    return inverse.to(ws.device, torch.float32)
