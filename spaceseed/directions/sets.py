"""Steering: directions in which an image can be changed, and steps along them.

Example::

    directions = find_directions(G, "ganspace", count=10)
    ws = directions.apply(ws, 0, 2.0)                     # two standard deviations along the first
    recipe = recipe.replace(edits=(*recipe.edits, directions.edit(0, 2.0)))
    directions_of(G, "attributes").apply(ws, "glasses", [0.0, 1.0, 2.0])        # by name; one amount for each image

A direction is a unit vector of w that is added to some style layers. An amount is in standard deviations of w along the
direction. So a step has about the same size for every direction of every model.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from spaceseed.arguments import check_integer, check_layers, check_number, check_tensor, check_type
from spaceseed.errors import ArgumentError, DirectionError
from spaceseed.models.generators.generator import Generator, check_model
from spaceseed.ops.subspace import reject
from spaceseed.recipes.edits import MAX_AMOUNT, Edit, shifted
from spaceseed.recipes.fields import MAX_LAYERS
from spaceseed.tensor_file import TensorFile
from spaceseed.untrusted import Line

MAX_COUNT = 512
MAX_NAME = 100  # characters, as in `Line`
LISTED = 20  # names that a message lists


@dataclass(frozen=True, eq=False)
class DirectionSet:
    """Directions of one model, strongest first.

    A direction is selected by number or name: `directions[3]`, `directions["glasses"]`, `directions[:5]` and
    `directions[[3, 1]]`. The result is a DirectionSet, and so is each item of a `for` loop, because a vector alone has
    no scale, layers or model.

    Attributes:
        method: how they were found.
        model: id of the generator; "" for directions that fit any model of their size.
        sha256: hash of the weights' file; "" in the same case.
        vectors: unit vectors [count, w_dim], float32 on the CPU.
        scales: standard deviation of w along each direction, [count].
        layers: style layers that a step moves by default.
        names: one name for each direction. A name that comes again is numbered, so that no two are the same: "bun",
            "bun 2".
        confidences: confidence of each name, 0 to 1; empty if names are only numbers.
    """

    method: str
    model: str
    sha256: str
    vectors: Tensor
    scales: Tensor
    layers: tuple[int, ...]
    names: tuple[str, ...]
    confidences: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", told_apart(self.names))

    @classmethod
    def of(
        cls,
        generator: Generator,
        method: str,
        vectors: Tensor,
        names: tuple[str, ...],
        w: Tensor,
        layers: tuple[int, ...] | None = None,
    ) -> Self:
        """Computes the scales of unit vectors [count, w_dim] from draws of w [n, w_dim]. All layers if None."""
        card = generator.card
        return cls(
            method=method,
            model=card.id if card else "",
            sha256=card.sha256 if card else "",
            vectors=vectors,
            scales=(w @ vectors.T).std(dim=0),
            layers=tuple(range(generator.num_ws)) if layers is None else layers,
            names=names,
        )

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator["DirectionSet"]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, which: "int | str | slice | Sequence[int | str]") -> "DirectionSet":
        """Returns some of the directions, in the order given.

        Raises:
            ArgumentError: there is no such direction.
        """
        rows = list(range(len(self)))[which] if isinstance(which, slice) else self._numbers(which)
        return replace(
            self,
            vectors=self.vectors[rows],
            scales=self.scales[rows],
            names=tuple(self.names[i] for i in rows),
            confidences=tuple(self.confidences[i] for i in rows) if self.confidences else (),
        )

    def check(self, generator: Generator) -> None:
        """Checks that the directions belong to this generator. `apply` cannot check it, because ws do not name a model.

        Raises:
            DirectionError: they belong to another generator, or do not fit its styles.
        """
        check_model(generator, self.model, self.sha256, "These directions belong to", DirectionError)
        width = self.vectors.shape[1]
        if width != generator.w_dim or max(self.layers) >= generator.num_ws:
            raise DirectionError(
                f"These directions are for styles of {width} numbers and {max(self.layers) + 1} or more layers; "
                f"this model has {generator.num_ws} layers of {generator.w_dim}."
            )

    def edit(
        self,
        index: int | str,
        amount: float,
        layers: int | Iterable[int] | None = None,
        *,
        keep: int | str | Sequence[int | str] = (),
    ) -> Edit:
        """Returns a step as an edit for recipes. Recipes with other weights refuse it.

        Args:
            index: number or name of the direction.
            amount: length of the step, in standard deviations of w, -1e6 to 1e6.
            layers: the style layers to move, or one; those of the set if None.
            keep: other directions that the step must not move along.

        Raises:
            ArgumentError: there is no such direction or layer, `keep` leaves nothing of the direction, or the amount is
                out of range.
        """
        number = self._number(index)
        amount = check_number("amount", amount, -MAX_AMOUNT, MAX_AMOUNT)
        chosen = self.layers if layers is None else check_layers("layers", layers, MAX_LAYERS)
        vector, others = self.vectors[number], self._numbers(keep)
        if others:
            vector = reject(vector, self.vectors[others])
        vector = self.scales[number] * vector
        return Edit(name=self.names[number], layers=chosen, vector=vector, amount=amount, sha256=self.sha256)

    def apply(
        self,
        ws: Tensor,
        index: int | str,
        amount: float | Sequence[float] | Tensor,
        layers: int | Iterable[int] | None = None,
        *,
        keep: int | str | Sequence[int | str] = (),
    ) -> Tensor:
        """Moves styles along a direction, exactly as a recipe with the `edit` of the same arguments does.

        Args:
            ws: [N, num_ws, w_dim], truncated, of the model that the directions belong to (see `check`).
            index: number or name of the direction.
            amount: length of the step in standard deviations of w; one for all images, or one for each, [N].
            layers: the style layers to move, or one; those of the set if None.
            keep: other directions that the step must not move along.

        Returns:
            [N, num_ws, w_dim] float32.

        Raises:
            ArgumentError: there is no such direction or layer, `keep` leaves nothing of the direction, or ws or amounts
                have another shape, are not finite or out of range.
        """
        if isinstance(amount, Real):
            return self.edit(index, check_number("amount", amount), layers, keep=keep).apply(ws)
        edit = self.edit(index, 1.0, layers, keep=keep)
        ws = check_tensor("ws", ws, ["N", "num_ws", len(edit.vector)])
        amounts = check_tensor("amount", amount, [len(ws)]).to(ws.device)
        if bool((amounts.abs() > MAX_AMOUNT).any()):
            raise ArgumentError(
                "amount", float(amounts.abs().max()), f"numbers from {-MAX_AMOUNT:g} up to {MAX_AMOUNT:g}"
            )
        return shifted(ws, edit.layers, amounts[:, None, None] * edit.vector.to(ws.device))

    def rename(self, index: int | str, name: str) -> "DirectionSet":
        """Returns a copy in which one direction has another name, numbered if another direction has it."""
        number = self._number(index)
        check_type("name", name, str, "a text")
        return replace(self, names=(*self.names[:number], name, *self.names[number + 1 :]))

    def _numbers(self, which: int | str | Sequence[int | str]) -> list[int]:
        if isinstance(which, (Tensor, np.ndarray)):
            which = which.tolist()
        if isinstance(which, str) or not isinstance(which, Iterable):
            return [self._number(which)]
        return [self._number(each) for each in which]

    def _number(self, which: int | str) -> int:
        if not isinstance(which, str):
            return check_integer("index", which, 0, len(self) - 1)
        if which in self.names:
            return self.names.index(which)
        near = ", ".join(difflib.get_close_matches(which, self.names) or self.names[:LISTED])
        raise ArgumentError("index", which, f"the name of a direction ({near}), or its number, 0 to {len(self) - 1}")

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        header = _Header(**{name: getattr(self, name) for name in _Header.model_fields})
        _FILE.write(path, header, {"vectors": self.vectors, "scales": self.scales})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads a file that `save` wrote.

        Raises:
            DirectionError: the file is damaged, holds no directions, or too many.
            OSError: the file does not exist or cannot be read.
        """
        header, tensors = _FILE.read(path)
        vectors, scales, count = tensors["vectors"], tensors["scales"], len(header.names)
        shapes_fit = vectors.ndim == 2 and len(vectors) == count and scales.shape == (count,)
        if not shapes_fit or len(header.confidences) not in (0, count):
            raise _FILE.damaged
        return cls(vectors=vectors, scales=scales, **dict(header))


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Numbers the names that come again: "bun", "bun 2". They stay short enough for a file."""
    told: list[str] = []
    for name in names:
        new, number = name, 1
        while new in told or (number > 1 and new in names):
            number += 1
            new = f"{name[: MAX_NAME - 4]} {number}"
        told.append(new)
    return tuple(told)


class _Header(BaseModel):
    """The header of a file of directions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Line
    model: Line = ""  # older files name no model
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    layers: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_LAYERS)], ...], Field(min_length=1)]
    names: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_COUNT)]
    confidences: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()


_FILE = TensorFile("directions", _Header, ("vectors", "scales"), torch.float32, max_bytes=10**8, error=DirectionError)
