"""Finds: images that a search has drawn and scored."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from spaceseed.arguments import check_scores
from spaceseed.evolution.objectives import Objective
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import ModelCard
from spaceseed.recipes.recipe import Found, Recipe

TOP = 8
# A better find removes those near it. Others that were kept move up, so that there are still eight good ones.
KEPT = 3 * TOP

# Returns N scores for images [N, 3, H, W] in about [-1, 1], as a tensor, array or list. Higher is better.
Scorer = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Find:
    """One image that a search found.

    Attributes:
        vector: [dims], on the CPU.
        image: its pixels [3, H, W], on the CPU.
        score: higher is better.
    """

    vector: Tensor
    image: Tensor
    score: float

    @cached_property
    def thumbnail(self) -> Tensor:
        """The image at 16 x 16 pixels, as it looks on a screen, [768] in [-1, 1].

        The root mean square of the difference of two thumbnails says how different two images look. Vectors say it less
        well: two that are far from each other may give nearly the same image.
        """
        return F.adaptive_avg_pool2d(self.image.clamp(-1, 1), 16).flatten()


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
        """Returns the origin of finds with these vectors [dims]."""
        latents = space.latents(torch.stack(list(vectors))).cpu()
        return cls(space.generator.card, latents, space.recipe_fields, found)

    def recipe(self, rank: int, **found: Any) -> Recipe:
        """Returns the recipe of one find. `found` are further attributes of how it was found.

        Raises:
            ArgumentError: the generator has no card.
        """
        history = self.found.model_copy(update=found)
        return Recipe.of_card(self.card, self.latents[rank], **self.fields, found=history)


@torch.no_grad()
def evaluate(space: LatentSpace, objective: Objective | Scorer, vectors: Tensor) -> list[Find]:
    """Draws and scores vectors [n, dims], and subtracts the penalty of the space.

    The objective does not get images with numbers that are not finite. Their score is NaN.

    Raises:
        ArgumentError: the objective does not return one score for each image.
    """

    def columns(images: Tensor) -> Tensor:
        return check_scores("objective(images)", objective(images), len(images))[:, None]

    images, scores = draw_and_score(space, columns, 1, vectors)
    rows = zip(vectors, images, scores[:, 0].tolist(), strict=True)
    # Copies, because a find that is kept or pickled must not keep the memory of the whole batch.
    return [Find(vector.to("cpu", copy=True), image.to("cpu", copy=True), score) for vector, image, score in rows]


@torch.no_grad()
def draw_and_score(
    space: LatentSpace, columns: Callable[[Tensor], Tensor], count: int, vectors: Tensor
) -> tuple[Tensor, Tensor]:
    """Draws vectors [n, dims] and gives them several scores, from which the penalty of the space is subtracted.

    Args:
        space: the space of the vectors.
        columns: returns scores [m, count] of images [m, 3, H, W]. It does not get images that are not finite.
        count: number of scores of each image.
        vectors: [n, dims].

    Returns:
        Images [n, 3, H, W], and scores [n, count], which are NaN for images that are not finite.
    """
    images = space.images(vectors)
    sound = images.isfinite().flatten(1).all(dim=1)
    # A copy, because an objective may change its images in place.
    shown = images.clone() if bool(sound.all()) else images[sound]
    scores = torch.full((len(images), count), torch.nan, device=images.device)
    if len(shown):
        scores[sound] = columns(shown).to(images.device)
    return images, scores - space.penalty(vectors).to(images.device)[:, None]


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
