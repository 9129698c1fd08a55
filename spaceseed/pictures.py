"""Picture files as squares. Files are untrusted: they may be damaged, very large or unusual."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
# A picture of this size takes about half a gigabyte while it is read.
MAX_PIXELS = 64 * 10**6
TOO_LARGE = "had too many pixels to be decoded safely"


class PictureError(ValueError):
    """A picture cannot be used. The message says why, to follow "this picture"."""


class Square(NamedTuple):
    """A picture that was read.

    Attributes:
        pixels: uint8 [side, side, 3].
        was_transparent: whether it had transparent parts, which became white.
    """

    pixels: NDArray[np.uint8]
    was_transparent: bool


def read_square(path: Path, side: int, least: int = 1) -> Square:
    """Reads a PNG, JPEG or WebP file: rotated upright, on white, cropped to the central square, with a Lanczos filter.

    Args:
        path: path of the file.
        side: side of the result in pixels. Smaller pictures are not enlarged.
        least: pictures with a shorter side than this are refused.

    Raises:
        PictureError: the picture is too small or too large, or cannot be read.
    """
    with _opened(path, 2 * side, least) as (picture, was_transparent):
        side = min(side, *picture.size)
        square = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        return Square(np.array(square), was_transparent)


def read_picture(path: Path, longest: int, least: int = 1) -> NDArray[np.uint8]:
    """Reads a PNG, JPEG or WebP file, rotated upright and on white. It is made smaller if its longer side is too long.

    Args:
        path: path of the file.
        longest: longest side of the result in pixels.
        least: pictures with a shorter side than this are refused.

    Returns:
        pixels, uint8 [H, W, 3].

    Raises:
        PictureError: the picture is too small or too large, or cannot be read.
    """
    with _opened(path, longest, least) as (picture, _):
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.array(picture)


@contextmanager
def _opened(path: Path, side: int, least: int) -> Iterator[tuple[Image.Image, bool]]:
    """Decodes a picture: upright, in RGB on white, and whether it was transparent. All errors become a PictureError.

    Args:
        path: path of the file.
        side: a JPEG may be decoded at a fraction of its size, but no side is shorter than this then.
        least: pictures with a shorter side are refused.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if min(image.size) < least:
                raise PictureError(f"had a side below {least} pixels")
            image.draft("RGB", (side, side))
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(TOO_LARGE)
            image.load()
            yield _on_white(_upright(image))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(TOO_LARGE) from error
    except Exception as error:  # decoders raise many types of exceptions on unexpected bytes
        raise PictureError("could not be read") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # an invalid orientation in EXIF does not spoil the picture
        return image


def _on_white(image: Image.Image) -> tuple[Image.Image, bool]:
    """Returns the image in RGB, and whether it was transparent."""
    if image.mode.startswith("I"):  # 16-bit grey, whose values Pillow would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:
            white = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(white, image).convert("RGB"), True
    return image.convert("RGB"), False
