"""Building a network from the shapes of its tensors, which is all that a checkpoint is trusted to tell of its sizes."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

from spaceseed.errors import CheckpointError
from spaceseed.models.generators.generator import Generator

Shapes = Mapping[str, tuple[int, ...]]
AnyGenerator = TypeVar("AnyGenerator", bound=Generator)


def expect(shapes: Shapes, name: str, *sides: int | None) -> tuple[int, ...]:
    """Looks up a tensor's shape, which must have these sides.

    Args:
        shapes: of the tensors, by name.
        name: the tensor wanted.
        *sides: the length of each side; None stands for any but 0.

    Returns:
        its shape.

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
    """Finds the sizes of convolutions that make 4x4 pixels of z and then double them, as PGGAN's and DCGAN's do.

    Args:
        shapes: of tensors among which are "convolutions.layer0.weight" and so on.
        layers: how many of them a resolution has; the first is the transposed one that enlarges.

    Returns:
        the size of z, and the feature maps at each resolution, {4: c4, 8: c8, ...}.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    channels: dict[int, int] = {}
    while not channels or f"convolutions.layer{layers * len(channels)}.weight" in shapes:
        name = f"convolutions.layer{layers * len(channels)}.weight"
        channels[4 << len(channels)] = expect(shapes, name, None, None, 4, 4)[1]
    return shapes["convolutions.layer0.weight"][0], channels


def unfilled(make: Callable[[], AnyGenerator], shapes: Shapes) -> AnyGenerator:
    """Makes a generator that these tensors fill, its own not being initialised yet.

    Memory is taken only once every tensor is known to be there and to fit, so never more than the tensors have.

    Args:
        make: constructs the generator.
        shapes: of the tensors, by the names of its state dict; further names do not matter.

    Returns:
        a generator on the CPU, to be filled.

    Raises:
        CheckpointError: a tensor is missing or has another shape.
    """
    with torch.device("meta"):
        generator = make()
    for name, tensor in generator.state_dict().items():
        expect(shapes, name, *tensor.shape)
    return generator.to_empty(device="cpu")
