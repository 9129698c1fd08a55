"""Rebuilds the objects of torch and NumPy in a pickle. Every size is checked against the bytes in the file."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints.unpickle import Budget, Bytes, Function, Names, Pending, checked_key

MAX_DIMENSIONS = 8

STORAGE_TYPES: dict[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
NUMPY_TYPES: dict[str, torch.dtype] = {
    "f8": torch.float64,
    "f4": torch.float32,
    "f2": torch.float16,
    "i8": torch.int64,
    "i4": torch.int32,
    "i2": torch.int16,
    "i1": torch.int8,
    "u1": torch.uint8,
    "b1": torch.bool,
}


@dataclass(frozen=True)
class Storage:
    """The numbers [numel] that tensors are views of."""

    values: Tensor


@dataclass(frozen=True)
class NumpyType:
    """A NumPy dtype of plain little-endian numbers."""

    dtype: torch.dtype


def numbers(data: Bytes, dtype: torch.dtype, budget: Budget) -> Tensor:
    """Returns bytes as numbers, without a copy if alignment permits it.

    Args:
        data: little-endian numbers of `dtype`.
        dtype: type of the numbers.
        budget: is charged for a copy.

    Returns:
        [numel].

    Raises:
        CheckpointError: the bytes end in the middle of a number, or the budget is exceeded.
    """
    if len(data) % dtype.itemsize:
        raise CheckpointError("The file is damaged: a tensor ends in the middle of a number.")
    if not len(data):
        return torch.empty(0, dtype=dtype)
    if isinstance(data, bytes):
        budget.spend("copied", len(data))
        data = memoryview(bytearray(data))
    raw = torch.frombuffer(data, dtype=torch.uint8)
    if dtype is torch.bool:  # bytes other than 0 and 1 are not valid
        budget.spend("copied", len(data))
        return raw != 0
    if raw.data_ptr() % dtype.itemsize:
        budget.spend("copied", len(data))
        raw = raw.clone()
    return raw.view(dtype)


def sizes(*values: Any) -> None:
    """Checks that all values are sizes: integers from 0 that fit 63 bits.

    Raises:
        CheckpointError: a value is not.
    """
    for value in values:
        if type(value) is not int or not 0 <= value < 2**63:
            raise CheckpointError("The file is damaged: a tensor's size or position is not a valid number.")


def element_count(shape: Any) -> int:
    """Checks a shape: a tuple of at most 8 sizes. Their product must be valid even without the zeros.

    Returns:
        The number of elements.

    Raises:
        CheckpointError: it is not a valid shape.
    """
    if type(shape) is not tuple or len(shape) > MAX_DIMENSIONS:
        raise CheckpointError("The file is damaged: a tensor has no valid shape.")
    sizes(*shape)
    sizes(math.prod(size or 1 for size in shape))
    return math.prod(shape)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: object) -> Tensor:
    """Returns a view of a storage. It has at most as many elements as the storage, so a copy is limited by the file."""
    if not isinstance(storage, Storage) or type(strides) is not tuple:
        raise TypeError
    count = element_count(shape)
    if len(shape) != len(strides):
        raise CheckpointError("The file is damaged: a tensor's shape and strides do not fit each other.")
    sizes(offset, *strides)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count > len(storage.values) or (count and last >= len(storage.values)):
        raise CheckpointError(
            f"The file was refused, because a tensor of shape {list(shape)} has more than the {len(storage.values)} "
            "numbers stored for it."
        )
    return storage.values.as_strided(shape, strides, offset) if count else storage.values.new_empty(shape)


def _parameter(tensor: Any, *_: object) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise TypeError
    return tensor


def _numpy_type(code: Any, *_: object) -> Pending:
    kind = NumpyType(NUMPY_TYPES[code])

    def build(state: Any) -> NumpyType:
        if state[1] not in ("<", "|", "="):
            raise CheckpointError("The file holds big-endian numbers, which are not supported.")
        return kind

    return Pending(build)


def _array(state: Any, budget: Budget) -> Tensor:
    """Reads the state of an array: (version, shape, dtype, whether columns come first, bytes)."""
    _, shape, kind, fortran, data = state
    if len(data) != element_count(shape) * kind.dtype.itemsize:
        raise CheckpointError("The file is damaged: an array's shape does not fit its data.")
    values = numbers(data, kind.dtype, budget)
    if not fortran:
        return values.reshape(shape)
    return values.reshape(shape[::-1]).permute(*reversed(range(len(shape))))


def _scalar(kind: Any, data: Any) -> int | float | bool:
    if len(data) != kind.dtype.itemsize:
        raise TypeError
    return torch.frombuffer(bytearray(data), dtype=kind.dtype).item()


def _empty_dict(*arguments: object) -> dict[Any, Any]:
    if arguments:
        raise TypeError
    return {}


def _set(members: Any, budget: Budget) -> set[Any]:
    if type(members) not in (list, tuple):
        raise TypeError
    budget.spend("opcodes", len(members))
    return set(map(checked_key, members))


def _encode(text: Any, encoding: Any, budget: Budget) -> bytes:
    """Encodes byte strings as pickle protocol 2 stores them."""
    if type(text) is not str or encoding != "latin1":
        raise TypeError
    budget.spend("copied", len(text))
    return text.encode("latin1")


def data_names(budget: Budget) -> Names:
    """Returns the names that files of tensors, arrays and plain data use."""
    names: dict[tuple[str, str], object] = {
        ("collections", "OrderedDict"): Function(_empty_dict),
        ("argparse", "Namespace"): Function(_empty_dict),  # settings of a training run; values are ignored
        ("builtins", "set"): Function(lambda members: _set(members, budget)),
        ("__builtin__", "set"): Function(lambda members: _set(members, budget)),
        ("_codecs", "encode"): Function(lambda text, encoding: _encode(text, encoding, budget)),
        ("torch._utils", "_rebuild_tensor_v2"): Function(_tensor),
        ("torch._utils", "_rebuild_parameter"): Function(_parameter),
        ("numpy", "dtype"): Function(_numpy_type),
        ("numpy", "ndarray"): np.ndarray,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        names[module, "_reconstruct"] = Function(lambda *_: Pending(lambda state: _array(state, budget)))
        names[module, "scalar"] = Function(_scalar)
    return names | {("torch", name): dtype for name, dtype in STORAGE_TYPES.items()}
