"""Finds: images that a search has drawn and scored."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.evolution.objectives import Objective, score_columns
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ModelCard
from spaceseed.recipes.recipe import Found, Recipe

TOP = 8
# A better find removes those near it. Others that were kept move up, so that there are still eight good ones.
KEPT = 3 * TOP

# Returns N scores for images [N, 3, H, W] in about [-1, 1], as a tensor, array or list. Higher is better.
Scorer = Callable[[Tensor], Any]
# Makes of images [n, 3, H, W], where they were drawn, what is kept of each, such as `on_cpu`.
Keep = Callable[[Tensor], Sequence[Any]]


def on_cpu(images: Tensor) -> list[Tensor]:
    """Returns images [n, 3, H, W] as n tensors [3, H, W] on the CPU. None holds the memory of the whole batch."""
    return [image.to("cpu", copy=True) for image in images]


@dataclass(frozen=True)
class Find:
    """One image that a search found.

    Attributes:
        vector: [dims], on the CPU.
        image: what is kept of it; its pixels [3, H, W] on the CPU, unless the search was told otherwise.
        score: higher is better.
        thumbnail: the image at 16 x 16 pixels, as it looks on a screen, [768] in [-1, 1], on the CPU.

            The root mean square of the difference of two thumbnails says how different two images look. Vectors say it
            less well: two that are far from each other may give nearly the same image.
        embedding: of the image by the objective's judge, [d], on the CPU; None if the objective uses none or several.
    """

    vector: Tensor
    image: Any
    score: float
    thumbnail: Tensor
    embedding: Tensor | None = None


@dataclass(frozen=True)
class Drawn(Find):
    """A find whose image is still a tensor [3, H, W] where it was drawn."""

    def kept(self, keep: Keep) -> Find:
        """Returns the find with what is kept of its image."""
        [image] = keep(self.image[None])
        return Find(self.vector, image, self.score, self.thumbnail, self.embedding)


def thumbnails(images: Tensor) -> Tensor:
    """Returns the thumbnails [n, 768] of images [n, 3, H, W], on the CPU."""
    return F.adaptive_avg_pool2d(images.clamp(-1, 1), 16).flatten(1).cpu()


@dataclass(frozen=True)
class Origin:
    """What the recipes of some finds need. It is plain data, so it can be pickled and outlives the generator.

    Attributes:
        card: describes the generator; None if it has no card.
        latents: of all finds, in the space's own shape.
        fields: attributes that all recipes have in common.
        found: how the finds were found, without their scores.
    """

    card: ModelCard | None
    latents: Tensor
    fields: Mapping[str, Any]
    found: Found

    @classmethod
    def of(cls, space: LatentSpace, vectors: Sequence[Tensor], found: Found) -> Self:
        """Returns the origin of finds with these vectors [dims]. It names the filter of the space, if there is one."""
        latents = space.latents(torch.stack(list(vectors))).cpu()
        if space.avoid is not None:
            found = Found(**(dict(found) | {"avoided": str(space.avoid)}))
        return cls(space.generator.card, latents, space.recipe_fields, found)

    def recipe(self, rank: int, **found: Any) -> Recipe:
        """Returns the recipe of one find. `found` are further attributes of how it was found.

        Raises:
            ArgumentError: the generator has no card.
        """
        history = self.found.model_copy(update=found)
        return Recipe.of_card(self.card, self.latents[rank], **self.fields, found=history)


@dataclass(frozen=True)
class Evaluated:
    """A batch of images with their scores. The images stay where they were drawn, and go with this object.

    Attributes:
        vectors: [n, dims], on the CPU.
        scores: [n, k], on the CPU; NaN for images that are not finite.
        images: [n, 3, H, W].
        embeddings: [n, d], if all objectives need those of one judge alone.
    """

    vectors: Tensor
    scores: Tensor
    images: Tensor
    embeddings: Tensor | None

    def finds(self, rows: Sequence[int]) -> list[Drawn]:
        """Returns finds of some rows, with the first score. They hold copies, so that the memory of others is free."""
        if not rows:
            return []
        images = self.images[rows]
        embeddings = [None] * len(rows) if self.embeddings is None else on_cpu(self.embeddings[rows])
        details = zip(rows, images, thumbnails(images), embeddings, strict=True)
        return [
            Drawn(self.vectors[i].clone(), image.clone(), float(self.scores[i, 0]), thumbnail.clone(), embedding)
            for i, image, thumbnail, embedding in details
        ]


@torch.no_grad()
def evaluate(space: LatentSpace, objectives: Sequence[Objective | Scorer], vectors: Tensor) -> Evaluated:
    """Draws vectors [n, dims] and scores them, and subtracts the penalty of the space.

    A judge that several objectives share embeds each image once. Objectives do not get images with numbers that are not
    finite.

    Raises:
        ArgumentError: an objective does not return one score for each image.
    """
    images = space.images(vectors)
    sound = images.isfinite().flatten(1).all(dim=1)
    shown = images if bool(sound.all()) else images[sound]
    scores = torch.full((len(images), len(objectives)), torch.nan, device=images.device)
    embeddings = None
    if len(shown):
        scores[sound], found = score_columns(objectives, shown)
        if found is not None:
            embeddings = found.new_zeros(len(images), found.shape[1])
            embeddings[sound.to(found.device)] = found
    scores = scores - space.penalty(vectors).to(images.device)[:, None]
    return Evaluated(vectors.cpu(), scores.cpu(), images, embeddings)


def best_of(finds: Iterable[Find], apart: float, count: int = KEPT) -> tuple[Find, ...]:
    """Returns the best finds with finite scores that differ visibly, best first. Of equal ones, the earlier is first.

    Args:
        finds: any finds.
        apart: each differs from each better one by this much or more, see `Find.thumbnail`. With 0 all are returned.
        count: the largest number of finds to return.
    """
    ranked = sorted((find for find in finds if math.isfinite(find.score)), key=lambda find: -find.score)
    if not ranked:
        return ()
    thumbnails = torch.stack([find.thumbnail for find in ranked])
    # Exact distances, so that equal images have none.
    distances = torch.cdist(thumbnails, thumbnails, compute_mode="donot_use_mm_for_euclid_dist")
    near = (distances / thumbnails.shape[1] ** 0.5 < apart).tolist()
    kept: list[int] = []
    for row in range(len(ranked)):
        if len(kept) < count and not any(near[row][better] for better in kept):
            kept.append(row)
    return tuple(ranked[row] for row in kept)
