"""The two formats of `torch.save`: a zip archive, and before torch 1.6 several pickles followed by the numbers."""

import struct
from collections.abc import Callable
from typing import Any

import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.rebuild import Storage, numbers, sizes
from spaceseed.models.checkpoints.unpickle import DAMAGED, Budget, Names, unpickle

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
LEGACY_VERSION = 1001

MAX_ENTRIES = 50_000
MAX_NAME = 1_000
_END = struct.Struct("<4s4HLLH")  # end of central directory
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


def read_zip(data: memoryview, budget: Budget, names: Names) -> Any:
    """Reads a torch zip archive. Tensors are views of `data`.

    Args:
        data: the whole file.
        budget: limits on the work.
        names: globals that the object may use.

    Returns:
        The saved object.

    Raises:
        CheckpointError: it is not such an archive, is damaged, compressed, or holds something that weights never need.
    """
    entries = zip_entries(data)
    roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise CheckpointError("The zip archive was not written by torch.save.")
    order = entries.get(f"{roots[0]}byteorder", b"little")
    if bytes(order[:8]) != b"little":
        raise CheckpointError("The file holds big-endian numbers, which are not supported.")

    def load(key: str, dtype: torch.dtype, count: int) -> Storage:
        entry = entries[f"{roots[0]}data/{key}"]
        if len(entry) != count * dtype.itemsize:
            raise CheckpointError(
                f"The file was refused, because it declares {count} numbers but stores {len(entry)} bytes."
            )
        return Storage(numbers(entry, dtype, budget))

    content, _ = unpickle(entries[f"{roots[0]}data.pkl"], names, budget, _storages(load))
    return content


def zip_entries(data: memoryview) -> dict[str, memoryview]:
    """Returns the entries of an uncompressed zip archive.

    zipfile is not used, because it reads a directory of any length, and does not return the position of the data.

    Args:
        data: the whole file, below 4 GiB, so that zip64 fields are never needed.

    Returns:
        A view of each entry, by name.

    Raises:
        CheckpointError: the archive is damaged or a program, or has entries that are compressed, duplicate or outside
            the file.
    """
    try:
        signature, _, _, _, count, size, start, comment = _END.unpack(data[-_END.size :])
        if signature != b"PK\x05\x06" or comment or count > MAX_ENTRIES or start + size > len(data):
            raise CheckpointError(DAMAGED)
        entries: dict[str, memoryview] = {}
        for _ in range(count):
            fields = _CENTRAL.unpack_from(data, start)
            start += _CENTRAL.size
            name = str(data[start : start + fields[10]], "utf-8")
            start += sum(fields[10:13])
            if fields[0] != b"PK\x01\x02" or name in entries or len(name) > MAX_NAME:
                raise CheckpointError(DAMAGED)
            if "/code/" in name:
                raise CheckpointError("The file is a TorchScript program; save its network's state_dict() instead.")
            if fields[4] != 0 or fields[8] != fields[9] or fields[3] & 1:
                raise CheckpointError("The file was refused, because its zip archive is compressed or encrypted.")
            entries[name] = _entry(data, fields[16], fields[9])
    except (struct.error, UnicodeError) as error:
        raise CheckpointError(DAMAGED) from error
    return entries


def _entry(data: memoryview, header: int, size: int) -> memoryview:
    fields = _LOCAL.unpack_from(data, header)
    start = header + _LOCAL.size + sum(fields[9:11])
    if fields[0] != ZIP_MAGIC or fields[3] != 0 or start + size > len(data):
        raise CheckpointError(DAMAGED)
    return data[start : start + size]


def read_legacy(data: memoryview, budget: Budget, names: Names) -> Any:
    """Reads the format from before torch 1.6: magic number, version, platform, object, keys of storages, numbers.

    Args:
        data: all bytes.
        budget: limits on the work.
        names: globals that the object may use.

    Returns:
        The saved object; a `Storage` if a bare storage was saved.

    Raises:
        CheckpointError: the file is damaged or holds something that weights never need.
    """
    if bytes(data[: len(LEGACY_MAGIC)]) != LEGACY_MAGIC:
        raise CheckpointError(DAMAGED)
    version, position = unpickle(data, {}, budget, position=len(LEGACY_MAGIC))
    platform, position = unpickle(data, {}, budget, position=position)
    if version != LEGACY_VERSION or not isinstance(platform, dict) or not platform.get("little_endian"):
        raise CheckpointError("The file was written by a version of torch or on a machine that is not supported.")

    # The numbers come after the object that refers to them, so the object is read twice: first to learn which storages
    # exist (as tensors without memory), then with their numbers.
    declared: dict[str, Storage] = {}

    def declare(key: str, dtype: torch.dtype, count: int) -> Storage:
        if count * dtype.itemsize > len(data):
            raise CheckpointError(
                f"The file was refused, because it declares {count} numbers but is too short for them."
            )
        return declared.setdefault(key, Storage(torch.empty(count, dtype=dtype, device="meta")))

    start = position
    _, position = unpickle(data, names, budget, _storages(declare), start)
    keys, position = unpickle(data, {}, budget, position=position)
    stored = _stored(data, position, keys, declared, budget)

    def load(key: str, dtype: torch.dtype, count: int) -> Storage:
        storage = stored[key]
        if storage.values.dtype != dtype or len(storage.values) != count:
            raise CheckpointError(DAMAGED)
        return storage

    content, _ = unpickle(data, names, budget, _storages(load), start)
    return content


def _stored(
    data: memoryview, position: int, keys: Any, declared: dict[str, Storage], budget: Budget
) -> dict[str, Storage]:
    """Reads the numbers of each storage. They follow in the order of `keys`, each after its count."""
    stored: dict[str, Storage] = {}
    for key in keys if type(keys) is list else [None]:
        if type(key) is not str or key not in declared or key in stored:
            raise CheckpointError(DAMAGED)
        values = declared[key].values
        start, end = position + 8, position + 8 + values.nbytes
        if bytes(data[position:start]) != struct.pack("<q", len(values)) or end > len(data):
            raise CheckpointError(DAMAGED)
        stored[key] = Storage(numbers(data[start:end], values.dtype, budget))
        position = end
    return stored


def _storages(load: Callable[[str, torch.dtype, int], Storage]) -> Callable[[Any], Storage]:
    """Returns a function that loads storages by their ids: ("storage", type, key, device, count[, no view])."""

    def load_persistent(identity: Any) -> Storage:
        kind, dtype, key, _, count, *view = identity
        if kind != "storage" or not isinstance(dtype, torch.dtype) or type(key) is not str or view not in ([], [None]):
            raise TypeError
        sizes(count)
        return load(key, dtype, count)

    return load_persistent
