"""What a generator is told beside styles, of all that a recipe may say."""

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
    """Returns what `generator.synthesize` needs to be told, beside styles, of all that a recipe may say.

    Raises:
        ArgumentError: the family knows no noise or no transform, and another than the default is asked for.
    """
    options: dict[str, Any] = {}
    if noise != "const":
        options["noise"] = noise
    if noise_seed is not None:
        options["rng"] = torch.Generator().manual_seed(noise_seed)  # on the CPU: the same for every device
    if transform is not None:
        options["transform"] = transform.to(generator.device)
    for name, value in options.items():
        if name not in generator.options:
            raise ArgumentError(name, type(value).__name__, "left out: this model's family takes none")
    if "truncation" in generator.options:
        options["truncation"] = truncation
    return options
