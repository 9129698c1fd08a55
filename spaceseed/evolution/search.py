"""Automatic search: an optimizer proposes latents, a generator draws them, and an objective scores the images.

`search` yields each generation when it is done. The caller decides what to show and when to stop::

    optimizer = DifferentialEvolution(G.z_dim, seed=0)
    for generation in search(G, TextObjective(judge, "red hair"), optimizer, generations=40):
        print(generation.number, generation.best_score)
    generation.best.save("found.png")

Any function that returns one score for each image is an objective: `lambda images: images[:, 0].mean(dim=(1, 2))`.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spaceseed.arguments import check_scores, check_type
from spaceseed.batches import batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.evolution.objectives import Objective
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.termination import Termination
from spaceseed.recipes.recipe import Found, Recipe

TOP = 8

# Returns N scores for images [N, 3, H, W] in about [-1, 1], as a tensor, array or list. Higher is better.
Scorer = Callable[[Tensor], Any]


@dataclass(frozen=True)
class Find:
    """One image that a search found: its vector [dims], its pixels [3, H, W] and its score."""

    vector: Tensor
    image: Tensor
    score: float


@dataclass(frozen=True)
class Generation:
    """The state of a search after one round of ask, evaluate and tell.

    Attributes:
        number: number of the optimizer's round, from 1.
        evaluations: number of images whose scores the optimizer has received.
        seconds: time since the search began.
        best_score: the best score so far, including earlier searches of this optimizer.
        mean_score: mean of the finite scores in the population; NaN if there are none.
        top: the best finds so far, best first, at most 8. Their scores are finite.
        reason: why the search ends with this generation, e.g. "generations"; None if it continues.
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
        """Returns the recipe of `top[rank]`."""
        return self._recipe(self.top[rank])

    @property
    def best(self) -> Recipe:
        """The recipe of the best find."""
        return self.recipe(0)


def search(
    generator: Generator,
    objective: Objective | Scorer,
    optimizer: Optimizer,
    *,
    space: str | LatentSpace = "z",
    truncation: float = 0.7,
    generations: int | None = None,
    termination: Termination | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Generation]:
    """Runs a search until a limit is reached.

    If the optimizer has searched before, the search continues from there: `top` begins with its best vectors, drawn
    again, and `number` and `evaluations` count on. All limits except `target` count from the start of this call.

    Args:
        generator: draws the images.
        objective: an `Objective`, or any function of images [N, 3, H, W] that returns N scores. An image whose score
            is not finite is never a find, and the search continues.
        optimizer: proposes latents.
        space: name of the latent space, or a `LatentSpace`.
        truncation: psi. It is ignored if `space` is a `LatentSpace`, which has its own.
        generations: number of rounds; short for `Termination(generations=...)`.
        termination: limits to stop at. Without any, the search runs until it is closed or cancelled.
        cancelled: called before each batch of images. If it returns True, the search ends at once.

    Yields:
        The state after each generation.

    Raises:
        ArgumentError: an argument has another type, the optimizer's latents have another length than the space's,
            `space` belongs to another generator, both `generations` and `termination` are given, the objective does
            not return one score for each image, or no image so far has a finite score.
    """
    space, termination = _checked(generator, objective, optimizer, space, truncation, generations, termination)
    if not callable(cancelled):
        raise ArgumentError("cancelled", type(cancelled).__name__, "a function without arguments")
    began = time.monotonic()
    before = {"generations_before": optimizer.generation, "evaluations_before": optimizer.evaluations}
    top = _survivors(space, optimizer)
    reason = None
    while reason is None:
        scores = []
        for vectors in batches(optimizer.ask(), batch_size(space.generator)):
            if cancelled():
                return
            found = evaluate(space, objective, vectors)
            scores += [find.score for find in found]
            top = _best((*top, *found))
        if not top:
            raise ArgumentError("objective(images)", "NaN or infinity", "finite for at least one image")
        optimizer.tell(scores)
        seconds = time.monotonic() - began
        reason = termination.reason(optimizer, seconds, **before)
        yield Generation(
            number=optimizer.generation,
            evaluations=optimizer.evaluations,
            seconds=seconds,
            best_score=top[0].score,
            mean_score=float(optimizer.scores[optimizer.scores.isfinite()].mean()),
            top=top,
            reason=reason,
            _recipe=_recipes(space, objective, optimizer),
        )


