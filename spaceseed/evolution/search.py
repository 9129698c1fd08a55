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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spaceseed.arguments import check_integer, check_number, check_type
from spaceseed.batches import batch_size, batches
from spaceseed.errors import ArgumentError
from spaceseed.evolution.finds import (
    KEPT,
    TOP,
    Drawn,
    Find,
    Keep,
    Origin,
    Scorer,
    best_of,
    evaluate,
    on_cpu,
    thumbnails,
)
from spaceseed.evolution.objectives import Objective, named
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.termination import Termination
from spaceseed.recipes.recipe import Found, Recipe

# With avatars, the smallest distance at which eight finds differ at first sight in each of six searches of 1,500
# images. The eighth find then scores 0.02 to 0.04 less than without a distance; the best of 64 random faces scores 0.06
# to 0.2 less.
APART = 0.15
ONE = "one whose `tell` takes one score for each candidate; `pareto` searches with several"
SEVERAL = 'one whose `tell` takes several scores: a GeneticAlgorithm with replacement="nsga2"'


@dataclass(frozen=True)
class Generation:
    """The state of a search after one round of ask, evaluate and tell.

    Attributes:
        number: number of the optimizer's round, from 1.
        evaluations: number of images whose scores the optimizer has received.
        seconds: time since the search began.
        best_score: the best score so far, including earlier searches of this optimizer.
        mean_score: mean of the finite scores in the population; NaN if there are none.
        top: the best finds so far that differ from each other, best first, at most 8. Their scores are finite.
        reason: why the search ends with this generation, e.g. "generations"; None if it continues.
    """

    number: int
    evaluations: int
    seconds: float
    best_score: float
    mean_score: float
    top: tuple[Find, ...]
    reason: str | None
    _origin: Origin

    def recipe(self, rank: int) -> Recipe:
        """Returns the recipe of `top[rank]`. The generator is not needed.

        Raises:
            ArgumentError: the generator has no card.
        """
        return self._origin.recipe(rank, score=self.top[rank].score)

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
    evaluated: Callable[[Tensor, Tensor], object] = lambda _vectors, _scores: None,
    batch: int | None = None,
    apart: float = APART,
    known: Sequence[Find] = (),
    keep: Keep = on_cpu,
) -> Iterator[Generation]:
    """Runs a search until a limit is reached.

    If the optimizer has searched before, the search continues from there: `top` begins with `known`, or else with the
    optimizer's best vectors, drawn again, and `number` and `evaluations` count on. All limits except `target` count
    from the start of this call. The optimizer remembers what it has searched (`optimizer.belongs_to`), and its
    `state_dict` stores this. Another model, space or objective is refused, because the scores so far do not apply to
    it. Plain functions are told apart by their names alone, and the filter of a space may change. To continue
    nevertheless, set `optimizer.belongs_to` to None.

    All vectors and scores of a search can be saved::

        batches = []
        keep = lambda vectors, scores: batches.append((vectors, scores))
        for generation in search(G, objective, optimizer, generations=40, evaluated=keep):
            ...
        vectors, scores = map(torch.cat, zip(*batches))
        safetensors.torch.save_file({"vectors": vectors, "scores": scores}, "run.safetensors")

    Images are drawn, scored and dropped on the generator's device. Only those of the finds in `top` are copied from it.

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
        evaluated: called with the vectors [n, dims] and the scores [n] of each batch of images, on the CPU, in the
            order of `optimizer.ask`. Scores may not be finite.
        batch: number of images to draw at a time; by default as many as suit the device's memory. Scores do not depend
            on it, except for rounding.
        apart: the finds in `top` differ from each other by at least this much: the root mean square difference of their
            images at 16 x 16 pixels, 0 to 2. Two random avatars differ by 0.43 on average. A better find removes worse
            ones that are nearer; the best always stays. With 0, near the end `top` shows nearly one image eight times.
        known: finds of earlier searches of this optimizer, such as `generation.top`.
        keep: makes of the images [n, 3, H, W] of finds that come into `top`, on the generator's device, what
            `Find.image` holds. It returns n objects. By default they are the pixels, as tensors on the CPU.

    Yields:
        The state after each generation.

    Raises:
        ArgumentError: an argument has another type, the optimizer's latents have another length than the space's,
            `space` belongs to another generator, the optimizer has searched something else, both `generations` and
            `termination` are given, the objective does not return one score for each image, or no image so far has a
            finite score.
    """
    space, termination, here = checked(
        generator, [objective], optimizer, space, truncation, generations, termination, cancelled, batch
    )
    if not callable(evaluated):
        raise ArgumentError("evaluated", type(evaluated).__name__, "a function of vectors and scores")
    check_number("apart", apart, 0, 2)
    known = tuple(check_type("find", find, Find, "a Find") for find in known)
    began = time.monotonic()
    before = {"generations_before": optimizer.generation, "evaluations_before": optimizer.evaluations}
    kept = best_of(known, apart) or _survivors(space, optimizer, batch, apart)
    reason = None
    while reason is None:
        scores: list[float] = []
        for vectors in batches(optimizer.ask(), batch or batch_size(space.generator)):
            if cancelled():
                return
            found = evaluate(space, [objective], vectors)
            evaluated(found.vectors, found.scores[:, 0])
            scores += found.scores[:, 0].tolist()
            # With enough finds kept, worse ones change nothing, and most images are worse.
            least = kept[-1].score if len(kept) == KEPT else -math.inf
            entering = found.finds([i for i, score in enumerate(scores[-len(vectors) :]) if score > least])
            kept = best_of((*kept, *entering), apart) if entering else kept
        if not kept:
            raise ArgumentError("objective(images)", "NaN or infinity", "finite for at least one image")
        optimizer.tell(scores)
        optimizer.belongs_to = here
        top = tuple(find.kept(keep) if isinstance(find, Drawn) else find for find in kept[:TOP])
        kept, seconds = (*top, *kept[TOP:]), time.monotonic() - began
        reason = termination.reason(optimizer, seconds, **before)
        yield Generation(
            number=optimizer.generation,
            evaluations=optimizer.evaluations,
            seconds=seconds,
            best_score=top[0].score,
            mean_score=float(optimizer.scores[optimizer.scores.isfinite()].mean()),
            top=top,
            reason=reason,
            _origin=Origin.of(space, [find.vector for find in top], how_found([objective], optimizer)),
        )


