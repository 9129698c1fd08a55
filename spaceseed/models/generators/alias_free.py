"""Filters of alias-free networks, and a leaky ReLU that adds no frequency above the band (Karras et al. 2021, sec. 3).

A layer works on samples of a continuous signal. A pointwise nonlinearity adds frequencies above the limit of the
sampling rate. So it is applied at a higher rate: low-pass upsampling, leaky ReLU, low-pass downsampling.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# On a CPU the upsampled signal is computed in groups of channels of about this many elements, which fit in its cache.
_GROUP_ELEMENTS = 2**20
_GROUP_CHANNELS = 16  # at least, because vector instructions run over the channels


def design_lowpass(taps: int, cutoff: float, half_width: float, rate: float, *, radial: bool = False) -> Tensor:
    """Returns a low-pass filter: a windowed sinc with a Kaiser window (Karras et al. 2021, appendix C).

    Args:
        taps: length of the filter.
        cutoff: frequency of half amplitude, in cycles per image; below rate / 2.
        half_width: from the cutoff to the end of the transition band, in cycles per image.
        rate: sampling rate of the filter, in samples per image side.
        radial: whether the filter is radially symmetric, with two dimensions. Otherwise rows and columns are separate.

    Returns:
        [taps], or [taps, taps] if radial; float32 with sum 1.
    """
    # Kaiser's estimates: the attenuation in dB of a filter with this many taps, and the window's beta for it.
    attenuation = 2.285 * (taps - 1) * math.pi * (4 * half_width / rate) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    window = np.kaiser(taps, beta)
    t = (np.arange(taps) - (taps - 1) / 2) / rate
    if radial:
        # The ideal radial filter is a jinc. The number of taps is even, so the radius is never zero.
        radius = np.hypot(t[:, None], t)
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * math.pi * cutoff * radius)).numpy()
        kernel = bessel / (math.pi * radius) * np.outer(window, window)
    else:
        kernel = np.sinc(2 * cutoff * t) * window
    return torch.from_numpy(kernel / kernel.sum()).float()


def filtered_leaky_relu(
    x: Tensor, up_filter: Tensor, down_filter: Tensor, *, up: int, down: int, crop: int, clamp: float | None
) -> Tensor:
    """Applies a leaky ReLU (slope 0.2, gain sqrt(2)) at `up` times the sampling rate, then downsamples by `down`.

    Args:
        x: [N, C, H, W].
        up_filter: [taps], applied along columns and rows with gain `up` each.
        down_filter: [taps], or [taps, taps].
        up: factor of upsampling before the nonlinearity.
        down: factor of downsampling after it.
        crop: samples to remove on each side of the upsampled signal, whose side is (H - 1) * up + taps.
        clamp: bound on the values before downsampling; None for no bound.

    Returns:
        [N, C, h, w], h = ((H - 1) * up + up taps - 2 * crop - down taps) // down + 1, and w in the same way.
    """
    # Leaky ReLU commutes with a positive factor, so its gain and that of the upsampling are part of the filter.
    up_filter = up_filter * (up * 2**0.25)

    def run(part: Tensor) -> Tensor:
        part = _upsample(part, up_filter, up, crop)
        part = F.leaky_relu_(part, 0.2)
        if clamp is not None:
            part = part.clamp(-clamp, clamp)
        return _downsample(part, down_filter, down)

    if x.device.type != "cpu":
        return run(x)
    area = ((x.shape[2] - 1) * up + up_filter.shape[0] - 2 * crop) ** 2
    images = max(_GROUP_ELEMENTS // (x.shape[1] * area), 1)
    channels = max(_GROUP_ELEMENTS // area // _GROUP_CHANNELS, 1) * _GROUP_CHANNELS
    rows = [_join([run(part) for part in row.split(channels, dim=1)], dim=1) for row in x.split(images)]
    return _join(rows, dim=0)


def _join(parts: list[Tensor], dim: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)  # cat would copy a single part


def _upsample(x: Tensor, kernel: Tensor, factor: int, crop: int) -> Tensor:
    """Inserts zeros between the samples and convolves. The transposed convolution skips the zeros."""
    channels = x.shape[1]
    # On a CPU depthwise convolutions are several times faster in channels_last order.
    x = x.contiguous(memory_format=torch.channels_last)
    kernel = kernel.to(x.dtype).expand(channels, 1, -1)
    x = F.conv_transpose2d(x, kernel[..., None], stride=(factor, 1), padding=(crop, 0), groups=channels)
    return F.conv_transpose2d(x, kernel[:, :, None], stride=(1, factor), padding=(0, crop), groups=channels)


def _downsample(x: Tensor, kernel: Tensor, factor: int) -> Tensor:
    """Convolves, and computes only the samples that are kept."""
    channels = x.shape[1]
    kernel = kernel.to(x.dtype).flip(list(range(kernel.ndim))).expand(channels, 1, *kernel.shape)
    if kernel.ndim == 4:
        return F.conv2d(x, kernel, stride=factor, groups=channels)
    x = F.conv2d(x, kernel[:, :, None], stride=(1, factor), groups=channels)
    return F.conv2d(x, kernel[..., None], stride=(factor, 1), groups=channels)
