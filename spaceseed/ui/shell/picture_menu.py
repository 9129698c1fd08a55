"""What the menu of a picture does, wherever the picture is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from spaceseed.evolution.breeding import BAD
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.dissect.events import open_find
from spaceseed.ui.kit.events import quiet
from spaceseed.ui.kit.files import press
from spaceseed.ui.kit.menu import Large, PictureMenu
from spaceseed.ui.kit.messages import clear_errors, inform
from spaceseed.ui.kit.tabs import to_top, turn
from spaceseed.ui.state.basket import LARGE, keep, large_png, png
from spaceseed.ui.state.handles import BreedTab, send_to_breed
from spaceseed.ui.state.large import large
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import write_query
from spaceseed.ui.steer.sight import eye
from spaceseed.ui.steer.tab import SteerTab

EVENT = quiet(lane="menu", at_once=16)


def join_picture_menu(
    networks: Networks,
    session: gr.State,
    basket: gr.State,
    menu: PictureMenu,
    tabs: gr.Tabs,
    breed: BreedTab,
    steer: SteerTab,
) -> None:
    """Joins the events of the menu; the Search tab joins "more" itself.

    Args:
        networks: draw.
        session: holds a `Session`.
        basket: a number that changes with the finds.
        menu: the menu.
        tabs: to turn to one.
        breed: where a picture is bred from.
        steer: where it is steered.
    """
    file = gr.DownloadButton(visible="hidden", elem_id="menu-file")

    def on(trigger: Callable[..., Any], event: Callable[..., Any], outputs: Any) -> Any:
        return trigger(clear_errors(partial(event, networks)), [session, menu], outputs, **EVENT)

    on(menu.large, show_large, menu)
    on(menu.keep, keep_it, basket)
    on(menu.link, share, menu)
    on(menu.save, write_png, file).success(None, None, None, js=press("menu-file"))
    on(menu.bad, mark_bad, None)
    bred = on(menu.breed, breed_from, tabs)
    breed.draw(bred.success)
    to_top(bred)
    turn(on(menu.dissect, paint_on, None).success, tabs, "dissect")
    turn(steer.open(on(menu.steer, send_to_steer, None).success).success, tabs, "steer")


def show_large(networks: Networks, visitor: Session, find: str) -> Large:
    """Shows the picture in full."""
    return large(networks, visitor, _picture(networks, visitor, find))


def share(networks: Networks, visitor: Session, find: str) -> Large:
    """Shows and copies a link to the picture."""
    recipe = _picture(networks, visitor, find)
    if write_query(recipe) is None:
        raise ValueError("This picture has too many changes for a link: download it, and share the file.")
    return large(networks, visitor, recipe, copy=True, opens=True)


def keep_it(networks: Networks, visitor: Session, find: str) -> int:
    """Puts the picture into the basket."""
    return keep(visitor.basket, [_picture(networks, visitor, find)])


def write_png(networks: Networks, visitor: Session, find: str) -> str:
    """Writes the picture as a PNG of a useful size; returns its path."""
    recipe = _picture(networks, visitor, find)
    if networks.cards[recipe.model].resolution < LARGE:
        return large_png(networks, recipe)
    return png(networks, visitor.basket, recipe)


def breed_from(networks: Networks, visitor: Session, find: str) -> gr.Tabs:
    """Puts the picture on the breeding page and turns to it."""
    return send_to_breed(networks, visitor, [_picture(networks, visitor, find)])


def send_to_steer(networks: Networks, visitor: Session, find: str) -> None:
    """Makes the picture the one that Steer opens next."""
    visitor.sent = _picture(networks, visitor, find)


def paint_on(networks: Networks, visitor: Session, find: str) -> None:
    """Opens the picture in the Dissect tab."""
    open_find(networks, visitor, _picture(networks, visitor, find))


def mark_bad(networks: Networks, visitor: Session, find: str) -> None:
    """Adds the picture to the bad examples."""
    recipe = _picture(networks, visitor, find)
    if recipe.model != visitor.model:
        raise ValueError("This picture is of another model: choose that model first, in the menu above.")
    if recipe.space == "ws" or recipe.edited:
        raise ValueError("A mixed or steered picture cannot be marked: mark one that was not changed.")
    visitor.workspace.avoiding.mark(recipe.latent, recipe.space, BAD)
    inform("Marked as bad: Avoid learns from it.")


def _picture(networks: Networks, visitor: Session, find: str) -> Recipe:
    """Returns the recipe of a picture; what is open in Steer is named after what can be seen."""
    recipe, steering = visitor.picture(find), visitor.workspace.steering
    if steering.work is not None and steering.recipe().id == find:
        return steering.kept(eye(networks.generator(visitor.model)))
    return recipe
