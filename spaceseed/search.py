"""Automatic search: an optimizer asks, a generator draws, an objective scores.

Each generation is yielded as it is done, so whoever reads them decides what to draw and when to stop::

    optimizer = DifferentialEvolution(G.z_dim, seed=0)
    for generation in search(G, TextObjective(judge, "red hair"), optimizer, generations=40):
        print(generation.number, generation.best_score)
    generation.best.save("found.png")
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.batches import batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generator import Generator
from spaceseed.objectives import Objective
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.termination import Termination
from spaceseed.recipe import Found, Recipe

TOP = 8


@dataclass(frozen=True)
class Find:
    """One image that a search came across: its vector [dims], its picture [3, H, W], its score."""

    vector: Tensor
    image: Tensor
    score: float


@dataclass(frozen=True)
class Generation:
    """How a search stands after one ask-evaluate-tell round.

    Attributes:
        number: 1 for the first.
        evaluations: images scored so far.
        seconds: since the search began.
        best_score: of all images so far.
        mean_score: of the population.
        top: the best finds so far, best first, at most 8.
        reason: why the search ends with this generation, e.g. "generations"; None while it goes on.
    """

    number: int
    evaluations: int
    seconds: float
    best_score: float
    mean_score: float
    top: tuple[Find, ...]
    reason: str | None
    _recipe: Callable[[Find], Recipe]

    def recipe(self, rank: int) -> Recipe:
        """The recipe of `top[rank]`."""
        return self._recipe(self.top[rank])

    @property
    def best(self) -> Recipe:
        """The recipe of the best find."""
        return self.recipe(0)


def search(
    generator: Generator,
    objective: Objective,
    optimizer: Optimizer,
    *,
    space: str | LatentSpace = "z",
    truncation: float = 0.7,
    generations: int | None = None,
    termination: Termination | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Generation]:
    """Searches until a limit is reached.

    Args:
        generator: draws the images.
        objective: scores them.
        optimizer: proposes latents; it may have searched before, and goes on from there.
        space: name of the latent space, or the space itself where it is at hand.
        truncation: psi; not read when `space` is a `LatentSpace`, which has its own.
        generations: rounds to run; short for `Termination(generations=...)`.
        termination: limits to stop at. Without any, the search goes on until it is closed or cancelled.
        cancelled: asked before each batch of images; once it says True the search ends there and then.

    Yields:
        the state after each generation.

    Raises:
        ArgumentError: the optimizer's latents have another length than the space's, or both `generations` and
            `termination` are given.
    """
    if isinstance(space, str):
        space = LatentSpace(generator, space, truncation)
    if optimizer.dims != space.dims:
        raise ArgumentError("optimizer.dims", optimizer.dims, f"{space.dims}, the size of space {space.name!r}")
    if termination is None:
        termination = Termination(generations=generations)
    elif generations is not None:
        raise ArgumentError("generations", generations, "left out when termination is given")
    began = time.monotonic()
    top: tuple[Find, ...] = ()
    reason = None
    while reason is None:
        scores = []
        for vectors in batches(optimizer.ask(), batch_size(space.generator)):
            if cancelled():
                return
            found = evaluate(space, objective, vectors)
            scores += [find.score for find in found]
            top = tuple(sorted((*top, *found), key=lambda find: -find.score)[:TOP])
        optimizer.tell(torch.tensor(scores))
        seconds = time.monotonic() - began
        reason = termination.reason(optimizer, seconds)
        yield Generation(
            number=optimizer.generation,
            evaluations=optimizer.evaluations,
            seconds=seconds,
            best_score=top[0].score,
            mean_score=float(optimizer.scores.mean()),
            top=top,
            reason=reason,
            _recipe=_recipes(space, objective, optimizer),
        )


@torch.no_grad()
def evaluate(space: LatentSpace, objective: Objective, vectors: Tensor) -> list[Find]:
    """Draws and scores vectors [n, dims]; a vector that lies far out pays the space's penalty."""
    images = space.images(vectors)
    scores = objective(images) - space.penalty(vectors).to(images.device)
    rows = zip(vectors.cpu(), images.cpu(), scores.cpu().tolist(), strict=True)
    return [Find(vector, image, score) for vector, image, score in rows]


def _recipes(space: LatentSpace, objective: Objective, optimizer: Optimizer) -> Callable[[Find], Recipe]:
    found = Found(
        by="search",
        prompt=objective.prompt,
        judge=objective.judge,
        optimizer=type(optimizer).__name__,
        settings=optimizer.settings,
        generation=optimizer.generation,
    )

    def recipe(find: Find) -> Recipe:
        return space.recipe(find.vector, found=found.model_copy(update={"score": find.score}))

    return recipe
