"""What happens when a visitor changes units: events change their `Dissecting`, and return what the panel shows then."""

import secrets
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from spaceseed.dissection.units import COUNTS, UnitTable
from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.dissect.measuring import cost, labels_of
from spaceseed.ui.dissect.wall import Shown as Unit
from spaceseed.ui.dissect.work import SHOWN, SHOWN_SLOW, drawn, lit_units
from spaceseed.ui.kit.cores import is_slow
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.numbers import is_number
from spaceseed.ui.kit.painter import Canvas
from spaceseed.ui.state import gpu
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.dissecting import NO_FIND, Dissecting, things_of
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session

# What an event shows: values by the names of `Panel.components`; what is not named stays as it is.
Shown = dict[str, Any]

SEEDS = 100_000
MODES = {"Add": "insert", "Erase": "ablate"}
STRENGTHS = {"Gentle: 4 units": 4, "Middle: 10 units": 10, "Strong: 15 units": 15}
BRUSH = 10  # units that should all draw a thing, for the brush to draw it
THINGS = ("glasses", "tree")  # to begin with, where units draw them
PAINTED = 256  # pixels of a side of what is told of the painting
CELLS = 32  # of a side of a mask: as fine as the layers that draw things, and short in a file
HINT = "Paint on the picture and watch."
NO_UNIT = "One unit, off ↔ strong"
NOTHING = "No unit of this layer draws one thing: choose another layer."
NO_TABLE = "Nothing is known of these units yet: dissect the layer first."


def fill(networks: Networks, visitor: Session) -> Shown:
    """Shows the find that is open, and what can be done to it."""
    return {**controls(networks, visitor), "before": _before(networks, visitor), **_preview(networks, visitor)}


