"""Steering: directions in which a find can be changed, and steps along them.

    directions = find_directions(G, "ganspace", count=10)
    ws = directions.apply(ws, index=0, amount=2.0)        # two standard deviations along the first
    recipe = recipe.replace(edits=(*recipe.edits, directions.edit(0, 2.0)))

A direction is a unit vector of w that is added to some style layers; an amount counts in standard deviations of w along
it, so that a step means about the same for every direction of every model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from spaceseed.batches import Progress, batches, one_of
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generator import Generator
from spaceseed.ops.pca import IncrementalPCA, regress
from spaceseed.ops.sefa import factorize
from spaceseed.ops.subspace import reject
from spaceseed.recipe import Edit
from spaceseed.recipe_fields import MAX_LAYERS, Line
from spaceseed.tensor_file import TensorFile

METHODS = ("sefa", "ganspace")
SAMPLES = 10_000
BATCH = 500
MAX_COUNT = 512


@dataclass(frozen=True, eq=False)
class DirectionSet:
    """Directions of one model, the strongest first.

    Attributes:
        method: how they were found.
        model: id of the generator.
        sha256: of its weights' file.
        vectors: unit vectors [count, w_dim], float32 on the CPU.
        scales: standard deviation of w along each, [count].
        layers: style layers that they move, unless told otherwise.
        names: one a direction.
        confidences: how sure the names are, 0 to 1 each; empty where nothing but a count named them.
    """

    method: str
    model: str
    sha256: str
    vectors: Tensor
    scales: Tensor
    layers: tuple[int, ...]
    names: tuple[str, ...]
    confidences: tuple[float, ...] = ()

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
        """Gives unit vectors [count, w_dim] their scales, from draws of w [n, w_dim]; layers are all if None."""
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

    def edit(self, index: int, amount: float, layers: Sequence[int] | None = None, *, keep: Sequence[int] = ()) -> Edit:
        """The step as a recipe keeps it.

        Args:
            index: of the direction.
            amount: how far, in standard deviations of w.
            layers: style layers to move; those of the set if None.
            keep: other directions along which the step is not to move.

        Raises:
            ArgumentError: there is no such direction or layer, or nothing is left of the direction.
        """
        for i in (index, *keep):
            if i not in range(len(self)):
                raise ArgumentError("index", i, f"a direction from 0 to {len(self) - 1}")
        chosen = self.layers if layers is None else tuple(layers)
        if not chosen or min(chosen) < 0 or max(chosen) >= MAX_LAYERS:
            raise ArgumentError("layers", chosen, "one or more style layers")
        vector = reject(self.vectors[index], self.vectors[list(keep)]) if keep else self.vectors[index]
        return Edit(name=self.names[index], layers=chosen, vector=self.scales[index] * vector, amount=amount)

    def apply(
        self,
        ws: Tensor,
        index: int,
        amount: float,
        layers: Sequence[int] | None = None,
        *,
        keep: Sequence[int] = (),
    ) -> Tensor:
        """Moves styles along a direction, exactly as a recipe with `edit` of the same arguments does.

        Args:
            ws: [N, num_ws, w_dim], after truncation.
            index: of the direction.
            amount: how far, in standard deviations of w.
            layers: style layers to move; those of the set if None.
            keep: other directions along which the step is not to move.

        Returns:
            [N, num_ws, w_dim].

        Raises:
            ArgumentError: there is no such direction or layer, or nothing is left of the direction.
        """
        edit = self.edit(index, amount, layers, keep=keep)
        if edit.layers[-1] >= ws.shape[1]:
            raise ArgumentError("layers", edit.layers, f"style layers from 0 to {ws.shape[1] - 1}")
        return edit.apply(ws)

    def rename(self, index: int, name: str) -> "DirectionSet":
        """A copy in which one direction has another name."""
        return replace(self, names=(*self.names[:index], name, *self.names[index + 1 :]))

    def subset(self, indices: Sequence[int]) -> "DirectionSet":
        """Some of the directions, in the order of `indices`."""
        rows = list(indices)
        return replace(
            self,
            vectors=self.vectors[rows],
            scales=self.scales[rows],
            names=tuple(self.names[i] for i in rows),
            confidences=tuple(self.confidences[i] for i in rows) if self.confidences else (),
        )

    def save(self, path: str | Path) -> None:
        """Writes a .safetensors file that `open` reads."""
        header = _Header(**{name: getattr(self, name) for name in _Header.model_fields})
        _FILE.write(path, header, {"vectors": self.vectors, "scales": self.scales})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: the file holds no directions, damaged ones or too many; the message is one sentence.
            OSError: there is no such file, or it may not be read.
        """
        header, tensors = _FILE.read(path)
        vectors, scales, count = tensors["vectors"], tensors["scales"], len(header.names)
        shapes_fit = vectors.ndim == 2 and len(vectors) == count and scales.shape == (count,)
        if not shapes_fit or len(header.confidences) not in (0, count):
            raise _FILE.damaged
        return cls(vectors=vectors, scales=scales, **dict(header))


