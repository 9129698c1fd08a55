"""Search with several objectives that contradict each other: the front of the best compromises.

Example::

    wishes = [TextObjective(judge, "red hair"), ImageObjective(judge, image)]
    optimizer = GeneticAlgorithm(G.z_dim, population=64, elites=0, replacement="nsga2", seed=0)
    for front in pareto(G, wishes, optimizer, generations=30):
        print(front.number, len(front.finds))
    front.recipe(0).save("image.png")             # most like the image; the last one has the reddest hair

If you know how much each objective counts, search with a weighted sum of them instead.
"""

import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.arguments import check_type
from spaceseed.batches import batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.evolution.finds import Evaluated, Keep, Origin, Scorer, evaluate, on_cpu
from spaceseed.evolution.objectives import Objective
from spaceseed.evolution.search import checked, how_found
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.pareto import front_ranks
from spaceseed.ops.termination import Termination
from spaceseed.recipes.recipe import Recipe


@dataclass(frozen=True)
class Compromise:
    """One image of a front.

    Attributes:
        vector: [dims], on the CPU.
        image: what is kept of it; its pixels [3, H, W] on the CPU, unless the search was told otherwise.
        embedding: as in `Find`.
        scores: one for each objective; higher is better.
    """

    vector: Tensor
    image: Any
    embedding: Tensor | None
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Front:
    """The state of a search with several objectives after one round.

    Attributes:
        number: number of the optimizer's round, from 1.
        evaluations: number of images whose scores the optimizer has received.
        seconds: time since the search began.
        finds: the images of the population that no other one beats in all objectives, from the lowest to the highest
            score of the first objective. So with two objectives they run from one end of the front to the other.
        reason: why the search ends with this front, e.g. "generations"; None if it continues.
    """

    number: int
    evaluations: int
    seconds: float
    finds: tuple[Compromise, ...]
    reason: str | None
    _origin: Origin

    @property
    def scores(self) -> Tensor:
        """The scores of all finds, [n, k]."""
        return torch.tensor([find.scores for find in self.finds])

    def recipe(self, rank: int) -> Recipe:
        """Returns the recipe of `finds[rank]`. Its `found.settings` hold the scores as "score 1", "score 2", ...

        Raises:
            ArgumentError: the generator has no card.
        """
        scores = {f"score {i}": score for i, score in enumerate(self.finds[rank].scores, 1)}
        return self._origin.recipe(rank, settings=self._origin.found.settings | scores)


