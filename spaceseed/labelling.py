"""Bad and good examples without a person: what a score thinks little of, met by chance or hunted for.

    def realism(images):
        return classifier_or_judge(images)            # [N], higher is better

    space = LatentSpace(G, truncation=1.0)
    bad, good = label_by(space, realism, range(1_000), share=0.1)
    bad, good = worst_of(space, realism, range(128))
    avoid = LatentFilter.fit(bad, good, space=space)

For a text, `lambda images: -judge.score(images, "a blurry broken face")` is a score.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spaceseed.batches import Progress, batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.ops.genetic import GeneticAlgorithm

# Rates images [N, 3, H, W] in [-1, 1]: [N], higher is better.
Score = Callable[[Tensor], Tensor]


@torch.no_grad()
def label_by(
    space: LatentSpace,
    score: Score,
    seeds: Sequence[int],
    share: float = 0.1,
    *,
    progress: Progress = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Labels draws by their score.

    Args:
        space: whose vectors are wanted; its truncation and labels draw the images.
        score: rates images; NaN counts as the worst.
        seeds: integer seeds of the draws.
        share: the lowest of this share are bad, above 0 up to 0.5; all others are good.
        progress: told the share of the work done, 0 to 1; may raise to end it.

    Returns:
        bad [n, dims], the worst first, and good [m, dims], the best last.

    Raises:
        ArgumentError: share leaves no bad ones or is out of range, or the score is the same for all images.
    """
    if not 0 < share <= 0.5 or round(share * len(seeds)) < 1:
        raise ArgumentError("share", share, "above 0, up to 0.5, and enough for one of the seeds")
    vectors = space.draw(list(seeds))
    scores = _scores(space, score, vectors, progress)
    if scores.min() == scores.max():
        raise ArgumentError("score", "the same for all images", "something that differs from image to image")
    order, count = scores.argsort(stable=True), round(share * len(seeds))
    return vectors[order[:count]].cpu(), vectors[order[count:]].cpu()


@torch.no_grad()
def worst_of(
    space: LatentSpace,
    score: Score,
    seeds: Sequence[int],
    *,
    count: int = 40,
    runs: int = 8,
    generations: int = 10,
    progress: Progress = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Hunts for bad images with a genetic search that minimises the score, where they are too rare to be met.

    Several searches that know nothing of one another find several kinds of bad; one would find a single family.

    Args:
        space: whose vectors are wanted; its truncation and labels draw the images.
        score: rates images; NaN counts as the worst.
        seeds: integer seeds that the searches begin with, two or more for each.
        count: how many bad ones are wanted, one or more for each search.
        runs: searches.
        generations: of each.
        progress: told the share of the work done, 0 to 1; may raise to end it.

    Returns:
        bad [count, dims], the worst of each search, and good [m, dims]: those of the seeds that score above the median.

    Raises:
        ArgumentError: a number is out of range, or the searches did not come across enough different latents.
    """
    if runs < 1 or generations < 1 or len(seeds) < 2 * runs:
        raise ArgumentError("runs", runs, "1 or more, of at least 1 generation, with two seeds for each")
    if count < runs:
        raise ArgumentError("count", count, f"{runs} or more, one for each search")
    begun, begun_scores, bad = [], [], []
    for run in range(runs):
        start = space.draw(list(seeds)[run::runs]).cpu()
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
    return torch.cat([score(space.images(part)).cpu().float() for part in parts]).nan_to_num(nan=-torch.inf)