def controls(networks: Networks, visitor: Session) -> Shown:
    """Shows the layers and things to choose from, and the slider."""
    generator, labels = networks.generator(visitor.model), labels_of(networks, visitor)
    dissecting, known = visitor.workspace.dissecting, networks.units.layers(generator, labels)
    choices = [*generator.layers, *(layer for layer in known if layer in generator.styles)]
    if dissecting.layer not in choices:
        dissecting.layer = _cleanest(networks, visitor, known) or generator.layers[len(generator.layers) // 2]
    table = table_of(networks, visitor)
    things = [] if table is None else things_of(table)
    if dissecting.thing not in things:
        dissecting.thing = next((thing for thing in THINGS if thing in things), next(iter(things), ""))
    layers = [(f"{layer}{'' if layer in known else ', not dissected'}", layer) for layer in choices]
    return {
        "layer": gr.Dropdown(choices=layers, value=dissecting.layer),
        "thing": gr.Dropdown(choices=things, value=dissecting.thing or None, interactive=bool(things)),
        "cost": cost(generator) if table is None else "" if things else NOTHING,
        "measure": gr.Button(visible=table is None),
        **_slider(dissecting),
    }


def table_of(networks: Networks, visitor: Session) -> UnitTable | None:
    """Returns the table of the layer chosen; None if there is none."""
    generator, layer = networks.generator(visitor.model), visitor.workspace.dissecting.layer
    return networks.units.table(generator, layer, labels_of(networks, visitor))


def open_find(networks: Networks, visitor: Session, recipe: Recipe) -> None:
    """Opens a find of the present model; what was done to one that is open already stays.

    Raises:
        ValueError: it cannot be drawn; the message is for the visitor.
    """
    if recipe.model != visitor.model:
        raise ValueError("This picture is of another model: choose that model first, in the menu above.")
    dissecting = visitor.workspace.dissecting
    if dissecting.work is None or recipe.id != dissecting.work.source.id:
        dissecting.drawn = recipe, _draw(networks.generator(visitor.model), recipe)  # refused before anything changes
        dissecting.open(recipe)


def take_fresh(networks: Networks, visitor: Session) -> Shown:
    """Opens the image of a random seed, seen as on the Breed page."""
    _open_fresh(networks, visitor)
    return {"before": _before(networks, visitor), **_preview(networks, visitor)}


def enter(networks: Networks, visitor: Session) -> Shown:
    """Shows the find that is open; on the first visit the one looked at last, or a fresh one."""
    if visitor.workspace.dissecting.work is None:
        recipe = visitor.basket.current
        if recipe is not None and recipe.model == visitor.model:
            open_find(networks, visitor, recipe)
        else:
            _open_fresh(networks, visitor)
    return fill(networks, visitor)


def choose_layer(networks: Networks, visitor: Session, layer: Any) -> Shown:
    """Shows the units of another layer."""
    generator = networks.generator(visitor.model)
    if layer not in (*generator.layers, *generator.styles):
        raise ValueError("This model has no such layer.")
    visitor.workspace.dissecting.layer, visitor.workspace.dissecting.unit = layer, None
    return controls(networks, visitor)


def choose_thing(networks: Networks, visitor: Session, thing: Any) -> Shown:
    """Shows the units of another thing."""
    table = table_of(networks, visitor)
    if table is None or thing not in table.classes:
        raise ValueError("These units draw no such thing.")
    visitor.workspace.dissecting.thing, visitor.workspace.dissecting.unit = thing, None
    return _slider(visitor.workspace.dissecting)


def choose_unit(networks: Networks, visitor: Session, unit: Any) -> Shown:
    """Lets the slider move a unit."""
    table = table_of(networks, visitor)
    if table is None or unit not in range(len(table.iou)):
        return {}
    visitor.workspace.dissecting.unit = unit
    return _slider(visitor.workspace.dissecting)


def paint(networks: Networks, visitor: Session, over: NDArray[np.bool_] | None, *how: Any) -> Shown:
    """Adds a thing where the visitor painted, or erases it; past the queue, where no refusal is shown, words do."""
    if over is None or not over.any():
        return {"words": "Paint on the picture first."}
    mask = F.adaptive_avg_pool2d(torch.from_numpy(over).float()[None], CELLS)[0]
    try:
        return _change(networks, visitor, mask, *how)
    except ValueError as error:
        return {"words": str(error)}


def change_everywhere(networks: Networks, visitor: Session, *how: Any) -> Shown:
    """Adds a thing all over the picture, or erases it."""
    return _change(networks, visitor, None, *how)


def _change(networks: Networks, visitor: Session, mask: Tensor | None, thing: Any, mode: Any, strength: Any) -> Shown:
    table, dissecting = table_of(networks, visitor), visitor.workspace.dissecting
    if table is None or dissecting.work is None:
        raise HintError(NO_TABLE if dissecting.work else NO_FIND)
    if thing not in table.classes or mode not in MODES or strength not in STRENGTHS:
        raise ValueError("Choose a thing, whether it is added or erased, and how strongly.")
    if mask is not None and table.layer in networks.generator(visitor.model).styles:
        raise HintError("These units have no places in the picture: change it all over.")
    before = _buttons(dissecting)
    dissecting.paint(table.edit(thing, MODES[mode], STRENGTHS[strength], mask=mask))
    return _preview(networks, visitor, before)


def move(networks: Networks, visitor: Session, value: Any) -> Shown:
    """Follows the slider; past the queue, where no refusal is shown, words say what is wrong."""
    table, dissecting = table_of(networks, visitor), visitor.workspace.dissecting
    unit = dissecting.unit
    if table is None or unit is None or dissecting.work is None or not is_number(value):
        return {}
    amount = min(max(float(value), -1.0), 1.0)
    if amount == dissecting.amount(unit):
        return {}
    done = "off" if amount == -1 else "weaker" if amount < 0 else "stronger"
    edit = table.level(unit, 0.0 if amount < 0 else 1.0)
    before = _buttons(dissecting)
    try:
        dissecting.level(edit.model_copy(update={"strength": abs(amount), "name": f"unit {unit} {done}"}))
    except ValueError as error:
        return {"words": str(error)}
    return _preview(networks, visitor, before)


def undo(networks: Networks, visitor: Session) -> Shown:
    """Takes the last step back."""
    visitor.workspace.dissecting.undo()
    return _turned(networks, visitor)


def redo(networks: Networks, visitor: Session) -> Shown:
    """Takes the step again that was undone last."""
    visitor.workspace.dissecting.redo()
    return _turned(networks, visitor)


def reset(networks: Networks, visitor: Session) -> Shown:
    """Takes all back."""
    visitor.workspace.dissecting.reset()
    return _turned(networks, visitor)


def keep_it(_: Networks, visitor: Session) -> int:
    """Puts the find as it is now into the basket."""
    return keep(visitor.basket, [visitor.workspace.dissecting.kept()])


def send_to_steer(_: Networks, visitor: Session) -> None:
    """Makes the find as it is now what Steer opens next."""
    visitor.sent = visitor.workspace.dissecting.kept()


def show_units(networks: Networks, visitor: Session) -> Iterator[Any]:
    """Shows the units that draw the thing chosen, image by image."""
    yield from visitor.tasks.newest("units", _wall(networks, visitor))


def _wall(networks: Networks, visitor: Session) -> Iterator[tuple[str, list[Unit], int | None] | None]:
    generator, dissecting = networks.generator(visitor.model), visitor.workspace.dissecting
    table, thing = table_of(networks, visitor), visitor.workspace.dissecting.thing
    if table is None or thing not in table.classes:
        yield None
        return
    best = table.top(thing, SHOWN_SLOW if is_slow(generator) else SHOWN)
    overlaps = table.iou[:, table.place(thing)].tolist()
    units = [unit for unit in best if overlaps[unit] >= COUNTS]
    title = f"Units that draw {thing}, the best first, where they light up most"

    def shown(paths: dict[int, str]) -> tuple[str, list[Unit], int | None]:
        tiles = [Unit(unit, paths.get(unit), f"overlap {overlaps[unit]:.2f}") for unit in units]
        return title, tiles, dissecting.unit

    paths = networks.units.pictures(table, units)
    yield shown(paths)
    missing = [unit for unit in units if unit not in paths]
    for unit, path in lit_units(generator, table, missing, labels_of(networks, visitor)):
        networks.units.remember(table, unit, path)
        paths[unit] = path
        yield shown(paths)


def _cleanest(networks: Networks, visitor: Session, layers: tuple[str, ...]) -> str | None:
    """Returns the layer whose units draw the first of `THINGS` best, or what they draw best."""
    generator, labels = networks.generator(visitor.model), labels_of(networks, visitor)

    def cleanness(layer: str) -> float:
        table = networks.units.table(generator, layer, labels)
        assert table is not None
        things = things_of(table) or [*table.classes]
        thing = next((thing for thing in THINGS if thing in things), things[0])
        return float(table.iou[list(table.top(thing, BRUSH)), table.place(thing)].mean())

    return max((layer for layer in layers if layer in generator.layers), key=cleanness, default=None)


def _open_fresh(networks: Networks, visitor: Session) -> None:
    generator, seed = networks.generator(visitor.model), secrets.randbelow(SEEDS)
    latent = latents_from_seeds([seed], generator.z_dim)[0]
    space = visitor.workspace.view.space(generator)
    recipe = space.recipe(latent, seed=seed, name=f"seed {seed}", found=Found(by="seed"))
    visitor.workspace.dissecting.open(recipe)


def _turned(networks: Networks, visitor: Session) -> Shown:
    """Shows a find that may be another one by now, and the slider."""
    before = _before(networks, visitor)
    return {"before": before, **_preview(networks, visitor), **_slider(visitor.workspace.dissecting)}


def _before(networks: Networks, visitor: Session) -> dict[str, str]:
    """Returns the picture of the find as it was opened."""
    generator, dissecting = networks.generator(visitor.model), visitor.workspace.dissecting
    source = dissecting.opened.source
    return {"image": _picture(generator, dissecting, source), "find": visitor.thumbnails.show(source)}


def _preview(networks: Networks, visitor: Session, buttons: tuple[bool, bool] | None = None) -> Shown:
    """Shows the find as it is now; the buttons only where they change.

    Drawing takes a while, in which the visitor may change something, and what they changed may be shown before this is.
    So it is drawn again until it shows the latest.
    """
    generator, dissecting = networks.generator(visitor.model), visitor.workspace.dissecting
    while True:
        recipe = dissecting.opened.recipe
        address = _picture(generator, dissecting, recipe)
        if dissecting.opened.recipe is recipe:
            break
    active = _buttons(dissecting)
    shown: Shown = {"picture": Canvas(address, PAINTED, PAINTED), "words": " · ".join(dissecting.names) or HINT}
    if active != buttons:
        shown |= {name: gr.Button(interactive=can) for name, can in zip(("undo", "redo"), active, strict=True)}
    return shown


def _picture(generator: Generator, dissecting: Dissecting, recipe: Recipe) -> str:
    """Returns the address of a find's picture; the find that was opened is drawn once."""
    if dissecting.drawn is not None and dissecting.drawn[0] is recipe:
        return dissecting.drawn[1]
    address = _draw(generator, recipe)
    if recipe is dissecting.opened.source:
        dissecting.drawn = recipe, address
    return address


def _draw(generator: Generator, recipe: Recipe) -> str:
    """Draws a find, on a GPU that is lent if this machine would take long; returns its address."""
    [picture] = gpu.stream(partial(drawn, generator, recipe), gpu.seconds_to_draw(generator, 1))
    return picture.url


def _buttons(dissecting: Dissecting) -> tuple[bool, bool]:
    return dissecting.can_undo, dissecting.can_redo


def _slider(dissecting: Dissecting) -> Shown:
    """Shows the slider where the unit chosen is."""
    unit = dissecting.unit
    if unit is None or dissecting.work is None:
        return {"level": gr.Slider(value=0, label=NO_UNIT, interactive=False)}
    amount = dissecting.amount(unit)
    return {"level": gr.Slider(value=amount, label=f"Unit {unit}, off ↔ strong", interactive=True)}
