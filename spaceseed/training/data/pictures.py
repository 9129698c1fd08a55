"""Reads picture files as squares of one size.

Files may be damaged, very large or unusual. Each error becomes a remark, and does not affect other files.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spaceseed.pictures import PictureError, read_square

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


def read_picture(path: Path, resolution: int) -> Picture:
    """Reads a PNG, JPEG or WebP file: rotated upright, on white, cropped to the central square, with a Lanczos filter.

    Args:
        path: path of the file.
        resolution: side of the result in pixels. Smaller pictures are refused.
    """
    try:
        pixels, was_transparent = read_square(path, resolution, least=resolution)
    except PictureError as error:
        return Picture(None, f"{error} and had to be left out")
    return Picture(pixels, "had transparent parts, which became white" if was_transparent else "")
