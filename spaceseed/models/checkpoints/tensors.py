"""Copies tensors of a file into a generator, and measures w_avg if the file lacks it."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator

BATCH = 1000


def take(state: Mapping[str, Any], name: str, sides: int | None = None) -> Tensor:
    """Returns a tensor of a parsed file, for a reader that renames or reshapes it.

    Args:
        state: part of the result of `read_container`.
        name: the tensor's name in the file.
        sides: number of dimensions that it must have; any number if None.

    Returns:
        The tensor; none of its sides is 0.

    Raises:
        CheckpointError: there is no such tensor of floating-point numbers.
    """
    tensor = state.get(name)
    if not isinstance(tensor, Tensor):
        raise CheckpointError(f"The file lacks the tensor {name}.")
    if not tensor.dtype.is_floating_point:
        raise CheckpointError(f"The tensor {name} holds {tensor.dtype} instead of floating-point numbers.")
    if (sides is not None and tensor.ndim != sides) or 0 in tensor.shape:
        raise CheckpointError(f"The tensor {name} has shape {list(tensor.shape)}, which does not fit its network.")
    return tensor


def count(state: Mapping[str, Any], pattern: str) -> int:
    """Returns one more than the highest number in the matching names, so that a missing name raises an error later.

    Args:
        state: part of the result of `read_container`.
        pattern: a regular expression with one group, the number. Only numbers below 100 count.
    """
    found = (re.fullmatch(pattern, name) for name in state if isinstance(name, str))
    return max((int(match[1]) + 1 for match in found if match and len(match[1]) < 3), default=0)


@torch.no_grad()
def fill(generator: Generator, tensors: Mapping[str, Tensor]) -> None:
    """Copies tensors into all parameters and buffers of a generator.

    Args:
        generator: the generator to fill.
        tensors: by the names in `generator.state_dict()`. They are converted to the generator's float32.

    Raises:
        CheckpointError: a tensor is missing, unknown, of another shape or type, or not finite.
    """
    own = generator.state_dict()
    family = type(generator).__name__
    for name in sorted(own.keys() | tensors.keys()):
        if name not in tensors:
            raise CheckpointError(f"The file lacks the tensor {name}, which a {family} needs.")
        if name not in own:
            raise CheckpointError(f"The file holds a tensor {name[:100]}, which a {family} of its size does not have.")
    for name, place in own.items():
        value = tensors[name]
        if value.shape != place.shape:
            raise CheckpointError(f"The tensor {name} has shape {list(value.shape)} instead of {list(place.shape)}.")
        if not value.dtype.is_floating_point:
            raise CheckpointError(f"The tensor {name} holds {value.dtype} instead of floating-point numbers.")
        place.copy_(value)
        if not place.isfinite().all():
            raise CheckpointError(f"The tensor {name} holds numbers that are infinite or not a number.")


@torch.no_grad()
def measure_w_avg(generator: Generator, samples: int = 10_000) -> Tensor:
    """Measures the centre of truncation, for files that do not store it.

    Args:
        generator: a generator whose mapping network has its weights.
        samples: number of latents to map. In a conditional model all classes are equally frequent.

    Returns:
        The mean of w, [w_dim]; always the same for the same weights.
    """
    # All are drawn at once, so that they do not depend on the batch size.
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(0)).to(generator.device)
    classes = torch.arange(samples, device=generator.device) % max(generator.num_classes, 1)
    total = torch.zeros(generator.w_dim, dtype=torch.float64, device=generator.device)
    for rows in torch.arange(samples, device=generator.device).split(BATCH):
        labels = None
        if generator.num_classes:
            labels = z.new_zeros(len(rows), generator.num_classes).scatter_(1, classes[rows, None], 1.0)
        total += generator.map(z[rows], labels)[:, 0].double().sum(dim=0)
    return (total / samples).float()
