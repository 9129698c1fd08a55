"""A picture being found, as a stream of what the page shows."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import Generator
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.jobs import duration, pulled
from spaceseed.ui.kit.pictures import Jpeg, jpegs
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.kit.turns import Turn, Turns
from spaceseed.ui.photo.job import Job
from spaceseed.ui.photo.telling import figures
from spaceseed.ui.photo.work import UPDATE_SECONDS, Looked, Step, work
from spaceseed.ui.state import gpu
from spaceseed.ui.state.gpu import LeaseError
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.photo import Photo
from spaceseed.ui.state.session import Session

IMAGES_A_STEP = 4  # as long as a step takes, one way and back


@dataclass(eq=False)
class Pace:
    """What the work asks before each step: whether it is to end. It may wait there for its turn.

    Attributes:
        generator: draws.
        given_up: whether the picture is not wanted any more.
        turn: to wait for; None if the work waits elsewhere.
    """

    generator: Generator
    given_up: Callable[[], bool]
    turn: Turn | None = None

    def __call__(self) -> bool:
        if self.turn is not None and any(self.given_up() for _ in self.turn.wait()):
            return True
        use_cores(self.generator)
        return self.given_up()


@dataclass(eq=False)
class Run:
    """A picture being found, as far as that has come.

    Attributes:
        job: what is to be found.
        photo: the visitor's picture, which notes what was found of it.
        ticket: the right to look for it.
        latest: the last step; None before the first.
        picture: of the best so far.
        status: a line about it.
        closed: True once nobody listens any more.
    """

    job: Job
    photo: Photo
    ticket: Ticket
    latest: Step | None = None
    picture: Jpeg | None = None
    status: str = "Getting ready..."
    closed: bool = False
    _began: float = math.nan

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self.latest.number / self.latest.count if self.latest else 0.0

    def add(self, step: Looked | Step) -> None:
        """Adds what has come about."""
        if isinstance(step, Looked):
            self.status = f"Looking for one to begin with: {step.count} of {self.job.seeds}"
            self.picture = step.picture or self.picture
            return
        if self.latest is None:
            self._began = time.monotonic()
        self.latest, self.picture = step, step.picture or self.picture
        self.photo.found, self.photo.picture = step.recipe, None
        self.status = f"Step {step.number} of {step.count}"
        if step.number > 1:
            rate = (time.monotonic() - self._began) / (step.number - 1)
            self.status += f" · {duration(rate * (step.count - step.number))} left"

    def end(self, why: str = "") -> None:
        """Ends it where it is.

        Args:
            why: a sentence that says what ended it early, if not the visitor did.
        """
        if self.latest is None:
            self.status = why or "Stopped at once."
        elif why:
            self.status = f"{why} The best of {self.latest.number} steps is kept."
        elif self.latest.number < self.latest.count:
            self.status = f"Stopped after step {self.latest.number}: the best so far is kept."
        else:
            self.status = f"Done: {self.latest.count} steps in {duration(time.monotonic() - self._began)}."


def steps(networks: Networks, visitor: Session, job: Job, ticket: Ticket) -> Iterator[dict[str, Any]]:
    """Finds the visitor's picture.

    Yields:
        values for what the page shows of it, by name, at most five times a second; it ends once another search for a
        picture of this visitor has taken its place, or the page was closed.
    """
    photo, model = visitor.photo, visitor.model
    if photo is None or ticket.taken:
        return
    ticket.taken = True
    run = Run(job, photo, ticket)

    def is_over() -> bool:
        return visitor.photo is not photo or photo.ticket is not ticket

    def given_up() -> bool:
        return run.closed or ticket.stopped or is_over() or visitor.model != model

    shown, why = -math.inf, ""
    yield _shown(visitor, run)
    try:
        for _ in _run(run, Pace(job.generator, given_up), networks.turns):
            if time.monotonic() - shown >= UPDATE_SECONDS:
                shown = time.monotonic()
                yield _shown(visitor, run)
    except LeaseError as error:
        why = str(error)
    if is_over():
        yield _shown(visitor, run)  # `Tasks.newest` shows what the newer one has shown in its place
        return
    if visitor.model != model:
        why = "The model was changed."
    elif gpu.lends() and not ticket.stopped and run.share < 1:
        why = why or gpu.LOST
    run.end(why)
    ticket.stopped = True  # nothing runs with it any more
    yield _shown(visitor, run) | _ended(networks, run)


def _run(run: Run, pace: Pace, turns: Turns) -> Iterator[None]:
    """Does the work in turns with others: quick work waits between its steps, slow work inside. Yields at changes."""
    job = run.job
    images = IMAGES_A_STEP * job.steps + job.seeds
    found = gpu.stream(partial(work, job), gpu.seconds_for(job.generator, images), pace)
    lends, slow = gpu.lends(), job.is_slow
    try:
        with turns.line() if not lends else nullcontext() as turn:
            pace.turn = turn if slow else None
            for step in turn.share(found, pace.given_up) if turn and not slow else pulled(found):
                if isinstance(step, Looked | Step):
                    use_cores(job.generator)
                    run.add(step)
                elif pace.given_up():
                    return
                else:
                    run.status = (turn.words if turn else "Waiting for a GPU..." * (not run.latest)) or run.status
                yield
    finally:
        run.closed = True  # a thread may still be at work on the next step
        with suppress(ValueError):  # it is, and ends by itself
            found.close()


def _shown(visitor: Session, run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": {"text": run.status, "share": run.share},
        "stop": gr.Button(interactive=True),
    }
    if run.picture is not None:
        find = visitor.thumbnails.show(run.latest.recipe) if run.latest else ""
        values["found"] = {"image": run.picture.url, "find": find}
    return values


def _ended(networks: Networks, run: Run) -> dict[str, Any]:
    """Returns what the page shows at the end: the best as its recipe draws it, and how near it came."""
    values: dict[str, Any] = {"stop": gr.Button(interactive=False)}
    if run.latest is None:
        return values
    generator, recipe = run.job.generator, run.latest.recipe
    use_cores(generator)
    image = recipe.render(generator)
    [run.picture] = jpegs(image)
    run.photo.picture = run.picture
    named = networks.is_bundled(recipe.model)
    found = {"image": run.picture.url, "find": recipe.id}
    return values | {"found": found, "figures": figures(image, run.job.image, run.job.mask, named=named)}
