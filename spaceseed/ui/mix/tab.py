"""The Mix part of the Steer tab: style mixing, as a grid of finds crossed with finds."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.errors import ArgumentError
from spaceseed.mixing.styles import style_groups
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.messages import HintError, clear_errors
from spaceseed.ui.kit.numbers import parse_numbers
from spaceseed.ui.kit.picker import Picked, PickGallery
from spaceseed.ui.mix.chosen import chooser, chosen_finds, one_model
from spaceseed.ui.mix.grid import Crosses, MixGrid
from spaceseed.ui.state.mixture import Mixture
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

EVENT = quiet(lane="mix", at_once=2)
MAX_SIDE = 8
GROUPS = ("coarse", "middle", "fine")
UPDATE_SECONDS = 0.2
EMPTY = "Choose finds for the rows and for the columns above, and press Mix."


def create_mix(networks: Networks, session: gr.State) -> list[PickGallery]:
    """Lays out the part and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.

    Returns:
        where the finds in the rows, and those in the columns, are chosen.
    """
    rows, columns = chooser("mix-rows"), chooser("mix-columns")
    with gr.Row(elem_classes="ss-field-row"):
        group = gr.Radio(
            [*GROUPS, "own"], value="coarse", label="What comes from the columns (style layers)", elem_id="mix-group",
            min_width=320, scale=2, info="Coarse: pose and shape. Fine: colours and texture.",
        )  # fmt: skip
        layers = gr.Textbox(
            label="Own layers", info="Numbers and ranges.", placeholder="0-3, 7", max_length=200, visible=False,
            elem_id="mix-layers", min_width=120,
        )  # fmt: skip
        go = gr.Button("Mix", variant="primary", elem_id="mix-go")
    grid = MixGrid(empty=EMPTY, elem_id="mix-grid")

    def on(triggers: Sequence[Callable[..., Any]], event: Callable[..., Any]) -> None:
        gr.on(triggers, clear_errors(partial(event, networks)), [session, rows, columns, group, layers], grid, **EVENT)

    group.input(lambda chosen: gr.Textbox(visible=chosen == "own"), group, layers, **EVENT)
    on([go.click, layers.submit], cross)
    on([group.input], cross_again)
    return [rows, columns]


def cross(
    networks: Networks, visitor: Session, rows: Picked, columns: Picked, group: str | None, layers: str
) -> Iterator[Crosses | Any]:
    """Draws a grid, child by child."""
    visitor.mixture = read_mixture(networks, visitor, rows, columns, group, layers)
    yield from visitor.tasks.newest("mix", _drawn(networks.generator(visitor.model), visitor, visitor.mixture))


def _drawn(generator: Generator, visitor: Session, mixture: Mixture) -> Iterator[Crosses]:
    shown, children = 0.0, mixture.children(generator)
    recipes = [*mixture.rows, *mixture.columns, *(child for row in children for child in row)]
    for _ in visitor.thumbnails.draw_each(generator, recipes):
        if time.monotonic() - shown > UPDATE_SECONDS:
            yield _crosses(visitor, mixture, children)
            shown = time.monotonic()
    yield _crosses(visitor, mixture, children)


def cross_again(
    networks: Networks, visitor: Session, rows: Picked, columns: Picked, group: str | None, layers: str
) -> Iterator[Crosses | Any]:
    """Draws the grid with other layers, once there is one."""
    if visitor.mixture is None or (group == "own" and not layers.strip()):
        yield gr.skip()
    else:
        yield from cross(networks, visitor, rows, columns, group, layers)


def read_mixture(
    networks: Networks, visitor: Session, rows: Picked, columns: Picked, group: str | None, layers: str
) -> Mixture:
    """Returns the grid that the visitor asks for.

    Raises:
        ValueError: it cannot be mixed; the message is a sentence for the visitor.
    """
    finds = [chosen_finds(visitor, picked, MAX_SIDE, "mix") for picked in (rows, columns)]
    if len({find.id for side in finds for find in side}) < 2:
        raise HintError("One find cannot be mixed with itself: choose another one too.")
    model = one_model(networks, visitor, [*finds[0], *finds[1]], "mixed")
    generator = networks.generator(model)
    for find in (*finds[0], *finds[1]):
        find.ws(generator)
    return Mixture(model, tuple(finds[0]), tuple(finds[1]), _layers(generator, group, layers))


def _layers(generator: Generator, group: str | None, text: str) -> tuple[int, ...]:
    try:
        groups = style_groups(generator)
    except ArgumentError as error:
        raise ValueError(
            "This model draws the whole image from one style, so there are no layers to mix: steer or film its finds."
        ) from error
    if group in groups:
        return tuple(groups[group])
    return tuple(sorted(set(parse_numbers(text or "", 0, generator.num_ws - 1, "style layer"))))


def _crosses(visitor: Session, mixture: Mixture, children: list[list[Recipe]]) -> Crosses:
    recipes = [*mixture.rows, *mixture.columns, *(child for row in children for child in row)]
    pictures = {recipe.id: visitor.thumbnails.path_of(recipe.id) for recipe in recipes}
    for recipe in recipes:
        visitor.thumbnails.show(recipe)
    return Crosses(mixture.rows, mixture.columns, pictures, children)
