"""Opening the page: new images or those of the page before, the visitor's basket, and what a share link brings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from spaceseed.models.generators.generator import Generator, latents_from_seeds
from spaceseed.recipes.recipe import Found, Recipe, RecipeError
from spaceseed.ui.kit.menu import Large
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.state.basket import from_browser
from spaceseed.ui.state.large import large
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.saved import Saved
from spaceseed.ui.state.session import Link, Session
from spaceseed.ui.state.share import SeedLink, read_query
from spaceseed.ui.state.view import View
from spaceseed.ui.state.workspace import Workspace


def enter(
    networks: Networks, visitor: Session, finds: Sequence[str], saved: Saved | None, query: Mapping[str, str]
) -> None:
    """Fills a new session.

    Args:
        networks: what there is to draw with.
        visitor: the session; its `link` is set if a link or the page before waits for a model that must be loaded
            first, and its `opening` if a link names a find.
        finds: what the browser kept of the basket.
        saved: what it kept of the page before in this window.
        query: of the page's address.
    """
    visitor.entered, visitor.query = True, urlencode(query)
    if networks.problem:
        warn(f"{networks.problem} You begin with {networks.cards[networks.default].title}.")
    lost = from_browser(networks, visitor.basket, finds)
    if lost:
        warn(f"{lost} of the finds that your browser kept are damaged, or belong to models that are not here.")
    generator = networks.generator(visitor.model)
    visitor.workspaces[visitor.model] = Workspace.fresh(generator)
    restored = saved is not None and saved.model == visitor.model
    if saved is not None and saved.model in networks.cards:
        if restored:
            follow(generator, visitor, saved)
        else:
            visitor.link = saved
        if saved.query == visitor.query:
            return
    try:
        link = read_query(query)
        if link is not None:
            _follow_link(networks, visitor, link, new_page=not restored)
    except RecipeError as error:
        warn(str(error))


def _follow_link(networks: Networks, visitor: Session, link: Recipe | SeedLink, new_page: bool) -> None:
    if isinstance(link, Recipe):
        networks.check(link)
        _, problem = visitor.basket.add([link])
        if problem:
            raise RecipeError(problem)
    if link.model in ("", visitor.model):
        follow(networks.generator(visitor.model), visitor, link, new_page)
    elif link.model not in networks.cards:
        raise RecipeError(f"This link needs the model {link.model!r}, which is not among the models here.")
    else:
        visitor.link = link


def follow(generator: Generator, visitor: Session, link: Link, new_page: bool = True) -> None:
    """Shows what a link or the page before brought, whose model is the visitor's now.

    Args:
        generator: of that model.
        visitor: the session; what a link names is its `opening` now.
        link: a recipe, a `SeedLink` or a `Saved`.
        new_page: whether the seed of a link begins a new page of the evolution.
    """
    if isinstance(link, Saved):
        link.restore(generator, visitor)
    elif isinstance(link, Recipe):
        visitor.opening = link
    elif isinstance(link, SeedLink):
        view = View.of(generator)
        if link.truncation is not None and generator.card is not None and generator.card.truncation is not None:
            view = replace(view, truncation=link.truncation)
        if new_page:
            visitor.workspaces[visitor.model] = replace(Workspace.fresh(generator, (link.seed,)), view=view)
        latent = latents_from_seeds([link.seed], generator.z_dim)[0]
        found = {"seed": link.seed, "name": f"seed {link.seed}", "found": Found(by="seed")}
        visitor.opening = view.space(generator).recipe(latent, **found)


def show_opening(networks: Networks, visitor: Session) -> Large | Any:
    """Shows the find that a link names large, once."""
    recipe, visitor.opening = visitor.opening, None
    if recipe is None:
        return gr.skip()
    try:
        return large(networks, visitor, recipe, opens=True)
    except RecipeError as error:
        warn(str(error))
        return gr.skip()
