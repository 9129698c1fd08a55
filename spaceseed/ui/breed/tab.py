"""The Breed tab: images to pick from, and the page of their children."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.evolution.breeding import LIKED, MAX_COUNT, MIN_COUNT
from spaceseed.models.generators.generator import MAX_SEED, Generator, ModelCard
from spaceseed.ui.breed.page import paint
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.messages import HintError, clear_errors
from spaceseed.ui.kit.numbers import parse_numbers
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.kit.text import line
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.examples import subject_of
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.marks import liked_recipes, marks_of, note_marks
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.view import TRUNCATION, default_truncation
from spaceseed.ui.state.workspace import Workspace

# A page of a slow model is drawn for half a minute: another visitor's quick one must not wait for that, nor must the
# same visitor's next, for which the first is given up.
EVENT, NOW = quiet(lane="breed", at_once=16), quiet(queue=False)
LAST = quiet(lane="breed", at_once=16, trigger="always_last")


def values_for(card: ModelCard, workspace: Workspace) -> list[Any]:
    """Returns what a `BreedTab` shows in `fitted` for a model."""
    drawn = subject_of(card).many
    return [
        gr.Slider(value=workspace.view.truncation, visible=card.truncation is not None),
        gr.Slider(value=len(workspace.breeding.page.latents), label=drawn.capitalize()),
        gr.Button(f"Fresh {drawn}"),
    ]


def create_breed_tab(networks: Networks, session: gr.State, basket: gr.State, view: list[Any]) -> BreedTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw the images.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        view: the controls of a `View` but the truncation, which is here.
    """
    card = networks.cards[networks.default]
    picker = PickGallery(none="like some, or the next page is all new", elem_id="breed-picker", waiting=12)
    with gr.Row(elem_classes=["ss-actions", "ss-sticky"]):
        next_button = gr.Button("Next generation", variant="primary", elem_id="breed-next")
        undo = gr.Button("Undo", interactive=False, elem_id="breed-undo")
        redo = gr.Button("Redo", interactive=False, elem_id="breed-redo")
        fresh = gr.Button(f"Fresh {subject_of(card).many}", elem_id="breed-fresh")
        keep_button = gr.Button("Keep liked", elem_id="breed-keep")
    avoid = line("", "breed-avoid", visible=False)
    strength, truncation, count, newcomers = _create_sliders(card)
    with gr.Row(elem_classes="ss-field-row"):
        seeds = gr.Textbox(
            label="Start from seeds", info="Whole numbers and ranges: 7, 42, 100-105.", placeholder="7, 42, 100-105",
            max_length=1000, elem_id="breed-seeds", scale=4,
        )  # fmt: skip
        start = gr.Button("Show these", elem_id="breed-start", scale=1)
    view = [truncation, *view]
    outputs = [picker, undo, redo]

    def turn(event: Callable[..., None], more: list[Any], *triggers: Callable[..., Any]) -> None:
        """Joins an event that turns to another page: it takes the session, the marks and `more`."""

        @clear_errors
        def handle(visitor: Session, picked: Picked, *values: Any) -> Iterator[list[Any]]:
            generator = networks.generator(visitor.model)
            seen = visitor.workspace.view.changed(generator, values[: len(view)])  # refused before a page is turned
            note_marks(visitor, picked)
            event(visitor, marks_of(visitor, picked), *values[len(view) :])
            visitor.workspace.view = seen
            yield from visitor.tasks.newest("page", _pages(generator, visitor))

        for trigger in triggers:
            trigger(handle, [session, picker, *view, *more], outputs, **EVENT)

    @clear_errors
    def show(visitor: Session) -> Iterator[list[Any]]:
        yield from visitor.tasks.newest("page", _pages(networks.generator(visitor.model), visitor))

    def draw(trigger: Callable[..., Any]) -> Any:
        return trigger(show, session, outputs, **EVENT)

    @clear_errors
    def redraw(visitor: Session, picked: Picked, *values: Any) -> Iterator[list[Any]]:
        generator = networks.generator(visitor.model)
        visitor.workspace.view = visitor.workspace.view.changed(generator, values)
        yield from visitor.tasks.newest("page", _pages(generator, visitor, marks_of(visitor, picked)))

    turn(partial(_breed, networks), [count, strength, newcomers], next_button.click)
    turn(lambda visitor, marks: visitor.breeding.undo(marks), [], undo.click)
    turn(lambda visitor, marks: visitor.breeding.redo(marks), [], redo.click)
    turn(lambda visitor, marks, count: visitor.breeding.restart([], marks, count), [count], fresh.click)
    turn(_start, [seeds, count], start.click, seeds.submit)
    for control in view:
        # The drawing that runs ends at once, and the last of many values is drawn in the end.
        moved = control.input(lambda visitor: visitor.tasks.end("page"), session, None, **NOW)
        moved.then(redraw, [session, picker, *view], outputs, **LAST)
    keep_button.click(clear_errors(partial(keep_liked, networks)), [session, picker, *view], basket, **EVENT)
    return BreedTab(picker, view, draw, [truncation, count, fresh], avoid)


def keep_liked(networks: Networks, visitor: Session, picked: Picked, *values: Any) -> int:
    """Puts the liked images of the page into the basket, with the view that the controls show."""
    liked = liked_recipes(networks.generator(visitor.model), visitor, picked, values)
    if not liked:
        raise HintError("Like at least one first: click it.")
    return keep(visitor.basket, liked)


def _create_sliders(card: ModelCard) -> tuple[gr.Slider, gr.Slider, gr.Slider, gr.Checkbox]:
    with gr.Row():
        strength = gr.Slider(
            0, 1.5, 0.4, step=0.05, label="Variation", info="How much children differ from their parents.",
            elem_id="breed-strength",
        )  # fmt: skip
        truncation = gr.Slider(
            0, 1.5, default_truncation(card), step=0.05, label=TRUNCATION, elem_id="breed-truncation",
            info="Low: much alike. High: varied, and some broken.", visible=card.truncation is not None,
        )  # fmt: skip
        count = gr.Slider(
            MIN_COUNT, MAX_COUNT, 12, step=1, label=subject_of(card).many.capitalize(),
            info="How many the next page shows.", elem_id="breed-count",
        )  # fmt: skip
        newcomers = gr.Checkbox(
            True, label="New ones among the children", info="A sixth of the next page.", elem_id="breed-newcomers",
        )  # fmt: skip
    return strength, truncation, count, newcomers


def _pages(generator: Generator, visitor: Session, marks: Mapping[int, int] | None = None) -> Iterator[list[Any]]:
    breeding = visitor.breeding
    for drawn in paint(generator, visitor, marks):
        yield [drawn, gr.Button(interactive=breeding.can_undo), gr.Button(interactive=breeding.can_redo)]


def _breed(
    networks: Networks, visitor: Session, marks: Mapping[int, int], count: int, strength: float, newcomers: bool
) -> None:
    liked = sum(mark == LIKED for mark in marks.values())
    if liked >= count:
        raise ValueError(f"You like {liked}, and no room is left for children: like fewer, or ask for more.")
    space = visitor.workspace.view.space(networks.generator(visitor.model), visitor.breeding.page.space)
    visitor.breeding.next(marks, count, strength, space.from_z, bool(newcomers))


def _start(visitor: Session, marks: Mapping[int, int], text: str, count: int) -> None:
    visitor.breeding.restart(parse_numbers(text, 0, MAX_SEED, "seed", MAX_COUNT, repeats=False), marks, count)
