"""What a visitor finds on opening the page: new faces, their basket, and what a share link brings."""

import secrets
from collections.abc import Mapping
from typing import Any

from spaceseed.breed import Breeding
from spaceseed.models.generator import Generator
from spaceseed.recipe import RecipeError
from spaceseed.ui.basket import from_browser, picture
from spaceseed.ui.breed_tab import default_truncation
from spaceseed.ui.messages import warn
from spaceseed.ui.session import Session
from spaceseed.ui.share import read_query

FIRST_FACES = 12


def enter(generator: Generator, visitor: Session, saved: Any, query: Mapping[str, str]) -> tuple[float, str]:
    """Fills a new session.

    Args:
        generator: draws the faces.
        visitor: the session.
        saved: what the browser kept of an earlier visit.
        query: of the page's address.

    Returns:
        the truncation to begin with, and the tab to open.
    """
    lost = from_browser(generator, visitor, saved)
    if lost:
        warn(f"{lost} of the finds that your browser kept belong to another model or are damaged.")
    truncation, seeds, tab = default_truncation(generator), [], "breed"
    try:
        recipe = read_query(generator, query)
        if recipe is not None and "find" in query:
            picture(generator, visitor, recipe)  # shows whether it can be drawn here
            _, problem = visitor.keep([recipe])
            if problem:
                raise RecipeError(problem)
            tab = "finds"
        elif recipe is not None and recipe.seed is not None:
            truncation, seeds = recipe.truncation, [recipe.seed]
    except RecipeError as error:
        warn(str(error))
    # Each visitor's own faces, and a breeding whose luck differs from everyone else's.
    chance = [secrets.randbelow(100_000) for _ in range(FIRST_FACES - len(seeds))]
    visitor.breeding = Breeding(generator.z_dim, [*seeds, *chance], seed=secrets.randbits(32))
    return truncation, tab
