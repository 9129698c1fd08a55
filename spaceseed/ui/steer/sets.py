"""Which directions a visitor can choose from, and how they come about."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from spaceseed.batches import Progress
from spaceseed.directions.cache import bundled_methods, directions_of
from spaceseed.directions.contrast import direction_between
from spaceseed.directions.discovery import METHODS
from spaceseed.directions.sets import DirectionSet
from spaceseed.evolution.breeding import BAD, LIKED
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.cores import use_cores
from spaceseed.ui.kit.jobs import run
from spaceseed.ui.kit.messages import HintError
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.state import gpu
from spaceseed.ui.state.marks import marks_of
from spaceseed.ui.state.session import Session

MARKS = "marks"
TITLES = {
    "attributes": "By attribute",
    "ganspace": "By principal components (GANSpace)",
    "sefa": "From the weights (SeFa)",
    MARKS: "From your marks",
}
ABOUT = {
    "attributes": "Each slider adds what it is called, as networks see it that look at faces.",
    "ganspace": "In what the images differ most, found without labels.",
    "sefa": "What the network's weights amplify most, found without labels.",
    MARKS: "From what you marked as bad on the Breed page towards what you like there.",
}
STEPS = "A slider counts in steps (standard deviations)."
SAMPLES = 2_000
FIRST_LAYERS = 500  # images that cost as much as the first layers of those that components are found in
MAX_MARKS = 20


def methods_of(generator: Generator) -> list[str]:
    """Returns the methods that a model has, the one to begin with first."""
    bundled = bundled_methods(generator)
    return [method for method in TITLES if method in bundled or method in METHODS or method == MARKS]


def classes_of(generator: Generator, visitor: Session, recipe: Recipe) -> Tensor | None:
    """Returns the classes [num_classes] for which directions are found: the find's, or else the page's."""
    return visitor.workspace.view.space(generator).labels if recipe.labels is None else recipe.labels


def directions_by(
    generator: Generator, method: str, classes: Tensor | None, progress: Progress = lambda _: None
) -> DirectionSet:
    """Returns `directions_of` a model: found on a GPU that is lent if this machine would take long.

    Raises:
        LeaseError: no GPU is lent.
    """
    # Styles are drawn by the mapping network alone, and soon; components without one are of images' first activations.
    seconds = 0 if generator.has_mapping else gpu.seconds_to_draw(generator, FIRST_LAYERS)
    return gpu.call(partial(directions_of, generator, method, labels=classes), progress, seconds)


def find_set(
    generator: Generator, visitor: Session, method: str, classes: Tensor | None
) -> Iterator[str | DirectionSet]:
    """Finds directions, which takes a while where none are bundled or kept from before.

    Yields:
        how far it is, in words, and at the end the directions.

    Raises:
        StoppedError: the visitor stopped it, or wants others.
    """
    use_cores(generator)
    states = run(
        visitor.tasks,
        "directions",
        partial(directions_by, generator, method, classes),
        lambda done: f"Finding directions: {done:.0%}",
    )
    next(states)  # most are found at once, and a line that comes and goes flickers
    yield from states


def add_marks(generator: Generator, visitor: Session, picked: Picked, known: DirectionSet | None) -> DirectionSet:
    """Adds the direction from the bad to the liked on the breeding page to those made so before.

    Raises:
        ValueError: there are no marks of both kinds, and none were used before; the message is for the visitor.
    """
    page, marks = visitor.breeding.page, marks_of(visitor, picked)
    liked, bad = ([i for i, mark in marks.items() if mark == kind] for kind in (LIKED, BAD))
    if not liked or not bad:
        if known is not None:
            return known
        raise HintError("On the Breed page, like one at least and mark one at least as bad first.")
    view = replace(visitor.workspace.view, truncation=1.0)
    draws = torch.randn(SAMPLES, generator.z_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        natural = view.space(generator).ws(draws)[:, 0].cpu()
        styles = view.space(generator, page.space).ws(page.latents)[:, 0].cpu()
    towards, away = (styles[sorted(group)] for group in (liked, bad))
    vector = direction_between(towards, away)
    if known is not None and any(torch.equal(vector, old) for old in known.vectors):
        return known
    vectors = [*([] if known is None else known.vectors), vector]
    names = (*(() if known is None else known.names), f"your marks {len(vectors)}")
    if len(vectors) > MAX_MARKS:
        raise ValueError(f"You have made {MAX_MARKS} directions of your marks already.")
    return DirectionSet.of(generator, MARKS, torch.stack(vectors), names, natural)
