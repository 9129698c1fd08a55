"""What the page shows of a round: of a search for one thing, or for two that pull apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from spaceseed.evolution.finds import TOP, Find
from spaceseed.evolution.objectives import EmbeddingObjective, WeightedSum
from spaceseed.evolution.pareto import Compromise, Front, pareto
from spaceseed.evolution.search import Generation, search
from spaceseed.evolution.wishes import WishObjective
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ui.kit.pictures import Jpeg, jpegs

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


def rounds(
    generator: Generator, objective: EmbeddingObjective, optimizer: Optimizer, latest: Round | None, **options: Any
) -> Iterator[Round]:
    """Runs a search from where it is; the images of its rounds are `Jpeg`s.

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
        yield from pareto(generator, objective.parts, optimizer, known=front, keep=jpegs, **options)
    else:
        top = latest.top if isinstance(latest, Generation) else ()
        yield from search(generator, objective, optimizer, known=top, keep=jpegs, **options)


def show(step: Round, weights: Sequence[float], phrases: WishObjective | None) -> Shown:
    """Returns what the page shows of a round.

    Args:
        step: the round.
        weights: of the two parts of the objective, to choose the best of a front by.
        phrases: the part of the objective that reads words, if there is one.
    """
    if isinstance(step, Generation):
        scores = tuple((find.score,) for find in step.top)
        points = {"best": step.best_score, "mean": step.mean_score}
        shots = _shots(step.top, [find.score for find in step.top], phrases)
        return Shown(shots, tuple(range(len(step.top))), scores, 0, points)
    # A front runs from the lowest score of its first part to the highest; the page begins with the highest.
    ranks = np.linspace(len(step.finds) - 1, 0, min(TOP, len(step.finds))).round().astype(int).tolist()
    chosen = [step.finds[rank] for rank in ranks]
    scores = tuple(find.scores for find in chosen)
    mixed = [sum(weight * score for weight, score in zip(weights, each, strict=True)) for each in scores]
    words, picture = step.scores.amax(dim=0).tolist()
    return Shown(
        _shots(chosen, mixed, phrases),
        tuple(ranks),
        scores,
        int(np.argmax(mixed)),
        {"words": words, "picture": picture},
    )


def _shots(
    finds: Sequence[Find | Compromise], scores: Sequence[float], phrases: WishObjective | None
) -> tuple[Shot, ...]:
    met: Sequence[tuple[bool, ...]] = [()] * len(finds)
    if phrases is not None:
        embeddings = [find.embedding for find in finds if find.embedding is not None]
        met = list(map(tuple, phrases.met(torch.stack(embeddings)).tolist()))
    return tuple(Shot(find.image, score, has) for find, score, has in zip(finds, scores, met, strict=True))
