"""What steering shows: the find before and after, a strip along one direction, and a line of words."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import torch

from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.faces import captioned, faces
from spaceseed.ui.kit.pictures import jpegs
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.steering import signed

Strip = list[dict[str, Any] | None]  # a value of `faces`
UNCHANGED = "Move a slider and watch."
AMOUNTS = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]


def strip() -> gr.HTML:
    """Creates places for the pictures along one direction."""
    return faces("From −3 to +3 steps", places=len(AMOUNTS), columns=len(AMOUNTS), elem_id="steer-strip")


def draw(generator: Generator, recipe: Recipe) -> str:
    """Draws a find; returns it as `still` shows it."""
    use_cores(generator)
    [picture] = jpegs(recipe.render(generator))
    return picture.url


@torch.no_grad()
def draw_strip(generator: Generator, visitor: Session, recipes: Sequence[Recipe]) -> Iterator[Strip]:
    """Draws a strip.

    Yields:
        its value as more pictures are drawn.
    """
    drawn: Strip = []
    paths = visitor.thumbnails.draw_each(generator, recipes)
    for path, recipe, amount in zip(paths, recipes, AMOUNTS, strict=True):
        drawn += captioned([path], [signed(amount)], [visitor.thumbnails.show(recipe)])
        yield drawn
