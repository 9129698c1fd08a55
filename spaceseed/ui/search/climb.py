"""A search as a visitor sees it: what is shown while it runs, how often, and how it ends."""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from spaceseed.evolution.objectives import EmbeddingObjective
from spaceseed.evolution.pareto import Front
from spaceseed.evolution.wishes import WishObjective
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import Generator
from spaceseed.ops.optimizer import Optimizer
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.jobs import waiting_for
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.shown import Round, Shot, Shown, rounds, show
from spaceseed.ui.search.wall import Wall
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.wishes import parts, summary

UPDATE_SECONDS = 0.2  # a page keeps up with five updates a second
LINE_SECONDS = 1.0  # what changes between two generations is a number
FRAMES = 6


class Frame(NamedTuple):
    """An image that was the best for a time, and the number of its round."""

    number: int
    shot: Shot
    recipe: Recipe


@dataclass
class Climb:
    """A search, as far as it has come. It can go on after it has ended.

    Attributes:
        job: what is searched for.
        objective: scores the images.
        phrases: the part of the objective that reads the words, if there are any.
        wall: the seeds of the first generation.
        start: vectors [n, dims] of the first generation; None if the optimizer draws them itself.
        batch: number of images to draw at a time.
        drawn: images of the first generation, in batches, until they are scored.
        memory: the state of the optimizer after the latest generation.
        latest: the round come to last; None before the first.
        shown: what the page shows of it.
        status: one line about it.
        ended: True while no more is to come.
        lines: of the curve, by name: their heights at each round.
        film: each image that was the best for a time.
        generations, images: how many there will be if nothing ends the search early.
    """

    job: Job
    objective: EmbeddingObjective
    phrases: WishObjective | None
    wall: Wall
    start: Tensor | None = None
    batch: int = 1
    drawn: list[Tensor] = field(default_factory=list)
    memory: dict[str, Any] | None = None
    latest: Round | None = None
    shown: Shown | None = None
    status: str = ""
    ended: bool = False
    lines: dict[str, list[float]] = field(default_factory=dict)
    film: list[Frame] = field(default_factory=list)
    generations: int = 1
    images: int = 1
    _images_before: int = 0  # of this run
    _seconds_before: float = 0.0

    @property
    def share(self) -> float:
        """How much of the search is done, 0 to 1."""
        return self.latest.evaluations / self.images if self.latest else 0.0

    def optimizer(self, space: LatentSpace) -> Optimizer:
        """Returns the optimizer as it was after the latest generation."""
        optimizer = self.job.settings.optimizer(space, self.start)
        if self.memory is not None:
            optimizer.load_state_dict(self.memory)
        return optimizer

    def plan(self) -> None:
        """Plans as many generations as the settings say, from here on."""
        settings = self.job.settings
        done = self.latest.evaluations if self.latest else 0
        rounds = settings.generations - (self.latest is None)
        self._images_before = done
        self._seconds_before += self.latest.seconds if self.latest else 0.0
        self.generations = (self.latest.number if self.latest else 0) + settings.generations
        self.images = (done or sum(map(len, self.drawn))) + rounds * settings.children
        self.ended = False

    def add(self, step: Round, memory: dict[str, Any]) -> None:
        """Adds the next round.

        Args:
            step: the round.
            memory: the state of the optimizer after it.
        """
        self.latest, self.memory = step, memory
        self.shown = show(step, getattr(self.objective, "weights", ()), self.phrases)
        best = self.shown.shots[self.shown.best]
        if not self.film or best.score > self.film[-1].shot.score:
            self.film.append(Frame(step.number, best, step.recipe(self.shown.ranks[self.shown.best])))
        for name, height in self.shown.points.items():
            self.lines.setdefault(name, []).append(height)
        self.ended = step.reason is not None
        self.status = self._said(step.evaluations, step.seconds)

    def progress(self, images: int, seconds: float) -> None:
        """Updates the line during a slow generation, from the images scored in this run and the seconds passed."""
        self.status = self._said(self._images_before + images, seconds)

    def stop(self) -> None:
        """Ends the search where it is."""
        self.ended = True
        stopped = "Stopped at once."
        if self.latest is not None:
            stopped = f"Stopped after round {self.latest.number}. {self.verdict}"
        self.status = stopped

    def _said(self, images: int, seconds: float) -> str:
        """Returns a line that says how far the search is, or how it ended."""
        if self.ended:
            took = duration(self._seconds_before + seconds)
            return f"{self._ending}: {images:,} images in {took}. {self.verdict}"
        count = f"Round {self.latest.number if self.latest else 1} of {self.generations}"
        scored = images - self._images_before
        if not scored:
            return count
        speed = scored / max(seconds, 1e-9)
        rate = f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"
        left = duration((self.images - images) / speed)
        return f"{count} \u00b7 {images:,} images \u00b7 {rate} images/s \u00b7 {left} left"

    @property
    def _ending(self) -> str:
        assert self.latest is not None
        if self.latest.reason == "patience":
            rounds = self.job.settings.patience
            return f"Nothing got better for {rounds} round{'s' if rounds > 1 else ''}"
        return "Time is up" if self.latest.reason == "seconds" else "Done"

    @property
    def verdict(self) -> str:
        """How good the finds are, in a sentence."""
        if self.latest is None or self.shown is None:
            return ""
        if isinstance(self.latest, Front):
            return f"{len(self.shown.shots)} of {len(self.latest.finds)} compromises are shown."
        if self.phrases is None:
            return f"Best score {self.latest.best_score:.3f}."
        return summary(self.recipe(self.shown.best).found)

    def frames(self) -> list[Frame]:
        """Returns the first best image, the present one, and some between them."""
        chosen = np.linspace(0, len(self.film) - 1, min(FRAMES, len(self.film))).round().astype(int)
        return [self.film[i] for i in chosen]

    def recipe(self, place: int) -> Recipe:
        """Returns the recipe of the find that is shown in this place; it says what the find has of the wish."""
        assert self.latest is not None
        assert self.shown is not None
        return self.told(self.latest.recipe(self.shown.ranks[place]), self.shown.shots[place])

    def told(self, recipe: Recipe, shot: Shot) -> Recipe:
        """Returns the recipe of a find with what was searched for, and what the find has of it."""
        settings, phrases = self.job.settings, self.phrases.wish.phrases if self.phrases else ()
        has, lacks = parts(phrases, shot.met)
        told = {
            "prompt": settings.title,
            "settings": recipe.found.settings | settings.summary(),
            "has": has,
            "lacks": lacks,
        }
        return recipe.replace(name=settings.title, found=recipe.found.model_copy(update=told))

    def recipes(self, count: int) -> list[Recipe]:
        """Returns recipes of `count` of the finds that are shown, or all: first the best, then in their order."""
        if self.shown is None:
            return []
        places = dict.fromkeys([self.shown.best, *range(len(self.shown.shots))])
        return [self.recipe(place) for place in list(places)[:count]]


