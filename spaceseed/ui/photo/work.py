"""The work of finding a picture. It knows neither the visitor nor the page, so a GPU that is lent can do it."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch

from spaceseed.inversion.projection import project
from spaceseed.inversion.starts import nearest_seed
from spaceseed.models.judges.encoder import Encoder, load_encoder
from spaceseed.models.judges.perceptual import PerceptualDistance, load_distance
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.pictures import Jpeg, jpegs
from spaceseed.ui.photo.job import Job

NAME = "from a picture"
UPDATE_SECONDS = 0.2  # a page keeps up with five updates a second
DRAWING_SHARE = 0.2  # of the time that may go into pictures of what was found so far


@dataclass(frozen=True)
class Looked:
    """Some seeds were looked at, to begin with one.

    Attributes:
        count: how many so far.
        picture: of the nearest; None where none of the last was nearer than those before.
    """

    count: int
    picture: Jpeg | None


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        number: of steps so far.
        count: of steps in all.
        recipe: of the best so far.
        picture: of it; None where it was not drawn.
    """

    number: int
    count: int
    recipe: Recipe
    picture: Jpeg | None


def work(job: Job, cancelled: Callable[[], bool]) -> Iterator[Looked | Step]:
    """Finds a picture.

    Args:
        job: what to find.
        cancelled: called before each step. If it returns True, the work ends at once.

    Yields:
        what has come about.
    """
    if cancelled():
        return
    generator = job.generator
    distance, start = _distance(job.distance, generator.device), None
    if job.encoder:
        with torch.no_grad():
            start = _encoder(job.encoder, generator.device)(job.image)
    shown = None
    for nearest in nearest_seed(generator, job.image, distance, count=job.seeds, mask=job.mask) if job.seeds else ():
        start = nearest.ws
        yield Looked(nearest.count, *(jpegs(nearest.image) if nearest.seed != shown else [None]))
        shown = nearest.seed
        if cancelled():
            return
    found = project(
        generator,
        job.image,
        space=job.space,
        method=job.method,
        steps=job.steps,
        mask=job.mask,
        start=start,
        labels=job.labels,
        distance=distance,
        proximity=job.proximity,
    )
    best, drawn_at, took = None, -math.inf, 0.0
    for state in found:
        picture, now = None, time.monotonic()
        if state.recipe is not best and now - drawn_at > max(UPDATE_SECONDS, took / DRAWING_SHARE):
            [picture], best = jpegs(state.image), state.recipe
            drawn_at = time.monotonic()
            took = drawn_at - now
        yield Step(state.step, state.steps, state.recipe.replace(name=NAME), picture)
        if cancelled():
            return


# All are small and bundled: a worker on a lent GPU loads its own.
@cache
def _distance(name: str, device: torch.device) -> PerceptualDistance:
    return load_distance(name, device)


@cache
def _encoder(model: str, device: torch.device) -> Encoder:
    return load_encoder(model, device)
