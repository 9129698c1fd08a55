"""What the page shows of a round: of a search for one thing, or for two that pull apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from spaceseed.evolution.finds import TOP, Find
from spaceseed.evolution.pareto import Compromise, Front
from spaceseed.evolution.search import Generation
from spaceseed.evolution.wishes import WishObjective
from spaceseed.ui.kit.pictures import Jpeg

Round = Generation | Front


class Shot(NamedTuple):
    """A find as the page shows it: its picture, its score by the whole objective, and which phrases it meets."""

    picture: Jpeg
    score: float
    met: tuple[bool, ...]


@dataclass(frozen=True)
class Shown:
    """What the page shows of a round.

    Attributes:
        shots: the finds, in their order: best first, or from one end of the front to the other.
        ranks: their ranks in the round, as `recipe` takes them.
        scores: of each find: its score, or one of each part of the objective.
        best: place of the best of them.
        points: the curve's lines by name, to their heights at this round.
    """

    shots: tuple[Shot, ...]
    ranks: tuple[int, ...]
    scores: tuple[tuple[float, ...], ...]
    best: int
    points: dict[str, float]


def finds_of(step: Round) -> tuple[Find, ...] | tuple[Compromise, ...]:
    """Returns all finds of a round."""
    return step.top if isinstance(step, Generation) else step.finds


def shown_ranks(step: Round) -> list[int]:
    """Returns the ranks of those that the page shows, in its order.

    A front runs from the lowest score of its first part to the highest; the page begins with the highest.
    """
    count = len(finds_of(step))
    if isinstance(step, Generation):
        return list(range(count))
    return np.linspace(count - 1, 0, min(TOP, count)).round().astype(int).tolist()


def show(step: Round, weights: Sequence[float], phrases: WishObjective | None) -> Shown:
    """Returns what the page shows of a round.

    Args:
        step: the round.
        weights: of the two parts of the objective, to choose the best of a front by.
        phrases: the part of the objective that reads words, if there is one.
    """
    ranks = shown_ranks(step)
    scores: tuple[tuple[float, ...], ...]
    if isinstance(step, Generation):
        scores = tuple((find.score,) for find in step.top)
        points = {"best": step.best_score, "mean": step.mean_score}
        return Shown(_shots(step.top, [find.score for find in step.top], phrases), tuple(ranks), scores, 0, points)
    chosen = [step.finds[rank] for rank in ranks]
    scores = tuple(find.scores for find in chosen)
    mixed = [sum(weight * score for weight, score in zip(weights, each, strict=True)) for each in scores]
    points = dict(zip(("words", "picture"), step.scores.amax(dim=0).tolist(), strict=True))
    return Shown(_shots(chosen, mixed, phrases), tuple(ranks), scores, int(np.argmax(mixed)), points)


def _shots(
    finds: Sequence[Find | Compromise], scores: Sequence[float], phrases: WishObjective | None
) -> tuple[Shot, ...]:
    met: Sequence[tuple[bool, ...]] = [()] * len(finds)
    if phrases is not None:
        embeddings = [find.embedding for find in finds if find.embedding is not None]
        met = list(map(tuple, phrases.met(torch.stack(embeddings)).tolist()))
    return tuple(Shot(find.image, score, has) for find, score, has in zip(finds, scores, met, strict=True))
