"""The part of the Avoid tab that repairs: units that draw what is bad are found and limited."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.dissection.repair import DRAWS, Repair
from spaceseed.errors import DissectionError
from spaceseed.ui.avoid.learning import embedded
from spaceseed.ui.avoid.pictures import faces_compared
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.files import served
from spaceseed.ui.kit.jobs import STOPPED, DownloadProgress, StatusLine, StoppedError, busy, idle, run
from spaceseed.ui.kit.messages import inform
from spaceseed.ui.kit.text import heading, line
from spaceseed.ui.state import gpu
from spaceseed.ui.state.avoiding import TASK, vectors
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.networks import JUDGE, Networks
from spaceseed.ui.state.repairing import Repairing
from spaceseed.ui.state.session import Session

NOW = quiet(queue=False, trigger="multiple")
ABOUT = (
    "Filters refuse images. A repair draws all of them, and limits the units of the network that light up in bad ones. "
    "It learns from the marks above; ten of each are a beginning, a hundred are better."
)
# Marks of a taste find the units of that thing, so the visitor has to look.
LOOK = "Look at the pictures below: what units drew besides the bad may be missing, too."


@dataclass(frozen=True)
class Repairs:
    """Where units are found, seen at work, used and taken home."""

    find: gr.Button
    job: StatusLine
    drop: gr.File
    column: gr.Column
    told: gr.HTML
    before: gr.HTML
    after: gr.HTML
    other: gr.Button
    in_breed: gr.Checkbox
    in_search: gr.Checkbox
    download: gr.DownloadButton

    @classmethod
    def create(cls, compared: int) -> "Repairs":
        """Lays it out; each gallery has `compared` places."""
        with gr.Accordion("Repair what is drawn", open=False, elem_id="avoid-repair"):
            line(ABOUT, "avoid-repair-about")
            find = gr.Button("Find the units that draw bad ones", elem_id="avoid-repair-find")
            job = StatusLine.create("avoid-repairing")
            with gr.Column(visible=False, elem_id="avoid-repaired") as column:
                told = line("", "avoid-repair-told")
                with gr.Row():
                    with gr.Column(scale=1, min_width=320):
                        heading("As the model draws")
                        before = faces("As the model draws", compared, 4, "avoid-repair-before")
                    with gr.Column(scale=1, min_width=320):
                        heading("Repaired, from the same seeds")
                        after = faces("Repaired", compared, 4, "avoid-repair-after")
                other = gr.Button("Compare other seeds", size="sm", elem_id="avoid-repair-other")
                with gr.Row():
                    in_breed = gr.Checkbox(
                        label="Repair in Breed", info="All images there.", min_width=150, elem_id="avoid-repair-breed"
                    )
                    in_search = gr.Checkbox(
                        label="Repair in Search", info="From the next search on.", min_width=150,
                        elem_id="avoid-repair-search",
                    )  # fmt: skip
                download = gr.DownloadButton("Download repair", elem_id="avoid-repair-download")
            drop = gr.File(
                label="Load a repair: drop its file here", file_types=[".safetensors"], height=120,
                elem_id="avoid-repair-drop",
            )  # fmt: skip
        return cls(find, job, drop, column, told, before, after, other, in_breed, in_search, download)

    @property
    def state(self) -> list[Any]:
        """What shows the repair."""
        return [self.column, self.told, self.in_breed, self.in_search, self.download]

    @property
    def pictures(self) -> list[Any]:
        """What shows it at work."""
        return [self.before, self.after]

    def join(
        self, on: Callable[..., Any], work: Callable[..., Any], draw_state: Callable[[Any], Any], breed: BreedTab
    ) -> None:
        """Joins the events.

        Args:
            on: joins an event that takes the networks, the session and inputs.
            work: joins work that takes long.
            draw_state: shows after an event what is switched on.
            breed: is drawn anew when its images are repaired.
        """
        self.follow(on, work(self.find.click, find, [], self.job))
        loaded = on(self.drop.upload, load, [self.drop], None)
        for ended in (loaded.success, loaded.failure):  # `then` does not follow a failure
            ended(lambda: None, None, self.drop, **NOW)
        self.follow(on, loaded)
        breed.draw(draw_state(on(self.in_breed.input, use_in_breed, [self.in_breed], None)).then)
        draw_state(on(self.in_search.input, use_in_search, [self.in_search], None))
        on(self.other.click, other_seeds, [], self.pictures)

    def follow(self, on: Callable[..., Any], event: Any) -> None:
        """Shows the repair after an event."""
        on(on(event.then, show_state, [], self.state).then, pictures, [], self.pictures)


def find(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Finds the units; if that fails, the repair before stays.

    Yields:
        a line and its stop button.
    """
    workspace, generator = visitor.workspace, networks.generator(visitor.model)
    bad, good = workspace.avoiding.examples()
    download = DownloadProgress(JUDGE)

    def search(progress: Progress) -> Repair:
        judge = networks.judge(visitor.model, download)
        space = workspace.view.space(generator).repaired(None)
        worse, better = vectors(space, bad), vectors(space, good)
        look = partial(embedded, generator, judge)
        fit = partial(Repair.fit, space, look, worse, better)
        images = 2 * DRAWS + len(bad) + len(good)
        return gpu.call(fit, progress, gpu.seconds_to_draw(generator, images))

    def told(done: float) -> str:
        return f"Looking at units: {done:.0%}" if done else download.line

    try:
        for state in run(visitor.tasks, TASK, search, told):
            if isinstance(state, str):
                yield busy(state)
                continue
            _take(visitor, state)
            yield idle("Found: see below what changes.")
    except StoppedError:
        yield idle(STOPPED)


