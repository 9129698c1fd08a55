"""Layers of the StyleGAN families in plain PyTorch: equalised weights, modulation, FIR resampling.

Parameters are stored as in the published checkpoints, unscaled. The factor of the equalised learning rate,
`lr_multiplier / sqrt(fan_in)`, is applied at run time (Karras et al., "Progressive Growing of GANs", sec. 4.1).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaceseed.errors import ArgumentError

SQRT2 = math.sqrt(2.0)
NOISE_MODES = ("const", "none", "random")


def check_noise(noise: str, rng: torch.Generator | None) -> None:
    """Raises ArgumentError unless `noise` is one of NOISE_MODES, and has an rng if it is "random"."""
    if noise not in NOISE_MODES:
        raise ArgumentError("noise", noise, f"one of {', '.join(NOISE_MODES)}")
    if noise == "random" and rng is None:
        raise ArgumentError("rng", None, 'a torch.Generator when noise = "random"')


def noise_map(noise: str, stored: Tensor, count: int, rng: torch.Generator | None) -> Tensor | None:
    """Returns the noise of one layer, before it is multiplied by its strength.

    Args:
        noise: "const" for the stored map, "none", or "random" for new maps.
        stored: [H, W].
        count: number of images.
        rng: draws the maps for "random", on its own device. They are then moved to the device of `stored`.

    Returns:
        [1 or count, 1, H, W], or None for "none".
    """
    if noise == "none":
        return None
    if noise == "const":
        return stored[None, None]
    drawn = torch.randn(count, 1, *stored.shape, generator=rng, device=rng.device if rng else stored.device)
    return drawn.to(stored.device)


def leaky_relu(x: Tensor, clamp: float | None = None) -> Tensor:
    """Applies a leaky ReLU with slope 0.2 and gain sqrt(2), which keeps the variance. Clips to [-clamp, clamp]."""
    x = F.leaky_relu(x, 0.2) * SQRT2
    return x if clamp is None else x.clamp(-clamp, clamp)


def normalize_second_moment(x: Tensor) -> Tensor:
    """Scales each row of x [N, dim] to a mean square of 1: x / sqrt(mean(x^2) + 1e-8)."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


def resample_filter() -> Tensor:
    """Returns the binomial low-pass filter [1, 3, 3, 1] as a [4, 4] outer product with sum 1."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps)
    return kernel / kernel.sum()


def filter2d(x: Tensor, kernel: Tensor, padding: int) -> Tensor:
    """Filters each channel of x [N, C, H, W] with a symmetric kernel [k, k] and zero padding."""
    channels = x.shape[1]
    return F.conv2d(x, kernel.to(x.dtype).expand(channels, 1, -1, -1), padding=padding, groups=channels)


def upsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """Doubles height and width of x [N, C, H, W]: inserts zeros, then a low-pass [4, 4] kernel with gain 4."""
    channels = x.shape[1]
    weight = (4 * kernel).to(x.dtype).expand(channels, 1, -1, -1)
    return F.conv_transpose2d(x, weight, stride=2, padding=1, groups=channels)


class Linear(nn.Module):
    """A linear layer with equalised learning rate: y = x W^T * m / sqrt(fan_in) + m b, where m is `lr_multiplier`."""

    def __init__(
        self, in_features: int, out_features: int, *, lr_multiplier: float = 1.0, bias_init: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full([out_features], bias_init))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)


def modulated_conv(x: Tensor, weight: Tensor, styles: Tensor, *, gain: float = 1.0, up: bool = False) -> Tensor:
    """Convolves with weights that each image's style modulates and demodulates (StyleGAN2, eqs. 1 and 3).

    Input channels are scaled by the style, and output channels by the demodulation factor. This equals scaling the
    weights, but one convolution can process the whole batch (Karras et al. 2020).

    Args:
        x: [N, I, H, W].
        weight: [O, I, k, k].
        styles: [N, I].
        gain: factor of the output.
        up: transposed convolution with stride 2 and output [N, O, 2 H + 1, 2 W + 1] for k = 3. The caller applies the
            low-pass filter.

    Returns:
        [N, O, H, W] unless `up`. The caller may change it in place.
    """
    norms = styles.float().square() @ weight.float().square().sum(dim=(2, 3)).t()
    x = x * styles.to(x.dtype)[:, :, None, None]
    if up:
        x = F.conv_transpose2d(x, _transposed(weight), stride=2)
    else:
        x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    return x.mul_((gain * (norms + 1e-8).rsqrt()).to(x.dtype)[:, :, None, None])


def _transposed(weight: Tensor) -> Tensor:
    """Turns [O, I, k, k] into [I, O, k, k]; for channels_last in a quarter of the time of `transpose`."""
    matrix = weight.permute(0, 2, 3, 1).flatten(1).t().contiguous()  # [k * k * I, O]
    return matrix.unflatten(0, (*weight.shape[2:], -1)).permute(2, 3, 0, 1)
