"""What the page shows of a round: of a search for one thing, or for two that pull apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch

from spaceseed.evolution.finds import TOP, Find
from spaceseed.evolution.objectives import EmbeddingObjective, WeightedSum
from spaceseed.evolution.pareto import Compromise, Front, pareto
from spaceseed.evolution.search import Generation, search
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ui.kit.pictures import thumbnail

T = TypeVar("T", Find, Compromise)
Round = Generation | Front


@dataclass(frozen=True)
class Shown:
    """What the page shows of a round.

    Attributes:
        finds: the pictures, in their order: best first, or from one end of the front to the other. Their scores are
            those of the whole objective.
        ranks: their ranks in the round, as `recipe` takes them.
        scores: of each find: its score, or one of each part of the objective.
        best: place of the best of them.
        points: the curve's lines by name, to their heights at this round.
    """

    finds: tuple[Find, ...]
    ranks: tuple[int, ...]
    scores: tuple[tuple[float, ...], ...]
    best: int
    points: dict[str, float]


def rounds(
    generator: Generator, objective: EmbeddingObjective, optimizer: Optimizer, latest: Round | None, **options: Any
) -> Iterator[Round]:
    """Runs a search from where it is; pictures of its rounds are as small as they are shown.

    Args:
        generator: draws the images.
        objective: what is searched for. With an optimizer of several scores its parts count for themselves.
        optimizer: proposes latents.
        latest: the round come to last, if any.
        **options: those of `search` and `pareto`.
    """
    if optimizer.several_scores:
        assert isinstance(objective, WeightedSum)
        front = latest.finds if isinstance(latest, Front) else ()
        for step in pareto(generator, objective.parts, optimizer, known=front, **options):
            yield replace(step, finds=tuple(map(_small, step.finds)))
    else:
        top = latest.top if isinstance(latest, Generation) else ()
        for generation in search(generator, objective, optimizer, known=top, **options):
            yield replace(generation, top=tuple(map(_small, generation.top)))


def show(step: Round, weights: Sequence[float]) -> Shown:
    """Returns what the page shows of a round.

    Args:
        step: the round.
        weights: of the two parts of the objective, to choose the best of a front by.
    """
    if isinstance(step, Generation):
        scores = tuple((find.score,) for find in step.top)
        points = {"best": step.best_score, "mean": step.mean_score}
        return Shown(step.top, tuple(range(len(step.top))), scores, 0, points)
    # A front runs from the lowest score of its first part to the highest; the page begins with the highest.
    ranks = np.linspace(len(step.finds) - 1, 0, min(TOP, len(step.finds))).round().astype(int).tolist()
    chosen = [step.finds[rank] for rank in ranks]
    scores = tuple(find.scores for find in chosen)
    mixed = [sum(weight * score for weight, score in zip(weights, each, strict=True)) for each in scores]
    finds = tuple(Find(find.vector, find.image, score) for find, score in zip(chosen, mixed, strict=True))
    words, picture = step.scores.amax(dim=0).tolist()
    return Shown(finds, tuple(ranks), scores, int(np.argmax(mixed)), {"words": words, "picture": picture})


@torch.no_grad()
def _small(find: T) -> T:
    return replace(find, image=thumbnail(find.image[None])[0])
