"""What one tab needs of another: the handle is made by the one tab, and given to the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.messages import warn
from spaceseed.ui.kit.picker import PickGallery
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session


@dataclass(frozen=True)
class BreedTab:
    """The Breed tab, as other parts of the app know it.

    Attributes:
        picker: its value as an input is a `Picked`.
        view: the controls of a `View`, as inputs.
        draw: takes a trigger, and draws the page anew when it fires, image by image; returns what can be chained to.
        fitted: the controls that differ between models; `values_for` of the tab fills them.
        avoid: a line that says when fresh images keep to a filter.
    """

    picker: PickGallery
    view: list[Any]
    draw: Callable[[Callable[..., Any]], Any]
    fitted: list[Any]
    avoid: gr.HTML


def send_to_breed(networks: Networks, visitor: Session, recipes: Sequence[Recipe]) -> gr.Tabs:
    """Puts finds on the breeding page, and turns to it.

    Raises:
        ValueError: none of them can be bred; the message is for the visitor.
    """
    problem = visitor.workspace.breed_from(networks.generator(visitor.model), recipes)
    if problem:
        warn(problem)
    return gr.Tabs(selected="breed")
