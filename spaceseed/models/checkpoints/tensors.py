"""Puts tensors of a file into a generator, and measures what the file lacks."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator

BATCH = 1000


def take(state: Mapping[str, Any], name: str, sides: int | None = None) -> Tensor:
    """Looks up a tensor in a parsed file, for a reader that renames or reshapes it.

    Args:
        state: part of what `read_container` gave.
        name: the tensor's name in the file.
        sides: how many sides it must have; any number when None.

    Returns:
        the tensor; none of its sides is 0.

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
    """Returns one more than the highest number among the names that match, so that a missing one is noticed.

    Args:
        state: part of what `read_container` gave.
        pattern: a regular expression with one group, the number; only numbers below 100 count.
    """
    found = (re.fullmatch(pattern, name) for name in state if isinstance(name, str))
    return max((int(match[1]) + 1 for match in found if match and len(match[1]) < 3), default=0)


@torch.no_grad()
def fill(generator: Generator, tensors: Mapping[str, Tensor]) -> None:
    """Copies tensors into a generator's parameters and buffers: all of them, and nothing else.

    Args:
        generator: what to fill.
        tensors: by the names of `generator.state_dict()`; half precision and float64 become the generator's float32.

    Raises:
        CheckpointError: a tensor is missing, unknown, of another shape or kind, or not finite.
    """
    own = generator.state_dict()
    family = type(generator).__name__
    for name in sorted(own.keys() | tensors.keys()):
        if name not in tensors:
            raise CheckpointError(f"The file lacks the tensor {name}, which a {family} needs.")
        if name not in own:
            raise CheckpointError(
                f"The file holds a tensor {name[:100]}, for which a {family} of its size has no place."
            )
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
        generator: a generator whose mapping has its weights.
        samples: how many latents to map; of a conditional model, classes take turns.

    Returns:
        mean of w, [w_dim]; the same for the same weights.
    """
    # All drawn at once: numbers drawn in batches would depend on the batches.
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(0)).to(generator.device)
    classes = torch.arange(samples, device=generator.device) % max(generator.num_classes, 1)
    total = torch.zeros(generator.w_dim, dtype=torch.float64, device=generator.device)
    for rows in torch.arange(samples, device=generator.device).split(BATCH):
        labels = None
        if generator.num_classes:
            labels = z.new_zeros(len(rows), generator.num_classes).scatter_(1, classes[rows, None], 1.0)
        total += generator.map(z[rows], labels)[:, 0].double().sum(dim=0)
    return (total / samples).float()
