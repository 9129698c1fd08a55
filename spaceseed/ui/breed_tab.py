"""The Breed tab: faces to pick from, and the page of their children."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from spaceseed.breed import LIKED, MAX_COUNT, MIN_COUNT, Page
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generator import Generator
from spaceseed.recipe import Found, Recipe
from spaceseed.ui.messages import clear_errors, inform, warn
from spaceseed.ui.picker import Gallery, Picked, PickGallery, Tile
from spaceseed.ui.pictures import jpegs
from spaceseed.ui.seed_text import parse_seeds
from spaceseed.ui.session import Session

HELP = "click the faces you like, click again for a bad one"
# Drawing a page takes a moment, and every visitor's clicks share this limit, apart from the searches'.
EVENT: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_id": "breed",
    "concurrency_limit": 4,
}


@dataclass(frozen=True)
class BreedTab:
    """What other parts of the app need of this tab.

    Attributes:
        picker: its value as an input is a `Picked`.
        truncation: the slider.
        show: draws the page of `session.breeding` anew; takes `inputs`, fills `outputs`.
        inputs: the session and the truncation.
        outputs: all that shows the page.
    """

    picker: PickGallery
    truncation: gr.Slider
    show: Callable[[Session, float], list[Any]]
    inputs: list[Any]
    outputs: list[Any]


def marks_on(page: Page, picked: Picked) -> dict[int, int]:
    """The marks by index, without those that do not belong to this page."""
    ids = {face_id(page, i): i for i in range(len(page.latents))}
    return {ids[name]: mark for name, mark in picked.marks.items() if name in ids}


def liked_latents(session: Session, picked: Picked) -> Tensor:
    """The latents z [n, z_dim] of the faces marked as liked on the page."""
    marks = marks_on(session.breeding.page, picked)
    return session.breeding.page.latents[sorted(i for i, mark in marks.items() if mark == LIKED)]


def face_id(page: Page, i: int) -> str:
    """Names face i of a page, e.g. "g3-7"."""
    return f"g{page.number}-{i}"


def caption(page: Page, i: int) -> str:
    """What stands under face i of a page: its seed where it has one."""
    return face_id(page, i) if page.seeds[i] is None else f"seed {page.seeds[i]}"


@torch.no_grad()
def gallery(generator: Generator, page: Page, truncation: float) -> Gallery:
    """Draws a page."""
    space = LatentSpace(generator, "z", truncation)
    paths = jpegs(generator.synthesize(space.ws(page.latents)))
    tiles = [
        Tile(face_id(page, i), path, caption(page, i), "kept" if i < page.kept else "") for i, path in enumerate(paths)
    ]
    marks = {face_id(page, i): mark for i, mark in page.marks.items()}
    return Gallery(f"Generation {page.number}: {HELP}", tiles, marks)


def recipes(generator: Generator, page: Page, marks: Mapping[int, int], truncation: float) -> list[Recipe]:
    """The recipes of the liked faces of a page."""
    return [
        Recipe.of(
            generator,
            page.latents[i],
            truncation=truncation,
            seed=page.seeds[i],
            name=caption(page, i),
            found=Found(by="breed" if page.seeds[i] is None else "seed", generation=page.number),
        )
        for i in sorted(marks)
        if marks[i] == LIKED
    ]


def default_truncation(generator: Generator) -> float:
    """The psi that suits the model."""
    card = generator.card
    return 1.0 if card is None or card.truncation is None else card.truncation


def create_breed_tab(generator: Generator, session: gr.State, basket: gr.State) -> BreedTab:
    """Lays out the tab and joins its events.

    Args:
        generator: draws the faces.
        session: holds a `Session`.
        basket: a number that changes with the finds.
    """
    picker = PickGallery(elem_id="breed-picker", waiting=12)
    with gr.Row(elem_classes=["ss-actions", "ss-sticky"]):
        next_button = gr.Button("Next generation", variant="primary", elem_id="breed-next")
        undo = gr.Button("Undo", interactive=False, elem_id="breed-undo")
        redo = gr.Button("Redo", interactive=False, elem_id="breed-redo")
        fresh = gr.Button("Fresh faces", elem_id="breed-fresh")
        keep = gr.Button("Keep liked", elem_id="breed-keep")
    with gr.Row():
        strength = gr.Slider(
            0, 1.5, 0.4, step=0.05, label="Variation", info="How far children stray from their parents.",
            elem_id="breed-strength",
        )  # fmt: skip
        truncation = gr.Slider(
            0, 1.5, default_truncation(generator), step=0.05, label="Truncation ψ", elem_id="breed-truncation",
            info="Low: ordinary faces. High: odder ones.",
        )  # fmt: skip
        count = gr.Slider(
            MIN_COUNT, MAX_COUNT, 12, step=1, label="Faces", info="How many the next page shows.",
            elem_id="breed-count",
        )  # fmt: skip
    with gr.Row(elem_classes="ss-field-row"):
        seeds = gr.Textbox(
            label="Start from seeds", info="Whole numbers and ranges: 7, 42, 100-105.", placeholder="7, 42, 100-105",
            max_length=1000, elem_id="breed-seeds", scale=4,
        )  # fmt: skip
        start = gr.Button("Show these", elem_id="breed-start", scale=1)

    def show(visitor: Session, truncation: float) -> list[Any]:
        breeding = visitor.breeding
        drawn = gallery(generator, breeding.page, truncation)
        return [drawn, gr.Button(interactive=breeding.can_undo), gr.Button(interactive=breeding.can_redo)]

    def turn(event: Callable[..., None], more: list[Any], *triggers: Callable[..., Any]) -> None:
        """Joins an event that turns to another page: it takes the session, the marks and `more`."""

        @clear_errors
        def handle(visitor: Session, picked: Picked, truncation: float, *values: Any) -> list[Any]:
            LatentSpace(generator, "z", truncation)  # refuses a bad number before a page is turned
            event(visitor, marks_on(visitor.breeding.page, picked), *values)
            return show(visitor, truncation)

        for trigger in triggers:
            trigger(handle, [session, picker, truncation, *more], outputs, **EVENT)

    @clear_errors
    def redraw(visitor: Session, picked: Picked, truncation: float) -> Gallery:
        page = visitor.breeding.page
        drawn = gallery(generator, page, truncation)
        return Gallery(drawn.title, drawn.tiles, {face_id(page, i): m for i, m in marks_on(page, picked).items()})

    @clear_errors
    def keep_liked(visitor: Session, picked: Picked, truncation: float) -> int:
        page = visitor.breeding.page
        liked = recipes(generator, page, marks_on(page, picked), truncation)
        if not liked:
            raise ValueError("Like at least one face first: click it.")
        kept, problem = visitor.keep(liked)
        if problem:
            warn(problem)
        else:
            inform(f"{_faces(kept)} kept: see Found seeds." if kept else "You have kept these already.")
        return visitor.changed()

    outputs = [picker, undo, redo]
    turn(_breed, [count, strength], next_button.click)
    turn(lambda visitor, marks: visitor.breeding.undo(marks), [], undo.click)
    turn(lambda visitor, marks: visitor.breeding.redo(marks), [], redo.click)
    turn(lambda visitor, marks, count: visitor.breeding.restart([], marks, count), [count], fresh.click)
    turn(_start, [seeds, count], start.click, seeds.submit)
    truncation.input(redraw, [session, picker, truncation], picker, trigger_mode="always_last", **EVENT)
    keep.click(keep_liked, [session, picker, truncation], basket, **EVENT)
    return BreedTab(picker, truncation, show, [session, truncation], outputs)


def _breed(visitor: Session, marks: Mapping[int, int], count: int, strength: float) -> None:
    liked = sum(mark == LIKED for mark in marks.values())
    if liked >= count:
        raise ValueError(
            f"You like {liked} faces, and no room is left for children: like fewer, or ask for more faces."
        )
    visitor.breeding.next(marks, count, strength)


def _start(visitor: Session, marks: Mapping[int, int], text: str, count: int) -> None:
    visitor.breeding.restart(parse_seeds(text, MAX_COUNT), marks, count)


def _faces(count: int) -> str:
    return "1 face" if count == 1 else f"{count} faces"
