"""Our own format: a StyleGAN2's state dict as safetensors. Its names are NVIDIA's, and its tensors tell all sizes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from spaceseed.models.checkpoints.tensors import fill
from spaceseed.models.generator import Generator
from spaceseed.models.stylegan2 import StyleGAN2


def matches(content: Any, path: Path) -> bool:  # noqa: ARG001  # as every reader
    """Tells whether a parsed file is such a state dict."""
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        return False
    return {"mapping.w_avg", "synthesis.b4.conv1.weight"} <= content.keys()


def build(content: Any, path: Path) -> Generator:  # noqa: ARG001  # as every reader
    """Makes the generator of a parsed file.

    Raises:
        CheckpointError: a tensor is missing, does not fit the others, or has values that no weights have.
    """
    generator = StyleGAN2.like(content)
    fill(generator, content)
    return generator
