"""Files of recipes: JSON, a PNG with the JSON inside, an NPZ with the latent apart, or a ZIP of many.

Files are untrusted. Sizes are limited before anything is decompressed, nothing is written to disk, no pixel is decoded
and no pickle is loaded. Every error becomes a `RecipeError`.
"""

import io
import math
import mmap
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from spaceseed.recipes.fields import RecipeError, damage_means
from spaceseed.untrusted import clean_text

SUFFIXES = (".png", ".json", ".npz")
KEYWORD = "spaceseed"  # keyword of the iTXt chunk
MAX_RECIPE_BYTES = 2_000_000  # of one recipe as JSON
READ_BYTES = MAX_RECIPE_BYTES + 10_000  # of one file: a PNG or NPZ adds a little, and pixels are not read
MAX_PNG_SIDE = 8192
MAX_ZIP_BYTES = 128_000_000
MAX_ZIP_ENTRIES = 500
MAX_ZIP_RECIPE_BYTES = 20_000_000  # of all recipes in a ZIP together, without their pixels

T = TypeVar("T")
Content = tuple[bytes, NDArray[np.float32] | None]  # a recipe's JSON; its latent, if the file stores it apart


def read(path: Path, parse: Callable[[Content], T]) -> list[T]:
    """Parses the recipe in a file, or every recipe in a ZIP.

    Args:
        path: ends in .png, .json, .npz or .zip.
        parse: converts the content of one file.

    Returns:
        The results of `parse`: one, or one for each recipe in a ZIP.

    Raises:
        RecipeError: the file has another format than its suffix, is damaged, too large or unsafe, or holds no recipe.
        OSError: the file does not exist or cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _read_zip(path, parse)
    if suffix not in SUFFIXES:
        raise RecipeError(f"Recipe files end in {', '.join(SUFFIXES)} or .zip, unlike {clean_text(path.name, 80)!r}.")
    with path.open("rb") as file:
        return [parse(unpack(suffix, file.read(READ_BYTES + 1)))]


def unpack(suffix: str, data: bytes) -> Content:
    """Returns the recipe in the first `READ_BYTES + 1` bytes of a .png, .json or .npz file."""
    kind = suffix[1:].upper()
    if not data:
        raise RecipeError(f"This {kind} file is empty.")
    if suffix == ".png":
        return _unpack_png(data), None
    if len(data) > READ_BYTES:
        raise RecipeError(f"This {kind} file is too large for a recipe: the limit is {MAX_RECIPE_BYTES // 10**6} MB.")
    return (data, None) if suffix == ".json" else _unpack_npz(data)


def pack_png(text: str, pixels: NDArray[np.uint8], min_side: int = 1) -> bytes:
    """Returns a PNG of an image [H, W, 3], with the recipe in an iTXt chunk before the pixels.

    Args:
        text: the recipe as JSON.
        pixels: the image.
        min_side: each pixel becomes the smallest square with which no side of the image is shorter than this.
    """
    info, file = PngInfo(), io.BytesIO()
    info.add_itxt(KEYWORD, text)
    times = math.ceil(min_side / min(pixels.shape[:2]))
    Image.fromarray(pixels.repeat(times, axis=0).repeat(times, axis=1)).save(file, format="PNG", pnginfo=info)
    return file.getvalue()


def _unpack_png(data: bytes) -> bytes:
    with (
        damage_means("This PNG file is damaged, or is not a PNG."),
        Image.open(io.BytesIO(data), formats=["PNG"]) as image,  # reads only up to the pixels
    ):
        (width, height), text = image.size, image.info.get(KEYWORD)
    if max(width, height) > MAX_PNG_SIDE:
        raise RecipeError(f"This image is too large: {width} x {height} pixels.")
    if not isinstance(text, str):
        raise RecipeError("This PNG file holds no recipe; only unchanged images from spaceseed hold one.")
    return text.encode()


def pack_npz(text: str, latent: NDArray[np.float32]) -> bytes:
    """Returns an NPZ of the arrays `recipe` (JSON without the latent, as bytes) and `latent`."""
    file = io.BytesIO()
    np.savez(file, recipe=np.bytes_(text.encode()), latent=latent)
    return file.getvalue()


def _unpack_npz(data: bytes) -> Content:
    with damage_means("This NPZ file is damaged, or is not an NPZ."):
        members = dict(_members(io.BytesIO(data), (".npy",), limit=2))
        if set(members) != {"recipe.npy", "latent.npy"}:
            raise RecipeError("This NPZ file holds no recipe; only files from spaceseed hold one.")
        text, latent = (_parse_npy(members[name]) for name in ("recipe.npy", "latent.npy"))
        if text.dtype.kind != "S" or text.shape or latent.dtype != np.float32:
            raise RecipeError("This NPZ file holds no recipe; only files from spaceseed hold one.")
        return bytes(text.item()), latent.astype(np.float32)


def _parse_npy(data: bytes) -> NDArray[np.generic]:
    """Reads an array. Checks the size in its header first, because NumPy allocates memory before it reads."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise RecipeError("This NPZ file may hold programs, so it was not opened.")
    size = math.prod(shape) * dtype.itemsize
    if not 0 < size == len(data) - file.tell():
        raise ValueError("size")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes a ZIP of recipes' files, uncompressed, because PNGs are compressed already.

    Args:
        path: where to; it stays as it was if writing fails midway.
        files: name and content of 1 to 500 files, which are numbered in this order.

    Raises:
        RecipeError: there are none or too many, or the ZIP gets too large to be read again.
    """
    partial, size, number = path.with_name(path.name + ".part"), 0, 0
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for number, (name, data) in enumerate(files, start=1):
                entry = f"{number:03d}-{name}"
                archive.writestr(zipfile.ZipInfo(entry), data)
                size += len(data) + 2 * len(entry.encode()) + 100  # the name stands in two headers of 76 bytes together
                if size > MAX_ZIP_BYTES:
                    raise RecipeError(f"These recipes do not fit into one ZIP file of {MAX_ZIP_BYTES // 10**6} MB.")
                if number > MAX_ZIP_ENTRIES:
                    break
        if not 1 <= number <= MAX_ZIP_ENTRIES:
            raise RecipeError(f"A ZIP holds 1 to {MAX_ZIP_ENTRIES} recipes.")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _read_zip(path: Path, parse: Callable[[Content], T]) -> list[T]:
    size = path.stat().st_size
    if not size:
        raise RecipeError("This ZIP file is empty.")
    if size > MAX_ZIP_BYTES:
        raise RecipeError(f"This ZIP file is too large: the limit is {MAX_ZIP_BYTES // 10**6} MB.")
    contents, total = [], 0
    with damage_means("This ZIP file is damaged, or is not a ZIP."), path.open("rb") as file:
        _check_directory(file)
        for name, data in _members(file, SUFFIXES, MAX_ZIP_ENTRIES):
            with _inside(name):
                text, latent = unpack(_suffix(name), data)
            contents.append((name, (text, latent)))
            total += len(text) + (0 if latent is None else latent.nbytes)
            if total > MAX_ZIP_RECIPE_BYTES:
                raise RecipeError("The recipes in this ZIP file are too large.")
    if not contents:
        raise RecipeError("This ZIP file holds no recipes.")
    parsed = []
    for name, content in contents:
        with _inside(name):
            parsed.append(parse(content))
    return parsed


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """Adds the name of a ZIP's entry to the message of an error."""
    try:
        yield
    except RecipeError as error:
        raise RecipeError(f"{clean_text(name, 80)}: {error}") from error