def load(networks: Networks, visitor: Session, path: str | None) -> None:
    """Loads the repair of a file; if that fails, the repair before stays."""
    if path is None:
        return
    try:
        repair = Repair.open(path)
        repair.check(networks.generator(visitor.model))
    except OSError as error:
        raise DissectionError("This file cannot be read.") from error
    _take(visitor, repair)
    inform("The repair of this file is in the place of the one before.")


def use_in_breed(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the repair on or off for the images in Breed."""
    _repairing(visitor, on).in_breed = bool(on)
    _apply(visitor)


def use_in_search(_: Networks, visitor: Session, on: bool) -> None:
    """Switches the repair on or off for searches."""
    _repairing(visitor, on).in_search = bool(on)


def show_state(_: Networks, visitor: Session) -> list[Any]:
    """Shows what has been found and switched on."""
    repairing = visitor.workspace.repairing
    repair = repairing.repair
    path = None
    if repair is not None:
        path = served(f"spaceseed-repair-{visitor.model}.safetensors", repair.save)
    return [
        gr.Column(visible=repair is not None),
        telling(repair) if repair else "",
        repairing.in_breed,
        repairing.in_search,
        gr.DownloadButton(value=path),
    ]


def telling(repair: Repair) -> str:
    """Returns what a repair is, in sentences."""
    bad, good = repair.marks
    layers = ", ".join(edit.layer for edit in repair.edits)
    return (
        f"Units that are limited: {repair.count}, in {layers}; found from {bad} bad and {good} good ones. Of a hundred "
        f"images {100 * repair.before:.0f} looked bad to what it learned, and {100 * repair.after:.0f} do now. {LOOK}"
    )


def pictures(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Draws both galleries.

    Yields:
        the galleries without and with the repair, as more is drawn; empty ones without a repair.
    """
    yield from visitor.tasks.newest("repair pictures", _pictures(networks, visitor))


@torch.no_grad()
def _pictures(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    repairing = visitor.workspace.repairing
    if repairing.repair is None:
        yield [[], []]
        return
    generator = networks.generator(visitor.model)
    count = faces_compared(generator)
    space = visitor.workspace.view.space(generator)
    seeds = range(repairing.first_seed, repairing.first_seed + count)
    shown: Tensor = space.draw(seeds)
    galleries: list[list[Any]] = [[None] * count, [None] * count]
    captions = [f"seed {seed}" for seed in seeds]
    for place, repair in enumerate((None, repairing.repair)):
        drawn = space.repaired(repair)
        finds = [visitor.thumbnails.show(drawn.recipe(vector)) for vector in shown]
        for paths in visitor.thumbnails.draw_all(drawn, shown, finds):
            galleries[place] = captioned(paths, captions, finds)
            yield list(galleries)


def other_seeds(networks: Networks, visitor: Session) -> Iterator[list[Any]]:
    """Compares the next seeds."""
    repairing = _repairing(visitor, True)
    repairing.first_seed += faces_compared(networks.generator(visitor.model))
    yield from pictures(networks, visitor)


def _repairing(visitor: Session, on: bool) -> Repairing:
    """Returns the visitor's repair; asks for one where it is to be used and there is none."""
    repairing = visitor.workspace.repairing
    if on:
        repairing.found  # noqa: B018 - raises where there is none
    return repairing


def _take(visitor: Session, repair: Repair) -> None:
    visitor.workspace.repairing.take(repair)
    _apply(visitor)


def _apply(visitor: Session) -> None:
    workspace = visitor.workspace
    workspace.view = workspace.repairing.breeds(workspace.view)
