"""How similar two images are, pixel by pixel. No projection optimises this, so it can tell how near one came."""

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.arguments import check_tensor
from spaceseed.errors import ArgumentError

# Wang et al. 2004, sec. III.C: standard deviation of the window in pixels, its side, the constants for a range of 1.
SIGMA, WINDOW = 1.5, 11
C1, C2 = 0.01**2, 0.03**2
LUMA = (0.299, 0.587, 0.114)


def structural_similarity(images: Tensor, others: Tensor, mask: Tensor | None = None) -> Tensor:
    """Returns the structural similarity (SSIM) of images in gray: 1 for equal images, about 0 for unrelated ones.

    Means, variances and the covariance of windows of 11 pixels are compared (Wang et al. 2004, "Image Quality
    Assessment: From Error Visibility to Structural Similarity").

    Args:
        images: [N, 3, H, W], 11 pixels or more, clipped to [-1, 1].
        others: as many, or one.
        mask: [1, 1, H, W], 0 to 1: how much each pixel counts.

    Returns:
        [N], -1 to 1.

    Raises:
        ArgumentError: the images have other shapes or are not finite, or the mask hides all.
    """
    images = check_tensor("images", images, ["N", 3, "H", "W"])
    others = check_tensor("others", others, ["N", *images.shape[1:]]).to(images)
    if min(images.shape[2:]) < WINDOW:
        raise ArgumentError("images", tuple(images.shape), f"{WINDOW} pixels or more high and wide")
    if len(others) not in {1, len(images)}:
        raise ArgumentError("others", len(others), f"{len(images)} images, or one")
    gray = torch.tensor(LUMA).to(images).view(3, 1, 1)
    x, y = (((part.clamp(-1, 1) + 1) / 2 * gray).sum(dim=1, keepdim=True) for part in (images, others))
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    found = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    found = found / ((mean_x**2 + mean_y**2 + C1) * (variance_x + variance_y + C2))
    if mask is None:
        return found.mean(dim=(1, 2, 3))
    edge = WINDOW // 2
    weights = check_tensor("mask", mask, [1, 1, *images.shape[2:]]).to(found)[..., edge:-edge, edge:-edge]
    if not float(weights.sum()) > 0:
        raise ArgumentError("mask", "zero everywhere", "above zero where the images are compared")
    return (found * weights).sum(dim=(1, 2, 3)) / weights.sum()


def _window(x: Tensor) -> Tensor:
    """Averages [N, 1, H, W] with a Gaussian window. Only where it is inside: [N, 1, H - 10, W - 10]."""
    taps = torch.exp(-0.5 * ((torch.arange(WINDOW) - WINDOW // 2) / SIGMA).square()).to(x)
    taps = taps / taps.sum()
    return F.conv2d(F.conv2d(x, taps.view(1, 1, 1, -1)), taps.view(1, 1, -1, 1))
