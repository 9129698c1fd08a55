"""Bad and good examples by a score, without a person: random draws, or results of a search for bad images.

Example::

    def realism(images):
        return classifier_or_judge(images)            # [N], higher is better

    space = LatentSpace(G, truncation=1.0)
    bad, good = label_by(space, realism, range(1_000), share=0.1)
    bad, good = worst_of(space, realism, range(128))
    avoid = LatentFilter.fit(bad, good, space=space)

With a text the score is, for example, `lambda images: -judge.score(images, "a blurry broken face")`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_integers, check_number, check_scores, check_type
from spaceseed.batches import Progress, batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import MAX_SEED
from spaceseed.ops.genetic import GeneticAlgorithm

# Returns the scores of images [N, 3, H, W] in [-1, 1]: N numbers in a tensor, an array or a list; higher is better.
Score = Callable[[Tensor], Any]


@torch.no_grad()
def label_by(
    space: LatentSpace,
    score: Score,
    seeds: Iterable[int],
    share: float = 0.1,
    *,
    progress: Progress = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Labels draws by their score.

    Args:
        space: space of the vectors. Images use its truncation and labels.
        score: scores images. A score that is not finite counts as the worst.
        seeds: integer seeds of the draws.
        share: this share, with the lowest scores, is bad; above 0, up to 0.5. All others are good.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        Bad [n, dims], the worst first, and good [m, dims], the best last.

    Raises:
        ArgumentError: share is out of range or selects no image, the score is the same for all images, or it does not
            return one number for each.
    """
    _check(space, score)
    seeds = check_integers("seed", seeds, 0, MAX_SEED)
    if round(check_number("share", share, 0, 0.5) * len(seeds)) < 1:
        raise ArgumentError("share", share, "above 0, up to 0.5, and large enough for one seed")
    vectors = space.draw(seeds)
    scores = _scores(space, score, vectors, progress)
    if scores.min() == scores.max():
        raise ArgumentError("score", "the same for all images", "a score that differs between images")
    order, count = scores.argsort(stable=True), round(share * len(seeds))
    return vectors[order[:count]].cpu(), vectors[order[count:]].cpu()


@torch.no_grad()
def worst_of(
    space: LatentSpace,
    score: Score,
    seeds: Iterable[int],
    *,
    count: int = 40,
    runs: int = 8,
    generations: int = 10,
    progress: Progress = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Finds bad images with a genetic search that minimises the score. Use it if bad images are rare in random draws.

    Independent searches find several kinds of bad images. One search would find only one kind.

    Args:
        space: space of the vectors. Images use its truncation and labels.
        score: scores images. A score that is not finite counts as the worst.
        seeds: integer seeds of the first generations, two or more for each search.
        count: number of bad images, one or more for each search.
        runs: number of searches.
        generations: number of generations for each search.
        progress: called with the share of the work that is done, 0 to 1. It may raise an exception to end the work.

    Returns:
        Bad [count, dims], the worst of each search, and good [m, dims]: the seeds that score above the median.

    Raises:
        ArgumentError: a number is out of range, the searches found too few different latents, or the score does not
            return one number for each image.
    """
    _check(space, score)
    seeds = check_integers("seed", seeds, 0, MAX_SEED)
    check_integer("runs", runs, 1, len(seeds) // 2)  # two seeds for each
    check_integer("generations", generations, 1)
    check_integer("count", count, runs)  # one for each
    begun, begun_scores, bad = [], [], []
    for run in range(runs):
        start = space.draw(seeds[run::runs]).cpu()
        algorithm = GeneticAlgorithm(space.dims, len(start), elites=1, prior=space.prior, seed=run, start=start)
        met, scores = [], []
        for generation in range(generations):
            met.append(algorithm.ask())
            scores.append(_scores(space, score, met[-1]))
            algorithm.tell(-scores[-1])
            progress((run + (generation + 1) / generations) / runs)
        begun.append(met[0])
        begun_scores.append(scores[0])
        ranked = torch.cat(met)[torch.cat(scores).argsort(stable=True)].tolist()
        worst = list(dict.fromkeys(map(tuple, ranked)))[
            : count // runs + (run < count % runs)
        ]  # a child may be a clone
        if len(worst) < count // runs:
            raise ArgumentError("count", count, "fewer than the searches draw")
        bad.append(torch.tensor(worst))
    drawn, drawn_scores = torch.cat(begun), torch.cat(begun_scores)
    return torch.cat(bad), drawn[drawn_scores > drawn_scores.median()]


def _scores(space: LatentSpace, score: Score, vectors: Tensor, progress: Progress = lambda _: None) -> Tensor:
    parts = batches(vectors, batch_size(space.generator), progress)
    scores = torch.cat([check_scores("score(images)", score(space.images(part)), len(part)).cpu() for part in parts])
    return scores.where(scores.isfinite(), -torch.inf)


def _check(space: LatentSpace, score: Score) -> None:
    check_type("space", space, LatentSpace, "a LatentSpace")
    if not callable(score):
        raise ArgumentError("score", type(score).__name__, "a function of images")
