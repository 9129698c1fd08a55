"""Reads any checkpoint into plain data: dictionaries, lists, numbers, strings and tensors. It executes nothing."""

import mmap
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.persistence import PersistentObject, persistence_names
from spaceseed.models.checkpoints.torch_files import LEGACY_MAGIC, ZIP_MAGIC, read_legacy, read_zip
from spaceseed.models.checkpoints.unpickle import Budget, unpickle

MAX_FILE = 4 * 2**30 - 1  # bytes; a zip archive up to this size needs no 64-bit fields
MAX_HEADER = 2**20  # bytes of a safetensors header; 1000 tensors take an eighth
MAX_DEPTH = 50
MAX_NODES = 1_000_000
PICKLE_MAGIC = b"\x80"
# Other files that users may choose by mistake, by their first bytes in lower case.
OTHERS = {
    b"version https://": "a pointer of Git LFS instead of the file itself",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"\x89hdf\r\n": "an HDF5 file, as Keras writes",
    b"gguf": "a language model in the format GGUF",
    b"\x93numpy": "an array of NumPy",
    b"\x1f\x8b": "compressed with gzip",
    b"\x89png": "a picture",
    b"\xff\xd8\xff": "a picture",
}


def read_container(path: Path) -> Any:
    """Reads a checkpoint, with the format given by its first bytes. It neither executes nor trusts the content.

    Tensors are views of the file if possible, so a large file takes no memory before its weights are used.

    Args:
        path: an NVIDIA pickle, a file of torch.save (either format), or safetensors.

    Returns:
        dict, list, tuple, set, str, int, float, bool, None, memoryview, Tensor and `PersistentObject`, nested as in the
        file: a tree of limited depth. All tensors together are at most twice as large as the file.

    Raises:
        CheckpointError: the file is damaged, has an unknown format, or asks for something that weights never need.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no file {path.name}.")
    size = path.stat().st_size
    if size < 16:
        raise CheckpointError(f"{path.name} is not a file of weights: it has only {size} bytes.")
    if size > MAX_FILE:
        raise CheckpointError(f"{path.name} is larger than any generator of a known family: it has {size} bytes.")
    with path.open("rb") as file:
        # Copy-on-write, because torch does not support read-only memory. Unchanged pages take no memory.
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    budget = Budget(copied=size)
    start = bytes(data[:16])
    header = int.from_bytes(start[:8], "little")
    if header < size and start[8:9] == b"{":
        content = _read_safetensors(path, header)
    elif start.startswith(ZIP_MAGIC):
        content = read_zip(data, budget, persistence_names(budget))
    elif start.startswith(LEGACY_MAGIC):
        content = read_legacy(data, budget, persistence_names(budget))
    elif start.startswith(PICKLE_MAGIC):
        content, _ = unpickle(data, persistence_names(budget), budget)
    else:
        kind = next((kind for beginning, kind in OTHERS.items() if start.lower().startswith(beginning)), None)
        raise CheckpointError(f"{path.name} is {kind or 'of an unknown kind'}, not a file of weights.")
    _check_tree(content, 2 * size)
    return content


def _read_safetensors(path: Path, header: int) -> dict[str, Tensor]:
    if header > MAX_HEADER:
        raise CheckpointError("The file was refused, because its header is longer than weights ever need.")
    try:
        return load_file(path)
    except (SafetensorError, TypeError, ValueError, KeyError, RuntimeError) as error:  # torch refuses a shape or type
        raise CheckpointError("The safetensors file is damaged or cut short.") from error


def _check_tree(content: Any, tensor_bytes: int) -> None:
    """Checks what `read_container` guarantees, so that readers need no checks of depth and size.

    A shared object counts each time it is reached. So cycles and exponential expansion ("billion laughs") are refused.
    """
    nodes, waiting = 0, [(content, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, Tensor):
            tensor_bytes -= node.nbytes
            inner: list[Any] = []
        elif isinstance(node, PersistentObject):
            inner = [node.state, node.init_args, node.init_kwargs]
        elif type(node) is dict:
            inner = list(node.values())
        elif type(node) in (list, tuple):
            inner = node
        elif type(node) in (str, int, float, bool, set, memoryview, bytes, type(None)):
            inner = []
        else:
            raise CheckpointError("The file holds something other than plain data and tensors.")
        nodes += 1 + len(inner)
        if nodes > MAX_NODES or depth > MAX_DEPTH or tensor_bytes < 0:
            raise CheckpointError("The file was refused, because its content is far larger than the file.")
        waiting.extend((child, depth + 1) for child in inner)
