"""Finds: images that a search has drawn and scored."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.arguments import check_scores
from spaceseed.evolution.objectives import Objective
from spaceseed.latent_space import LatentSpace

TOP = 8

# Returns N scores for images [N, 3, H, W] in about [-1, 1], as a tensor, array or list. Higher is better.
Scorer = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Find:
    """One image that a search found: its vector [dims], its pixels [3, H, W] and its score. Both are on the CPU."""

    vector: Tensor
    image: Tensor
    score: float


@torch.no_grad()
def evaluate(space: LatentSpace, objective: Objective | Scorer, vectors: Tensor) -> list[Find]:
    """Draws and scores vectors [n, dims], and subtracts the penalty of the space.

    The objective does not get images with numbers that are not finite. Their score is NaN.

    Raises:
        ArgumentError: the objective does not return one score for each image.
    """
    images = space.images(vectors)
    sound = images.isfinite().flatten(1).all(dim=1)
    # A copy, because an objective may change its images in place.
    shown = images.clone() if bool(sound.all()) else images[sound]
    scores = torch.full((len(images),), torch.nan, device=images.device)
    if len(shown):
        scores[sound] = check_scores("objective(images)", objective(shown), len(shown)).to(images.device)
    scores -= space.penalty(vectors).to(images.device)
    rows = zip(vectors, images, scores.cpu().tolist(), strict=True)
    # Copies, because a find that is kept or pickled must not keep the memory of the whole batch.
    return [Find(vector.to("cpu", copy=True), image.to("cpu", copy=True), score) for vector, image, score in rows]


def best_of(finds: Iterable[Find]) -> tuple[Find, ...]:
    """Returns the finds with the highest finite scores, best first. Of equal ones, the earlier is first."""
    return tuple(sorted((find for find in finds if math.isfinite(find.score)), key=lambda find: -find.score)[:TOP])
