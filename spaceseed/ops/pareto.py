"""Several scores for each candidate: which ones no other candidate beats, and which of these stand alone.

Deb, Pratap, Agarwal & Meyarivan 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II". A candidate
dominates another one if it is as good in every score and better in one. The front consists of the candidates that none
dominates. Higher scores are better; -inf is a candidate that failed, NaN is not allowed.
"""

import torch
from torch import Tensor

from spaceseed.ops.selection import best_first


def front_ranks(scores: Tensor) -> Tensor:
    """Sorts candidates into fronts (sec. III-A).

    Args:
        scores: [n, k].

    Returns:
        Ranks [n], int64: 0 for the front, 1 for the front of the others, and so on.
    """
    as_good = (scores[:, None] >= scores[None]).all(dim=2)
    dominates = as_good & ~as_good.T
    dominated_by = dominates.sum(dim=0)
    ranks = torch.full((len(scores),), -1, device=scores.device)
    rank = 0
    while bool((ranks < 0).any()):
        front = (ranks < 0) & (dominated_by == 0)
        ranks[front] = rank
        dominated_by -= dominates[front].sum(dim=0)
        rank += 1
    return ranks


def crowding_distances(scores: Tensor, ranks: Tensor) -> Tensor:
    """Measures how far each candidate is from its neighbours on its front (sec. III-B).

    Args:
        scores: [n, k].
        ranks: [n], as `front_ranks` returns them.

    Returns:
        [n]: for each score, the difference between the next higher and the next lower one, divided by the range of the
        front, and summed over the scores. The two ends of a front get infinity.
    """
    distances = torch.zeros_like(scores[:, 0])
    for column in scores.T:
        order = column.argsort(stable=True)
        order = order[ranks[order].argsort(stable=True)]
        values, fronts = column[order], ranks[order]
        starts = torch.ones_like(fronts, dtype=torch.bool)
        starts[1:] = fronts[1:] != fronts[:-1]
        ends = starts.roll(-1)  # the first is a start, so the last becomes an end
        ranges = (values[ends] - values[starts])[starts.cumsum(0) - 1]
        shares = (values.roll(-1) - values.roll(1)) / ranges
        shares = shares.where((ranges > 0) & ranges.isfinite(), 0)
        distances[order] += shares.where(~(starts | ends), torch.inf)
    return distances


def crowded_fitness(scores: Tensor) -> Tensor:
    """Turns several scores into one by the crowded-comparison operator (sec. III-B).

    Args:
        scores: [n, k].

    Returns:
        [n], 0 or below. Candidates on a better front are higher; on the same front those with larger crowding distance.
    """
    ranks = front_ranks(scores)
    distances = crowding_distances(scores, ranks)
    order = best_first(distances)
    order = order[ranks[order].argsort(stable=True)]
    changes = torch.zeros_like(scores[:, 0])
    changes[1:] = ((ranks[order].diff() != 0) | (distances[order][1:] != distances[order][:-1])).to(changes.dtype)
    fitness = torch.empty_like(changes)
    fitness[order] = -changes.cumsum(0)
    return fitness


def nsga2(
    population: Tensor, scores: Tensor, children: Tensor, child_scores: Tensor, _elites: int = 0
) -> tuple[Tensor, Tensor]:
    """Keeps as many of population [n, dims] and children [m, dims] as there were members, by `crowded_fitness`.

    It has the signature of a replacement (see `ops.selection`), but scores are [n, k] and [m, k].
    """
    candidates, all_scores = torch.cat([population, children]), torch.cat([scores, child_scores])
    kept = best_first(crowded_fitness(all_scores))[: len(population)]
    return candidates[kept], all_scores[kept]