def _check_directory(file: IO[bytes]) -> None:
    """Limits the number of entries in a ZIP before `zipfile` creates an object for each.

    Every entry of the directory starts with the same four bytes. They can also occur inside an entry, such as a ZIP in
    the ZIP, so the limit here is four times as high.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if sum(1 for _ in islice(re.finditer(rb"PK\x01\x02", view), 4 * MAX_ZIP_ENTRIES + 1)) > 4 * MAX_ZIP_ENTRIES:
            raise RecipeError(f"This ZIP file has too many entries: the limit is {MAX_ZIP_ENTRIES}.")


def _members(file: IO[bytes], suffixes: tuple[str, ...], limit: int) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the first `READ_BYTES + 1` bytes of each entry with one of the suffixes."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > limit:
            raise RecipeError(f"This file has too many entries: the limit is {limit}.")
        for entry in entries:
            _check_entry(entry)
        for entry in entries:
            if _suffix(entry.filename) in suffixes:
                with archive.open(entry) as member:
                    yield entry.filename, member.read(READ_BYTES + 1)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if name.startswith("/") or re.search(r"[\\:\0]", name) or ".." in name.split("/"):
        raise RecipeError("This archive has an entry with an unsafe path, so it was not opened.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise RecipeError("This archive has a link among its entries, so it was not opened.")
    # Python limits decompression only for these methods.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
        raise RecipeError("This ZIP file is encrypted, or compressed with an unusual method.")


def _suffix(name: str) -> str:
    """Returns the suffix of an entry, or "" for entries that file managers add (__MACOSX, ._name)."""
    path = PurePosixPath(name)
    return "" if "__MACOSX" in path.parts or path.name.startswith(".") else path.suffix.lower()
