"""A search as a visitor sees it: what is shown while it runs, how often, and how it ends."""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from spaceseed.batches import batch_size
from spaceseed.evolution.pareto import Front
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import is_slow, use_cores
from spaceseed.ui.kit.jobs import duration, pulled
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.turns import Turn, Turns
from spaceseed.ui.search.hunt import Asked, Drawn, Hunt, Known, Step, filled, hunt
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.shown import Round, Shot, Shown, show
from spaceseed.ui.search.wall import Wall
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import LeaseError
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.wishes import parts, summary

UPDATE_SECONDS = 0.2  # a page keeps up with five updates a second
LINE_SECONDS = 1.0  # what changes between two generations is a number
FRAMES = 6
LEASES = 2  # in a row that may end before the next images are there; a GPU that needs more is too slow for the search


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
        wall: the seeds of the first generation.
        hunt: the work.
        start: vectors [n, dims] of the first generation; None if the optimizer draws them itself.
        first: number of images of the first generation.
        drawn: how many of them are drawn.
        asked: what is searched for, once it is known.
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
    wall: Wall
    hunt: Hunt
    start: Tensor | None
    first: int
    drawn: int = 0
    asked: Asked | None = None
    memory: dict[str, Any] | None = None
    latest: Round | None = None
    shown: Shown | None = None
    status: str = ""
    ended: bool = False
    lines: dict[str, list[float]] = field(default_factory=dict)
    film: list[Frame] = field(default_factory=list)
    generations: int = 1
    images: int = 1
    _pace: "Pace | None" = None
    _steps: gpu.Steps[Drawn | Known | Step] | None = None
    _images_before: int = 0  # of this run
    _seconds_before: float = 0.0
    _seconds: float = 0.0  # of this run, too

    @property
    def share(self) -> float:
        """How much of the search is done, 0 to 1."""
        return self.latest.evaluations / self.images if self.latest else 0.0

    def plan(self) -> None:
        """Plans as many generations as the settings say, from here on."""
        settings = self.job.settings
        done = self.latest.evaluations if self.latest else 0
        rounds = settings.generations - (self.latest is None)
        self.generations = (self.latest.number if self.latest else 0) + settings.generations
        self.images = (done or self.first) + rounds * settings.children
        self.ended = False
        if self.latest is not None:
            self.renew()

    def renew(self) -> None:
        """Has the work begin anew after the latest round."""
        settings, space = self.job.settings, self.hunt.space
        optimizer = settings.optimizer(space, self.start)
        termination = settings.termination
        if self.latest is not None and self.memory is not None:
            optimizer.load_state_dict(self.memory)
            self._images_before = self.latest.evaluations
            self._seconds_before = self._seconds
            termination = replace(termination, generations=self.generations - self.latest.number)
        self.hunt = replace(
            self.hunt,
            job=self.job,
            optimizer=optimizer,
            asked=self.asked,
            latest=self.latest,
            termination=termination,
        )
        self._steps = None

    def steps(self, visitor: Session) -> tuple["Pace", gpu.Steps[Drawn | Known | Step]]:
        """Returns the work, which is begun if it is not yet, and what it asks whether to go on."""
        if self._pace is None or self._steps is None:
            generator = self.hunt.space.generator
            self._pace = Pace(generator, self.job.ticket, visitor)
            images = self.images - (self.latest.evaluations if self.latest else 0)
            self._steps = gpu.stream(partial(hunt, self.hunt), gpu.seconds_for(generator, images), self._pace)
        return self._pace, self._steps

    def begin(self, step: Drawn | Known) -> None:
        """Adds some of the first images."""
        self.wall.add(step.pictures)
        if isinstance(step, Drawn):
            self.drawn = step.count
            self.status = f"Drawing the first images: {self.drawn} of {self.first}"
            return
        self.asked, self.status = step.asked, "Searching from here for better ones..."
        if step.scores is not None:
            self.wall.sort(step.scores)

    def add(self, step: Step) -> None:
        """Adds the next round."""
        optimizer, latest = self.hunt.optimizer, filled(step.round, self.latest)
        if optimizer.evaluations < latest.evaluations:  # a copy was told in a lease, and this one follows
            optimizer.ask()
            optimizer.tell(step.scores)
            optimizer.belongs_to = step.belongs_to
        assert self.asked is not None
        self.latest, self.memory = latest, optimizer.state_dict()
        self.shown = show(latest, getattr(self.asked.objective, "weights", ()), self.asked.phrases)
        best = self.shown.shots[self.shown.best]
        if not self.film or best.score > self.film[-1].shot.score:
            self.film.append(Frame(latest.number, best, latest.recipe(self.shown.ranks[self.shown.best])))
        for name, height in self.shown.points.items():
            self.lines.setdefault(name, []).append(height)
        self._seconds = self._seconds_before + latest.seconds
        self.ended = latest.reason is not None
        self.status = self._said(latest.evaluations, latest.seconds)

    def progress(self, images: int, seconds: float) -> None:
        """Updates the line during a slow generation, from its images scored so far and the seconds of this run."""
        self.status = self._said((self.latest.evaluations if self.latest else 0) + images, seconds)

    def fail(self, error: LeaseError) -> None:
        """Ends the search where it is, because there is no GPU for it."""
        self.ended = True
        kept = f" What was found in {self.latest.number} rounds is kept." if self.latest else ""
        self.status = f"{error}{kept}"

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
        if self.asked is None or self.asked.phrases is None:
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
        settings, reader = self.job.settings, self.asked.phrases if self.asked else None
        phrases = reader.wish.phrases if reader else ()
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


