"""The files that recipes travel in: a recipe's JSON as it is, inside a PNG, beside its latent in an NPZ, many in a ZIP.

Whatever is read here may come from a stranger. So sizes are bounded before anything is unpacked, nothing is written
to disk, no pixel is decoded and no pickle is loaded; whatever is wrong becomes a `RecipeError`.
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
KEYWORD = "spaceseed"  # of the iTXt chunk
MAX_RECIPE_BYTES = 2_000_000  # of one recipe as JSON
READ_BYTES = MAX_RECIPE_BYTES + 10_000  # of any one file: a PNG or NPZ adds a little, and pixels are not looked at
MAX_PNG_SIDE = 8192
MAX_ZIP_BYTES = 128_000_000
MAX_ZIP_ENTRIES = 500
MAX_ZIP_RECIPE_BYTES = 20_000_000  # of all recipes in a ZIP together, their pictures not counted

T = TypeVar("T")
Content = tuple[bytes, NDArray[np.float32] | None]  # a recipe's JSON; its latent, where that is kept apart


def read(path: Path, parse: Callable[[Content], T]) -> list[T]:
    """Parses the recipe in a file, or every recipe in a ZIP.

    Args:
        path: ends in .png, .json, .npz or .zip.
        parse: makes of one file's content what is wanted.

    Returns:
        what `parse` returned; one element unless the file is a ZIP.

    Raises:
        RecipeError: the file is not what its name says, is damaged, too large or unsafe, or holds no recipe.
        OSError: there is no such file, or it may not be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _read_zip(path, parse)
    if suffix not in SUFFIXES:
        raise RecipeError(f"Recipes come as {', '.join(SUFFIXES)} or .zip files, not as {clean_text(path.name, 80)!r}.")
    with path.open("rb") as file:
        return [parse(unpack(suffix, file.read(READ_BYTES + 1)))]


def unpack(suffix: str, data: bytes) -> Content:
    """Finds the recipe in the first `READ_BYTES + 1` bytes of a .png, .json or .npz file."""
    kind = suffix[1:].upper()
    if not data:
        raise RecipeError(f"This {kind} file is empty.")
    if suffix == ".png":
        return _unpack_png(data), None
    if len(data) > READ_BYTES:
        raise RecipeError(f"This {kind} file is too large for a recipe: {MAX_RECIPE_BYTES // 10**6} MB are allowed.")
    return (data, None) if suffix == ".json" else _unpack_npz(data)


def pack_png(text: str, pixels: NDArray[np.uint8]) -> bytes:
    """Writes an image [H, W, 3] as PNG, with the recipe in an iTXt chunk ahead of the pixels."""
    info, file = PngInfo(), io.BytesIO()
    info.add_itxt(KEYWORD, text)
    Image.fromarray(pixels).save(file, format="PNG", pnginfo=info)
    return file.getvalue()


def _unpack_png(data: bytes) -> bytes:
    with (
        damage_means("This PNG file is damaged, or not a PNG at all."),
        Image.open(io.BytesIO(data), formats=["PNG"]) as image,  # reads up to the first pixels, and no further
    ):
        (width, height), text = image.size, image.info.get(KEYWORD)
    if max(width, height) > MAX_PNG_SIDE:
        raise RecipeError(f"This image is too large: {width} x {height} pixels.")
    if not isinstance(text, str):
        raise RecipeError("This PNG file holds no recipe: only images saved by spaceseed, unchanged since, do.")
    return text.encode()


def pack_npz(text: str, latent: NDArray[np.float32]) -> bytes:
    """Writes the arrays `recipe` (JSON without the latent, as bytes) and `latent`."""
    file = io.BytesIO()
    np.savez(file, recipe=np.bytes_(text.encode()), latent=latent)
    return file.getvalue()


def _unpack_npz(data: bytes) -> Content:
    with damage_means("This NPZ file is damaged, or not an NPZ at all."):
        members = dict(_members(io.BytesIO(data), (".npy",), limit=2))
        if set(members) != {"recipe.npy", "latent.npy"}:
            raise RecipeError("This NPZ file holds no recipe: it needs the arrays 'recipe' and 'latent', and no other.")
        text, latent = (_parse_npy(members[name]) for name in ("recipe.npy", "latent.npy"))
        if text.dtype.kind != "S" or text.shape or latent.dtype != np.float32:
            raise RecipeError("This NPZ file holds no recipe: 'recipe' must be bytes and 'latent' float32.")
        return bytes(text.item()), latent.astype(np.float32)


def _parse_npy(data: bytes) -> NDArray[np.generic]:
    """Reads an array after checking what its header promises, for NumPy allocates first and reads then."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise RecipeError("This NPZ file holds pickled objects, which are never opened.")
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
                    raise RecipeError(f"These recipes do not fit into one ZIP of {MAX_ZIP_BYTES // 10**6} MB.")
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
        raise RecipeError(f"This ZIP file is too large: {MAX_ZIP_BYTES // 10**6} MB are allowed.")
    contents, total = [], 0
    with damage_means("This ZIP file is damaged, or not a ZIP at all."), path.open("rb") as file:
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
    """Tells which member of a ZIP an error is about."""
    try:
        yield
    except RecipeError as error:
        raise RecipeError(f"{clean_text(name, 80)}: {error}") from error


def _check_directory(file: IO[bytes]) -> None:
    """Bounds the number of a ZIP's entries before `zipfile` makes an object of each.

    Every entry of the directory starts with the same four bytes. Members that are archives themselves contain some
    too, therefore the allowance.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if sum(1 for _ in islice(re.finditer(rb"PK\x01\x02", view), 4 * MAX_ZIP_ENTRIES + 1)) > 4 * MAX_ZIP_ENTRIES:
            raise RecipeError(f"This ZIP file has too many entries: {MAX_ZIP_ENTRIES} are allowed.")


def _members(file: IO[bytes], suffixes: tuple[str, ...], limit: int) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the first `READ_BYTES + 1` bytes of each member with one of the suffixes."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > limit:
            raise RecipeError(f"This file has too many entries: {limit} are allowed.")
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
    # The other methods unpack without a bound.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
        raise RecipeError("This archive is encrypted or packed in an unusual way; an ordinary ZIP can be opened.")


def _suffix(name: str) -> str:
    """Returns the suffix that says what a member is; none for what file managers add (__MACOSX, ._name)."""
    path = PurePosixPath(name)
    return "" if "__MACOSX" in path.parts or path.name.startswith(".") else path.suffix.lower()