def checked(
    generator: Generator,
    objectives: Sequence[Objective | Scorer],
    optimizer: Optimizer,
    space: str | LatentSpace,
    truncation: float,
    generations: int | None,
    termination: Termination | None,
    cancelled: Callable[[], bool],
    batch: int | None,
) -> tuple[LatentSpace, Termination, str]:
    """Checks the arguments of a search. Returns the space, the termination, and what the optimizer will belong to."""
    check_type("generator", generator, Generator, "a Generator, such as load returns")
    for objective in objectives:
        if not callable(objective) or isinstance(objective, (type, Generator)):
            raise ArgumentError("objective", type(objective).__name__, "an Objective or a function of images")
    check_type("optimizer", optimizer, Optimizer, "an optimizer, such as DifferentialEvolution")
    if optimizer.several_scores != (len(objectives) > 1):
        raise ArgumentError("optimizer", type(optimizer).__name__, SEVERAL if len(objectives) > 1 else ONE)
    space = checked_space(generator, space, truncation)
    if optimizer.dims != space.dims:
        raise ArgumentError("optimizer.dims", optimizer.dims, f"{space.dims}, the size of space {space.name!r}")
    if termination is None:
        termination = Termination(generations=generations)
    elif generations is not None:
        raise ArgumentError("generations", generations, "left out when termination is given")
    check_type("termination", termination, Termination, "a Termination")
    check_cancelled(cancelled)
    if batch is not None:
        check_integer("batch", batch, 1)
    here = f"{space!r}: {' | '.join(map(named, objectives))}"
    if optimizer.belongs_to not in (None, here):
        raise ArgumentError("optimizer.belongs_to", optimizer.belongs_to, f"{here!r}, which this search is, or None")
    return space, termination, here


def check_cancelled(cancelled: Callable[[], bool]) -> None:
    """Raises ArgumentError if `cancelled` is not a function."""
    if not callable(cancelled):
        raise ArgumentError("cancelled", type(cancelled).__name__, "a function without arguments")


def checked_space(generator: Generator, space: str | LatentSpace, truncation: float) -> LatentSpace:
    """Returns a space, given by its name or itself. Raises ArgumentError if it belongs to another generator."""
    if isinstance(space, str):
        return LatentSpace(generator, space, truncation)
    if check_type("space", space, LatentSpace, "a LatentSpace, or the name of one").generator is not generator:
        raise ArgumentError("space", "of another generator", "a space of this generator")
    return space


def how_found(objectives: Sequence[Objective | Scorer], optimizer: Optimizer) -> Found:
    """Returns how the finds of this round were found, without their scores."""
    known = [objective for objective in objectives if isinstance(objective, Objective)]
    return Found(
        by="search",
        prompt=" | ".join(each.prompt for each in known if each.prompt) or None,
        judge=", ".join(dict.fromkeys(each.judge for each in known if each.judge)) or None,
        optimizer=type(optimizer).__name__,
        settings=optimizer.settings,
        generation=optimizer.generation,
    )


@torch.no_grad()
def _survivors(space: LatentSpace, optimizer: Optimizer, batch: int | None, apart: float) -> tuple[Find, ...]:
    """Draws the best of an optimizer's earlier vectors again. Their scores are those from before."""
    if not optimizer.generation:
        return ()
    vector, score = optimizer.best
    known = zip([vector, *optimizer.population], [score, *optimizer.scores.tolist()], strict=True)
    scores = {tuple(vector.tolist()): score for vector, score in known if math.isfinite(score)}
    chosen = sorted(scores, key=lambda vector: -scores[vector])[:KEPT]
    parts = batches(torch.tensor(chosen), batch or batch_size(space.generator)) if chosen else ()
    images = [image.clone() for part in parts for image in space.images(part)]
    rows = zip(chosen, images, thumbnails(torch.stack(images)) if images else (), strict=True)
    return best_of([Drawn(torch.tensor(v), image, scores[v], small.clone()) for v, image, small in rows], apart)
