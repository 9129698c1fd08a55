"""Reads generators from files of weights, in whatever format they were published; executes nothing of them."""

from pathlib import Path
from typing import Any, Protocol

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import biggan, genforce, nvidia, own, rosinality
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.names import describe, unwrapped
from spaceseed.models.generators.generator import Generator


class Reader(Protocol):
    """One module per format."""

    def matches(self, content: Any, path: Path) -> bool:
        """Tells whether a parsed file is of this format."""

    def build(self, content: Any, path: Path) -> Generator:
        """Makes the generator of a parsed file, or raises CheckpointError."""


READERS: tuple[Reader, ...] = (own, nvidia, rosinality, genforce, biggan)


def read_generator(path: Path) -> Generator:
    """Reads a generator from a file that need not be trusted.

    Args:
        path: a checkpoint of ours, NVIDIA, rosinality, genforce or Hugging Face's BigGAN. Nobody may cut the file short
            meanwhile, for its tensors are read where they lie.

    Returns:
        the generator: float32, frozen, in evaluation mode. It takes no more memory than a few times the file's size.

    Raises:
        CheckpointError: the file is damaged, holds no generator of a known family, or asks for more than weights need.
    """
    content = unwrapped(read_container(path))
    for reader in READERS:
        if reader.matches(content, path):
            return reader.build(content, path).eval().requires_grad_(False)
    raise CheckpointError(f"{path.name} holds {describe(content)}: no generator of a known family.")
