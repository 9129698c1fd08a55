"""Builds a network from the shapes of its tensors. Sizes in a checkpoint come only from these shapes."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator

Shapes = Mapping[str, tuple[int, ...]]
AnyGenerator = TypeVar("AnyGenerator", bound=Generator)


def expect(shapes: Shapes, name: str, *sides: int | None) -> tuple[int, ...]:
    """Returns the shape of a tensor, after a check.

    Args:
        shapes: shapes of the tensors, by name.
        name: name of the tensor.
        *sides: expected length of each side; None allows any length except 0.

    Returns:
        The shape.

    Raises:
        CheckpointError: there is no such tensor, or it has another shape.
    """
    shape = shapes.get(name)
    if shape is None:
        raise CheckpointError(f"The weights lack a tensor that this network needs: {name}.")
    fits = len(shape) == len(sides) and all(
        side >= 1 if wanted is None else side == wanted for side, wanted in zip(shape, sides, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if side is None else str(side) for side in sides)
        raise CheckpointError(f"The weights' tensor {name} has the shape {list(shape)} where [{wanted}] was expected.")
    return shape


def doubled(shapes: Shapes, layers: int) -> tuple[int, dict[int, int]]:
    """Returns the sizes of convolutions that turn z into 4x4 pixels and then double them, as in PGGAN and DCGAN.

    Args:
        shapes: shapes of the tensors, with "convolutions.layer0.weight" and so on.
        layers: number of convolutions at each resolution. The first one is transposed, and doubles the resolution.

    Returns:
        The size of z, and the feature maps at each resolution, {4: c4, 8: c8, ...}.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    channels: dict[int, int] = {}
    while not channels or f"convolutions.layer{layers * len(channels)}.weight" in shapes:
        name = f"convolutions.layer{layers * len(channels)}.weight"
        channels[4 << len(channels)] = expect(shapes, name, None, None, 4, 4)[1]
    return shapes["convolutions.layer0.weight"][0], channels


def unfilled(make: Callable[[], AnyGenerator], shapes: Shapes) -> AnyGenerator:
    """Makes a generator with uninitialised tensors of these shapes.

    All tensors are checked before memory is allocated, so it never takes more memory than the given tensors.

    Args:
        make: constructs the generator.
        shapes: shapes of the tensors, by the names in the state dict. Other names are ignored.

    Returns:
        A generator on the CPU with uninitialised tensors.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    with torch.device("meta"):
        generator = make()
    for name, tensor in generator.state_dict().items():
        expect(shapes, name, *tensor.shape)
    return generator.to_empty(device="cpu")
