"""The spaces that a search moves in: flat vectors, and the styles that they represent.

An optimizer works on vectors `[n, dims]` that are roughly N(0, I). `LatentSpace` turns them into styles::

    space = LatentSpace(G, "w", truncation=0.7)
    optimizer = CMAES(space.dims, prior=space.prior, start=space.draw(range(64)))
    vectors = optimizer.ask()
    images, recipe = space.images(vectors), space.recipe(vectors[0])
"""

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from spaceseed.arguments import check_choice, check_number, check_tensor, check_type
from spaceseed.errors import ArgumentError
from spaceseed.models.generators.generator import ActivationEdit, Generator, latents_from_seeds
from spaceseed.models.generators.options import synthesis_options
from spaceseed.recipes.edits import UnitEdit, activation_edits
from spaceseed.recipes.recipe import Recipe

SPACES = ("z", "w", "ws")
# Enough draws to know the standard deviation of w within 1 %.
SPREAD_DRAWS = 10_000
SPREAD_BATCH = 1_000
PENALTY_WEIGHT = 0.1
# Share of random draws that pay no penalty.
NATURAL = 0.99
# Of the correlations of w, so much is replaced by none: a direction in which draws hardly differ is not closed.
SHRINKAGE = 0.1
# Measuring takes seconds with large networks. The cache is per generator; its key is the weights and the labels.
MAX_MEASURED = 100
_MEASURED: WeakKeyDictionary[Generator, dict[Any, tuple[Tensor, Tensor, Tensor, float]]] = WeakKeyDictionary()


class Restriction(Protocol):
    """An object that keeps a latent space away from some of its vectors, such as a `LatentFilter`."""

    @property
    def space(self) -> str:
        """Name of the space that it applies to."""

    def check(self, generator: Generator, /) -> None:
        """Raises FilterError if it belongs to another generator."""

    def apply(self, vectors: Tensor, /, keys: Tensor, from_z: Callable[[Tensor], Tensor]) -> Tensor:
        """Replaces the vectors [n, dims] that it refuses.

        Args:
            vectors: those of `keys`.
            keys: z [n, z_dim], which seed the replacements.
            from_z: returns the vectors of z.
        """

    def penalty(self, vectors: Tensor, /) -> Tensor:
        """Returns the amount to subtract from the score of vectors [n, dims], [n]."""


class Repairing(Protocol):
    """A change that all images of a space get, such as a `Repair`."""

    @property
    def edits(self) -> tuple[UnitEdit, ...]:
        """The changes of units."""

    def check(self, generator: Generator, /) -> None:
        """Raises DissectionError if it belongs to another generator."""


