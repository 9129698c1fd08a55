"""Opening the page: new images, the visitor's basket, and what a share link brings."""

from collections.abc import Mapping
from typing import Any

from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.shell.switching import follow
from spaceseed.ui.state.basket import from_browser
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import SeedLink, read_query
from spaceseed.ui.state.workspace import Workspace


def enter(networks: Networks, visitor: Session, saved: Any, query: Mapping[str, str]) -> str:
    """Fills a new session.

    Args:
        networks: what there is to draw with.
        visitor: the session; its `link` is set if a link waits for a model that must be loaded first.
        saved: what the browser kept of an earlier visit.
        query: of the page's address.

    Returns:
        the tab to open.
    """
    if networks.problem:
        warn(f"{networks.problem} You begin with {networks.cards[networks.default].title}.")
    lost = from_browser(networks, visitor.basket, saved)
    if lost:
        warn(f"{lost} of the finds that your browser kept are damaged, or belong to models that are not here.")
    generator = networks.generator(visitor.model)
    visitor.workspaces[visitor.model] = Workspace.fresh(generator)
    try:
        link = read_query(query)
        if isinstance(link, Recipe):
            return _enter_with_find(networks, visitor, link)
        if isinstance(link, SeedLink) and link.model in ("", visitor.model):
            follow(generator, visitor, link)
        elif link is not None:
            visitor.link = _known(networks, link)
    except RecipeError as error:
        warn(str(error))
    return "breed"


def _enter_with_find(networks: Networks, visitor: Session, recipe: Recipe) -> str:
    networks.check(recipe)
    _, problem = visitor.basket.add([recipe])
    if problem:
        raise RecipeError(problem)
    if recipe.model != visitor.model:
        visitor.link = recipe
    return "finds"


def _known(networks: Networks, link: SeedLink) -> SeedLink:
    if link.model not in networks.cards:
        raise RecipeError(f"This link needs the model {link.model!r}, which is not among the models here.")
    return link
