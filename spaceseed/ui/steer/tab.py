"""The Steer tab: change a find along directions, mix several, or make a film from one to another."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Found, Recipe
from spaceseed.ui.kit.menu import PictureMenu
from spaceseed.ui.kit.messages import HintError, warn
from spaceseed.ui.kit.picker import Gallery, Picked, PickGallery, Tile
from spaceseed.ui.mix.film import create_film
from spaceseed.ui.mix.tab import create_mix
from spaceseed.ui.state.basket import keep
from spaceseed.ui.state.examples import KEEP_ONE, waiting
from spaceseed.ui.state.handles import BreedTab
from spaceseed.ui.state.marks import liked_recipes
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.steer.events import Shown, fill, open_find
from spaceseed.ui.steer.panel import EVENT, create_panel, handler

SEEDS = 100_000
SHELVES = [
    "Click a find to change it",
    "Rows: click finds; all else comes from these",
    "Columns: click finds; their style layers go into the rows",
    "Click finds in the order in which the film passes them",
]
COLUMNS = 2
PLACES = 14  # as many as fill the row
EMPTY = "Your finds will stand here"


@dataclass(frozen=True)
class SteerTab:
    """What other parts of the app need of this tab.

    Attributes:
        shelves: show the basket.
        load: loads the model of the find that was clicked, where that is not the visitor's.
        draw_shelf: takes a trigger, and draws the basket when it fires.
        show: the same for what is open of the present model, once the visitor has been here.
        open: the same for the find that the visitor looks at; returns what can be chained to.
        changed: a trigger that fires when the find that is open has changed.
    """

    shelves: list[PickGallery]
    load: gr.Button
    draw_shelf: Callable[[Callable[..., Any]], Any]
    show: Callable[[Callable[..., Any]], Any]
    open: Callable[[Callable[..., Any]], Any]
    changed: Callable[..., Any]


def create_steer_tab(
    networks: Networks, session: gr.State, basket: gr.State, menu: PictureMenu, breed: BreedTab, tab: gr.Tab
) -> SteerTab:
    """Lays out the tab and joins its events.

    Args:
        networks: draw.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        menu: of pictures.
        breed: the Breed tab, whose marks and liked images can be used.
        tab: what this is laid out in.
    """
    with gr.Tabs():
        with gr.Tab("Change", id="change"):
            with gr.Row(elem_classes="ss-shelf"):
                shelf = PickGallery(ternary=False, marked="chosen", sign="", elem_id="steer-shelf")
                with gr.Column(scale=0, min_width=150):
                    fresh = gr.Button("A fresh one", size="sm", elem_id="steer-fresh")
                    liked = gr.Button("Liked on Breed", size="sm", elem_id="steer-liked")
                    load = gr.Button(
                        "Load its model", size="sm", variant="primary", visible=False, elem_id="steer-load"
                    )
            panel = create_panel(networks, session, basket, breed.picker)
        with gr.Tab("Mix", id="mix", render_children=True):
            mixed = create_mix(networks, session)
        with gr.Tab("Film", id="film", render_children=True):
            order = create_film(networks, session, menu)
    outputs = panel.components | {"load": load}

    def show(trigger: Callable[..., Any], event: Callable[..., Shown], *inputs: Any, **more: Any) -> Any:
        """Joins an event that shows a find, and fills `more`; what may take longer follows it."""
        filled = outputs | more
        shown = trigger(handler(networks, event, filled), [session, *inputs], list(filled.values()), **EVENT)
        panel.follow(shown)
        return shown

    shelves = [shelf, *mixed, order]

    def draw_shelf(trigger: Callable[..., Any]) -> Any:
        return trigger(shelved, [session, *shelves], shelves, **EVENT)

    draw_shelf(basket.change)
    show(shelf.mark, pick, shelf)
    show(fresh.click, take_fresh)
    show(liked.click, take_liked, breed.picker, *breed.view, basket=basket)
    show(tab.select, enter)
    return SteerTab(
        shelves,
        load,
        draw_shelf,
        lambda trigger: show(trigger, show_again),
        lambda trigger: show(trigger, open_shown),
        panel.after.change,
    )


def shelved(visitor: Session, *picked: Picked) -> list[Gallery]:
    """Returns the basket once for each row of it, with the pictures that there are; Found seeds draws the others."""
    return [_shelf(visitor, title, marks) for title, marks in zip(SHELVES, picked, strict=True)]


def _shelf(visitor: Session, title: str, picked: Picked) -> Gallery:
    tiles = [
        Tile(recipe.id, visitor.thumbnails.path_of(recipe.id), recipe.name or recipe.id, find=recipe.id)
        for recipe in visitor.basket.finds.values()
    ]
    marks = {name: 1 for name in picked.marks if name in visitor.basket.finds}
    if not tiles:
        empty = waiting("" if title == SHELVES[COLUMNS] else KEEP_ONE, PLACES)  # the rows beside it have the button
        return Gallery(EMPTY, [], key="steer", empty=empty)
    return Gallery(title, tiles, marks, visitor.basket.place, key="steer")


def pick(networks: Networks, visitor: Session, picked: Picked) -> Shown:
    """Opens the find that was clicked; one that is open stays as it is."""
    recipe = visitor.basket.finds.get(picked.at or "")
    work = visitor.workspace.steering.work
    if recipe is None or (work is not None and recipe == work.source):
        return {}
    visitor.basket.shown = recipe.id
    return open_shown(networks, visitor)


def open_shown(networks: Networks, visitor: Session) -> Shown:
    """Opens what was sent here, or the find that the visitor looks at, or offers to load its model."""
    visitor.steers = True
    recipe, visitor.sent = visitor.sent or visitor.basket.current, None
    if recipe is None:
        raise HintError("Choose a find first: click one.")
    if recipe.model != visitor.model:
        title = networks.cards[recipe.model].title
        warn(f"This find is of another model: load {title} to steer it.")
        return {"load": gr.Button(f"Load {title}", visible=True)}
    return _opened(networks, visitor, recipe)


def take_fresh(networks: Networks, visitor: Session) -> Shown:
    """Opens the image of a random seed, seen as on the Breed page."""
    generator, seed = networks.generator(visitor.model), secrets.randbelow(SEEDS)
    latent = latents_from_seeds([seed], generator.z_dim)[0]
    space = visitor.workspace.view.space(generator)
    return _opened(networks, visitor, space.recipe(latent, seed=seed, name=f"seed {seed}", found=Found(by="seed")))


def take_liked(networks: Networks, visitor: Session, picked: Picked, *values: Any) -> Shown:
    """Keeps the images liked on the Breed page, and opens the first of them."""
    liked = liked_recipes(networks.generator(visitor.model), visitor, picked, values)
    if not liked:
        raise HintError("Like at least one on the Breed page first: click it there.")
    changed = keep(visitor.basket, liked)
    return {**_opened(networks, visitor, liked[0]), "basket": changed}


def enter(networks: Networks, visitor: Session) -> Shown:
    """Shows the find that is open; on the first visit the one looked at last, or a fresh one."""
    visitor.steers = True
    recipe = visitor.basket.current
    if visitor.workspace.steering.work is not None:
        return {**fill(networks, visitor), "load": gr.Button(visible=False)}
    if recipe is not None and recipe.model == visitor.model:
        return _opened(networks, visitor, recipe)
    return take_fresh(networks, visitor)


def show_again(networks: Networks, visitor: Session) -> Shown:
    """Shows the open find of the present model after a change of the model, if this tab was opened before."""
    return enter(networks, visitor) if visitor.steers else {}


def _opened(networks: Networks, visitor: Session, recipe: Recipe) -> Shown:
    return {**open_find(networks, visitor, recipe), "load": gr.Button(visible=False)}
