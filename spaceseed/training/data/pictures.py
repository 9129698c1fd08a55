"""Reads picture files as squares of one size.

Files may be damaged, very large or unusual. Each error becomes a remark, and does not affect other files.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp")
OTHER_SUFFIXES = (".avif", ".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff")  # pictures that are not supported


class Picture(NamedTuple):
    """The result of reading a file.

    Attributes:
        pixels: uint8 [R, R, 3]; None if it cannot be used.
        remark: what was wrong or was changed, to continue "3 of 120 images ..."; or empty.
    """

    pixels: NDArray[np.uint8] | None
    remark: str = ""


class Found(NamedTuple):
    """The pictures and links in a folder, as sorted paths inside it.

    Attributes:
        pictures: pictures in formats that `read_picture` reads.
        others: pictures in other formats.
        links: links to folders.
    """

    pictures: list[str]
    others: list[str]
    links: list[str]


def find_pictures(folder: Path) -> Found:
    """Finds the pictures in a folder and its subfolders, except hidden ones.

    Links to files count as pictures, as in the Hub's cache. Broken links count too, and later cannot be read. Links to
    folders are not followed, because they may form a cycle, or count a picture twice.
    """
    found = Found([], [], [])
    for path in folder.rglob("*"):
        name, suffix = path.relative_to(folder), path.suffix.lower()
        if any(part.startswith(".") for part in name.parts):
            continue
        if path.is_dir():
            if path.is_symlink():
                found.links.append(name.as_posix())
        elif suffix in SUFFIXES + OTHER_SUFFIXES and (path.is_file() or not path.exists()):  # no pipes or devices
            (found.pictures if suffix in SUFFIXES else found.others).append(name.as_posix())
    for names in found:
        names.sort()
    return found


@contextmanager
def careful_decoding() -> Iterator[None]:
    """Makes Pillow refuse very large images, and suppresses other warnings, for `read_picture` in any thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_picture(path: Path, resolution: int) -> Picture:
    """Reads a PNG, JPEG or WebP file: rotated upright, on white, cropped to the central square, with a Lanczos filter.

    Args:
        path: path of the file.
        resolution: side of the result in pixels. Smaller pictures are refused.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if min(image.size) < resolution:
                return Picture(None, f"had a side below {resolution} pixels and had to be left out")
            image.draft("RGB", (2 * resolution, 2 * resolution))  # so that a JPEG is not decoded at full size
            image.load()
            with suppress(Exception):  # an invalid orientation in EXIF does not spoil the picture
                ImageOps.exif_transpose(image, in_place=True)
            opaque, remark = _on_white(image)
            square = ImageOps.fit(opaque, (resolution, resolution), Image.Resampling.LANCZOS)
            return Picture(np.asarray(square), remark)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return Picture(None, "had too many pixels to be decoded safely and had to be left out")
    except Exception:  # decoders raise many types of exceptions on unexpected bytes
        return Picture(None, "could not be read and had to be left out")


def _on_white(image: Image.Image) -> tuple[Image.Image, str]:
    """Returns the image in RGB, and a remark if it was transparent."""
    if image.mode.startswith("I"):  # 16-bit grey, whose values Pillow would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:
            white = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(white, image).convert("RGB"), "had transparent parts, which became white"
    return image.convert("RGB"), ""
