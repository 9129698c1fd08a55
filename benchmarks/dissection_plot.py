"""The picture of the study of units."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from spaceseed.images import to_uint8

SIDE, GAP = 48, 12  # pixels of an image, and between the two studies


def plot(ablated: Mapping[str, Tensor], repaired: Mapping[str, Tensor], path: Path) -> None:
    """Draws rows of images: as drawn and without the units of each class, and then before and after a repair."""
    rows = [_row(images) for images in ablated.values()]
    if repaired:
        rows.append(np.full([GAP, rows[0].shape[1], 3], 255, dtype=np.uint8))
        rows += [_row(images) for images in repaired.values()]
    Image.fromarray(np.concatenate(rows)).save(path)


def _row(images: Tensor) -> np.ndarray:
    pictures = [Image.fromarray(pixels).resize((SIDE, SIDE)) for pixels in to_uint8(images)]
    return np.concatenate([np.asarray(picture) for picture in pictures], axis=1)
