"""What torch and NumPy ask for in a pickle, rebuilt with every size checked against the bytes that are there."""

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
    """The numbers that tensors are views of, [numel]."""

    values: Tensor


@dataclass(frozen=True)
class NumpyType:
    """A NumPy dtype of plain little-endian numbers."""

    dtype: torch.dtype


def numbers(data: Bytes, dtype: torch.dtype, budget: Budget) -> Tensor:
    """Reads bytes as numbers, without copying them where their place in memory permits it.

    Args:
        data: whole numbers of `dtype`, little-endian.
        dtype: type of the numbers.
        budget: pays for a copy.

    Returns:
        [numel].

    Raises:
        CheckpointError: the bytes are no whole number of elements, or the budget is spent.
    """
    if len(data) % dtype.itemsize:
        raise CheckpointError("The file is damaged: a tensor ends in the middle of a number.")
    if not len(data):
        return torch.empty(0, dtype=dtype)
    if isinstance(data, bytes):
        budget.spend("copied", len(data))
        data = memoryview(bytearray(data))
    raw = torch.frombuffer(data, dtype=torch.uint8)
    if dtype is torch.bool:  # a byte other than 0 and 1 is no bool
        budget.spend("copied", len(data))
        return raw != 0
    if raw.data_ptr() % dtype.itemsize:
        budget.spend("copied", len(data))
        raw = raw.clone()
    return raw.view(dtype)


def sizes(*values: Any) -> None:
    """Checks that all are sizes: whole numbers from 0 that fit 63 bits.

    Raises:
        CheckpointError: one is not.
    """
    for value in values:
        if type(value) is not int or not 0 <= value < 2**63:
            raise CheckpointError("The file is damaged: a tensor's size or place is no sensible number.")


def element_count(shape: Any) -> int:
    """Checks a shape: a tuple of at most 8 sizes, sensible even where one of them is 0.

    Returns:
        the number of elements.

    Raises:
        CheckpointError: it is none.
    """
    if type(shape) is not tuple or len(shape) > MAX_DIMENSIONS:
        raise CheckpointError("The file is damaged: a tensor has no sensible shape.")
    sizes(*shape)
    sizes(math.prod(size or 1 for size in shape))
    return math.prod(shape)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: object) -> Tensor:
    """Returns a view of a storage, with no more elements than the storage has: a copy is no larger than the file."""
    if not isinstance(storage, Storage) or type(strides) is not tuple:
        raise TypeError
    count = element_count(shape)
    if len(shape) != len(strides):
        raise CheckpointError("The file is damaged: a tensor's shape and strides do not belong together.")
    sizes(offset, *strides)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count > len(storage.values) or (count and last >= len(storage.values)):
        raise CheckpointError(
            f"The file was refused, because a tensor of shape {list(shape)} is larger than the {len(storage.values)} "
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
            raise CheckpointError("The file holds big-endian numbers, which are not read.")
        return kind

    return Pending(build)


def _array(state: Any, budget: Budget) -> Tensor:
    """Reads an array's state: (version, shape, dtype, whether columns come first, bytes)."""
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
    """Encodes byte strings as protocol 2 writes them."""
    if type(text) is not str or encoding != "latin1":
        raise TypeError
    budget.spend("copied", len(text))
    return text.encode("latin1")


def data_names(budget: Budget) -> Names:
    """Names that files of tensors, arrays and plain data use, whoever wrote them."""
    names: dict[tuple[str, str], object] = {
        ("collections", "OrderedDict"): Function(_empty_dict),
        ("argparse", "Namespace"): Function(_empty_dict),  # settings of a training run, without their values
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
