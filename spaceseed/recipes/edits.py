"""What a recipe changes on the way from a latent to its image.

In every recipe the order is the same: directions move the styles, then `UnitEdit`s change activations while the image
is synthesized. Several edits of one layer act in their own order.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from torch import Tensor

from spaceseed.arguments import check_layers, check_tensor
from spaceseed.models.generators.generator import ActivationEdit, Generator
from spaceseed.recipes.fields import MAX_LAYERS, Floats, Layer, RecipeError, Record
from spaceseed.untrusted import Line

MAX_AMOUNT = 1e6
MAX_UNITS = 2**14  # of one layer
MAX_MASK = 64  # cells on a side, so that a recipe with many edits stays small enough to save

Sha256 = Annotated[str, Field(pattern="^([0-9a-f]{64})?$", exclude=True)]


def shifted(ws: Tensor, layers: Sequence[int], step: Tensor) -> Tensor:
    """Adds a step to some style layers.

    Args:
        ws: [N, num_ws, w_dim].
        layers: indices of the layers.
        step: [w_dim] for all images, or [N, 1, w_dim].

    Returns:
        New styles, [N, num_ws, w_dim] float32.

    Raises:
        ArgumentError: ws has another width, too few layers, or numbers that are not finite.
    """
    moved = check_tensor("ws", ws, ["N", "num_ws", step.shape[-1]]).clone()
    moved[:, check_layers("layers", layers, moved.shape[1])] += step.to(moved.device)
    return moved


class Edit(Record):
    """One step along a direction: `ws[:, layers] += amount * vector`.

    Attributes:
        name: name of the direction.
        layers: the style layers to move, or one; stored sorted and without duplicates.
        vector: float32 [w_dim].
        amount: factor of the vector, -1e6 to 1e6.
        sha256: hash of the weights that the vector belongs to, "" if unknown. It is not saved: the recipe has the hash
            of its weights, and refuses edits for other weights.
    """

    name: Line = ""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    vector: Floats
    amount: Annotated[float, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    sha256: Sha256 = ""

    def apply(self, ws: Tensor) -> Tensor:
        """Returns new styles: styles [N, num_ws, w_dim] moved along the vector.

        Raises:
            ArgumentError: ws has another width, too few layers, or numbers that are not finite.
        """
        return shifted(ws, self.layers, self.amount * self.vector)

    @field_validator("layers", mode="before")
    @classmethod
    def _sort_layers(cls, layers: Any) -> tuple[int, ...]:
        return check_layers("layers", layers, MAX_LAYERS)


class UnitEdit(Record):
    """Some units of one layer are changed: `x * (1 - a) + new * a` (Bau et al. 2019, sec. 3.2).

    `new` is the unit's value, and `a` is the strength, times the mask where there is one.

    Attributes:
        name: what the units draw, or what the edit does.
        layer: name of the activation, one of the generator's `layers` or `styles`.
        units: numbers of the units, each once.
        values: float32 [units], the value of each; 0 switches a unit off. Or [units, k * k], the values in k x k cells
            that are spread over the whole image, row by row.
        how: "set" to the values; or "limit", where only activations above their value are lowered to it.
        strength: 0 to 1.
        mask: float32 [h, w], 0 to 1, at most 64 x 64 cells spread over the whole image; None for everywhere. A cell of
            the layer takes the largest value of the mask in it.
        sha256: hash of the weights that the units belong to, as in `Edit`.
    """

    name: Line = ""
    layer: Annotated[str, Field(min_length=1, max_length=100)]
    units: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_UNITS)], ...], Field(min_length=1, max_length=MAX_UNITS)]
    values: Floats
    how: Literal["set", "limit"] = "set"
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    mask: Floats | None = None
    sha256: Sha256 = ""

    @model_validator(mode="after")
    def _fits_together(self) -> "UnitEdit":
        if len(set(self.units)) < len(self.units):
            raise ValueError("This recipe changes a unit twice in one edit.")
        if self.values.ndim not in (1, 2) or len(self.values) != len(self.units):
            raise ValueError("This recipe has an edit of units that must have one value for each.")
        if self.values.ndim == 2 and math.isqrt(self.values.shape[1]) ** 2 != self.values.shape[1]:
            raise ValueError("This recipe has an edit of units whose values must be those of a square of cells.")
        if self.mask is not None:
            if self.mask.ndim != 2 or max(self.mask.shape) > MAX_MASK:
                raise ValueError(f"A mask must be a grid of at most {MAX_MASK} x {MAX_MASK} numbers.")
            if bool((self.mask < 0).any() | (self.mask > 1).any()):
                raise ValueError("The numbers of a mask must be from 0 to 1.")
        return self

    def check(self, shape: Sequence[int]) -> None:
        """Checks that this can change an activation of shape (C, H, W), or styles (C,).

        Raises:
            RecipeError: the layer has fewer units, or there are cells and the layer has no places.
        """
        if max(self.units) >= shape[0]:
            raise RecipeError(f"This recipe changes unit {max(self.units)} of {self.layer}, which has {shape[0]}.")
        if len(shape) != 3 and (self.mask is not None or self.values.ndim == 2):
            raise RecipeError(f"This recipe changes a part of the image in {self.layer}, which has no places.")

    def apply(self, x: Tensor, margin: int = 0) -> Tensor:
        """Returns a new activation.

        Args:
            x: [N, C, H, W], or styles [N, C].
            margin: how many cells of x lie beyond each edge of the image.

        Raises:
            RecipeError: as for `check`.
        """
        self.check(x.shape[1:])
        rows = list(self.units)
        side = (x.shape[2] - 2 * margin, x.shape[3] - 2 * margin) if x.ndim == 4 else (1, 1)
        values = self.values.to(x)
        if values.ndim == 2:
            cells = values.unflatten(1, 2 * [math.isqrt(values.shape[1])])
            values = _beyond_edges(F.interpolate(cells[None], side, mode="nearest")[0], margin)
        elif x.ndim == 4:
            values = values[:, None, None]
        alpha = torch.tensor(self.strength, device=x.device, dtype=x.dtype)
        if self.mask is not None:
            alpha = alpha * _beyond_edges(F.adaptive_max_pool2d(self.mask[None], side), margin).to(x)
        changed, old = x.clone(), x[:, rows]
        new = values if self.how == "set" else torch.minimum(old, values)
        changed[:, rows] = old * (1 - alpha) + new * alpha
        return changed


def _kind(edit: Any) -> str:
    names = edit if isinstance(edit, dict) else type(edit).model_fields if isinstance(edit, Record) else ()
    return "units" if "units" in names else "direction"


AnyEdit = Annotated[Annotated[Edit, Tag("direction")] | Annotated[UnitEdit, Tag("units")], Discriminator(_kind)]


def _beyond_edges(grid: Tensor, margin: int) -> Tensor:
    """Continues a grid [n, h, w] beyond its edges, [n, h + 2 margin, w + 2 margin]."""
    return F.pad(grid[None], 4 * [margin], mode="replicate")[0] if margin else grid


def activation_edits(generator: Generator, edits: Iterable[UnitEdit]) -> Mapping[str, ActivationEdit]:
    """Returns what `Generator.synthesize` takes as `edits`: those of each layer, one after another.

    Raises:
        RecipeError: an edit belongs to other weights.
    """
    by_layer: dict[str, list[UnitEdit]] = {}
    for edit in edits:
        card = generator.card
        if card is not None and edit.sha256 and card.sha256 and edit.sha256 != card.sha256:
            raise RecipeError("This edit of units belongs to other weights.")
        by_layer.setdefault(edit.layer, []).append(edit)

    def together(layer: str) -> ActivationEdit:
        margin = generator.margin(layer)

        def change(x: Tensor) -> Tensor:
            for edit in by_layer[layer]:
                x = edit.apply(x, margin)
            return x

        return change

    return {layer: together(layer) for layer in by_layer}
