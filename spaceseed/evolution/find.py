"""Finds what is asked for, with the settings that the app uses. `search` is the same with every setting open.

Example::

    for generation in find(G, judge, "a smiling woman with red hair", evaluations=500):
        print(generation.number, generation.best_score)
    generation.best.save("found.png")

A conditional model needs a class, or a mix of classes, for all images::

    find(G, judge, "sleeping", space=LatentSpace(G, "w", labels=labels(G, "tabby cat")))
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_type
from spaceseed.atlas.atlas import Atlas
from spaceseed.atlas.cache import atlas_of
from spaceseed.batches import Progress, batch_size, batches
from spaceseed.errors import ArgumentError, DownloadError
from spaceseed.evolution.objectives import EmbeddingObjective, ImageObjective, Objective, check_judge
from spaceseed.evolution.search import Generation, check_cancelled, checked_space, search
from spaceseed.evolution.wishes import WishObjective
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED, Generator, latents_from_seeds
from spaceseed.ops.cma import CMAES
from spaceseed.ops.termination import Termination

if TYPE_CHECKING:  # open_clip takes seconds to import
    from spaceseed.models.judges.clip import Judge

SPACE: Final = "w"
START = 64
SIGMA = 0.3
# Images by which the phrases of a wish are measured.
NATURAL = 8192
# Of the atlas's best seeds, so many times as are needed are looked at for some that a filter allows.
REACH = 32


def find(
    generator: Generator,
    judge: "Judge",
    wish: str | Tensor | Objective,
    *,
    evaluations: int = 2000,
    space: str | LatentSpace = SPACE,
    atlas: Atlas | bool = True,
    truncation: float = 0.7,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Generation]:
    """Searches for images that fit a wish.

    The search starts from the best seeds of the atlas, and goes on with CMA-ES in w.

    Args:
        generator: draws the images.
        judge: a CLIP model that scores them.
        wish: a text of up to 300 characters, an image [1, 3, H, W] in [-1, 1], or an objective.
        evaluations: number of images to draw and score, 1 or more. The last generation may exceed it. For a text
            without an atlas, 64 random images are drawn before, to measure its phrases by.
        space: name of the latent space, or a `LatentSpace`. A conditional model needs one with labels.
        atlas: embeddings of this model's seeds by this judge, of the same labels. True takes the one at hand, if there
            is any (`atlas_of`); False takes none.
        truncation: psi. It is ignored if `space` is a `LatentSpace`, which has its own.
        seed: seed of all random choices, 0 to 2^32 - 1.
        cancelled: called before each batch of images. If it returns True, the search ends at once.

    Yields:
        The state after each generation.

    Raises:
        ArgumentError: an argument has another type or is out of range, or the wish has no words.
        AtlasError: the atlas belongs to other networks or labels, or the one at hand is damaged.
    """
    check_integer("evaluations", evaluations, 1)
    check_integer("seed", seed, 0, MAX_SEED)
    space = checked_space(generator, space, truncation)
    check_judge(judge)
    check_cancelled(cancelled)
    known = None if isinstance(atlas, bool) else check_type("atlas", atlas, Atlas, "an Atlas, True or False")
    if atlas is True:
        known = _at_hand(space, judge)
    if known is not None:
        known.check(generator, judge, space.labels)

    def progress(_share: float) -> None:
        if cancelled():
            raise _Cancelled

    try:
        objective = objective_for(
            judge, wish, lambda: natural_embeddings(space, judge, known, random_seeds(seed), progress)
        )
    except _Cancelled:
        return
    start = space.draw(first_seeds(objective, known, seed, min(START, evaluations), space))
    yield from search(
        generator,
        objective,
        CMAES(space.dims, sigma=SIGMA, prior=space.prior, seed=seed, start=start),
        space=space,
        termination=Termination(evaluations=evaluations),
        cancelled=cancelled,
    )


class _Cancelled(Exception):  # noqa: N818 - an end, not an error
    """The search was cancelled before its first generation."""


def _at_hand(space: LatentSpace, judge: "Judge") -> Atlas | None:
    """Returns the atlas of these networks; None if there is none, none can be downloaded, or they have no names."""
    try:
        return None if judge.name is None else atlas_of(space.generator, judge.name, labels=space.labels)
    except (ArgumentError, DownloadError):
        return None


def objective_for(judge: "Judge", wish: str | Tensor | Objective, natural: Callable[[], Tensor]) -> Objective:
    """Returns the objective of a wish. `natural` returns embeddings of random images, for a text."""
    if isinstance(wish, Objective):
        return wish
    if isinstance(wish, Tensor):
        return ImageObjective(judge, wish)
    check_type("wish", wish, str, "a text, an image [1, 3, H, W] or an Objective")
    return WishObjective(judge, wish, natural())


def first_seeds(
    objective: Objective, atlas: Atlas | None, seed: int, count: int = START, space: LatentSpace | None = None
) -> list[int]:
    """Returns the seeds of the first generation: the atlas's best, best first, or random ones without an atlas.

    If the space has a filter, only seeds that it leaves as they are count as the atlas's best. Others follow if these
    are too few.
    """
    if atlas is None or not isinstance(objective, EmbeddingObjective):
        return random_seeds(seed, count)
    if space is None or space.avoid is None:
        return atlas.query(objective.of_embeddings, count)[0]
    ranked, _ = atlas.query(objective.of_embeddings, REACH * count)
    allowed: list[int] = []
    for i in range(0, len(ranked), count):
        allowed += _unchanged(space, ranked[i : i + count])
        if len(allowed) >= count:
            break
    return list(dict.fromkeys([*allowed, *ranked]))[:count]


@torch.no_grad()
def _unchanged(space: LatentSpace, seeds: list[int]) -> list[int]:
    """Returns the seeds whose vectors the filter of the space does not replace."""
    plain = space.from_z(latents_from_seeds(seeds, space.generator.z_dim))
    same = (space.draw(seeds) == plain).all(dim=1).tolist()
    return [seed for seed, kept in zip(seeds, same, strict=True) if kept]


def random_seeds(seed: int, count: int = START) -> list[int]:
    """Returns `count` random seeds. Those of a smaller count are the first of a larger one."""
    return np.random.RandomState(seed).randint(MAX_SEED, size=count).tolist()


@torch.no_grad()
def natural_embeddings(
    space: LatentSpace, judge: "Judge", atlas: Atlas | None, seeds: Sequence[int], progress: Progress = lambda _: None
) -> Tensor:
    """Returns embeddings [n, d] of images of random seeds: the atlas's, or those of `seeds`, which are drawn now."""
    if atlas is not None:
        return atlas.embeddings(NATURAL)
    progress(0)
    parts = batches(space.draw(seeds), batch_size(space.generator), progress)
    return torch.cat([judge.embed_images(space.images(part)) for part in parts])
