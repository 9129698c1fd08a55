"""From a generator's numbers to pixels: the one place that rounds."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from spaceseed.errors import ArgumentError


def to_uint8(images: Tensor) -> NDArray[np.uint8]:
    """Rounds images to bytes.

    Args:
        images: [N, 3, H, W], nominally in [-1, 1]; what lies outside is clipped, NaN becomes black.

    Returns:
        [N, H, W, 3].

    Raises:
        ArgumentError: images has another shape.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ArgumentError("images", tuple(images.shape), "of shape [N, 3, H, W]")
    pixels = ((images.detach().float() + 1) * 127.5).nan_to_num(0).round().clamp(0, 255)
    return np.ascontiguousarray(pixels.byte().permute(0, 2, 3, 1).cpu().numpy())


def to_pil(images: Tensor) -> list[Image.Image]:
    """Turns images [N, 3, H, W] into PIL images, rounded as `to_uint8` does."""
    return [Image.fromarray(pixels) for pixels in to_uint8(images)]
