"""From a generator's numbers to pixels and back: the one place that rounds and scales."""

import numpy as np
import torch
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


def from_uint8(pixels: NDArray[np.uint8]) -> Tensor:
    """Bytes [N, H, W, 3] as float32 images [N, 3, H, W] in [-1, 1]; `to_uint8` gives the same bytes back."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_grid(pixels: NDArray[np.uint8], columns: int) -> Image.Image:
    """Lays bytes [N, H, W, 3] out in rows of `columns`, which must divide N."""
    n, height, width, _ = pixels.shape
    rows = pixels.reshape(n // columns, columns, height, width, 3).swapaxes(1, 2)
    return Image.fromarray(np.ascontiguousarray(rows).reshape(n // columns * height, columns * width, 3))


def to_pil(images: Tensor) -> list[Image.Image]:
    """Turns images [N, 3, H, W] into PIL images, rounded as `to_uint8` does."""
    return [Image.fromarray(pixels) for pixels in to_uint8(images)]
