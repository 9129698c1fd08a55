"""Picture files of any make to squares of one size.

Files may be damaged, gigantic or strange; whatever is wrong with one is said in a few words, and no other suffers.
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
OTHER_SUFFIXES = (".avif", ".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff")  # pictures too, but not read


class Picture(NamedTuple):
    """What became of a file.

    Attributes:
        pixels: uint8 [R, R, 3]; None if it cannot be used.
        remark: what was wrong or had to be changed, to go on a sentence that begins "3 of 120 images"; or empty.
    """

    pixels: NDArray[np.uint8] | None
    remark: str = ""


class Found(NamedTuple):
    """What a folder holds, as sorted paths inside it.

    Attributes:
        pictures: in formats that `read_picture` reads.
        others: in other formats.
        links: to folders.
    """

    pictures: list[str]
    others: list[str]
    links: list[str]


def find_pictures(folder: Path) -> Found:
    """Finds the pictures inside a folder and its subfolders; hidden ones are passed over.

    Links to files are pictures, too, as in the Hub's cache, and so are links to nothing, which then cannot be read.
    Links to folders are not followed: they may lead round in circles, or count a picture twice.
    """
    found = Found([], [], [])
    for path in folder.rglob("*"):
        name, suffix = path.relative_to(folder), path.suffix.lower()
        if any(part.startswith(".") for part in name.parts):
            continue
        if path.is_dir():
            if path.is_symlink():
                found.links.append(name.as_posix())
        elif suffix in SUFFIXES + OTHER_SUFFIXES and (path.is_file() or not path.exists()):  # no pipe, no device
            (found.pictures if suffix in SUFFIXES else found.others).append(name.as_posix())
    for names in found:
        names.sort()
    return found


@contextmanager
def careful_decoding() -> Iterator[None]:
    """Lets Pillow refuse gigantic images, and warn of nothing else, around calls of `read_picture` in any thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_picture(path: Path, resolution: int) -> Picture:
    """Reads a PNG, JPEG or WebP file: turned upright, on white, the square in its middle, by a Lanczos filter.

    Args:
        path: the file.
        resolution: side of the result in pixels; no picture is enlarged.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if min(image.size) < resolution:
                return Picture(None, f"had a side below {resolution} pixels and had to be left out")
            image.draft("RGB", (2 * resolution, 2 * resolution))  # a JPEG need not be decoded at its full size
            image.load()
            with suppress(Exception):  # a damaged note of which side was up leaves a good picture
                ImageOps.exif_transpose(image, in_place=True)
            opaque, remark = _on_white(image)
            square = ImageOps.fit(opaque, (resolution, resolution), Image.Resampling.LANCZOS)
            return Picture(np.asarray(square), remark)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return Picture(None, "had too many pixels to be unpacked safely and had to be left out")
    except Exception:  # decoders fail in a dozen ways on bytes that they do not expect
        return Picture(None, "could not be read and had to be left out")


def _on_white(image: Image.Image) -> tuple[Image.Image, str]:
    """Returns the image in RGB, and a remark if it was transparent."""
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:
            white = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(white, image).convert("RGB"), "had transparent parts, which became white"
    return image.convert("RGB"), ""
