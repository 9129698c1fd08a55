"""Conversion between image tensors and pixels. Only this module rounds and scales."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from spaceseed.errors import ArgumentError


def to_uint8(images: Tensor) -> NDArray[np.uint8]:
    """Converts images to bytes.

    Args:
        images: [N, 3, H, W], nominally in [-1, 1]. Values outside are clipped, NaN becomes black.

    Returns:
        pixels [N, H, W, 3].

    Raises:
        ArgumentError: images has another shape.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ArgumentError("images", tuple(images.shape), "of shape [N, 3, H, W]")
    pixels = ((images.detach().float() + 1) * 127.5).nan_to_num(0).round().clamp(0, 255)
    return np.ascontiguousarray(pixels.byte().permute(0, 2, 3, 1).cpu().numpy())


def from_uint8(pixels: NDArray[np.uint8]) -> Tensor:
    """Converts bytes [N, H, W, 3] to float32 images [N, 3, H, W] in [-1, 1]. `to_uint8` restores the same bytes."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_grid(pixels: NDArray[np.uint8], columns: int) -> Image.Image:
    """Arranges bytes [N, H, W, 3] in a grid with `columns` columns, which must divide N."""
    n, height, width, _ = pixels.shape
    rows = pixels.reshape(n // columns, columns, height, width, 3).swapaxes(1, 2)
    return Image.fromarray(np.ascontiguousarray(rows).reshape(n // columns * height, columns * width, 3))


def to_pil(images: Tensor) -> list[Image.Image]:
    """Converts images [N, 3, H, W] to PIL images, rounded as in `to_uint8`."""
    return [Image.fromarray(pixels) for pixels in to_uint8(images)]
