"""Reads generators from checkpoints of all published formats. It never executes code from a file."""

from pathlib import Path
from typing import Any, Protocol

from spaceseed.errors import CheckpointError
from spaceseed.models.checkpoints import biggan, genforce, nvidia, own, rosinality
from spaceseed.models.checkpoints.containers import read_container
from spaceseed.models.checkpoints.names import describe, unwrapped
from spaceseed.models.generators.generator import Generator


class Reader(Protocol):
    """The interface of a module that reads one format."""

    def matches(self, content: Any, path: Path) -> bool:
        """Returns whether a parsed file has this format."""

    def build(self, content: Any, path: Path) -> Generator:
        """Makes the generator of a parsed file. Raises CheckpointError if it cannot."""


READERS: tuple[Reader, ...] = (own, nvidia, rosinality, genforce, biggan)


def read_generator(path: Path) -> Generator:
    """Reads a generator from a file. The file may be untrusted.

    Args:
        path: a checkpoint of this package, NVIDIA, rosinality, genforce or Hugging Face's BigGAN. The file must not be
            truncated while it is read, because its tensors are memory-mapped.

    Returns:
        The generator: float32, frozen, in evaluation mode. It takes at most a few times as much memory as the file.

    Raises:
        CheckpointError: the file is damaged, holds no generator of a known family, or asks for more than weights need.
    """
    content = unwrapped(read_container(path))
    for reader in READERS:
        if reader.matches(content, path):
            return reader.build(content, path).eval().requires_grad_(False)
    raise CheckpointError(f"{path.name} holds {describe(content)}, not a generator of a known family.")
