"""The files of an atlas. Each is a shard: the codes of up to 8,192 consecutive seeds.

Files are untrusted. Their sizes are limited, and headers and shapes are checked. All shards of an atlas follow
each other without gaps and were made in the same way.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from torch import Tensor

from spaceseed.arguments import check_number, check_tensor
from spaceseed.errors import ArgumentError, AtlasError
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Text

SHARD = 8_192  # seeds
MAX_SEEDS = 2**24
MAX_DIMS = 4_096
MAX_LABELS = 10_000
MAX_HEADER = 10**6  # bytes
SHA256 = "[0-9a-f]{64}"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Make(_Record):
    """What an atlas was made of. Noise is always "const".

    Attributes:
        model: id of the generator.
        sha256: hash of its weights.
        judge: name of the judge.
        truncation: psi of the images.
        labels: [num_classes], the class or mix of classes of all images; None if the model has no classes.
    """

    version: Literal[1] = 1
    model: Text
    sha256: Annotated[str, Field(pattern=f"^{SHA256}$")]
    judge: Text
    truncation: FiniteFloat
    labels: Annotated[tuple[FiniteFloat, ...], Field(max_length=MAX_LABELS)] | None = None

    @classmethod
    def of(cls, generator: Generator, judge: str, truncation: float, labels: Tensor | None) -> Self:
        """Returns what an atlas of these networks would be made of.

        Raises:
            ArgumentError: the generator has no card that names its weights, truncation is out of range, or the labels
                have another size.
        """
        card = generator.card
        if card is None or not re.fullmatch(SHA256, card.sha256):
            raise ArgumentError("generator.card", card, "a ModelCard with a sha256, which generators from the zoo have")
        psi = check_number("truncation", truncation, -2, 2)
        mix = None if labels is None else tuple(check_tensor("labels", labels, [generator.num_classes]).tolist())
        return cls(model=card.id, sha256=card.sha256, judge=judge, truncation=psi, labels=mix)


class _Header(_Record):
    make: Make
    first: Annotated[int, Field(ge=0, le=MAX_SEED)]


_FILE = TensorFile("atlas", _Header, ("codes",), torch.int8, SHARD * MAX_DIMS + MAX_HEADER, AtlasError)


@dataclass(frozen=True, eq=False)
class Shard:
    """A part of an atlas.

    Attributes:
        make: what the atlas was made of.
        first: the first seed.
        codes: the codes of n seeds from `first` on, int8 [n, dims].
    """

    make: Make
    first: int
    codes: Tensor

    def write(self, folder: Path) -> None:
        """Writes the file of this shard, or replaces it. A reader finds the whole old file or the whole new one."""
        path = folder / _name(self.first)
        draft = path.with_suffix(".part")
        _FILE.write(draft, _Header(make=self.make, first=self.first), {"codes": self.codes})
        draft.replace(path)


def files_of(folder: Path) -> list[Path]:
    """Returns the files of the shards in a folder, in the order of their seeds."""
    return sorted(folder.glob("*.safetensors"))


def read_shards(files: Iterable[Path]) -> Iterator[Shard]:
    """Reads the files of an atlas, in the order of their seeds, one at a time.

    Raises:
        AtlasError: a file is damaged, foreign, misnamed, or missing.
        OSError: a file cannot be read.
    """
    before: Shard | None = None
    seeds = 0
    for path in files:
        shard = _read(path)
        seeds += len(shard.codes)
        if seeds > MAX_SEEDS:
            raise AtlasError(f"This atlas has more than {MAX_SEEDS:,} seeds.")
        if before is not None:
            if shard.make != before.make or shard.codes.shape[1] != before.codes.shape[1]:
                raise AtlasError(f"{path.name} belongs to another atlas than the files before it.")
            if len(before.codes) != SHARD or shard.first != before.first + SHARD:
                raise AtlasError(f"Seeds are missing before {path.name}.")
        yield shard
        before = shard


def _read(path: Path) -> Shard:
    try:
        header, tensors = _FILE.read(path)
    except AtlasError as error:
        raise AtlasError(f"{path.name}: {error}") from error
    first, codes = header.first, tensors["codes"]
    fits = codes.ndim == 2 and 1 <= len(codes) <= SHARD and 1 <= codes.shape[1] <= MAX_DIMS
    if not fits or path.name != _name(first) or first + len(codes) - 1 > MAX_SEED:
        raise AtlasError(f"{path.name}: {_FILE.damaged}")
    return Shard(header.make, first, codes)


def _name(first: int) -> str:
    return f"{first:010d}.safetensors"
