"""Words become images: the best seeds for them, and a search from there."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from gradio.data_classes import FileDataDict

from spaceseed.atlas.atlas import Atlas
from spaceseed.evolution.find import natural_embeddings, objective_for
from spaceseed.evolution.objectives import EmbeddingObjective
from spaceseed.models.generators.generator import MAX_SEED, Generator
from spaceseed.ui.api.asked import model_of, truncation_of
from spaceseed.ui.api.pictures import draw
from spaceseed.ui.kit.jobs import DownloadProgress, waiting_for
from spaceseed.ui.kit.numbers import whole
from spaceseed.ui.kit.tasks import Ticket
from spaceseed.ui.search.algorithms import CMAESSettings
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import Climb, climb
from spaceseed.ui.search.job import Job
from spaceseed.ui.search.settings import SearchSettings, suited
from spaceseed.ui.state.networks import JUDGE, Networks
from spaceseed.ui.state.prompts import about_wish
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import View

if TYPE_CHECKING:
    from spaceseed.models.judges.clip import Judge

MIN_IMAGES, MAX_IMAGES = 32, 2_000
MAX_SECONDS = 120.0  # waiting and downloads included
MAX_COUNT = 100


class Seed(TypedDict):
    """A seed, and how well its image fits the words."""

    seed: int
    score: float


class State(TypedDict):
    """How a search stands."""

    status: str
    round: int
    images: int
    score: float | None
    note: str


def query_atlas(networks: Networks, prompt: str, model: str = "", count: int = 12) -> list[Seed]:
    """Looks up the seeds whose images fit a text best, without drawing any. It takes milliseconds.

    Args:
        prompt: What the image should show, such as "red hair, no glasses".
        model: The id of a model that has an atlas, such as "avatars". The app's own one if empty.
        count: How many seeds, 1 to 100.

    Returns:
        The seeds, best first, and the score of each, as search tells it. generate draws them.
    """
    card = model_of(networks, model)
    settings = _settings(prompt)
    count = whole(count, 1, MAX_COUNT, "count")
    missing = f"There is no atlas of {card.title} here: search for the words instead."
    if not networks.at_hand(card.id):
        raise ValueError(missing)
    generator, judge = networks.generator(card.id), networks.judge(card.id)
    space = View.of(generator).space(generator)
    atlas, _ = networks.atlases.atlas(generator, judge, space.labels)
    if atlas is None:
        raise ValueError(missing)
    objective = objective_for(judge, settings.words, lambda: natural_embeddings(space, judge, atlas, ()))
    assert isinstance(objective, EmbeddingObjective)
    seeds, scores = atlas.query(objective.of_embeddings, count)
    return [Seed(seed=seed, score=score) for seed, score in zip(seeds, scores.tolist(), strict=True)]


def search(
    networks: Networks,
    prompt: str,
    model: str = "",
    images: int = 500,
    truncation: float | None = None,
    seed: int = 0,
) -> Iterator[tuple[State, str, FileDataDict | None]]:
    """Searches for an image that fits a text, and tells how it stands while it runs, as the Search tab does.

    Args:
        prompt: What the image should show, such as "a smiling woman with red hair, no glasses".
        model: The id of a model, as list_models names it. The app's own one if empty.
        images: How many images to draw at most, 32 to 2000. A search ends after two minutes in any case.
        truncation: From 0 (all images alike) to 1.5 (varied, some broken). What suits the model if null.
        seed: Seed of all that chance decides, 0 to 4294967295.

    Returns:
        How the search stands: in words, rounds, images drawn, the best score so far, and which words may be misread.
        The best recipe so far, as JSON text; empty before the first round.
        At the end its image, a PNG file with the recipe inside.
    """
    card = model_of(networks, model)
    psi = truncation_of(card, truncation)
    settings = _settings(prompt, truncation=psi, seed=whole(seed, 0, MAX_SEED, "seed"))
    images = whole(images, MIN_IMAGES, MAX_IMAGES, "images")
    generator = networks.generator(card.id)
    job = Job(card.id, View.of(generator), _sized(settings, generator, images), Ticket())
    yield from _run(networks, generator, job)


def _settings(prompt: Any, **others: Any) -> SearchSettings:
    """Returns what the page's Search makes of these words."""
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError("prompt must be a text that says what the image should show.")
    return SearchSettings.parse({"prompt": prompt, "algorithm": CMAESSettings.title} | others)


def _sized(settings: SearchSettings, generator: Generator, images: int) -> SearchSettings:
    """Returns the settings of a search that draws so many images at most."""
    fits = suited(generator)
    population, first = min(fits["population"], images), min(fits["warm_start"], images)
    rounds = 1 + (images - max(population, first)) // population
    algorithm = {CMAESSettings.title: {"population": population}}
    common = settings.model_dump(exclude={"algorithm"}) | {"generations": rounds, "warm_start": first}
    return SearchSettings.parse(common | {"algorithm": CMAESSettings.title} | algorithm)


def _run(networks: Networks, generator: Generator, job: Job) -> Iterator[tuple[State, str, FileDataDict | None]]:
    """Runs a search as a visitor who has just come, on the page's own way: it waits for its turn among theirs."""
    visitor, until = Session.on(generator), time.monotonic() + MAX_SECONDS
    visitor.ticket = job.ticket
    try:
        with networks.atlases.searching():
            now, note = None, ""
            for step in _steps(networks, generator, job, visitor):
                job.ticket.stopped = time.monotonic() > until
                if isinstance(step, str):
                    yield _told(step), "", None
                    if job.ticket.stopped:
                        raise ValueError("What a search needs is still being loaded: ask again in some minutes.")
                    continue
                now, note = step
                yield _told(now.status, now, note), _best(now), None
        assert now is not None
        if now.shown is None:
            raise ValueError("The time was up before the first round: ask again, or take a model that is quicker here.")
        [image] = draw(generator, [now.recipe(now.shown.best)])
        status = f"Time is up. {now.verdict}" if job.ticket.stopped else now.status
        yield _told(status, now, note), _best(now), image
    finally:
        job.ticket.stopped = True  # the caller may be gone, and the work at a batch of images


def _steps(networks: Networks, generator: Generator, job: Job, visitor: Session) -> Iterator[str | tuple[Climb, str]]:
    """Loads what a search needs and runs it.

    Yields:
        how far the loading is, in words; then how the search stands, and which words may be misread.
    """
    download = DownloadProgress(JUDGE)

    def load() -> "tuple[Judge, Atlas | None]":
        judge = networks.judge(job.model, download)
        return judge, networks.atlases.atlas(generator, judge, job.view.space(generator).labels)[0]

    for loaded in waiting_for(load, lambda: download.line):
        if isinstance(loaded, str):
            yield loaded
            continue
        judge, atlas = loaded
        note, now = about_wish(judge, job.settings.words), None
        for now in begin(generator, judge, atlas, job, visitor):
            yield now, note
        if now is not None:
            yield from ((step, note) for step in climb(now, visitor, networks.turns))


def _told(status: str, now: Climb | None = None, note: str = "") -> State:
    latest = now.latest if now else None
    return State(
        status=status,
        round=latest.number if latest else 0,
        images=latest.evaluations if latest else (now.drawn if now else 0),
        score=now.shown.shots[now.shown.best].score if now and now.shown else None,
        note=note,
    )


def _best(now: Climb) -> str:
    return now.recipe(now.shown.best).to_json() if now.shown else ""