@torch.no_grad()
def evaluate(space: LatentSpace, objective: Objective | Scorer, vectors: Tensor) -> list[Find]:
    """Draws and scores vectors [n, dims], and subtracts the penalty of the space.

    The objective does not get images with numbers that are not finite. Their score is NaN.

    Raises:
        ArgumentError: the objective does not return one score for each image.
    """
    images = space.images(vectors)
    sound = images.isfinite().flatten(1).all(dim=1)
    # A copy, because an objective may change its images in place.
    shown = images.clone() if bool(sound.all()) else images[sound]
    scores = torch.full((len(images),), torch.nan, device=images.device)
    if len(shown):
        scores[sound] = check_scores("objective(images)", objective(shown), len(shown)).to(images.device)
    scores -= space.penalty(vectors).to(images.device)
    rows = zip(vectors.cpu(), images.cpu(), scores.cpu().tolist(), strict=True)
    return [Find(vector, image, score) for vector, image, score in rows]


def _checked(
    generator: Generator,
    objective: Objective | Scorer,
    optimizer: Optimizer,
    space: str | LatentSpace,
    truncation: float,
    generations: int | None,
    termination: Termination | None,
) -> tuple[LatentSpace, Termination]:
    """Checks the arguments. Returns the space and the termination."""
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    if not callable(objective) or isinstance(objective, (type, Generator)):
        raise ArgumentError("objective", type(objective).__name__, "an Objective or a function of images")
    check_type("optimizer", optimizer, Optimizer, "an optimizer, such as DifferentialEvolution")
    if isinstance(space, str):
        space = LatentSpace(generator, space, truncation)
    elif check_type("space", space, LatentSpace, "a LatentSpace, or the name of one").generator is not generator:
        raise ArgumentError("space", "of another generator", "a space of this generator")
    if optimizer.dims != space.dims:
        raise ArgumentError("optimizer.dims", optimizer.dims, f"{space.dims}, the size of space {space.name!r}")
    if termination is None:
        return space, Termination(generations=generations)
    if generations is not None:
        raise ArgumentError("generations", generations, "left out when termination is given")
    return space, check_type("termination", termination, Termination, "a Termination")


def _best(finds: Iterable[Find]) -> tuple[Find, ...]:
    """Returns the finds with the highest finite scores, best first. Of equal ones, the earlier is first."""
    return tuple(sorted((find for find in finds if math.isfinite(find.score)), key=lambda find: -find.score)[:TOP])


@torch.no_grad()
def _survivors(space: LatentSpace, optimizer: Optimizer) -> tuple[Find, ...]:
    """Draws the best of an optimizer's earlier vectors again. Their scores are those from before."""
    if not optimizer.generation:
        return ()
    vector, score = optimizer.best
    known = zip([vector, *optimizer.population], [score, *optimizer.scores.tolist()], strict=True)
    scores = {tuple(vector.tolist()): score for vector, score in known if math.isfinite(score)}
    chosen = sorted(scores, key=lambda vector: -scores[vector])[:TOP]
    parts = batches(torch.tensor(chosen), batch_size(space.generator)) if chosen else ()
    images = [image for part in parts for image in space.images(part).cpu()]
    return tuple(Find(torch.tensor(v), image, scores[v]) for v, image in zip(chosen, images, strict=True))


def _recipes(space: LatentSpace, objective: Objective | Scorer, optimizer: Optimizer) -> Callable[[Find], Recipe]:
    prompt, judge = (objective.prompt, objective.judge) if isinstance(objective, Objective) else (None, None)
    found = Found(
        by="search",
        prompt=prompt,
        judge=judge,
        optimizer=type(optimizer).__name__,
        settings=optimizer.settings,
        generation=optimizer.generation,
    )

    def recipe(find: Find) -> Recipe:
        return space.recipe(find.vector, found=found.model_copy(update={"score": find.score}))

    return recipe
