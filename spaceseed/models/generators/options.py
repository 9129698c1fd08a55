"""The options of `synthesize` that a recipe stores."""

from typing import Any

import torch
from torch import Tensor

from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import Generator


def synthesis_options(
    generator: Generator,
    truncation: float,
    noise: str = "const",
    noise_seed: int | None = None,
    transform: Tensor | None = None,
) -> dict[str, Any]:
    """Returns the options of `generator.synthesize` for the values in a recipe.

    Raises:
        ArgumentError: the family has no noise or no transform, and the value is not the default.
    """
    options: dict[str, Any] = {}
    if noise != "const":
        options["noise"] = noise
    if noise_seed is not None:
        options["rng"] = torch.Generator().manual_seed(noise_seed)  # on the CPU, so that all devices draw the same
    if transform is not None:
        options["transform"] = transform.to(generator.device)
    for name, value in options.items():
        if name not in generator.options:
            raise ArgumentError(name, type(value).__name__, "left out, because this family does not support it")
    if "truncation" in generator.options:
        options["truncation"] = truncation
    return options
