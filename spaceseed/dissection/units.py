"""What the units of one layer draw: a table that ranks them, edits with them, and saves itself.

Example::

    units = dissect(G, load_segmenter("avatars"), "b16.conv1")
    recipe = recipe.replace(edits=(units.edit("glasses", count=20),))     # without glasses
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from torch import Tensor

from spaceseed.arguments import check_choice, check_integer, check_integers, check_number
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.models.generators.generator import MAX_SEED, Generator, check_model
from spaceseed.recipes.edits import MAX_UNITS, UnitEdit
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

COUNTS = 0.04  # the overlap from which a unit counts as one of a class (Bau et al. 2019)
SEEDS = 4  # of the images where a unit lights most
MAX_LEVEL = 100.0
MODES = ("ablate", "insert")


@dataclass(frozen=True, eq=False)
class UnitTable:
    """What each unit of a layer draws.

    Attributes:
        model: id of the model; "" for a network without a card.
        sha256: hash of its weights' file; "" in the same case.
        layer: one of the generator's `layers`, or of its `styles`.
        segmenter: name of the segmenter.
        classes: its classes.
        count: number of images.
        seed: the first of their seeds, which follow each other.
        truncation: psi of the images.
        iou: [units, classes], overlap of where a unit is lit with each class: intersection over union of all pixels.
            For styles: in what share of the images a change of the channel overlaps this class most (Wu et al. 2021).
        thresholds: [units], the activation above which a unit is lit; for styles, the change that was tried.
        values: [units, classes], mean activation where the class is.
        high: [units], the activation that 0.5 % of the places exceed.
        seeds: int64 [units, 4], images of the sample where a unit is strongest.
    """

    model: str
    sha256: str
    layer: str
    segmenter: str
    classes: tuple[str, ...]
    count: int
    seed: int
    truncation: float
    iou: Tensor
    thresholds: Tensor
    values: Tensor
    high: Tensor
    seeds: Tensor

    def __len__(self) -> int:
        return len(self.iou)

    def check(self, generator: Generator) -> None:
        """Checks that the table belongs to this generator.

        Raises:
            DissectionError: it belongs to another one.
        """
        check_model(generator, self.model, self.sha256, "These units belong to", DissectionError)
        if self.layer not in (*generator.layers, *generator.styles):
            raise DissectionError("These units belong to a layer that this model does not have.")

    def top(self, name: str, count: int = 20) -> tuple[int, ...]:
        """Returns the units that overlap a class most, best first.

        Args:
            name: one of `classes`.
            count: number of units; fewer if the layer has fewer.

        Raises:
            ArgumentError: there is no such class, or count is not positive.
        """
        count = check_integer("count", count, 1)
        return tuple(self.iou[:, self.place(name)].argsort(descending=True, stable=True)[:count].tolist())

    def place(self, name: str) -> int:
        """Returns the place of a class in `classes`.

        Raises:
            ArgumentError: there is no such class.
        """
        return check_choice("class", name, {known: i for i, known in enumerate(self.classes)})

    def counted(self) -> dict[str, int]:
        """Returns how many units each class has: those whose best class it is, with an overlap of 0.04 or more."""
        overlaps, best = self.iou.max(dim=1)
        return {name: int(((best == i) & (overlaps >= COUNTS)).sum()) for i, name in enumerate(self.classes)}

    def edit(
        self,
        what: str | Sequence[int],
        mode: str = "ablate",
        count: int = 20,
        *,
        mask: Tensor | None = None,
        strength: float = 1.0,
    ) -> UnitEdit:
        """Returns an edit of units for recipes.

        Args:
            what: a class, whose first units are taken; or numbers of units.
            mode: "ablate" switches the units off. "insert" sets them to their mean where the class is, or, for
                numbers of units, to their `high`.
            count: number of units of a class.
            mask: [h, w], 0 to 1, at most 64 x 64 cells over the whole image; everywhere if None.
            strength: 0 to 1, how much of the change is made.

        Raises:
            ArgumentError: there is no such class, unit or mode, or a number is out of range.
            RecipeError: the mask has another shape or other numbers.
        """
        check_choice("mode", mode, dict.fromkeys(MODES))
        if isinstance(what, str):
            units, levels = self.top(what, count), self.values[:, self.place(what)]
        else:
            units, levels = self._units(what), self.high
        values = levels[list(units)] if mode == "insert" else torch.zeros(len(units))
        name = what if isinstance(what, str) else _named(units)
        strength = check_number("strength", strength, 0, 1)
        return UnitEdit(
            name=f"{name} {'added' if mode == 'insert' else 'erased'}", layer=self.layer, units=units, values=values,
            strength=strength, mask=mask, sha256=self.sha256,
        )  # fmt: skip

    def level(self, unit: int, amount: float) -> UnitEdit:
        """Returns an edit that sets one unit everywhere.

        Args:
            unit: its number.
            amount: 0 switches it off; 1 is its `high`. From -100 to 100.

        Raises:
            ArgumentError: there is no such unit, or the amount is out of range.
        """
        units = self._units([unit])
        amount = check_number("amount", amount, -MAX_LEVEL, MAX_LEVEL)
        values = amount * self.high[list(units)]
        return UnitEdit(name=f"{_named(units)} at {amount:g}", layer=self.layer, units=units, values=values,
                        sha256=self.sha256)  # fmt: skip

    def _units(self, units: Sequence[int]) -> tuple[int, ...]:
        numbers = check_integers("units", units, 0, len(self) - 1)
        if not 1 <= len(set(numbers)) == len(numbers):
            raise ArgumentError("units", numbers, "one or more units, each once")
        return tuple(numbers)

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        header = _Header(**{name: getattr(self, name) for name in _Header.model_fields})
        _FILE.write(path, header, {name: getattr(self, name).double().cpu() for name in TENSORS})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            DissectionError: the file is damaged, or holds no table of units.
            OSError: the file does not exist or cannot be read.
        """
        header, tensors = _FILE.read(path)
        units, classes = tensors["thresholds"].numel(), len(header.classes)
        shapes = {"iou": (units, classes), "thresholds": (units,), "values": (units, classes), "high": (units,)}
        seeds = tensors.pop("seeds")
        fits = all(tensors[name].shape == shape for name, shape in shapes.items()) and 1 <= units <= MAX_UNITS
        numbered = bool(((seeds == seeds.round()) & (seeds >= 0) & (seeds <= MAX_SEED)).all())
        rows = {name: tensor.float() for name, tensor in tensors.items()}
        finite = all(bool(tensor.isfinite().all()) for tensor in rows.values())
        shares = bool(((rows["iou"] >= 0) & (rows["iou"] <= 1)).all())
        if not (fits and numbered and finite and shares) or seeds.shape != (units, SEEDS):
            raise _FILE.damaged
        fields: dict[str, Any] = dict(header) | rows
        return cls(**fields, seeds=seeds.long())


def _named(units: Sequence[int]) -> str:
    return f"unit {units[0]}" if len(units) == 1 else f"{len(units)} units"


class _Header(BaseModel):
    """The header of a file of units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Line
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
    layer: Annotated[str, Field(min_length=1, max_length=100)]
    segmenter: Line
    classes: Annotated[tuple[Line, ...], Field(min_length=1, max_length=1_000)]
    count: Annotated[int, Field(ge=1, lt=2**31)]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    truncation: FiniteFloat


TENSORS = ("iou", "thresholds", "values", "high", "seeds")
_FILE = TensorFile("units", _Header, TENSORS, torch.float64, max_bytes=10**8, error=DissectionError)