class _Header(BaseModel):
    """What a file of directions says beside its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Line
    model: Line
    sha256: Annotated[str, Field(max_length=64)]
    layers: Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_LAYERS)], ...], Field(min_length=1)]
    names: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_COUNT)]
    confidences: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()


_FILE = TensorFile("directions", _Header, ("vectors", "scales"), torch.float32, max_bytes=10**8)


@torch.no_grad()
def find_directions(
    generator: Generator,
    method: str = "sefa",
    layers: Sequence[int] | None = None,
    count: int = 10,
    *,
    samples: int = SAMPLES,
    labels: Tensor | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> DirectionSet:
    """Finds directions without any labels.

    Args:
        generator: whose.
        method: "sefa", from the weights that read the style layers (Shen & Zhou 2021), or "ganspace", from the
            principal components of w, or, where there is no mapping network, of the first activation, regressed back
            to z (Härkönen et al. 2020).
        layers: style layers to move, and for SeFa to read; all if None.
        count: how many.
        samples: draws that principal components and scales are measured on.
        labels: [num_classes], for conditional models: the class of the draws.
        seed: of the draws.
        progress: told the share of the work done, 0 to 1; may raise to end it.

    Returns:
        the directions, the strongest first.

    Raises:
        ArgumentError: an argument is out of range.
    """
    chosen = _check_layers(generator, layers)
    dims = generator.w_dim if generator.has_mapping else generator.z_dim
    if not 1 <= count <= min(dims, MAX_COUNT):
        raise ArgumentError("count", count, f"from 1 to {min(dims, MAX_COUNT)}")
    if samples < 2 * count:
        raise ArgumentError("samples", samples, f"{2 * count} or more, twice the count")
    if method not in METHODS:
        raise ArgumentError("method", method, f"one of {', '.join(METHODS)}")
    space = LatentSpace(generator, truncation=1.0, labels=labels)
    z = torch.randn(samples, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    w = draw_w(space, z, progress if method == "sefa" else one_of(progress, 0, 2))
    if method == "sefa":
        weights = torch.cat([generator.style_weights(layer)[:, :dims] for layer in chosen])
        vectors, title = factorize(weights)[0], "SeFa"
    else:
        vectors, title = _principal(generator, w, one_of(progress, 1, 2)), "GANSpace"
    vectors = torch.nn.functional.pad(vectors[:count].cpu(), (0, generator.w_dim - vectors.shape[1]))
    names = tuple(f"{title} {i + 1}" for i in range(len(vectors)))
    return DirectionSet.of(generator, method, vectors, names, w.cpu(), chosen)


@torch.no_grad()
def draw_w(space: LatentSpace, z: Tensor, progress: Progress = lambda _: None) -> Tensor:
    """The w [n, w_dim] of z [n, z_dim], truncated as the space is; z itself where there is no mapping network."""
    return torch.cat([space.ws(part)[:, 0].clone() for part in batches(z, BATCH, progress)])  # a view keeps all layers


def _check_layers(generator: Generator, layers: Sequence[int] | None) -> tuple[int, ...]:
    chosen = tuple(range(generator.num_ws)) if layers is None else tuple(sorted(set(layers)))
    if not chosen or chosen[0] < 0 or chosen[-1] >= generator.num_ws:
        raise ArgumentError("layers", chosen, f"one or more style layers from 0 to {generator.num_ws - 1}")
    return chosen


def _principal(generator: Generator, w: Tensor, progress: Progress) -> Tensor:
    """Unit vectors [k, dims] by GANSpace, from draws of w [n, w_dim]."""
    if generator.has_mapping:
        pca = IncrementalPCA(generator.w_dim)
        for part in batches(w, BATCH, progress):
            pca.add(part)
        return pca.components()[0]

    def activations(part: Tensor) -> Tensor:
        ws = part[:, None].expand(-1, generator.num_ws, -1)
        return generator.activations(ws, generator.layers[0]).flatten(1)

    pca = IncrementalPCA(2 * generator.z_dim)
    for part in batches(w, BATCH, one_of(progress, 0, 2)):
        pca.add(activations(part))
    # Computed again rather than kept: of 10,000 draws they may take more than a gigabyte.
    parts = batches(w, BATCH, one_of(progress, 1, 2))
    coordinates = torch.cat([pca.coordinates(activations(part)) for part in parts])
    latents = w[:, : generator.z_dim]
    return regress(coordinates, latents - latents.mean(dim=0))