class LatentSpace:
    """One of a generator's latent spaces, as vectors that an optimizer can move.

    In z a vector is the latent itself. In w and ws it is the offset from the mean w, divided by the standard deviation
    of each coordinate. So a step has the same meaning everywhere. Vectors that are less likely than random draws get a
    `penalty`.

    Args:
        generator: the generator.
        name: "z", "w", or "ws" (one w for each style layer).
        truncation: psi, applied to the w of a vector, -2 to 2.
        labels: [num_classes], for conditional models: the class, or the mix of classes, of all images.
        noise: "const" or "none", if the family has noise maps.
        transform: [3, 3], the translation and rotation of all images, if the family supports one.
        avoid: a filter learned in this space. `draw` returns only vectors that it allows; others get a `penalty`.
        repair: a change of units that all images get, and that recipes keep.

    Attributes:
        dims: length of a vector.
        prior: the `prior` option for optimizers in this space.

    Raises:
        ArgumentError: there is no space of this name, truncation is out of range, labels, noise or transform do not fit
            the generator, or the filter is for another space. Methods raise it for vectors of another shape or with
            numbers that are not finite.
        FilterError: the filter belongs to another model.
        DissectionError: the repair does.
    """

    def __init__(
        self,
        generator: Generator,
        name: str = "z",
        truncation: float = 0.7,
        *,
        labels: Tensor | None = None,
        noise: str = "const",
        transform: Tensor | None = None,
        avoid: Restriction | None = None,
        repair: Repairing | None = None,
    ) -> None:
        check_type("generator", generator, Generator, "a Generator, such as load returns")
        check_choice("space", name, dict.fromkeys(SPACES))
        if generator.num_classes:
            if labels is None:
                raise ArgumentError("labels", None, "given, because this model has classes; `ss.labels` makes them")
            labels = check_tensor("labels", labels, [generator.num_classes])
        elif labels is not None:
            raise ArgumentError("labels", type(labels).__name__, "left out, because this model has no classes")
        if transform is not None:
            transform = check_tensor("transform", transform, [3, 3])
        self.generator, self.name = generator, name
        self.truncation = check_number("truncation", truncation, -2, 2)
        self.labels, self.noise, self.transform = labels, noise, transform
        self.options = synthesis_options(generator, truncation, noise, transform=transform)
        self.prior = "shell" if name == "z" else "free"
        self.dims = {"z": generator.z_dim, "w": generator.w_dim, "ws": generator.num_ws * generator.w_dim}[name]
        if name != "z":
            self._center, self._spread, self._precision, self._reach = self._measured()
        self.avoid = None if avoid is None else self._fitting(avoid)
        self.repair = self._checked_repair(repair)

    def __repr__(self) -> str:
        card = self.generator.card
        model = type(self.generator).__name__ if card is None else f"{card.id} {card.sha256[:8]}"
        labels = "" if self.labels is None else f", labels {_digest(self.labels)}"
        transform = "" if self.transform is None else f", transform {_digest(self.transform)}"
        repair = "" if self.repair is None else f", {self.repair}"
        return f"{model}, {self.name}, truncation {self.truncation:g}, noise {self.noise}{labels}{transform}{repair}"

    def restricted(self, avoid: Restriction) -> Self:
        """Returns a copy of this space with a filter that was learned in it.

        Raises:
            ArgumentError: the filter is for another space.
            FilterError: the filter belongs to another model.
        """
        space = copy.copy(self)
        space.avoid = self._fitting(avoid)
        return space

    def repaired(self, repair: Repairing | None) -> Self:
        """Returns a copy of this space whose images get a change of units, or none.

        Raises:
            DissectionError: the repair belongs to another model.
        """
        space = copy.copy(self)
        space.repair = self._checked_repair(repair)
        return space

    def _checked_repair(self, repair: Repairing | None) -> Repairing | None:
        if repair is not None:
            if not hasattr(repair, "edits"):
                raise ArgumentError("repair", type(repair).__name__, "a Repair, or None")
            repair.check(self.generator)
        return repair

    def _fitting(self, avoid: Restriction) -> Restriction:
        if not hasattr(avoid, "penalty"):
            raise ArgumentError("avoid", type(avoid).__name__, "a LatentFilter")
        if avoid.space != self.name:
            raise ArgumentError("avoid.space", avoid.space, f"{self.name!r}, the space that is searched")
        avoid.check(self.generator)
        return avoid

    def draw(self, seeds: int | Iterable[int]) -> Tensor:
        """Returns the vectors [n, dims] of n integer seeds. Vectors that the filter refuses are replaced."""
        z = latents_from_seeds(seeds, self.generator.z_dim)
        return self.from_z(z) if self.avoid is None else self.avoid.apply(self.from_z(z), keys=z, from_z=self.from_z)

    def from_z(self, z: Tensor) -> Tensor:
        """Returns the vectors [n, dims] of z [n, z_dim]."""
        z = check_tensor("z", z, ["n", self.generator.z_dim]).to(self.generator.device)
        if self.name == "z":
            return z
        return self.from_w(self._map(z)[:, 0])

    def from_w(self, w: Tensor) -> Tensor:
        """Returns the vectors [n, dims] of w [n, w_dim] before truncation, in the spaces w and ws.

        Raises:
            ArgumentError: w has another shape or is not finite, or this is the space z.
        """
        if self.name == "z":
            raise ArgumentError("space", "z", '"w" or "ws", because not every w has a z')
        w = check_tensor("w", w, ["n", self.generator.w_dim]).to(self.generator.device)
        # A coordinate without variance, such as the class of BigGAN, stays constant.
        offset = (w - self._center) / self._spread.where(self._spread > 0, 1)
        return offset if self.name == "w" else offset.repeat(1, self.generator.num_ws)

    def latents(self, vectors: Tensor) -> Tensor:
        """Returns the latents of vectors [n, dims]: z [n, z_dim], w [n, w_dim] or ws [n, num_ws, w_dim]."""
        vectors = self._checked(vectors).to(self.generator.device)
        if self.name == "z":
            return vectors
        layers = vectors.reshape(len(vectors), -1, self.generator.w_dim)
        w = self._center + layers * self._spread
        return w[:, 0] if self.name == "w" else w

    def ws(self, vectors: Tensor) -> Tensor:
        """Returns the truncated styles [n, num_ws, w_dim] of vectors [n, dims]."""
        latents = self.latents(vectors)
        if self.name == "z":
            return self._map(latents, self.truncation)
        ws = latents[:, None].expand(-1, self.generator.num_ws, -1) if self.name == "w" else latents
        return self.generator.truncate(ws, self.truncation)

    def images(self, vectors: Tensor) -> Tensor:
        """Synthesizes the images [n, 3, H, W] of vectors [n, dims]."""
        return self.synthesize(self.ws(vectors))

    def synthesize(self, ws: Tensor, edits: Mapping[str, ActivationEdit] | None = None) -> Tensor:
        """Synthesizes the images [n, 3, H, W] of truncated styles [n, num_ws, w_dim], as all of this space.

        Args:
            ws: the styles.
            edits: changes of activations, as in `Generator.synthesize`. They follow the repair.
        """
        changes = dict(edits or {})
        if self.repair is not None:
            for layer, change in activation_edits(self.generator, self.repair.edits).items():
                changes[layer] = _one_after_another(change, changes.get(layer))
        return self.generator.synthesize(ws, edits=changes, **self.options)

    def recipe(self, vector: Tensor, **fields: Any) -> Recipe:
        """Returns the recipe of a vector [dims]. `fields` are more attributes of it, such as its name."""
        latent = self.latents(check_tensor("vector", vector, [self.dims])[None])[0]
        return Recipe.of(self.generator, latent, **self.recipe_fields, **fields)

    @property
    def recipe_fields(self) -> dict[str, Any]:
        """The attributes that the recipes of all vectors of this space have in common."""
        return {
            "space": self.name,
            "labels": None if self.labels is None or self.name != "z" else self.labels.cpu(),
            "truncation": self.truncation,
            "noise": self.noise,
            "transform": None if self.transform is None else self.transform.cpu(),
            "edits": () if self.repair is None else self.repair.edits,
        }

    def penalty(self, vectors: Tensor) -> Tensor:
        """Returns the amount to subtract from the score of vectors [n, dims] that random draws do not reach, [n].

        It is proportional to the excess of the squared Mahalanobis distance from the mean w over the value that 99 %
        of random draws stay below. So a natural image pays nothing, and coordinates that vary together may do so. In
        z it is 0, because the optimizer's prior keeps vectors plausible. A filter adds its penalty.
        """
        vectors = self._checked(vectors)
        if self.name == "z":
            penalty = torch.zeros(len(vectors), device=vectors.device)
        else:
            layers = vectors.reshape(len(vectors), -1, self.generator.w_dim)
            distances = _distances(layers, self._precision.to(vectors.device)).mean(dim=1)
            penalty = PENALTY_WEIGHT * (distances - self._reach).clamp(min=0)
        return penalty if self.avoid is None else penalty + self.avoid.penalty(vectors)

    def _checked(self, vectors: Tensor) -> Tensor:
        return check_tensor("vectors", vectors, ["n", self.dims])

    def _map(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        labels = None if self.labels is None else self.labels.to(z.device).expand(len(z), -1)
        return self.generator.map(z, labels, truncation)

    def _measured(self) -> tuple[Tensor, Tensor, Tensor, float]:
        """Returns the result of `_measure`, from the cache if weights and labels are the same."""
        tensors = (*self.generator.parameters(), *self.generator.buffers())
        # Inference tensors do not count their changes, and results made of them cannot be used with gradients.
        if torch.is_inference_mode_enabled() or any(tensor.is_inference() for tensor in tensors):
            return self._measure()
        weights = tuple((tensor.data_ptr(), tensor._version) for tensor in tensors)
        labels = None if self.labels is None else self.labels.cpu().numpy().tobytes()
        known = _MEASURED.setdefault(self.generator, {})
        if (measured := known.get((weights, labels))) is None:
            if len(known) >= MAX_MEASURED:
                known.clear()
            measured = known[weights, labels] = self._measure()
        return measured

    @torch.no_grad()
    def _measure(self) -> tuple[Tensor, Tensor, Tensor, float]:
        """Measures w: mean, standard deviation [w_dim], inverse correlations [w_dim, w_dim], how far draws reach."""
        # One random stream, because 10,000 seeds would take twenty times as long as the mapping.
        z = torch.randn(SPREAD_DRAWS, self.generator.z_dim, generator=torch.Generator().manual_seed(0))
        w = torch.cat([self._map(part.to(self.generator.device))[:, 0] for part in z.split(SPREAD_BATCH)])
        center, spread = self.generator.w_avg if self.labels is None else w.mean(dim=0), w.std(dim=0)
        offsets = (w - center) / spread.where(spread > 0, 1)
        alone = torch.eye(len(center), device=offsets.device)
        correlations = (1 - SHRINKAGE) * (offsets.T @ offsets) / len(offsets) + SHRINKAGE * alone
        precision = torch.linalg.inv(correlations.double()).float()
        return center, spread, precision, float(_distances(offsets, precision).quantile(NATURAL))


def _distances(offsets: Tensor, precision: Tensor) -> Tensor:
    """Returns squared Mahalanobis distances of offsets [..., dims] for each dimension, [...]: 1 for a typical draw."""
    return ((offsets @ precision) * offsets).mean(dim=-1)


def _one_after_another(first: ActivationEdit, second: ActivationEdit | None) -> ActivationEdit:
    return first if second is None else lambda x: second(first(x))


def _digest(tensor: Tensor) -> str:
    """Returns 8 characters that tell tensors apart."""
    return hashlib.sha256(tensor.cpu().numpy().tobytes()).hexdigest()[:8]
