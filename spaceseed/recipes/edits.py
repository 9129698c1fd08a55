"""What a recipe changes on the way from a latent to its image.

In every recipe the order is the same: directions move the styles, then `UnitEdit`s change activations while the image
is synthesized. Several edits of one layer act in their own order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from torch import Tensor

from spaceseed.arguments import check_layers, check_tensor
from spaceseed.models.generators.generator import ActivationEdit
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
        values: float32 [units], the value of each; 0 switches a unit off. Or [units, cells], with a value for each
            cell of the layer, row by row.
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
        if len(self.values) != len(self.units):
            raise ValueError("This recipe has an edit of units that must have one value for each.")
        if self.mask is not None:
            if self.mask.ndim != 2 or max(self.mask.shape) > MAX_MASK:
                raise ValueError(f"A mask must be a grid of at most {MAX_MASK} x {MAX_MASK} numbers.")
            if bool((self.mask < 0).any() | (self.mask > 1).any()):
                raise ValueError("The numbers of a mask must be from 0 to 1.")
        return self

    def apply(self, x: Tensor) -> Tensor:
        """Returns a new activation.

        Args:
            x: [N, C, H, W], or styles [N, C].

        Raises:
            RecipeError: the layer has fewer units, or there is a mask and x has no places.
        """
        if max(self.units) >= x.shape[1]:
            raise RecipeError(f"This recipe changes unit {max(self.units)} of {self.layer}, which has {x.shape[1]}.")
        if self.mask is not None and x.ndim != 4:
            raise RecipeError(f"This recipe changes a part of the image in {self.layer}, which has no places.")
        rows, places = list(self.units), x.shape[2:]
        if self.values.ndim == 1:
            values = self.values.to(x).reshape(-1, *[1] * len(places))
        elif self.values.shape[1] == places.numel():
            values = self.values.to(x).reshape(-1, *places)
        else:
            raise RecipeError(f"This recipe has {self.values.shape[1]} cells in {self.layer}, not {places.numel()}.")
        alpha = torch.tensor(self.strength, device=x.device, dtype=x.dtype)
        if self.mask is not None:
            alpha = alpha * F.adaptive_max_pool2d(self.mask[None], tuple(places)).to(x)
        changed, old = x.clone(), x[:, rows]
        new = values if self.how == "set" else torch.minimum(old, values)
        changed[:, rows] = old * (1 - alpha) + new * alpha
        return changed


def _kind(edit: Any) -> str:
    names = edit if isinstance(edit, dict) else type(edit).model_fields if isinstance(edit, Record) else ()
    return "units" if "units" in names else "direction"


AnyEdit = Annotated[Annotated[Edit, Tag("direction")] | Annotated[UnitEdit, Tag("units")], Discriminator(_kind)]


def activation_edits(edits: Iterable[UnitEdit]) -> Mapping[str, ActivationEdit]:
    """Returns what `Generator.synthesize` takes as `edits`: those of each layer, one after another."""
    by_layer: dict[str, list[UnitEdit]] = {}
    for edit in edits:
        by_layer.setdefault(edit.layer, []).append(edit)

    def together(layer: str) -> ActivationEdit:
        def change(x: Tensor) -> Tensor:
            for edit in by_layer[layer]:
                x = edit.apply(x)
            return x

        return change

    return {layer: together(layer) for layer in by_layer}
