"""A search as a visitor sees it: what is shown while it runs, how often, and how it ends."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from spaceseed.evolution.finds import Find
from spaceseed.evolution.objectives import TextObjective
from spaceseed.evolution.search import Generation, search
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.jobs import waiting_for
from spaceseed.ui.kit.pictures import thumbnail
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.search.settings import SearchSettings
from spaceseed.ui.state.avoiding import Learned
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

UPDATE_SECONDS = 0.2  # a page keeps up with five updates a second
LINE_SECONDS = 1.0  # what changes between two generations is a number
FRAMES = 6
ENDINGS = {
    "generations": "Done",
    "patience": "Done, for nothing got better",
    "target": "Done, the target score is reached",
    "seconds": "Time is up",
}


@dataclass(frozen=True)
class Job:
    """A search that the visitor asked for, checked and ready to begin."""

    model: str
    view: View
    settings: SearchSettings
    liked: Tensor | None
    ticket: Ticket
    avoid: Learned | None = None

    def truncation(self, generator: Generator) -> float:
        """Returns psi of the search; 1 where it has no effect."""
        card = generator.card
        return 1.0 if card is not None and card.truncation is None else self.settings.truncation


@dataclass
class Climb:
    """What a search has shown so far.

    Attributes:
        settings: as the visitor chose them.
        latest: the generation come to last; None before the first.
        status: one line about it.
        ended: True once there will be no more.
        best, mean: scores of each generation.
        film: each image that was the best for a time, with the number of its generation.
    """

    settings: SearchSettings
    latest: Generation | None = None
    status: str = ""
    ended: bool = False
    best: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    film: list[tuple[int, Find]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of the search is done, 0 to 1."""
        return self.latest.evaluations / self.settings.images if self.latest else 0.0

    def add(self, generation: Generation) -> None:
        """Adds the next generation; its pictures are kept as small as they are shown."""
        generation = replace(generation, top=tuple(_small(find) for find in generation.top))
        if not self.best or generation.best_score > self.best[-1]:
            self.film.append((generation.number, generation.top[0]))
        self.latest = generation
        self.best.append(generation.best_score)
        self.mean.append(generation.mean_score)
        self.status = describe(generation, self.settings)
        self.ended = generation.reason is not None

    def progress(self, images: int, seconds: float) -> None:
        """Updates the line during a slow generation, from the images scored and the seconds passed."""
        if self.latest is not None:
            self.status = describe(replace(self.latest, evaluations=images, seconds=seconds), self.settings)
        else:
            first = max(self.settings.algorithm.population, self.settings.warm_start)
            self.status = f"Generation 1 of {self.settings.generations} \u00b7 {images} of {first} images"

    def frames(self) -> list[tuple[int, Find]]:
        """Returns the first best image, the present one, and some between them."""
        chosen = np.linspace(0, len(self.film) - 1, min(FRAMES, len(self.film))).round().astype(int)
        return [self.film[i] for i in chosen]

    def recipes(self, count: int) -> list[Recipe]:
        """Returns recipes of the best `count` finds, best first."""
        if self.latest is None:
            return []
        found = [self.latest.recipe(rank) for rank in range(min(count, len(self.latest.top)))]
        return [recipe.replace(name=self.settings.prompt, found=self._found(recipe)) for recipe in found]

    def _found(self, recipe: Recipe) -> Found:
        settings = recipe.found.settings | self.settings.summary()
        return recipe.found.model_copy(update={"settings": settings})


def describe(generation: Generation, settings: SearchSettings) -> str:
    """Returns a line that says how far a search is, or how it ended."""
    speed = generation.evaluations / max(generation.seconds, 1e-9)
    if generation.reason is not None:
        return (
            f"{ENDINGS[generation.reason]}: {generation.evaluations:,} images in {duration(generation.seconds)}, "
            f"best score {generation.best_score:.3f}"
        )
    left = duration((settings.images - generation.evaluations) / speed)
    count = f"Generation {generation.number} of {settings.generations}"
    rate = f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"
    return f"{count} \u00b7 {generation.evaluations:,} images \u00b7 {rate} images/s \u00b7 {left} left"


def duration(seconds: float) -> str:
    """Returns seconds as people write them: "8 s" or "2 min 5 s"."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def climb(generator: Generator, judge: "Judge", job: Job, visitor: Session) -> Iterator[Climb]:
    """Runs a visitor's search.

    Yields:
        how it stands, at most five times a second, and once it has ended or was stopped. Nothing more is yielded once
        another search of this visitor has taken its place.
    """
    settings, state, closed = job.settings, Climb(job.settings), False
    space = job.view.space(generator, settings.space, job.truncation(generator))
    if job.avoid is not None:
        space = space.restricted(job.avoid.within(space))
    objective = _Counted(judge, settings.prompt)

    def cancelled() -> bool:
        use_cores(generator)
        return closed or job.ticket.stopped or visitor.ticket is not job.ticket

    generations = search(
        generator,
        objective,
        settings.optimizer(space, job.liked),
        space=space,
        termination=settings.termination,
        cancelled=cancelled,
    )
    began, shown = time.monotonic(), -math.inf
    try:
        for step in _steps(generations) if is_slow(generator) else generations:
            if isinstance(step, str):
                state.progress(objective.count, time.monotonic() - began)
            else:
                state.add(step)
            pause = LINE_SECONDS if isinstance(step, str) else UPDATE_SECONDS
            if state.ended or time.monotonic() - shown >= pause:
                shown = time.monotonic()
                yield state
    finally:
        closed = True  # a thread may still be at work on the next generation
    if not state.ended and visitor.ticket is job.ticket:
        state.ended = True
        state.status = f"Stopped after generation {len(state.best)}." if state.best else "Stopped at once."
        yield state


class _Counted(TextObjective):
    """Counts the images that it has scored."""

    count = 0

    def __call__(self, images: Tensor) -> Tensor:
        scores = super().__call__(images)
        self.count += len(images)
        return scores


def _steps(generations: Iterator[Generation]) -> Iterator[Generation | str]:
    """Yields a slow search's generations, and between them empty strings, so that the page can say how far it is."""
    while True:
        for step in waiting_for(lambda: next(generations, None), str):
            if step is None:
                return
            yield step


@torch.no_grad()
def _small(find: Find) -> Find:
    return replace(find, image=thumbnail(find.image[None])[0])
