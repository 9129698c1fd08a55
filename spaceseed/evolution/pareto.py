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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.arguments import check_type
from spaceseed.batches import batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.evolution.finds import Origin, Scorer, draw_and_score
from spaceseed.evolution.objectives import Objective, score_columns
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
        image: its pixels [3, H, W], on the CPU.
        scores: one for each objective; higher is better.
    """

    vector: Tensor
    image: Tensor
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
    batch: int | None = None,
    known: Sequence[Compromise] = (),
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
        batch: number of images to draw at a time, as in `search`.
        known: finds of earlier searches of this optimizer, such as `front.finds`. They are not drawn again.

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
    images = _survivors(space, optimizer, {_key(find.vector): find.image for find in known}, batch)
    reason = None
    while reason is None:
        told = []
        for vectors in batches(optimizer.ask(), batch or batch_size(generator)):
            if cancelled():
                return
            drawn, scores = draw_and_score(space, lambda x: score_columns(objectives, x), len(objectives), vectors)
            images |= _keyed(vectors, drawn)
            told.append(scores)
        optimizer.tell(torch.cat(told))
        optimizer.belongs_to = here
        images = {key: images[key] for key in map(_key, optimizer.population) if key in images}
        finds = _front(optimizer, images)
        if not finds:
            raise ArgumentError("objectives", "NaN or infinity", "finite for at least one image")
        seconds = time.monotonic() - began
        reason = termination.reason(optimizer, seconds, **before)
        origin = Origin.of(space, [find.vector for find in finds], how_found(objectives, optimizer))
        yield Front(optimizer.generation, optimizer.evaluations, seconds, finds, reason, origin)


@torch.no_grad()
def _survivors(
    space: LatentSpace, optimizer: Optimizer, known: dict[bytes, Tensor], batch: int | None
) -> dict[bytes, Tensor]:
    """Returns the images of the front of an optimizer that has searched before: those known, and others drawn again.

    The rest of the population is not needed: what beats a survivor survives with it, so it never comes on the front.
    """
    if not optimizer.generation:
        return {}
    front = optimizer.population[front_ranks(optimizer.scores) == 0]
    images = {key: known[key] for key in map(_key, front) if key in known}
    missing = [vector for vector in front if _key(vector) not in images]
    for vectors in batches(torch.stack(missing), batch or batch_size(space.generator)) if missing else ():
        images |= _keyed(vectors, space.images(vectors))
    return images


def _front(optimizer: Optimizer, images: dict[bytes, Tensor]) -> tuple[Compromise, ...]:
    """Returns the front of the population, in order, each vector once."""
    chosen = (front_ranks(optimizer.scores) == 0) & optimizer.scores.isfinite().all(dim=1)
    rows = zip(optimizer.population[chosen].cpu(), optimizer.scores[chosen].tolist(), strict=True)
    finds = {_key(v): Compromise(v.clone(), images[_key(v)], tuple(scores)) for v, scores in rows}
    return tuple(sorted(finds.values(), key=lambda find: find.scores))


def _keyed(vectors: Tensor, images: Tensor) -> dict[bytes, Tensor]:
    return {_key(vector): image.to("cpu", copy=True) for vector, image in zip(vectors, images, strict=True)}


def _key(vector: Tensor) -> bytes:
    return vector.cpu().numpy().tobytes()
