"""Picture files become squares, or a sentence; tests/training/data/test_pictures.py tries many kinds of files."""

import re

import numpy as np
import pytest
from PIL import Image

from spaceseed.pictures import MAX_PIXELS, PictureError, read_square


def test_a_square_is_never_larger_than_the_picture(tmp_path):
    for size, side in (((1, 1), 1), ((3, 900), 3), ((900, 40), 40), ((300, 200), 64)):
        Image.new("RGB", size, "red").save(tmp_path / "a.png")
        pixels, was_transparent = read_square(tmp_path / "a.png", 64)
        assert pixels.shape == (side, side, 3)
        assert (pixels == (255, 0, 0)).all()
        assert not was_transparent


def test_pixels_are_counted_before_they_are_decoded(tmp_path):
    path = tmp_path / "large.png"
    Image.new("1", (10_000, MAX_PIXELS // 10_000 + 1)).save(path)
    with pytest.raises(PictureError, match="too many pixels"):
        read_square(path, 64)


def test_a_large_photograph_is_read(tmp_path):
    noise = np.random.RandomState(0).randint(256, size=(40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((6000, 4000)).save(tmp_path / "a.jpg")
    assert read_square(tmp_path / "a.jpg", 512).pixels.shape == (512, 512, 3)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(tmp_path, data):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PictureError, match=re.escape("could not be read")):
        read_square(tmp_path / "a.png", 64)
