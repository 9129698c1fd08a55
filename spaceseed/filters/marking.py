"""Active marking: which images to show a person, so that few marks teach much."""

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_tensor
from spaceseed.errors import ArgumentError
from spaceseed.filters.reweighting import Likelihood, Scaling
from spaceseed.models.generators.generator import MAX_SEED

# The most uncertain candidates, from which different ones are chosen: so many times the wanted number, or this share of
# all if that is less.
UNCERTAIN, SHARE = 8, 1 / 3
# Examples of each kind that a first guess needs.
ENOUGH = 3


def propose(features: Tensor, bad: Tensor, good: Tensor, count: int, seed: int = 0) -> list[int]:
    """Chooses candidates whose marks would teach most: they may be bad or good, and differ from each other.

    What the marks teach says how likely each candidate is to be bad (`Likelihood`). Of those nearest to even odds
    (uncertainty sampling, Lewis and Gale 1994), k-means++ chooses different ones. As long as there are not three marks
    of each kind, it chooses from all.

    Args:
        features: what a judge sees in the candidates, [n, d], n at least `count` and 2.
        bad: the same of images marked bad, [b, d], b 0 or more.
        good: of those marked good, [g, d].
        count: number of candidates to choose.
        seed: of the choice.

    Returns:
        their indices, `count` of them.

    Raises:
        ArgumentError: the sizes do not fit each other, numbers are not finite, or the candidates do not differ.
    """
    from sklearn.cluster import kmeans_plusplus  # noqa: PLC0415 - takes a second to import

    features = check_tensor("features", features, ["n", "d"]).detach().cpu()
    if len(features) < 2 or not bool((features.amax(dim=0) > features.amin(dim=0)).any()):
        raise ArgumentError("features", f"{len(features)} of them", "two or more that differ")
    bad, good = (
        check_tensor(name, rows, ["m", features.shape[1]]).detach().cpu()
        for name, rows in (("bad", bad), ("good", good))
    )
    check_integer("count", count, 1, len(features))
    check_integer("seed", seed, 0, MAX_SEED)
    scale = Scaling.of(features)
    rows = scale(features)
    chosen = torch.arange(len(rows))
    if min(len(bad), len(good)) >= ENOUGH:
        likely = Likelihood(scale(bad), scale(good), seed).of_draws(rows)
        most = max(count, min(UNCERTAIN * count, round(SHARE * len(rows))))
        chosen = (likely - 0.5).abs().argsort(stable=True)[:most]
    _, picked = kmeans_plusplus(rows[chosen].numpy(), count, random_state=seed)
    return chosen[torch.from_numpy(picked)].tolist()