@dataclass(eq=False)
class Pace:
    """What a search asks before each batch: whether it is to end. It may wait there for its turn.

    Attributes:
        generator: draws.
        ticket: of the search.
        visitor: whose it is.
        turn: to wait for; None if the search waits elsewhere.
        batches: how often it was asked.
        closed: True once nobody listens to the search any more.
    """

    generator: Generator
    ticket: Ticket
    visitor: Session
    turn: Turn | None = None
    batches: int = 0
    closed: bool = False

    @property
    def given_up(self) -> bool:
        """Whether the search is not wanted any more."""
        return self.closed or self.ticket.stopped or self.visitor.ticket is not self.ticket

    def __call__(self) -> bool:
        self.batches += 1
        if self.turn is not None and any(self.given_up for _ in self.turn.wait()):
            return True
        use_cores(self.generator)
        return self.given_up


def climb(state: Climb, visitor: Session, turns: Turns) -> Iterator[Climb]:
    """Runs a visitor's search, from its first generation or from where it ended.

    Args:
        state: the search.
        visitor: whose it is.
        turns: of all visitors' searches on this machine. A quick one waits between its rounds, a slow one between its
            batches.

    Yields:
        how it stands, at most five times a second, and once it has ended or was stopped. Nothing is yielded if another
        event runs it already, and nothing more once another search of this visitor has taken its place.
    """
    job = state.job
    if job.ticket.taken:
        return
    job.ticket.taken = True
    state.plan()
    shown, fruitless = -math.inf, 0
    while True:
        latest = state.latest
        try:
            for pause in _run(state, visitor, turns):
                if state.ended or time.monotonic() - shown >= pause:
                    shown = time.monotonic()
                    yield state
        except LeaseError as error:
            state.fail(error)
            yield state
        given_up = job.ticket.stopped or visitor.ticket is not job.ticket
        if state.ended or given_up or not gpu.lends():
            break
        fruitless = fruitless + 1 if state.latest is latest else 0
        if fruitless == LEASES:
            state.fail(LeaseError(gpu.LOST))
            yield state
            return
        state.renew()  # its lease ended before it did
    if not state.ended and visitor.ticket is job.ticket:
        state.stop()
        yield state


def _run(state: Climb, visitor: Session, turns: Turns) -> Iterator[float]:
    """Runs a search until its work ends. Yields after each change for how many seconds the page need not show it."""
    pace, steps = state.steps(visitor)
    generator = state.hunt.space.generator
    lends, slow, size, began = gpu.lends(), is_slow(generator), batch_size(generator), time.monotonic()
    first: Round | None = None
    pace.batches = 0
    try:
        with turns.line() if not lends else nullcontext() as turn:
            pace.turn = turn if slow else None
            for step in turn.share(steps, lambda: state.ended or pace.given_up) if turn and not slow else pulled(steps):
                if isinstance(step, Step):
                    state.add(step)
                    first = first or step.round
                    if lends and first is not step.round:  # the first may count images that were drawn before its time
                        images = step.round.evaluations - first.evaluations
                        gpu.note_rate(generator, images, step.round.seconds - first.seconds)
                    pace.batches = 0
                    yield UPDATE_SECONDS
                elif lends and pace.given_up:  # a GPU may still be waited for
                    return
                elif isinstance(step, str):
                    if not lends:
                        state.progress(max(0, pace.batches - 1) * size, time.monotonic() - began)
                    state.status = (turn.words if turn else "") or state.status
                    yield LINE_SECONDS
    finally:
        pace.closed = True  # a thread may still be at work on the next generation
        with suppress(ValueError):  # it is, and ends by itself
            steps.close()
