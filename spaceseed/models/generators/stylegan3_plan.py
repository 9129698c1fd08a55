"""Sizes and filters of StyleGAN3's layers: read from a checkpoint, or designed as in the paper."""

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.alias_free import design_lowpass
from spaceseed.models.generators.shapes import Shapes, expect

# The values of all published networks. Frequencies are in cycles per image, rates in samples per image.
FIRST_CUTOFF = 2.0
FIRST_STOPBAND = 2.0**2.1
LAST_STOPBAND = 2.0**0.3  # relative to the last cutoff
LAYERS = 14  # without the one that makes colours
CRITICAL_LAYERS = 2  # the last layers, whose cutoff is half the sampling rate
MARGIN = 10  # samples of an activation beyond the image, on each side
OVERSAMPLING = 2  # factor of the sampling rate for a layer's leaky ReLU
FILTER_SIZE = 6  # taps for each factor of resampling

# A layer's side comes from its name, not from a tensor, so these limit what a small file can ask for.
MAX_SIDE = 4096
MAX_TAPS = 64


@dataclass(frozen=True)
class LayerShape:
    """Sizes of one synthesis layer. Factors and taps are 1 if it has no filter.

    Attributes:
        in_channels: channels of the input.
        out_channels: channels of the output.
        in_side: samples along a side of the input, with the margin.
        out_side: samples along a side of the output, with the margin.
        kernel: side of the convolution's kernel.
        up: factor of upsampling before the nonlinearity.
        down: factor of downsampling after it.
        up_taps: length of the upsampling filter.
        down_taps: length of the downsampling filter.
        radial: whether the downsampling filter is radially symmetric, with two dimensions.
    """

    in_channels: int
    out_channels: int
    in_side: int
    out_side: int
    kernel: int
    up: int = 1
    down: int = 1
    up_taps: int = 1
    down_taps: int = 1
    radial: bool = False

    @property
    def surplus(self) -> int:
        """Samples of the upsampled signal that downsampling does not need, on both sides together."""
        up_side = (self.in_side + self.kernel - 2) * self.up + self.up_taps
        return up_side - (self.out_side - 1) * self.down - self.down_taps


def read_plan(shapes: Shapes) -> tuple[list[LayerShape], int]:
    """Returns the sizes of the layers, from the names and shapes of their tensors.

    Args:
        shapes: shapes of the generator's tensors, by NVIDIA's names: layer "L4_52_24" has side 52 and 24 channels.

    Returns:
        The synthesis layers in order, and the number of samples of the input along the image's side.

    Raises:
        CheckpointError: a tensor is missing, or the layers do not fit each other.
    """
    pattern = r"synthesis\.(L(\d{1,3})_([1-9]\d{0,3})_\d{1,5})\.weight"
    found = filter(None, (re.fullmatch(pattern, name) for name in shapes))
    layers = sorted((int(match[2]), int(match[3]), f"synthesis.{match[1]}") for match in found)
    sides = [side for _, side, _ in layers]
    if [index for index, _, _ in layers] != list(range(len(layers))) or len(layers) < 3 or max(sides) > MAX_SIDE:
        raise CheckpointError("The weights' synthesis layers are not those of a StyleGAN3.")
    # The last two layers have no margin. The layer before them has one, at the same sampling rate.
    margin = (sides[-3] - sides[-1]) // 2
    rates = [side - 2 * margin for side in sides[:-2]] + [sides[-1]] * 2
    plan = []
    for i, (_, side, name) in enumerate(layers):
        before = max(i - 1, 0)
        out_channels, in_channels, kernel, _ = expect(shapes, f"{name}.weight", None, None, None, None)
        factors = _resampling(shapes, name, rates[before], rates[i]) if i < len(layers) - 1 else {}
        shape = LayerShape(in_channels, out_channels, sides[before], side, kernel, **factors)
        if shape.surplus < 0 or shape.surplus % 2 or (not factors and (shape.surplus or out_channels != 3)):
            raise CheckpointError(f"The weights' layer {name} does not fit the layer before it.")
        plan.append(shape)
    return plan, rates[0]


def _resampling(shapes: Shapes, name: str, in_rate: int, out_rate: int) -> dict[str, Any]:
    """Returns the fields of a layer's `LayerShape` for its filters."""
    (up_taps,) = expect(shapes, f"{name}.up_filter", None)
    radial = len(shapes.get(f"{name}.down_filter", ())) == 2
    down_taps = expect(shapes, f"{name}.down_filter", *[None] * (2 if radial else 1))[0]
    if not 1 <= in_rate <= out_rate or OVERSAMPLING * out_rate % in_rate or max(up_taps, down_taps) > MAX_TAPS:
        raise CheckpointError(f"The weights' layer {name} resamples in a way that no StyleGAN3 does.")
    up = OVERSAMPLING * out_rate // in_rate
    return {"up": up, "down": OVERSAMPLING, "up_taps": up_taps, "down_taps": down_taps, "radial": radial}


def design_plan(
    resolution: int, radial: bool, channel_base: int, channel_max: int
) -> tuple[list[LayerShape], int, list[tuple[Tensor, Tensor]]]:
    """Returns the layers of a new network (sec. 3.2 and appendix D).

    Cutoff and stopband grow by a constant factor from layer to layer. The sampling rate is the smallest power of two
    that can represent the stopband.

    Args:
        resolution: side of the image, a power of two from 16.
        radial: configuration R instead of T.
        channel_base: twice the product of a layer's channels and its cutoff.
        channel_max: maximum of the channels.

    Returns:
        The synthesis layers in order, the number of samples of the input along the image's side, and the filters of all
        layers but the last: up [taps], down [taps] or [taps, taps].
    """
    step = (torch.arange(LAYERS + 1, dtype=torch.float64) / (LAYERS - CRITICAL_LAYERS)).clamp(max=1)
    cutoffs = FIRST_CUTOFF * (resolution / 2 / FIRST_CUTOFF) ** step
    stopbands = FIRST_STOPBAND * (resolution / 2 * LAST_STOPBAND / FIRST_STOPBAND) ** step
    rates = (2 * stopbands).clamp(max=resolution).log2().ceil().exp2()
    half_widths = torch.maximum(stopbands, rates / 2) - cutoffs
    sides = [int(rate) + 2 * MARGIN for rate in rates[:-2]] + [resolution] * 2
    channels = (channel_base / 2 / cutoffs).round().clamp(max=channel_max).int().tolist()
    plan, filters = [], []
    for i in range(LAYERS):
        before = max(i - 1, 0)
        rate = OVERSAMPLING * float(rates[i])
        up = int(rate / rates[before])
        up_taps, down_taps = FILTER_SIZE * up, FILTER_SIZE * OVERSAMPLING
        rounded = radial and i < LAYERS - CRITICAL_LAYERS
        sizes = channels[before], channels[i], sides[before], sides[i], 1 if radial else 3
        plan.append(LayerShape(*sizes, up, OVERSAMPLING, up_taps, down_taps, rounded))
        up_filter = design_lowpass(up_taps, float(cutoffs[before]), float(half_widths[before]), rate)
        down_filter = design_lowpass(down_taps, float(cutoffs[i]), float(half_widths[i]), rate, radial=rounded)
        filters.append((up_filter, down_filter))
    plan.append(LayerShape(channels[-2], 3, resolution, resolution, kernel=1))
    return plan, int(rates[0]), filters
