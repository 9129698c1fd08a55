"""Selection of parents and survivors.

Selection draws parents: `f(scores [n], count, generator) -> indices [count]`, with repetition.
Replacement forms the next population:
`f(population [n, dims], scores [n], children [m, dims], child_scores [m], elites) -> (population, scores)`.
Higher scores are better; -inf is a candidate without a score, NaN is not allowed. `SELECTIONS` and `REPLACEMENTS` list
them; a new one is a function with the same signature and a line there. Of equal scores, the first wins.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Selection = Callable[[Tensor, int, Generator], Tensor]
Replacement = Callable[[Tensor, Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor]]


def tournament(scores: Tensor, count: int, generator: Generator, size: int = 2) -> Tensor:
    """Selects the best of `size` random members, with repetition (Goldberg & Deb 1991)."""
    drawn = torch.randint(len(scores), (count, size), generator=generator).to(scores.device)
    return drawn.gather(1, scores[drawn].argmax(dim=1, keepdim=True)).squeeze(1)


def roulette(scores: Tensor, count: int, generator: Generator) -> Tensor:
    """Selects a member with probability proportional to its score above the worst finite one.

    Fitness-proportionate selection (Holland 1975) on scores that are shifted to be non-negative. The worst member and
    members without a score are never drawn. If all scores are equal, all members with a score are equally likely.
    """
    # float64 on the CPU, so that the sum of very large float32 scores is finite, and all devices find the same index.
    values = scores.double().cpu()
    scored = values.isfinite() if bool(values.isfinite().any()) else torch.ones_like(values, dtype=torch.bool)
    weights = torch.where(scored, values - torch.where(scored, values, torch.inf).min(), 0.0)
    if not bool((weights > 0).any()):
        weights = scored.double()
    edges = weights.cumsum(0)
    spins = torch.rand(count, generator=generator, dtype=torch.float64) * edges[-1]
    return torch.searchsorted(edges, spins, right=True).clamp(max=len(scores) - 1).to(scores.device)


def truncation(scores: Tensor, count: int, generator: Generator, share: float = 0.5) -> Tensor:
    """Selects a random one of the best `share` of members (at least one) (Muehlenbein & Schlierkamp-Voosen 1993)."""
    best = best_first(scores)[: max(1, round(share * len(scores)))]
    return best[torch.randint(len(best), (count,), generator=generator).to(scores.device)]


def elitist(
    population: Tensor, scores: Tensor, children: Tensor, child_scores: Tensor, elites: int
) -> tuple[Tensor, Tensor]:
    """Keeps the best `elites` members, best first, and all children (De Jong 1975, plan R2)."""
    kept = best_first(scores)[:elites]
    return torch.cat([population[kept], children]), torch.cat([scores[kept], child_scores])


def replace_worst(
    population: Tensor, scores: Tensor, children: Tensor, child_scores: Tensor, elites: int
) -> tuple[Tensor, Tensor]:
    """Keeps the best `elites` members. The best children replace the other members that they beat, worst first.

    Whitley 1989 (GENITOR), for many children at once. With elites = 0 the best n of population and children survive, as
    in the (mu + lambda) evolution strategy.
    """
    kept = best_first(scores)
    elite, rest = kept[:elites], kept[elites:]
    challengers, challenger_scores = torch.cat([population[rest], children]), torch.cat([scores[rest], child_scores])
    winners = best_first(challenger_scores)[: len(rest)]
    return torch.cat([population[elite], challengers[winners]]), torch.cat([scores[elite], challenger_scores[winners]])


SELECTIONS: dict[str, Selection] = {"tournament": tournament, "roulette": roulette, "truncation": truncation}
REPLACEMENTS: dict[str, Replacement] = {"elitist": elitist, "worst": replace_worst}


def best_first(scores: Tensor) -> Tensor:
    """Returns the indices that sort `scores` `[n]` from best to worst. Equal scores keep their order."""
    return scores.argsort(descending=True, stable=True)


def distinct_indices(n: int, count: int, generator: Generator) -> Tensor:
    """Draws for each member i of n `count` other members, all different, uniformly.

    Args:
        n: size of the population, above `count`.
        count: number of members to draw for each member.
        generator: a CPU generator.

    Returns:
        Indices `[n, count]` in 0..n-1, on the CPU.
    """
    taken = torch.arange(n)[:, None]
    for _ in range(count):
        # A uniform rank among the remaining members becomes an index by skipping the taken ones in ascending order.
        drawn = torch.randint(n - taken.shape[1], (n,), generator=generator)
        for other in taken.sort(dim=1).values.T:
            drawn += drawn >= other
        taken = torch.cat([taken, drawn[:, None]], dim=1)
    return taken[:, 1:]