def duration(seconds: float) -> str:
    """Returns seconds as people write them: "8 s" or "2 min 5 s"."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def climb(generator: Generator, state: Climb, visitor: Session, turns: Turns) -> Iterator[Climb]:
    """Runs a visitor's search, from its first generation or from where it ended.

    Args:
        generator: draws.
        state: the search.
        visitor: whose it is.
        turns: of all visitors' searches. A quick one waits between its rounds, a slow one between its batches.

    Yields:
        how it stands, at most five times a second, and once it has ended or was stopped. Nothing is yielded if another
        event runs it already, and nothing more once another search of this visitor has taken its place.
    """
    job = state.job
    if job.ticket.taken:
        return
    job.ticket.taken = True
    space = job.space(generator)
    optimizer = state.optimizer(space)
    state.plan()
    closed, sizes, slow = False, list[int](), is_slow(generator)

    def given_up() -> bool:
        return closed or state.ended or job.ticket.stopped or visitor.ticket is not job.ticket

    def cancelled() -> bool:
        if slow and any(given_up() for _ in turn.wait()):
            return True
        use_cores(generator)
        return given_up()

    def images(vectors: Tensor) -> Tensor:
        sizes.append(len(vectors))
        return state.drawn.pop(0) if state.drawn else space.images(vectors)

    ready = copy.copy(space)
    ready.images = images  # type: ignore[method-assign]
    steps = rounds(
        generator,
        state.objective,
        optimizer,
        state.latest,
        space=ready,
        termination=job.settings.termination,
        cancelled=cancelled,
        batch=state.batch,
    )
    began, shown = time.monotonic(), -math.inf
    try:
        with turns.line() as turn:
            for step in _steps(steps) if slow else turn.share(steps, given_up):
                if isinstance(step, str):
                    state.progress(sum(sizes[:-1]), time.monotonic() - began)
                    state.status = turn.words or state.status
                else:
                    state.add(step, optimizer.state_dict())
                pause = LINE_SECONDS if isinstance(step, str) else UPDATE_SECONDS
                if state.ended or time.monotonic() - shown >= pause:
                    shown = time.monotonic()
                    yield state
    finally:
        closed = True  # a thread may still be at work on the next generation
    if not state.ended and visitor.ticket is job.ticket:
        state.stop()
        yield state


def _steps(steps: Iterator[Round]) -> Iterator[Round | str]:
    """Yields a slow search's rounds, and between them empty strings, so that the page can say how far it is."""
    while True:
        for step in waiting_for(lambda: next(steps, None), str):
            if step is None:
                return
            yield step
