import numpy as np
import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.images import from_uint8, to_grid, to_pil, to_uint8


def test_rounds_to_the_nearest_byte_and_clips():
    values = torch.tensor([-9.0, -1.0, -1 + 0.9 / 255, -1 + 1.1 / 255, 0.999, 1.0, 9.0, float("nan"), float("inf")])
    pixels = to_uint8(values.expand(2, 3, 1, -1))
    assert pixels.shape == (2, 1, 9, 3)
    assert pixels[1, 0, :, 2].tolist() == [0, 0, 0, 1, 255, 255, 255, 0, 255]


def test_every_byte_survives_the_way_through_floats():
    images = (torch.arange(256) / 127.5 - 1).expand(1, 3, 1, 256)
    assert to_uint8(images)[0, 0, :, 0].tolist() == list(range(256))


def test_pil_images_have_the_same_pixels():
    images = torch.linspace(-1, 1, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert all(
        np.array_equal(np.asarray(a), b) and a.size == (5, 4)
        for a, b in zip(to_pil(images), to_uint8(images), strict=True)
    )


def test_other_shapes_are_refused():
    with pytest.raises(ArgumentError, match="images"):
        to_uint8(torch.zeros(3, 4, 4))


def test_bytes_come_back_from_images():
    pixels = np.arange(2 * 4 * 8 * 3, dtype=np.uint8).reshape(2, 4, 8, 3)
    images = from_uint8(pixels)
    assert images.shape == (2, 3, 4, 8)
    assert images.abs().max() <= 1
    assert np.array_equal(to_uint8(images), pixels)


def test_a_grid_is_read_like_text():
    pixels = np.stack([np.full((2, 3, 3), i, np.uint8) for i in range(6)])
    grid = np.asarray(to_grid(pixels, columns=3))
    assert grid.shape == (4, 9, 3)
    assert grid[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
