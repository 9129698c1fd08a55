"""What steering shows: the find before and after, a strip along one direction, and a line of words."""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from spaceseed.images import to_pil
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.faces import faces
from spaceseed.ui.kit.pictures import JPEG, linked, thumbnail
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.steering import signed
from spaceseed.ui.state.thumbnails import picture, use_cores

UNCHANGED = "Move a slider and watch."
AMOUNTS = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]

# gr.HTML escapes nothing, so the templates do.
ESCAPE = "const escape = (text) => String(text).replace(/[&<>\"'`]/g, (c) => '&#' + c.charCodeAt(0) + ';');"
_STILL = f"""${{(() => {{
  {ESCAPE}
  const title = TITLE;
  const image = value ? '<img src="' + escape(value) + '" alt="' + escape(title) + '">' : '<i></i>';
  return '<figure class="ss-still">' + image + '<figcaption>' + escape(title) + '</figcaption></figure>';
}})()}}"""
_LINE = f"""${{(() => {{
  {ESCAPE}
  return '<p class="ss-status" role="status">' + escape(value || '') + '</p>';
}})()}}"""


def still(title: str, elem_id: str) -> gr.HTML:
    """A place for one picture; its value is what `data_url` returns."""
    # Written into the template: a property would be lost where the first update comes before the tab is rendered.
    template = _STILL.replace("TITLE", json.dumps(title))
    return gr.HTML("", html_template=template, js_on_load=None, apply_default_css=False, padding=False, elem_id=elem_id)


def line(words: str, elem_id: str, *, visible: bool = True) -> gr.HTML:
    """A line of words, whose value is the words."""
    return gr.HTML(
        words,
        html_template=_LINE,
        js_on_load=None,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
        visible=visible,
    )


def strip() -> gr.HTML:
    """Places for the pictures along one direction."""
    return faces("From −3 to +3", places=len(AMOUNTS), columns=len(AMOUNTS), elem_id="steer-strip")


def draw(generator: Generator, recipe: Recipe) -> str:
    """Draws a find as `still` shows it."""
    use_cores(generator)
    return data_url(recipe.render(generator))


def data_url(images: Tensor) -> str:
    """An image [1, 3, H, W] written into an address.

    Sliders draw many that nobody looks at again; this way they leave no files, and the browser need not come back to
    fetch them.
    """
    [image], file = to_pil(thumbnail(images)), io.BytesIO()
    image.save(file, **JPEG)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


@torch.no_grad()
def draw_strip(generator: Generator, visitor: Session, recipes: Sequence[Recipe]) -> Iterator[list[dict[str, Any]]]:
    """Draws a strip.

    Yields:
        its value as more pictures are drawn.
    """
    drawn: list[dict[str, Any]] = []
    for recipe, amount in zip(recipes, AMOUNTS, strict=True):
        drawn.append({"image": linked(picture(generator, visitor, recipe)), "caption": signed(amount)})
        yield drawn
