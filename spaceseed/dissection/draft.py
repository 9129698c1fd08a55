"""The sums of a dissection that is not finished, and their file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from torch import Tensor

from spaceseed.dissection.units import SEEDS
from spaceseed.errors import DissectionError
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

LEAST = -1e30  # below any activation, and finite


class Make(BaseModel):
    """What is dissected, and how: attributes of a `UnitTable`, arguments of `dissect`, and a hash of all weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Line
    sha256: str
    layer: str
    segmenter: Line
    classes: tuple[str, ...]
    count: int
    seed: int
    truncation: FiniteFloat
    labels: tuple[FiniteFloat, ...]
    share: float | None
    networks: str


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    make: Make
    done: Annotated[int, Field(ge=1)]


TENSORS = ("levels", "high", "both", "lit", "area", "activation", "weight", "peaks", "seeds")
_FILE = TensorFile("draft of a dissection", _Header, TENSORS, torch.float64, max_bytes=10**9, error=DissectionError)


@dataclass(eq=False)
class Draft:
    """The sums so far, float64.

    Attributes:
        make: what is dissected.
        done: number of images in the sums.
        levels: [units], above which a unit is lit; float32.
        high: [units], as in `UnitTable`; float32.
        both: lit pixels of each class, [units, classes]; for styles, images in which a class is overlapped most.
        lit: lit pixels, [units].
        area: pixels of each class, [classes].
        activation: activations, weighted by the share of each class in a cell, [units, classes].
        weight: sums of these weights, [classes].
        peaks: the greatest activations of each unit, one for each image, [units, 4].
        seeds: of these images, int64 [units, 4].
    """

    make: Make
    done: int
    levels: Tensor
    high: Tensor
    both: Tensor
    lit: Tensor
    area: Tensor
    activation: Tensor
    weight: Tensor
    peaks: Tensor
    seeds: Tensor

    @classmethod
    def empty(cls, make: Make, levels: Tensor, high: Tensor) -> Self:
        """Returns the sums of no image."""
        units, classes = len(levels), len(make.classes)

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=levels.device)

        return cls(
            make=make, done=0, levels=levels, high=high, both=zeros(units, classes), lit=zeros(units),
            area=zeros(classes), activation=zeros(units, classes), weight=zeros(classes),
            peaks=zeros(units, SEEDS) + LEAST,
            seeds=torch.full([units, SEEDS], make.seed, device=levels.device),
        )  # fmt: skip

    def rank(self, seeds: list[int], strongest: Tensor) -> None:
        """Keeps the images where a unit is strongest.

        Args:
            seeds: of n images.
            strongest: the greatest activation of each unit in each image, [n, units].
        """
        peaks = torch.cat([self.peaks, strongest.T.double()], dim=1)
        numbers = torch.tensor(seeds, device=peaks.device).expand(len(peaks), -1)
        order = peaks.argsort(dim=1, descending=True, stable=True)[:, :SEEDS]
        self.peaks = peaks.gather(1, order)
        self.seeds = torch.cat([self.seeds, numbers], dim=1).gather(1, order)

    def save(self, path: Path) -> None:
        """Writes the file, or replaces it. A reader finds the whole old file or the whole new one."""
        part = path.with_name(f"{path.name}.part")
        header = _Header(make=self.make, done=self.done)
        _FILE.write(part, header, {name: getattr(self, name).double().cpu() for name in TENSORS})
        part.replace(path)

    @classmethod
    def open(cls, path: Path, device: torch.device) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            DissectionError: the file is damaged or of another kind.
            OSError: the file cannot be read.
        """
        header, tensors = _FILE.read(path)
        draft = cls(make=header.make, done=header.done, **{name: t.to(device) for name, t in tensors.items()})
        draft.levels, draft.high, draft.seeds = draft.levels.float(), draft.high.float(), draft.seeds.long()
        empty = cls.empty(draft.make, draft.levels.flatten(), draft.high.flatten())
        if any(getattr(draft, name).shape != getattr(empty, name).shape for name in TENSORS):
            raise _FILE.damaged
        return draft