def pareto(
    generator: Generator,
    objectives: Sequence[Objective | Scorer],
    optimizer: Optimizer,
    *,
    space: str | LatentSpace = "z",
    truncation: float = 0.7,
    generations: int | None = None,
    termination: Termination | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    evaluated: Callable[[Tensor, Tensor], object] = lambda _vectors, _scores: None,
    batch: int | None = None,
    known: Sequence[Compromise] = (),
    keep: Keep = on_cpu,
) -> Iterator[Front]:
    """Runs a search with several objectives until a limit is reached (NSGA-II, Deb et al. 2002).

    If the optimizer has searched before, the search continues from there, as in `search`. A judge that several
    objectives share embeds each image once.

    Args:
        generator: draws the images.
        objectives: two or more. A score that is not finite is a failure of the image.
        optimizer: a `GeneticAlgorithm` with `replacement="nsga2"`; `elites=0` is usual.
        space: name of the latent space, or a `LatentSpace`.
        truncation: psi. It is ignored if `space` is a `LatentSpace`, which has its own.
        generations: number of rounds; short for `Termination(generations=...)`.
        termination: limits to stop at; `patience` counts rounds in which the front does not change,
            or changes no more than `gain` times.
        cancelled: called before each batch of images. If it returns True, the search ends at once.
        evaluated: called with the vectors [n, dims] and the scores [n, k] of each batch of images, on the CPU.
        batch: number of images to draw at a time, as in `search`.
        known: finds of earlier searches of this optimizer, such as `front.finds`. They are not drawn again.
        keep: makes of the images of finds what `Compromise.image` holds, as in `search`.

    Yields:
        The front after each round.

    Raises:
        ArgumentError: an argument is not allowed, as in `search`; there are fewer than two objectives, `termination`
            has a target, or no image so far has finite scores.
    """
    objectives = list(check_type("objectives", objectives, (list, tuple), "a list of two objectives or more"))
    if len(objectives) < 2:
        raise ArgumentError("objectives", len(objectives), "two objectives or more")
    space, termination, here = checked(
        generator, objectives, optimizer, space, truncation, generations, termination, cancelled, batch
    )
    if termination.target is not None:
        raise ArgumentError("termination.target", termination.target, "None, because a front has no single best score")
    if optimizer.generation and optimizer.scores.shape[1] != len(objectives):
        raise ArgumentError("objectives", len(objectives), f"{optimizer.scores.shape[1]}, as the optimizer knows them")
    began = time.monotonic()
    before = {"generations_before": optimizer.generation, "evaluations_before": optimizer.evaluations}
    known = [check_type("find", find, Compromise, "a Compromise") for find in known]
    pictures = _survivors(
        space, objectives, optimizer, {_key(each.vector): (each.image, each.embedding) for each in known}, batch, keep
    )
    reason = None
    while reason is None:
        drawn: list[Evaluated] = []
        for vectors in batches(optimizer.ask(), batch or batch_size(generator)):
            if cancelled():
                return
            drawn.append(evaluate(space, objectives, vectors))
            evaluated(drawn[-1].vectors, drawn[-1].scores)
        optimizer.tell(torch.cat([each.scores for each in drawn]))
        optimizer.belongs_to = here
        front = _front(optimizer)
        # What beats a survivor survives with it, so what is not on the front now never comes on it.
        pictures = {key: pictures[key] for key in front if key in pictures}
        for each in drawn:
            pictures |= _pictures(each, front.keys() - pictures.keys(), keep)
        finds = tuple(Compromise(vector, *pictures[key], scores) for key, (vector, scores) in front.items())
        if not finds:
            raise ArgumentError("objectives", "NaN or infinity", "finite for at least one image")
        seconds = time.monotonic() - began
        reason = termination.reason(optimizer, seconds, **before)
        origin = Origin.of(space, [find.vector for find in finds], how_found(objectives, optimizer))
        yield Front(optimizer.generation, optimizer.evaluations, seconds, finds, reason, origin)


# What is kept of an image, and its embedding.
_Picture = tuple[Any, Tensor | None]


@torch.no_grad()
def _survivors(
    space: LatentSpace,
    objectives: Sequence[Objective | Scorer],
    optimizer: Optimizer,
    known: dict[bytes, _Picture],
    batch: int | None,
    keep: Keep,
) -> dict[bytes, _Picture]:
    """Returns the pictures of the front of an optimizer that has searched before: known ones, and others drawn anew."""
    if not optimizer.generation:
        return {}
    front = {key: vector for key, (vector, _) in _front(optimizer).items()}
    missing = [vector for key, vector in front.items() if key not in known]
    pictures = {key: known[key] for key in front if key in known}
    for vectors in batches(torch.stack(missing), batch or batch_size(space.generator)) if missing else ():
        pictures |= _pictures(evaluate(space, objectives, vectors), set(map(_key, vectors)), keep)
    return pictures


def _front(optimizer: Optimizer) -> dict[bytes, tuple[Tensor, tuple[float, ...]]]:
    """Returns vectors and scores of the front of the population, in order, each vector once."""
    chosen = (front_ranks(optimizer.scores) == 0) & optimizer.scores.isfinite().all(dim=1)
    rows = zip(optimizer.population[chosen].cpu(), optimizer.scores[chosen].tolist(), strict=True)
    finds = {_key(vector): (vector.clone(), tuple(scores)) for vector, scores in rows}
    return dict(sorted(finds.items(), key=lambda item: item[1][1]))


def _pictures(found: Evaluated, keys: Set[bytes], keep: Keep) -> dict[bytes, _Picture]:
    """Returns the pictures of the images whose vectors have these keys."""
    rows = {_key(vector): i for i, vector in enumerate(found.vectors) if _key(vector) in keys}
    if not rows:
        return {}
    chosen = list(rows.values())
    embeddings = [None] * len(rows) if found.embeddings is None else on_cpu(found.embeddings[chosen])
    return dict(zip(rows, zip(keep(found.images[chosen]), embeddings, strict=True), strict=True))


def _key(vector: Tensor) -> bytes:
    return vector.cpu().numpy().tobytes()
