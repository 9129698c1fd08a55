"""A picture as the page shows it large."""

from typing import Any

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.menu import Large
from spaceseed.ui.state.basket import png
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import write_query
from spaceseed.ui.state.wishes import said


def large(networks: Networks, visitor: Session, recipe: Recipe, **fields: Any) -> Large:
    """Returns a picture as the page shows it large.

    Raises:
        RecipeError: it cannot be drawn.
    """
    return Large(
        visitor.thumbnails.show(recipe),
        png(networks, visitor.basket, recipe),
        recipe.name or recipe.id,
        about=said(recipe.found),
        link=write_query(recipe) or "",
        **fields,
    )
